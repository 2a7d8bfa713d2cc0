/**
 * Load: who holds what at a moment of the search.
 *
 * Owns accelerators in use by (pool, slot) and draw by (site, slot, class). Taking and giving back are exact inverses
 * for accelerators. Classes stand in order of falling carbon price, their *rank*: grid energy is never cheaper for a
 * lower rank, in any slot of any site, so the lower rank needs surplus more. Mutable on purpose, local to one clearing.
 */
import type { Assignment, Market, Offers } from './market.ts';

/** What is held now. */
export interface Load {
  readonly classes: number;
  /** By class: its rank. */
  readonly rank: Int32Array;
  /** (Site × slot) × rank, accounting currency per MWh: what grid energy costs the class, its carbon included. */
  readonly gridPrice: Float64Array;
  /** Pool × slot, accelerators in use; whole numbers unless runs are held in part. */
  readonly accelerators: Float64Array;
  /** (Site × slot) × rank, kW at the grid connection. */
  readonly drawKw: Float64Array;
}

/** What grid energy costs whoever prices carbon so, accounting currency per MWh with its carbon (g/kWh are kg/MWh). */
export const gridPriceAt = ({ importPrice, carbonIntensity }: Offers, cell: number, carbonPricePerKg: number): number =>
  (importPrice[cell] as number) + carbonPricePerKg * (carbonIntensity[cell] as number);

/** Nothing held; O(sites × slots × classes). */
export function emptyLoad({ offers, requests }: Market): Load {
  const { slots, siteCount, poolCount } = offers;
  const { carbonPricePerKg } = requests;
  const classes = carbonPricePerKg.length;
  const byNeed = [...carbonPricePerKg.keys()].sort((a, b) => (carbonPricePerKg[b] as number) - (carbonPricePerKg[a] as number) || a - b);
  const rank = new Int32Array(classes);
  for (const [at, weightClass] of byNeed.entries()) rank[weightClass] = at;
  const gridPrice = new Float64Array(siteCount * slots * classes);
  for (let cell = 0; cell < siteCount * slots; cell++)
    for (let weightClass = 0; weightClass < classes; weightClass++)
      gridPrice[cell * classes + (rank[weightClass] as number)] = gridPriceAt(offers, cell, carbonPricePerKg[weightClass] as number);
  return {
    classes,
    rank,
    gridPrice,
    accelerators: new Float64Array(poolCount * slots),
    drawKw: new Float64Array(siteCount * slots * classes),
  };
}

/** Adds what a request holds under an assignment so many times; −1 takes it away. O(slots held). */
export function hold(load: Load, market: Market, { option, start, pattern }: Assignment, request: number, times: number): void {
  holdRun(load, market, request, option[request] as number, start[request] as number, pattern[request], times);
}

/** As `hold`, of one run that need not be in any assignment; `times` may be a part. */
export function holdRun(
  load: Load,
  { offers, requests }: Market,
  request: number,
  option: number,
  start: number,
  shape: Uint16Array | undefined,
  times: number,
): void {
  if (option < 0) return;
  const { options } = requests;
  const { slots, poolSite } = offers;
  const pool = options.pool[option] as number;
  const length = shape ? shape.length : (options.length[option] as number);
  const all = options.accelerators[option] as number;
  const kw = options.kwPerAccelerator[option] as number;
  const poolCell = pool * slots + start;
  const siteCell =
    ((poolSite[pool] as number) * slots + start) * load.classes + (load.rank[requests.weightClass[request] as number] as number);
  for (let i = 0; i < length; i++) {
    const held = shape ? (shape[i] as number) : all;
    if (held === 0) continue;
    load.accelerators[poolCell + i] = (load.accelerators[poolCell + i] as number) + times * held;
    load.drawKw[siteCell + i * load.classes] = (load.drawKw[siteCell + i * load.classes] as number) + times * held * kw;
  }
}

/** Everything an assignment holds. */
export function loadOf(market: Market, assignment: Assignment): Load {
  const load = emptyLoad(market);
  for (let request = 0; request < market.requests.count; request++) hold(load, market, assignment, request, 1);
  return load;
}
