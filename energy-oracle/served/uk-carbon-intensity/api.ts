/**
 * UK Carbon Intensity API: half hours of one zone, its generation mix, and regions that all tell the same.
 *
 * The zone is Great Britain's unless the operator names another; its regions are not known apart, so a regional route answers
 * for the whole of it and says so (`regionid` 18). Periods are half hours of the UTC day.
 */
import type { Clock } from '../../../units/clock.ts';
import { DAY, type DurationMs, HOUR, type Instant, type Interval, toIso } from '../../../units/time.ts';
import { type Fuel, fuels, generationSignal } from '../../grid/grid-feed.ts';
import type { Places } from '../places.ts';
import { type Answer, refuse, route, type ServedApi, type ServedRoute } from '../route.ts';
import type { ZoneReader } from '../zone-signal.ts';
import { factors, generationMix } from './factors.ts';
import { halfHourBody, halfHourMs, halfHourOf, halfHours, regionalIntensity, stampOf, statistics } from './half-hours.ts';
import * as schema from './schema.ts';

export interface UkCarbonIntensityPorts {
  readonly clock: Clock;
  readonly places: Places;
  readonly reader: ZoneReader;
  /** The original is at a root: `/intensity`, `/generation` and `/regional` follow. */
  readonly mount: string;
  /** Whose half hours these are. */
  readonly zone: string;
}

const rangeMsMax: DurationMs = 14 * DAY;
const statisticsMsMax: DurationMs = 30 * DAY;
/** Generation is out within hours; without a time the newest half hour is meant. */
const generationBehindMs: DurationMs = 3 * HOUR;

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
};

/** Spans that routes name by a word. */
const spans = {
  fw24h: (from: Instant): Interval => ({ start: from, end: halfHourOf(from) + DAY }),
  fw48h: (from: Instant): Interval => ({ start: from, end: halfHourOf(from) + 2 * DAY }),
  pt24h: (from: Instant): Interval => ({ start: halfHourOf(from) - DAY, end: halfHourOf(from) }),
} as const;
const words = ['fw24h', 'fw48h', 'pt24h'] as const;

export function ukCarbonIntensityApi(ports: UkCarbonIntensityPorts): ServedApi {
  return {
    name: 'UK Carbon Intensity',
    mount: ports.mount,
    routes: [...intensityRoutes(ports), ...generationRoutes(ports), ...regionalRoutes(ports)],
    refusalSchema: schema.refusal,
    refusal: ({ status, message }) => ({ status, body: { error: { code: `${status} ${titles[status] ?? 'Error'}`, message } } }),
  };
}

const ok = (body: unknown): Answer => ({ status: 200, body });

/** @throws RefusedError while there is no site in the zone */
function zoneOf({ places, zone }: UkCarbonIntensityPorts): string {
  const found = places.zone(zone);
  return found.kind === 'zone' ? found.zone.zone : refuse(404, `${found.why}; the operator may name another zone for this API`);
}

/** @throws RefusedError */
function bounded(from: Instant, to: Instant, msMax: DurationMs): Interval {
  if (to <= from) refuse(400, `to: found ${toIso(to)}; allowed: after from, ${toIso(from)}`);
  if (to - from > msMax) refuse(400, `found ${((to - from) / DAY).toFixed(1)} days; allowed: at most ${msMax / DAY}`);
  return { start: from, end: to };
}

