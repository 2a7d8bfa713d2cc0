/** Residual table: quantiles by local solar hour and lead day, pulled to all where few were seen. */
import { describe, expect, test } from 'vitest';
import { type Residual, residualRow, residualTableOf } from '../../../../energy-oracle/forecast/model/residual-table.ts';
import { DAY, HOUR } from '../../../../units/time.ts';

const levels = [0.1, 0.5, 0.9];
const misses = (hour: number, leadDay: number, values: readonly number[], longitude = 0) =>
  values.map((miss) => ({ centre: hour * HOUR, longitude, leadDay, miss }));
const ramp = (count: number, from: number, to: number) => Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));

const tableOf = (residuals: readonly Residual[], horizonMs: number) =>
  residualTableOf({ count: residuals.length, residualOf: (row) => residuals[row] as Residual }, levels, horizonMs);

describe('a residual table', () => {
  test('gives the quantiles of a cell that has seen enough', () => {
    const table = tableOf(misses(12, 1, ramp(100_001, 0, 1)), 4 * DAY);
    const row = residualRow(table, 12.5 * HOUR, 0, 1);
    for (const [j, level] of levels.entries()) expect(table.values[row + j]).toBeCloseTo(level, 3);
  });

  test('knows an hour by the sun, not by the clock', () => {
    const table = tableOf([...misses(12, 0, ramp(1_000, 5, 6)), ...misses(12, 0, ramp(1_000, -6, -5), 90)], DAY);
    expect(table.values[residualRow(table, 18 * HOUR, 0, 0) + 1]).toBeLessThan(-5); // noon of UTC is six in the evening at 90° east
    expect(table.values[residualRow(table, 12 * HOUR, 0, 0) + 1]).toBeGreaterThan(5);
  });

  test('pulls a cell of few to all that was seen', () => {
    const table = tableOf([...misses(12, 0, ramp(10_000, -1, 1)), ...misses(3, 0, [100])], DAY);
    const median = table.values[residualRow(table, 3.5 * HOUR, 0, 0) + 1] as number;
    expect(median).toBeGreaterThan(0);
    expect(median).toBeLessThan(20);
    expect(table.values[residualRow(table, 5 * HOUR, 0, 0) + 1]).toBeCloseTo(0, 3);
  });

  test('is all zeros of nothing, and answers a lead beyond its last day with its last', () => {
    const table = tableOf([], 2 * DAY);
    expect(table.values.every((value) => value === 0)).toBe(true);
    expect(table.values).toHaveLength(24 * 2 * 3);
    expect(residualRow(table, 0, 0, 7)).toBe(residualRow(table, 0, 0, 1));
  });
});
