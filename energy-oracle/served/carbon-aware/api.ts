/**
 * Carbon Aware SDK WebAPI of the Green Software Foundation: emissions as measured, forecasts as they were issued.
 *
 * A location is a zone, a site, or a data centre within reach of one. Points are slots of 15 minutes. A forecast of a
 * batch is the one that stood at `requestedAt`: every outlook that was ever issued is kept.
 */
import type { Clock } from '../../../units/clock.ts';
import { DAY, type DurationMs, HOUR, type Instant, type Interval, MINUTE, SLOT, slotOf, toIso } from '../../../units/time.ts';
import type { Places } from '../places.ts';
import { type Answer, refuse, route, type ServedApi } from '../route.ts';
import { forecastSteps, provenanceText, type ZoneReader } from '../zone-signal.ts';
import { problemOf } from './problem.ts';
import * as schema from './schema.ts';
import { meanKnown, optimal, rollingMeans, type WindowPoint } from './windows.ts';

export interface CarbonAwarePorts {
  readonly clock: Clock;
  readonly places: Places;
  readonly reader: ZoneReader;
  /** The original is at a root: `/emissions/…` and `/locations` follow. */
  readonly mount: string;
  readonly newTraceId: () => string;
}

const rangeMsMax: DurationMs = 31 * DAY;
/** Without a time the newest value is meant, if it is no older. */
const latestBehindMs: DurationMs = 3 * HOUR;
const forecastMsMax: DurationMs = 4 * DAY;

interface Span {
  readonly time?: Instant | undefined;
  readonly toTime?: Instant | undefined;
}
interface Wanted {
  readonly dataStartAt?: Instant | undefined;
  readonly dataEndAt?: Instant | undefined;
  readonly windowSize?: number | undefined;
}

