/** Clearing: laws of every plan on ten thousand random markets, and how near the plans of small ones are to the best. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBound } from '../../../scheduler/placement/bound.ts';
import { type Clearing, clear, type Effort } from '../../../scheduler/placement/clear.ts';
import { assess } from '../../../scheduler/placement/cost.ts';
import { improve } from '../../../scheduler/placement/improve.ts';
import { loadOf } from '../../../scheduler/placement/load.ts';
import { type Market, requestKinds } from '../../../scheduler/placement/market.ts';
import { ascend } from '../../../scheduler/placement/prices.ts';
import { seat } from '../../../scheduler/placement/seat.ts';
import { costOf, optimum } from './exact.ts';
import { arbitraryMarket, marketOf, type RandomMarkets } from './markets.ts';

const near = (value: number, part = 1e-9) => part * Math.max(1, Math.abs(value));
const unbroken = ['contiguous', 'interruptible'] as const;
const all = ['contiguous', 'interruptible', 'elastic'] as const;
/** Elastic answers take their time: fewer and smaller markets. */
const small: RandomMarkets = { kinds: all, slotsMax: 6, requestsMax: 4, sitesMax: 2 };

/** Which laws a clearing breaks; `costOf` knows capacity, windows, closed slots, lengths and work, and throws. One list: `expect` is slow. */
function brokenLaws(market: Market, { assignment, load, cost, prices, bound, gap }: Clearing): string[] {
  const { count, kind, waitPrice } = market.requests;
  const { option, start, pattern } = assignment;
  const isNear = (a: number, b: number) => Math.abs(a - b) <= near(b);
  const outside = costOf(market, assignment);
  const counted = loadOf(market, assignment);
  const isStretched = option.some((own, i) => own >= 0 && kind[i] === requestKinds.elastic && waitPrice[i] !== 0); // waiting of work done beyond need has two readings
  const isSolid = (own: Uint16Array | undefined, i: number) =>
    !own || (option[i] as number) < 0 || Math.min(own.at(0) ?? 0, own.at(-1) ?? 0) > 0;
  const isPrice = (price: number) => price >= 0 && price < Number.POSITIVE_INFINITY;
  const laws = {
    'every request has its row': option.length === count && start.length === count && pattern.length === count,
    'the cost is what the assignment costs': isNear(cost.total, assess(market, assignment).total),
    'the outside truth agrees': isStretched || isNear(cost.total, outside),
    'who is left out is counted': cost.unplaced === option.filter((own) => own < 0).length,
    'accelerators in use are those held': counted.accelerators.every((held, cell) => held === load.accelerators[cell]),
    'the draw is that of the runs': counted.drawKw.every((kw, cell) => Math.abs((load.drawKw[cell] as number) - kw) <= 1e-9),
    'patterns begin and end with a share': pattern.every(isSolid),
    'the bound is below the cost': bound <= cost.total + near(cost.total),
    'its prices prove the bound': isNear(createBound(market).at(prices), bound),
    'prices are prices': prices.accelerator.every(isPrice) && prices.surplus.every(isPrice),
    'the gap is between the two': gap === (cost.total - bound <= near(bound) ? 0 : (cost.total - bound) / Math.abs(bound)),
  };
  return Object.entries(laws).flatMap(([law, isKept]) => (isKept ? [] : [law]));
}
const expectLaws = (market: Market, clearing: Clearing): void => expect(brokenLaws(market, clearing)).toEqual([]);

const holds = (limits: RandomMarkets, numRuns: number, property: (market: Market) => void) =>
  fc.assert(fc.property(arbitraryMarket(limits), property), { numRuns });

