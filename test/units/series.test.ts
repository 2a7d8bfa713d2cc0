/** Series: means and resampling against a sum over every millisecond. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { meanOver, resample, type Series, spanOf, valueAt } from '../../units/series.ts';

const gappy = fc.record({
  start: fc.integer({ min: -20, max: 20 }),
  stepMs: fc.integer({ min: 1, max: 7 }),
  values: fc.array(fc.option(fc.integer({ min: -100, max: 100 }), { nil: undefined, freq: 8 }), { maxLength: 8 }),
});
const whole = fc.record({
  start: fc.integer({ min: -20, max: 20 }),
  stepMs: fc.integer({ min: 1, max: 7 }),
  values: fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 1, maxLength: 8 }),
});

/** One ms after the other. */
function slowMean(series: Series, start: number, end: number): number | undefined {
  const each = Array.from({ length: Math.max(0, end - start) }, (_, ms) => valueAt(series, start + ms));
  if (each.length === 0 || each.includes(undefined)) return undefined;
  return (each as number[]).reduce((sum, value) => sum + value, 0) / each.length;
}

describe('a series', () => {
  test('has its value from the start of a step to just before its end, and none outside', () => {
    const series: Series = { start: 100, stepMs: 10, values: [1, undefined, 0] };
    expect([99, 100, 109, 110, 119, 120, 129, 130].map((at) => valueAt(series, at))).toEqual([
      undefined,
      1,
      1,
      undefined,
      undefined,
      0,
      0,
      undefined,
    ]);
    expect(spanOf(series)).toEqual({ start: 100, end: 130 });
  });
});

describe('the mean over an interval', () => {
  test('is that of every millisecond in it, and a gap when one of them is', () => {
    let known = 0;
    fc.assert(
      fc.property(gappy, fc.integer({ min: -4, max: 20 }), fc.integer({ min: -2, max: 12 }), (series, from, length) => {
        const start = series.start + from;
        const want = slowMean(series, start, start + length);
        const got = meanOver(series, { start, end: start + length });
        if (want === undefined) expect(got).toBeUndefined();
        else expect(got).toBeCloseTo(want, 9);
        if (want !== undefined) known++;
      }),
      { numRuns: 300 },
    );
    expect(known).toBeGreaterThan(20);
  });

  test('of zeros is zero, not a gap', () => expect(meanOver({ start: 0, stepMs: 5, values: [0, 0] }, { start: 0, end: 10 })).toBe(0));
});

describe('resampling', () => {
  test('conserves the integral on any grid that covers the series whole', () =>
    fc.assert(
      fc.property(whole, fc.integer({ min: 1, max: 12 }), (series, count) => {
        const { start, end } = spanOf(series);
        const stepMs = (end - start) / count;
        const integral = ({ stepMs: step, values }: Series) => values.reduce<number>((sum, value) => sum + (value ?? Number.NaN) * step, 0);
        fc.pre(Number.isInteger(stepMs));
        expect(integral(resample(series, start, stepMs, count))).toBeCloseTo(integral(series), 6);
      }),
      { numRuns: 200 },
    ));

  test('onto its own grid changes nothing', () =>
    fc.assert(
      fc.property(gappy, (series) => {
        const same = resample(series, series.start, series.stepMs, series.values.length);
        expect(same.values.map((value) => value?.toFixed(9))).toEqual(series.values.map((value) => value?.toFixed(9)));
      }),
    ));

  test('makes a step with a gap in any part of it a gap', () =>
    expect(resample({ start: 0, stepMs: 5, values: [4, 4, undefined, 4] }, 0, 10, 3).values).toEqual([4, undefined, undefined]));
});