export function carbonAwareApi(ports: CarbonAwarePorts): ServedApi {
  const { clock, places } = ports;
  const zoneOf = (location: string, field = 'location'): string => {
    const found = places.named(location);
    return found.kind === 'zone' ? found.zone.zone : refuse(400, found.why, { [field]: [found.why] });
  };
  const listed = async (locations: readonly string[], span: Span): Promise<readonly EmissionsRow[]> => {
    const interval = spanAsked(span);
    const zones = locations.map((location) => zoneOf(location));
    const rows = await Promise.all(zones.map((zone, i) => emissionsOf(ports, zone, locations[i] as string, interval)));
    return rows.flat();
  };
  const answered = (rows: readonly EmissionsRow[], compat: '1.0' | undefined): Answer =>
    rows.length > 0 ? ok(rows.map((row) => rowBody(row, compat))) : { status: 204 };
  const emissionAnswers = { 200: schema.emissions, 204: 'empty' } as const;

  return {
    name: 'Carbon Aware SDK',
    mount: ports.mount,
    isCaseBlind: true,
    refusalSchema: schema.problem,
    refusalType: 'application/problem+json',
    refusal: (refusal) => problemOf(refusal, ports.newTraceId()),
    routes: [
      route({
        method: 'get',
        path: '/emissions/bylocation',
        role: 'read-only',
        summary: 'Measured intensity of a location',
        query: schema.byLocationQuery,
        answers: emissionAnswers,
        handle: async ({ query: { location, compat, ...span } }) => answered(await listed([location], span), compat),
      }),
      route({
        method: 'get',
        path: '/emissions/bylocations',
        role: 'read-only',
        summary: 'Measured intensity of several locations',
        query: schema.byLocationsQuery,
        answers: emissionAnswers,
        handle: async ({ query: { location, compat, ...span } }) => answered(await listed(location, span), compat),
      }),
      route({
        method: 'get',
        path: '/emissions/bylocations/best',
        role: 'read-only',
        summary: 'The least intensity among several locations, wherever and whenever it was',
        query: schema.byLocationsQuery,
        answers: emissionAnswers,
        handle: async ({ query: { location, compat, ...span } }) => answered(optimalRows(await listed(location, span)), compat),
      }),
      route({
        method: 'get',
        path: '/emissions/forecasts/current',
        role: 'read-only',
        summary: 'The newest forecast of each location, its rolling means and the best windows',
        query: schema.currentQuery,
        answers: { 200: schema.forecasts },
        handle: async ({ query: { location: locations, ...wanted } }) => {
          const now = clock.now();
          const zones = locations.map((location) => zoneOf(location));
          const all = await Promise.all(zones.map((zone, i) => forecastBody(ports, zone, locations[i] as string, now, wanted)));
          const told = all.map((one, i) => one ?? refuse(501, `nobody forecasts ${locations[i]} yet`));
          return ok(
            told.map(({ body }) => body),
            { 'X-Sunward-Provenance': told.map(({ provenance }) => provenance).join(', ') },
          );
        },
      }),
      route({
        method: 'post',
        path: '/emissions/forecasts/batch',
        role: 'read-only',
        summary: 'Forecasts as they stood at requestedAt',
        body: schema.batchBody,
        answers: { 200: schema.forecasts },
        handle: async ({ body }) => {
          const zones = body.map(({ location }, i) => zoneOf(location, `${i}.location`));
          const all = await Promise.all(
            body.map(async ({ requestedAt, location, ...wanted }, i) => {
              const why = `no forecast of ${location} was issued by ${toIso(requestedAt)}`;
              const asOf = Math.min(requestedAt, clock.now());
              const one = await forecastBody(ports, zones[i] as string, location, asOf, wanted, requestedAt);
              return one ?? refuse(400, why, { [`${i}.requestedAt`]: [why] });
            }),
          );
          return ok(all.map((one) => one.body));
        },
      }),
      route({
        method: 'get',
        path: '/emissions/average-carbon-intensity',
        role: 'read-only',
        summary: 'Mean of what is measured between two instants',
        query: schema.averageQuery,
        answers: { 200: schema.average, 204: 'empty' },
        handle: async ({ query }) => {
          const mean = await averageOf(ports, zoneOf(query.location), query);
          if (!mean) return { status: 204 };
          return ok(averageBody(query, mean.value), { 'X-Sunward-Coverage': mean.coverage.toFixed(4) });
        },
      }),
      route({
        method: 'post',
        path: '/emissions/average-carbon-intensity/batch',
        role: 'read-only',
        summary: 'The same for several spans of one location',
        body: schema.averageBatchBody,
        answers: { 200: schema.averages },
        handle: async ({ body }) => {
          const zones = body.map(({ location }, i) => zoneOf(location, `${i}.location`));
          const all = await Promise.all(
            body.map(async (one, i) => {
              const why = `nothing is measured of ${one.location} from ${toIso(one.startTime)} to ${toIso(one.endTime)}`;
              const mean = await averageOf(ports, zones[i] as string, one);
              return averageBody(one, (mean ?? refuse(400, why, { [`${i}.startTime`]: [why] })).value);
            }),
          );
          return ok(all);
        },
      }),
      route({
        method: 'get',
        path: '/locations',
        role: 'read-only',
        summary: 'Every location that may be asked for',
        answers: { 200: schema.locationsBody, 204: 'empty' },
        handle: async () => {
          const all = places.all.map(({ name, latitude, longitude }) => [name, { latitude, longitude, name }] as const);
          return all.length > 0 ? ok(Object.fromEntries(all)) : { status: 204 };
        },
      }),
      route({
        method: 'get',
        path: '/health',
        role: 'public',
        summary: 'Whether this API answers',
        answers: { 200: 'text' },
        handle: async () => ({ status: 200, body: 'Healthy' }),
      }),
    ],
  };
}

interface EmissionsRow extends WindowPoint {
  readonly location: string;
}

const ok = (body: unknown, headers?: Answer['headers']): Answer => ({ status: 200, body, ...(headers ? { headers } : {}) });
/** As .NET writes an instant of UTC. */
const stampOf = (instant: Instant): string => new Date(instant).toISOString().replace(/(\.000)?Z$/, '+00:00');
const clockText = (durationMs: DurationMs): string => new Date(durationMs).toISOString().slice(11, 19);

const rowBody = ({ location, start, end, value }: EmissionsRow, compat: '1.0' | undefined) => ({
  location,
  time: stampOf(start),
  rating: value,
  ...(compat ? {} : { duration: clockText(end - start) }),
});

const optimalRows = (rows: readonly EmissionsRow[]): readonly EmissionsRow[] => optimal(rows) as readonly EmissionsRow[];

