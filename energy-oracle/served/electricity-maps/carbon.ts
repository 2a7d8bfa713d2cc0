/**
 * Carbon: a zone's intensity as points of Electricity Maps' carbon intensity, measured or estimated.
 *
 * A step that is not measured is estimated from a forecast, unless the caller will
 * have no estimates; a step that nobody knows is `null`, never 0.
 */
import type { DurationMs, Instant, Interval } from '../../../units/time.ts';
import { forecastSteps, type KnownStep, type ZoneForecast } from '../zone-signal.ts';

/** The method that is named for every estimate. */
export const estimationMethod = 'SUNWARD_FORECAST';

export interface CarbonBody {
  readonly carbonIntensity: number | null;
  readonly datetime: string;
  readonly updatedAt: string;
  readonly createdAt: string;
  readonly emissionFactorType: 'lifecycle';
  readonly isEstimated: boolean;
  readonly estimationMethod: string | null;
}

/** With milliseconds, as the original writes it. */
export const stampOf = (instant: Instant): string => new Date(instant).toISOString();

const body = (
  start: Instant,
  value: number | null,
  told: { readonly createdAt: Instant; readonly updatedAt: Instant },
  isEstimated: boolean,
) => ({
  carbonIntensity: value === null ? null : Math.round(value),
  datetime: stampOf(start),
  updatedAt: stampOf(told.updatedAt),
  createdAt: stampOf(told.createdAt),
  emissionFactorType: 'lifecycle' as const,
  isEstimated,
  estimationMethod: isEstimated ? estimationMethod : null,
});

export const measuredBody = (step: KnownStep): CarbonBody => body(step.start, step.value, step, false);

export const estimatedBody = (start: Instant, value: number, issuedAt: Instant): CarbonBody =>
  body(start, value, { createdAt: issuedAt, updatedAt: issuedAt }, true);

/** Starts of the steps of an interval. */
export function startsIn({ start, end }: Interval, stepMs: DurationMs): Instant[] {
  const starts: Instant[] = [];
  for (let at = Math.floor(start / stepMs) * stepMs; at < end; at += stepMs) starts.push(at);
  return starts;
}

/** One point a step of the interval: measured, else estimated, else `null`. */
export function carbonPoints(
  measured: readonly KnownStep[],
  estimate: ZoneForecast | undefined,
  interval: Interval,
  stepMs: DurationMs,
): CarbonBody[] {
  const known = new Map(measured.map((step) => [step.start, step]));
  const guessed = new Map((estimate ? forecastSteps(estimate, interval, stepMs) : []).map(({ start, value }) => [start, value]));
  return startsIn(interval, stepMs).map((start) => {
    const step = known.get(start);
    if (step) return measuredBody(step);
    const guess = guessed.get(start);
    if (guess !== undefined && estimate) return estimatedBody(start, guess, estimate.provenance.issuedAt);
    return body(start, null, { createdAt: start, updatedAt: start }, false);
  });
}

/** The first step of the interval that is not measured. */
export const firstGap = (measured: readonly KnownStep[], interval: Interval, stepMs: DurationMs): Instant | undefined => {
  const known = new Set(measured.map(({ start }) => start));
  return startsIn(interval, stepMs).find((start) => !known.has(start));
};
