/**
 * Held-out prior: what each net of an ensemble says of the weeks it was kept from, as a prior for calibrators.
 *
 * Every net leaves one fold of weeks out, so there are rows that nobody who speaks of them has learned from. CLIPER and
 * the ridge have few weights and are taken as they are. All numbers are departures from CLIPER at the scale of the issue.
 */
import { DAY } from '../../../units/time.ts';
import { type CalibrationPrior, coldPrior, fitPrior } from '../calibration/calibration-prior.ts';
import type { Target } from '../target.ts';
import type { QuantileModel } from './quantile-rows.ts';
import { featureNames } from './recent.ts';
import type { Recipe } from './recipe.ts';
import { type ResidualTable, residualRow } from './residual-table.ts';
import { rowsWhere } from './row-selection.ts';
import type { DrawnRows } from './training-set.ts';

export interface HeldOut {
  readonly targets: readonly Target[];
  readonly stepMs: number;
  readonly recipe: Recipe;
  readonly rows: DrawnRows;
  /** In the order of the folds they left out. */
  readonly nets: readonly QuantileModel[];
  /** What the ridge says of every row. */
  readonly line: Float32Array;
  readonly residuals: { readonly cliper: ResidualTable; readonly ridge: ResidualTable };
  readonly quantiles: readonly number[];
}

/** A prior of the rows that were left out; one that knows nothing when a single net left out none. O(rows × log rows). */
export function heldOutPrior({ targets, stepMs, recipe, rows, nets, line, residuals, quantiles }: HeldOut): CalibrationPrior {
  if (nets.length < 2) return coldPrior(quantiles);
  const levels = quantiles.length;
  const kept = nets.map((_, fold) => rowsWhere(rows.count, (row) => rows.fold[row] === fold));
  const order = new Uint32Array(kept.reduce((sum, { length }) => sum + length, 0));
  const count = order.length;
  const net = new Float32Array(count * levels);
  let offset = 0;
  for (const [fold, model] of nets.entries()) {
    const own = kept[fold] as Uint32Array;
    order.set(own, offset);
    net.set(model.predict(rows, own), offset * levels);
    offset += own.length;
  }
  const around = (table: ResidualTable, middle: (row: number) => number) => {
    const said = new Float64Array(count * levels);
    for (let at = 0; at < count; at++) {
      const row = order[at] as number;
      const { longitude } = targets[rows.archive[row] as number] as Target;
      const leadDay = Math.floor(((rows.lead[row] as number) * stepMs) / DAY);
      const cell = residualRow(table, (rows.valid[row] as number) + stepMs / 2, longitude, leadDay);
      for (let j = 0; j < levels; j++) said[at * levels + j] = middle(row) + (table.values[cell + j] as number);
    }
    return said;
  };
  const clear = recipe.scale === 'peak' ? featureNames(recipe).indexOf('clear') : -1;
  return fitPrior({
    count,
    stepMs,
    targets,
    quantiles,
    archive: Uint16Array.from(order, (row) => rows.archive[row] as number),
    lead: Uint16Array.from(order, (row) => rows.lead[row] as number),
    valid: Float64Array.from(order, (row) => rows.valid[row] as number),
    actual: Float32Array.from(order, (row) => rows.targets[row] as number),
    isLit: Uint8Array.from(order, (row) => (clear < 0 || (rows.features[row * rows.width + clear] as number) > 0 ? 1 : 0)),
    members: { cliper: around(residuals.cliper, () => 0), ridge: around(residuals.ridge, (row) => line[row] as number), net },
  });
}