describe('every clearing', () => {
  test.each<{ name: string; limits: RandomMarkets; effort: Effort; numRuns: number }>([
    { name: 'brisk, of runs without a break', limits: {}, effort: 'brisk', numRuns: 5_000 },
    { name: 'brisk, of runs with breaks', limits: { kinds: unbroken }, effort: 'brisk', numRuns: 4_000 },
    { name: 'quick', limits: { kinds: unbroken }, effort: 'quick', numRuns: 800 },
    { name: 'thorough', limits: { kinds: unbroken }, effort: 'thorough', numRuns: 40 },
    { name: 'brisk, of elastic requests too', limits: small, effort: 'brisk', numRuns: 160 },
  ])(
    'keeps every law: $name',
    ({ limits, effort, numRuns }) => {
      const seen = { placed: 0, leftOut: 0, broken: 0 };
      holds(limits, numRuns, (market) => {
        const clearing = clear(market, { effort });
        expectLaws(market, clearing);
        seen.leftOut += clearing.cost.unplaced;
        seen.placed += market.requests.count - clearing.cost.unplaced;
        seen.broken += clearing.assignment.pattern.filter((pattern) => pattern).length;
      });
      expect(Math.min(seen.placed, seen.leftOut)).toBeGreaterThan(numRuns / 4);
      if (limits.kinds) expect(seen.broken).toBeGreaterThan(numRuns / 20);
    },
    120_000,
  );

  test('is the same for the same market, and leaves the market as it was', () => {
    const twice = (market: Market) => {
      const before = structuredClone(market);
      const clearing = clear(market);
      expect(market).toEqual(before);
      expect(clear(market)).toEqual(clearing);
    };
    holds({ kinds: unbroken }, 150, twice);
    holds(small, 10, twice);
  });

  test('of nobody costs nothing', () => {
    for (const carbonPricePerKg of [[0], []]) {
      const market = marketOf({ slots: 3, sites: [{ curtailedKw: 2 }], carbonPricePerKg, requests: [] });
      const clearing = clear(market);
      expect([clearing.cost.total, clearing.bound + 0, clearing.gap]).toEqual([0, 0, 0]);
      expectLaws(market, clearing);
    }
  });

  test('that starts from prices and runs of another keeps every law, and leaves them as they were', () => {
    const property = fc.property(arbitraryMarket({ kinds: unbroken }), fc.nat(), (market, dice) => {
      const last = clear(market);
      const { importPrice, curtailedKw } = market.offers;
      const changed: Market = {
        ...market,
        offers: {
          ...market.offers,
          importPrice: importPrice.map((price, cell) => (cell % 3 === dice % 3 ? price * 0.5 : price)),
          curtailedKw: curtailedKw.map((kw, cell) => (cell % 2 === dice % 2 ? 0 : kw)),
        },
      };
      const before = structuredClone(last);
      expectLaws(changed, clear(changed, { from: { prices: last.prices, assignment: last.assignment } }));
      expectLaws(changed, clear(changed, { from: { prices: last.prices } }));
      expect(last).toEqual(before);
    });
    fc.assert(property, { numRuns: 300 });
  });

  test('with more to share has no bound above what the plan with less costs', () => {
    const property = fc.property(arbitraryMarket({ kinds: unbroken }), (market) => {
      const { cost } = clear(market, { effort: 'brisk' });
      const { offers } = market;
      for (const more of [
        { capacity: offers.capacity.map((free) => free + 1) },
        { curtailedKw: offers.curtailedKw.map((kw) => kw + 0.5) },
        { exportableKw: offers.exportableKw.map((kw) => kw + 0.5) },
      ])
        expect(clear({ ...market, offers: { ...offers, ...more } }, { effort: 'brisk' }).bound).toBeLessThanOrEqual(
          cost.total + near(cost.total),
        );
    });
    fc.assert(property, { numRuns: 300 });
  });

  test('searched longer finds no plan below what a shorter search called the bound', () =>
    holds({ kinds: unbroken }, 60, (market) => {
      const [brisk, thorough] = [clear(market, { effort: 'brisk' }), clear(market, { effort: 'thorough' })];
      expect(brisk.bound).toBeLessThanOrEqual(thorough.cost.total + near(thorough.cost.total));
      expect(thorough.bound).toBeLessThanOrEqual(brisk.cost.total + near(brisk.cost.total));
    }));
});

