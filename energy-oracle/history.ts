/**
 * History: what was stored of a site and its zone, as series on slots, as it was known at an instant.
 *
 * Owns the step from rows to series: newest issue of a curve wins, prices come in the accounting currency, a slot that
 * readings do not cover whole is a gap, and what a forecast says of time that was over when it was issued is left out.
 */
import type { PricePerMegawattHour } from '../units/quantity.ts';
import { meanOver, type Series, spanOf, valueAt } from '../units/series.ts';
import { DAY, type Instant, type Interval, SLOT, slotInterval, slotOf } from '../units/time.ts';
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

/**
 * What a site draws for itself on slots, kW: its load, and what its battery charges. Both must be known of a slot.
 *
 * What a battery gives is left out: it is no generation, and what it was charged with was counted here before (law 9).
 * Within a slot charge and discharge count against each other, as sun and load do.
 *
 * @param batteryKw  + discharge; `undefined` for a site without a battery
 */
export const ownLoadSeries = (loadKw: Series, batteryKw: Series | undefined): Series =>
  batteryKw === undefined
    ? loadKw
    : {
        ...loadKw,
        values: loadKw.values.map((load, i) => {
          const battery = batteryKw.values[i];
          return load === undefined || battery === undefined ? undefined : load + Math.max(0, -battery);
        }),
      };

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
  const span = { past: { start: now - behindMs, end: now }, aheadMs, asOf };
  const [own, zone] = await Promise.all([siteHistory(store, site, span), zoneHistory(store, site.zone, rates, span)]);
  return { ...own, ...zone };
}

interface Span {
  readonly past: Interval;
  /** How far past its end published values are looked for. */
  readonly aheadMs: number;
  readonly asOf: Instant;
}

type SiteHistory = Pick<History, 'pvKw' | 'loadKw' | 'weather'>;
type ZoneHistory = Pick<History, 'importPrice' | 'carbonIntensity' | 'marginalIntensity'>;

async function siteHistory(store: SeriesStore, { id, battery }: Site, { past, aheadMs, asOf }: Span): Promise<SiteHistory> {
  const whole = { start: past.start, end: past.end + aheadMs };
  const [pv, load, stored, forecasts] = await Promise.all([
    store.rollups(id, 'pv_power', past, asOf),
    store.rollups(id, 'load_power', past, asOf),
    battery && store.rollups(id, 'battery_power', past, asOf),
    store.weather(id, whole, asOf),
  ]);
  const weather = weatherHistory(forecasts, whole);
  const loadKw = ownLoadSeries(powerSeries(load, past), stored && powerSeries(stored, past));
  return { pvKw: powerSeries(pv, past), loadKw, ...(weather ? { weather } : {}) };
}

async function zoneHistory(store: SeriesStore, zone: string, rates: ExchangeRates, { past, aheadMs, asOf }: Span): Promise<ZoneHistory> {
  const whole = { start: past.start, end: past.end + aheadMs };
  const signal = (name: Signal, interval: Interval) => store.curves(zone, name, interval, asOf);
  const [price, carbon, marginal] = await Promise.all([
    signal('day_ahead_price', whole),
    signal('carbon_intensity', past),
    signal('carbon_intensity_marginal', past),
  ]);
  return {
    importPrice: signalSeries(price, whole, knownPrice(rates)),
    carbonIntensity: signalSeries(carbon, past, (value) => value),
    marginalIntensity: marginal.length > 0 ? signalSeries(marginal, past, (value) => value) : undefined,
  };
}

/** So much is read at once of a long record: every issue of a forecast is in it. */
const stretchMs = 30 * DAY;

/**
 * All that is known of a site, at most `behindMs` back: read in stretches, backwards, until one holds no reading at all.
 * O(record); of a year of forecasts only the series stay in memory.
 */
export async function recordOf({ store, site, rates, asOf, behindMs }: Omit<HistoryQuery, 'aheadMs'>): Promise<History> {
  const now = slotOf(asOf);
  const read = async (end: Instant): Promise<SiteHistory & ZoneHistory> => {
    const span = { past: { start: Math.max(now - behindMs, end - stretchMs), end }, aheadMs: 0, asOf };
    const [own, zone] = await Promise.all([siteHistory(store, site, span), zoneHistory(store, site.zone, rates, span)]);
    return { ...own, ...zone };
  };
  let record = await read(now);
  while (record.pvKw.start > now - behindMs) {
    const before = await read(record.pvKw.start);
    const isEmpty = [before.pvKw, before.loadKw, before.importPrice, before.carbonIntensity].every(({ values }) =>
      values.every((value) => value === undefined),
    );
    if (isEmpty) break;
    const from = before.pvKw.start;
    record = { ...joinSites(before, record, from), ...joinZones(before, record, from) };
  }
  return record;
}

