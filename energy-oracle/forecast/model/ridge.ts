/**
 * Ridge: the straight-line second opinion beside the net, solved exactly.
 *
 * Least squares with a penalty on the size of the coefficients, by normal equations and Cholesky. Inputs are
 * standardised first, so one penalty is fair to all; the intercept is not penalised. No chance, no iterations: equal rows
 * give equal coefficients. Hoerl and Kennard 1970.
 */
import { solveCholesky } from './cholesky.ts';
import type { FeatureRows, TrainingRows } from './quantile-rows.ts';

export interface Ridge {
  /** Expected value where all features are 0, in the unit of the targets. */
  readonly intercept: number;
  /** Change of the expected value per unit of each feature; 0 for one that never moved in training. */
  readonly coefficients: Float64Array;
  /** Expected value of each row; refuses rows of another width with a RangeError. */
  predict(rows: FeatureRows): Float32Array;
}

/**
 * Fits weighted targets; `lambda` ≥ 0 is the penalty per unit of weight: it weighs against the mean squared error of
 * standardised inputs, whatever the number of rows. O(rows × width² + width³). Refuses shapes that do not fit, rows without
 * weight, and columns that repeat each other under `lambda` 0, with a RangeError.
 */
export function fitRidge(rows: TrainingRows, lambda: number): Ridge {
  const { width } = rows;
  if (rows.features.length !== rows.count * width || rows.targets.length !== rows.count || !(lambda >= 0))
    throw new RangeError(`ridge takes ${rows.count} × ${width} rows with a target each and a penalty of 0 or more, found ${lambda}`);
  const { moments, means, targetMean } = centredMoments(rows);
  const deviations = Float64Array.from(means, (mean, j) => {
    const deviation = Math.sqrt(moments[j * (width + 1) + j] as number);
    return deviation > 1e-6 * (1 + Math.abs(mean)) ? deviation : 0;
  });
  const gram = new Float64Array(width * width);
  const right = new Float64Array(width);
  for (let i = 0; i < width; i++) {
    const scaled = (value: number, by: number) => (by > 0 ? value / by : 0);
    const deviation = deviations[i] as number;
    for (let j = 0; j <= i; j++)
      gram[i * width + j] = scaled(moments[i * (width + 1) + j] as number, deviation * (deviations[j] as number));
    gram[i * width + i] = deviation > 0 ? 1 + lambda : 1; // what never moved gets a coefficient of 0
    right[i] = scaled(moments[width * (width + 1) + i] as number, deviation);
  }
  solveCholesky(gram, right, pivotOf);
  const coefficients = right.map((value, j) => (deviations[j] ? value / (deviations[j] as number) : 0));
  const intercept = coefficients.reduce((sum, value, j) => sum - value * (means[j] as number), targetMean);
  return ridgeOf(intercept, coefficients);
}

/** The line with these numbers: a ridge that was stored. */
export const ridgeOf = (intercept: number, coefficients: Float64Array): Ridge => ({
  intercept,
  coefficients,
  predict: (asked) => predictLine(asked, coefficients, intercept),
});

function predictLine({ count, width, features }: FeatureRows, coefficients: Float64Array, intercept: number): Float32Array {
  if (width !== coefficients.length || features.length !== count * width)
    throw new RangeError(`this ridge takes rows of ${coefficients.length} features, found ${count} × ${width} in ${features.length}`);
  const predicted = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let value = intercept;
    for (let j = 0, at = i * width; j < width; j++) value += (coefficients[j] as number) * (features[at + j] as number);
    predicted[i] = value;
  }
  return predicted;
}

/** Weighted means, and the lower triangle of the covariances of all features and, in the last row, of the target. */
function centredMoments({ count, width, features, targets, weights }: TrainingRows) {
  const side = width + 1;
  const means = new Float64Array(width);
  let [total, targetMean] = [0, 0];
  for (let i = 0; i < count; i++) {
    const weight = weights?.[i] ?? 1;
    total += weight;
    targetMean += weight * (targets[i] as number);
    for (let j = 0, at = i * width; j < width; j++) means[j] = (means[j] as number) + weight * (features[at + j] as number);
  }
  if (!(total > 0)) throw new RangeError('no training row has weight');
  targetMean /= total;
  for (let j = 0; j < width; j++) means[j] = (means[j] as number) / total;
  const moments = new Float64Array(side * side);
  const row = new Float64Array(side);
  for (let i = 0; i < count; i++) {
    for (let j = 0, at = i * width; j < width; j++) row[j] = (features[at + j] as number) - (means[j] as number);
    row[width] = (targets[i] as number) - targetMean;
    const share = (weights?.[i] ?? 1) / total;
    if (share === 0) continue;
    for (let j = 0; j < side; j++) {
      const value = share * (row[j] as number);
      for (let k = 0, at = j * side; k <= j; k++) moments[at + k] = (moments[at + k] as number) + value * (row[k] as number);
    }
  }
  return { moments, means, targetMean };
}

/** What is left of a standardised feature (variance 1) below which it says nothing new. */
const smallestPivot = 1e-10;
function pivotOf(rest: number, i: number): number {
  if (rest > smallestPivot) return rest;
  throw new RangeError(`feature ${i} repeats others before it: a penalty above 0 tells them apart`);
}
