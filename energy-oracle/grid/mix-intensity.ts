/**
 * Mix intensity: carbon intensity computed from what a zone's power is made of, average and marginal.
 *
 * Average: Σ MW × factor ÷ Σ MW, of generation in the zone; imports and what is taken from storage are left out of both
 * sums. Marginal: how much more is emitted for one more MWh of fossil generation, the slope of a least-squares line through
 * hour-to-hour differences (Hawkes 2010, Energy Policy 38; Siler-Evans, Azevedo, Morgan 2012, Environ. Sci. Technol. 46,
 * who take fossil generation as what answers the load). It names the plants that follow, not those that are built because.
 */
import { type GramsPerKilowattHour, gramsPerKilowattHour } from '../../units/quantity.ts';
import { emissionFactors, type FactorBasis, fossilFuels, type SourceFuel, sourceFuels } from './emission-factors.ts';

/** Average power by fuel over one step, MW; absent: not told, taken as none. */
export type Mix = Readonly<Partial<Record<SourceFuel, number>>>;

const sumOver = (mix: Mix, fuels: readonly SourceFuel[], weigh: (fuel: SourceFuel) => number): number =>
  fuels.reduce((sum, fuel) => sum + Math.max(0, mix[fuel] ?? 0) * weigh(fuel), 0); // own use of plants at rest is no generation

/** Carbon intensity of a mix; `undefined` when nothing is generated. */
export function averageIntensity(mix: Mix, basis: FactorBasis): GramsPerKilowattHour | undefined {
  const total = sumOver(mix, sourceFuels, () => 1);
  if (!(total > 0)) return undefined;
  return gramsPerKilowattHour(sumOver(mix, sourceFuels, (fuel) => emissionFactors[fuel][basis]) / total);
}

export interface MarginalFit {
  /** Slope through the differences. */
  readonly intensity: GramsPerKilowattHour;
  /** Share of the differences' variance in emissions that the line explains, [0, 1]. */
  readonly explained: number;
  /** One standard error of the slope, g/kWh. */
  readonly standardError: number;
  /** Pairs of neighbouring steps it was drawn through. */
  readonly pairs: number;
}

/** Differences that a slope needs: two weeks of hours. */
export const marginalPairsMin = 336;

/**
 * Marginal intensity of a stretch of steps; `undefined` with too few of them, or when fossil generation stood still.
 *
 * @param mixes  one a step, in order, all of one length (an hour in the papers); `undefined` is a gap, no pair spans it
 */
export function marginalIntensity(mixes: readonly (Mix | undefined)[], basis: FactorBasis): MarginalFit | undefined {
  const pairs: [deltaMw: number, deltaKgPerHour: number][] = [];
  for (const [i, after] of mixes.entries()) {
    const before = mixes[i - 1];
    if (!before || !after) continue;
    const fossil = (mix: Mix, weigh: (fuel: SourceFuel) => number) => sumOver(mix, fossilFuels, weigh);
    const factor = (fuel: SourceFuel) => emissionFactors[fuel][basis];
    pairs.push([fossil(after, () => 1) - fossil(before, () => 1), fossil(after, factor) - fossil(before, factor)]);
  }
  if (pairs.length < marginalPairsMin) return undefined;
  const mean = (of: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[of], 0) / pairs.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  let [xx, xy, yy] = [0, 0, 0];
  for (const [x, y] of pairs) {
    xx += (x - meanX) ** 2;
    xy += (x - meanX) * (y - meanY);
    yy += (y - meanY) ** 2;
  }
  if (!(xx > 0) || !(yy > 0)) return undefined;
  const slope = xy / xx;
  const explained = (xy * xy) / (xx * yy);
  const standardError = Math.sqrt(Math.max(0, yy - slope * xy) / (pairs.length - 2) / xx);
  return { intensity: gramsPerKilowattHour(slope), explained, standardError, pairs: pairs.length };
}
