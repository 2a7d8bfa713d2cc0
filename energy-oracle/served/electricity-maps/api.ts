/**
 * Electricity Maps v3: the routes that its clients call, over what the oracle knows.
 *
 * Intensities are those the zone's feed publishes, named life-cycle; direct factors are refused, because nobody here
 * knows them. History, past and range answer with measured values, forecasts say in a header who made them.
 */
import type { Clock } from '../../../units/clock.ts';
import { DAY, type DurationMs, HOUR, toIso } from '../../../units/time.ts';
import type { Places, ServedZone } from '../places.ts';
import { type Answer, type Asked, presentedKey, refuse, route, type ServedApi } from '../route.ts';
import { forecastSteps, provenanceText, type ZoneReader } from '../zone-signal.ts';
import { ahead, lifecycleOnly, past, range, stepMsOf, zoneAsked } from './asked-span.ts';
import { stampOf } from './carbon.ts';
import { carbonReader } from './carbon-reader.ts';
import { powerReader } from './power-reader.ts';
import * as schema from './schema.ts';

export interface ElectricityMapsPorts {
  readonly clock: Clock;
  readonly places: Places;
  readonly reader: ZoneReader;
  /** The original's base URL ends with `/v3`. */
  readonly mount: string;
  /** Without keys everybody is told what may be asked of a zone. */
  readonly hasKeys: boolean;
}

const historyMs: DurationMs = DAY;

const carbonAccess = ['latest', 'history', 'forecast', 'past', 'past-range'].map((path) => `carbon-intensity/${path}`);
const powerAccess = ['latest', 'history', 'past-range'].map((path) => `power-breakdown/${path}`);