/** Days before today that are read anew each time: what comes later than this is seen with the next day. */
const freshDays = 1;

/** Reads the histories of many sites, in their order, as known at an instant that never goes back. */
export type HistoryReader = (sites: readonly Site[], asOf: Instant) => Promise<readonly History[]>;

/**
 * `historyOf` for issue after issue: a zone is read once for all its sites, and the days before yesterday once a day.
 * Memory is O(sites × `behindMs`).
 */
export function createHistoryReader({ store, rates, behindMs, aheadMs }: Omit<HistoryQuery, 'site' | 'asOf'>): HistoryReader {
  const kept = { sites: createKept(behindMs, aheadMs, joinSites), zones: createKept(behindMs, aheadMs, joinZones) };
  return async (sites, asOf) => {
    const readZone = (span: Span, zone: string) => zoneHistory(store, zone, rates, span);
    const zones = new Map<string, Promise<ZoneHistory>>();
    for (const { zone } of sites) if (!zones.has(zone)) zones.set(zone, kept.zones(zone, asOf, readZone));
    return Promise.all(
      sites.map(async (site) => ({
        ...(await kept.sites(site.id, asOf, (span) => siteHistory(store, site, span))),
        ...((await zones.get(site.zone)) as ZoneHistory),
      })),
    );
  };
}

/** Keeps the part of every history that ended before yesterday, until the day is over. */
function createKept<Part>(behindMs: number, aheadMs: number, join: (old: Part, fresh: Part, from: Instant) => Part) {
  const old = new Map<string, { readonly end: Instant; readonly part: Part }>();
  return async (name: string, asOf: Instant, read: (span: Span, name: string) => Promise<Part>): Promise<Part> => {
    const now = slotOf(asOf);
    const end = Math.floor(now / DAY) * DAY - freshDays * DAY;
    const start = Math.floor((now - behindMs) / DAY) * DAY;
    if (end <= start) return read({ past: { start: now - behindMs, end: now }, aheadMs, asOf }, name);
    let before = old.get(name);
    if (before?.end !== end) {
      before = { end, part: await read({ past: { start, end }, aheadMs: 0, asOf }, name) };
      old.set(name, before);
    }
    return join(before.part, await read({ past: { start: end, end: now }, aheadMs, asOf }, name), now - behindMs);
  };
}

/** One after the other, from an instant in the old one on. */
const joined = (old: Series, fresh: Series, from: Instant): Series => ({
  ...old,
  start: from,
  values: [...old.values.slice((from - old.start) / old.stepMs), ...fresh.values],
});
const gaps = ({ start, stepMs, values }: Series): Series => ({ start, stepMs, values: values.map(() => undefined) });

const joinZones = (old: ZoneHistory, fresh: ZoneHistory, from: Instant): ZoneHistory => ({
  importPrice: joined(old.importPrice, fresh.importPrice, from),
  carbonIntensity: joined(old.carbonIntensity, fresh.carbonIntensity, from),
  marginalIntensity:
    old.marginalIntensity || fresh.marginalIntensity
      ? joined(old.marginalIntensity ?? gaps(old.carbonIntensity), fresh.marginalIntensity ?? gaps(fresh.carbonIntensity), from)
      : undefined,
});

function joinSites(old: SiteHistory, fresh: SiteHistory, from: Instant): SiteHistory {
  const series = { pvKw: joined(old.pvKw, fresh.pvKw, from), loadKw: joined(old.loadKw, fresh.loadKw, from) };
  const told = weatherVariables.flatMap((variable) => {
    const [before, after] = [old.weather?.[variable], fresh.weather?.[variable]];
    if (!after) return before ? [[variable, before] as const] : [];
    const past = before?.series ?? gaps(old.pvKw);
    return [[variable, { issuedAt: after.issuedAt, series: joined(past, after.series, from) }] as const];
  });
  return told.length > 0 ? { ...series, weather: Object.fromEntries(told) } : series;
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
