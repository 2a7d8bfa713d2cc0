/** Outcome: what a plan says of each job: where and when and why, what it believes, and what would have been needed. */
import { describe, expect, test } from 'vitest';
import type { OutlookSlot } from '../../../energy-oracle/outlook.ts';
import type { Site } from '../../../energy-oracle/site.ts';
import { cycle, type Snapshot } from '../../../scheduler/cycle.ts';
import type { Job } from '../../../scheduler/job.ts';
import { startDelayMsMax } from '../../../scheduler/placement/feasible.ts';
import { bindingOf } from '../../../scheduler/placement/outcome.ts';
import { horizonSlots } from '../../../scheduler/placement/supply.ts';
import { DAY, HOUR, MINUTE, SLOT } from '../../../units/time.ts';
import { jobOf, noon, outlookOf, runOf, siteOf, slotOutlook } from '../nouns.ts';

interface There {
  readonly id: string;
  readonly site?: Partial<Site>;
  /** `undefined`: no outlook was ever issued. */
  readonly at: ((slot: number) => OutlookSlot) | undefined;
}
/** Stands for an outlook that was never issued. */
const never = 'never';
const dull = () => slotOutlook(0, 100, 400);
const blind = () => slotOutlook(undefined, undefined, undefined);
const place = (id: string, at: There['at'] | typeof never = dull, site: Partial<Site> = {}): There => ({
  id,
  at: at === never ? undefined : at,
  site,
});

function planOf(waiting: readonly Job[], there: readonly There[], changes: Partial<Snapshot> = {}, now = noon) {
  const snapshot: Snapshot = {
    fleet: there.map(({ id, site }) => ({ site: siteOf(id, site), heardAt: now })),
    outlooks: new Map(there.flatMap(({ id, at }) => (at ? [[id, outlookOf(id, at)] as const] : []))),
    waiting,
    running: [],
    computePricePerKwh: 0,
    ...changes,
  };
  return cycle(snapshot, now);
}
function placed(job: Job, there: readonly There[], changes: Partial<Snapshot> = {}, now = noon) {
  const plan = planOf([job], there, changes, now);
  const [placement] = plan.placements;
  if (!placement) throw new Error(`expected a placement, found ${JSON.stringify([plan.deferrals, plan.refusals])}`);
  return placement;
}
/** A run that holds a site for so many slots and cannot be moved. */
const holding = (site: string, slots: number, accelerators = 8) => ({
  job: jobOf(`holds-${site}`, { interruptible: false }, { state: 'RUNNING', fence: 1 }),
  run: runOf(`holds-${site}`, 1, { site, accelerators, drawKw: 0.4 * accelerators, plannedEnd: noon + slots * SLOT }),
});

