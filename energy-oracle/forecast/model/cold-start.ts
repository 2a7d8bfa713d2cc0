/**
 * Cold start: what a target that lives by the sun is believed to give before anything of it was measured.
 *
 * Place, nameplate and arrays, under the forecast sky where there is one. It hands over to what was measured within days.
 */
import { DAY } from '../../../units/time.ts';
import type { Ground } from './ground.ts';
import type { Recipe } from './recipe.ts';

/** Share of the clear-sky power that a target without history is believed to give. */
const coldClearness = 0.6;
/** Peak of a month over that of the year for a fleet of unknown tilts, against the noon light on level ground: 38 months of four grids. */
const fleetPeak = 0.95;
const fleetSeason = 0.53;

export interface ColdStart {
  /** The largest power of the season, in the target's own unit; `undefined` without a nameplate. `now` is the first step to come. */
  peak(now: number): number | undefined;
  /** Power at a step, in the target's own unit; 0 without a nameplate. */
  power(now: number, index: number): number;
}

export function createColdStart({ target, grid, drivers }: Ground, recipe: Recipe): ColdStart {
  const clear = drivers['clear'] as Float64Array;
  const light = recipe.at.includes('irradiance') ? drivers['irradiance'] : undefined;
  const perDay = Math.round(DAY / grid.stepMs);
  let [bestAt, best] = [-1, 0];

  /** Best of the cloudless day to come: a share of the ceiling where arrays are known, else light on level ground. */
  function bestClear(now: number): number {
    if (now === bestAt) return best;
    [bestAt, best] = [now, 0.01];
    for (let i = now; i < Math.min(grid.count, now + perDay); i++) best = Math.max(best, clear[i] as number);
    return best;
  }

  /** Nobody's panels lie flat: they lose less of a low sun than the ground does. */
  const seasonalPeak = (now: number) => Math.max(0.05, target.pv.length > 0 ? bestClear(now) : fleetPeak * bestClear(now) ** fleetSeason);

  return {
    peak: (now) => target.ceiling && target.ceiling * seasonalPeak(now),
    power: (now, index) => {
      if (target.ceiling === undefined) return 0;
      const forecast = light?.[index] ?? Number.NaN;
      const share = Number.isNaN(forecast) ? coldClearness * (clear[index] as number) : forecast;
      return target.ceiling * seasonalPeak(now) * (share / bestClear(now));
    },
  };
}
