/**
 * Wall time: the ways records write a local date and time, read as if it were UTC.
 *
 * Owns the written forms and what no calendar has (30 February, a thirteenth month), which is `undefined`. Which zone a
 * wall stands in is for the importers.
 */
import type { Instant } from '../../../units/time.ts';

/** Calendar parts as if they were UTC, epoch ms; 24:00 is the next midnight. `undefined` for what no calendar or clock has. */
export function wallOf(year: number, month: number, day: number, hour = 0, minute = 0, second = 0): Instant | undefined {
  if (!(hour >= 0 && hour <= 24 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59)) return undefined;
  if (hour === 24 && minute + second > 0) return undefined;
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, month - 1, day);
  const isThere = midnight.getUTCFullYear() === year && midnight.getUTCMonth() === month - 1 && midnight.getUTCDate() === day;
  return isThere ? midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1_000 : undefined;
}

const numbersOf = (match: RegExpExecArray): number[] => match.slice(1, 7).map((part) => Number(part ?? 0));

/** `7/1/2023 1:00:00 AM` or `07/01/2023 13:00`: month first; 12 AM is midnight. */
export function monthFirst(cell: string | undefined): Instant | undefined {
  const match = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([AP])M)?$/i.exec(cell ?? '');
  if (!match) return undefined;
  const [month, day, year, hour, minute, second] = numbersOf(match) as [number, number, number, number, number, number];
  const half = match[7]?.toUpperCase();
  if (half === undefined) return wallOf(year, month, day, hour, minute, second);
  return hour >= 1 && hour <= 12 ? wallOf(year, month, day, (hour % 12) + (half === 'P' ? 12 : 0), minute, second) : undefined;
}

/** `01.07.2023 00:00` or `01/07/2023 00:00:00`: day first. */
export function dayFirst(cell: string | undefined): Instant | undefined {
  const match = /^(\d\d)[./](\d\d)[./](\d{4}) (\d\d):(\d\d)(?::(\d\d))?$/.exec(cell ?? '');
  if (!match) return undefined;
  const [day, month, year, hour, minute, second] = numbersOf(match) as [number, number, number, number, number, number];
  return wallOf(year, month, day, hour, minute, second);
}

/** `20230701:0010`: PVGIS' own form, UTC. */
export function compact(cell: string): Instant | undefined {
  const match = /^(\d{4})(\d\d)(\d\d):(\d\d)(\d\d)$/.exec(cell);
  if (!match) return undefined;
  const [year, month, day, hour, minute] = numbersOf(match) as [number, number, number, number, number];
  return wallOf(year, month, day, hour, minute);
}

/** `UTC+01:00` of an offset in minutes. */
export const offsetName = (minutes: number): string => {
  const two = (value: number) => String(value).padStart(2, '0');
  return minutes === 0 ? 'UTC' : `UTC${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
};