describe('a job is placed', () => {
  test('where and when its energy is cheapest, and it says what that is', () => {
    const sunny = place('yarra', (slot) => (slot >= 20 && slot < 24 ? slotOutlook(4, 100, 400) : dull()));
    const placement = placed(jobOf('a'), [place('rhine'), sunny]);
    expect(placement).toMatchObject({ site: 'yarra', model: 'A100', accelerators: 4, start: noon + 5 * HOUR, end: noon + 6 * HOUR });
    expect(placement.segments).toEqual([{ start: noon + 5 * HOUR, end: noon + 6 * HOUR, accelerators: 4 }]);
    expect(placement.reason).toBe('DE-LU in 5.0 h: 100 % surplus expected');
    expect(placement.believed).toMatchObject({ outlook: outlookOf('yarra', dull).id, carbonG: 0, waitMs: 5 * HOUR });
    expect(placement.believed.surplusKwh).toBeCloseTo(1.6, 9);
    expect(placement.believed.energyCost).toBeCloseTo(1.6 * 0.06, 9);
    expect(placement.believed.runNow?.energyCost).toBeCloseTo(1.6 * 0.1, 9);
    expect(placement.believed.runNow?.carbonG).toBeCloseTo(1.6 * 400, 9);
  });

  test('at once when nothing is worth the wait', () => {
    const placement = placed(jobOf('a'), [place('rhine')]);
    expect([placement.start, placement.reason]).toEqual([noon, 'DE-LU now: the cheapest grid energy for it']);
  });

  test('so that it is done by its deadline, even when it is cheaper after', () => {
    const later = [place('rhine', (slot) => slotOutlook(0, 100 - slot, 400))];
    const due = (deadline: number) => placed(jobOf('a', { deadline, interruptible: false }), later).start;
    expect(due(noon + 2 * HOUR + startDelayMsMax)).toBe(noon + HOUR);
    expect(due(noon + 2 * HOUR + startDelayMsMax - 1)).toBe(noon + HOUR - SLOT); // a start is never to the millisecond
  });

  test('not before its release', () => {
    const cheapNow = [place('rhine', (slot) => slotOutlook(0, slot < 8 ? 1 : 100, 400))];
    expect(placed(jobOf('a', { notBefore: noon + 3 * HOUR + MINUTE }), cheapNow).start).toBe(noon + 3 * HOUR + MINUTE);
  });

  test('inside the slot at hand, holding every slot it touches and paying for what it draws', () => {
    const now = noon + 5 * MINUTE;
    const placement = placed(jobOf('a'), [place('rhine')], {}, now);
    expect(placement).toMatchObject({ start: now, end: noon + 5 * SLOT, believed: { waitMs: 5 * MINUTE } });
    expect(placement.believed.energyKwh).toBeCloseTo(1.6, 9);
    expect(placement.believed.energyCost).toBeCloseTo(1.6 * 0.1, 9); // an hour's worth, in five slots
    expect(placement.believed.carbonG).toBeCloseTo(1.6 * 400, 9);
  });

  test('and believes in no more surplus than it draws, wherever in a slot it starts', () => {
    for (const minute of [0, 1, 7, 14])
      for (const maxDuration of [5 * MINUTE, SLOT, 40 * MINUTE, HOUR]) {
        const { believed } = placed(
          jobOf('a', { maxDuration }),
          [place('rhine', () => slotOutlook(50, 100, 400))],
          {},
          noon + minute * MINUTE,
        );
        expect(believed.surplusKwh).toBeCloseTo(believed.energyKwh, 9);
      }
  });

  test('in the next slot when the one at hand is full', () =>
    expect(placed(jobOf('a'), [place('rhine')], { running: [holding('rhine', 1, 5)] }).start).toBe(noon + SLOT));

  test('on an idle model rather than behind a busy one', () => {
    const accelerators = [
      { model: 'L4', count: 2, drawKw: 0.07 },
      { model: 'A100', count: 2, drawKw: 0.4 },
    ];
    const busy = holding('rhine', horizonSlots, 2);
    const running = [{ ...busy, run: { ...busy.run, model: 'L4' } }];
    const job = jobOf('a', { accelerators: [], acceleratorsPerNode: 1 });
    expect(placed(job, [place('rhine', dull, { accelerators })]).model).toBe('L4'); // it draws less
    expect(placed(job, [place('rhine', dull, { accelerators })], { running }).model).toBe('A100');
  });

  test('with pauses where they pay, each held span told', () => {
    const dearMiddle = [place('rhine', (slot) => slotOutlook(0, slot >= 2 && slot < 6 ? 900 : 10, 400))];
    const spec = { maxDuration: 55 * MINUTE, deadline: noon + 2 * HOUR + startDelayMsMax };
    const { segments, start, end, believed } = placed(jobOf('a', spec), dearMiddle);
    expect([start, end]).toEqual([noon, noon + 2 * HOUR]);
    expect(segments).toEqual([
      { start: noon, end: noon + 2 * SLOT, accelerators: 4 },
      { start: noon + 6 * SLOT, end: noon + 2 * HOUR, accelerators: 4 },
    ]);
    expect(believed.energyCost).toBeCloseTo((1.6 * (55 / 60) * 10) / 1_000, 9);
  });

  test('with all the time its pauses cost: a restore after each of them', () => {
    const comb = [place('rhine', (slot) => slotOutlook(0, slot % 2 === 0 ? 10 : 5_000, 400))];
    const restoreCost = 2 * MINUTE;
    const spec = { maxDuration: 24 * HOUR - 5 * MINUTE, deadline: noon + 3 * DAY, checkpoint: { every: MINUTE, restoreCost } };
    const { segments = [] } = placed(jobOf('a', spec), comb);
    const held = segments.reduce((sum, { start, end }) => sum + end - start, 0);
    expect(held).toBeGreaterThanOrEqual(spec.maxDuration + (segments.length - 1) * restoreCost);
  });

  test('wider where that is cheap, when it is elastic', () => {
    const bright = [place('rhine', (slot) => slotOutlook(slot >= 4 && slot < 8 ? 4 : 0, 500, 400), { feedInTariff: 0 })];
    const elastic = { acceleratorsMax: 8, speedExponent: 0.9 };
    const job = jobOf('a', {
      elastic,
      acceleratorsPerNode: 1,
      maxDuration: 4 * HOUR,
      weights: { carbonPricePerKg: 0, waitPricePerHour: 0 },
    });
    const { segments = [], believed } = placed(job, bright);
    const done = segments.reduce((sum, { start, end, accelerators }) => sum + ((end - start) / HOUR) * accelerators ** 0.9, 0);
    expect(done).toBeGreaterThanOrEqual(4 - 1e-9);
    expect(Math.max(...segments.map(({ accelerators }) => accelerators))).toBeGreaterThan(1);
    expect(segments.every(({ start, end }) => start >= noon + HOUR && end <= noon + 2 * HOUR)).toBe(true);
    expect(believed.surplusKwh).toBeCloseTo(believed.energyKwh, 9);
    expect(believed.energyCost).toBeCloseTo(0, 9);
  });
});

