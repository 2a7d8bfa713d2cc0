/**
 * WattTime v3: login, regions, index, forecasts as issued, history, access and a map, over what the oracle knows.
 *
 * A region is a zone. `co2_moer` is the marginal intensity and is refused where no feed tells it; `co2_aoer` is the
 * average. Points are five minutes apart; where a feed's step is longer they repeat its mean.
 */
import type { Clock } from '../../../units/clock.ts';
import { DAY, type DurationMs, HOUR, type Instant, type Interval, SECOND, toIso } from '../../../units/time.ts';
import type { Places, ServedZone } from '../places.ts';
import { type Answer, type Authenticate, basic, refuse, route, type ServedApi } from '../route.ts';
import { baseStepMs, forecastSteps, type Provenance, provenanceText, type ZoneForecast, type ZoneReader } from '../zone-signal.ts';
import * as schema from './schema.ts';
import type { Sessions } from './sessions.ts';
import { percentile, poundsPerMwh, type SignalType, signalOf, stampOf, units } from './signal.ts';

export interface WattTimePorts {
  readonly clock: Clock;
  readonly places: Places;
  readonly reader: ZoneReader;
  readonly sessions: Sessions;
  readonly authenticate?: Authenticate | undefined;
  /** The original is at a root: `/login` and `/v3/…` follow. */
  readonly mount: string;
}

const historicalMsMax: DurationMs = 32 * DAY;
const issuedMsMax: DurationMs = DAY;
const issuedMax = 48;
/** Of a forecast that names none. */
const horizonHours = 24;
const accessBehindMs: DurationMs = DAY;
const endpoints = ['v3/forecast', 'v3/forecast/historical', 'v3/historical', 'v3/signal-index'];
/** One name for whatever answers; who it was is in the provenance header of a forecast. */
const modelDate = '2026-01-01';

export function wattTimeApi(ports: WattTimePorts): ServedApi {
  const { clock, places, reader } = ports;
  const asked = (region: string, type: SignalType) => {
    const found = places.zone(region);
    if (found.kind === 'nowhere') return refuse(404, found.why);
    const signal = signalOf[type] ?? refuse(403, `no access to ${type}; allowed: co2_moer, co2_aoer`);
    return { zone: found.zone.zone, signal };
  };
  const forecastOf = async (region: string, type: SignalType, span: Interval): Promise<ZoneForecast> => {
    const { zone, signal } = asked(region, type);
    return (await reader.forecast(zone, signal, span, clock.now())) ?? refuse(404, nothing(region, type, 'forecast'));
  };

  const routes = [
    route({
      method: 'get',
      path: '/login',
      role: 'public',
      summary: 'A token for half an hour: Basic with any user name and a key as password',
      answers: { 200: schema.login },
      handle: async ({ headers }) => {
        const shown = basic(typeof headers['authorization'] === 'string' ? headers['authorization'] : undefined);
        if (!shown) return refuse(401, 'send user name and password as Basic authentication');
        const isProved = !ports.authenticate || (await ports.authenticate({ headers: { authorization: `Bearer ${shown.password}` } }));
        return isProved ? ok({ token: ports.sessions.open(shown.password) }) : refuse(401, 'the password must be a key of this server');
      },
    }),
    route({
      method: 'get',
      path: '/v3/region-from-loc',
      role: 'read-only',
      summary: 'The region of a place',
      query: schema.locationQuery,
      answers: { 200: schema.location },
      handle: async ({ query: { latitude, longitude, signal_type } }) => {
        const found = places.at(latitude, longitude);
        if (found.kind === 'nowhere') return refuse(404, found.why);
        return ok({ region: found.zone.zone, region_full_name: found.zone.name, signal_type });
      },
    }),
    route({
      method: 'get',
      path: '/v3/signal-index',
      role: 'read-only',
      summary: 'Where the current value ranks among the next 24 hours: 0 cleanest, 100 dirtiest',
      query: schema.indexQuery,
      answers: { 200: schema.index },
      handle: async ({ query: { region, signal_type } }) => {
        const start = fiveMinutes(clock.now());
        const span = { start, end: start + DAY };
        const forecast = await forecastOf(region, signal_type, span);
        const [now, ...later] = forecastSteps(forecast, span, baseStepMs);
        if (!now) return refuse(404, nothing(region, signal_type, 'value for now'));
        const rank = percentile(
          now.value,
          [now, ...later].map(({ value }) => value),
        );
        return issued([{ point_time: stampOf(start), value: rank }], { region, type: signal_type, in: 'percentile' }, forecast.provenance);
      },
    }),
    route({
      method: 'get',
      path: '/v3/forecast',
      role: 'read-only',
      summary: 'The newest forecast, P50',
      query: schema.forecastQuery,
      answers: { 200: schema.forecast },
      handle: async ({ query: { region, signal_type, horizon_hours = horizonHours } }) => {
        const span = ahead(clock.now(), horizon_hours);
        const forecast = await forecastOf(region, signal_type, span);
        return issued(pointsOf(forecast, span), { region, type: signal_type, in: units }, forecast.provenance);
      },
    }),
    route({
      method: 'get',
      path: '/v3/forecast/historical',
      role: 'read-only',
      summary: 'Forecasts as they were issued from start to end, a day at most',
      query: schema.historicalForecastQuery,
      answers: { 200: schema.historicalForecast },
      handle: async ({ query: { region, signal_type, horizon_hours = horizonHours, start, end } }) => {
        const { zone, signal } = asked(region, signal_type);
        bounded(start, end, issuedMsMax);
        const forecasts = await reader.issued(zone, signal, { start, end: Math.min(end + 1, clock.now() + 1) }, issuedMax);
        const data = forecasts.map((forecast) => ({
          generated_at: stampOf(forecast.provenance.issuedAt),
          forecast: pointsOf(forecast, ahead(forecast.provenance.issuedAt, horizon_hours)),
        }));
        return ok({ data, meta: { ...meta(region, signal_type, units), generated_at_period_seconds: HOUR / SECOND } });
      },
    }),
    route({
      method: 'get',
      path: '/v3/historical',
      role: 'read-only',
      summary: 'Measured values from start to end, 32 days at most; gaps are left out',
      query: schema.historicalQuery,
      answers: { 200: schema.historical },
      handle: async ({ query: { region, signal_type, start, end } }) => {
        const { zone, signal } = asked(region, signal_type);
        bounded(start, end, historicalMsMax);
        const measured = await reader.measured(zone, signal, { start, end: Math.max(end, start + 1) }, baseStepMs, clock.now());
        const data = measured
          .filter((step) => step.start >= start && step.start <= end)
          .map((step) => ({ point_time: stampOf(step.start), value: poundsPerMwh(step.value) }));
        return ok({ data, meta: meta(region, signal_type, units) });
      },
    }),
    route({
      method: 'get',
      path: '/v3/my-access',
      role: 'read-only',
      summary: 'What may be asked of which region',
      answers: { 200: schema.access },
      handle: async () => ok(await accessBody(ports)),
    }),
    route({
      method: 'get',
      path: '/v3/maps',
      role: 'read-only',
      summary: 'Regions as GeoJSON: the sites that speak for each, not its borders',
      query: schema.mapsQuery,
      answers: { 200: schema.maps },
      handle: async ({ query: { signal_type } }) => ok(mapBody(places.zones, signal_type, clock.now())),
    }),
  ];
  return {
    name: 'WattTime v3',
    mount: ports.mount,
    routes,
    refusalSchema: schema.refusal,
    refusal: ({ status, message }) => ({ status, body: { error: status === 401 ? 'unauthorized' : 'refused', message } }),
    requestsMax: 3_000,
    requestsMaxAt: { '/login': 100 },
  };
}

