/**
 * Fit quality: how much of what a zone really did a merit order and a price curve explain, on hours they need not have seen.
 *
 * Owns the comparison with what is usually assumed: that load more or less carries the average intensity of the hour.
 * Shares of variance of changes from hour to hour, 1 for all of it; below 0 is worse than saying "as always".
 */
import { demandMw, generationMw, type MixRecord } from './generation-mix.ts';
import { answerMw, outputMw, quantileOf } from './merit-order.ts';
import { type PriceCurve, priceLevel, relativePriceAt } from './price-curve.ts';
import type { Supply } from './zone.ts';

export interface CarbonExplained {
  /** Changes compared. */
  readonly changes: number;
  /** Of the change of emissions, by the sources' learned answers to the change of residual load. */
  readonly byMeritOrder: number;
  /** By the average intensity of the hour before, times the same change of residual load. */
  readonly byAverageOfResidual: number;
  /** By the average intensity of the hour before, times the change of demand: the plain price-taker's account. */
  readonly byAverageOfDemand: number;
}

/** 1 − Σ(truth − said)² ÷ Σ(truth − mean)². */
export function explained(truth: readonly number[], said: readonly number[]): number {
  const mean = truth.reduce((sum, value) => sum + value, 0) / truth.length;
  const [missed, all] = truth.reduce(([m, a], value, i) => [m + (value - (said[i] as number)) ** 2, a + (value - mean) ** 2], [0, 0]);
  return 1 - missed / all;
}

/** How much of a record's changes of emissions (its own intensity × generation, kg/h) is explained. */
export function carbonExplained({ mix, carbon }: MixRecord, { order, factors }: Pick<Supply, 'order' | 'factors'>): CarbonExplained {
  const residual = outputMw(mix, order.responding);
  const [generated, demand] = [generationMw(mix), demandMw(mix)];
  const emitted = generated.map((mw, h) => mw * (carbon[h] as number));
  const factorsOf = order.responding.map((source) => factors[source]);
  const [truth, fit, ofResidual, ofDemand]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let h = 1; h < mix.count; h++) {
    const moved = (emitted[h] as number) - (emitted[h - 1] as number);
    const [from, to] = [residual[h - 1] as number, residual[h] as number];
    if (Number.isNaN(moved + from + to)) continue;
    truth.push(moved);
    fit.push(answerMw(order, from, to).reduce((sum, mw, s) => sum + mw * (factorsOf[s] as number), 0));
    ofResidual.push((carbon[h - 1] as number) * (to - from));
    ofDemand.push((carbon[h - 1] as number) * ((demand[h] as number) - (demand[h - 1] as number)));
  }
  return {
    changes: truth.length,
    byMeritOrder: explained(truth, fit),
    byAverageOfResidual: explained(truth, ofResidual),
    byAverageOfDemand: explained(truth, ofDemand),
  };
}

export interface PriceExplained {
  readonly hours: number;
  /** Of the price itself, by the curve on the level of the month. */
  readonly ofPrice: number;
  /** Of its change from hour to hour. */
  readonly ofChanges: number;
}

/**
 * How much of a price the curve explains at other residual loads than it was learned on; the level is that of the price
 * itself. Hours in the dearest hundredth are left out: what scarcity does is not on the curve.
 */
export function priceExplained(curve: PriceCurve, price: Float64Array, residualMw: Float64Array): PriceExplained {
  const level = priceLevel(price);
  const dearest = quantileOf(price, 0.99);
  const [truth, said, moved, saidMoved]: [number[], number[], number[], number[]] = [[], [], [], []];
  let [before, saidBefore] = [Number.NaN, Number.NaN];
  price.forEach((value, h) => {
    const isKnown = value <= dearest && !Number.isNaN(residualMw[h] as number);
    const now = isKnown ? value : Number.NaN;
    const saidNow = isKnown ? (level[h] as number) * relativePriceAt(curve, residualMw[h] as number) : Number.NaN;
    if (isKnown) {
      truth.push(now);
      said.push(saidNow);
    }
    if (isKnown && !Number.isNaN(before)) {
      moved.push(now - before);
      saidMoved.push(saidNow - saidBefore);
    }
    [before, saidBefore] = [now, saidNow];
  });
  return { hours: truth.length, ofPrice: explained(truth, said), ofChanges: explained(moved, saidMoved) };
}
