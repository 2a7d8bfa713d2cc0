/** Elastic shares and their bound, against every pattern of a few slots. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cheapestShares, elasticBound } from '../../../scheduler/placement/elastic.ts';
import { type Answer, anySearch, noAnswer, type Search } from '../../../scheduler/placement/response.ts';

const closed = Number.POSITIVE_INFINITY;

interface Ask {
  readonly prices: readonly (number | undefined)[];
  readonly free: readonly number[];
  readonly length: number;
  readonly most: number;
  readonly exponent: number;
  readonly waitPrice: number;
  readonly fixed: number;
  readonly release: number;
}

const columnOf = ({ prices }: Ask) => Float64Array.from(prices, (price) => price ?? closed);
const searchOf = ({ prices, length, waitPrice, fixed, release }: Ask): Search => ({
  ...anySearch(),
  to: prices.length,
  length,
  waitPrice,
  fixed,
  release,
});
const workOf = (held: number, exponent: number) => (held === 0 ? 0 : held ** exponent);
const costOf = ({ prices, length, exponent, waitPrice, fixed, release }: Ask, held: readonly number[]) =>
  held.reduce(
    (sum, share, slot) =>
      sum + (share === 0 ? 0 : share * (prices[slot] ?? closed) + (waitPrice * (slot - release) * workOf(share, exponent)) / length),
    fixed,
  );

/** Every pattern that does the work with what is free. */
function patternsOf({ prices, free, length, most, exponent }: Ask): number[][] {
  let patterns: number[][] = [[]];
  for (const [slot, price] of prices.entries()) {
    const shares = Array.from({ length: price === undefined ? 1 : Math.min(most, free[slot] ?? 0) + 1 }, (_, held) => held);
    patterns = patterns.flatMap((head) => shares.map((held) => [...head, held]));
  }
  return patterns.filter((held) => held.reduce((sum, share) => sum + workOf(share, exponent), 0) >= length - 1e-9);
}
const leastOf = (ask: Ask) => Math.min(closed, ...patternsOf(ask).map((held) => costOf(ask, held)));

function shareOut(ask: Ask, before = closed): { readonly answer: Answer; readonly held: readonly number[]; readonly isLower: boolean } {
  const answer = { ...noAnswer(), cost: before };
  const isLower = cheapestShares(columnOf(ask), searchOf(ask), ask.most, ask.exponent, (slot) => ask.free[slot] ?? 0, answer);
  const held = ask.prices.map((_, slot) => answer.pattern?.[slot - answer.start] ?? 0);
  return { answer, held, isLower };
}
const boundOf = (ask: Ask) => elasticBound(columnOf(ask), searchOf(ask), ask.waitPrice, ask.most, ask.exponent);

const wide: Ask = { prices: [1, 1, 1], free: [4, 4, 4], length: 3, most: 4, exponent: 0.5, waitPrice: 0, fixed: 0, release: 0 };

const askArb = (slotsMax: number, isPaid: boolean): fc.Arbitrary<Ask> =>
  fc.integer({ min: 1, max: slotsMax }).chain((slots) =>
    fc.record({
      prices: fc.array(
        fc.oneof(
          { weight: 5, arbitrary: fc.integer({ min: isPaid ? -6 : 0, max: 20 }).map((price) => price / 4) },
          { weight: 1, arbitrary: fc.constant(undefined) },
        ),
        { minLength: slots, maxLength: slots },
      ),
      free: fc.oneof(fc.constant(new Array<number>(slots).fill(4)), fc.array(fc.nat(4), { minLength: slots, maxLength: slots })),
      length: fc.integer({ min: 1, max: 6 }),
      most: fc.integer({ min: 1, max: 4 }),
      exponent: fc.constantFrom(0.3, 0.5, 0.8, 1),
      waitPrice: fc.constantFrom(0, 0, 0.5, 5),
      fixed: fc.constantFrom(0, 2),
      release: fc.constantFrom(0, 0, -2),
    }),
  );

