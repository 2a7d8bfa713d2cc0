/** The cheapest run: contiguous against every start, interruptible against every subset of slots. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Answer,
  anySearch,
  cheapestRun,
  cheapestSlots,
  kthSmallest,
  noAnswer,
  type Search,
} from '../../../scheduler/placement/response.ts';

type Prices = readonly (number | undefined)[];
const closed = Number.POSITIVE_INFINITY;
const columnOf = (prices: Prices) => Float64Array.from(prices, (price) => price ?? closed);
const searchOf = (prices: Prices, changes: Partial<Search> = {}): Search => ({ ...anySearch(), to: prices.length, ...changes });
const answered = (cost: number): Answer => ({ cost, start: 7, pattern: undefined });

/** Slots that an answer holds, from the first slot of the horizon. */
const slotsOf = ({ start, pattern }: Answer, length: number): number[] =>
  pattern
    ? [...pattern].flatMap((held, i) => (held > 0 ? [start + i] : []))
    : Array.from({ length: start < 0 ? 0 : length }, (_, i) => start + i);

/** What holding these slots costs, added up anew. */
function costOf(prices: Prices, slots: readonly number[], { length, fixed, waitPrice, release, restartCost }: Search): number {
  const restarts = slots.filter((slot, i) => i > 0 && slots[i - 1] !== slot - 1).length;
  const late = slots.reduce((sum, slot) => sum + slot - release, 0) / length - (length - 1) / 2;
  return slots.reduce((sum, slot) => sum + (prices[slot] ?? closed), fixed + restarts * restartCost + waitPrice * late);
}

/** The least cost of `length` slots of the window by trying every subset, or every unbroken one. */
function leastOf(prices: Prices, search: Search, isUnbroken: boolean): number {
  let least = closed;
  const grow = (slots: number[], next: number): void => {
    if (slots.length === search.length) {
      least = Math.min(least, costOf(prices, slots, search));
      return;
    }
    for (let slot = next; slot < search.to; slot++) {
      if (isUnbroken && slots.length > 0 && slot > next) return;
      grow([...slots, slot], slot + 1);
    }
  };
  grow([], search.from);
  return least;
}

const price = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -4, max: 8 }) },
  { weight: 2, arbitrary: fc.double({ min: -1, max: 3, noNaN: true }) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);
const searchArb = (slotsMax: number, lengthMax: number) =>
  fc.array(price, { minLength: 3, maxLength: slotsMax }).chain((prices) =>
    fc
      .record({
        from: fc.oneof(fc.constant(0), fc.nat(prices.length)),
        to: fc.oneof(fc.constant(prices.length), fc.nat(prices.length)),
        length: fc.integer({ min: 1, max: lengthMax }),
        fixed: fc.constantFrom(0, 0, 5, -2),
        waitPrice: fc.constantFrom(0, 0, 0.5, 2),
        early: fc.nat(3),
        restartCost: fc.constantFrom(0, 0.3, 1, 4, 50),
        breaksMax: fc.constant(Number.POSITIVE_INFINITY),
        accelerators: fc.integer({ min: 1, max: 4 }),
        level: fc.constant(0),
      })
      .map(({ early, ...search }) => ({ prices, search: { ...search, release: search.from - early } })),
  );

