/**
 * Residual table: how far a point forecast misses, by local solar hour and lead day.
 *
 * Gives quantiles to members that have only a line: CLIPER and the ridge. A simple table, and a strong yardstick: what
 * it says of noon and of dawn is already right on average.
 */
import { DAY, HOUR, type Instant } from '../../../units/time.ts';

/** Row-major, `24 × leadDays × quantiles`, in units of the scale at the issue. */
export interface ResidualTable {
  readonly quantiles: readonly number[];
  readonly leadDays: number;
  readonly values: readonly number[];
}

/** Fewer residuals than this are pulled to those of all hours. */
const enough = 40;

/** Where a step's quantiles begin in the table. */
export function residualRow({ leadDays, quantiles }: ResidualTable, centre: Instant, longitude: number, leadDay: number): number {
  const hour = Math.floor((((centre / HOUR + longitude / 15) % 24) + 24) % 24);
  return (hour * leadDays + Math.min(leadDay, leadDays - 1)) * quantiles.length;
}

export interface Residual {
  /** Centre of the step, and where. */
  readonly centre: Instant;
  readonly longitude: number;
  readonly leadDay: number;
  /** Truth less forecast, in units of the scale. */
  readonly miss: number;
}

/** So many of them, each made when it is asked for. */
export interface Residuals {
  readonly count: number;
  residualOf(row: number): Residual;
}

/** Empirical quantiles per cell. O(n log n) time, 18 bytes a residual. */
export function residualTableOf({ count, residualOf }: Residuals, quantiles: readonly number[], horizonMs: number): ResidualTable {
  const leadDays = Math.max(1, Math.round(horizonMs / DAY));
  const empty: ResidualTable = { quantiles, leadDays, values: [] };
  const all = new Float64Array(count);
  const cellOf = new Uint16Array(count);
  const ends = new Uint32Array(24 * leadDays);
  for (let row = 0; row < count; row++) {
    const { centre, longitude, leadDay, miss } = residualOf(row);
    const cell = residualRow(empty, centre, longitude, leadDay) / quantiles.length;
    all[row] = miss;
    cellOf[row] = cell;
    (ends[cell] as number)++;
  }
  for (let cell = 1; cell < ends.length; cell++) (ends[cell] as number) += ends[cell - 1] as number;
  const byCell = new Float64Array(count);
  const next = Uint32Array.of(0, ...ends);
  for (let row = 0; row < count; row++) byCell[(next[cellOf[row] as number] as number)++] = all[row] as number;
  const overall = levelsOf(all.sort(), quantiles);
  return {
    ...empty,
    values: Array.from(ends).flatMap((end, cell) => {
      const misses = byCell.subarray(ends[cell - 1] ?? 0, end).sort();
      const weight = misses.length / (misses.length + enough / 4);
      return levelsOf(misses, quantiles).map((value, j) => weight * value + (1 - weight) * (overall[j] as number));
    }),
  };
}

/** Linear between order statistics; zeros of nothing. */
function levelsOf(sorted: Float64Array, quantiles: readonly number[]): number[] {
  if (sorted.length === 0) return quantiles.map(() => 0);
  return quantiles.map((level) => {
    const at = level * (sorted.length - 1);
    const below = sorted[Math.floor(at)] as number;
    return below + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] as number) - below);
  });
}