describe('a plan', () => {
  test('of a few contiguous requests is the best there is nine times in ten, and never below it', async () => {
    const seen = { markets: 0, best: 0, asMany: 0, bounded: 0 };
    const excess: number[] = [];
    const property = fc.asyncProperty(arbitraryMarket({ budgets: false }), async (market) => {
      const { cost, bound } = clear(market);
      const best = await optimum(market);
      seen.markets++;
      expect(cost.total).toBeGreaterThanOrEqual(best.cost - near(best.cost, 1e-7));
      expect(bound).toBeLessThanOrEqual(best.cost + near(best.cost, 1e-7));
      if (cost.total <= best.cost + near(best.cost, 1e-7)) seen.best++;
      if (cost.unplaced > best.assignment.option.filter((option) => option < 0).length) return;
      seen.asMany++;
      excess.push((cost.total - best.cost) / Math.max(0.05, Math.abs(best.cost)));
    });
    await fc.assert(property, { numRuns: 250 });
    excess.sort((a, b) => a - b);
    expect(seen.best / seen.markets).toBeGreaterThan(0.9);
    expect(seen.asMany / seen.markets).toBeGreaterThan(0.97);
    expect(excess[Math.floor(excess.length * 0.99)]).toBeLessThan(0.05);
  });

  const planned = (market: Market) => {
    const { prices, draft } = ascend(market, { passes: 4 });
    return { prices, draft };
  };

  test.each([
    { name: 'without elastic requests', limits: { kinds: unbroken }, numRuns: 400 },
    { name: 'with elastic requests', limits: small, numRuns: 60 },
  ])('grows no dearer by true reinsertion, nor by ruin and recreate, $name', ({ limits, numRuns }) => {
    let cheaper = 0;
    holds(limits, numRuns, (market) => {
      const { prices, draft } = planned(market);
      const costs = [[], [0], [0, 0]].map((guidance) => assess(market, seat(market, prices, draft, guidance).assignment).total);
      const { assignment, load } = seat(market, prices, draft, []);
      improve(market, prices, assignment, load, 40);
      const improved = assess(market, assignment);
      expect(improved.total).toBeCloseTo(assess(market, assignment, load).total, 6);
      const [seated = 0, once = 0, again = 0] = costs;
      for (const [after, before] of [
        [once, seated],
        [again, once],
        [improved.total, seated],
      ] as const)
        expect(after).toBeLessThanOrEqual(before + near(before));
      if (improved.total < seated - near(seated)) cheaper++;
    });
    expect(cheaper).toBeGreaterThan(0);
  });

  test('goes where surplus is, makes room for who needs it more, and pays a restart that is worth it', () => {
    const sunny = { importPrice: 100, curtailedKw: [0, 0, 1, 0] };
    const market = marketOf({
      slots: 4,
      sites: [{ ...sunny, pools: [{ capacity: 2 }] }],
      carbonPricePerKg: [0, 1],
      requests: [{}, { end: 3, earliest: 2 }, { kind: 'interruptible', length: 3, restartCost: 0.01 }],
    });
    const { assignment, cost, bound } = clear(market, { effort: 'thorough' });
    expect(cost.unplaced).toBe(0);
    expect(assignment.start[1]).toBe(2);
    expect(cost.total).toBeCloseTo(0.4, 9); // 5 kWh, 1 of them free
    expect(bound).toBeCloseTo(0.4, 3);
  });

  test('leaves out who is worth least when there is not room for all', () => {
    const worth = [1_000, 3_000, 2_000];
    const market = marketOf({ slots: 2, sites: [{}], requests: worth.map((unplacedCost) => ({ unplacedCost })) });
    expect(clear(market).assignment.option.map((option) => (option < 0 ? 0 : 1))).toEqual(Int32Array.of(0, 1, 1));
  });
});
