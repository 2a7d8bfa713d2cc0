/**
 * Contract: the oracle's own HTTP routes in schemas, for the OpenAPI document. `api.ts` answers them, and those of its
 * parts with contracts of their own.
 *
 * Every schema is checked by the compiler against the wire type it stands for.
 */
import { z } from 'zod';
import { signalRoutes } from './signals/contract.ts';
import { seriesRoutes } from './store/contract.ts';
import { keyRoutes } from './telemetry/keys/contract.ts';
import type { ForecastScoreWire, OracleWire, OutlookWire, QuantilesWire, QuarantineWire, SiteWire, VerdictWire } from './wire.ts';

const stamp = z.iso.datetime();
const asked = z.iso.datetime({ offset: true }).optional();
const number = z.number().nullable();
const quantiles: z.ZodType<QuantilesWire | null> = z.object({ p10: z.number(), p50: z.number(), p90: z.number() }).nullable();
const happened = { surplusKw: number, importPricePerMwh: number, carbonIntensityGPerKwh: number };

const site: z.ZodType<SiteWire> = z.object({
  id: z.string(),
  name: z.string(),
  provider: z.string(),
  zone: z.string(),
  latitude: z.number(),
  longitude: z.number(),
  accelerators: z.array(z.object({ model: z.string(), count: z.int(), drawKw: z.number() })),
  pvPeakKw: z.number(),
  now: z
    .object({ at: stamp, pvKw: number, loadKw: number, surplusKw: number, importPricePerMwh: number, carbonIntensityGPerKwh: number })
    .nullable(),
});

const source = z.object({ model: z.string(), reason: z.string().nullable() });
const outlook = z.object({
  site: z.string(),
  issuedAt: stamp,
  model: z.string(),
  start: stamp,
  stepMs: z.int(),
  currency: z.string(),
  slots: z.array(z.object({ surplusKw: quantiles, importPricePerMwh: quantiles, carbonIntensityGPerKwh: quantiles })),
  sources: z.object({ surplus: source, 'import-price': source, 'carbon-intensity': source }).nullable(),
  notes: z.array(z.string()),
  happened: z.array(z.object(happened)).optional(),
}) satisfies z.ZodType<Omit<OutlookWire, 'happened'>>;

const figures = z.object({ pinballPercent: number, nmaePercent: number, cov80: number });
const scored = { count: z.int(), issued: figures, cliper: figures.nullable(), repeated: figures.nullable() };
const score: z.ZodType<ForecastScoreWire> = z.object({
  site: z.string(),
  signal: z.enum(['surplus', 'import-price', 'carbon-intensity']),
  model: z.string(),
  leadDays: z.array(z.object({ ...scored, leadDay: z.number() })),
  months: z.array(z.object({ ...scored, month: z.string() })),
  hourBands: z.array(z.object({ ...scored, hourBand: z.string() })),
});

const oracle: z.ZodType<OracleWire> = z.object({
  readingsAccepted: z.int(),
  curvesAccepted: z.int(),
  quarantined: z.record(z.string(), z.int()),
});
const quarantine: z.ZodType<QuarantineWire> = z.object({
  receivedAt: stamp,
  topic: z.string(),
  reason: z.string(),
  detail: z.string(),
  payloadBase64: z.string(),
});
const verdict: z.ZodType<VerdictWire> = z.object({
  slot: stamp,
  verdict: z.enum(['certified', 'refused']),
  judgedAt: stamp.nullable(),
  certifiedWh: number,
  ceilingWh: z.number(),
  throttled: z.boolean(),
  reasons: z.array(z.object({ reason: z.string(), found: z.number(), allowed: z.number(), unit: z.string(), detail: z.string() })),
});
const refusal = z.object({ error: z.string(), detail: z.string() });

const get = { method: 'get', role: 'read-only' } as const;

export const oracleContract = {
  name: 'Oracle',
  mount: '',
  refusalSchema: refusal,
  routes: [
    { ...get, path: '/v1/sites', summary: 'Sites with their newest verified slot', answers: { 200: z.array(site) } },
    {
      ...get,
      path: '/v1/sites/{id}/outlook',
      summary: 'The newest outlook of a site, or the one that stood as of an instant with what came true of it',
      params: z.object({ id: z.string() }),
      query: z.object({ asOf: z.iso.datetime({ offset: true }).optional() }),
      answers: { 200: outlook },
    },
    {
      ...get,
      path: '/v1/forecast/score',
      summary: 'How forecasts did, beside two yardsticks',
      query: z.object({ site: z.string().optional() }),
      answers: { 200: z.array(score) },
    },
    { ...get, path: '/v1/oracle', summary: 'What was accepted and what was not', answers: { 200: oracle } },
    { ...get, path: '/v1/quarantine', summary: 'The newest messages that did not pass', answers: { 200: z.array(quarantine).max(100) } },
    {
      ...get,
      path: '/v1/sites/{id}/verdicts',
      summary: 'What is certified of each slot of a site, and why not; with asOf as it was kept by then',
      params: z.object({ id: z.string() }),
      query: z.object({ start: asked, end: asked, asOf: asked }),
      answers: { 200: z.array(verdict) },
    },
    ...seriesRoutes,
    ...signalRoutes,
    ...keyRoutes,
  ],
};