/** `undefined` means the newest. @throws RefusedError with the field that the original would name */
function spanAsked({ time, toTime }: Span): Interval | undefined {
  if (time === undefined) {
    if (toTime === undefined) return undefined;
    const why = 'time must be defined if toTime is defined';
    return refuse(400, why, { time: [why] });
  }
  if (toTime === undefined) return { start: time, end: time + 1 };
  return ordered(time, toTime, 'time', 'toTime');
}

/** @throws RefusedError for a span that is empty or too long */
function ordered(start: Instant, end: Instant, startField: string, endField: string, msMax: DurationMs = rangeMsMax): Interval {
  const why = `${startField} must be before ${endField}`;
  if (end <= start) refuse(400, why, { [startField]: [why] });
  const tooLong = `found ${((end - start) / DAY).toFixed(1)} days from ${startField}; allowed: at most ${msMax / DAY}`;
  if (end - start > msMax) refuse(400, tooLong, { [endField]: [tooLong] });
  return { start, end };
}

async function emissionsOf(
  { clock, reader }: CarbonAwarePorts,
  zone: string,
  location: string,
  asked: Interval | undefined,
): Promise<readonly EmissionsRow[]> {
  const now = clock.now();
  const interval = asked ? { start: asked.start, end: asked.end + 1 } : { start: now - latestBehindMs, end: now }; // the original takes the step that begins at the end too
  const measured = await reader.measured(zone, 'carbon_intensity', interval, SLOT, now);
  const rows = measured.map(({ start, end, value }) => ({ location, start, end, value }));
  return asked ? rows.filter(({ start, end }) => end > asked.start && start <= asked.end) : rows.slice(-1);
}

async function averageOf(
  { clock, reader }: CarbonAwarePorts,
  zone: string,
  { startTime, endTime }: { readonly startTime: Instant; readonly endTime: Instant },
) {
  const span = ordered(startTime, endTime, 'startTime', 'endTime');
  return meanKnown(await reader.measured(zone, 'carbon_intensity', span, SLOT, clock.now()), span);
}

const averageBody = (
  { location, startTime, endTime }: { location: string; startTime: Instant; endTime: Instant },
  carbonIntensity: number,
) => ({
  location,
  startTime: stampOf(startTime),
  endTime: stampOf(endTime),
  carbonIntensity,
});

/** One location's forecast as of an instant; `undefined` when nobody had made one. @throws RefusedError for bounds outside of it */
async function forecastBody(
  { reader }: CarbonAwarePorts,
  zone: string,
  location: string,
  asOf: Instant,
  { dataStartAt, dataEndAt, windowSize }: Wanted,
  requestedAt: Instant = asOf,
) {
  const span = { start: slotOf(asOf), end: slotOf(asOf) + forecastMsMax };
  const forecast = await reader.forecast(zone, 'carbon_intensity', span, asOf);
  const points = forecast ? forecastSteps(forecast, span, SLOT) : [];
  const [first, last] = [points[0], points.at(-1)];
  if (!forecast || !first || !last) return undefined;
  const bounds = ordered(dataStartAt ?? first.start, dataEndAt ?? last.end, 'dataStartAt', 'dataEndAt', Number.POSITIVE_INFINITY);
  const errors = {
    ...(bounds.start < first.start || bounds.start >= last.end ? { dataStartAt: [within('dataStartAt', first, last)] } : {}),
    ...(bounds.end > last.end ? { dataEndAt: [within('dataEndAt', first, last)] } : {}),
  };
  if (Object.keys(errors).length > 0) refuse(400, Object.values(errors).flat().join('. '), errors);
  const means = rollingMeans(points, bounds, windowSize === undefined ? undefined : windowSize * MINUTE);
  const pointBody = ({ start, end, value }: WindowPoint) => ({
    location,
    timestamp: stampOf(start),
    duration: (end - start) / MINUTE,
    value,
  });
  return {
    provenance: provenanceText(forecast.provenance),
    body: {
      generatedAt: stampOf(forecast.provenance.issuedAt),
      requestedAt: stampOf(requestedAt),
      location,
      dataStartAt: stampOf(bounds.start),
      dataEndAt: stampOf(bounds.end),
      windowSize: windowSize ?? 0,
      optimalDataPoints: optimal(means).map(pointBody),
      forecastData: means.map(pointBody),
    },
  };
}

const within = (field: string, first: Interval, last: Interval): string =>
  `${field} must lie within the forecast, ${toIso(first.start)} to ${toIso(last.end)}`;
