/**
 * UK Carbon Intensity API in schemas: what may be asked, and what is answered. Stamps have no seconds.
 */
import { z } from 'zod';
import { instantField } from '../asked.ts';

const day = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d$/, 'a day such as 2026-06-21')
  .pipe(instantField);

export const dateParams = z.object({ date: day });
export const periodParams = z.object({ date: day, period: z.coerce.number().int().min(1).max(48) });
export const fromParams = z.object({ from: instantField });
export const spanParams = z.object({ from: instantField, to: instantField });
export const blockParams = z.object({ from: instantField, to: instantField, block: z.coerce.number().int().min(1).max(24) });
const postcode = z.string().regex(/^[A-Za-z]{1,2}\d[A-Za-z\d]?$/, 'an outward postcode such as RG10');
const regionid = z.coerce.number().int().min(1).max(18);
export const postcodeParams = z.object({ postcode });
export const regionParams = z.object({ regionid });
export const fromPostcodeParams = z.object({ from: instantField, postcode });
export const fromRegionParams = z.object({ from: instantField, regionid });

export const indices = ['very low', 'low', 'moderate', 'high', 'very high'] as const;
const stamp = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/);
const index = z.enum(indices);
const halfHour = z.object({
  from: stamp,
  to: stamp,
  intensity: z.object({ forecast: z.int().nullable(), actual: z.int().nullable(), index: index.nullable() }),
});
export const intensity = z.object({ data: z.array(halfHour).max(14 * 48 + 2) });
export const stats = z.object({
  data: z
    .array(z.object({ from: stamp, to: stamp, intensity: z.object({ max: z.int(), average: z.int(), min: z.int(), index }) }))
    .max(30 * 24),
});
export const factors = z.object({ data: z.array(z.record(z.string(), z.int())) });
const mix = z.array(z.object({ fuel: z.string(), perc: z.number() }));
const generationSlot = z.object({ from: stamp, to: stamp, generationmix: mix });
export const generation = z.object({ data: generationSlot });
export const generations = z.object({ data: z.array(generationSlot).max(14 * 48 + 2) });
const region = { regionid: z.int(), dnoregion: z.string(), shortname: z.string(), postcode: z.string().optional() };
const regionalSlot = z.object({
  from: stamp,
  to: stamp,
  intensity: z.object({ forecast: z.int().nullable(), index: index.nullable() }),
  generationmix: mix,
});
export const regional = z.object({ data: z.array(z.object({ ...region, data: z.array(regionalSlot) })) });
export const regionalAhead = z.object({ data: z.object({ ...region, data: z.array(regionalSlot).max(98) }) });
export const refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
