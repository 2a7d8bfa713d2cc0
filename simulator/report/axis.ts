/**
 * Axis: round ticks for numbers, calendar ticks for time, and where a value lies.
 *
 * Ticks of numbers span the data, so that no point is ever cut off. Time is UTC; a tick says the day where a day begins
 * and the year where a year begins, and less in between.
 */
import { DAY, HOUR, type Instant, type Interval, MINUTE } from '../../units/time.ts';

export interface Tick {
  readonly at: number;
  readonly text: string;
}

/** What an axis spans and what is written along it. `low` is at the left or at the bottom, and may exceed `high`. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly Tick[];
  /** What is measured and its unit, e.g. `Fee income, SUN/day`; empty where the ticks say it all. */
  readonly label: string;
}

/** Where a value lies, px. */
export type Scale = (value: number) => number;

/** The straight line through (low, from) and (high, to). */
export const linearScale =
  ({ low, high }: Pick<Axis, 'low' | 'high'>, from: number, to: number): Scale =>
  (value) =>
    from + ((value - low) / (high - low)) * (to - from);

/** Smallest and largest of the values that are there; `undefined` when none is. O(n), and no limit on n. */
export function extentOf(values: Iterable<number | undefined>): { readonly low: number; readonly high: number } | undefined {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value === undefined) continue;
    if (!Number.isFinite(value)) throw new RangeError(`a chart shows finite numbers, found ${value}; leave a gap undefined`);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? { low, high } : undefined;
}

/** What differs by less than a billionth of this is drawn as equal. */
const SPAN_LEAST = 1e-6;

/**
 * Round numbers, multiples of 1, 2 or 5 × 10^n, from at most `low` to at least `high`; about `count` of them.
 *
 * A span of nothing is widened, so that there are always at least two.
 */
export function niceTicks(low: number, high: number, count = 5): readonly number[] {
  const least = Math.max(Math.abs(low), Math.abs(high), SPAN_LEAST) * 1e-9;
  if (high - low <= least) {
    const pad = Math.abs(low) > SPAN_LEAST ? Math.abs(low) / 10 : 1;
    return niceTicks(low - pad, high + pad, count);
  }
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** A number for people: `1,234.5`, a true minus sign, as many decimals as asked. */
export function numberText(value: number, decimals: number): string {
  const [whole = '', part] = Math.abs(value).toFixed(decimals).split('.');
  const digits = part === undefined ? grouped(whole) : `${grouped(whole)}.${part}`;
  return value < 0 && /[1-9]/.test(digits) ? `−${digits}` : digits;
}

/** A number with about three digits that count: `0.0123`, `4.57`, `1,235`, `12.3M`. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return value.toExponential(2).replaceAll('-', '−');
  if (size >= 1e6) return `${shortNumber(value / 1e6)}M`;
  if (size >= 100 || value === 0) return numberText(value, 0);
  if (size < 1e-6) return value.toExponential(1).replaceAll('-', '−');
  return numberText(value, Math.min(8, 2 - Math.floor(Math.log10(size))));
}

/** The texts of evenly spaced ticks: equal decimals, and k or M where they are long. */
export function tickTexts(ticks: readonly number[]): readonly string[] {
  const most = Math.max(...ticks.map(Math.abs));
  const [unit, suffix] = most >= 1e7 ? [1e6, 'M'] : most >= 1e5 ? [1e3, 'k'] : [1, ''];
  const step = Math.abs(((ticks[1] ?? 1) - (ticks[0] ?? 0)) / unit);
  const decimals = Math.min(12, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  return ticks.map((tick) => `${numberText(tick / unit, decimals)}${tick === 0 ? '' : suffix}`);
}

/** An axis of numbers that spans the values and what is `included` (0 for what should start there). */
export function numberAxis(
  label: string,
  values: Iterable<number | undefined>,
  { include = [], count = 5 }: { readonly include?: readonly number[]; readonly count?: number } = {},
): Axis {
  const found = extentOf(values) ?? { low: 0, high: 1 };
  const { low, high } = extentOf([found.low, found.high, ...include]) ?? found;
  const ticks = niceTicks(low, high, count);
  const texts = tickTexts(ticks);
  return {
    low: ticks[0] as number,
    high: ticks.at(-1) as number,
    ticks: ticks.map((at, i) => ({ at, text: texts[i] as string })),
    label,
  };
}

const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONDAY = 4 * DAY; // the first one after the Unix epoch, a Thursday
const fixedSteps = [
  ...[1, 5, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14].map((days) => days * DAY),
];
const monthSteps = [1, 2, 3, 6, 12, 24, 60, 120];

function timeTickText(at: Instant, isWithinDay: boolean): string {
  const iso = new Date(at).toISOString();
  const [year, month, day] = [iso.slice(0, 4), monthNames[Number(iso.slice(5, 7)) - 1] as string, Number(iso.slice(8, 10))];
  if (isWithinDay && at % DAY !== 0) return iso.slice(11, 16);
  return `${day} ${month}${month === 'Jan' && day === 1 && !isWithinDay ? ` ${year}` : ''}`;
}

/** Ticks of UTC time within the interval, about `count` of them: minutes, hours, days, Mondays, months or years. */
export function timeTicks({ start, end }: Interval, count = 6): readonly Tick[] {
  const rough = (end - start) / Math.max(1, count);
  const step = fixedSteps.find((each) => each >= rough);
  if (step !== undefined) {
    const origin = step >= 7 * DAY ? MONDAY : 0;
    const ticks: Tick[] = [];
    for (let at = origin + Math.ceil((start - origin) / step) * step; at <= end; at += step) {
      ticks.push({ at, text: timeTickText(at, step < DAY) });
    }
    return ticks;
  }
  const months = monthSteps.find((each) => each * 30.44 * DAY >= rough) ?? 120;
  const ticks: Tick[] = [];
  const begin = new Date(start);
  let month = Math.floor((begin.getUTCFullYear() * 12 + begin.getUTCMonth()) / months) * months;
  for (let at = monthStart(month); at <= end; at = monthStart(month)) {
    const text = month % 12 === 0 ? String(month / 12) : (monthNames[month % 12] as string);
    if (at >= start) ticks.push({ at, text });
    month += months;
  }
  return ticks;
}

/** Start of the n-th month since the year 0. */
const monthStart = (month: number): Instant => Date.UTC(Math.floor(month / 12), month % 12);

/** An axis of UTC time over exactly the interval. */
export function timeAxis({ start, end }: Interval, count = 6): Axis {
  return { low: start, high: Math.max(end, start + MINUTE), ticks: timeTicks({ start, end }, count), label: '' };
}

/** An instant for a tooltip: the day, and the minute unless it is midnight. */
export const instantText = (at: Instant): string => {
  const iso = new Date(at).toISOString();
  return at % DAY === 0 ? iso.slice(0, 10) : `${iso.slice(0, 16).replace('T', ' ')}Z`;
};
