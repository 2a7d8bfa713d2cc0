/** The cheapest window, against the sum of every window there is. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cheapestWindow, type Window } from '../../../scheduler/placement/window.ts';

interface Search {
  readonly first: number;
  readonly lastStart: number;
  readonly waitCost: number;
}
const anywhere: Search = { first: 0, lastStart: 1_000, waitCost: 0 };

/** Adds up every window of the length, the earliest cheapest one wins. */
function slowly(cost: readonly (number | undefined)[], length: number, { first, lastStart, waitCost }: Search): Window | undefined {
  let best: Window | undefined;
  for (let from = first; from <= lastStart && from + length <= cost.length; from++) {
    const slots = cost.slice(from, from + length);
    if (slots.includes(undefined)) continue;
    const total = (slots as number[]).reduce((sum, value) => sum + value, 0) + waitCost * (from - first);
    if (!best || total < best.cost) best = { from, to: from + length, cost: total };
  }
  return best;
}

describe('the cheapest window', () => {
  test.each([
    { name: 'is unbroken, not the best bits', cost: [90, 400, 90, 200], length: 2, want: [2, 4] },
    { name: 'may be paid for', cost: [40, -25, -5, 60], length: 2, want: [1, 3] },
    { name: 'goes through a dear slot when what follows pays more', cost: [1, 5, -9, 0], length: 3, want: [1, 4] },
    { name: 'never spans a closed slot', cost: [10, undefined, 10, 10], length: 2, want: [2, 4] },
    { name: 'is the earliest on a tie', cost: [3, 1, 1, 1, 3, 1, 1], length: 2, want: [1, 3] },
    {
      name: 'is the earliest on a tie of tenths, whatever a running sum makes of them',
      cost: [0.3, 0.1, 0.2, 0.1, 0.2],
      length: 2,
      want: [1, 3],
    },
    { name: 'may be all there is', cost: [1, 2, 3], length: 3, want: [0, 3] },
    { name: 'is none when there is too little', cost: [1, 2], length: 3, want: undefined },
    { name: 'is none when every window is closed somewhere', cost: [1, undefined, 1, undefined], length: 2, want: undefined },
  ])('$name', ({ cost, length, want }) => {
    const found = cheapestWindow(cost, length, anywhere);
    expect(found && [found.from, found.to]).toEqual(want);
  });

  test('starts no later than it may, however cheap it would be', () => {
    const cost = [5, 5, 5, 1, 1];
    expect(cheapestWindow(cost, 2, { ...anywhere, lastStart: 2 })).toEqual({ from: 2, to: 4, cost: 6 });
    expect(cheapestWindow(cost, 2, { ...anywhere, lastStart: 3 })).toEqual({ from: 3, to: 5, cost: 2 });
    expect(cheapestWindow([undefined, 5], 1, { ...anywhere, lastStart: 0 })).toBeUndefined();
  });

  test('starts no earlier than it may', () =>
    expect(cheapestWindow([1, 1, 5, 5], 2, { ...anywhere, first: 1 })).toEqual({ from: 1, to: 3, cost: 6 }));

  test('waits only for what is worth the wait, counted from the first slot', () => {
    const cost = [9, 10, 7, 6];
    expect(cheapestWindow(cost, 1, { ...anywhere, waitCost: 2 })).toEqual({ from: 0, to: 1, cost: 9 }); // 9, 12, 11, 12
    expect(cheapestWindow(cost, 1, { ...anywhere, waitCost: 0.5 })).toEqual({ from: 3, to: 4, cost: 7.5 }); // 9, 10.5, 8, 7.5
  });

  test('is the one that adding up every window finds', () => {
    let found = 0;
    const slot = fc.option(fc.integer({ min: -50, max: 50 }), { nil: undefined, freq: 6 });
    fc.assert(
      fc.property(
        fc.array(slot, { maxLength: 30 }),
        fc.integer({ min: 1, max: 6 }),
        fc.record({ first: fc.nat(10), lastStart: fc.nat(30), waitCost: fc.nat(5) }),
        (cost, length, search) => {
          const want = slowly(cost, length, search);
          if (want) found++;
          expect(cheapestWindow(cost, length, search)).toEqual(want);
        },
      ),
      { numRuns: 600 },
    );
    expect(found).toBeGreaterThan(50);
  });

  test('costs what it says, in fractions too, and no window is cheaper', () =>
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 4, maxLength: 384 }),
        fc.integer({ min: 1, max: 4 }),
        (cost, length) => {
          const found = cheapestWindow(cost, length, anywhere);
          const want = slowly(cost, length, anywhere);
          expect(found?.cost).toBeCloseTo(want?.cost ?? Number.NaN, 9);
        },
      ),
      { numRuns: 100 },
    ));
});
