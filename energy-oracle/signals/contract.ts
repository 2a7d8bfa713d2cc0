/**
 * Contract of signals: their HTTP routes in schemas, for the OpenAPI document. `api.ts` answers them.
 */
import { z } from 'zod';
import { signals } from '../grid/grid-feed.ts';
import type { FeedSourceWire, FeedWire, PvForecastWire, SignalValueWire, SignalWire } from './wire.ts';

const stamp = z.iso.datetime();
const text = z.string();
const number = z.number();
const maybe = z.number().nullable();
const instant = z.iso.datetime({ offset: true }).optional();

const feedSource: z.ZodType<FeedSourceWire> = z.object({
  source: text,
  standing: text,
  ageMs: maybe,
  leftOutUntil: stamp.nullable(),
  why: text.nullable(),
  last: z.object({ start: stamp, value: number, deviation: maybe, estimated: z.boolean() }).nullable(),
});
const feed: z.ZodType<FeedWire> = z.object({
  zone: text,
  signal: text,
  unit: text,
  tolerated: z.int(),
  quorum: z.int(),
  last: z.object({ start: stamp, value: number, low: number, high: number, sources: z.array(text), quality: text }).nullable(),
  gap: text.nullable(),
  asOf: stamp.nullable(),
  sources: z.array(feedSource),
});
const value: z.ZodType<SignalValueWire> = z.object({
  start: stamp,
  end: stamp,
  value: number,
  low: maybe,
  high: maybe,
  sources: z.array(text),
  quality: text,
  issuedAt: stamp,
  ageMs: number,
});
const signal: z.ZodType<SignalWire> = z.object({
  zone: text,
  signal: text,
  unit: text.nullable(),
  asOf: stamp,
  staleness: z.object({ ageMs: maybe, limitMs: number, stale: z.boolean() }),
  provenance: z.array(z.object({ source: text, unitFound: text, issuedAt: stamp.nullable(), fetchedAt: stamp, estimated: number })),
  values: z.array(value),
});
const pvForecast: z.ZodType<PvForecastWire> = z.object({
  site: text,
  asOf: stamp,
  unit: z.literal('W'),
  sources: z.array(z.object({ source: text, unitFound: text, issuedAt: stamp.nullable(), fetchedAt: stamp, ageMs: number })),
  steps: z.array(z.object({ start: stamp, end: stamp, value: number, low: number, high: number, sources: z.array(text), quality: text })),
});

const get = { method: 'get', role: 'read-only' } as const;

export const signalRoutes = [
  { ...get, path: '/v1/feeds', summary: 'How every feed and its sources stand', answers: { 200: z.array(feed) } },
  {
    ...get,
    path: '/v1/signals/{zone}/{signal}',
    summary: 'Values of a zone with who said them and how old they are, as of an instant',
    params: z.object({ zone: text, signal: z.enum(signals) }),
    query: z.object({ start: instant, end: instant, asOf: instant }),
    answers: { 200: signal },
  },
  {
    ...get,
    path: '/v1/sites/{id}/pv-forecast',
    summary: 'What services say of the panels of a site',
    params: z.object({ id: text }),
    answers: { 200: pvForecast },
  },
];
