/** Feasible: where, when and on what a job may run, as the requests of a market; and what no site could ever do. */
import { describe, expect, test } from 'vitest';
import type { Site } from '../../../energy-oracle/site.ts';
import type { Run } from '../../../scheduler/dispatch/lease.ts';
import { fittingModels, regionAdmits } from '../../../scheduler/fleet.ts';
import { type Job, type JobSpec, remainingOf } from '../../../scheduler/job.ts';
import { distanceNetwork, placesOf } from '../../../scheduler/network.ts';
import { feasible, judgedSlotsMax, startDelayMsMax } from '../../../scheduler/placement/feasible.ts';
import { requestKinds } from '../../../scheduler/placement/market.ts';
import { horizonSlots, supplyOf } from '../../../scheduler/placement/supply.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../units/time.ts';
import { jobOf, noon, outlookOf, runOf, siteOf, slotOutlook, specOf } from '../nouns.ts';

const at = (values: ArrayLike<number>, index: number): number => values[index] as number;
const a100 = (count: number) => [{ model: 'A100', count, drawKw: 0.4 }];
const rhine = siteOf('rhine', { accelerators: [...a100(8), { model: 'L4', count: 2, drawKw: 0.07 }] });
const bay = siteOf('bay', { zone: 'US-CAL', latitude: 37, longitude: -122 });
const rand = siteOf('rand', { zone: 'ZA', latitude: -26, longitude: 28, accelerators: [{ model: 'H100', count: 4, drawKw: 0.7 }] });
const world = [bay, rand, rhine];

interface Question {
  readonly sites?: readonly Site[];
  readonly now?: number;
  readonly run?: Run;
  readonly changes?: Partial<Job>;
  readonly thrifty?: ReadonlySet<string>;
  readonly computePricePerKwh?: number;
}

function ask(spec: Partial<JobSpec>, { sites = world, now = noon, run, changes = {}, thrifty, computePricePerKwh = 0 }: Question = {}) {
  const outlooks = new Map(sites.map(({ id }) => [id, outlookOf(id, () => slotOutlook(0, 100, 400), noon)]));
  const supply = supplyOf(sites, outlooks, now, []);
  const terms = { now, network: distanceNetwork(), places: placesOf(sites), computePricePerKwh, ...(thrifty && { thrifty }) };
  const found = feasible([{ job: jobOf('a', spec, changes), run }], supply, terms);
  const { requests } = found.market;
  const { options } = requests;
  const rows = found.seats.map((seat, row) => ({
    site: sites[supply.pools[seat.pool]?.site ?? -1]?.id,
    model: supply.pools[seat.pool]?.model,
    length: at(options.length, row),
    earliest: at(options.earliest, row),
    end: at(options.end, row),
    accelerators: at(options.accelerators, row),
    kw: at(options.kwPerAccelerator, row),
    transferCost: at(options.transferCost, row),
    transferG: at(options.transferG, row),
    restartCost: at(options.restartCost, row),
    breaksMax: options.breaksMax?.[row],
    ...seat,
  }));
  return { rows, requests, refused: found.refused, sites: [...new Set(rows.map(({ site }) => site))] };
}

describe('a region rule', () => {
  test.each([
    { allow: [], deny: [], want: true },
    { allow: ['eu-*'], deny: [], want: true },
    { allow: ['DE-LU'], deny: [], want: true },
    { allow: ['de-*'], deny: [], want: true },
    { allow: ['*-rhine'], deny: [], want: true },
    { allow: ['*'], deny: ['de-*'], want: false },
    { allow: ['us-*', 'eu-r*e'], deny: [], want: true },
    { allow: ['us-*'], deny: [], want: false },
    { allow: ['eu'], deny: [], want: false },
    { allow: ['e*u*-*r*h*e'], deny: [], want: true },
    { allow: ['eu-rhine*eu-rhine'], deny: [], want: false },
    { allow: ['eu-*ne*e'], deny: [], want: false },
    { allow: [], deny: ['*'], want: false },
    { allow: [], deny: ['xeu-*'], want: true },
  ])('allow $allow, deny $deny admits eu-rhine in DE-LU: $want', ({ allow, deny, want }) =>
    expect(regionAdmits(siteOf('eu-rhine'), specOf({ regions: { within: undefined, allow, deny } }))).toBe(want),
  );

  test('of a stranger costs no more than reading it: thirty stars are no trap', () => {
    const trap = { within: undefined, allow: [`${'a*'.repeat(31)}b`], deny: [] };
    expect(regionAdmits(siteOf('a'.repeat(32)), specOf({ regions: trap }))).toBe(false);
  });
});

