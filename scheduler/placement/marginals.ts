/**
 * Marginals: what a request's draw would add to the cost of each site and slot, remembered until the load there changes.
 *
 * Requests differ in class and width, and common widths are few: asked for each request at each slot, the same marginal
 * cost would be worked out hundreds of times. Whoever changes the load says where.
 */
import { marginalCost } from './cost.ts';
import type { Load } from './load.ts';
import type { Market, Offers } from './market.ts';

export interface Marginals {
  readonly load: Load;
  readonly offers: Offers;
  /** By option: the row of its draw; −1 when it is none of the common ones. */
  readonly draw: Int32Array;
  readonly draws: number;
  /** ((Site × rank) × draw) × slot, accounting currency; NaN where nobody asked since the load changed. */
  readonly cost: Float64Array;
}

/** So many different draws are remembered, and so many costs in all: who weighs carbon in a hundred ways makes many. */
const drawsMax = 32;
const cellsMax = 2_000_000;

/** Nothing asked yet; O(options + sites × ranks × draws × slots). */
export function noMarginals({ offers, requests }: Market, load: Load, kw: Float64Array): Marginals {
  const draw = new Int32Array(kw.length);
  const cellsOfOne = offers.siteCount * requests.carbonPricePerKg.length * offers.slots;
  const most = Math.min(drawsMax, Math.floor(cellsMax / Math.max(1, cellsOfOne)));
  const rows = new Map<number, number>();
  for (let option = 0; option < kw.length; option++) {
    const own = kw[option] as number;
    let row = rows.get(own);
    if (row === undefined) {
      row = rows.size < most ? rows.size : -1;
      if (row >= 0) rows.set(own, row);
    }
    draw[option] = row;
  }
  return { load, offers, draw, draws: rows.size, cost: new Float64Array(cellsOfOne * rows.size).fill(Number.NaN) };
}

/** Writes into `into` what `kw` more of a rank would add in each slot of [from, to), `kw` the draw of the option; O(slots), classes times that where the load changed. */
export function marginalsOf(
  { load, offers, draw, draws, cost }: Marginals,
  into: Float64Array,
  option: number,
  site: number,
  rank: number,
  kw: number,
  from: number,
  to: number,
): void {
  const { slots } = offers;
  const tariff = offers.feedInTariff[site] as number;
  const own = draw[option] as number;
  const row = ((site * load.classes + rank) * draws + own) * slots;
  for (let slot = from; slot < to; slot++) {
    let added = own < 0 ? Number.NaN : (cost[row + slot] as number);
    if (Number.isNaN(added)) {
      added = marginalCost(load, offers, site * slots + slot, tariff, rank, kw);
      if (own >= 0) cost[row + slot] = added;
    }
    into[slot] = added;
  }
}

/** Forgets what was known of a site in [from, to), where the load changed; O(slots × ranks × draws). */
export function forget({ load, offers, draws, cost }: Marginals, site: number, from: number, to: number): void {
  const rows = load.classes * draws;
  for (let row = site * rows; row < (site + 1) * rows; row++)
    for (let cell = row * offers.slots + from; cell < row * offers.slots + to; cell++) cost[cell] = Number.NaN;
}
