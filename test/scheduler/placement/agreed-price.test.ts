/** Agreed prices: what a placed run is going to be charged is what its provider earns, in whole millionths. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Cycled, cycle } from '../../../scheduler/cycle.ts';
import type { Job } from '../../../scheduler/job.ts';
import { acceleratorCost, priceStepsOf } from '../../../scheduler/placement/agreed-price.ts';
import { beliefOf } from '../../../scheduler/placement/belief.ts';
import { clear } from '../../../scheduler/placement/clear.ts';
import { clearingPrice, providerEarnings, surplusPrice } from '../../../scheduler/placement/clearing-price.ts';
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
    expect(placement?.prices).toEqual([{ from: noon, microsPerAcceleratorHour: 500_000, surplusMicrosPerKwh: 50_000 }]); // none is expected: what comes is worth grid energy
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

  test('of surplus is nothing while some is left over, and what grid energy costs once it is gone', () => {
    const priceOf = (surplusKw: number) => planOf([jobOf('a')], surplusKw).placements[0]?.prices?.[0]?.surplusMicrosPerKwh;
    expect(priceOf(9)).toBe(0);
    expect(priceOf(1)).toBe(50_000);
  });

  test('is part of what a placement is believed to cost: scarce surplus above what it could be sold for', () => {
    const { believed } = planOf([jobOf('a')], 1).placements[0] ?? {};
    expect(believed).toMatchObject({ energyCost: expect.closeTo(0.6 * 0.05, 9), surplusPremium: expect.closeTo(1 * 0.05, 9) });
    expect(believed && believedPrice(believed)).toBeCloseTo(0.6 * 0.05 + 0.05 + 1.6 * 0.3 + 4 * 0.5, 9);
  });

  test('goes on behind the last step, and begins with the first', () => {
    const steps = [
      { from: noon, microsPerAcceleratorHour: 1_000_000, surplusMicrosPerKwh: 0 },
      { from: noon + HOUR, microsPerAcceleratorHour: 3_000_000, surplusMicrosPerKwh: 0 },
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

describe('the price of surplus', () => {
  const site = { curtailedKw: 2, exportableKw: 2, importPrice: 100, feedInTariff: 40, pools: [{ capacity: 9 }] };
  test.each([
    { name: 'is 0 while curtailed surplus is left', kw: 1, dual: 30, want: 0 },
    { name: 'is the tariff while exportable surplus is left', kw: 3, dual: 70, want: 40 },
    { name: 'is what grid energy costs once all is used', kw: 5, dual: 70, want: 100 },
    { name: 'is the dual price where it just suffices', kw: 4, dual: 70, want: 70 },
    { name: 'is there no less than what could be had for it', kw: 4, dual: 30, want: 40 },
    { name: 'is there no more than grid energy costs', kw: 4, dual: 130, want: 100 },
  ])('$name', ({ kw, dual, want }) => {
    const market = marketOf({ slots: 1, sites: [site], requests: [{ kwPerAccelerator: kw }] });
    const load = loadOf(market, { option: Int32Array.of(0), start: Int32Array.of(0), pattern: [undefined] });
    expect(surplusPrice(market.offers, load, { accelerator: new Float64Array(1), surplus: Float64Array.of(dual) }, 0)).toBe(want);
  });

  test('is paid by those who use it, no less than it could be sold for and no more than its provider earns', () => {
    const property = fc.property(arbitraryMarket({ kinds: ['contiguous', 'interruptible'] }), (market) => {
      const { assignment, prices, load } = clear(market);
      const earned = providerEarnings(market, { assignment, prices });
      let premium = 0;
      for (const [request, option] of assignment.option.entries())
        if (option >= 0) premium += beliefOf(market, load, assignment, request, prices).surplusPremium;
      const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
      expect(premium).toBeGreaterThanOrEqual(0);
      expect(premium).toBeLessThanOrEqual(sum(earned.surplus) - sum(earned.opportunity) + 1e-9 * (1 + sum(earned.surplus)));
    });
    fc.assert(property, { numRuns: 30, seed: 4, endOnFailure: true });
  });
});
