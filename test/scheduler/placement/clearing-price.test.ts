/** What providers earn: worked by hand, and the laws that hold in any market. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clear } from '../../../scheduler/placement/clear.ts';
import { clearingPrice, pivotPayment, providerEarnings, withoutSite } from '../../../scheduler/placement/clearing-price.ts';
import type { Assignment, Market } from '../../../scheduler/placement/market.ts';
import { arbitraryMarket, marketOf } from './markets.ts';

const kinds = ['contiguous', 'interruptible', 'elastic'] as const;
const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
const near = (value: number) => 1e-9 * Math.max(1, Math.abs(value));

/** One site of three accelerators at 2 an hour; a request holds two of them, 3 kW, in the second quarter of the hour. */
const site = { curtailedKw: [0, 1], exportableKw: [0, 1], importPrice: 100, feedInTariff: 40, pools: [{ capacity: 3, ask: 2 }] };
const market = marketOf({ slots: 2, slotHours: 0.25, sites: [site], requests: [{ accelerators: 2, kwPerAccelerator: 1.5 }] });
const assignment: Assignment = { option: Int32Array.of(0), start: Int32Array.of(1), pattern: [undefined] };
const pricesOf = (accelerator: number, surplus: number) => ({
  accelerator: Float64Array.of(0, accelerator),
  surplus: Float64Array.of(0, surplus),
});

describe('the clearing price', () => {
  test('is the ask for the slot and what scarcity adds', () => {
    expect(clearingPrice(market, pricesOf(0.1, 0), 0, 0)).toBe(0.5);
    expect(clearingPrice(market, pricesOf(0.1, 0), 0, 1)).toBe(0.6);
  });

  test('is never below the ask', () => expect(clearingPrice(market, pricesOf(-0.1, 0), 0, 1)).toBe(0.5));
});

describe('a provider earns', () => {
  test.each([
    { name: 'its ask, and the feed-in tariff for exportable surplus', accelerator: 0, kw: 1.5, held: 1, sold: 0.01 },
    { name: 'what scarce accelerators are worth', accelerator: 0.1, kw: 1.5, held: 1.2, sold: 0.01 },
    { name: 'nothing for curtailed surplus that nobody else would use', accelerator: 0, kw: 0.5, held: 1, sold: 0 },
  ])('$name', ({ accelerator, kw, held, sold }) => {
    const own = marketOf({ slots: 2, slotHours: 0.25, sites: [site], requests: [{ accelerators: 2, kwPerAccelerator: kw }] });
    const earnings = providerEarnings(own, { assignment, prices: pricesOf(accelerator, 0) });
    expect(earnings.accelerators[0]).toBeCloseTo(held, 12);
    expect(earnings.surplus[0]).toBeCloseTo(sold, 12);
    expect(earnings.paid[0]).toBeCloseTo(held + sold, 12);
    expect(earnings.asked[0]).toBeCloseTo(1, 12);
    expect(earnings.opportunity[0]).toBeCloseTo(sold, 12);
    expect(earnings.ownCost[0]).toBeCloseTo(1 + sold, 12);
  });

  test('what grid energy costs for surplus that two would use', () => {
    const requests = [1, 2].map(() => ({ kwPerAccelerator: 2 }));
    const own = marketOf({ slots: 2, slotHours: 0.25, sites: [site], requests });
    const both: Assignment = { option: Int32Array.of(0, 1), start: Int32Array.of(1, 1), pattern: [undefined, undefined] };
    expect(providerEarnings(own, { assignment: both, prices: pricesOf(0, 0) }).surplus[0]).toBeCloseTo((2 * 100 * 0.25) / 1_000, 12);
  });

  /** What the requests of a plan pay for what they hold, request by request. */
  const billsOf = ({ offers, requests }: Market, { option, start, pattern }: Assignment, priceAt: (pool: number, slot: number) => number) =>
    Array.from(option, (at, request) => {
      if (at < 0) return 0;
      const { options } = requests;
      const width = options.accelerators[at] as number;
      const shape = pattern[request] ?? new Uint16Array(options.length[at] as number).fill(width);
      const pool = options.pool[at] as number;
      expect(offers.poolSite[pool]).toBeDefined();
      return sum(Array.from(shape, (held, i) => held * priceAt(pool, (start[request] as number) + i)));
    });

  test('what requests pay for accelerators, all of the asks, and no less than its part cost it', () => {
    const property = fc.property(arbitraryMarket({ kinds }), (market) => {
      const clearing = clear(market);
      const { accelerators, asked, paid, ownCost, opportunity } = providerEarnings(market, clearing);
      const bills = sum(billsOf(market, clearing.assignment, (pool, slot) => clearingPrice(market, clearing.prices, pool, slot)));
      expect(Math.abs(sum(accelerators) - bills)).toBeLessThanOrEqual(near(bills));
      expect(Math.abs(sum(asked) - clearing.cost.ask)).toBeLessThanOrEqual(near(clearing.cost.ask));
      expect(Math.abs(sum(ownCost) - sum(asked) - sum(opportunity))).toBeLessThanOrEqual(near(sum(ownCost)));
      for (const [provider, own] of ownCost.entries()) expect(paid[provider]).toBeGreaterThanOrEqual(own - near(own));
    });
    fc.assert(property, { numRuns: 15, seed: 1, endOnFailure: true });
  });
});

describe('a site that stays away', () => {
  test('serves nobody, and what it asks is not heard', () => {
    const property = fc.property(arbitraryMarket(), fc.double({ min: 0, max: 5, noNaN: true }), (market, factor) => {
      const { offers, requests } = market;
      const away = withoutSite(market, 0);
      const { option } = clear(away).assignment;
      for (const at of option) if (at >= 0) expect(offers.poolSite[requests.options.pool[at] as number]).not.toBe(0);
      const ask = offers.ask.map((asked, pool) => (offers.poolSite[pool] === 0 ? factor * asked : asked));
      expect(withoutSite({ offers: { ...offers, ask }, requests }, 0)).toEqual(away);
    });
    fc.assert(property, { numRuns: 12, seed: 2, endOnFailure: true });
  });
});

describe('the pivot payment', () => {
  /** Two sites of one accelerator at 1 and 3 an hour, one request of an hour without energy to pay for. */
  const pair = marketOf({
    slots: 1,
    sites: [{ pools: [{ ask: 1 }] }, { pools: [{ ask: 3 }] }].map((offer) => ({ ...offer, importPrice: 0 })),
    requests: [{ unplacedCost: 10 }],
  });

  test.each([
    { name: 'is what the next best would have cost', provider: 0, want: 3 },
    { name: 'is nothing for who is not needed', provider: 1, want: 0 },
  ])('$name', ({ provider, want }) => expect(pivotPayment(pair, clear(pair), provider)).toBeCloseTo(want, 9));

  test('is what the buyer gives at most when there is no other', () => {
    const single = withoutSite(pair, 1);
    expect(pivotPayment(single, clear(single), 0)).toBeCloseTo(10, 9);
  });
});
