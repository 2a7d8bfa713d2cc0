/**
 * Carbon Aware SDK WebAPI in schemas: what may be asked, and what is answered. Ratings are in gCO2eq/kWh.
 *
 * Follows the SDK's code where its documents say otherwise: `location` is repeated, and `optimalDataPoints` is a list.
 */
import { z } from 'zod';
import { instantField } from '../asked.ts';

const locationsMax = 50;
export const batchMax = 100;
const pointsMax = 3_000;

const location = z.string().min(1).max(64);
const locations = z.union([location.transform((one) => [one]), z.array(location).min(1).max(locationsMax)]);
const windowSize = z.coerce
  .number()
  .int()
  .min(1)
  .max(4 * 24 * 60)
  .optional();
/** `1.0` leaves out what the first version of the API did not have. */
const compat = z.enum(['1.0']).optional();

export const byLocationQuery = z.object({ location, time: instantField.optional(), toTime: instantField.optional(), compat });
export const byLocationsQuery = z.object({
  location: locations,
  time: instantField.optional(),
  toTime: instantField.optional(),
  compat,
});
export const currentQuery = z.object({
  location: locations,
  dataStartAt: instantField.optional(),
  dataEndAt: instantField.optional(),
  windowSize,
});
export const batchBody = z
  .array(
    z.object({
      requestedAt: instantField,
      location,
      dataStartAt: instantField.optional(),
      dataEndAt: instantField.optional(),
      windowSize,
    }),
  )
  .min(1)
  .max(batchMax);
export const averageQuery = z.object({ location, startTime: instantField, endTime: instantField });
export const averageBatchBody = z.array(averageQuery).min(1).max(batchMax);

const stamp = z.iso.datetime({ offset: true });
export const emissions = z
  .array(
    z.object({
      location: z.string(),
      time: stamp,
      rating: z.number(),
      duration: z
        .string()
        .regex(/^\d\d:\d\d:\d\d$/)
        .optional(),
    }),
  )
  .max(locationsMax * pointsMax);
const point = z.object({ location: z.string(), timestamp: stamp, duration: z.int(), value: z.number() });
export const forecasts = z.array(
  z.object({
    generatedAt: stamp,
    requestedAt: stamp,
    location: z.string(),
    dataStartAt: stamp,
    dataEndAt: stamp,
    windowSize: z.int(),
    optimalDataPoints: z.array(point),
    forecastData: z.array(point).max(pointsMax),
  }),
);
export const average = z.object({ location: z.string(), startTime: stamp, endTime: stamp, carbonIntensity: z.number() });
export const averages = z.array(average).max(batchMax);
export const locationsBody = z.record(z.string(), z.object({ latitude: z.number(), longitude: z.number(), name: z.string() }));
/** RFC 7807 with the fields that ASP.NET's ValidationProblemDetails adds. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  errors: z.record(z.string(), z.array(z.string())),
  traceId: z.string(),
});
