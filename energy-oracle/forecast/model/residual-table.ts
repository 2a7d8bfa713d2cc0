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

/** Empirical quantiles per cell. O(n log n). */
export function residualTableOf(residuals: Iterable<Residual>, quantiles: readonly number[], horizonMs: number): ResidualTable {
  const leadDays = Math.max(1, Math.round(horizonMs / DAY));
  const empty: ResidualTable = { quantiles, leadDays, values: [] };
  const cells: number[][] = Array.from({ length: 24 * leadDays }, () => []);
  const all: number[] = [];
  for (const { centre, longitude, leadDay, miss } of residuals) {
    cells[residualRow(empty, centre, longitude, leadDay) / quantiles.length]?.push(miss);
    all.push(miss);
  }
  const overall = levelsOf(all, quantiles);
  return {
    ...empty,
    values: cells.flatMap((cell) => {
      const weight = cell.length / (cell.length + enough / 4);
      return levelsOf(cell, quantiles).map((value, j) => weight * value + (1 - weight) * (overall[j] as number));
    }),
  };
}

/** Linear between order statistics; zeros of nothing. */
function levelsOf(values: readonly number[], quantiles: readonly number[]): number[] {
  if (values.length === 0) return quantiles.map(() => 0);
  const sorted = Float64Array.from(values).sort();
  return quantiles.map((level) => {
    const at = level * (sorted.length - 1);
    const below = sorted[Math.floor(at)] as number;
    return below + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] as number) - below);
  });
}
