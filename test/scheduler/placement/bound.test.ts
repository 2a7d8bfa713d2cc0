/** The certified bound: below the exact optimum at any prices whatever; and those who ask alike, answered once. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBound, transferOf } from '../../../scheduler/placement/bound.ts';
import type { Market, Options, Prices, Requests } from '../../../scheduler/placement/market.ts';
import { twinsOf } from '../../../scheduler/placement/twins.ts';
import { bruteForce, optimum, plansOf } from './exact.ts';
import { arbitraryMarket, marketOf, type RequestSketch } from './markets.ts';

const near = (value: number) => 1e-7 * Math.max(1, Math.abs(value));
const noPrices = ({ offers }: Market): Prices => ({
  accelerator: new Float64Array(offers.poolCount * offers.slots),
  surplus: new Float64Array(offers.siteCount * offers.slots),
});
const boundAt = (market: Market, accelerator: number, surplus: number) => {
  const prices = noPrices(market);
  return createBound(market).at({ accelerator: prices.accelerator.fill(accelerator), surplus: prices.surplus.fill(surplus) });
};

/** Prices of any kind: none, a few, everywhere, and such as nobody would pay. */
const pricesArb = (market: Market): fc.Arbitrary<Prices> => {
  const cells = (count: number, most: number) =>
    fc
      .tuple(
        fc.constantFrom(0, 0.1, 1, 30),
        fc.array(fc.tuple(fc.constantFrom(0, 0, 1), fc.nat(100)), { minLength: count, maxLength: count }),
      )
      .map(([scale, dice]) => Float64Array.from(dice, ([isPriced, value]) => (isPriced * scale * value * most) / 100));
  const { poolCount, siteCount, slots } = market.offers;
  return fc.record({ accelerator: cells(poolCount * slots, 0.5), surplus: cells(siteCount * slots, 200) });
};

describe('the bound', () => {
  test.each([
    { name: 'contiguous', kinds: ['contiguous'], runs: 200 },
    { name: 'interruptible', kinds: ['interruptible', 'contiguous'], runs: 100 },
  ] as const)('is at most the optimum at any prices, of $name requests', async ({ kinds, runs }) => {
    let positive = 0;
    const priced = arbitraryMarket({ kinds, slotsMax: 8 }).chain((market) =>
      fc.record({ market: fc.constant(market), prices: fc.array(pricesArb(market), { minLength: 8, maxLength: 8 }) }),
    );
    const property = fc.asyncProperty(priced, async ({ market, prices }) => {
      const { cost } = await optimum(market);
      const bound = createBound(market);
      for (const own of [noPrices(market), ...prices]) {
        const value = bound.at(own);
        expect(value).toBeLessThanOrEqual(cost + near(cost));
        if (value > 0.5 * cost) positive++;
      }
    });
    await fc.assert(property, { numRuns: runs });
    expect(positive).toBeGreaterThan(runs); // it says something
  });

  test('is at most the cheapest plan there is, elastic requests among them', () => {
    /** Waiting of an elastic run that does more than it must has two readings; without a price they agree. */
    const isTiny = (market: Market) => plansOf(market) <= 5_000;
    const tiny = arbitraryMarket({ kinds: ['elastic', 'contiguous', 'interruptible'], sitesMax: 2, slotsMax: 4, requestsMax: 3 })
      .map((market) => ({ ...market, requests: { ...market.requests, waitPrice: new Float64Array(market.requests.count) } }))
      .filter(isTiny);
    const priced = tiny.chain((market) =>
      fc.record({ market: fc.constant(market), prices: fc.array(pricesArb(market), { minLength: 8, maxLength: 8 }) }),
    );
    const property = fc.property(priced, ({ market, prices }) => {
      const cost = bruteForce(market);
      const bound = createBound(market);
      for (const own of [noPrices(market), ...prices]) expect(bound.at(own)).toBeLessThanOrEqual(cost + near(cost));
    });
    fc.assert(property, { numRuns: 200 });
  });

  const [cheapDear, shared, sold] = [
    marketOf({ slots: 2, sites: [{ importPrice: [100, 200] }], requests: [{}, {}] }),
    marketOf({ slots: 1, sites: [{ curtailedKw: 1, pools: [{ capacity: 2 }] }], requests: [{}, {}] }),
    marketOf({ slots: 1, sites: [{ exportableKw: 1, feedInTariff: 40, pools: [{ capacity: 2 }] }], requests: [{}, {}] }),
  ];
  test.each([
    { name: 'without a price of accelerators is what each would pay alone', market: cheapDear, accelerator: 0, surplus: 1_000, want: 0.2 },
    { name: 'takes back what too high a price earns', market: cheapDear, accelerator: 1_001, surplus: 0, want: -2 },
    { name: 'counts surplus that nobody shares as free', market: shared, accelerator: 0, surplus: 0, want: 0 },
    { name: 'is the optimum at the price of scarce surplus', market: shared, accelerator: 0, surplus: 100, want: 0.1 },
    { name: 'leaves exportable surplus its tariff', market: sold, accelerator: 0, surplus: 100, want: 0.14 },
    { name: 'never sells exportable surplus below its tariff', market: sold, accelerator: 0, surplus: 40, want: 0.08 },
  ])('$name', ({ market, accelerator, surplus, want }) => {
    // left out costs 1000; surplus that there is none of may have any price
    expect(boundAt(market, accelerator, surplus)).toBeCloseTo(want, 9);
  });

  test('is the optimum at the price that moves one of two to the dear slot', () => {
    const bound = createBound(cheapDear);
    expect(bound.at({ accelerator: Float64Array.of(0.1, 0), surplus: Float64Array.of(1_000, 1_000) })).toBeCloseTo(0.3, 12);
    expect(bound.costsAt({ accelerator: Float64Array.of(0.1, 0), surplus: Float64Array.of(1_000, 1_000) })[0]).toBeCloseTo(0.2, 12);
  });

  test('of nobody is at most nothing, and nothing without prices', () => {
    const nobodyAsks = arbitraryMarket().map(({ offers }) => ({
      offers,
      requests: marketOf({ slots: 1, sites: [], requests: [] }).requests,
    }));
    const property = fc.property(
      nobodyAsks.chain((market) => pricesArb(market).map((prices) => ({ market, prices }))),
      ({ market, prices }) => {
        expect(createBound(market).at(noPrices(market))).toBeCloseTo(0, 12);
        expect(createBound(market).at(prices)).toBeLessThanOrEqual(0);
      },
    );
    fc.assert(property, { numRuns: 100 });
  });

  test('counts the carbon of moving data at the price of who moves it', () => {
    const requests: RequestSketch[] = [
      { transferCost: 1, transferG: 500, weightClass: 0 },
      { transferCost: 1, transferG: 500, weightClass: 1 },
    ];
    expect([...transferOf(marketOf({ slots: 1, sites: [{}], carbonPricePerKg: [0, 2], requests }))]).toEqual([1, 2]);
  });
});

