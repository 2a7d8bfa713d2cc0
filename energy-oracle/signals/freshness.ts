/**
 * Freshness: what an answer's headers say of how long it may be used, and of how soon the next question may be asked.
 *
 * Pure. Reads RFC 9111 (max-age, no-store, Age, Expires), RFC 9110 (Retry-After) and the rate-limit headers in use:
 * `X-RateLimit-*` and `RateLimit-*`, whose reset is seconds from now, or an instant in seconds where it is large. What a
 * header does not say is not guessed.
 */
import { type DurationMs, type Instant, SECOND } from '../../units/time.ts';

/** Looks a header up by its name in lower case. */
export type Headers = (name: string) => string | null;

/** Longest that a header is believed to hold an answer back, or a question. */
const believedMsMax: DurationMs = 24 * 3_600 * SECOND;

const seconds = (text: string | null | undefined): number | undefined => {
  const number = text === null || text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) && number >= 0 ? number : undefined;
};
const dated = (text: string | null): Instant | undefined => {
  const instant = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(instant) ? undefined : instant;
};
const bounded = (from: Instant, durationMs: DurationMs): Instant => from + Math.min(believedMsMax, Math.max(0, durationMs));

/** Until when an answer may be given again without asking; `now` when it may not, or when nothing is said. */
export function freshUntil(headers: Headers, now: Instant): Instant {
  const control = (headers('cache-control') ?? '').toLowerCase();
  if (/no-store|no-cache/.test(control)) return now;
  const maxAge = seconds(/(?:^|[\s,])max-age="?(\d+)/.exec(control)?.[1]);
  if (maxAge !== undefined) return bounded(now, (maxAge - (seconds(headers('age')) ?? 0)) * SECOND);
  const expires = dated(headers('expires'));
  return expires === undefined ? now : bounded(now, expires - (dated(headers('date')) ?? now));
}

/** How long `Retry-After` wants us to wait, ms: seconds or a date. */
export function retryAfterMs(headers: Headers, now: Instant): DurationMs | undefined {
  const said = headers('retry-after');
  const wait = seconds(said);
  if (wait !== undefined) return Math.min(believedMsMax, wait * SECOND);
  const instant = dated(said);
  return instant === undefined ? undefined : Math.min(believedMsMax, Math.max(0, instant - now));
}

/** A reset beyond this many seconds is an instant, not a wait. */
const epochSecondsMin = 1_000_000_000;
/** Window of a limit that says neither when it resets nor how long it is. */
const windowMsDefault: DurationMs = 60 * SECOND;

/** Until when the source is to be left alone because its limit is used up; `undefined` while questions are left, or untold. */
export function exhaustedUntil(headers: Headers, now: Instant): Instant | undefined {
  const first = (...names: readonly string[]) => names.map((name) => seconds(headers(name))).find((value) => value !== undefined);
  const remaining = first('x-ratelimit-remaining', 'ratelimit-remaining', 'x-rate-limit-remaining');
  if (remaining === undefined || remaining > 0) return undefined;
  const reset = first('x-ratelimit-reset', 'ratelimit-reset', 'x-rate-limit-reset');
  if (reset !== undefined) return bounded(now, reset >= epochSecondsMin ? reset * SECOND - now : reset * SECOND);
  const period = first('x-ratelimit-period', 'ratelimit-period');
  return bounded(now, period === undefined ? windowMsDefault : period * SECOND);
}

/** So many questions may be asked in a window that slides: the limit that a source's documentation states. */
export interface RateLimit {
  readonly max: number;
  readonly windowMs: DurationMs;
}

/** When the next question may be asked after these, oldest first; `now` when at once. */
export function nextAllowed(asked: readonly Instant[], { max, windowMs }: RateLimit, now: Instant): Instant {
  const within = asked.filter((at) => at > now - windowMs);
  const blocking = within[within.length - max];
  return blocking === undefined ? now : blocking + windowMs;
}