describe('a fitting model', () => {
  test.each([
    { accelerators: [], perNode: 1, nodes: 1, want: ['L4', 'A100'] },
    { accelerators: [], perNode: 2, nodes: 2, want: ['A100'] },
    { accelerators: ['A100'], perNode: 8, nodes: 1, want: ['A100'] },
    { accelerators: ['A100'], perNode: 3, nodes: 3, want: [] },
    { accelerators: ['H100'], perNode: 1, nodes: 1, want: [] },
  ])('for $nodes × $perNode of $accelerators is $want, all of it at one site', ({ accelerators, perNode, nodes, want }) => {
    const fits = fittingModels(rhine, specOf({ accelerators, acceleratorsPerNode: perNode, nodes }));
    expect(fits).toEqual(want.map((model) => ({ model, needed: perNode * nodes, speed: 1 })));
  });
});

describe('the time a job still needs', () => {
  test.each([
    { progress: 0, pace: 1, want: HOUR },
    { progress: 20 * MINUTE, pace: 1, want: 42 * MINUTE },
    { progress: 20 * MINUTE, pace: 2, want: 22 * MINUTE },
    { progress: HOUR, pace: 1, want: 1 + 2 * MINUTE },
  ])('after $progress ms at pace $pace is $want', ({ progress, pace, want }) =>
    expect(remainingOf(jobOf('a', {}, { progress }), pace)).toBe(want),
  );
});

describe('a job may run', () => {
  const anywhere = { accelerators: [] };
  test.each<{ name: string; spec: Partial<JobSpec>; want: readonly string[]; sites?: readonly Site[] }>([
    { name: 'wherever its model is', spec: {}, want: ['bay', 'rhine'] },
    { name: 'anywhere when any model will do', spec: anywhere, want: ['bay', 'rand', 'rhine'] },
    { name: 'where there are enough at one site', spec: { ...anywhere, nodes: 2, acceleratorsPerNode: 3 }, want: ['bay', 'rhine'] },
    {
      name: 'where its regions allow',
      spec: { ...anywhere, regions: { within: undefined, allow: ['us-*', 'za'], deny: [] } },
      want: ['bay', 'rand'],
    },
    {
      name: 'where its regions do not deny',
      spec: { ...anywhere, regions: { within: undefined, allow: [], deny: ['rhine'] } },
      want: ['bay', 'rand'],
    },
    {
      name: 'within the place its file names',
      spec: { ...anywhere, regions: { within: 'de-*', allow: ['*'], deny: [] } },
      want: ['rhine'],
    },
    { name: 'near those who wait for its answers', spec: { ...anywhere, latency: { from: 'DE-LU', roundTripMsMax: 50 } }, want: ['rhine'] },
    { name: 'where its data can be had', spec: { data: { gigabytes: 1, at: 'US-CAL' } }, want: ['bay', 'rhine'] },
    {
      name: 'on terms that suit its promise',
      spec: { promise: 'firm' },
      sites: [siteOf('bay', { offer: { askPerAcceleratorHour: 0, noticeMs: HOUR, firmness: 'reclaimable' } }), rhine],
      want: ['rhine'],
    },
    {
      name: 'on terms that leave time to save',
      spec: { interruptible: false },
      sites: [siteOf('bay', { offer: { askPerAcceleratorHour: 0, noticeMs: HOUR - 1, firmness: 'reclaimable' } }), rhine],
      want: ['rhine'],
    },
  ])('$name', ({ spec, want, sites }) => expect(ask(spec, sites ? { sites } : {}).sites).toEqual(want));

  test.each<{ name: string; spec: Partial<JobSpec>; reason: string; detail: RegExp }>([
    {
      name: 'no site has its model',
      spec: { accelerators: ['TPU'] },
      reason: 'no-site-fits',
      detail: /needs 4 × TPU in any region; there are bay: A100:8; rand: H100:4; rhine: A100:8 L4:2/,
    },
    { name: 'no site has so many', spec: { nodes: 3 }, reason: 'no-site-fits', detail: /needs 12 × A100/ },
    {
      name: 'its region is nowhere',
      spec: { regions: { within: undefined, allow: ['mars'], deny: [] } },
      reason: 'no-site-fits',
      detail: /in mars/,
    },
    {
      name: 'all are too far',
      spec: { latency: { from: 'ZA', roundTripMsMax: 20 } },
      reason: 'no-site-fits',
      detail: /within 20 ms of ZA/,
    },
    {
      name: 'its data need the whole day to come',
      spec: { data: { gigabytes: 11_000, at: 'ZA' } },
      reason: 'no-window-before-deadline',
      detail: /60 min/,
    },
  ])('nowhere when $name, and it is said', ({ spec, reason, detail }) => {
    const { refused, requests } = ask(spec);
    expect(refused).toMatchObject([{ job: { id: 'a' }, reason, detail: expect.stringMatching(detail) }]);
    expect(requests.count).toBe(0);
  });
});

