/**
 * Statistics: what is kept of real market years.
 *
 * Owns the shape of `statistics.json` and the local calendar it is laid out on. A signal is described in *scores*: each
 * value's normal quantile within its own calendar month. The month's quantile function turns scores back into values
 * (so negative prices, caps and spikes survive), the local hour and the weekend shift the score, and a slow and a fast
 * autoregressive part carry the weather. Fitting is left to `fit.ts`, drawing years to `synthetic.ts`.
 */
import { tzOffset } from '@date-fns/tz';
import { z } from 'zod';
import { DAY, HOUR, type Instant, MINUTE } from '../../units/time.ts';

/** Probabilities of the quantiles that are kept of each month. */
export const probabilities = [0, 0.01, 0.03, 0.07, 0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.88, 0.93, 0.97, 0.99, 1] as const;

const row = (length: number) => z.array(z.number()).length(length);
const share = z.number().min(0).max(1);
/** Scores are filed as whole hundredths, which halves the file. */
const hundredths = (length: number) =>
  z
    .array(z.int())
    .length(length)
    .transform((scores) => scores.map((score) => score / 100));

const signalSchema = z.strictObject({
  kind: z.literal('weather'),
  /** Value at each of `probabilities`, by calendar month (12 rows). */
  quantiles: z.array(row(probabilities.length)).length(12),
  /** Mean score by calendar month and local hour, on workdays (12 rows of 24). */
  shape: z.array(hundredths(24)).length(12),
  /** What Saturday and Sunday add to the score, by local hour. */
  weekend: hundredths(24),
  /** Standard deviation of the rest, by season (December first) and local hour (4 rows of 24). */
  spread: z.array(hundredths(24)).length(4),
  /** Share of the rest's variance that is slow; AR coefficients per hour of the slow (twice) and the fast part (once). */
  slowShare: share,
  slowPersistence: share,
  fastPersistence: share,
});

const tariffSchema = z.strictObject({
  kind: z.literal('tariff'),
  levels: z.array(z.number()).min(1).max(26),
  /** By month (12), then workday, Saturday, Sunday (3): 24 letters, `a` the first level. */
  schedule: z.array(z.array(z.string().regex(/^[a-z]{24}$/)).length(3)).length(12),
});

const correlations = z.tuple([z.number(), z.number(), z.number()]);

const zoneSchema = z.strictObject({
  zone: z.string(),
  timeZone: z.string(),
  priceCurrency: z.string(),
  priceIsDayAhead: z.boolean(),
  provenance: z.array(
    z.strictObject({
      signal: z.string(),
      source: z.string(),
      licence: z.string(),
      year: z.int(),
      rows: z.int(),
      note: z.string().optional(),
    }),
  ),
  price: z.discriminatedUnion('kind', [signalSchema, tariffSchema]),
  carbonIntensity: signalSchema,
  cloudCover: signalSchema,
  /** Correlation of what drives the slow and the fast parts: price with carbon, price with cloud, carbon with cloud. */
  coupling: z.strictObject({ slow: correlations, fast: correlations }),
});

const statisticsSchema = z.strictObject({ fittedOn: z.string(), command: z.string(), zones: z.array(zoneSchema) });

export type SignalStatistics = z.infer<typeof signalSchema>;
export type Persistence = Pick<SignalStatistics, 'slowShare' | 'slowPersistence' | 'fastPersistence'>;
export type TariffStatistics = z.infer<typeof tariffSchema>;
export type ZoneStatistics = z.infer<typeof zoneSchema>;
export type GridStatistics = z.infer<typeof statisticsSchema>;

/** Statistics from their JSON; a malformed file is a bug of its maker and throws. */
export const parseStatistics = (json: unknown): GridStatistics => statisticsSchema.parse(json);

/** Where each hour lies in the local calendar; all arrays have one entry an hour. */
export interface LocalCalendar {
  /** Months since year 0, so that two Januaries differ; the calendar month is this modulo 12. */
  readonly month: Int32Array;
  readonly hour: Uint8Array;
  /** 0 workday, 1 Saturday, 2 Sunday. */
  readonly dayKind: Uint8Array;
}

/** The local calendar of `hours` hours from a whole UTC hour; asks the zone database about twice a day. */
export function localCalendar(timeZone: string, start: Instant, hours: number): LocalCalendar {
  if (start % HOUR !== 0) throw new RangeError(`the first hour must be a whole hour of UTC, found ${start}`);
  const calendar = { month: new Int32Array(hours), hour: new Uint8Array(hours), dayKind: new Uint8Array(hours) };
  const offsetAt = (instant: Instant): number => tzOffset(timeZone, new Date(instant)) * MINUTE;
  let offset = offsetAt(start);
  let dayEndOffset = offset;
  for (let i = 0; i < hours; i++) {
    const instant = start + i * HOUR;
    if (i % 24 === 0) {
      offset = dayEndOffset;
      dayEndOffset = offsetAt(instant + DAY);
    }
    if (offset !== dayEndOffset) offset = offsetAt(instant);
    const local = new Date(instant + offset);
    const weekday = local.getUTCDay();
    calendar.month[i] = local.getUTCFullYear() * 12 + local.getUTCMonth();
    calendar.hour[i] = local.getUTCHours();
    calendar.dayKind[i] = weekday === 0 ? 2 : weekday === 6 ? 1 : 0;
  }
  return calendar;
}

/** Meteorological season of a month: 0 December to February, 3 September to November. */
export const seasonOf = (month: number): number => Math.floor(((month + 1) % 12) / 3);
