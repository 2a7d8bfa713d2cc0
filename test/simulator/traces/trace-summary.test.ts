/** The few numbers by which a person sees whether a record was understood. */
import { describe, expect, test } from 'vitest';
import { summaryOfJobs, summaryOfSeries } from '../../../simulator/traces/trace-summary.ts';

describe('the summary of a series', () => {
  test('counts gaps for nothing', () =>
    expect(summaryOfSeries({ start: 0, stepMs: 10, values: [4, undefined, -2, 1] })).toEqual({
      start: 0,
      end: 40,
      known: 3,
      min: -2,
      mean: 1,
      max: 4,
    }));
  test('of gaps alone has no mean', () =>
    expect(summaryOfSeries({ start: 0, stepMs: 10, values: [undefined] })).toMatchObject({
      known: 0,
      min: undefined,
      mean: undefined,
      max: undefined,
    }));
});

describe('the summary of jobs', () => {
  const jobs = Array.from({ length: 10 }, (_, i) => ({ at: i * 1_000, lengthMs: (i + 1) * 3_600_000, accelerators: i < 9 ? 1 : 8 }));
  test('has quantiles by nearest rank, and the work of all', () =>
    expect(summaryOfJobs(jobs)).toEqual({
      count: 10,
      firstArrivalMs: 0,
      lastArrivalMs: 9_000,
      lengthMs: { p10: 3_600_000, p50: 5 * 3_600_000, p90: 9 * 3_600_000, max: 10 * 3_600_000 },
      accelerators: { p10: 1, p50: 1, p90: 1, max: 8 },
      acceleratorHours: 45 + 80,
    }));
});
