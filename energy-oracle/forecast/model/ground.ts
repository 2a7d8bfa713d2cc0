/**
 * Ground: a target and all that stands beside it, on one grid.
 *
 * Values and companions are what was measured and may only be read up to where a walker stands; drivers are forecasts
 * and geometry, known ahead of time.
 */
import type { DurationMs } from '../../../units/time.ts';
import { type Archive, type Grid, regrid, type Target } from '../target.ts';
import { type Drivers, driversOf } from './drivers.ts';
import type { Recipe } from './recipe.ts';

export interface Ground {
  readonly target: Target;
  readonly grid: Grid;
  /** NaN for a gap, and for what has not happened. */
  readonly values: Float64Array;
  readonly drivers: Drivers;
  readonly companions: Readonly<Record<string, Float64Array>>;
}

/** The ground of an archive; the grid reaches `aheadMs` past its history. */
export function groundOf({ target, history, signals, companions }: Archive, aheadMs: DurationMs): Ground {
  const grid: Grid = { start: history.start, stepMs: history.stepMs, count: history.values.length + Math.round(aheadMs / history.stepMs) };
  const values = new Float64Array(grid.count).fill(Number.NaN);
  values.set(history.values);
  const beside = Object.fromEntries(Object.entries(companions).map(([name, dense]) => [name, regrid(dense, grid)]));
  return { target, grid, values, drivers: driversOf(target, signals, grid), companions: beside };
}

/** Tells of a step whether every driver that the recipe looks at is known there. */
export function drivenBy({ drivers }: Ground, { at }: Recipe): (index: number) => boolean {
  const needed = at.map((name) => drivers[name]);
  return (index) => {
    for (let i = 0; i < needed.length; i++) if (Number.isNaN(needed[i]?.[index] ?? Number.NaN)) return false;
    return true;
  };
}
