/**
 * Series over HTTP: last values, samples and energy by step, each as of an instant. Reads only.
 *
 * Everything here is for people and charts; what is paid is computed from the facts of slots, which are asked for elsewhere.
 */
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { Clock } from '../../units/clock.ts';
import { DAY, type DurationMs, type Instant, parseInstant, toIso } from '../../units/time.ts';
import { type Stream, streams } from '../telemetry/reading.ts';
import type { EnergyWire, SampleWire } from '../wire.ts';
import { type EnergyStep, energyStepMs, type Sample, type SeriesStore } from './series-store.ts';

export interface SeriesApiPorts {
  readonly clock: Clock;
  readonly sites: readonly { readonly id: string; readonly provider: string }[];
  readonly store: SeriesStore;
  /** Whether a request may see a provider's meters; the sum over all is nobody's (`undefined`). Without it everybody sees all. */
  readonly seesMetersOf?: (request: Request, provider: string | undefined) => boolean;
}

/** Longest interval of one question, by step: a year of energy by the hour, a week of samples. */
const spanMsMax: Readonly<Record<EnergyStep | 'raw', DurationMs>> = { raw: 7 * DAY, slot: 92 * DAY, hour: 366 * DAY, day: 3_660 * DAY };

const instant = z.string().transform((text, context): Instant => {
  const parsed = parseInstant(text);
  if (parsed !== undefined && parsed >= 0) return parsed;
  context.addIssue(`found ${JSON.stringify(text)}; allowed: RFC 3339 with its offset, such as 2026-06-21T12:00Z`);
  return z.NEVER;
});
const latestQuery = z.strictObject({ asOf: instant.optional() });
const seriesQuery = latestQuery.extend({
  start: instant,
  end: instant,
  step: z.enum(['raw', ...(Object.keys(energyStepMs) as EnergyStep[])]).default('hour'),
});

/** `/v1/series/latest[?asOf=]`, `/v1/series/:site/:stream?start=&end=[&step=][&asOf=]`; the site `all` is the sum over all. */
export function seriesApi({ clock, sites, store, seesMetersOf = () => true }: SeriesApiPorts): Router {
  const api = Router();
  const sees = (request: Request, site: string) => seesMetersOf(request, sites.find(({ id }) => id === site)?.provider);
  api.get('/v1/series/latest', async (request, response) => {
    const query = parsed(latestQuery, request, response);
    if (!query) return;
    const latest = await store.latest(Math.min(query.asOf ?? clock.now(), clock.now()));
    response.json(latest.filter(({ site }) => sees(request, site)).map(sampleWire));
  });
  api.get('/v1/series/:site/:stream', async (request, response) => {
    const { site } = request.params;
    const stream = streams.find((name) => name === request.params.stream);
    if (!stream || (site !== 'all' && !sites.some(({ id }) => id === site))) {
      const detail = `no ${site}/${request.params.stream}; sites: all, ${sites.map(({ id }) => id).join(', ')}; streams: ${streams.join(', ')}`;
      response.status(404).json({ error: 'not-found', detail });
      return;
    }
    if (!sees(request, site)) {
      response.status(403).json({ error: 'forbidden', detail: `meters of ${site} are its provider’s, and not this key’s` });
      return;
    }
    const query = parsed(seriesQuery, request, response);
    if (!query) return;
    const { start, end, step } = query;
    if (end <= start || end - start > spanMsMax[step] || (site === 'all' && step === 'raw')) {
      const detail = `start, end: found ${toIso(start)} to ${toIso(end)}; allowed by ${step}: more than nothing, at most ${spanMsMax[step] / DAY} days; all sites are summed by slot, hour or day`;
      response.status(400).json({ error: 'bad-request', detail });
      return;
    }
    response.json(await answer(store, { site, stream, start, end, step, asOf: Math.min(query.asOf ?? clock.now(), clock.now()) }));
  });
  return api;
}

interface Question {
  readonly site: string;
  readonly stream: Stream;
  readonly start: Instant;
  readonly end: Instant;
  readonly step: EnergyStep | 'raw';
  readonly asOf: Instant;
}

async function answer(
  store: SeriesStore,
  { site, stream, start, end, step, asOf }: Question,
): Promise<readonly (SampleWire | EnergyWire)[]> {
  const interval = { start, end };
  if (step === 'raw') return (await store.samples(site, stream, interval, asOf)).map(sampleWire);
  const energy = site === 'all' ? store.fleetEnergy(stream, interval, step, asOf) : store.energy(site, stream, interval, step, asOf);
  return (await energy).map(
    ({ start, energyWh, coveredMs, signedMs, availableAt }): EnergyWire => ({
      start: toIso(start),
      energyWh,
      coveredMs,
      signedMs,
      availableAt: toIso(availableAt),
    }),
  );
}

const sampleWire = ({ site, stream, metered, value, availableAt }: Sample): SampleWire => ({
  site,
  stream,
  start: toIso(metered.start),
  end: toIso(metered.end),
  value,
  availableAt: toIso(availableAt),
});

/** The query as it should be; `undefined` when the refusal was sent. */
function parsed<T>(schema: z.ZodType<T>, request: Request, response: Response): T | undefined {
  const result = schema.safeParse(request.query);
  if (result.success) return result.data;
  response.status(400).json({ error: 'bad-request', detail: z.prettifyError(result.error) });
  return undefined;
}
