/**
 * Period: the half-open span that is paid together. Period 1 starts at the epoch; periods follow without a gap.
 */
import type { DurationMs, Instant, Interval } from '../../units/time.ts';

/** The span of period n ≥ 1. */
export const periodInterval = (period: number, epoch: Instant, periodMs: DurationMs): Interval => ({
  start: epoch + (period - 1) * periodMs,
  end: epoch + period * periodMs,
});