describe('the cheapest run', () => {
  test.each([
    { name: 'is unbroken, not the best bits', prices: [90, 400, 90, 200], length: 2, want: [2, 290] },
    { name: 'may be paid for', prices: [40, -25, -5, 60], length: 2, want: [1, -30] },
    { name: 'goes through a dear slot when what follows pays more', prices: [1, 5, -9, 0], length: 3, want: [1, -4] },
    { name: 'never spans a closed slot', prices: [10, undefined, 10, 10], length: 2, want: [2, 20] },
    { name: 'is the earliest on a tie', prices: [3, 1, 1, 1, 3, 1, 1], length: 2, want: [1, 2] },
    {
      name: 'is the earliest on a tie of tenths, whatever a running sum makes of them',
      prices: [0.3, 0.1, 0.2, 0.1, 0.2],
      length: 2,
      want: [1, expect.closeTo(0.3, 12)],
    },
    { name: 'may be all there is', prices: [1, 2, 3], length: 3, want: [0, 6] },
  ])('$name', ({ prices, length, want }) => {
    const answer = noAnswer();
    expect(cheapestRun(columnOf(prices), searchOf(prices, { length }), answer)).toBe(true);
    expect([answer.start, answer.cost]).toEqual(want);
  });

  test.each([
    { name: 'when there is too little', prices: [1, 2] },
    { name: 'when every window is closed somewhere', prices: [1, 1, undefined, 1, 1] },
    { name: 'when all is closed', prices: [undefined, undefined, undefined] },
    { name: 'when nothing is offered', prices: [] },
  ])('is none $name', ({ prices }) => {
    const answer = noAnswer();
    expect(cheapestRun(columnOf(prices), searchOf(prices, { length: 3 }), answer)).toBe(false);
    expect(answer).toEqual(noAnswer());
  });

  test('waits only for what is worth the wait, counted from the release', () => {
    const prices = [9, 10, 7, 6];
    const startAt = (waitPrice: number, release: number) => {
      const answer = noAnswer();
      cheapestRun(columnOf(prices), searchOf(prices, { waitPrice, release }), answer);
      return [answer.start, answer.cost];
    };
    expect(startAt(2, 0)).toEqual([0, 9]); // 9, 12, 11, 12
    expect(startAt(0.5, 0)).toEqual([3, 7.5]); // 9, 10.5, 8, 7.5
    expect(startAt(0.5, -2)).toEqual([3, 8.5]);
  });

  test('replaces an answer that costs more, whatever its shape, and no other', () => {
    const prices = [5, 3, 4];
    const held: Answer = { cost: 9, start: 1, pattern: Uint16Array.of(2, 0, 2) };
    expect(cheapestRun(columnOf(prices), searchOf(prices, { fixed: 6 }), held)).toBe(false);
    expect(held).toEqual({ cost: 9, start: 1, pattern: Uint16Array.of(2, 0, 2) }); // a tie changes nothing
    expect(cheapestRun(columnOf(prices), searchOf(prices, { fixed: 5 }), held)).toBe(true);
    expect(held).toEqual({ cost: 8, start: 1, pattern: undefined });
  });

  test('is what trying every start finds', () => {
    let found = 0;
    const property = fc.property(searchArb(30, 8), fc.constantFrom(closed, 4), ({ prices, search }, before) => {
      const answer = answered(before);
      const isLower = cheapestRun(columnOf(prices), search, answer);
      const least = leastOf(prices, { ...search, restartCost: 0 }, true);
      if (!isLower) {
        expect(answer).toEqual(answered(before));
        expect(least).toBeGreaterThanOrEqual(before - 1e-9);
        return;
      }
      found++;
      expect(answer.cost).toBeCloseTo(least, 9);
      expect(costOf(prices, slotsOf(answer, search.length), search)).toBeCloseTo(answer.cost, 9);
      expect(answer.start).toBeGreaterThanOrEqual(search.from);
      expect(answer.start + search.length).toBeLessThanOrEqual(search.to);
    });
    fc.assert(property, { numRuns: 2_000 });
    expect(found).toBeGreaterThan(200);
  });

  test('adds up a long day without losing a cent', () => {
    const day = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 600, maxLength: 672 });
    const property = fc.property(day, (prices) => {
      const answer = noAnswer();
      const search = searchOf(prices, { length: 96 });
      cheapestRun(columnOf(prices), search, answer);
      expect(answer.cost).toBeCloseTo(leastOf(prices, search, true), 9);
    });
    fc.assert(property, { numRuns: 15 });
  });
});

