/**
 * Electricity Maps v3 in schemas: what may be asked, and what is answered.
 *
 * Follows the public reference of the API. Intensities are whole numbers, because a widely used client reads them into
 * integers; both spellings of the horizon that are in use are taken.
 */
import { z } from 'zod';
import { instantField, latitudeField, longitudeField, nameField } from '../asked.ts';

const place = {
  zone: nameField.optional(),
  lat: latitudeField.optional(),
  lon: longitudeField.optional(),
  dataCenterProvider: nameField.optional(),
  dataCenterRegion: nameField.optional(),
  countryCode: z.string().length(2).optional(),
};
const how = {
  emissionFactorType: z.enum(['lifecycle', 'direct']).default('lifecycle'),
  disableEstimations: z.enum(['true', 'false']).default('false'),
  temporalGranularity: z.enum(['5_minutes', '15_minutes', 'hourly']).default('hourly'),
};
const horizon = z.coerce
  .number()
  .refine((hours) => [6, 24, 48, 72].includes(hours), 'allowed: 6, 24, 48, 72')
  .optional();

export const placeQuery = z.object(place);
export const latestQuery = z.object({ ...place, ...how });
export const forecastQuery = z.object({
  ...place,
  temporalGranularity: how.temporalGranularity,
  horizonHours: horizon,
  horizon_hours: horizon,
});
export const pastQuery = z.object({ ...place, ...how, datetime: instantField });
export const pastRangeQuery = z.object({
  ...place,
  ...how,
  temporalGranularity: z.enum(['5_minutes', '15_minutes', 'hourly', 'daily']).default('hourly'),
  start: instantField,
  end: instantField,
});

export type PlaceAsked = z.output<typeof placeQuery>;
export type HowAsked = z.output<typeof latestQuery>;

const stamp = z.iso.datetime();
const estimated = { isEstimated: z.boolean(), estimationMethod: z.string().nullable() };

export const carbonPoint = z.object({
  carbonIntensity: z.int().nullable(),
  datetime: stamp,
  updatedAt: stamp,
  createdAt: stamp,
  emissionFactorType: z.enum(['lifecycle', 'direct']),
  ...estimated,
});
export const carbonLatest = z.object({ zone: z.string(), ...carbonPoint.shape, temporalGranularity: z.string() });
export const carbonHistory = z.object({ zone: z.string(), history: z.array(carbonPoint).max(288), temporalGranularity: z.string() });
export const carbonRange = z.object({ zone: z.string(), data: z.array(carbonPoint).max(2_880), temporalGranularity: z.string() });
export const carbonForecast = z.object({
  zone: z.string(),
  forecast: z.array(z.object({ carbonIntensity: z.int(), datetime: stamp })).max(864),
  updatedAt: stamp,
  temporalGranularity: z.string(),
});

const breakdown = z.record(z.string(), z.int().nullable());
export const powerPoint = z.object({
  datetime: stamp,
  updatedAt: stamp,
  createdAt: stamp,
  powerConsumptionBreakdown: breakdown,
  powerProductionBreakdown: breakdown,
  powerImportBreakdown: breakdown,
  powerExportBreakdown: breakdown,
  fossilFreePercentage: z.int().min(0).max(100).nullable(),
  renewablePercentage: z.int().min(0).max(100).nullable(),
  powerConsumptionTotal: z.int().nullable(),
  powerProductionTotal: z.int().nullable(),
  powerImportTotal: z.int().nullable(),
  powerExportTotal: z.int().nullable(),
  ...estimated,
});
export const powerLatest = z.object({ zone: z.string(), ...powerPoint.shape, temporalGranularity: z.string() });
export const powerHistory = z.object({ zone: z.string(), history: z.array(powerPoint).max(288), temporalGranularity: z.string() });
export const powerRange = z.object({ zone: z.string(), data: z.array(powerPoint).max(2_880), temporalGranularity: z.string() });
export const powerForecast = z.object({
  zone: z.string(),
  forecast: z.array(powerPoint).max(864),
  updatedAt: stamp,
  temporalGranularity: z.string(),
});

export const zones = z.record(
  z.string(),
  z.object({ zoneName: z.string(), countryName: z.string().optional(), access: z.array(z.string()).optional() }),
);
export const health = z.object({ monitors: z.object({ state: z.literal('ok') }), status: z.literal('ok') });
/** Clients read either field. */
export const refusal = z.object({ error: z.string(), message: z.string() });
