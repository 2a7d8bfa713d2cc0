/**
 * Metering: the energy of a run, slot by slot, each slot told once and for good.
 *
 * A slot's energy is final when the slot is over or the run is; until then it is not told at all. What measures is a
 * port; without a meter per job it is the lease's draw times the running time.
 */
import { energyOver, kilowatts, type WattHours, wattHours } from '../../units/quantity.ts';
import { type Instant, type Interval, overlap, SLOT, slotInterval } from '../../units/time.ts';
import type { Lease, RunReport } from '../dispatch/lease.ts';
import type { JournalRun } from './journal.ts';

/** Energy that a run drew at the grid connection over an interval in which it ran, whole Wh rounded down. */
export interface EnergyMeter {
  energyWh(lease: Lease, interval: Interval): WattHours;
}

/** The reference: the draw of the lease, constant while running. */
export const nameplateMeter: EnergyMeter = {
  energyWh: ({ drawKw }, { start, end }) => wattHours(energyOver(kilowatts(drawKw), end - start) * 1_000),
};

export interface MeteredSlots {
  readonly metered: RunReport['metered'];
  /** Start of the first slot that is left for the next telling. */
  readonly meteredFrom: Instant;
  /** False when `slotsMax` cut it short. */
  readonly isAll: boolean;
}

/** The slots of a run that became final since the last telling, in order, `slotsMax` of them at most. */
export function meterSlots(run: JournalRun, now: Instant, meter: EnergyMeter, slotsMax: number): MeteredSlots {
  const { lease, startedAt, endedAt } = run;
  const metered: RunReport['metered'][number][] = [];
  let slot = run.meteredFrom;
  if (startedAt === undefined) return { metered, meteredFrom: slot, isAll: true };
  const ran: Interval = { start: startedAt, end: endedAt ?? now };
  for (; slot < ran.end && (endedAt !== undefined || slot + SLOT <= now); slot += SLOT) {
    if (overlap(ran, slotInterval(slot)) === 0) continue;
    if (metered.length >= slotsMax) return { metered, meteredFrom: slot, isAll: false };
    const interval = { start: Math.max(ran.start, slot), end: Math.min(ran.end, slot + SLOT) };
    metered.push({ slot, energyWh: meter.energyWh(lease, interval) });
  }
  return { metered, meteredFrom: slot, isAll: true };
}