const ok = (body: unknown, headers?: Answer['headers']): Answer => ({ status: 200, body, ...(headers ? { headers } : {}) });
const fiveMinutes = (instant: Instant): Instant => Math.floor(instant / baseStepMs) * baseStepMs;
const nothing = (region: string, type: SignalType, what: string): string =>
  `${region} has no ${what} of ${type}${type === 'co2_moer' ? '; co2_aoer is the average intensity' : ''}`;

/** An horizon of 0 hours is the point that holds the instant. */
const ahead = (instant: Instant, hours: number): Interval => {
  const start = fiveMinutes(instant);
  return { start, end: start + Math.max(baseStepMs, hours * HOUR) };
};

/** @throws RefusedError */
function bounded(start: Instant, end: Instant, msMax: DurationMs): void {
  if (end < start) refuse(400, `end: found ${toIso(end)}; allowed: from start on, ${toIso(start)}`);
  if (end - start > msMax) refuse(400, `found ${((end - start) / DAY).toFixed(1)} days; allowed: at most ${msMax / DAY} in one request`);
}

const pointsOf = (forecast: ZoneForecast, span: Interval) =>
  forecastSteps(forecast, span, baseStepMs).map(({ start, value }) => ({ point_time: stampOf(start), value: poundsPerMwh(value) }));

const meta = (region: string, signal_type: SignalType, unit: string) => ({
  region,
  signal_type,
  units: unit,
  data_point_period_seconds: baseStepMs / SECOND,
  model: { date: modelDate },
  warnings: [],
});

const issued = (
  data: unknown,
  { region, type, in: unit }: { region: string; type: SignalType; in: string },
  provenance: Provenance,
): Answer =>
  ok(
    {
      data,
      meta: { ...meta(region, type, unit), generated_at: stampOf(provenance.issuedAt), generated_at_period_seconds: HOUR / SECOND },
    },
    { 'X-Sunward-Provenance': provenanceText(provenance) },
  );

/** Signals that each zone has told of within a day. */
async function accessBody({ clock, places, reader }: WattTimePorts) {
  const now = clock.now();
  const span = { start: now - accessBehindMs, end: now + accessBehindMs };
  const types = ['co2_moer', 'co2_aoer'] as const;
  const has = async (zone: string, type: (typeof types)[number]) => {
    const signal = signalOf[type];
    if (!signal) return false;
    return (
      (await reader.forecast(zone, signal, span, now)) !== undefined || (await reader.measured(zone, signal, span, HOUR, now)).length > 0
    );
  };
  return {
    signal_types: await Promise.all(
      types.map(async (signal_type) => {
        const told = await Promise.all(places.zones.map(({ zone }) => has(zone, signal_type)));
        return { signal_type, regions: places.zones.filter((_, i) => told[i]).map(regionBody) };
      }),
    ),
  };
}

const regionBody = ({ zone, name, countryName }: ServedZone) => ({
  region: zone,
  region_full_name: name,
  parent: countryName ?? zone,
  data_point_period_seconds: baseStepMs / SECOND,
  endpoints: endpoints.map((endpoint) => ({
    endpoint,
    models: [{ model: modelDate, data_start: modelDate, train_start: null, train_end: null, type: 'sunward' }],
  })),
});

const mapBody = (zones: readonly ServedZone[], signal_type: SignalType, now: Instant) => ({
  type: 'FeatureCollection',
  meta: { signal_type },
  last_updated: stampOf(now),
  features: zones.map(({ zone, name, sites }) => ({
    type: 'Feature',
    properties: { region: zone, region_full_name: name },
    geometry: { type: 'MultiPoint', coordinates: sites.map(({ longitude, latitude }) => [longitude, latitude]) },
  })),
});
