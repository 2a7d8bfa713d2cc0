/**
 * Energy steps: slots summed to hours and days, and bulk readings rolled up to slots.
 *
 * Owns the one order of summing (slots to an hour, hours to a day), so that every engine gives the same number to the
 * bit. A step that holds no slot is left out: a gap is not zero.
 */
import { DAY, HOUR, type Instant, type Interval, SLOT, slotOf } from '../../units/time.ts';
import type { Reading, Stream } from '../telemetry/reading.ts';
import { rollUp } from './rollup.ts';
import { type EnergyStep, energyStepMs, type ImportedReadings, importProvider, type Rollup, type StepEnergy } from './series-store.ts';

/** Start of the step of UTC that holds the instant. */
export const stepOf = (instant: Instant, step: EnergyStep): Instant => Math.floor(instant / energyStepMs[step]) * energyStepMs[step];

export const slotEnergy = ({ slot, energyWh, coveredMs, signedMs, availableAt }: Rollup): StepEnergy => ({
  start: slot,
  energyWh,
  coveredMs,
  signedMs,
  availableAt,
});

/** Energy per step of slots that are given in order. */
export function stepEnergies(slots: readonly StepEnergy[], step: EnergyStep): readonly StepEnergy[] {
  if (step === 'slot') return slots;
  const hours = summed(slots, HOUR);
  return step === 'hour' ? hours : summed(hours, DAY);
}

/** Series of many sites as one, in order of steps; sites are added in the order given. */
export function fleetSum(sites: readonly (readonly StepEnergy[])[]): readonly StepEnergy[] {
  const sums = new Map<Instant, StepEnergy>();
  for (const part of sites.flat()) sums.set(part.start, added(sums.get(part.start), part));
  return [...sums.values()].sort((a, b) => a.start - b.start);
}

function summed(parts: readonly StepEnergy[], stepMs: number): readonly StepEnergy[] {
  const sums = new Map<Instant, StepEnergy>();
  for (const part of parts) {
    const start = Math.floor(part.start / stepMs) * stepMs;
    sums.set(start, added(sums.get(start), { ...part, start }));
  }
  return [...sums.values()];
}

const added = (sum: StepEnergy | undefined, part: StepEnergy): StepEnergy =>
  sum === undefined
    ? part
    : {
        start: sum.start,
        energyWh: sum.energyWh + part.energyWh,
        coveredMs: sum.coveredMs + part.coveredMs,
        signedMs: sum.signedMs + part.signedMs,
        availableAt: Math.max(sum.availableAt, part.availableAt),
      };

/**
 * Rollups of every slot that readings of any length of time meet; none of a state of charge, which is no energy.
 * The first slot of a register is unknown. `readings` are one stream's, without overlap, by start. O(readings).
 */
export function rollUpLong(
  { site, stream, readings }: { site: string; stream: Stream; readings: readonly Reading[] },
  availableAt: Instant,
): readonly Rollup[] {
  const [oldest, newest] = [readings[0], readings.at(-1)];
  if (stream === 'battery_soc' || !oldest || !newest) return [];
  const rollups: Rollup[] = [];
  // a register's span reaches from the end of one reading to that of the next, a slot at most
  const reachMs = stream === 'energy_import' || stream === 'energy_export' ? SLOT : 0;
  let first = 0;
  let last = 0;
  for (let slot = slotOf(oldest.metered.start); slot < newest.metered.end; slot += SLOT) {
    // rolling up is O(slots × readings): one slot at a time, with what may meet it
    while (first < readings.length && (readings[first] as Reading).metered.end <= slot - reachMs) first += 1;
    while (last < readings.length && (readings[last] as Reading).metered.start < slot + SLOT + reachMs) last += 1;
    if (last > first) rollups.push(...rollUp({ site, stream, readings: readings.slice(first, last) }, [slot], availableAt));
  }
  return rollups;
}

/**
 * What of an import is new, and the stream as it is with it: what meets a stored reading is left out.
 *
 * @param stored  readings that meet the span of the import, a slot longer at both ends, by start
 * @throws RangeError for samples that overlap or are not in order, and for a start before 1970
 */
export function mergeImport(
  { site, stream, samples }: ImportedReadings,
  stored: readonly Reading[],
): { readonly fresh: readonly Reading[]; readonly whole: readonly Reading[] } {
  const given = samples.map(({ metered, value }, i): Reading => {
    const before = samples[i - 1];
    if (metered.start < 0 || (before && before.metered.end > metered.start))
      throw new RangeError(`imported samples are in order of start, without overlap, from 1970 on; found ${metered.start} as number ${i}`);
    return { provider: importProvider, site, stream, metered, value, seq: metered.start, quality: 'measured', signature: '' };
  });
  if (stored.length === 0) return { fresh: given, whole: given };
  let at = 0;
  const fresh = given.filter(({ metered }) => {
    while (at < stored.length && (stored[at] as Reading).metered.end <= metered.start) at += 1;
    const next = stored[at];
    return next === undefined || next.metered.start >= metered.end;
  });
  return { fresh, whole: [...stored, ...fresh].sort((a, b) => a.metered.start - b.metered.start) };
}

/** The span whose stored readings `mergeImport` needs. @throws RangeError for nothing */
export function spanOfImport({ samples }: ImportedReadings): Interval {
  const [oldest, newest] = [samples[0], samples.at(-1)];
  if (!oldest || !newest) throw new RangeError('an import holds one sample at least');
  return { start: oldest.metered.start - SLOT, end: newest.metered.end + SLOT };
}
