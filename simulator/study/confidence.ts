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

/**
 * Student's t at 97.5 % for whole degrees of freedom ≥ 1.
 *
 * Beyond 30 by the Cornish-Fisher expansion to the third order, right to .0001 (Abramowitz and Stegun 1964, 26.7.5).
 */
export function studentT975(degrees: number): number {
  const z = z975;
  return (
    t975[degrees - 1] ??
    z +
      (z ** 3 + z) / (4 * degrees) +
      (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2) +
      (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * degrees ** 3)
  );
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
 * Paired: what a seed does to both cancels. NaN where a baseline is not above 0, of which no share can be told.
 */
export const pairedSaving = (ours: readonly number[], theirs: readonly number[]): Interval95 =>
  intervalOf(pairs(ours, theirs).map(([own, other]) => (other > 0 ? 100 * (1 - own / other) : Number.NaN)));

/** Ours less theirs by seed, in their own unit, with its interval. */
export const pairedChange = (ours: readonly number[], theirs: readonly number[]): Interval95 =>
  intervalOf(pairs(ours, theirs).map(([own, other]) => own - other));

function pairs(ours: readonly number[], theirs: readonly number[]): (readonly [number, number])[] {
  if (ours.length !== theirs.length) throw new RangeError(`pairs need as many values, found ${ours.length} and ${theirs.length}`);
  return ours.map((value, seed) => [value, theirs[seed] as number]);
}
