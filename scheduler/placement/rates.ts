/**
 * Rates: what holding one accelerator for one slot costs a request, part by part, at the prices of the moment.
 *
 * A request of rank k that draws kw per accelerator pays `accelerator + kw × energy[k]` per accelerator and slot. In
 * `energy` each class takes what is cheaper for it: surplus at its price or grid energy with its own carbon.
 */
import type { Load } from './load.ts';
import type { Market, Prices } from './market.ts';

export interface Rates {
  /** Pool × slot, accounting currency per accelerator-slot, the ask included; Infinity where the slot is closed. */
  readonly accelerator: Float64Array;
  /** (Rank × site) × slot, accounting currency per kW drawn over the slot, computing included; may be negative. */
  readonly energy: Float64Array;
}

/** Nothing priced yet. */
export function noRates({ offers, requests }: Market): Rates {
  return {
    accelerator: new Float64Array(offers.poolCount * offers.slots),
    energy: new Float64Array(requests.carbonPricePerKg.length * offers.siteCount * offers.slots),
  };
}

/** Writes what holding costs at these prices; O(pools × slots + sites × slots × classes). */
export function writeRates(
  rates: Rates,
  { offers, requests: { computePrice = 0 } }: Market,
  { gridPrice, classes }: Load,
  prices: Prices,
): void {
  const { slots, siteCount, poolCount, poolSite, known, capacity, ask, slotHours } = offers;
  for (let pool = 0; pool < poolCount; pool++) {
    const asked = (ask[pool] as number) * slotHours;
    const site = (poolSite[pool] as number) * slots;
    for (let slot = 0; slot < slots; slot++) {
      const cell = pool * slots + slot;
      const isOpen = known[site + slot] === 1 && (capacity[cell] as number) > 0;
      rates.accelerator[cell] = isOpen ? (prices.accelerator[cell] as number) + asked : Number.POSITIVE_INFINITY;
    }
  }
  const cells = siteCount * slots;
  for (let rank = 0; rank < classes; rank++)
    for (let cell = 0; cell < cells; cell++) {
      const grid = gridPrice[cell * classes + rank] as number;
      const surplus = prices.surplus[cell] as number;
      rates.energy[rank * cells + cell] = ((Math.min(surplus, grid) + computePrice) * slotHours) / 1_000;
    }
}

/**
 * What one accelerator costs in each slot of [from, to), into `price`.
 *
 * @param level  of a slot's cost
 * @param wait  what each slot behind `release` adds
 * @returns what slots cost less than the level, summed up, ≤ 0: no n of them cost less in all than n levels and that (Lagrangian duality)
 */
export function priceSlots(
  price: Float64Array,
  { accelerator, energy }: Rates,
  poolRow: number,
  energyRow: number,
  kw: number,
  from: number,
  to: number,
  level = Number.NEGATIVE_INFINITY,
  wait = 0,
  release = 0,
): number {
  let below = 0;
  let waited = wait * (from - release);
  for (let slot = from; slot < to; slot++) {
    const own = (accelerator[poolRow + slot] as number) + kw * (energy[energyRow + slot] as number) + waited;
    price[slot] = own;
    if (own < level) below += own - level;
    waited += wait;
  }
  return below;
}
