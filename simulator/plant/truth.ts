/**
 * Truth: what a site's surplus really was, to set beside what was certified of it.
 *
 * Asks the plant, never a meter: only the simulator can. Nobody in the river sees it.
 */
import { energyOver, kilowatts } from '../../units/quantity.ts';
import { type DurationMs, type Instant, SLOT } from '../../units/time.ts';
import type { Plant } from './meter.ts';

/** Surplus of a slot as an honest meter that tells every `stepMs` would have told it in whole watts, Wh ≥ 0: sun − own load − what a battery takes. */
export function trueSurplusWh({ pvKw, loadKw, battery }: Plant, slot: Instant, stepMs: DurationMs): number {
  let [leftW, batteryW] = [0, 0];
  const steps = SLOT / stepMs;
  for (let start = slot; start < slot + SLOT; start += stepMs) {
    const interval = { start, end: start + stepMs };
    leftW += (Math.round(pvKw(interval) * 1_000) - Math.round(loadKw(interval) * 1_000)) / steps;
    batteryW += battery ? Math.round(battery.powerKw(interval) * 1_000) / steps : 0;
  }
  return energyOver(kilowatts(Math.max(0, leftW - Math.max(0, -batteryW)) / 1_000), SLOT) * 1_000;
}

/** Certified surplus that the plants never had. */
export interface WronglyCertified {
  readonly energyWh: number;
  readonly slots: number;
}

/** Counts it over all sites and slots; 0 and 0 while law 1 holds down to the sun. Ledger entries will do for `certified`. */
export function wronglyCertified(
  certified: readonly { readonly site: string; readonly slot: Instant; readonly surplusWh: number }[],
  plants: ReadonlyMap<string, Plant>,
  stepMs: DurationMs,
): WronglyCertified {
  const bySite = new Map<string, Map<Instant, number>>();
  for (const { site, slot, surplusWh } of certified) {
    const slots = bySite.get(site) ?? new Map<Instant, number>();
    bySite.set(site, slots);
    slots.set(slot, (slots.get(slot) ?? 0) + surplusWh);
  }
  let [energyWh, wrong] = [0, 0];
  for (const [site, slots] of bySite) {
    const plant = plants.get(site);
    if (!plant) throw new RangeError(`there is no plant at ${site}`);
    for (const [slot, claimedWh] of slots) {
      const excess = claimedWh - trueSurplusWh(plant, slot, stepMs);
      if (excess <= 1e-6) continue;
      energyWh += excess;
      wrong += 1;
    }
  }
  return { energyWh, slots: wrong };
}
