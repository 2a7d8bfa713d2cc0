/**
 * Price: market days, when their prices become known, and one currency for all of them.
 *
 * The only calendar below the dashboards: local time to UTC and back by the IANA rules, market days of 23, 24 and 25
 * hours. Exchange rates are given, never guessed. Curves themselves live in `grid-feed.ts`.
 */
import { tzOffset } from '@date-fns/tz';
import { type PricePerMegawattHour, pricePerMegawattHour } from '../../units/quantity.ts';
import type { Series } from '../../units/series.ts';
import { DAY, type DurationMs, HOUR, type Instant, type Interval, MINUTE } from '../../units/time.ts';

/** Local time of the day before delivery at which day-ahead prices are out (EPEX SPOT publishes SDAC results from 12:45 CET). */
const DAY_AHEAD_PUBLICATION: DurationMs = 12 * HOUR + 45 * MINUTE;

/** Offset of local time from UTC at an instant, ms, positive east; a RangeError for a zone that IANA does not know. */
export function utcOffset(timeZone: string, instant: Instant): DurationMs {
  const minutes = tzOffset(timeZone, new Date(instant));
  if (Number.isNaN(minutes)) throw new RangeError(`time zone must be an IANA name such as Europe/Berlin, found ${timeZone}`);
  return minutes * MINUTE;
}

/**
 * The instants at which clocks of a zone show a local time: one, none in a skipped hour of spring, two in a doubled
 * hour of autumn (in order).
 *
 * @param localMs  the local reading as if it were UTC, epoch ms: `Date.UTC(2022, 2, 27, 2)` for 2022-03-27 02:00
 */
export function instantsOfLocal(timeZone: string, localMs: number): Instant[] {
  const [before, after] = [utcOffset(timeZone, localMs - DAY), utcOffset(timeZone, localMs + DAY)];
  const candidates = before === after ? [localMs - before] : [localMs - Math.max(before, after), localMs - Math.min(before, after)];
  return before === after ? candidates : candidates.filter((instant) => instant + utcOffset(timeZone, instant) === localMs);
}

/** First instant of a local day, also where the clocks skip midnight. */
function startOfLocalDay(timeZone: string, localMidnightMs: number): Instant {
  return instantsOfLocal(timeZone, localMidnightMs)[0] ?? localMidnightMs - utcOffset(timeZone, localMidnightMs - DAY);
}

/** The local calendar day that contains the instant: 23, 24 or 25 hours. */
export function marketDay(timeZone: string, instant: Instant): Interval {
  const midnight = Math.floor((instant + utcOffset(timeZone, instant)) / DAY) * DAY;
  return { start: startOfLocalDay(timeZone, midnight), end: startOfLocalDay(timeZone, midnight + DAY) };
}

/** When prices of a market day become known: 12:45 local time of the day before it. */
export function dayAheadPublication(timeZone: string, day: Interval): Instant {
  const midnight = Math.floor((day.start + utcOffset(timeZone, day.start)) / DAY) * DAY;
  const local = midnight - DAY + DAY_AHEAD_PUBLICATION;
  const [instant] = instantsOfLocal(timeZone, local);
  if (instant === undefined) throw new RangeError(`${timeZone} skips 12:45 on the day before ${new Date(day.start).toISOString()}`);
  return instant;
}

/** Rates into the accounting currency: `perUnit.USD = 0.92` says that one USD is 0.92 of it. */
export interface ExchangeRates {
  readonly accounting: string;
  readonly perUnit: Readonly<Record<string, number>>;
}

/** Accounting currency per unit of `currency`; 1 for the accounting currency itself, a RangeError when no rate was given. */
export function rateOf(currency: string, { accounting, perUnit }: ExchangeRates): number {
  const rate = currency === accounting ? 1 : perUnit[currency];
  if (rate === undefined || !(rate > 0) || !Number.isFinite(rate))
    throw new RangeError(`no rate from ${currency} to ${accounting}; given: ${Object.keys(perUnit).join(', ') || 'none'}`);
  return rate;
}

/** A price of the market in the accounting currency, per MWh; sign kept. */
export const inCurrency = (price: number, currency: string, rates: ExchangeRates): PricePerMegawattHour =>
  pricePerMegawattHour(price * rateOf(currency, rates));

/** A whole price series in the accounting currency; gaps stay gaps. */
export function seriesInCurrency(series: Series, currency: string, rates: ExchangeRates): Series {
  const rate = rateOf(currency, rates);
  return { ...series, values: series.values.map((value) => (value === undefined ? undefined : value * rate)) };
}
