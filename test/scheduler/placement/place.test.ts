/** Placement of one job: what it may not do, what it prefers, and what it says. */
import { describe, expect, test } from 'vitest';
import type { OutlookSlot } from '../../../energy-oracle/outlook.ts';
import type { Site } from '../../../energy-oracle/site.ts';
import { drawKw, fittingModels, regionAdmits } from '../../../scheduler/fleet.ts';
import type { Job } from '../../../scheduler/job.ts';
import { place, remainingOf, startDelayMsMax } from '../../../scheduler/placement/place.ts';
import { horizonSlots, occupy, siteSupply } from '../../../scheduler/placement/supply.ts';
import { DAY, HOUR, type Instant, MINUTE, SLOT } from '../../../units/time.ts';
import { jobOf, noon, outlookOf, siteOf, slotOutlook, specOf } from '../nouns.ts';

const weights = { carbonPricePerKg: 0, waitPricePerHour: 0.0005 };
const supplyAt = (id: string, at: (slot: number) => OutlookSlot, changes: Partial<Site> = {}, now = noon) =>
  siteSupply(siteOf(id, changes), outlookOf(id, at), now);
const dull = () => slotOutlook(0, 100, 400);
const blind = () => slotOutlook(undefined, undefined, undefined);

function placed(job: Job, supplies: readonly ReturnType<typeof siteSupply>[], now = noon) {
  const found = place(job, supplies, now, 0);
  if (found.kind !== 'placed') throw new Error(`expected a placement, found ${JSON.stringify(found)}`);
  return found.placement;
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
    const before = performance.now();
    expect(
      regionAdmits(
        siteOf('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'),
        specOf({ regions: { within: undefined, allow: [`${'a*'.repeat(31)}b`], deny: [] } }),
      ),
    ).toBe(false);
    expect(performance.now() - before).toBeLessThan(100);
  });
});

describe('a fitting model', () => {
  const mixed = siteOf('rhine', {
    accelerators: [
      { model: 'A100', count: 8, drawKw: 0.4 },
      { model: 'L4', count: 2, drawKw: 0.07 },
    ],
  });
  test.each([
    {
      accelerators: [],
      perNode: 1,
      nodes: 1,
      want: [
        { model: 'L4', needed: 1 },
        { model: 'A100', needed: 1 },
      ],
    },
    { accelerators: [], perNode: 2, nodes: 2, want: [{ model: 'A100', needed: 4 }] },
    { accelerators: ['A100'], perNode: 8, nodes: 1, want: [{ model: 'A100', needed: 8 }] },
    { accelerators: ['A100'], perNode: 3, nodes: 3, want: [] },
    { accelerators: ['H100'], perNode: 1, nodes: 1, want: [] },
  ])('for $nodes × $perNode of $accelerators is $want', ({ accelerators, perNode, nodes, want }) =>
    expect(fittingModels(mixed, specOf({ accelerators, acceleratorsPerNode: perNode, nodes }))).toEqual(
      want.map((fit) => ({ ...fit, speed: 1 })),
    ),
  );

  test('draws what the job states, up to the nameplate, times what the building adds', () => {
    const drawn = (changes: Parameters<typeof specOf>[0]) =>
      drawKw({ ...mixed, pue: 1.25 }, specOf({ nodes: 2, acceleratorsPerNode: 2, ...changes }), 'A100');
    expect(drawn({})).toBeCloseTo(2, 12);
    expect(drawn({ power: 1.2 })).toBeCloseTo(1.5, 12);
    expect(drawn({ power: 5.2 })).toBeCloseTo(2, 12);
  });
});

describe('a busy model of a site', () => {
  test('does not hold a job that an idle one would run', () => {
    const site = siteOf('rhine', {
      accelerators: [
        { model: 'L4', count: 2, drawKw: 0.07 },
        { model: 'A100', count: 2, drawKw: 0.4 },
      ],
    });
    const supply = siteSupply(site, outlookOf('rhine', dull), noon);
    supply.free.get('L4')?.fill(0);
    expect(placed(jobOf('a', { acceleratorsPerNode: 1 }), [supply]).model).toBe('A100');
  });
});

describe('the time a job still needs', () => {
  test.each([
    { progress: 0, want: HOUR },
    { progress: 20 * MINUTE, want: 42 * MINUTE },
    { progress: HOUR, want: 1 + 2 * MINUTE },
  ])('after $progress ms is $want', ({ progress, want }) => expect(remainingOf(jobOf('a', {}, { progress }))).toBe(want));
});

