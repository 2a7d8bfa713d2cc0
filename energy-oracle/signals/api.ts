/**
 * Signals over HTTP: a zone's values with who said them and how old they are, and how every feed stands. Reads only.
 */
import { type Request, type Response, Router } from 'express';
import type { Clock } from '../../units/clock.ts';
import { DAY, type DurationMs, HOUR, type Instant, type Interval, parseInstant, toIso } from '../../units/time.ts';
import { type Curve, type Signal, signals } from '../grid/grid-feed.ts';
import type { SeriesStore } from '../store/series-store.ts';
import type { FeedWire, PvForecastWire, SignalValueWire, SignalWire } from './wire.ts';

/** Longest interval of one question. */
const intervalMsMax: DurationMs = 31 * DAY;
/** Of a signal that nobody is asked for: its feed is silent when nothing came for so long. */
const staleMsDefault: DurationMs = 30 * HOUR;
const zonePattern = /^[A-Z0-9-]{1,32}$/;

export interface SignalsApiPorts {
  readonly clock: Clock;
  readonly store: Pick<SeriesStore, 'curves'>;
  readonly feeds: () => readonly FeedWire[];
  readonly staleMsOf: (zone: string, signal: Signal) => DurationMs | undefined;
  /** What services say of a site's panels; without it nobody is asked. */
  readonly pvForecastOf?: (site: string) => PvForecastWire | undefined;
}

/** `/v1/feeds`, `/v1/signals/:zone/:signal[?start&end&asOf]`, `/v1/sites/:id/pv-forecast`. */
export function signalsApi({ clock, store, feeds, staleMsOf, pvForecastOf }: SignalsApiPorts): Router {
  const api = Router();
  api.get('/v1/feeds', (_request, response) => void response.json(feeds()));
  api.get('/v1/sites/:id/pv-forecast', (request, response) => {
    const forecast = pvForecastOf?.(request.params.id);
    if (forecast) response.json(forecast);
    else response.status(404).json({ error: 'not-found', detail: `no service told of the panels of ${request.params.id} within a day` });
  });
  api.get('/v1/signals/:zone/:signal', async (request, response) => {
    const { zone } = request.params;
    const signal = signals.find((known) => known === request.params.signal);
    if (!signal || !zonePattern.test(zone)) {
      response
        .status(404)
        .json({ error: 'not-found', detail: `no signal ${request.params.signal} of ${zone}; signals: ${signals.join(', ')}` });
      return;
    }
    const span = spanOf(request, response, clock.now());
    if (!span) return;
    const curves = await store.curves(zone, signal, span.interval, span.asOf);
    response.json(signalWire({ zone, signal, ...span, curves, limitMs: staleMsOf(zone, signal) ?? staleMsDefault }));
  });
  return api;
}

/** The interval and the instant that are asked for; the last day and the next two unless told. Answers 400 when they cannot be. */
function spanOf({ query }: Request, response: Response, now: Instant): { readonly interval: Interval; readonly asOf: Instant } | undefined {
  const refuse = (detail: string) => void response.status(400).json({ error: 'bad-request', detail });
  const read = (name: string, fallback: Instant): Instant | undefined => {
    const text = query[name];
    return text === undefined ? fallback : parseInstant(String(text));
  };
  const [start, end, asOf] = [read('start', now - DAY), read('end', now + 2 * DAY), read('asOf', now)];
  if (start === undefined || end === undefined || asOf === undefined)
    refuse('start, end, asOf: allowed is RFC 3339 with its offset, such as 2026-06-21T12:00Z');
  else if (end <= start || end - start > intervalMsMax)
    refuse(`end must be after start, by 31 days at most; found ${toIso(start)} to ${toIso(end)}`);
  else return { interval: { start, end }, asOf: Math.min(asOf, now) };
  return undefined;
}

interface SignalWireParts {
  readonly zone: string;
  readonly signal: Signal;
  readonly interval: Interval;
  readonly asOf: Instant;
  /** Oldest issue first. */
  readonly curves: readonly Curve[];
  readonly limitMs: DurationMs;
}

/** Values by step; where curves overlap the newest issue stands, and a step that is told in part by a newer one is cut at it. */
function signalWire({ zone, signal, interval, asOf, curves, limitMs }: SignalWireParts): SignalWire {
  const values: SignalValueWire[] = [];
  const taken: Interval[] = [];
  for (const curve of curves.toReversed())
    for (const [i, value] of curve.values.entries()) {
      const step = { start: curve.start + i * curve.stepMs, end: curve.start + (i + 1) * curve.stepMs };
      if (value === undefined || step.end <= interval.start || step.start >= interval.end) continue;
      if (taken.some((other) => other.start < step.end && step.start < other.end)) continue;
      values.push(valueWire(curve, i, step, value, asOf));
      taken.push(step);
    }
  const newest = curves.at(-1);
  const ageMs = newest ? asOf - newest.issuedAt : null;
  const sources = new Map(
    curves.flatMap(({ provenance }) => (provenance?.sources ?? []).map((source) => [source.source, source] as const)),
  );
  return {
    zone,
    signal,
    unit: newest?.unit ?? null,
    asOf: toIso(asOf),
    staleness: { ageMs, limitMs, stale: ageMs === null || ageMs > limitMs },
    provenance: [...sources.values()].map(({ issuedAt, fetchedAt, ...rest }) => ({
      ...rest,
      issuedAt: issuedAt === null ? null : toIso(issuedAt),
      fetchedAt: toIso(fetchedAt),
    })),
    values: values.sort((a, b) => (a.start < b.start ? -1 : 1)),
  };
}

function valueWire(
  { provenance, signature, issuedAt }: Curve,
  i: number,
  { start, end }: Interval,
  value: number,
  asOf: Instant,
): SignalValueWire {
  const shared = { start: toIso(start), end: toIso(end), value, issuedAt: toIso(issuedAt), ageMs: asOf - issuedAt };
  if (!provenance) return { ...shared, low: null, high: null, sources: signature === '' ? [] : ['signed feed'], quality: 'signed' };
  return {
    ...shared,
    low: provenance.low[i] ?? null,
    high: provenance.high[i] ?? null,
    sources: (provenance.counted[i] ?? []).flatMap((place) => provenance.sources[place]?.source ?? []),
    quality: provenance.quality[i] ?? 'gap',
  };
}
