/**
 * Clear-sky index: what a site made of a day over what a cloudless one would have given.
 *
 * One number a site and day is what neighbours are compared by: orientation and season are divided out, clouds are left
 * and are common to those nearby. Only slots with the sun well up count, for there declared orientation is not all.
 */
import { DAY, type Instant, SLOT, slotsTouching } from '../../units/time.ts';
import type { Site } from '../site.ts';
import type { Rollup } from '../store/series-store.ts';
import { clearSlotWh, nameplateKw } from '../sun/ceiling.ts';

/** Slots count from this share of the nameplate on in a clear sky. */
const brightShareMin = 0.25;
/** A day counts when this share of its clear-sky energy is covered by readings. */
const coveredShareMin = 0.6;
/** Below this a site is off, or snowed in: it says nothing of the sky. */
const indexMin = 0.02;

/** Start of the UTC day whose noon is nearest to the site's noon: days are cut where the sun is down. */
export const solarDayStart = (day: Instant, longitude: number): Instant => day - Math.round(((longitude / 360) * DAY) / SLOT) * SLOT;

/** Index of the solar day that belongs to a UTC day; `undefined` when too little of it is known or nothing was made. */
export function dayIndex(
  site: Pick<Site, 'pv' | 'latitude' | 'longitude' | 'altitudeM'>,
  day: Instant,
  pv: readonly Rollup[],
): number | undefined {
  const start = solarDayStart(day, site.longitude);
  const made = new Map(pv.filter(({ coveredMs }) => coveredMs >= SLOT).map(({ slot, energyWh }) => [slot, energyWh]));
  const brightWh = brightShareMin * nameplateKw(site.pv) * 1_000 * (SLOT / 3_600_000);
  let [clearWh, coveredWh, madeWh] = [0, 0, 0];
  for (const slot of slotsTouching({ start, end: start + DAY })) {
    const clear = clearSlotWh(site, slot);
    if (clear < brightWh || clear === 0) continue;
    clearWh += clear;
    const energyWh = made.get(slot);
    if (energyWh === undefined) continue;
    coveredWh += clear;
    madeWh += energyWh;
  }
  if (clearWh === 0 || coveredWh < coveredShareMin * clearWh) return undefined;
  const index = madeWh / coveredWh;
  return index < indexMin ? undefined : index;
}
