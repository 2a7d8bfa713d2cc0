/**
 * Climate: sun and market of each zone, hour by hour: what a kWp makes and what energy costs before fees.
 *
 * Years are drawn from the statistics fitted to real grids (`traces/synthetic.ts`); light and panels are the oracle's
 * (`energy-oracle/sun`). Nothing here knows a provider.
 */
import { pvPower } from '../../energy-oracle/sun/pv.ts';
import { kilowatts } from '../../units/quantity.ts';
import { HOUR, type Instant } from '../../units/time.ts';
import { calibratedStatistics, syntheticYear } from '../traces/synthetic.ts';
import { economyZones, panels } from './population.ts';

export interface ZoneClimate {
  /** Mean power of a kWp in each hour since the start, kW. */
  readonly pvPerKwp: Float64Array;
  /** Market price of each hour, EUR/MWh; may be negative. */
  readonly price: Float64Array;
}

/** The climate of every zone, by its name. O(hours). */
export function drawClimate(seed: number, start: Instant, days: number): ReadonlyMap<string, ZoneClimate> {
  const traces = syntheticYear({ zones: economyZones.map(({ zone }) => zone), start, days, seed, statistics: calibratedStatistics() });
  return new Map(
    economyZones.map((place, index) => {
      const trace = traces[index];
      if (!trace) throw new RangeError(`no drawn year of ${place.zone}`);
      const array = { ...place, pv: [{ peakKw: kilowatts(1), ...panels }] };
      const hours = Array.from({ length: days * 24 }, (_, hour) => hour);
      const cover = (hour: number) => trace.cloudCover.values[hour] ?? 0;
      return [
        place.zone,
        {
          pvPerKwp: Float64Array.from(hours, (hour) => pvPower(array, start + (hour + 0.5) * HOUR, cover(hour))),
          price: Float64Array.from(hours, (hour) => trace.price.values[hour] ?? 0),
        },
      ];
    }),
  );
}