describe('its slots', () => {
  const here = { sites: [siteOf('rhine')] };
  const unbroken = { interruptible: false };
  const only = (spec: Partial<JobSpec>, question: Question = here) => {
    const { rows } = ask({ ...unbroken, ...spec }, { ...here, ...question });
    expect(rows.length).toBe(1);
    return rows[0] as (typeof rows)[number];
  };
  test.each<{ name: string; spec: Partial<JobSpec>; want: { length?: number; earliest?: number; lastStart?: number } }>([
    { name: 'are as many as it needs', spec: {}, want: { length: 4, earliest: 0 } },
    { name: 'are begun slots', spec: { maxDuration: 61 * MINUTE }, want: { length: 5 } },
    { name: 'are fewer on a faster model', spec: { speeds: { A100: 2 } }, want: { length: 2 } },
    { name: 'are more on a slower one', spec: { speeds: { A100: 0.5 } }, want: { length: 8 } },
    { name: 'begin with its release', spec: { notBefore: noon + 3 * HOUR }, want: { earliest: 12, length: 4 } },
    { name: 'begin inside the slot of its release', spec: { notBefore: noon + 3 * HOUR + MINUTE }, want: { earliest: 12, length: 5 } },
    { name: 'end with its deadline and room to start', spec: { deadline: noon + 2 * HOUR + startDelayMsMax }, want: { lastStart: 4 } },
    {
      name: 'end a slot earlier when the room is a millisecond short',
      spec: { deadline: noon + 2 * HOUR + startDelayMsMax - 1 },
      want: { lastStart: 3 },
    },
    { name: 'may be the last there are', spec: { deadline: noon + HOUR }, want: { earliest: 0, lastStart: 0 } },
    {
      name: 'of an answer to somebody begin at its release',
      spec: { latency: { from: 'rhine', roundTripMsMax: 9 } },
      want: { earliest: 0, lastStart: 0 },
    },
    {
      name: 'of a job that outlasts the horizon are judged by its first',
      spec: { maxDuration: 20 * DAY, deadline: noon + 30 * DAY },
      want: { length: judgedSlotsMax },
    },
    {
      name: 'of one that just fills it are all',
      spec: { maxDuration: 4 * DAY, deadline: noon + 30 * DAY },
      want: { length: horizonSlots },
    },
  ])('$name', ({ spec, want }) => {
    const { length, earliest, end } = only(spec);
    expect({ length, earliest, lastStart: end - length }).toMatchObject(want);
  });

  test('never reach beyond the horizon', () => {
    const { earliest, end } = only({ deadline: noon + 30 * DAY });
    expect([earliest, end]).toEqual([0, horizonSlots]);
  });

  test('are none when the time left is too short, to the millisecond', () => {
    const { refused } = ask({ ...unbroken, deadline: noon + HOUR - 1 }, here);
    expect(refused).toMatchObject([{ reason: 'no-window-before-deadline' }]);
  });

  test('begin when its data have come, at what that costs in money and carbon', () => {
    const data = { gigabytes: 900, at: 'bay' }; // two hours at 450 GB an hour, 0.02 a GB
    const rows = ask({ ...unbroken, data }, { sites: [bay, siteOf('rhine')] }).rows;
    expect(rows).toMatchObject([
      { site: 'bay', earliest: 0, transferMoney: 0, transferG: 0 },
      { site: 'rhine', earliest: 8, transferMoney: expect.closeTo(18, 9), transferCost: expect.closeTo(18, 9), ready: noon + 2 * HOUR },
    ]);
    expect(rows[1]?.transferG).toBeCloseTo(900 * distanceNetwork().kwhPerGb * 400, 6);
  });

  test('of an interruptible job may lie apart up to its deadline, and one break more needs a restore more', () => {
    const { rows, requests } = ask({ deadline: noon + 3 * HOUR + startDelayMsMax }, here);
    expect(requests.kind[0]).toBe(requestKinds.interruptible);
    expect(rows.map(({ length }) => length)).toEqual([4, 5]); // unbroken, or with two minutes of restore in a fifth
    expect(rows.map(({ breaksMax }) => breaksMax)).toEqual([0, 4]); // no break in the four
    expect(rows.map(({ end }) => end)).toEqual([12, 12]);
    const loose = ask({ maxDuration: 50 * MINUTE }, here).rows; // the restore fits into the last slot
    expect(loose.map(({ length }) => length)).toEqual([4]);
    expect(loose[0]?.breaksMax).toBe(5);
  });

  test('of an elastic job are work, up to as many accelerators as the site has', () => {
    const elastic = { acceleratorsMax: 16, speedExponent: 0.8 };
    const { rows, requests } = ask({ elastic, acceleratorsPerNode: 1, maxDuration: 5 * HOUR }, here);
    expect(requests.kind[0]).toBe(requestKinds.elastic);
    expect(rows).toMatchObject([{ length: 20, accelerators: 8, kw: 0.4, earliest: 0, end: 95 }]);
    expect(requests.options.speedExponent[0]).toBe(0.8);
  });
});

