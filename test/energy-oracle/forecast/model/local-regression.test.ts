/** Local regression: what it predicts is a weighted least-squares fit of what it was told, done again by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLocalRegression } from '../../../../energy-oracle/forecast/model/local-regression.ts';

const config = { drivers: ['a', 'b'], halfLifeDays: 5, ridge: 0.1, intercept: false };

/** Minimises Σ w (y − m − β·(x − x̄))² + ridge β² for two drivers, by Cramer's rule; weights halve every five observations. */
function byHand(rows: readonly (readonly [number, number, number])[], asked: readonly [number, number], ridge: number, intercept: boolean) {
  const weights = rows.map((_, i) => 0.5 ** ((rows.length - 1 - i) / 5));
  const total = weights.reduce((sum, w) => sum + w, 0);
  const meanOf = (j: number) =>
    intercept ? rows.reduce((sum, row, i) => sum + (weights[i] as number) * (row[j] as number), 0) / total : 0;
  const [xa, xb, y] = [meanOf(0), meanOf(1), meanOf(2)];
  const sum = (f: (row: readonly [number, number, number]) => number) =>
    rows.reduce((all, row, i) => all + (weights[i] as number) * f(row), 0);
  const aa = sum((r) => (r[0] - xa) ** 2) + ridge;
  const bb = sum((r) => (r[1] - xb) ** 2) + ridge;
  const ab = sum((r) => (r[0] - xa) * (r[1] - xb));
  const ay = sum((r) => (r[0] - xa) * (r[2] - y));
  const by = sum((r) => (r[1] - xb) * (r[2] - y));
  const determinant = aa * bb - ab * ab;
  return y + ((ay * bb - by * ab) / determinant) * (asked[0] - xa) + ((by * aa - ay * ab) / determinant) * (asked[1] - xb);
}

const small = fc.double({ min: -2, max: 2, noNaN: true });
const rows = fc.array(fc.tuple(small, small, small), { minLength: 1, maxLength: 20 });

describe('a local regression', () => {
  test.each([false, true])('is a weighted least-squares fit (intercept: %s)', (intercept) =>
    fc.assert(
      fc.property(rows, small, small, (observed, a, b) => {
        const regression = createLocalRegression({ ...config, intercept }, 1);
        for (const [x, z, y] of observed) regression.absorb(0, Float64Array.of(x, z), y);
        expect(regression.predict(0, Float64Array.of(a, b))).toBeCloseTo(byHand(observed, [a, b], 0.1, intercept), 6);
      }),
    ),
  );

  test('says nothing of a time of day that it has not seen', () => {
    const regression = createLocalRegression(config, 24);
    regression.absorb(12, Float64Array.of(1, 0), 5);
    expect(regression.predict(11, Float64Array.of(1, 0))).toBeNaN();
    expect(regression.predict(12, Float64Array.of(1, 0))).toBeGreaterThan(4);
  });

  test('follows what has changed', () => {
    const regression = createLocalRegression({ ...config, drivers: ['a'] }, 1);
    for (let day = 0; day < 40; day++) regression.absorb(0, Float64Array.of(1), day < 20 ? 1 : 2);
    expect(regression.predict(0, Float64Array.of(1))).toBeGreaterThan(1.8);
  });

  test('answers anew after a question, when more was absorbed', () => {
    const regression = createLocalRegression({ ...config, drivers: ['a'] }, 1);
    regression.absorb(0, Float64Array.of(1), 1);
    const before = regression.predict(0, Float64Array.of(1));
    regression.absorb(0, Float64Array.of(1), 3);
    expect(regression.predict(0, Float64Array.of(1))).toBeGreaterThan(before);
  });
});
