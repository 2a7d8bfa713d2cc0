/** Agreed prices: what a placed run is going to be charged is what its provider earns, in whole millionths. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Cycled, cycle } from '../../../scheduler/cycle.ts';
import type { Job } from '../../../scheduler/job.ts';
import { acceleratorCost, priceStepsOf } from '../../../scheduler/placement/agreed-price.ts';
import { beliefOf } from '../../../scheduler/placement/belief.ts';
import { clear } from '../../../scheduler/placement/clear.ts';
import { clearingPrice, providerEarnings } from '../../../scheduler/placement/clearing-price.ts';
import { contestedPart } from '../../../scheduler/placement/contested.ts';
import { startDelayMsMax } from '../../../scheduler/placement/feasible.ts';
import { loadOf } from '../../../scheduler/placement/load.ts';
import { believedPrice, type Placement } from '../../../scheduler/plan.ts';
import { HOUR, SLOT } from '../../../units/time.ts';
import { jobOf, noon, outlookOf, siteOf, slotOutlook } from '../nouns.ts';
import { arbitraryMarket, marketOf } from './markets.ts';

const offer = { askPerAcceleratorHour: 0.5, noticeMs: 0, firmness: 'firm' } as const;
/** A site that asks .50 an hour, its grid at 50 per MWh for an hour and at 500 after. */
const planOf = (waiting: readonly Job[], surplusKw = 0): Cycled =>
  cycle(
    {
      fleet: [{ site: siteOf('rhine', { offer, exportLimitKw: 0 }), heardAt: noon }],
      outlooks: new Map([['rhine', outlookOf('rhine', (slot) => slotOutlook(surplusKw, slot < 4 ? 50 : 500, 400))]]),
      waiting,
      running: [],
      computePricePerKwh: 0.3,
    },
    noon,
  );
const wide = { acceleratorsPerNode: 8, interruptible: false, deadline: noon + 2 * HOUR + startDelayMsMax };

describe('the agreed price', () => {
  test('is the ask where nothing is scarce, in one step', () => {
    const [placement] = planOf([jobOf('a')]).placements;
    expect(placement?.prices).toEqual([{ from: noon, microsPerAcceleratorHour: 500_000, contestedPerMille: 0 }]);
    expect(placement?.believed.computeCost).toBeCloseTo(1.6 * 0.3 + 4 * 0.5, 9);
  });

  test('of accelerators that two would have is above the ask, and lets neither envy the other by more than the plan’s gap', () => {
    const { placements, costs } = planOf([jobOf('a', wide), jobOf('b', wide)]);
    const [early, late] = placements.toSorted((a, b) => a.start - b.start);
    const paid = (placement: Placement | undefined) => acceleratorCost(placement?.segments ?? [], placement?.prices ?? []);
    expect(paid(early)).toBeGreaterThan(8 * 0.5 + 0.5 * 3.2 * 0.45);
    const [here, there] = [3.2 * 0.05 + paid(early), 3.2 * 0.5 + paid(late)];
    expect(Math.abs(here - there)).toBeLessThanOrEqual(costs.believed - costs.lowerBound + 0.001 + 1e-5); // .0005 an hour for waiting
    expect(early?.believed.computeCost).toBeCloseTo(3.2 * 0.3 + paid(early), 9);
  });

  test('of surplus is what it could be sold for where nobody else would use it, however little there is', () => {
    for (const surplusKw of [9, 1.6, 1.599, 1]) {
      const { believed, prices } = planOf([jobOf('a')], surplusKw).placements[0] ?? {};
      expect([prices?.[0]?.contestedPerMille, believed?.surplusPremium]).toEqual([0, 0]);
    }
  });

  test('of surplus that two would use is what grid energy costs, for both', () => {
    const both = { interruptible: false, deadline: noon + HOUR + startDelayMsMax };
    const { placements } = planOf([jobOf('a', both), jobOf('b', both)], 1.6); // 1.6 kW each: half the sun is theirs
    for (const { prices, believed } of placements) {
      expect(prices).toMatchObject([{ contestedPerMille: 1_000 }]);
      expect(believed).toMatchObject({ energyCost: expect.closeTo(0.8 * 0.05, 9), surplusPremium: expect.closeTo(0.8 * 0.05, 9) });
      expect(believedPrice(believed)).toBeCloseTo(1.6 * 0.05 + 1.6 * 0.3 + 4 * 0.5, 6); // as if all were from the grid
    }
  });

  test('goes on behind the last step, and begins with the first', () => {
    const steps = [
      { from: noon, microsPerAcceleratorHour: 1_000_000, contestedPerMille: 0 },
      { from: noon + HOUR, microsPerAcceleratorHour: 3_000_000, contestedPerMille: 0 },
    ];
    const held = (start: number, end: number) => [{ start: noon + start * SLOT, end: noon + end * SLOT, accelerators: 2 }];
    expect([held(-4, 0), held(0, 4), held(2, 6), held(8, 12)].map((segments) => acceleratorCost(segments, steps))).toEqual([2, 2, 4, 6]);
    expect(acceleratorCost(held(0, 4), [])).toBe(0);
  });

  test('of each slot a plan holds is its clearing price, rounded to the millionth', () => {
    const { standing, placements } = planOf([jobOf('a', wide), jobOf('b', wide), jobOf('c')]);
    const { clearing, feasible } = standing;
    for (const [request, { job }] of feasible.askers.entries()) {
      const steps = priceStepsOf(standing, request);
      expect(placements.find((own) => own.job === job.id)?.prices).toEqual(steps);
      const start = clearing.assignment.start[request] as number;
      const at = (slot: number) => steps.findLast(({ from }) => from <= noon + slot * SLOT)?.microsPerAcceleratorHour;
      for (let slot = start; slot < start + 4; slot++)
        expect(at(slot)).toBe(Math.round(4e6 * clearingPrice(feasible.market, clearing.prices, 0, slot)));
    }
  });
});