describe('the cheapest shares', () => {
  test.each<{ name: string; changes: Partial<Ask>; want: readonly number[] }>([
    { name: 'spread where more help less', changes: {}, want: [1, 1, 1] },
    { name: 'widen where time is dear', changes: { waitPrice: 90, length: 2 }, want: [4, 0, 0] },
    { name: 'are all of the cheapest slot where more help as much', changes: { exponent: 1, prices: [3, 1, 2] }, want: [0, 3, 0] },
    { name: 'widen in the cheap slots', changes: { prices: [1, 9, 1.1], length: 2.4 }, want: [2, 0, 1] },
    { name: 'pass over what is closed', changes: { prices: [1, undefined, 1], length: 2 }, want: [1, 0, 1] },
    { name: 'pass over what others hold', changes: { free: [1, 0, 1], length: 2 }, want: [1, 0, 1] },
    { name: 'take all that pays', changes: { prices: [-1, 5, 5], length: 1 }, want: [4, 0, 0] },
    {
      name: 'go on in a dear slot when the one that pays is nearly full',
      changes: { prices: [-1, 1], free: [1, 1], length: 2, exponent: 1 },
      want: [1, 1],
    },
  ])('$name', ({ changes, want }) => {
    const ask = { ...wide, ...changes };
    const { held, answer } = shareOut(ask);
    expect(held).toEqual(want.slice(0, ask.prices.length));
    expect(answer.cost).toBeCloseTo(costOf(ask, held), 9);
  });

  test('are none when all accelerators in all slots are too few', () => {
    const { isLower, answer } = shareOut({ ...wide, length: 7 }); // 3 × 4 ** 0.5 = 6
    expect([isLower, answer]).toEqual([false, noAnswer()]);
    expect(shareOut({ ...wide, length: 4, free: [1, 1, 1] }).isLower).toBe(false);
  });

  test('leave a cheaper answer alone', () => {
    const { isLower, answer } = shareOut(wide, 3);
    expect([isLower, answer.cost, answer.start]).toEqual([false, 3, -1]);
  });

  test.each([
    { name: 'at prices that are paid', isPaid: false },
    { name: 'at prices that pay, too', isPaid: true },
  ])('do the work in what is free, found whenever there is a way, $name', ({ isPaid }) => {
    const seen = { found: 0, none: 0 };
    const property = fc.property(askArb(4, isPaid), (ask) => {
      const { held, answer, isLower } = shareOut(ask);
      const least = leastOf(ask);
      expect(isLower).toBe(least < closed);
      seen[isLower ? 'found' : 'none']++;
      if (!isLower) return;
      for (const [slot, share] of held.entries()) expect(share).toBeLessThanOrEqual(Math.min(ask.most, ask.free[slot] ?? 0));
      expect(held.reduce((sum, share) => sum + workOf(share, ask.exponent), 0)).toBeGreaterThanOrEqual(ask.length - 1e-9);
      expect(answer.cost).toBeCloseTo(costOf(ask, held), 9);
      expect(answer.cost).toBeGreaterThanOrEqual(least - 1e-9);
      expect([answer.pattern?.at(0) === 0, answer.pattern?.at(-1) === 0]).toEqual([false, false]);
    });
    fc.assert(property, { numRuns: 1_500 });
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(100);
  });

  test('are the cheapest there are, nine times in ten, where nobody else holds any', () => {
    const seen = { found: 0, cheapest: 0 };
    const property = fc.property(askArb(4, false), (own) => {
      const ask = { ...own, free: own.prices.map(() => 4) };
      const { answer, isLower } = shareOut(ask);
      if (!isLower) return;
      seen.found++;
      if (answer.cost <= leastOf(ask) + 1e-9) seen.cheapest++;
    });
    fc.assert(property, { numRuns: 1_500 });
    expect(seen.cheapest / seen.found).toBeGreaterThan(0.9);
  });
});

describe('the bound of an elastic job', () => {
  test.each([
    { name: 'at prices that are paid', isPaid: false },
    { name: 'at prices that pay, too', isPaid: true },
  ])('is no more than the cheapest pattern, $name', ({ isPaid }) => {
    const property = fc.property(askArb(4, isPaid), (ask) => {
      const all = { ...ask, free: ask.prices.map(() => 4), fixed: 0 };
      const least = leastOf(all);
      expect(boundOf(all)).toBeLessThanOrEqual(least + 1e-9);
      expect(boundOf(all) === closed).toBe(least === closed);
    });
    fc.assert(property, { numRuns: 1_500 });
  });

  test('is the cheapest itself where the work comes out even', () => {
    expect(boundOf(wide)).toBeCloseTo(3, 6);
    expect(boundOf({ ...wide, exponent: 1, length: 4, prices: [3, 1, 2] })).toBeCloseTo(4, 6);
  });
});