/** A market in which every request asks several times, each copy with data of its own to move and a worth of its own. */
function repeated({ offers, requests }: Market, times: number): Market {
  const { options, firstOption } = requests;
  const order = Array.from({ length: requests.count * times }, (_, i) => i % requests.count);
  const rows = order.flatMap((request) =>
    Array.from(
      { length: (firstOption[request + 1] as number) - (firstOption[request] as number) },
      (_, i) => (firstOption[request] as number) + i,
    ),
  );
  const pick = <Column extends Int32Array | Float64Array | Uint8Array>(column: Column, at: readonly number[]): Column =>
    (column.constructor as unknown as { from(values: number[]): Column }).from(at.map((row) => column[row] as number));
  const optionColumns = Object.fromEntries(
    Object.entries(options).flatMap(([name, column]) => (typeof column === 'number' ? [] : [[name, pick(column, rows)]])),
  ) as unknown as Omit<Options, 'count'>;
  const first = new Int32Array(order.length + 1);
  for (const [i, request] of order.entries())
    first[i + 1] = (first[i] as number) + (firstOption[request + 1] as number) - (firstOption[request] as number);
  const { kind, weightClass, waitPrice, release, unplacedCost, budget } = requests;
  const [moved, worth] = [optionColumns.transferCost, pick(unplacedCost, order)];
  const asked: Requests = {
    count: order.length,
    kind: pick(kind, order),
    weightClass: pick(weightClass, order),
    carbonPricePerKg: requests.carbonPricePerKg,
    waitPrice: pick(waitPrice, order),
    release: pick(release, order),
    unplacedCost: worth.map((own, i) => own + i),
    budget: pick(budget, order),
    firstOption: first,
    options: { ...optionColumns, count: rows.length, transferCost: moved.map((own, i) => own + (i % 5) / 10) },
  };
  return { offers, requests: asked };
}

describe('twins', () => {
  const kinds = ['contiguous', 'interruptible', 'elastic'] as const;

  test('are answered once, and the bound is the same as answered apart', () => {
    const markets = arbitraryMarket({ kinds }).map((market) => repeated(market, 3));
    const priced = markets.chain((market) => pricesArb(market).map((prices) => ({ market, prices })));
    const property = fc.property(priced, ({ market, prices }) => {
      const twins = twinsOf(market);
      expect(twins.first.length).toBeLessThanOrEqual(market.requests.count / 3);
      const apart = Int32Array.from({ length: market.requests.count }, (_, i) => i);
      const once = createBound(market, twins).at(prices);
      const each = createBound(market, { group: apart, first: apart }).at(prices);
      expect(Math.abs(once - each)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(each)));
    });
    fc.assert(property, { numRuns: 300 });
  });

  const like: RequestSketch = { kind: 'interruptible', length: 2, earliest: 1, end: 5, waitPrice: 0.1, restartCost: 0.1 };
  const groupsOf = (changes: RequestSketch) =>
    twinsOf(marketOf({ slots: 6, sites: [{ pools: [{}, {}] }], carbonPricePerKg: [0, 1], requests: [like, { ...like, ...changes }] })).first
      .length;

  test.each<{ changes: RequestSketch }>([
    { changes: {} },
    { changes: { transferCost: 3 } },
    { changes: { transferG: 3 } },
    { changes: { unplacedCost: 3 } },
    { changes: { budget: 3 } },
  ])('ask alike whatever $changes', ({ changes }) => expect(groupsOf(changes)).toBe(1));

  test.each<{ changes: RequestSketch }>([
    { changes: { kind: 'elastic' } },
    { changes: { weightClass: 1 } },
    { changes: { waitPrice: 0.2 } },
    { changes: { waitPrice: 0.1 + 1e-12 } },
    { changes: { release: 0 } },
    { changes: { length: 3 } },
    { changes: { earliest: 2, release: 1 } },
    { changes: { end: 6 } },
    { changes: { accelerators: 2 } },
    { changes: { kwPerAccelerator: 2 } },
    { changes: { restartCost: 0.2 } },
    { changes: { speedExponent: 0.5 } },
    { changes: { options: [{ pool: 0 }] } },
    { changes: { options: [{ pool: 1 }, { pool: 0 }] } },
  ])('do not when $changes', ({ changes }) => expect(groupsOf(changes)).toBe(2));
});
