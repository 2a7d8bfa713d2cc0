/**
 * Rings: the levels of a set that say together how wide a forecast is.
 *
 * Two levels equally far from the median promise one coverage; a level without a partner is a ring of one side.
 */

/** Levels equally far from the median: one or both sides; level .5 is in none. */
export interface Ring {
  readonly lower: number | undefined;
  readonly upper: number | undefined;
  /** Share of truths that fall outside when the ring holds what it says. */
  readonly outside: number;
}

/** Rings of ascending levels, the outermost first. */
export function ringsOf(quantiles: readonly number[]): Ring[] {
  const tails = quantiles.map((level) => Math.min(level, 1 - level));
  const at = (tail: number, isLower: boolean) => {
    const index = tails.findIndex(
      (other, i) => Math.abs(other - tail) < 1e-9 && quantiles[i] !== undefined && quantiles[i] < 0.5 === isLower,
    );
    return index < 0 ? undefined : index;
  };
  const distinct = tails.filter((tail, i) => tail < 0.5 - 1e-9 && tails.findIndex((other) => Math.abs(other - tail) < 1e-9) === i);
  return distinct
    .sort((a, b) => a - b)
    .map((tail) => {
      const [lower, upper] = [at(tail, true), at(tail, false)];
      return { lower, upper, outside: tail * (lower !== undefined && upper !== undefined ? 2 : 1) };
    });
}
