/**
 * Half hours: a zone's intensity as the UK Carbon Intensity API tells it: what was forecast, what was measured, its index.
 *
 * The forecast of a half hour that has begun or lies ahead is the newest; of one that is over it is the one that stood at the
 * start of its day (UTC), so that a range of days costs one look-up a day. The index is the measured value's, else the forecast's.
 */
import { DAY, type DurationMs, type Instant, type Interval, MINUTE } from '../../../units/time.ts';
import { forecastSteps, type ZoneReader } from '../zone-signal.ts';
import { type Index, indexOf } from './bands.ts';

export const halfHourMs: DurationMs = 30 * MINUTE;

export interface HalfHour extends Interval {
  readonly forecast: number | undefined;
  readonly actual: number | undefined;
}

/** `2026-06-21T12:00Z`. */
export const stampOf = (instant: Instant): string => `${new Date(instant).toISOString().slice(0, 16)}Z`;

export const halfHourOf = (instant: Instant): Instant => Math.floor(instant / halfHourMs) * halfHourMs;

/** Every half hour that the interval touches, in order, known or not. One look-up a day that is over. */
export async function halfHours(reader: ZoneReader, zone: string, interval: Interval, now: Instant): Promise<readonly HalfHour[]> {
  const span = { start: halfHourOf(interval.start), end: Math.ceil(interval.end / halfHourMs) * halfHourMs };
  const measured = await reader.measured(zone, 'carbon_intensity', span, halfHourMs, now);
  const forecasts = await forecastsOf(reader, zone, span, now);
  const actual = new Map(measured.map(({ start, value }) => [start, value]));
  return Array.from({ length: (span.end - span.start) / halfHourMs }, (_, i) => {
    const start = span.start + i * halfHourMs;
    return { start, end: start + halfHourMs, forecast: forecasts.get(start), actual: actual.get(start) };
  });
}

async function forecastsOf(reader: ZoneReader, zone: string, span: Interval, now: Instant): Promise<ReadonlyMap<Instant, number>> {
  const begun = halfHourOf(now);
  const parts: (Interval & { readonly asOf: Instant })[] = [];
  const over = Math.min(span.end, begun);
  for (let day = Math.floor(span.start / DAY) * DAY; Math.max(day, span.start) < over; day += DAY)
    parts.push({ start: Math.max(day, span.start), end: Math.min(day + DAY, over), asOf: day });
  if (span.end > begun) parts.push({ start: Math.max(begun, span.start), end: span.end, asOf: now });
  const told = await Promise.all(
    parts.map(async (part) => {
      const forecast = await reader.forecast(zone, 'carbon_intensity', part, part.asOf);
      return forecast ? forecastSteps(forecast, part, halfHourMs) : [];
    }),
  );
  return new Map(told.flat().map(({ start, value }) => [start, value]));
}

const whole = (value: number | undefined): number | null => (value === undefined ? null : Math.round(value));

const indexText = ({ start, forecast, actual }: HalfHour): Index | null => {
  const value = actual ?? forecast;
  return value === undefined ? null : indexOf(value, start);
};

export const halfHourBody = (slot: HalfHour) => ({
  from: stampOf(slot.start),
  to: stampOf(slot.end),
  intensity: { forecast: whole(slot.forecast), actual: whole(slot.actual), index: indexText(slot) },
});

/** As the regional routes tell it: without what was measured. */
export const regionalIntensity = (slot: HalfHour) => ({ forecast: whole(slot.forecast), index: indexText(slot) });

/** Most, mean and least of what is known of each block; a block of which nothing is known is left out. */
export function statistics(slots: readonly HalfHour[], blockMs: DurationMs) {
  const first = slots[0]?.start ?? 0;
  const blocks = new Map<number, HalfHour[]>();
  for (const slot of slots) {
    const at = Math.floor((slot.start - first) / blockMs);
    blocks.set(at, [...(blocks.get(at) ?? []), slot]);
  }
  return [...blocks.values()].flatMap((block) => {
    const values = block.map(({ actual, forecast }) => actual ?? forecast).filter((value) => value !== undefined);
    if (values.length === 0) return [];
    const average = values.reduce((sum, value) => sum + value, 0) / values.length;
    const [from, to] = [(block[0] as HalfHour).start, (block.at(-1) as HalfHour).end];
    const intensity = {
      max: Math.round(Math.max(...values)),
      average: Math.round(average),
      min: Math.round(Math.min(...values)),
      index: indexOf(average, from),
    };
    return [{ from: stampOf(from), to: stampOf(to), intensity }];
  });
}
