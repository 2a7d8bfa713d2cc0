/**
 * Day ahead: until when a day-ahead answer can be no other, by the hour at which a market publishes. Pure.
 */
import { HOUR, type Instant, MINUTE } from '../../units/time.ts';
import { dayAheadPublication, marketDay } from '../grid/price.ts';
import type { DecodedSignals } from './signal-source.ts';

/** Whose calendar days a market trades: an IANA name such as `Europe/Berlin`. */
export interface DayAheadCalendar {
  readonly timeZone: string;
}

/** Results that are expected are asked for this often until they are there. */
const expectingMs = 5 * MINUTE;
/** And never trusted for longer: a market may correct itself. */
const trustedMs = 6 * HOUR;

/**
 * The instant from which asking again could tell something new: five minutes from now while a day is missing that should
 * be out, else the next publication, at most six hours ahead.
 */
export function unchangedUntil(decoded: DecodedSignals, { timeZone }: DayAheadCalendar, now: Instant): Instant {
  if (decoded.kind === 'unreadable') return now;
  const told = Math.max(Number.NEGATIVE_INFINITY, ...decoded.series.flatMap(({ steps }) => steps.slice(-1).map(({ end }) => end)));
  const today = marketDay(timeZone, now);
  const tomorrow = marketDay(timeZone, today.end);
  const out = dayAheadPublication(timeZone, tomorrow);
  const expected = now >= out ? tomorrow.end : today.end;
  if (told < expected) return now + expectingMs;
  const next = now >= out ? dayAheadPublication(timeZone, marketDay(timeZone, tomorrow.end)) : out;
  return Math.min(next, now + trustedMs);
}