function intensityRoutes(ports: UkCarbonIntensityPorts): readonly ServedRoute[] {
  const { clock, reader } = ports;
  const told = async (span: Interval): Promise<Answer> =>
    ok({ data: (await halfHours(reader, zoneOf(ports), span, clock.now())).map(halfHourBody) });
  const one = (instant: Instant): Interval => ({ start: halfHourOf(instant), end: halfHourOf(instant) + halfHourMs });
  const dayOf = (instant: Instant): Interval => ({ start: Math.floor(instant / DAY) * DAY, end: Math.floor(instant / DAY) * DAY + DAY });
  const counted = async (span: Interval, blockMs: DurationMs): Promise<Answer> =>
    ok({ data: statistics(await halfHours(reader, zoneOf(ports), span, clock.now()), blockMs) });
  const common = { method: 'get', role: 'read-only', answers: { 200: schema.intensity } } as const;
  return [
    route({ ...common, path: '/intensity', summary: 'The half hour that it is', handle: () => told(one(clock.now())) }),
    route({ ...common, path: '/intensity/date', summary: 'The half hours of today', handle: () => told(dayOf(clock.now())) }),
    route({
      ...common,
      path: '/intensity/date/{date}',
      summary: 'The half hours of a day',
      params: schema.dateParams,
      handle: ({ params }) => told(dayOf(params.date)),
    }),
    route({
      ...common,
      path: '/intensity/date/{date}/{period}',
      summary: 'One half hour of a day, counted from 1',
      params: schema.periodParams,
      handle: ({ params: { date, period } }) => told(one(date + (period - 1) * halfHourMs)),
    }),
    route({
      method: 'get',
      role: 'read-only',
      path: '/intensity/factors',
      summary: 'Grams that the published method counts for each fuel',
      answers: { 200: schema.factors },
      handle: async () => ok({ data: [factors] }),
    }),
    route({
      method: 'get',
      role: 'read-only',
      path: '/intensity/stats/{from}/{to}',
      summary: 'Most, mean and least of a range, 30 days at most',
      params: schema.spanParams,
      answers: { 200: schema.stats },
      handle: ({ params: { from, to } }) => counted(bounded(from, to, statisticsMsMax), statisticsMsMax),
    }),
    route({
      method: 'get',
      role: 'read-only',
      path: '/intensity/stats/{from}/{to}/{block}',
      summary: 'The same by blocks of hours',
      params: schema.blockParams,
      answers: { 200: schema.stats },
      handle: ({ params: { from, to, block } }) => counted(bounded(from, to, statisticsMsMax), block * HOUR),
    }),
    route({
      ...common,
      path: '/intensity/{from}',
      summary: 'The half hour that holds an instant',
      params: schema.fromParams,
      handle: ({ params: { from } }) => told(one(from)),
    }),
    ...words.map((word) =>
      route({
        ...common,
        path: `/intensity/{from}/${word}`,
        summary: word === 'pt24h' ? 'The 24 hours before an instant' : `${word.slice(2, 4)} hours from an instant on`,
        params: schema.fromParams,
        handle: ({ params: { from } }) => told(spans[word](from)),
      }),
    ),
    route({
      ...common,
      path: '/intensity/{from}/{to}',
      summary: 'The half hours of a range, 14 days at most',
      params: schema.spanParams,
      handle: ({ params: { from, to } }) => told(bounded(from, to, rangeMsMax)),
    }),
  ];
}

function generationRoutes(ports: UkCarbonIntensityPorts): readonly ServedRoute[] {
  const { clock } = ports;
  const now = () => clock.now();
  const told = async (span: Interval): Promise<Answer> => ok({ data: await mixes(ports, zoneOf(ports), span) });
  return [
    route({
      method: 'get',
      role: 'read-only',
      path: '/generation',
      summary: 'The newest generation mix, percent',
      answers: { 200: schema.generation },
      handle: async () => {
        const newest = (await mixes(ports, zoneOf(ports), { start: now() - generationBehindMs, end: now() })).at(-1);
        return ok({ data: newest ?? refuse(404, 'no recent generation is known') });
      },
    }),
    route({
      method: 'get',
      role: 'read-only',
      path: '/generation/{from}/pt24h',
      summary: 'Generation mixes of the 24 hours before an instant',
      params: schema.fromParams,
      answers: { 200: schema.generations },
      handle: ({ params: { from } }) => told(spans.pt24h(from)),
    }),
    route({
      method: 'get',
      role: 'read-only',
      path: '/generation/{from}/{to}',
      summary: 'Generation mixes of a range, 14 days at most',
      params: schema.spanParams,
      answers: { 200: schema.generations },
      handle: ({ params: { from, to } }) => told(bounded(from, to, rangeMsMax)),
    }),
  ];
}