describe('an elastic job', () => {
  const elastic = { acceleratorsMax: 8, speedExponent: 0.8 };
  const hurried = jobOf('a', { elastic, acceleratorsPerNode: 1, maxDuration: 8 * HOUR, deadline: noon + 3 * HOUR });

  test('that must widen to keep its deadline is not refused: 8 h on one accelerator are 1.6 h on eight', () => {
    const { segments = [], accelerators } = placed(hurried, [place('rhine')]);
    const done = segments.reduce((sum, { start, end, accelerators: held }) => sum + ((end - start) / HOUR) * held ** 0.8, 0);
    expect(done).toBeGreaterThanOrEqual(8 - 1e-9);
    expect(segments.at(-1)?.end).toBeLessThanOrEqual(noon + 3 * HOUR);
    expect(accelerators).toBeGreaterThan(1);
  });

  test('waits while others hold what it would need, and is not refused for that', () => {
    const { deferrals, refusals } = planOf([hurried], [place('rhine')], { running: [holding('rhine', 8, 7)] });
    expect([deferrals.map(({ reason }) => reason), refusals]).toEqual([['no-capacity-in-horizon'], []]);
  });
});

describe('what a placement believes', () => {
  const uncertain = (): OutlookSlot =>
    ({
      surplusKw: { p10: 0.4, p50: 1, p90: 3 },
      importPrice: { p10: 80, p50: 100, p90: 150 },
      carbonIntensity: { p10: 300, p50: 400, p90: 500 },
      marginalIntensity: undefined,
    }) as OutlookSlot;

  test('is its energy and the ask for it, part by part', () => {
    const offer = { askPerAcceleratorHour: 0.5, noticeMs: 0, firmness: 'firm' } as const;
    const job = jobOf('a', { data: { gigabytes: 45, at: 'bay' } });
    const { believed, start } = placed(job, [place('rhine', dull, { offer }), place('bay', never, { accelerators: [], zone: 'US-CAL' })], {
      computePricePerKwh: 0.3,
    });
    expect(start).toBe(noon + 6 * MINUTE); // 45 GB at 450 an hour
    expect(believed.energyCost).toBeCloseTo(0.16, 9);
    expect(believed.computeCost).toBeCloseTo(1.6 * 0.3 + 4 * 0.5 * 1.15, 6); // held from minute 6 to the end of the fifth slot
    expect(believed.transferCost).toBeCloseTo(0.9, 9);
    expect(believed.carbonG).toBeGreaterThan(1.6 * 400);
  });

  test('is insured at the dark and dear side of the outlook', () => {
    const { believed } = placed(jobOf('a', { deadline: noon + HOUR }), [place('rhine', uncertain)]);
    expect(believed.energyCost).toBeCloseTo(1 * 0.06 + 0.6 * 0.1, 9);
    expect(believed.insuredEnergyCost).toBeCloseTo(0.4 * 0.06 + 1.2 * 0.15, 9);
  });

  test('of the plan: hoped, believed and insured costs lie in that order, expected between, the bound below', () => {
    const waiting = ['a', 'b', 'c', 'd'].map((id, i) => jobOf(id, { weights: { carbonPricePerKg: i / 10, waitPricePerHour: 0.001 } }));
    const { costs, placements } = planOf(waiting, [place('rhine', uncertain)]);
    expect(costs.p90).toBeGreaterThan(costs.believed);
    expect(costs.expected).toBeGreaterThan(0.6 * costs.believed);
    expect(costs.expected).toBeLessThan(costs.p90);
    expect(costs.lowerBound).toBeLessThanOrEqual(costs.believed + 1e-9);
    expect(costs.gap).toBeCloseTo((costs.believed - costs.lowerBound) / costs.lowerBound, 6);
    const thrifty = placements.find(({ job }) => job === 'a');
    expect(thrifty?.believed.insuredEnergyCost).toBeGreaterThanOrEqual(thrifty?.believed.energyCost ?? Number.NaN);
  });

  test('is what binds it: scarce accelerators, its release, its deadline', () => {
    const waiting = ['a', 'b'].map((id) =>
      jobOf(id, { acceleratorsPerNode: 8, interruptible: false, deadline: noon + 2 * HOUR + startDelayMsMax, maxPrice: 9_000_000n }),
    );
    const { standing } = planOf(waiting, [place('rhine', (slot) => slotOutlook(0, slot < 4 ? 50 : 500, 400))]);
    const phrases = [0, 1].flatMap((request) => bindingOf(standing, request));
    expect(phrases).toContain('its release');
    expect(phrases).toContain('its deadline');
    expect(phrases).not.toContain('its budget of 9.00'); // wide enough
    expect(phrases.some((phrase) => phrase.startsWith('A100 are scarce there: '))).toBe(true);
  });
});

