/**
 * Local regression: how a target has lately answered to its drivers at each time of day.
 *
 * One small least-squares fit per step of the day, with weights that halve over some days: a dawn hour learns from dawn
 * hours, and a growing fleet of panels is followed. It has only absorbed the past, so what it says cannot peek.
 */
import { solveCholesky } from './cholesky.ts';

/** How one fit is made. */
export interface LocalRegressionConfig {
  readonly drivers: readonly string[];
  /** Days after which a day counts half. */
  readonly halfLifeDays: number;
  /** Penalty on the coefficients, in squared units of the drivers. */
  readonly ridge: number;
  /** With an intercept the fit shrinks to the recent mean of that time of day; without, to zero. */
  readonly intercept: boolean;
}

export interface LocalRegression {
  /** Takes one observation in; the caller leaves gaps out. */
  absorb(step: number, drivers: Float64Array, value: number): void;
  /** What the drivers would give at this step of the day; NaN before anything was absorbed. O(drivers³) after a change. */
  predict(step: number, drivers: Float64Array): number;
}

/** @param steps  steps of a day */
export function createLocalRegression({ drivers, halfLifeDays, ridge, intercept }: LocalRegressionConfig, steps: number): LocalRegression {
  const width = drivers.length;
  const fade = 0.5 ** (1 / halfLifeDays);
  /** Per step of the day: weight, sum of values, sums of drivers, sums of products with the value, lower triangle of products. */
  const triangle = (width * (width + 1)) / 2;
  const stride = 2 + 2 * width + triangle;
  const sums = new Float64Array(steps * stride);
  const coefficients = new Float64Array(steps * width);
  const stale = new Uint8Array(steps);
  const gram = new Float64Array(width * width);
  const right = new Float64Array(width);

  function solve(step: number): void {
    const at = step * stride;
    const weight = sums[at] as number;
    let k = at + 2 + 2 * width;
    for (let i = 0; i < width; i++) {
      const mean = intercept ? (sums[at + 2 + i] as number) / weight : 0;
      for (let j = 0; j <= i; j++, k++)
        gram[i * width + j] = (sums[k] as number) - (intercept ? mean * (sums[at + 2 + j] as number) : 0) + (i === j ? ridge : 0);
      right[i] = (sums[at + 2 + width + i] as number) - mean * (sums[at + 1] as number);
    }
    solveCholesky(gram, right, heldUp);
    for (let j = 0; j < width; j++) coefficients[step * width + j] = right[j] as number;
    stale[step] = 0;
  }

  return {
    absorb: (step, x, value) => {
      const at = step * stride;
      sums[at] = (sums[at] as number) * fade + 1;
      sums[at + 1] = (sums[at + 1] as number) * fade + value;
      let k = at + 2 + 2 * width;
      for (let i = 0; i < width; i++) {
        const xi = x[i] as number;
        sums[at + 2 + i] = (sums[at + 2 + i] as number) * fade + xi;
        sums[at + 2 + width + i] = (sums[at + 2 + width + i] as number) * fade + xi * value;
        for (let j = 0; j <= i; j++, k++) sums[k] = (sums[k] as number) * fade + xi * (x[j] as number);
      }
      stale[step] = 1;
    },
    predict: (step, x) => {
      const at = step * stride;
      const weight = sums[at] as number;
      if (weight === 0) return Number.NaN;
      if (stale[step]) solve(step);
      let value = intercept ? (sums[at + 1] as number) / weight : 0;
      for (let j = 0; j < width; j++) {
        const mean = intercept ? (sums[at + 2 + j] as number) / weight : 0;
        value += (coefficients[step * width + j] as number) * ((x[j] as number) - mean);
      }
      return value;
    },
  };
}

/** A driver that has hardly moved yet leaves nothing of its diagonal: it is held up to this. */
const smallestPivot = 1e-12;
const heldUp = (rest: number) => Math.max(rest, smallestPivot);
