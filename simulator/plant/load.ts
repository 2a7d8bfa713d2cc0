/**
 * Load: what a site draws for itself, apart from its accelerators.
 *
 * Owns three shapes of a day and their noise. Time of day is by the sun (longitude), so no calendar is needed; the week
 * is that of UTC. A pure function of seed, site and time: any slot may be asked at any time, in any order. Never
 * negative.
 */
import type { Site } from '../../energy-oracle/site.ts';
import { type Kilowatts, kilowatts } from '../../units/quantity.ts';
import { DAY, HOUR, type Instant, type Interval, overlap, SLOT, slotsTouching } from '../../units/time.ts';
import { noiseAt } from '../kernel/random.ts';

interface LoadShape {
  /** Load of each hour of solar time over the mean of the day; the 24 values average 1. */
  readonly hours: readonly number[];
  /** Saturdays and Sundays over the other days. */
  readonly weekend: number;
  /** Largest swing about the shape: of a whole day, and of a slot. */
  readonly dayNoise: number;
  readonly slotNoise: number;
}

const shape = (hours: readonly number[], weekend: number, dayNoise: number, slotNoise: number): LoadShape => {
  const mean = hours.reduce((sum, value) => sum + value, 0) / hours.length;
  return { hours: hours.map((value) => value / mean), weekend, dayNoise, slotNoise };
};

/** Made-up but plausible days: a household with two peaks, a farm that milks twice and pumps at noon, a hall that never sleeps. */
const shapes = {
  home: shape([5, 4, 4, 4, 4, 5, 8, 11, 10, 8, 8, 9, 10, 9, 8, 8, 9, 12, 16, 17, 15, 12, 9, 7], 1.15, 0.15, 0.35),
  farm: shape([4, 4, 4, 5, 9, 16, 17, 10, 8, 8, 10, 12, 12, 12, 10, 9, 11, 17, 16, 9, 6, 5, 4, 4], 1, 0.1, 0.25),
  datacentre: shape(
    [95, 94, 94, 93, 93, 94, 96, 98, 100, 102, 103, 104, 105, 106, 106, 106, 105, 104, 103, 102, 100, 99, 97, 96],
    0.99,
    0.02,
    0.02,
  ),
} as const satisfies Record<string, LoadShape>;
export type LoadShapeName = keyof typeof shapes;
export const loadShapes = Object.keys(shapes) as readonly LoadShapeName[];

export interface OwnLoad {
  readonly shape: LoadShapeName;
  /** Mean over a working day, kW ≥ 0. */
  readonly meanKw: Kilowatts;
}

/** 1970-01-03 was a Saturday: days since then, modulo 7, are 0 and 1 at weekends. */
const isWeekend = (instant: Instant) => (((Math.floor(instant / DAY) - 2) % 7) + 7) % 7 < 2;

/** The shape at an instant, straight lines between the centres of its hours. */
function shapeAt({ hours }: LoadShape, instant: Instant, longitude: number): number {
  const solarHours = ((((instant + (longitude / 360) * DAY) % DAY) + DAY) % DAY) / HOUR - 0.5;
  const hour = Math.floor(solarHours);
  const [before, after] = [hours[(hour + 24) % 24] ?? 1, hours[(hour + 25) % 24] ?? 1];
  return before + (after - before) * (solarHours - hour);
}

/** Mean own load in the slot that starts at `slot`, kW ≥ 0. */
function slotLoad(site: Pick<Site, 'id' | 'longitude'>, { shape: name, meanKw }: OwnLoad, slot: Instant, seed: number): number {
  const loadShape: LoadShape = shapes[name];
  const swing = (amplitude: number, text: string, index: number) => 1 + amplitude * (2 * noiseAt(seed, `${text}/${site.id}`, index) - 1);
  const week = isWeekend(slot + (site.longitude / 360) * DAY) ? loadShape.weekend : 1;
  const day = swing(loadShape.dayNoise, 'load-day', Math.floor(slot / DAY));
  return meanKw * shapeAt(loadShape, slot + SLOT / 2, site.longitude) * week * day * swing(loadShape.slotNoise, 'load-slot', slot / SLOT);
}

/** Mean own load of a site over an interval, kW ≥ 0; within a slot it is constant. Linear in the slots touched. */
export function ownLoadKw(site: Pick<Site, 'id' | 'longitude'>, load: OwnLoad, interval: Interval, seed: number): Kilowatts {
  if (!(interval.end > interval.start))
    throw new RangeError(`an interval ends after it starts, found [${interval.start}, ${interval.end})`);
  const energy = slotsTouching(interval).reduce(
    (sum, slot) => sum + slotLoad(site, load, slot, seed) * overlap(interval, { start: slot, end: slot + SLOT }),
    0,
  );
  return kilowatts(energy / (interval.end - interval.start));
}