describe('a budget', () => {
  const rhine = [place('rhine')];
  test('that no run can keep puts the job off: a later outlook may be cheaper', () =>
    expect(planOf([jobOf('a', { maxPrice: 100_000n })], rhine)).toMatchObject({
      placements: [],
      deferrals: [{ job: 'a', reason: 'over-budget' }],
    }));

  test('holds the price of computing too, not its energy alone', () => {
    // 1.6 kWh: 0.16 of energy and 0.48 of computing at 0.30 per kWh
    const plan = (maxPrice: bigint) => planOf([jobOf('a', { maxPrice })], rhine, { computePricePerKwh: 0.3 });
    expect(plan(630_000n).deferrals).toMatchObject([{ reason: 'over-budget' }]);
    expect(plan(650_000n).placements).toMatchObject([
      { believed: { energyCost: expect.closeTo(0.16, 6), computeCost: expect.closeTo(0.48, 6) } },
    ]);
  });

  test('is a limit and its carbon price a wish: rather a dirty run that it can pay than none', () => {
    const there = [place('bay', () => slotOutlook(0, 300, 10)), place('rand', () => slotOutlook(0, 50, 900))];
    const weights = { carbonPricePerKg: 1, waitPricePerHour: 0 };
    expect(placed(jobOf('a', { weights }), there).site).toBe('bay');
    expect(placed(jobOf('a', { weights, maxPrice: 100_000n }), there).site).toBe('rand');
    expect(planOf([jobOf('a', { weights, maxPrice: 10_000n })], there).deferrals).toMatchObject([{ reason: 'over-budget' }]);
    const binds = (maxPrice: bigint) => bindingOf(planOf([jobOf('a', { weights, maxPrice })], there).standing, 0);
    expect(binds(100_000n)).toContain('its budget of 0.10');
    expect(binds(900_000n)).not.toContain('its budget of 0.90');
  });

  test('that nobody spends leaves room for the others', () => {
    const waiting = [jobOf('a', { maxPrice: 0n, acceleratorsPerNode: 8 }), jobOf('b', { acceleratorsPerNode: 8 })];
    expect(planOf(waiting, rhine).placements).toMatchObject([{ job: 'b', start: noon }]);
  });
});

