/**
 * PV plant: what a site's panels truly made over an interval.
 *
 * Owns the averaging over time and the flicker of broken clouds. Leaves light and panels to the oracle's `sun/`.
 * A pure function of seed, site and time: any interval may be asked at any time, in any order, so a restart needs no
 * state; intervals that meet on a full sample step add up.
 */
import type { Site } from '../../energy-oracle/site.ts';
import { pvPower } from '../../energy-oracle/sun/pv.ts';
import { type Kilowatts, kilowatts } from '../../units/quantity.ts';
import { type DurationMs, type Instant, type Interval, MINUTE } from '../../units/time.ts';
import { noiseAt } from '../kernel/random.ts';

/** Steps on the UTC grid in which the sun is taken to stand still. */
export const SUN_STEP: DurationMs = 5 * MINUTE;
/** Largest swing of a step's power about its mean, under a sky that is half covered; none when it is clear or closed. */
const FLICKER_MAX = 0.2;

export type PvSite = Pick<Site, 'id' | 'latitude' | 'longitude' | 'pv'>;

/**
 * Mean power of a site's panels over an interval, kW, 0 to the sum of their peaks; 0 at night.
 *
 * Sampled at the centre of each 5-minute step that the interval touches, weighted by how much it touches: linear in
 * its length.
 *
 * @param cloudCoverAt  share of the sky covered, 0 to 1, at any instant of the interval
 * @param seed  of the flicker of broken clouds; without it the sky is as smooth as `cloudCoverAt`
 */
export function pvPowerKw(site: PvSite, { start, end }: Interval, cloudCoverAt: (instant: Instant) => number, seed?: number): Kilowatts {
  if (!(end > start)) throw new RangeError(`an interval ends after it starts, found [${start}, ${end})`);
  const peakKw = site.pv.reduce((sum, array) => sum + array.peakKw, 0);
  let energy = 0;
  for (let step = Math.floor(start / SUN_STEP); step * SUN_STEP < end; step++) {
    const [from, to] = [Math.max(start, step * SUN_STEP), Math.min(end, (step + 1) * SUN_STEP)];
    const centre = (step + 0.5) * SUN_STEP;
    const cover = cloudCoverAt(centre);
    const smoothKw = pvPower(site, centre, cover);
    const swing = seed === undefined ? 0 : FLICKER_MAX * 4 * cover * (1 - cover) * (2 * noiseAt(seed, `pv/${site.id}`, step) - 1);
    energy += Math.min(peakKw, smoothKw * (1 + swing)) * (to - from);
  }
  return kilowatts(energy / (end - start));
}
