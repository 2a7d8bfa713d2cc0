/**
 * WattTime v3 in schemas: what may be asked, and what is answered. Values are in lbs of CO2 per MWh.
 */
import { z } from 'zod';
import { instantField, latitudeField, longitudeField, nameField } from '../asked.ts';

export const signalTypes = ['co2_moer', 'co2_aoer', 'health_damage'] as const;
const signal_type = z.enum(signalTypes).default('co2_moer');
const region = nameField;
const horizon_hours = z.coerce.number().int().min(0).max(72).optional();
/** Named by clients that pin one; there is one model here. */
const model = z.string().max(64).optional();

export const locationQuery = z.object({ latitude: latitudeField, longitude: longitudeField, signal_type });
export const indexQuery = z.object({ region, signal_type });
export const forecastQuery = z.object({ region, signal_type, horizon_hours, model });
export const historicalForecastQuery = z.object({ region, signal_type, horizon_hours, model, start: instantField, end: instantField });
export const historicalQuery = z.object({ region, signal_type, model, start: instantField, end: instantField });
export const mapsQuery = z.object({ signal_type });

const stamp = z.iso.datetime({ offset: true });
const point = z.object({ point_time: stamp, value: z.number() });
const metaShape = {
  region: z.string(),
  signal_type: z.enum(signalTypes),
  units: z.string(),
  data_point_period_seconds: z.int(),
  model: z.object({ date: z.string() }),
  warnings: z.array(z.string()),
};
const issuedMeta = z.object({ ...metaShape, generated_at: stamp, generated_at_period_seconds: z.int() });

export const login = z.object({ token: z.string() });
export const location = z.object({ region: z.string(), region_full_name: z.string(), signal_type: z.enum(signalTypes) });
export const index = z.object({ data: z.array(point).max(1), meta: issuedMeta });
export const forecast = z.object({ data: z.array(point).max(865), meta: issuedMeta });
export const historicalForecast = z.object({
  data: z.array(z.object({ generated_at: stamp, forecast: z.array(point).max(865) })).max(48),
  meta: z.object({ ...metaShape, generated_at_period_seconds: z.int() }),
});
export const historical = z.object({ data: z.array(point).max(9_300), meta: z.object(metaShape) });
export const access = z.object({
  signal_types: z.array(
    z.object({
      signal_type: z.enum(signalTypes),
      regions: z.array(
        z.object({
          region: z.string(),
          region_full_name: z.string(),
          parent: z.string(),
          data_point_period_seconds: z.int(),
          endpoints: z.array(
            z.object({
              endpoint: z.string(),
              models: z.array(
                z.object({ model: z.string(), data_start: z.string(), train_start: z.null(), train_end: z.null(), type: z.string() }),
              ),
            }),
          ),
        }),
      ),
    }),
  ),
});
export const maps = z.object({
  type: z.literal('FeatureCollection'),
  meta: z.object({ signal_type: z.enum(signalTypes) }),
  last_updated: stamp,
  features: z.array(
    z.object({
      type: z.literal('Feature'),
      properties: z.object({ region: z.string(), region_full_name: z.string() }),
      geometry: z.object({ type: z.literal('MultiPoint'), coordinates: z.array(z.array(z.number()).length(2)) }),
    }),
  ),
});
export const refusal = z.object({ error: z.string(), message: z.string() });
