/**
 * Ridge: the exact solution, checked against what makes it one rather than against its own numbers.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitRidge } from '../../../../energy-oracle/forecast/model/ridge.ts';

/** Rows of a seeded law: y = 3 + 2·a − b + noise. */
function rowsOf(count: number, noise: number) {
  let state = 7;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const features = new Float32Array(count * 2).map(() => uniform() * 4 - 1);
  const targets = new Float32Array(count).map(
    (_, i) => 3 + 2 * (features[2 * i] ?? 0) - (features[2 * i + 1] ?? 0) + noise * (uniform() - 0.5),
  );
  return { count, width: 2, features, targets };
}

describe('a ridge', () => {
  test('finds the law where there is no noise and no penalty', () => {
    const { intercept, coefficients } = fitRidge(rowsOf(50, 0), 0);
    expect(intercept).toBeCloseTo(3, 5);
    expect([...coefficients]).toEqual([expect.closeTo(2, 5), expect.closeTo(-1, 5)]);
  });

  test('predicts the line it has found', () => {
    const ridge = fitRidge(rowsOf(50, 0), 0);
    expect([...ridge.predict({ count: 2, width: 2, features: Float32Array.of(1, 1, 0, 2) })]).toEqual([
      expect.closeTo(4, 4),
      expect.closeTo(1, 4),
    ]);
  });

  test('stands where the penalised loss is flat in every direction, whatever the rows', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 }), fc.integer({ min: -9, max: 9 }), fc.nat(5)),
          {
            minLength: 4,
            maxLength: 30,
          },
        ),
        fc.integer({ min: 1, max: 20 }),
        (found, tenths) => {
          fc.pre(found.some(([, , , weight]) => weight > 0));
          const lambda = tenths / 10;
          const ridge = fitRidge(
            {
              count: found.length,
              width: 2,
              features: Float32Array.from(found.flatMap((row) => row.slice(0, 2))),
              targets: Float32Array.from(found, ([, , y]) => y),
              weights: Float32Array.from(found, ([, , , weight]) => weight),
            },
            lambda,
          );
          const total = found.reduce((sum, [, , , weight]) => sum + weight, 0);
          const mean = (of: (row: (typeof found)[number]) => number) => found.reduce((sum, row) => sum + row[3] * of(row), 0) / total;
          const left = (row: (typeof found)[number]) =>
            row[2] - ridge.intercept - row[0] * (ridge.coefficients[0] ?? 0) - row[1] * (ridge.coefficients[1] ?? 0);
          expect(mean(left)).toBeCloseTo(0, 6);
          for (const j of [0, 1] as const) {
            const variance = mean((row) => row[j] ** 2) - mean((row) => row[j]) ** 2;
            expect(mean((row) => left(row) * row[j])).toBeCloseTo(lambda * variance * (ridge.coefficients[j] ?? 0), 5);
          }
        },
      ),
    ));

  test('counts a row of weight two as two rows', () => {
    const rows = rowsOf(9, 1);
    const twice = {
      count: 10,
      width: 2,
      features: Float32Array.of(...rows.features, ...rows.features.subarray(0, 2)),
      targets: Float32Array.of(...rows.targets, rows.targets[0] ?? 0),
    };
    const weighted = fitRidge({ ...rows, weights: new Float32Array(9).fill(1).fill(2, 0, 1) }, 0.3);
    const repeated = fitRidge(twice, 0.3);
    for (const [j, value] of repeated.coefficients.entries()) expect(weighted.coefficients[j]).toBeCloseTo(value, 9);
  });

  test('shrinks towards the mean of the targets as the penalty grows', () => {
    const rows = rowsOf(50, 1);
    const mean = rows.targets.reduce((sum, value) => sum + value, 0) / 50;
    expect(fitRidge(rows, 1e9).predict({ count: 1, width: 2, features: Float32Array.of(9, 9) })[0]).toBeCloseTo(mean, 4);
  });

  test('gives nothing to a feature that never moved', () => {
    const { features, targets } = rowsOf(20, 0);
    const held = Float32Array.from({ length: 60 }, (_, i) => (i % 3 === 2 ? 5 : (features[Math.floor(i / 3) * 2 + (i % 3)] ?? 0)));
    expect(fitRidge({ count: 20, width: 3, features: held, targets }, 0).coefficients[2]).toBe(0);
  });

  test('refuses features that repeat each other, unless a penalty tells them apart', () => {
    const twins = { count: 3, width: 2, features: Float32Array.of(1, 1, 2, 2, 4, 4), targets: Float32Array.of(1, 2, 4) };
    expect(() => fitRidge(twins, 0)).toThrow('feature 1 repeats others');
    const [first, second] = fitRidge(twins, 0.1).coefficients;
    expect(first).toBeCloseTo(second ?? Number.NaN, 9);
  });

  test('refuses rows without weight, and rows that do not fit', () => {
    const rows = rowsOf(5, 1);
    expect(() => fitRidge({ ...rows, weights: new Float32Array(5) }, 1)).toThrow(RangeError);
    expect(() => fitRidge({ ...rows, width: 3 }, 1)).toThrow(RangeError);
    expect(() => fitRidge(rows, 1).predict({ count: 1, width: 3, features: new Float32Array(3) })).toThrow(RangeError);
  });
});
