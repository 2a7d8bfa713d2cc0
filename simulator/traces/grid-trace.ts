/**
 * Grid trace: what a zone's market and grid truly did, to be replayed by the world.
 *
 * Owns the record of a zone and when each part of it becomes known: day-ahead prices by market day on the day before,
 * real-time prices and carbon intensities at the end of their hour. Values keep the market's currency. The trace holds
 * the future; only what `pricesIssuedIn` and `carbonIssuedIn` hand out may leave the simulator.
 */
import { dayAheadPublication, marketDay } from '../../energy-oracle/grid/price.ts';
import { resample, type Series, spanOf, valueAt } from '../../units/series.ts';
import { HOUR, type Instant, type Interval } from '../../units/time.ts';

export interface GridTrace {
  readonly zone: string;
  /** The market's IANA time zone: its days bound the day-ahead curves. */
  readonly timeZone: string;
  /** ISO 4217 code of `price`. */
  readonly priceCurrency: string;
  /** Import price, `priceCurrency` per MWh, hourly. */
  readonly price: Series;
  /** Average carbon intensity, gCO2eq/kWh. */
  readonly carbonIntensity: Series;
  /** Marginal carbon intensity, gCO2eq/kWh, where it is known. */
  readonly marginalIntensity?: Series;
  /** Share of the sky covered by clouds, 0 to 1. */
  readonly cloudCover?: Series;
  /** True when prices of a market day are known the day before; false when only after their hour. */
  readonly priceIsDayAhead: boolean;
}

/** A stretch of a signal that becomes known at `issuedAt`; `issuedAt` lies before `start` for a day-ahead curve. */
export interface IssuedCurve extends Series {
  readonly issuedAt: Instant;
}

/** The day-ahead price curve of the market day that contains the instant: 23 to 25 hourly values, gaps kept. */
export function dayAheadCurve({ timeZone, price }: GridTrace, instant: Instant): IssuedCurve {
  const day = marketDay(timeZone, instant);
  const count = Math.round((day.end - day.start) / HOUR);
  return { issuedAt: dayAheadPublication(timeZone, day), ...resample(price, day.start, HOUR, count) };
}

/** Steps of a measured series that end in `issued`, each as a curve of its own; a gap issues nothing. */
function measuredIn(series: Series, { start, end }: Interval): IssuedCurve[] {
  const curves: IssuedCurve[] = [];
  const { stepMs, values } = series;
  for (let i = Math.max(0, Math.ceil((start - series.start) / stepMs) - 1); i < values.length; i++) {
    const at = series.start + i * stepMs;
    if (at + stepMs >= end) break;
    if (values[i] !== undefined) curves.push({ issuedAt: at + stepMs, start: at, stepMs, values: [values[i]] });
  }
  return curves;
}

/**
 * Price curves that become known in `[start, end)`, in order of issue: whole market days where prices are day-ahead,
 * single hours where they are not. A market day without any price, or outside the trace, issues nothing.
 */
export function pricesIssuedIn(trace: GridTrace, issued: Interval): IssuedCurve[] {
  if (!trace.priceIsDayAhead) return measuredIn(trace.price, issued);
  return dayAheadCurvesOf(trace).filter(({ issuedAt }) => issuedAt >= issued.start && issuedAt < issued.end);
}

const dayAheadCurves = new WeakMap<GridTrace, readonly IssuedCurve[]>();

/** Every day-ahead curve of a trace that tells of a price, in order of issue; made once, for feeds ask every few minutes. */
function dayAheadCurvesOf(trace: GridTrace): readonly IssuedCurve[] {
  const known = dayAheadCurves.get(trace);
  if (known) return known;
  const curves: IssuedCurve[] = [];
  const span = spanOf(trace.price);
  for (let day = marketDay(trace.timeZone, span.start); day.start < span.end; day = marketDay(trace.timeZone, day.end)) {
    const curve = dayAheadCurve(trace, day.start);
    if (curve.values.some((value) => value !== undefined)) curves.push(curve);
  }
  dayAheadCurves.set(trace, curves);
  return curves;
}

/** Average carbon intensities that become known in `[start, end)`: one curve per hour, issued when the hour is over. */
export const carbonIssuedIn = (trace: GridTrace, issued: Interval): IssuedCurve[] => measuredIn(trace.carbonIntensity, issued);

/** Marginal carbon intensities that become known in `[start, end)`; none where the trace has none. */
export const marginalIssuedIn = (trace: GridTrace, issued: Interval): IssuedCurve[] =>
  trace.marginalIntensity ? measuredIn(trace.marginalIntensity, issued) : [];

/**
 * Cloud cover of a trace as a function of time, 0 to 1; the caller says what the sky is where nobody looked.
 *
 * @param unknown  cloud cover in a gap or outside the trace, 0 to 1
 */
export const cloudCoverOf =
  ({ cloudCover }: GridTrace, unknown: number) =>
  (instant: Instant): number =>
    (cloudCover && valueAt(cloudCover, instant)) ?? unknown;
