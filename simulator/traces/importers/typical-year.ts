/**
 * Typical year: months of different years laid on one, so that a typical meteorological year can be replayed.
 *
 * Owns the choice of the year. A record whose hours already follow each other is a real year and stays where it is,
 * unless another year is asked for.
 */
import type { Instant } from '../../../units/time.ts';
import { wallOf } from './wall-time.ts';

/** A year of 365 days to lay typical months on where nobody names one. */
export const usualTypicalYear = 2023;

/** The same wall times on one year, in the order given; `undefined` for a 29 February that the year does not have. */
export function ontoYear(starts: readonly Instant[], year?: number): { starts: readonly (Instant | undefined)[]; corrections: string[] } {
  const isInOrder = starts.every((start, i) => i === 0 || start > (starts[i - 1] as number));
  if (isInOrder && year === undefined) return { starts, corrections: [] };
  const target = year ?? usualTypicalYear;
  const laid = starts.map((start) => {
    const at = new Date(start);
    return wallOf(target, at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes());
  });
  const years = [...new Set(starts.map((start) => new Date(start).getUTCFullYear()))].sort((a, b) => a - b);
  const dropped = laid.filter((start) => start === undefined).length;
  return {
    starts: laid,
    corrections: [
      `${years.length > 1 ? `months of ${years[0]} to ${years.at(-1)}` : `the year ${years[0]}`} laid on ${target}`,
      ...(dropped > 0 ? [`${dropped} hours of 29 February were left out`] : []),
    ],
  };
}