describe('without signals', () => {
  test.each<{ name: string; at: There['at'] | typeof never; changes?: Partial<Snapshot> }>([
    { name: 'missing', at: blind },
    { name: 'never issued', at: never },
    { name: 'stale', at: never, changes: { outlooks: new Map(['bay', 'rhine'].map((id) => [id, outlookOf(id, dull, noon - 7 * HOUR)])) } },
  ])('($name) the job runs at once, at home, and the reason says so', ({ at, changes }) => {
    const placement = placed(jobOf('a'), [place('bay', at), place('rhine', at)], changes);
    expect(placement).toMatchObject({ site: 'rhine', start: noon, end: noon + HOUR });
    expect(placement.reason).toBe('signals missing: the earliest window, not the cheapest');
    expect(placement.believed.runNow).toBeUndefined();
  });

  test('elsewhere at once rather than at home later', () => {
    const running = [holding('rhine', 2)];
    expect(placed(jobOf('a'), [place('bay', blind), place('rhine', blind)], { running })).toMatchObject({ site: 'bay', start: noon });
    expect(placed(jobOf('a'), [place('rhine', blind)], { running })).toMatchObject({ site: 'rhine', start: noon + 2 * SLOT });
  });

  test('at one site, a site whose signals are known is taken', () =>
    expect(placed(jobOf('a'), [place('rhine', blind), place('bay')]).site).toBe('bay'));

  test('two jobs take turns, each by its deadline', () => {
    const waiting = ['a', 'b'].map((id) => jobOf(id, { acceleratorsPerNode: 8 }));
    expect(planOf(waiting, [place('rhine', blind)]).placements.map(({ start }) => start)).toEqual([noon, noon + HOUR]);
  });

  test('an elastic job does its work and holds no more than that takes', () => {
    const elastic = { acceleratorsMax: 8, speedExponent: 1 };
    const job = jobOf('a', { elastic, acceleratorsPerNode: 1, maxDuration: 8 * HOUR });
    const { segments = [] } = placed(job, [place('rhine', blind)]);
    const held = segments.reduce((sum, { start, end, accelerators }) => sum + ((end - start) / HOUR) * accelerators, 0);
    expect(held).toBeCloseTo(8, 9);
  });

  test('a run that could move stays, and its accelerators are nobody else’s', () => {
    const job = jobOf('a', { acceleratorsPerNode: 8 }, { state: 'RUNNING', fence: 1 });
    const running = [{ job, run: runOf('a', 1, { accelerators: 8, drawKw: 3.2 }) }];
    const { placements, moves } = planOf([jobOf('b', { acceleratorsPerNode: 8 })], [place('rhine', blind)], { running });
    expect(moves).toEqual([]);
    expect(placements.map(({ start }) => start)).toEqual([noon + HOUR]);
  });

  test('the plan’s costs speak of the same jobs on every side', () => {
    const { costs } = planOf([jobOf('a')], [place('rhine', blind)]);
    expect(costs.p90).toBeGreaterThanOrEqual(costs.believed - 1e-9);
  });
});

