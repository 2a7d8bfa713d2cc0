/**
 * Promise rungs: what could be promised of a step, from timid to bold, read off its quantiles.
 *
 * A rung is a level of the step's distribution: promising its value falls short as often as the level says, if the
 * quantiles hold. Which rung is taken is for `promise.ts` to say.
 */

/** Levels of the rungs, ascending: half a percent to a third. */
export const rungLevels: readonly number[] = Array.from({ length: 41 }, (_, i) => 0.005 * 1.11 ** i);

/** What may be promised of a step, one number per rung, never decreasing. */
export interface Offer {
  /** Steps of one group are alike: the hour of the day, say. */
  readonly group: number;
  /** kW ≥ 0. */
  readonly kw: Float64Array;
  /** Expected shortfall of each, kW ≥ 0, if the quantiles hold; absent where nobody said how sure he is. */
  readonly believedShortKw?: Float64Array;
}

/**
 * The rungs of a step whose surplus has these quantiles, kW ≥ 0, at ascending levels. The shortfall that is believed is
 * the integral of the chance of falling short, E[(x − S)⁺] = ∫₀ˣ P(S < s) ds. O(rungs × levels).
 */
export function offerOf(quantilesKw: ArrayLike<number>, levels: readonly number[], group: number): Offer {
  const kw = Float64Array.from(rungLevels, (level) => valueAt(quantilesKw, levels, level));
  const believedShortKw = new Float64Array(kw.length);
  let [short, below, chance] = [0, 0, 0];
  for (let k = 0; k < kw.length; k++) {
    const level = rungLevels[k] as number;
    kw[k] = Math.max(below, kw[k] as number);
    short += (((kw[k] as number) - below) * (level + chance)) / 2;
    believedShortKw[k] = short;
    [below, chance] = [kw[k] as number, level];
  }
  return { group, kw, believedShortKw };
}

/** The value at any level, kW ≥ 0: between quantiles along a normal curve, beyond them along the nearest stretch of it. */
function valueAt(values: ArrayLike<number>, levels: readonly number[], level: number): number {
  if (levels.length < 2) return Math.max(0, values[0] ?? 0);
  let j = 1;
  while (j < levels.length - 1 && (levels[j] as number) < level) j++;
  const [low, high] = [probit(levels[j - 1] as number), probit(levels[j] as number)];
  const share = (probit(level) - low) / (high - low);
  return Math.max(0, (values[j - 1] as number) + share * ((values[j] as number) - (values[j - 1] as number)));
}

/** Standard normal quantile within 4e-3 (Tukey's lambda, 1962): enough to go between levels. */
const probit = (level: number) => 4.91 * (level ** 0.14 - (1 - level) ** 0.14);
