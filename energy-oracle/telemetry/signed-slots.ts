/**
 * Signed slots: what counts where signed and unsigned readings meet, and which slots can be certified at all.
 *
 * A signed reading stands before an unsigned one of the same time. A slot is signed when signatures cover the whole of
 * every stream that its surplus is made of; what is not may be shown and learned from, and never earns.
 */
import { type Instant, overlap, SLOT } from '../../units/time.ts';
import type { Rollup } from '../store/series-store.ts';
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

/** Tells of a slot whether signed readings cover the whole of it in each of the streams, given as their rollups. */
export function signedSlots(streams: readonly (readonly Rollup[])[]): (slot: Instant) => boolean {
  const whole = streams.map((rollups) => new Set(rollups.filter(({ signedMs }) => signedMs >= SLOT).map(({ slot }) => slot)));
  return (slot) => whole.every((slots) => slots.has(slot));
}
