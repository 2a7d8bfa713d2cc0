/**
 * Series: values on an even grid of time, with gaps.
 *
 * A gap is `undefined`; never 0, never NaN. Each value is the average over its step `[start + i·step, +step)`,
 * so resampling conserves the integral (the energy of a power series).
 */
import type { DurationMs, Instant, Interval } from './time.ts';

export interface Series {
  readonly start: Instant;
  readonly stepMs: DurationMs;
  readonly values: readonly (number | undefined)[];
}

/** The interval a series covers. */
export const spanOf = ({ start, stepMs, values }: Series): Interval => ({ start, end: start + stepMs * values.length });

/** The value whose step contains the instant; `undefined` in a gap or outside. */
export const valueAt = ({ start, stepMs, values }: Series, instant: Instant): number | undefined =>
  values[Math.floor((instant - start) / stepMs)];

/**
 * The time-weighted mean over an interval; `undefined` unless every part of it is known.
 *
 * A partial mean would pass a gap off as an average hour, so coverage below 100 % is a gap.
 */
export function meanOver({ start, stepMs, values }: Series, interval: Interval): number | undefined {
  if (interval.end <= interval.start) return undefined;
  let sum = 0;
  for (let i = Math.floor((interval.start - start) / stepMs); start + i * stepMs < interval.end; i++) {
    const value = values[i];
    if (value === undefined) return undefined;
    const from = Math.max(interval.start, start + i * stepMs);
    const to = Math.min(interval.end, start + (i + 1) * stepMs);
    sum += value * (to - from);
  }
  return sum / (interval.end - interval.start);
}

/** The same series on another grid, integral conserved; a step with any gap in it is a gap. */
export function resample(series: Series, start: Instant, stepMs: DurationMs, count: number): Series {
  const values = Array.from({ length: count }, (_, i) => meanOver(series, { start: start + i * stepMs, end: start + (i + 1) * stepMs }));
  return { start, stepMs, values };
}
