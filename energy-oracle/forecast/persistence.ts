/**
 * Persistence: tomorrow as the same hour of the days before. The forecaster every other one has to beat.
 *
 * P50 is the newest known value of the same time of day (SN24); P10 and P90 are the extremes of the last seven days,
 * which say little while few of them are known. A site without a day of history is forecast from its place and nameplate alone.
 */
import { gramsPerKilowattHour, kilowatts, pricePerMegawattHour, type Quantity } from '../../units/quantity.ts';
import { type Series, valueAt } from '../../units/series.ts';
import { DAY, type Instant } from '../../units/time.ts';
import type { OutlookSlot, Quantiles } from '../outlook.ts';
import type { Site } from '../site.ts';
import type { Forecaster, ForecastRequest } from './forecaster.ts';

/** Days of the same hour that make the spread. */
const spreadDays = 7;
/** Fewer known days than this say little of the spread: the physics of a cold start widens it. */
const spreadDaysMin = 4;
/** Share of the clear-sky power a cold start believes in: low, middle, high. */
const coldClearness = [0.15, 0.6, 0.95] as const;

/** @param clearSkyKw  cloudless power of the site's arrays, kW, at the centre of a slot; physics for the cold start */
export function createPersistence({ clearSkyKw }: { readonly clearSkyKw: (site: Site, at: Instant) => number }): Forecaster {
  return {
    model: 'persistence-1',
    forecast: async ({ site, issuedAt, start, stepMs, steps, history }) =>
      Array.from({ length: steps }, (_, i) => {
        const at = start + i * stepMs;
        return {
          surplusKw: surplusAt(site, at, { issuedAt, history, stepMs }, clearSkyKw),
          importPrice:
            published(history.importPrice, at, pricePerMegawattHour) ?? repeated(history.importPrice, at, issuedAt, pricePerMegawattHour),
          carbonIntensity: repeated(history.carbonIntensity, at, issuedAt, gramsPerKilowattHour),
          marginalIntensity: history.marginalIntensity && repeated(history.marginalIntensity, at, issuedAt, gramsPerKilowattHour),
        } satisfies OutlookSlot;
      }),
  };
}

/** Values of the same time of day on the days before, newest first, gaps left out. */
function sameHour(series: Series, at: Instant, issuedAt: Instant, stepMs = series.stepMs): number[] {
  const values: number[] = [];
  const behind = Math.max(1, Math.ceil((at + stepMs - issuedAt) / DAY));
  for (let day = behind; day < behind + spreadDays; day++) {
    const value = valueAt(series, at - day * DAY);
    if (value !== undefined) values.push(value);
  }
  return values;
}

function surplusAt(
  site: Site,
  at: Instant,
  { issuedAt, history, stepMs }: Pick<ForecastRequest, 'issuedAt' | 'history' | 'stepMs'>,
  clearSkyKw: (site: Site, at: Instant) => number,
): OutlookSlot['surplusKw'] {
  const nets: number[] = [];
  const behind = Math.max(1, Math.ceil((at + stepMs - issuedAt) / DAY));
  for (let day = behind; day < behind + spreadDays; day++) {
    const pv = valueAt(history.pvKw, at - day * DAY);
    const load = valueAt(history.loadKw, at - day * DAY);
    if (pv !== undefined && load !== undefined) nets.push(pv - load);
  }
  const cold = nets.length < spreadDaysMin ? coldFan(site, at + stepMs / 2, newest(history.loadKw, issuedAt), clearSkyKw) : undefined;
  if (nets.length === 0) return cold; // not one reading yet: nothing to say
  const { p10, p50, p90 } = spreadOf(nets);
  const [low, high] = [Math.min(p10, cold?.p10 ?? p10), Math.max(p90, cold?.p90 ?? p90)];
  return { p10: clipped(low), p50: clipped(p50), p90: clipped(high) }; // quantiles commute with the monotone clip
}

/** What panels may give under any sky, less the load. */
function coldFan(site: Site, at: Instant, loadKw: number | undefined, clearSkyKw: (site: Site, at: Instant) => number) {
  if (loadKw === undefined) return undefined;
  const clear = clearSkyKw(site, at);
  const [low, middle, high] = coldClearness;
  return { p10: clipped(clear * low - loadKw), p50: clipped(clear * middle - loadKw), p90: clipped(clear * high - loadKw) };
}

/** What is already known for certain of the instant: a day-ahead price. */
function published<Q extends Quantity<string>>(series: Series, at: Instant, brand: (value: number) => Q): Quantiles<Q> | undefined {
  const value = valueAt(series, at);
  return value === undefined ? undefined : { p10: brand(value), p50: brand(value), p90: brand(value) };
}

/** The same hour of the days before, else the newest value; never one of a step that ends after `issuedAt`. */
function repeated<Q extends Quantity<string>>(
  series: Series,
  at: Instant,
  issuedAt: Instant,
  brand: (value: number) => Q,
): Quantiles<Q> | undefined {
  const same = sameHour(series, at, issuedAt);
  const known = same.length > 0 ? same : [newest(series, issuedAt)].filter((value) => value !== undefined);
  if (known.length === 0) return undefined;
  const { p10, p50, p90 } = spreadOf(known);
  return { p10: brand(p10), p50: brand(p50), p90: brand(p90) };
}

/** The newest value in the middle, the extremes of the days around it; non-crossing because it is one of them. */
function spreadOf(newestFirst: readonly number[]): { p10: number; p50: number; p90: number } {
  const p50 = newestFirst[0] ?? 0;
  return { p10: Math.min(...newestFirst), p50, p90: Math.max(...newestFirst) };
}

const clipped = (kw: number) => kilowatts(Math.max(0, kw));

function newest({ start, stepMs, values }: Series, issuedAt: Instant): number | undefined {
  const over = Math.min(values.length, Math.floor((issuedAt - start) / stepMs)); // steps that ended by then
  for (let i = over - 1; i >= 0; i--) if (values[i] !== undefined) return values[i];
  return undefined;
}
