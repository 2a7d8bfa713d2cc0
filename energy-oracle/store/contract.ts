/**
 * Contract of series: their HTTP routes in schemas, for the OpenAPI document. `api.ts` answers them.
 */
import { z } from 'zod';
import { streams } from '../telemetry/reading.ts';
import type { EnergyWire, SampleWire } from '../wire.ts';
import { energyStepMs } from './series-store.ts';

const stamp = z.iso.datetime();
const asked = z.iso.datetime({ offset: true });

const sample: z.ZodType<SampleWire> = z.object({
  site: z.string(),
  stream: z.string(),
  start: stamp,
  end: stamp,
  value: z.number(),
  availableAt: stamp,
});
const energy: z.ZodType<EnergyWire> = z.object({
  start: stamp,
  energyWh: z.number(),
  coveredMs: z.number(),
  signedMs: z.number(),
  availableAt: stamp,
});

const get = { method: 'get', role: 'read-only' } as const;

export const seriesRoutes = [
  {
    ...get,
    path: '/v1/series/latest',
    summary: 'The newest value of every stream of the sites that may be seen',
    query: z.object({ asOf: asked.optional() }),
    answers: { 200: z.array(sample) },
  },
  {
    ...get,
    path: '/v1/series/{site}/{stream}',
    summary: 'Samples (step raw) or energy by step; the site all is the sum over all',
    params: z.object({ site: z.string(), stream: z.enum(streams) }),
    query: z.object({
      start: asked,
      end: asked,
      step: z.enum(['raw', ...Object.keys(energyStepMs)]).optional(),
      asOf: asked.optional(),
    }),
    answers: { 200: z.union([z.array(sample), z.array(energy)]) },
  },
];