describe('a job waits', () => {
  test('when every window before its deadline is taken, and hears what would have been needed', () => {
    const running = [holding('rhine', 8)];
    const { deferrals } = planOf([jobOf('a', { deadline: noon + 2 * HOUR })], [place('rhine')], { running });
    expect(deferrals).toEqual([
      {
        job: 'a',
        reason: 'no-capacity-in-horizon',
        detail:
          'no 4 × A100 free together in any region before the deadline; with a deadline 1.00 h later: rhine from 2026-06-21T14:00:00Z, for 0.16',
      },
    ]);
  });

  test('when the horizon is full, and hears that no later deadline would help', () => {
    const { deferrals } = planOf([jobOf('a')], [place('rhine')], { running: [holding('rhine', horizonSlots)] });
    expect(deferrals).toEqual([
      { job: 'a', reason: 'no-capacity-in-horizon', detail: expect.stringMatching(/^no 4 × A100 free .*, nor within the horizon$/) },
    ]);
  });

  test('when it is released beyond the horizon', () => {
    const far = { notBefore: noon + 5 * DAY, deadline: noon + 9 * DAY };
    expect(planOf([jobOf('a', far)], [place('rhine')]).deferrals).toEqual([{ job: 'a', reason: 'beyond-horizon' }]);
  });

  test('for one that is promised, when there is not room for both', () => {
    const tight = { acceleratorsPerNode: 8, deadline: noon + HOUR };
    const plan = planOf([jobOf('a', tight), jobOf('b', { ...tight, promise: 'firm' })], [place('rhine')]);
    expect(plan.placements).toMatchObject([{ job: 'b', start: noon }]);
    expect(plan.deferrals).toMatchObject([{ job: 'a', reason: 'no-capacity-in-horizon' }]);
  });
});