export function electricityMapsApi(ports: ElectricityMapsPorts): ServedApi {
  const carbon = carbonReader(ports);
  const power = powerReader(ports);
  const { clock, places } = ports;
  const zoneIn = (query: schema.PlaceAsked): ServedZone => zoneAsked(places, query);

  const latest = async ({ query }: Asked<undefined, schema.HowAsked, undefined>): Promise<Answer> => {
    const { zone } = zoneIn(query);
    lifecycleOnly(query.emissionFactorType);
    const found = await carbon.latest(zone, stepMsOf[query.temporalGranularity], query.disableEstimations === 'true');
    return ok({ zone, ...found.body, temporalGranularity: query.temporalGranularity }, found.headers);
  };
  const history = async ({ query }: Asked<undefined, schema.HowAsked, undefined>): Promise<Answer> => {
    const { zone } = zoneIn(query);
    lifecycleOnly(query.emissionFactorType);
    const stepMs = stepMsOf[query.temporalGranularity];
    const end = Math.floor(clock.now() / stepMs) * stepMs;
    const found = await carbon.points(zone, { start: end - historyMs, end }, stepMs, query.disableEstimations === 'true');
    return ok({ zone, history: found.body, temporalGranularity: query.temporalGranularity }, found.headers);
  };

  return {
    name: 'Electricity Maps v3',
    mount: ports.mount,
    refusalSchema: schema.refusal,
    refusal: ({ status, message }) => ({ status, body: { error: message, message } }),
    routes: [
      route({
        method: 'get',
        path: '/zones',
        role: 'public',
        summary: 'Zones, and with a key what may be asked of each',
        answers: { 200: schema.zones },
        handle: async ({ headers }) => ok(await zonesBody(ports, power, !ports.hasKeys || presentedKey(headers) !== undefined)),
      }),
      route({
        method: 'get',
        path: '/health',
        role: 'public',
        summary: 'Whether this API answers',
        answers: { 200: schema.health },
        handle: async () => ok({ monitors: { state: 'ok' }, status: 'ok' }),
      }),
      route({
        method: 'get',
        path: '/carbon-intensity/latest',
        role: 'read-only',
        summary: 'The newest carbon intensity of a zone, gCO2eq/kWh',
        query: schema.latestQuery,
        answers: { 200: schema.carbonLatest },
        handle: latest,
      }),
      route({
        method: 'get',
        path: '/carbon-intensity/history',
        role: 'read-only',
        summary: 'Carbon intensity of the last 24 hours',
        query: schema.latestQuery,
        answers: { 200: schema.carbonHistory },
        handle: history,
      }),
      route({
        method: 'get',
        path: '/carbon-intensity/forecast',
        role: 'read-only',
        summary: 'Carbon intensity that is expected, P50',
        query: schema.forecastQuery,
        answers: { 200: schema.carbonForecast },
        handle: async ({ query }) => {
          const { zone } = zoneIn(query);
          const span = ahead(clock, query);
          const forecast =
            (await ports.reader.forecast(zone, 'carbon_intensity', span, clock.now())) ?? refuse(404, `no forecast for zone ${zone}`);
          const steps = forecastSteps(forecast, span, stepMsOf[query.temporalGranularity]);
          return ok(
            {
              zone,
              forecast: steps.map(({ start, value }) => ({ carbonIntensity: Math.round(value), datetime: stampOf(start) })),
              updatedAt: stampOf(forecast.provenance.issuedAt),
              temporalGranularity: query.temporalGranularity,
            },
            { 'X-Sunward-Provenance': provenanceText(forecast.provenance) },
          );
        },
      }),
      route({
        method: 'get',
        path: '/carbon-intensity/past',
        role: 'read-only',
        summary: 'Carbon intensity of the step that holds an instant',
        query: schema.pastQuery,
        answers: { 200: schema.carbonLatest },
        handle: async ({ query }) => {
          const { zone } = zoneIn(query);
          lifecycleOnly(query.emissionFactorType);
          const step = past(clock, query.datetime, stepMsOf[query.temporalGranularity]);
          const found = await carbon.points(zone, step, step.end - step.start, query.disableEstimations === 'true');
          const [body] = found.body;
          if (body === undefined || body.carbonIntensity === null)
            return refuse(404, `nothing is known of zone ${zone} at ${toIso(query.datetime)}`);
          return ok({ zone, ...body, temporalGranularity: query.temporalGranularity }, found.headers);
        },
      }),
      route({
        method: 'get',
        path: '/carbon-intensity/past-range',
        role: 'read-only',
        summary: 'Carbon intensity from start to end: 10 days at most, 100 by the day',
        query: schema.pastRangeQuery,
        answers: { 200: schema.carbonRange },
        handle: async ({ query }) => {
          const { zone } = zoneIn(query);
          lifecycleOnly(query.emissionFactorType);
          const span = range(clock, query);
          const found = await carbon.points(zone, span, stepMsOf[query.temporalGranularity], query.disableEstimations === 'true');
          return ok({ zone, data: found.body, temporalGranularity: query.temporalGranularity }, found.headers);
        },
      }),
      route({
        method: 'get',
        path: '/power-breakdown/latest',
        role: 'read-only',
        summary: 'The newest generation of a zone by fuel, MW',
        query: schema.latestQuery,
        answers: { 200: schema.powerLatest },
        handle: async ({ query }) => {
          const { zone } = zoneIn(query);
          const now = clock.now();
          const points = await power.points(zone, { start: now - historyMs, end: now }, stepMsOf[query.temporalGranularity]);
          const body = points.at(-1) ?? refuse(404, `no recent generation is known of zone ${zone}`);
          return ok({ zone, ...body, temporalGranularity: query.temporalGranularity });
        },
      }),
      route({
        method: 'get',
        path: '/power-breakdown/history',
        role: 'read-only',
        summary: 'Generation by fuel of the last 24 hours; steps that are not known are left out',
        query: schema.latestQuery,
        answers: { 200: schema.powerHistory },
        handle: async ({ query }) => {
          const { zone } = zoneIn(query);
          const stepMs = stepMsOf[query.temporalGranularity];
          const end = Math.floor(clock.now() / stepMs) * stepMs;
          return ok({
            zone,
            history: await power.points(zone, { start: end - historyMs, end }, stepMs),
            temporalGranularity: query.temporalGranularity,
          });
        },
      }),
      route({
        method: 'get',
        path: '/power-breakdown/past-range',
        role: 'read-only',
        summary: 'Generation by fuel from start to end; steps that are not known are left out',
        query: schema.pastRangeQuery,
        answers: { 200: schema.powerRange },
        handle: async ({ query }) => {
          const { zone } = zoneIn(query);
          const data = await power.points(zone, range(clock, query), stepMsOf[query.temporalGranularity]);
          return ok({ zone, data, temporalGranularity: query.temporalGranularity });
        },
      }),
      route({
        method: 'get',
        path: '/power-breakdown/forecast',
        role: 'read-only',
        summary: 'Generation by fuel that the feed expects',
        query: schema.forecastQuery,
        answers: { 200: schema.powerForecast },
        handle: async ({ query }) => {
          const { zone } = zoneIn(query);
          const { issuedAt, points } = await power.forecast(zone, ahead(clock, query), stepMsOf[query.temporalGranularity]);
          if (points.length === 0) refuse(404, `no feed forecasts the generation of zone ${zone}`);
          return ok({ zone, forecast: points, updatedAt: stampOf(issuedAt), temporalGranularity: query.temporalGranularity });
        },
      }),
    ],
  };
}

const ok = (body: unknown, headers?: Answer['headers']): Answer => ({ status: 200, body, ...(headers ? { headers } : {}) });

async function zonesBody(
  { clock, places }: ElectricityMapsPorts,
  power: ReturnType<typeof powerReader>,
  tellsAccess: boolean,
): Promise<Record<string, unknown>> {
  const now = clock.now();
  const entries = await Promise.all(
    places.zones.map(async ({ zone, name, countryName }) => {
      const head = { zoneName: name, ...(countryName === undefined ? {} : { countryName }) };
      if (!tellsAccess) return [zone, head] as const;
      const hasPower = (await power.points(zone, { start: now - historyMs, end: now }, HOUR)).length > 0;
      return [zone, { ...head, access: hasPower ? [...carbonAccess, ...powerAccess] : carbonAccess }] as const;
    }),
  );
  return Object.fromEntries(entries);
}
