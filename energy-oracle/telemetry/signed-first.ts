/**
 * Signed first: what counts where signed and unsigned readings of one stream meet.
 *
 * A signed reading stands before an unsigned one of the same time. What is not signed may be shown and learned from, and
 * never earns: `verdict/verdict.ts` refuses slots that signatures do not cover.
 */
import { overlap } from '../../units/time.ts';
import { isSigned, type Reading } from './reading.ts';

/** Readings of one stream, by start, without the unsigned ones that meet a signed one. O(n log n). */
export function signedFirst(readings: readonly Reading[]): readonly Reading[] {
  const signed = readings.filter(isSigned);
  if (signed.length === readings.length || signed.length === 0) return readings;
  let next = 0; // signed readings are without overlap, so the first that ends later is the only one to look at
  return readings.filter((reading) => {
    while (next < signed.length && (signed[next] as Reading).metered.end <= reading.metered.start) next += 1;
    const beside = signed[next];
    return isSigned(reading) || beside === undefined || overlap(beside.metered, reading.metered) === 0;
  });
}
