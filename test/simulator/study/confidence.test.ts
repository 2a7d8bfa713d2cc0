/** Confidence intervals: Student's t against published tables, pairs against what they pair. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { intervalOf, pairedChange, pairedSaving, studentT975 } from '../../../simulator/study/confidence.ts';

describe('Student’s t at 97.5 %', () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2
  test.each([
    [1, 12.706],
    [2, 4.303],
    [5, 2.571],
    [9, 2.262],
    [30, 2.042],
    [31, 2.04],
    [40, 2.021],
    [60, 2.0],
    [99, 1.984],
  ])('of %i degrees of freedom is %f', (degrees, published) => expect(studentT975(degrees)).toBeCloseTo(published, 3));

  test('falls towards the normal', () => {
    for (let degrees = 1; degrees < 200; degrees++) expect(studentT975(degrees)).toBeGreaterThan(studentT975(degrees + 1));
    expect(studentT975(1e6)).toBeCloseTo(1.96, 4);
  });
});

describe('an interval', () => {
  test('is the mean, and t × s ÷ √n on either side', () => {
    // mean 5, s² = (9 + 1 + 1 + 9) ÷ 3 = 20/3, t(3) = 3.182
    const half = 3.182 * Math.sqrt(20 / 3 / 4);
    expect(intervalOf([2, 4, 6, 8])).toEqual({ mean: 5, low: 5 - half, high: 5 + half, seeds: 4 });
  });

  test('is the value alone when there is one', () => expect(intervalOf([7])).toEqual({ mean: 7, low: 7, high: 7, seeds: 1 }));

  test('of nothing is refused', () => expect(() => intervalOf([])).toThrow(RangeError));
});

describe('a pair', () => {
  test('takes out what a seed does to both', () => {
    const seeds = [100, 1_000, 10_000];
    const halves = seeds.map((value) => value / 2);
    expect(pairedSaving(halves, seeds)).toEqual({ mean: 50, low: 50, high: 50, seeds: 3 });
  });

  test('is a share of a baseline above 0, and else not a number', () => {
    expect(pairedSaving([-3], [-2]).mean).toBeNaN();
    expect(pairedSaving([3], [0]).mean).toBeNaN();
    expect(pairedChange([-3, 3], [-2, 0]).mean).toBe(1);
  });

  test('needs both', () => expect(() => pairedSaving([1], [1, 2])).toThrow(/found 1 and 2/));

  test('changes by the difference of the means, whatever the spread', () => {
    const values = fc.array(fc.tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: -1e6, max: 1e6 })), {
      minLength: 2,
      maxLength: 9,
    });
    fc.assert(
      fc.property(values, (pairs) => {
        const [ours, theirs] = [pairs.map(([own]) => own), pairs.map(([, other]) => other)];
        const { mean, low, high } = pairedChange(ours, theirs);
        expect(mean).toBeCloseTo(intervalOf(ours).mean - intervalOf(theirs).mean, 6);
        expect(low <= mean && mean <= high).toBe(true);
      }),
    );
  });
});
