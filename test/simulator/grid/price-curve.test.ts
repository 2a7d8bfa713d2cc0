/** Price curve: monotone whatever it is learned from. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitPriceCurve, neverFalling, priceChange, priceLevel, relativePriceAt } from '../../../simulator/grid/price-curve.ts';
import { all } from './zones.ts';

describe('values made to never fall', () => {
  test.each([
    { name: 'stay when they rise', values: [1, 2, 2, 5], want: [1, 2, 2, 5] },
    { name: 'take the mean where they fall', values: [1, 5, 3, 6], want: [1, 4, 4, 6] },
    { name: 'pool back as far as needed', values: [4, 5, 0, 9], want: [3, 3, 3, 9] },
    { name: 'are one mean when they only fall', values: [3, 2, 1], want: [2, 2, 2] },
  ])('$name', ({ values, want }) => expect(neverFalling(values)).toEqual(want));
  test('keep their sum', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 1 }), (values) => {
        const made = neverFalling(values);
        expect(made.reduce((a, b) => a + b)).toBeCloseTo(values.reduce((a, b) => a + b));
        made.slice(1).forEach((value, i) => void expect(value).toBeGreaterThanOrEqual(made[i] as number));
      }),
    ));
});

describe('a price curve', () => {
  const curve = { knotsMw: [100, 200, 400], relative: [0.5, 1, 2], level: all(1, 40) };
  test.each([
    { mw: 50, want: 0.5 },
    { mw: 100, want: 0.5 },
    { mw: 150, want: 0.75 },
    { mw: 300, want: 1.5 },
    { mw: 400, want: 2 },
    { mw: 460, want: 2.3 },
  ])('is $want of its level at $mw MW: flat below its first knot, steep on above its last', ({ mw, want }) =>
    expect(relativePriceAt(curve, mw)).toBeCloseTo(want),
  );
  test('changes a price by the level of its hour', () => expect(priceChange(curve, 0, 150, 300)).toBeCloseTo(40 * 0.75));

  test('finds the price that a residual load had', () => {
    const residual = Float64Array.from({ length: 4_000 }, (_, h) => 1_000 + 500 * Math.sin(h / 7) + (h % 13));
    const fitted = fitPriceCurve(
      residual.map((mw) => mw / 20),
      residual,
    );
    expect(priceChange(fitted as NonNullable<typeof fitted>, 2_000, 800, 1_200)).toBeCloseTo(20, 0);
  });
  test('is learned from no fewer than 25 hours', () => expect(fitPriceCurve(all(24, 40), all(24, 1))).toBeUndefined());
  test('never falls, whatever it was learned from', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: -100, max: 500, noNaN: true }), fc.double({ min: 0, max: 1_000, noNaN: true })), {
          minLength: 60,
        }),
        fc.array(fc.double({ min: -500, max: 2_000, noNaN: true }), { minLength: 2, maxLength: 20 }),
        (points, loads) => {
          const fitted = fitPriceCurve(
            Float64Array.from(points, ([price]) => price),
            Float64Array.from(points, ([, mw]) => mw),
          );
          const along = loads.sort((a, b) => a - b).map((mw) => relativePriceAt(fitted as NonNullable<typeof fitted>, mw));
          along.slice(1).forEach((value, i) => void expect(value).toBeGreaterThanOrEqual((along[i] as number) - 1e-9));
        },
      ),
    ));
  test('stands on the level of its month, not of its year, and at least on one unit of currency', () => {
    const price = Float64Array.from({ length: 24 * 120 }, (_, h) => (h < 24 * 60 ? -20 : 90));
    expect([priceLevel(price)[24 * 20], priceLevel(price)[24 * 100]]).toEqual([1, 90]);
  });
});
