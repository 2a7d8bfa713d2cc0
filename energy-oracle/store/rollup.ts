/**
 * Rollup: from readings of any length to Wh per slot, energy conserved.
 *
 * Power readings give their overlap with the slot; a register gives the difference of two of its readings, spread evenly
 * between them. What no reading covers is not guessed: `coveredMs` says how much of the slot is known. The sign stays.
 */
import { type Instant, type Interval, overlap, SLOT, slotInterval } from '../../units/time.ts';
import { isSigned, type Reading, type Stream } from '../telemetry/reading.ts';
import type { Rollup } from './series-store.ts';

/** Longest time between two readings of a register that still counts as covered; beyond it the slots are unknown. */
const registerGapMsMax = SLOT;
const msPerHour = 3_600_000;

interface Span extends Interval {
  readonly averageW: number;
  readonly signed: boolean;
}

/**
 * Rollups of the given slots of one site and stream, in the slots' order; a slot that no reading meets is left out.
 *
 * `readings` are the stream's, without overlap, by start; for a register they begin with the last one before the slots.
 * `availableAt` is when the newest of them was received. O(slots × readings): call it with the readings of a few hours.
 * @throws RangeError for `battery_soc`, which is a state and holds no energy, and for readings that overlap
 */
export function rollUp(
  { site, stream, readings }: { site: string; stream: Stream; readings: readonly Reading[] },
  slots: readonly Instant[],
  availableAt: Instant,
): Rollup[] {
  const spans = spansOf(stream, readings);
  return slots.flatMap((slot) => {
    let energyWh = 0;
    let coveredMs = 0;
    let signedMs = 0;
    for (const span of spans) {
      const sharedMs = overlap(span, slotInterval(slot));
      energyWh += (span.averageW * sharedMs) / msPerHour;
      coveredMs += sharedMs;
      if (span.signed) signedMs += sharedMs;
    }
    return coveredMs > 0 ? [{ site, stream, slot, energyWh, coveredMs, signedMs, availableAt }] : [];
  });
}

function spansOf(stream: Stream, readings: readonly Reading[]): Span[] {
  for (const [i, { metered }] of readings.entries()) {
    const before = readings[i - 1];
    if (before && before.metered.end > metered.start)
      throw new RangeError(`${stream}: seq ${before.seq} ends after seq ${readings[i]?.seq} starts`);
  }
  switch (stream) {
    case 'pv_power':
    case 'load_power':
    case 'grid_power':
    case 'battery_power':
      return readings.map((reading) => ({ ...reading.metered, averageW: reading.value, signed: isSigned(reading) }));
    case 'energy_import':
    case 'energy_export':
      return registerSpans(readings);
    case 'battery_soc':
      throw new RangeError('battery_soc is a state of charge, it has no energy per slot');
    default:
      return stream satisfies never;
  }
}

/** A register stands at its value at the end of each reading; a step backwards or a long gap is unknown. */
function registerSpans(readings: readonly Reading[]): Span[] {
  return readings.flatMap((reading, i) => {
    const before = readings[i - 1];
    if (!before) return [];
    const start = before.metered.end;
    const { end } = reading.metered;
    const energyWh = reading.value - before.value;
    if (energyWh < 0 || end - start > registerGapMsMax) return [];
    return [{ start, end, averageW: (energyWh * msPerHour) / (end - start), signed: isSigned(before) && isSigned(reading) }];
  });
}
