/** The outside truth itself: two ways to the optimum, and one worked by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Assignment, Market } from '../../../scheduler/placement/market.ts';
import { bruteForce, costOf, lpBound, optimum, plansOf } from './exact.ts';
import { arbitraryMarket, marketOf, type RequestSketch } from './markets.ts';

const tiny = { sitesMax: 2, poolsMax: 2, slotsMax: 5, requestsMax: 4 };
const plansTried = 20_000;
const isTiny = (market: Market) => plansOf(market) <= plansTried;
const near = (cost: number) => 1e-7 * Math.max(1, Math.abs(cost));
const planOf = (...runs: readonly (readonly [option: number, start: number, pattern?: readonly number[]])[]): Assignment => ({
  option: Int32Array.from(runs, ([option]) => option),
  start: Int32Array.from(runs, ([, start]) => start),
  pattern: runs.map(([, , pattern]) => pattern && Uint16Array.from(pattern)),
});

describe('the optimum', () => {
  test.each([
    { name: 'of contiguous requests', kinds: ['contiguous'], seed: 1, markets: 200 },
    { name: 'of interruptible ones', kinds: ['interruptible'], seed: 2, markets: 60 },
    { name: 'of both', kinds: ['contiguous', 'interruptible'], seed: 3, markets: 60 },
  ] as const)('$name is what trying every plan finds, and no relaxation costs more', async ({ kinds, seed, markets }) => {
    const property = fc.asyncProperty(arbitraryMarket({ ...tiny, kinds }).filter(isTiny), async (market) => {
      const [tried, { cost, objective, assignment }, bound] = [bruteForce(market), await optimum(market), await lpBound(market)];
      expect(Math.abs(cost - tried)).toBeLessThanOrEqual(near(tried));
      expect(costOf(market, assignment)).toBe(cost);
      expect(Math.abs(objective - cost)).toBeLessThanOrEqual(near(cost));
      expect(bound).toBeLessThanOrEqual(cost + near(cost));
    });
    await fc.assert(property, { numRuns: markets, seed });
  });

  const sites = [{ importPrice: [100, 300, 100, 50], curtailedKw: [0, 0, 1, 0] }];
  test.each<{ name: string; requests: RequestSketch[]; want: number }>([
    { name: 'waits for surplus and the cheap night', requests: [{ length: 2 }], want: 0.05 },
    { name: 'does not wait for more than it saves', requests: [{ length: 2, waitPrice: 0.2 }], want: 0.4 },
    { name: 'lets the interrupted skip the dear slot', requests: [{ kind: 'interruptible', length: 3, restartCost: 0.1 }], want: 0.25 },
    { name: 'keeps it going when a restart is dearer', requests: [{ kind: 'interruptible', length: 3, restartCost: 0.3 }], want: 0.35 },
    { name: 'leaves out who finds no accelerator', requests: [{ length: 3 }, { length: 2 }], want: 1000.05 },
    { name: 'keeps a budget', requests: [{ length: 4, budget: 0.44 }], want: 1000 },
    { name: 'spends a budget', requests: [{ length: 4, budget: 0.45 }], want: 0.45 },
  ])('$name', async ({ requests, want }) => {
    const market = marketOf({ slots: 4, sites, requests });
    expect((await optimum(market)).cost).toBeCloseTo(want, 9);
    expect(bruteForce(market)).toBeCloseTo(want, 9);
  });

  test('gives surplus to the class whose grid energy is dearest', async () => {
    const shared = { importPrice: 100, carbonIntensity: 500, curtailedKw: 1, pools: [{ capacity: 2 }] };
    const requests = [{ weightClass: 0 }, { weightClass: 1 }];
    const market = marketOf({ slots: 1, sites: [shared], carbonPricePerKg: [0, 1], requests });
    expect((await optimum(market)).cost).toBeCloseTo(0.1, 9);
  });

  test('of an elastic request is tried out: alone it spreads, in a hurry it widens', () => {
    const wide = { kind: 'elastic', length: 2, accelerators: 2, speedExponent: 0.5 } as const;
    const marketWith = (waitPrice: number) =>
      marketOf({ slots: 3, sites: [{ pools: [{ capacity: 2 }] }], requests: [{ ...wide, waitPrice }] });
    expect(bruteForce(marketWith(0))).toBeCloseTo(0.2, 9); // one and one: 2 kWh
    expect(bruteForce(marketWith(9))).toBeCloseTo(0.3 + (9 * 1) / (1 + Math.SQRT2), 9); // two, then one
  });
});

describe('the cost of a plan', () => {
  const market = marketOf({
    slots: 4,
    sites: [{ importPrice: [100, undefined, 100, 100], exportableKw: 1, feedInTariff: 40, pools: [{ capacity: 2, ask: 0.01 }] }],
    requests: [
      { kind: 'interruptible', length: 2, restartCost: 0.5, waitPrice: 0.1, transferCost: 0.2, transferG: 100 },
      { length: 2, accelerators: 2, end: 4 },
    ],
    carbonPricePerKg: [1],
  });

  test('is energy, ask, transfer with its carbon, restarts and wait', () =>
    expect(costOf(market, planOf([0, 0, [1, 0, 1]], [-1, 0]))).toBeCloseTo(2 * 0.04 + 2 * 0.01 + 0.3 + 0.5 + 0.1 * 0.5 + 1000, 9));
  test.each([
    { name: 'a closed slot', plan: planOf([0, 0], [-1, 0]), law: /request 0 holds a slot that is not known/ },
    { name: 'a window', plan: planOf([-1, 0], [1, 3]), law: /request 1 lies outside its window/ },
    { name: 'an unbroken run', plan: planOf([-1, 0], [1, 0, [2, 0, 2]]), law: /request 1 is broken/ },
    { name: 'what was asked', plan: planOf([-1, 0], [1, 2, [2, 1]]), law: /request 1 holds not what it asked/ },
    { name: 'an option of another', plan: planOf([1, 2], [-1, 0]), law: /request 0 has no option 1/ },
    { name: 'capacity', plan: planOf([0, 2], [1, 2]), law: /pool 0 has 2 accelerators in slot 2, 3 are taken/ },
  ])('does not exist against the law of $name', ({ plan, law }) => expect(() => costOf(market, plan)).toThrow(law));
});

describe('a random market', () => {
  const seen = fc.sample(arbitraryMarket({ kinds: ['contiguous', 'interruptible', 'elastic'] }), { numRuns: 400, seed: 1 });
  const share = (is: (market: Market) => boolean) => seen.filter(is).length / seen.length;
  test.each<{ name: string; is: (market: Market) => boolean }>([
    { name: 'paid energy', is: ({ offers }) => offers.importPrice.some((price, i) => offers.known[i] === 1 && price < 0) },
    { name: 'closed slots', is: ({ offers }) => offers.known.includes(0) },
    { name: 'slots without accelerators', is: ({ offers }) => offers.capacity.includes(0) },
    { name: 'no surplus', is: ({ offers }) => !offers.curtailedKw.some((kw) => kw > 0) },
    { name: 'budgets', is: ({ requests }) => requests.budget.some(Number.isFinite) },
    { name: 'requests that fit nowhere', is: ({ requests }) => requests.firstOption.some((first, i, all) => first === all[i + 1]) },
    { name: 'all kinds', is: ({ requests }) => new Set(requests.kind).size === 3 },
  ])('has $name now and then', ({ is }) => expect(share(is)).toBeGreaterThan(0.1));
  test('is contiguous unless asked otherwise', () =>
    expect(fc.sample(arbitraryMarket(), 50).every(({ requests }) => requests.kind.every((kind) => kind === 0))).toBe(true));
});
