/**
 * Middle: the median of a row of quantiles, or what comes nearest to it.
 *
 * Any set of levels is forecast; blending and stretching need one point to turn around.
 */

export interface MiddleAt {
  readonly lower: number;
  readonly upper: number;
  /** Share of the upper level, 0 to 1. */
  readonly share: number;
}

/** Where the level .5 lies among ascending levels: on one, between two, or at the nearest end. */
export function middleAt(quantiles: readonly number[]): MiddleAt {
  const above = quantiles.findIndex((level) => level >= 0.5 - 1e-9);
  const upper = above < 0 ? quantiles.length - 1 : above;
  const high = quantiles[upper] as number;
  const lower = above > 0 && high > 0.5 + 1e-9 ? upper - 1 : upper;
  const low = quantiles[lower] as number;
  return { lower, upper, share: high > low ? (0.5 - low) / (high - low) : 0 };
}

/** The middle of the row that starts at `offset`, in the unit of the values. */
export const middleOf = (values: ArrayLike<number>, offset: number, { lower, upper, share }: MiddleAt): number =>
  (1 - share) * (values[offset + lower] as number) + share * (values[offset + upper] as number);