describe('a job is placed', () => {
  test('where and when its energy is cheapest', () => {
    const elsewhere = supplyAt('yarra', (slot) => (slot >= 20 && slot < 24 ? slotOutlook(4, 100, 400) : dull()));
    const placement = placed(jobOf('a'), [supplyAt('rhine', dull), elsewhere]);
    expect(placement).toMatchObject({ site: 'yarra', model: 'A100', accelerators: 4, start: noon + 5 * HOUR, end: noon + 6 * HOUR });
    expect(placement.reason).toBe('DE-LU in 5.0 h: 100 % surplus expected');
    expect(placement.believed).toMatchObject({ outlook: elsewhere.outlook?.id, surplusKwh: 1.6, carbonG: 0, waitMs: 5 * HOUR });
    expect(placement.believed.energyCost).toBeCloseTo(1.6 * 0.06, 9);
    expect(placement.believed.runNow?.energyCost).toBeCloseTo(1.6 * 0.1, 9);
    expect(placement.believed.runNow?.carbonG).toBeCloseTo(1.6 * 400, 9);
  });

  test('at once when nothing is worth the wait', () => expect(placed(jobOf('a'), [supplyAt('rhine', dull)]).start).toBe(noon));

  test('only where its region rules and its accelerators allow', () => {
    const supplies = [
      supplyAt('rhine', () => slotOutlook(9, 1, 1)),
      supplyAt('bay', dull),
      supplyAt('rand', dull, { accelerators: [{ model: 'L4', count: 9, drawKw: 0.1 }] }),
    ];
    expect(placed(jobOf('a', { regions: { within: undefined, allow: [], deny: ['rhine'] } }), supplies).site).toBe('bay');
    expect(placed(jobOf('a', { accelerators: ['L4'] }), supplies).site).toBe('rand');
    expect(place(jobOf('a', { accelerators: ['TPU'] }), supplies, noon, 0)).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'no-site-fits', detail: expect.stringContaining('TPU') },
    });
    expect(place(jobOf('a', { regions: { within: undefined, allow: ['mars'], deny: [] } }), supplies, noon, 0)).toMatchObject({
      refusal: { reason: 'no-site-fits' },
    });
  });

  test('so that it is done by its deadline, even when it is cheaper after', () => {
    const later = supplyAt('rhine', (slot) => slotOutlook(0, 100 - slot, 400));
    const due = (deadline: Instant) => placed(jobOf('a', { deadline }), [later]).start;
    expect(due(noon + 2 * HOUR + startDelayMsMax)).toBe(noon + HOUR);
    expect(due(noon + 2 * HOUR + startDelayMsMax - 1)).toBe(noon + HOUR - SLOT); // a start is never to the millisecond
  });

  test('not at all when the time left is too short, to the millisecond', () => {
    expect(placed(jobOf('a', { deadline: noon + HOUR }), [supplyAt('rhine', dull)]).start).toBe(noon);
    expect(place(jobOf('a', { deadline: noon + HOUR - 1 }), [supplyAt('rhine', dull)], noon, 0)).toMatchObject({
      kind: 'refused',
      refusal: { job: 'a', reason: 'no-window-before-deadline' },
    });
  });

  test('not before its release', () => {
    const cheapNow = supplyAt('rhine', (slot) => slotOutlook(0, slot < 8 ? 1 : 100, 400));
    expect(placed(jobOf('a', { notBefore: noon + 3 * HOUR + MINUTE }), [cheapNow]).start).toBe(noon + 3 * HOUR + MINUTE);
  });

  test('inside the slot at hand, holding every slot it touches', () => {
    const now = noon + 5 * MINUTE;
    const supply = supplyAt('rhine', dull, {}, now);
    const placement = placed(jobOf('a'), [supply], now);
    expect(placement).toMatchObject({ start: now, end: noon + 5 * SLOT, believed: { waitMs: 5 * MINUTE } });
    expect(Array.from(supply.free.get('A100')?.slice(0, 6) ?? [])).toEqual([4, 4, 4, 4, 4, 8]);
    expect(placement.believed.energyKwh).toBeCloseTo(1.6, 9);
    expect(placement.believed.energyCost).toBeCloseTo(1.6 * 0.1, 9); // an hour's worth, in five slots
    expect(placement.believed.carbonG).toBeCloseTo(1.6 * 400, 9);
  });

  test('and believes in no more surplus than it draws, wherever in a slot it starts', () => {
    for (const minute of [0, 1, 7, 14])
      for (const maxDuration of [5 * MINUTE, SLOT, 40 * MINUTE, HOUR]) {
        const now = noon + minute * MINUTE;
        const { believed } = placed(jobOf('a', { maxDuration }), [supplyAt('rhine', () => slotOutlook(50, 100, 400), {}, now)], now);
        expect(believed.surplusKwh).toBeCloseTo(believed.energyKwh, 9);
      }
  });

  test('in the next slot when the one at hand is full', () => {
    const supply = supplyAt('rhine', dull);
    occupy(supply, 'A100', 5, 2, 0, 1, weights);
    expect(placed(jobOf('a'), [supply]).start).toBe(noon + SLOT);
  });
});