describe('a run that could stop', () => {
  /** An hour of grid at a price, then four of surplus that nobody would buy. */
  const dearNow = (price: number) =>
    place('rhine', (slot) => slotOutlook(slot >= 4 && slot < 20 ? 8 : 0, slot < 4 ? price : 20, 0), { feedInTariff: 0 });
  const runs = (spec: Parameters<typeof jobOf>[1] = {}) => {
    const job = jobOf('a', { weights: { carbonPricePerKg: 0, waitPricePerHour: 0 }, ...spec }, { state: 'RUNNING', fence: 1 });
    return [{ job, run: runOf('a', 1) }];
  };
  const movesAt = (price: number, spec: Parameters<typeof jobOf>[1] = {}) => planOf([], [dearNow(price)], { running: runs(spec) }).moves;

  test('stops when it gains more than its restart costs', () =>
    expect(movesAt(100)).toEqual([{ run: 'a#1', job: 'a', reason: 'pauses: goes on at 2026-06-21T13:00:00Z, the restart paid for' }]));

  test('goes on when it does not', () => {
    const lost = { every: 110 * MINUTE, restoreCost: 30 * MINUTE }; // a stop costs 85 min of work at what energy costs later
    expect(movesAt(20, { checkpoint: lost })).toEqual([]);
    expect(movesAt(-50)).toEqual([]); // it is paid for
  });

  test('goes on when it would be late elsewhere or later, if only by a minute', () => {
    expect(movesAt(100, { deadline: noon + 61 * MINUTE })).toEqual([]);
    expect(movesAt(100, { deadline: noon + 76 * MINUTE })).toEqual([]); // from the next slot on, with the restore: 77 min
    expect(movesAt(100, { deadline: noon + 90 * MINUTE })).toMatchObject([{ reason: expect.stringContaining('12:15') }]);
  });

  test.each([
    { name: 'cannot be interrupted', spec: { interruptible: false } },
    { name: 'answers somebody', spec: { latency: { from: 'rhine', roundTripMsMax: 50 } } },
  ])('goes on when it $name', ({ spec }) => expect(movesAt(100, spec)).toEqual([]));

  test('moves to where the sun is', () => {
    const sunny = place('bay', () => slotOutlook(8, 100, 0), { feedInTariff: 0 });
    expect(planOf([], [sunny, place('rhine')], { running: runs() }).moves).toMatchObject([
      { job: 'a', reason: expect.stringMatching(/^moves to bay: /) },
    ]);
  });

  describe('of an elastic job', () => {
    /** Eight hours of work for one accelerator, on two of rhine's eight since noon: five hours at the speed of two. */
    const elastic = { acceleratorsMax: 8, speedExponent: 0.7 };
    const running = (spec: Parameters<typeof jobOf>[1] = {}) => {
      const weights = { carbonPricePerKg: 0, waitPricePerHour: 0 };
      const job = jobOf('a', { elastic, acceleratorsPerNode: 1, maxDuration: 8 * HOUR, weights, ...spec }, { state: 'RUNNING', fence: 1 });
      return [{ job, run: runOf('a', 1, { accelerators: 2, drawKw: 0.8, plannedEnd: noon + 5 * HOUR }) }];
    };
    const steady = [place('rhine')];

    test('goes on as it is where nothing is to be gained', () => {
      const { moves } = planOf([], steady, { running: running({ deadline: noon + 7 * HOUR }) }); // one alone would take eight
      expect(moves).toEqual([]);
    });

    test('takes more accelerators when it would be late on those it has', () => {
      const { moves } = planOf([], steady, { running: running({ deadline: noon + 4 * HOUR }) });
      expect(moves).toMatchObject([{ job: 'a', reason: expect.stringMatching(/^goes on with [3-8] accelerators in place of 2: /) }]);
    });

    test('takes more while surplus is to be had for nothing', () => {
      const sunny = place('rhine', (slot) => slotOutlook(slot < 12 ? 8 : 0, 300, 0), { feedInTariff: 0 });
      expect(planOf([], [sunny], { running: running() }).moves).toMatchObject([{ reason: expect.stringContaining('in place of 2') }]);
    });

    test('goes on to a late end where nothing is faster', () => {
      const none = running({ deadline: noon + 2 * HOUR });
      expect(planOf([], steady, { running: none })).toMatchObject({ moves: [], deferrals: [], refusals: [] });
    });
  });

  test.each([3, 4.5, 14])('goes on for %s days where nothing is better elsewhere, however far the outlook reaches', (days) => {
    const job = jobOf('a', { maxDuration: days * DAY, deadline: noon + 30 * DAY }, { state: 'RUNNING', fence: 1 });
    const running = [{ job, run: runOf('a', 1, { plannedEnd: noon + days * DAY }) }];
    expect(planOf([], [place('bay'), place('rhine')], { running }, noon + HOUR).moves).toEqual([]); // the outlook is an hour old
  });

  test('holds its accelerators through the slot at hand, even when it is told to stop', () => {
    const sunny = place('bay', () => slotOutlook(8, 100, 0), { feedInTariff: 0 });
    const job = jobOf('a', { acceleratorsPerNode: 8, maxDuration: 6 * HOUR }, { state: 'RUNNING', fence: 1 });
    const running = [{ job, run: runOf('a', 1, { accelerators: 8, drawKw: 3.2 }) }];
    const next = jobOf('b', { acceleratorsPerNode: 8, regions: { within: undefined, allow: ['rhine'], deny: [] } });
    const { moves, placements } = planOf([next], [sunny, place('rhine', () => slotOutlook(0, 300, 400))], { running });
    expect(moves).toMatchObject([{ job: 'a' }]);
    expect(placements).toMatchObject([{ job: 'b', start: noon + SLOT }]);
  });

  test('makes room for one that is promised, or the promised one waits: never both on the same accelerators', () => {
    const running = [
      {
        job: jobOf('a', { acceleratorsPerNode: 8, deadline: noon + HOUR }, { state: 'RUNNING', fence: 1 }),
        run: runOf('a', 1, { accelerators: 8, drawKw: 3.2 }),
      },
    ];
    const firm = jobOf('b', { acceleratorsPerNode: 8, promise: 'firm', deadline: noon + 90 * MINUTE });
    const { placements, moves } = planOf([firm], [place('rhine')], { running });
    expect(placements.filter(({ start }) => start < noon + HOUR).length).toBe(moves.length);
  });
});