/** Half hours of which generation is known. O(fuels × half hours). */
async function mixes({ clock, reader }: UkCarbonIntensityPorts, zone: string, span: Interval) {
  const now = clock.now();
  const [loads, ...byFuel] = await Promise.all([
    reader.measured(zone, 'grid_load', span, halfHourMs, now),
    ...fuels.map((fuel) => reader.measured(zone, generationSignal(fuel), span, halfHourMs, now)),
  ]);
  const loadAt = new Map(loads.map(({ start, value }) => [start, value]));
  const at = new Map<Instant, Partial<Record<Fuel, number>>>();
  for (const [i, fuel] of fuels.entries())
    for (const { start, value } of byFuel[i] ?? []) at.set(start, { ...at.get(start), [fuel]: value });
  return [...at]
    .sort(([a], [b]) => a - b)
    .map(([start, generation]) => ({
      from: stampOf(start),
      to: stampOf(start + halfHourMs),
      generationmix: generationMix(generation, loadAt.get(start)),
    }));
}

function regionalRoutes(ports: UkCarbonIntensityPorts): readonly ServedRoute[] {
  const { clock, reader } = ports;
  const slots = async (span: Interval) => {
    const zone = zoneOf(ports);
    const [told, mixed] = await Promise.all([halfHours(reader, zone, span, clock.now()), mixes(ports, zone, span)]);
    const mixAt = new Map(mixed.map(({ from, generationmix }) => [from, generationmix]));
    return told.map((slot) => ({
      from: stampOf(slot.start),
      to: stampOf(slot.end),
      intensity: regionalIntensity(slot),
      generationmix: mixAt.get(stampOf(slot.start)) ?? [],
    }));
  };
  const region = (postcode?: string) => ({ regionid: 18, dnoregion: ports.zone, shortname: ports.zone, ...(postcode ? { postcode } : {}) });
  const current = async (postcode?: string): Promise<Answer> => {
    const start = halfHourOf(clock.now());
    return ok({ data: [{ ...region(postcode), data: await slots({ start, end: start + halfHourMs }) }] });
  };
  const ranged = async (span: Interval, postcode?: string): Promise<Answer> =>
    ok({ data: { ...region(postcode), data: await slots(span) } });
  const common = { method: 'get', role: 'read-only' } as const;
  return [
    route({
      ...common,
      path: '/regional/postcode/{postcode}',
      summary: 'The half hour that it is, of the whole zone',
      params: schema.postcodeParams,
      answers: { 200: schema.regional },
      handle: ({ params: { postcode } }) => current(postcode),
    }),
    route({
      ...common,
      path: '/regional/regionid/{regionid}',
      summary: 'The same by region, of the whole zone',
      params: schema.regionParams,
      answers: { 200: schema.regional },
      handle: () => current(),
    }),
    ...words.flatMap((word) => [
      route({
        ...common,
        path: `/regional/intensity/{from}/${word}/postcode/{postcode}`,
        summary: `The span ${word} of an instant, of the whole zone`,
        params: schema.fromPostcodeParams,
        answers: { 200: schema.regionalAhead },
        handle: ({ params: { from, postcode } }) => ranged(spans[word](from), postcode),
      }),
      route({
        ...common,
        path: `/regional/intensity/{from}/${word}/regionid/{regionid}`,
        summary: `The same by region, of the whole zone`,
        params: schema.fromRegionParams,
        answers: { 200: schema.regionalAhead },
        handle: ({ params: { from } }) => ranged(spans[word](from)),
      }),
    ]),
  ];
}
