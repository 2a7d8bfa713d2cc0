/**
 * Confidence: intervals of means over seeds, paired where two policies met the same seeds.
 */

/** A mean over seeds with its 95 % interval; the interval is the mean alone when there is one seed. */
export interface Interval95 {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly seeds: number;
}

/** Student's t at 97.5 %, by degrees of freedom from 1 to 30 (any statistical table). */
const t975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086,
  2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
const z975 = 1.959964;

/** Student's t at 97.5 % for whole degrees of freedom ≥ 1; beyond 30 by the first terms of the Cornish-Fisher expansion, right to .001. */
export function studentT975(degrees: number): number {
  return t975[degrees - 1] ?? z975 + (z975 ** 3 + z975) / (4 * degrees) + (5 * z975 ** 5 + 16 * z975 ** 3 + 3 * z975) / (96 * degrees ** 2);
}

/** Mean and its 95 % interval by Student's t; a RangeError for no values. */
export function intervalOf(values: readonly number[]): Interval95 {
  const seeds = values.length;
  if (seeds === 0) throw new RangeError('a mean needs at least one value');
  const mean = values.reduce((sum, value) => sum + value, 0) / seeds;
  if (seeds === 1) return { mean, low: mean, high: mean, seeds };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (seeds - 1);
  const half = studentT975(seeds - 1) * Math.sqrt(variance / seeds);
  return { mean, low: mean - half, high: mean + half, seeds };
}

/**
 * What is saved against a baseline that met the same seeds: 100 × (1 − ours ÷ theirs) by seed, %, with its interval.
 *
 * Paired: what a seed does to both cancels. NaN where a baseline is 0.
 */
export function pairedSaving(ours: readonly number[], theirs: readonly number[]): Interval95 {
  if (ours.length !== theirs.length) throw new RangeError(`pairs need as many values, found ${ours.length} and ${theirs.length}`);
  return intervalOf(ours.map((value, seed) => 100 * (1 - value / (theirs[seed] as number))));
}
