/** The cheapest slots of a sliding window: against sorting every window anew. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cheapestSlots, ranked } from '../../../simulator/experiments/cheapest-slots.ts';

const sorted = (values: readonly number[], count: number, window: number, starts: number) =>
  Array.from({ length: starts }, (_, start) => {
    const least = values.slice(start, start + window).sort((a, b) => a - b);
    return least.slice(0, count).reduce((sum, value) => sum + value, 0);
  });

describe('the cheapest slots', () => {
  test.each([
    { name: 'are the least of each window', values: [5, 1, 4, 2, 3], count: 2, window: 3, starts: 3, want: [5, 3, 5] },
    { name: 'are those there are in a window cut at the end', values: [5, 1, 4, 2, 3], count: 2, window: 3, starts: 4, want: [5, 3, 5, 5] },
    { name: 'may be paid for', values: [1, -2, 1], count: 1, window: 2, starts: 2, want: [-2, -2] },
    { name: 'are the whole window when all of it is needed', values: [1, 2, 3], count: 3, window: 3, starts: 1, want: [6] },
  ])('$name', ({ values, count, window, starts, want }) =>
    expect([...cheapestSlots(ranked(Float64Array.from(values)), count, window, starts)]).toEqual(want),
  );

  test('are what sorting every window finds, ties and all', () => {
    const given = fc
      .record({ values: fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 150 }), count: fc.nat(), window: fc.nat() })
      .map(({ values, count, window }) => {
        const least = 1 + (count % values.length);
        return { values, count: least, window: least + (window % (values.length + 1)), starts: values.length - least + 1 };
      });
    const property = fc.property(given, ({ values, count, window, starts }) => {
      const found = cheapestSlots(ranked(Float64Array.from(values)), count, window, starts);
      expect([...found]).toEqual(sorted(values, count, window, starts));
    });
    fc.assert(property, { numRuns: 500 });
  });

  test('that do not fit are a bug', () => {
    expect(() => cheapestSlots(ranked(new Float64Array(4)), 3, 2, 1)).toThrow(/3 slots do not fit/);
    expect(() => cheapestSlots(ranked(new Float64Array(4)), 3, 4, 3)).toThrow(RangeError);
  });
});