describe('a budget', () => {
  test('that no run can keep puts the job off: a later outlook may be cheaper', () =>
    expect(place(jobOf('a', { maxPrice: 100_000n }), [supplyAt('rhine', dull)], noon, 0)).toMatchObject({
      deferral: { reason: 'over-budget' },
    }));

  test('holds the price of computing too, not its energy alone', () => {
    const supplies = [supplyAt('rhine', dull)]; // 1.6 kWh: 0.16 of energy and 0.48 of computing at 0.30 per kWh
    const { kind } = place(jobOf('a', { maxPrice: 630_000n }), supplies, noon, 0.3);
    const paid = place(jobOf('a', { maxPrice: 650_000n }), supplies, noon, 0.3);
    expect(kind).toBe('deferred');
    expect(paid).toMatchObject({ placement: { believed: { energyCost: expect.closeTo(0.16, 6), computeCost: expect.closeTo(0.48, 6) } } });
  });

  test('is a limit and its carbon price a wish: rather a dirty run that it can pay than none', () => {
    const clean = supplyAt('bay', () => slotOutlook(0, 300, 10));
    const dirty = supplyAt('rand', () => slotOutlook(0, 50, 900));
    const green = { carbonPricePerKg: 1, waitPricePerHour: 0 };
    expect(placed(jobOf('a', { weights: green }), [clean, dirty]).site).toBe('bay');
    expect(placed(jobOf('a', { weights: green, maxPrice: 100_000n }), [clean, dirty]).site).toBe('rand');
    expect(place(jobOf('a', { weights: green, maxPrice: 10_000n }), [clean, dirty], noon, 0)).toMatchObject({
      deferral: { reason: 'over-budget' },
    });
  });

  test('that nobody spends leaves the supply as it was', () => {
    const supply = supplyAt('rhine', dull);
    place(jobOf('a', { maxPrice: 0n }), [supply], noon, 0);
    expect(supply.free.get('A100')?.every((count) => count === 8)).toBe(true);
  });
});

describe('without signals', () => {
  test.each([
    { name: 'missing', supplies: () => [supplyAt('bay', blind), supplyAt('rhine', blind)] },
    {
      name: 'stale',
      supplies: () => ['bay', 'rhine'].map((id) => siteSupply(siteOf(id), outlookOf(id, dull, noon - 7 * HOUR), noon)),
    },
    { name: 'never issued', supplies: () => ['bay', 'rhine'].map((id) => siteSupply(siteOf(id), undefined, noon)) },
  ])('($name) the job runs at once, at home, and the reason says so', ({ supplies }) => {
    const placement = placed(jobOf('a'), supplies());
    expect(placement).toMatchObject({ site: 'rhine', start: noon, end: noon + HOUR });
    expect(placement.reason).toBe('signals missing: the earliest window, not the cheapest');
    expect(placement.believed.runNow).toBeUndefined();
  });

  test('elsewhere at once rather than at home later', () => {
    const home = supplyAt('rhine', blind);
    occupy(home, 'A100', 8, 3, 0, 2, weights);
    expect(placed(jobOf('a'), [home, supplyAt('bay', blind)])).toMatchObject({ site: 'bay', start: noon });
    expect(placed(jobOf('a', { regions: { within: undefined, allow: ['rhine'], deny: [] } }), [home])).toMatchObject({
      site: 'rhine',
      start: noon + 2 * SLOT,
    });
  });

  test('at one site, a site whose signals are known is taken', () =>
    expect(placed(jobOf('a'), [supplyAt('rhine', blind), supplyAt('bay', dull)]).site).toBe('bay'));
});

describe('a job waits', () => {
  test('when every window in the horizon is taken', () => {
    const supply = supplyAt('rhine', dull);
    occupy(supply, 'A100', 8, 3, 0, horizonSlots, weights);
    expect(place(jobOf('a'), [supply], noon, 0)).toEqual({ kind: 'deferred', deferral: { job: 'a', reason: 'no-capacity-in-horizon' } });
  });

  test('when it is released beyond the horizon', () => {
    const far = { notBefore: noon + 5 * DAY, deadline: noon + 9 * DAY };
    expect(place(jobOf('a', far), [supplyAt('rhine', dull)], noon, 0)).toEqual({
      kind: 'deferred',
      deferral: { job: 'a', reason: 'beyond-horizon' },
    });
  });
});