describe('the cheapest slots', () => {
  test.each([
    { name: 'are the best bits when a restart is free', prices: [90, 400, 90, 200], length: 2, restartCost: 0, want: [0, 2], cost: 180 },
    { name: 'pay a restart that is worth it', prices: [90, 400, 90, 200], length: 2, restartCost: 109, want: [0, 2], cost: 289 },
    { name: 'stay together when it is not', prices: [90, 400, 90, 200], length: 2, restartCost: 111, want: [2, 3], cost: 290 },
    { name: 'skip what is closed', prices: [1, undefined, 1, 9], length: 2, restartCost: 2, want: [0, 2], cost: 4 },
    { name: 'are the earliest on a tie', prices: [3, 1, 1, 1, 1], length: 2, restartCost: 0, want: [1, 2], cost: 2 },
    { name: 'lie together on a tie, if they can', prices: [1, 9, 1, 1, 9], length: 2, restartCost: 5, want: [2, 3], cost: 2 },
    { name: 'may be paid for', prices: [-5, 2, -5, 9], length: 2, restartCost: 1, want: [0, 2], cost: -9 },
    { name: 'take a dear slot rather than two restarts', prices: [1, 5, 1, 5, 1], length: 4, restartCost: 9, want: [0, 1, 2, 3], cost: 12 },
    {
      name: 'break once where twice would be too dear',
      prices: [1, 1, 4, 1, 9, 9, 1],
      length: 4,
      restartCost: 2.5,
      want: [0, 1, 2, 3],
      cost: 7,
    },
    { name: 'are all there is', prices: [2, 1, 3], length: 3, restartCost: 1, want: [0, 1, 2], cost: 6 },
  ])('$name', ({ prices, length, restartCost, want, cost }) => {
    const answer = noAnswer();
    const search = searchOf(prices, { length, restartCost, accelerators: 3 });
    expect(cheapestSlots(columnOf(prices), search, answer)).toBe(true);
    expect(slotsOf(answer, length)).toEqual(want);
    expect(answer.cost).toBeCloseTo(cost, 9);
    expect(new Set(answer.pattern ?? [3])).toEqual(new Set(answer.pattern ? [3, 0] : [3]));
  });

  test.each([
    { name: 'when too few are open', prices: [1, undefined, 2, undefined] },
    { name: 'when the window is too short', prices: [1, 2] },
  ])('are none $name', ({ prices }) => {
    const answer = noAnswer();
    expect(cheapestSlots(columnOf(prices), searchOf(prices, { length: 3, restartCost: 1 }), answer)).toBe(false);
    expect(answer).toEqual(noAnswer());
  });

  test('are what trying every subset finds, restarts and waiting included', () => {
    const seen = { solid: 0, broken: 0, none: 0 };
    const property = fc.property(searchArb(11, 6), fc.constantFrom(closed, closed, 6), ({ prices, search }, before) => {
      const answer = answered(before);
      const isLower = cheapestSlots(columnOf(prices), search, answer);
      const least = leastOf(prices, search, false);
      if (!isLower) {
        seen.none++;
        expect(answer).toEqual(answered(before));
        expect(least).toBeGreaterThanOrEqual(before - 1e-9);
        return;
      }
      seen[answer.pattern ? 'broken' : 'solid']++;
      const slots = slotsOf(answer, search.length);
      expect(answer.cost).toBeCloseTo(least, 9);
      expect(costOf(prices, slots, search)).toBeCloseTo(least, 9);
      expect(slots.length).toBe(search.length);
      expect(Math.min(...slots)).toBeGreaterThanOrEqual(search.from);
      expect(Math.max(...slots)).toBeLessThan(search.to);
      if (answer.pattern) expect([...answer.pattern].every((held) => held === 0 || held === search.accelerators)).toBe(true);
      if (answer.pattern) expect([answer.pattern.at(0), answer.pattern.at(-1)]).toEqual([search.accelerators, search.accelerators]);
    });
    fc.assert(property, { numRuns: 3_000 });
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(100);
  });

  test('are as cheap as the cheapest of a sorted list when more are needed than fit in a hand', () => {
    const day = fc.array(price, { minLength: 40, maxLength: 300 });
    const property = fc.property(day, fc.integer({ min: 20, max: 30 }), fc.constantFrom(0, 0.5), (prices, length, waitPrice) => {
      const search = searchOf(prices, { length, waitPrice });
      const answer = noAnswer();
      const open = prices.flatMap((own, slot) => (own === undefined ? [] : [own + (waitPrice * slot) / length]));
      expect(cheapestSlots(columnOf(prices), search, answer)).toBe(open.length >= length);
      if (open.length < length) return;
      const sorted = open.sort((a, b) => a - b).slice(0, length);
      const least = sorted.reduce((sum, own) => sum + own, 0) - (waitPrice * (length - 1)) / 2;
      expect(answer.cost).toBeCloseTo(least, 6);
      expect(costOf(prices, slotsOf(answer, length), search)).toBeCloseTo(least, 6);
    });
    fc.assert(property, { numRuns: 300 });
  });

  test('with restarts, of many slots, are what a table of (slot, held, running) finds', () => {
    /** The same by plain recursion over the best of each state, forwards. */
    const byTable = (prices: Prices, { length, restartCost }: Search) => {
      const start = (): number[] => new Array<number>(length + 1).fill(closed);
      let [on, off] = [start(), start()];
      off[0] = 0;
      for (const own of prices) {
        const [nextOn, nextOff] = [start(), start()];
        for (let held = 0; held <= length; held++) {
          nextOff[held] = Math.min(off[held] ?? closed, on[held] ?? closed);
          if (held === 0 || own === undefined) continue;
          const begun = (off[held - 1] ?? closed) + (held > 1 ? restartCost : 0);
          nextOn[held] = own + Math.min(begun, on[held - 1] ?? closed);
        }
        [on, off] = [nextOn, nextOff];
      }
      return Math.min(on[length] ?? closed, off[length] ?? closed);
    };
    let broken = 0;
    const day = fc.array(price, { minLength: 60, maxLength: 120 });
    const property = fc.property(day, fc.integer({ min: 20, max: 34 }), fc.constantFrom(0.5, 2, 6), (prices, length, restartCost) => {
      const search = searchOf(prices, { length, restartCost });
      const answer = noAnswer();
      cheapestSlots(columnOf(prices), search, answer);
      const least = byTable(prices, search);
      expect(answer.cost === least || Math.abs(answer.cost - least) < 1e-6).toBe(true);
      if (answer.start < 0) return;
      if (answer.pattern) broken++;
      expect(costOf(prices, slotsOf(answer, length), search)).toBeCloseTo(least, 6);
    });
    fc.assert(property, { numRuns: 200 });
    expect(broken).toBeGreaterThan(50);
  });
});

describe('the k-th smallest', () => {
  test('is what sorting finds, and what is smaller stands before it', () => {
    const values = fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true })), { minLength: 1, maxLength: 60 });
    const property = fc.property(values, fc.nat(), (list, any) => {
      const k = any % list.length;
      const column = Float64Array.from([...list, -1e300]); // what lies beyond `count` is not looked at
      const sorted = [...list].sort((a, b) => a - b);
      expect(kthSmallest(column, list.length, k)).toBe(sorted[k]);
      expect([...column.subarray(0, k + 1)].sort((a, b) => a - b)).toEqual(sorted.slice(0, k + 1));
      expect(column[list.length]).toBe(-1e300);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
