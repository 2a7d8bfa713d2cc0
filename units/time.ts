/**
 * Time: UTC instants in epoch milliseconds, half-open intervals, and the 15-minute slot.
 *
 * Owns the slot grid and the text forms of instants and durations. Knows no calendar and no time zone: those
 * live where market days are (`energy-oracle/grid/price.ts`) and on dashboards.
 */

/** UTC epoch milliseconds. */
export type Instant = number;
export type DurationMs = number;
/** Half-open: contains `start`, not `end`. */
export interface Interval {
  readonly start: Instant;
  readonly end: Instant;
}

export const SECOND: DurationMs = 1_000;
export const MINUTE: DurationMs = 60 * SECOND;
export const HOUR: DurationMs = 60 * MINUTE;
export const DAY: DurationMs = 24 * HOUR;
/** The accounting slot: a quarter hour of UTC. */
export const SLOT: DurationMs = 15 * MINUTE;

/** Start of the slot that contains the instant. */
export const slotOf = (instant: Instant): Instant => Math.floor(instant / SLOT) * SLOT;

/** The slot that starts at `start`. */
export const slotInterval = (start: Instant): Interval => ({ start, end: start + SLOT });

/** Starts of all slots that touch the interval, in order. */
export function slotsTouching({ start, end }: Interval): Instant[] {
  const starts: Instant[] = [];
  for (let slot = slotOf(start); slot < end; slot += SLOT) starts.push(slot);
  return starts;
}

/** Length of the part of `a` that lies in `b`, ms; 0 when they do not meet. */
export const overlap = (a: Interval, b: Interval): DurationMs => Math.max(0, Math.min(a.end, b.end) - Math.max(a.start, b.start));

/** ISO 8601 with `Z`, without milliseconds when they are zero: the only form on a wire. */
export const toIso = (instant: Instant): string => new Date(instant).toISOString().replace('.000Z', 'Z');

/** Parses RFC 3339 with an explicit offset; `undefined` for anything else: a stamp without offset, a day that no month has, 24:00. */
export function parseInstant(text: string): Instant | undefined {
  const stamp = /^(\d{4}-\d\d)-(\d\d)T(\d\d):\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (!stamp || Number(stamp[3]) > 23) return undefined;
  const day = new Date(`${stamp[1]}-${stamp[2]}T00:00:00Z`); // Date.parse turns February 30th into March 2nd
  if (Number.isNaN(day.getTime()) || day.getUTCDate() !== Number(stamp[2])) return undefined;
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? undefined : instant;
}

const unitMs: Readonly<Record<string, DurationMs>> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY };

/** Parses `90s`, `15m`, `6h`, `1.5h`, `2d` or ISO 8601 `PT6H30M`, `P1DT2H`; `undefined` for anything else. */
export function parseDuration(text: string): DurationMs | undefined {
  const short = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text);
  if (short) return Math.round(Number(short[1]) * (unitMs[short[2] ?? ''] ?? Number.NaN));
  const iso = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text);
  if (!iso || /[PT]$/.test(text)) return undefined;
  const [days, hours, minutes, seconds] = iso.slice(1).map((part) => Number(part ?? 0)) as [number, number, number, number];
  return Math.round(days * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND);
}

/** ISO 8601 duration, e.g. `PT5M`, `PT1H30M`, `P2D`. @throws RangeError below zero: the form knows no sign */
export function toIsoDuration(duration: DurationMs): string {
  if (!(duration >= 0)) throw new RangeError(`a duration is ≥ 0 ms, found ${duration}`);
  const part = (size: DurationMs, letter: string) => {
    const count = Math.floor(duration / size);
    duration -= count * size;
    return count > 0 ? `${count}${letter}` : '';
  };
  const days = part(DAY, 'D');
  const clock = part(HOUR, 'H') + part(MINUTE, 'M') + (duration > 0 ? `${duration / SECOND}S` : '');
  return days || clock ? `P${days}${clock && `T${clock}`}` : 'PT0S';
}
