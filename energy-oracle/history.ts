/**
 * History: what was stored of a site and its zone, as series on slots, as it was known at an instant.
 *
 * Owns the step from rows to series: newest issue of a curve wins, prices come in the accounting currency, a slot that
 * readings do not cover whole is a gap, and what a forecast says of time that was over when it was issued is left out.
 */
import type { PricePerMegawattHour } from '../units/quantity.ts';
import { meanOver, type Series, spanOf, valueAt } from '../units/series.ts';
import { type Instant, type Interval, SLOT, slotInterval, slotOf } from '../units/time.ts';
import type { History } from './forecast/forecaster.ts';
import type { Signal } from './grid/grid-feed.ts';
import { type ExchangeRates, inCurrency } from './grid/price.ts';
import type { Site } from './site.ts';
import type { Rollup, SeriesStore } from './store/series-store.ts';
import type { CurveBody } from './telemetry/curve-message.ts';
import { type WeatherForecast, weatherVariables } from './weather/weather-feed.ts';

/**
 * Curves on slots; where they overlap the newest issue (the last given) counts. O(curves × their steps).
 *
 * @param convert  `undefined` for a value that means nothing here: its slot stays as it was
 */
export function signalSeries(
  curves: readonly CurveBody[],
  { start, end }: Interval,
  convert: (value: number, unit: string) => number | undefined,
): Series {
  const values: (number | undefined)[] = new Array(Math.ceil((end - start) / SLOT)).fill(undefined);
  for (const curve of curves.toReversed()) {
    const first = Math.max(0, Math.ceil((curve.start - start) / SLOT));
    const end = spanOf(curve).end;
    for (let slot = first; slot < values.length && start + slot * SLOT < end; slot++) {
      if (values[slot] !== undefined) continue; // a newer issue has told
      const value = slotMean(curve, start + slot * SLOT);
      const known = value === undefined ? undefined : convert(value, curve.unit);
      if (known !== undefined) values[slot] = known;
    }
  }
  return { start, stepMs: SLOT, values };
}

/** The value of the step that holds the slot whole, to the bit; across steps their mean; `undefined` unless all of it is known. */
function slotMean(curve: CurveBody, slot: Instant): number | undefined {
  const intoStep = (slot - curve.start) % curve.stepMs;
  return intoStep + SLOT <= curve.stepMs ? valueAt(curve, slot) : meanOver(curve, slotInterval(slot));
}

/** Average power per slot, kW; a slot that is not wholly covered is a gap. */
export function powerSeries(rollups: readonly Rollup[], { start, end }: Interval): Series {
  const values: (number | undefined)[] = new Array(Math.ceil((end - start) / SLOT)).fill(undefined);
  for (const { slot, energyWh, coveredMs } of rollups) {
    if (coveredMs >= SLOT) values[(slot - start) / SLOT] = energyWh / 1_000 / (SLOT / 3_600_000);
  }
  return { start, stepMs: SLOT, values };
}

export interface HistoryQuery {
  readonly store: SeriesStore;
  readonly site: Site;
  readonly rates: ExchangeRates;
  readonly asOf: Instant;
  /** How far back from `asOf`, and how far ahead published curves are looked for, ms. */
  readonly behindMs: number;
  readonly aheadMs: number;
}

/** Everything a forecaster may know of a site at `asOf`. */
export async function historyOf({ store, site, rates, asOf, behindMs, aheadMs }: HistoryQuery): Promise<History> {
  const now = slotOf(asOf);
  const past = { start: now - behindMs, end: now };
  const whole = { start: past.start, end: now + aheadMs };
  const signal = (name: Signal, interval: Interval) => store.curves(site.zone, name, interval, asOf);
  const [pv, load, price, carbon, marginal, forecasts] = await Promise.all([
    store.rollups(site.id, 'pv_power', past, asOf),
    store.rollups(site.id, 'load_power', past, asOf),
    signal('day_ahead_price', whole),
    signal('carbon_intensity', past),
    signal('carbon_intensity_marginal', past),
    store.weather(site.id, whole, asOf),
  ]);
  const weather = weatherHistory(forecasts, whole);
  return {
    pvKw: powerSeries(pv, past),
    loadKw: powerSeries(load, past),
    importPrice: signalSeries(price, whole, knownPrice(rates)),
    carbonIntensity: signalSeries(carbon, past, (value) => value),
    marginalIntensity: marginal.length > 0 ? signalSeries(marginal, past, (value) => value) : undefined,
    ...(weather ? { weather } : {}),
  };
}

/** Each variable that the forecasts (oldest issue first) tell of, on slots; `undefined` when they tell of none. */
export function weatherHistory(forecasts: readonly WeatherForecast[], interval: Interval): History['weather'] {
  const told = weatherVariables.flatMap((variable) => {
    const ahead = forecasts.filter((forecast) => forecast.variable === variable).flatMap(aheadOfIssue);
    const newest = ahead.at(-1);
    return newest ? [[variable, { issuedAt: newest.issuedAt, series: signalSeries(ahead, interval, (value) => value) }] as const] : [];
  });
  return told.length > 0 ? Object.fromEntries(told) : undefined;
}

/** The steps of a forecast that were not over when it was issued; nothing when all were. */
function aheadOfIssue(forecast: WeatherForecast): WeatherForecast[] {
  const { issuedAt, start, stepMs, values } = forecast;
  const over = Math.max(0, Math.floor((issuedAt - start) / stepMs));
  if (over >= values.length) return [];
  return over === 0 ? [forecast] : [{ ...forecast, start: start + over * stepMs, values: values.slice(over) }];
}

/** `priceOf`, and a gap where no rate was given: one feed in an unforeseen currency must not stop everybody's books. */
export const knownPrice =
  (rates: ExchangeRates) =>
  (value: number, unit: string): PricePerMegawattHour | undefined => {
    const currency = unit.replace(/\/MWh$/, '');
    return currency === rates.accounting || Object.hasOwn(rates.perUnit, currency) ? priceOf(value, unit, rates) : undefined;
  };

/** A curve's price in the accounting currency; its unit reads `EUR/MWh`. @throws RangeError without a rate */
export const priceOf = (value: number, unit: string, rates: ExchangeRates): PricePerMegawattHour =>
  inCurrency(value, unit.replace(/\/MWh$/, ''), rates);