describe('contested surplus', () => {
  const site = { curtailedKw: 2, exportableKw: 2, importPrice: 100, carbonIntensity: 100, feedInTariff: 40, pools: [{ capacity: 9 }] };
  const asks = (...draws: readonly { readonly kw: number; readonly weightClass?: number }[]) => {
    const requests = draws.map(({ kw, weightClass = 0 }) => ({ kwPerAccelerator: kw, weightClass }));
    const market = marketOf({ slots: 1, sites: [site], carbonPricePerKg: [0, 1], requests });
    const all = { option: Int32Array.from(draws.keys()), start: new Int32Array(draws.length), pattern: draws.map(() => undefined) };
    const load = loadOf(market, all);
    return draws.map(({ kw, weightClass = 0 }) => contestedPart(load, market.offers, 0, load.rank[weightClass] as number, kw));
  };
  test.each([
    { name: 'is none of a run that is alone', draws: [{ kw: 5 }], want: [0] },
    { name: 'is none while there is enough for all', draws: [{ kw: 2 }, { kw: 2 }], want: [0, 0] },
    { name: 'is all where the others would use all', draws: [{ kw: 4 }, { kw: 4 }], want: [1, 1] },
    { name: 'is what the others lack', draws: [{ kw: 3 }, { kw: 2 }], want: [0.4 / 2.4, 0.6 / 1.6] }, // 2.4 and 1.6 of 4 kW; alone 3 and 2
    {
      name: 'is taken by those who need it more, and none of theirs by those who need it less',
      draws: [{ kw: 3, weightClass: 1 }, { kw: 3 }],
      want: [2 / 3, 0],
    },
  ])('$name', ({ draws, want }) => {
    const found = asks(...draws);
    for (const [at, part] of want.entries()) expect(found[at]).toBeCloseTo(part, 9);
  });

  test('is paid by those who use it, and is what its provider earns above what it could have had', () => {
    const property = fc.property(arbitraryMarket({ kinds: ['contiguous', 'interruptible'] }), (market) => {
      const { assignment, prices, load } = clear(market);
      const earned = providerEarnings(market, { assignment, prices });
      let premium = 0;
      for (const [request, option] of assignment.option.entries()) {
        if (option < 0) continue;
        const belief = beliefOf(market, load, assignment, request);
        expect(belief.surplusPremium).toBeGreaterThanOrEqual(0);
        premium += belief.surplusPremium;
      }
      const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
      expect(premium).toBeCloseTo(sum(earned.surplus) - sum(earned.opportunity), 6);
    });
    fc.assert(property, { numRuns: 30, seed: 4, endOnFailure: true });
  });
});