describe('what a request says', () => {
  test('is its kind, its weights and its budget', () => {
    const { requests } = ask({ interruptible: false, maxPrice: 2_500_000n, weights: { carbonPricePerKg: 0.3, waitPricePerHour: 0.4 } });
    expect(requests.kind[0]).toBe(requestKinds.contiguous);
    expect([requests.budget[0], requests.waitPrice[0], [...requests.carbonPricePerKg]]).toEqual([2.5, 0.1, [0.3]]);
    expect(ask({}).requests.budget[0]).toBe(Number.POSITIVE_INFINITY);
  });

  test('of a thrifty job leaves its wishes out', () => {
    const { requests } = ask({ weights: { carbonPricePerKg: 0.3, waitPricePerHour: 0.4 } }, { thrifty: new Set(['a']) });
    expect([requests.waitPrice[0], [...requests.carbonPricePerKg]]).toEqual([0, [0]]);
  });

  test('is dearer to leave out than any run, and ten times so when it is promised', () => {
    const dear = { maxDuration: 20 * HOUR, weights: { carbonPricePerKg: 1, waitPricePerHour: 0.4 } };
    const [left, promised] = [
      ask(dear).requests.unplacedCost[0] as number,
      ask({ ...dear, promise: 'firm' }).requests.unplacedCost[0] as number,
    ];
    expect(left).toBeGreaterThan(20 * 1.6 * (0.1 + 0.4) + 0.4 * 24);
    expect(promised).toBeCloseTo(10 * left, 6);
  });

  test('is its price of computing, by the MWh', () => expect(ask({}, { computePricePerKwh: 0.5 }).requests.computePrice).toBe(500));
});

describe('a run that could be moved', () => {
  const now = noon + 30 * MINUTE;
  const running = { state: 'RUNNING', fence: 1 } as const;
  const question: Question = { sites: [siteOf('bay'), siteOf('rhine')], now, run: runOf('a', 1), changes: running };

  test('may stay, for what is left, with nothing to move and nothing to restart', () => {
    const { rows } = ask({}, question);
    const staying = rows.filter(({ stays }) => stays);
    expect(staying).toMatchObject([
      { site: 'rhine', earliest: 1, end: 2, length: 1, transferG: 0, restartCost: 0, remaining: 30 * MINUTE }, // the slot at hand is its own
    ]);
  });

  test('or go on elsewhere or later, not in this slot, with a restore and what a stop costs', () => {
    const { rows } = ask({}, question);
    const others = rows.filter(({ stays }) => !stays);
    expect(new Set(others.map(({ site }) => site))).toEqual(new Set(['bay', 'rhine']));
    for (const { earliest, remaining, transferCost } of others) {
      expect(earliest).toBeGreaterThanOrEqual(1);
      expect(remaining).toBe(32 * MINUTE);
      expect(transferCost).toBeGreaterThan(0);
    }
  });

  test('stays when there is no time to go on elsewhere', () => {
    const { rows, refused } = ask({ deadline: noon + HOUR + SECOND }, question);
    expect([rows.map(({ stays }) => stays), refused]).toEqual([[true], []]);
  });

  test('has done as much of its work as its own model does, whatever another would do', () => {
    const mixed = siteOf('rhine', { accelerators: [...a100(8), { model: 'H100', count: 8, drawKw: 0.7 }] });
    const { rows } = ask({ accelerators: [], speeds: { H100: 2 } }, { ...question, sites: [mixed] });
    const onH100 = rows.filter(({ model }) => model === 'H100').map(({ remaining }) => remaining);
    expect(new Set(onH100)).toEqual(new Set([17 * MINUTE])); // half an hour of an hour is left: a quarter at speed 2, and the restore
  });
});
