/**
 * Price curve: how a zone's price goes with its residual load, learned from both.
 *
 * Owns a monotone curve of relative price and the level it stands on, which carries the price of fuels: the median of four
 * weeks around each day. Only differences along the curve are ever used; the record says where a price starts. It knows no
 * unit commitment, no congestion and no strategy: what those do stays in the record.
 */
import { DAY, HOUR } from '../../units/time.ts';
import { quantileOf } from './merit-order.ts';

export interface PriceCurve {
  /** Residual load, MW, rising. */
  readonly knotsMw: readonly number[];
  /** Price over its level at the knots; never falls. */
  readonly relative: readonly number[];
  /** Currency per MWh > 0, by hour of the record that the curve is used on. */
  readonly level: Float64Array;
}

const binsMax = 40;
/** Fewest hours in a bin, and in a curve. */
const perBin = 25;
const levelHours = (14 * DAY) / HOUR;
/** A level is at least this much of the currency, so that months of prices about zero do not blow up what is relative. */
const levelLeast = 1;
/** Bins from the end over which the slope beyond the last knot is taken. */
const outerBins = 4;

/** Median price of the two weeks before and behind each day, hour by hour; the whole record's where there is none. */
export function priceLevel(price: Float64Array): Float64Array {
  const whole = quantileOf(price, 0.5);
  const level = new Float64Array(price.length);
  const day = DAY / HOUR;
  for (let from = 0; from < price.length; from += day) {
    const around = quantileOf(price.subarray(Math.max(0, from - levelHours), from + day + levelHours), 0.5);
    level.fill(Math.max(levelLeast, Number.isNaN(around) ? whole : around), from, from + day);
  }
  return level;
}

/** Values made to never fall, least squares: pools of neighbours that fall take their mean (Ayer et al. 1955, doi:10.1214/aoms/1177728423). */
export function neverFalling(values: readonly number[]): number[] {
  const pools: { mean: number; count: number }[] = [];
  for (const value of values) {
    pools.push({ mean: value, count: 1 });
    for (;;) {
      const [before, last] = [pools.at(-2), pools.at(-1)];
      if (!before || !last || before.mean <= last.mean) break;
      pools.splice(-2, 2, {
        mean: (before.mean * before.count + last.mean * last.count) / (before.count + last.count),
        count: before.count + last.count,
      });
    }
  }
  return pools.flatMap(({ mean, count }) => new Array<number>(count).fill(mean));
}

/**
 * Learns a curve: medians of price ÷ level in bins of residual load of equal size, made monotone.
 *
 * @param price  currency per MWh by hour, NaN where it is not known
 * @param residualMw  of the same hours
 * @returns `undefined` when fewer than 25 hours have both
 */
export function fitPriceCurve(price: Float64Array, residualMw: Float64Array): PriceCurve | undefined {
  const level = priceLevel(price);
  const points: { readonly mw: number; readonly relative: number }[] = [];
  price.forEach((value, h) => {
    const mw = residualMw[h] as number;
    if (!Number.isNaN(value + mw)) points.push({ mw, relative: value / (level[h] as number) });
  });
  if (points.length < perBin) return undefined;
  points.sort((a, b) => a.mw - b.mw || a.relative - b.relative);
  const bins = Math.min(binsMax, Math.floor(points.length / perBin));
  const parts = Array.from({ length: bins }, (_, bin) =>
    points.slice(Math.floor((bin * points.length) / bins), Math.floor(((bin + 1) * points.length) / bins)),
  );
  return {
    knotsMw: parts.map((part) =>
      quantileOf(
        part.map(({ mw }) => mw),
        0.5,
      ),
    ),
    relative: neverFalling(
      parts.map((part) =>
        quantileOf(
          part.map(({ relative }) => relative),
          0.5,
        ),
      ),
    ),
    level,
  };
}

/**
 * Relative price at a residual load: straight between knots, on with the slope of the outer tenth above the last one, flat
 * below the first: how far a price falls when sun and wind set it depends on their subsidies, which the curve does not know.
 */
export function relativePriceAt({ knotsMw, relative }: PriceCurve, mw: number): number {
  const last = knotsMw.length - 1;
  if (mw <= (knotsMw[0] as number)) return relative[0] as number;
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((knotsMw[middle] as number) <= mw) low = middle;
    else high = middle;
  }
  if (mw >= (knotsMw[last] as number)) [low, high] = [Math.max(0, last - outerBins), last];
  const base = mw >= (knotsMw[last] as number) ? last : low;
  const width = (knotsMw[high] as number) - (knotsMw[low] as number);
  const slope = width > 0 ? ((relative[high] as number) - (relative[low] as number)) / width : 0;
  return (relative[base] as number) + slope * (mw - (knotsMw[base] as number));
}

/** What the price of an hour changes by when the residual load goes from `fromMw` to `toMw`, currency per MWh; never falls with `toMw`. */
export const priceChange = (curve: PriceCurve, hour: number, fromMw: number, toMw: number): number =>
  fromMw === toMw ? 0 : (curve.level[hour] as number) * (relativePriceAt(curve, toMw) - relativePriceAt(curve, fromMw));
