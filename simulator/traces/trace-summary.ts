/**
 * Trace summary: the few numbers by which a person sees whether a record was understood.
 *
 * Owns what is told of a series (span, least, mean, most) and of jobs (arrivals, quantiles of length and size). Gaps count
 * for nothing.
 */
import { type Series, spanOf } from '../../units/series.ts';
import { type DurationMs, HOUR, type Instant } from '../../units/time.ts';
import type { JobTrace } from './job-trace.ts';

export interface SeriesSummary {
  readonly start: Instant;
  /** Exclusive. */
  readonly end: Instant;
  /** Steps that have a value; the rest are gaps. */
  readonly known: number;
  /** Of the known values, in the series' unit; `undefined` when there are none. */
  readonly min: number | undefined;
  readonly mean: number | undefined;
  readonly max: number | undefined;
}

/** One pass; the mean is over steps, which are of one length. */
export function summaryOfSeries(series: Series): SeriesSummary {
  let [known, sum, min, max] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of series.values) {
    if (value === undefined) continue;
    known++;
    sum += value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return {
    ...spanOf(series),
    known,
    ...(known > 0 ? { min, mean: sum / known, max } : { min: undefined, mean: undefined, max: undefined }),
  };
}

/** Least values that so many of all are not above: nearest rank. */
export interface JobQuantiles {
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
  readonly max: number;
}

export interface JobsSummary {
  readonly count: number;
  /** Since the start of the trace. */
  readonly firstArrivalMs: DurationMs;
  readonly lastArrivalMs: DurationMs;
  readonly lengthMs: JobQuantiles;
  readonly accelerators: JobQuantiles;
  /** Work of all jobs. */
  readonly acceleratorHours: number;
}

/** @param jobs  at least one, sorted by arrival */
export function summaryOfJobs(jobs: JobTrace): JobsSummary {
  const quantiles = (values: readonly number[]): JobQuantiles => {
    const sorted = Float64Array.from(values).sort();
    const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
    return { p10: rank(0.1), p50: rank(0.5), p90: rank(0.9), max: rank(1) };
  };
  return {
    count: jobs.length,
    firstArrivalMs: jobs[0]?.at ?? 0,
    lastArrivalMs: jobs.at(-1)?.at ?? 0,
    lengthMs: quantiles(jobs.map(({ lengthMs }) => lengthMs)),
    accelerators: quantiles(jobs.map(({ accelerators }) => accelerators)),
    acceleratorHours: jobs.reduce((sum, { lengthMs, accelerators }) => sum + (lengthMs * accelerators) / HOUR, 0),
  };
}
