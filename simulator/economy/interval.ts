/**
 * Interval: what a few seeds say of a mean, and of the difference of two scenarios on the same seeds.
 *
 * Student's t interval at 95 %. Differences are paired: seed by seed, so that the luck of a year cancels.
 */

/** A mean and half the width of its 95 % interval; `undefined` where one value says nothing of spread. */
export interface MeanInterval {
  readonly mean: number;
  readonly half: number | undefined;
}

/** 97.5 % quantile of Student's t by degrees of freedom, from 1. */
const studentQuantiles = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098,
  2.1009, 2.093, 2.086, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
];

/** Beyond the table: the first terms of its expansion about the normal quantile (Abramowitz and Stegun 26.7.5). */
const studentQuantile = (freedom: number): number => studentQuantiles[freedom - 1] ?? 1.96 + (1.96 ** 3 + 1.96) / (4 * freedom);

/** Mean of the values with its interval. @throws RangeError when there are none */
export function meanInterval(values: readonly number[]): MeanInterval {
  if (values.length === 0) throw new RangeError('no values, no mean');
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return { mean, half: undefined };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, half: studentQuantile(values.length - 1) * Math.sqrt(variance / values.length) };
}

/** Mean of the differences `after[i] − before[i]`. @throws RangeError when they do not pair */
export function pairedInterval(before: readonly number[], after: readonly number[]): MeanInterval {
  if (before.length !== after.length) throw new RangeError(`${before.length} values do not pair with ${after.length}`);
  return meanInterval(after.map((value, index) => value - (before[index] as number)));
}
