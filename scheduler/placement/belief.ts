/**
 * Belief: what a plan expects of one run: energy and its sources, money, carbon, in slots that it shares with others.
 *
 * In a slot a class shares surplus evenly among its runs, kW by kW; between classes the merit order of `cost.ts` rules.
 */
import { contestedPart } from './contested.ts';
import { type Served, servedTo, serveFrom } from './cost.ts';
import { gridPriceAt, type Load } from './load.ts';
import type { Assignment, Market, Offers } from './market.ts';

export interface Belief {
  readonly surplusKwh: number;
  /** Energy money with surplus at its opportunity price, accounting currency. */
  readonly energyCost: number;
  /** What surplus that others would have used costs above that: grid energy's price, accounting currency ≥ 0. */
  readonly surplusPremium: number;
  /** gCO2eq of grid energy. */
  readonly carbonG: number;
  /** kWh in the slots that are known. */
  readonly energyKwh: number;
}

interface Sum {
  surplusKwh: number;
  energyCost: number;
  surplusPremium: number;
  carbonG: number;
  energyKwh: number;
}

const nothing = (): Sum => ({ surplusKwh: 0, energyCost: 0, surplusPremium: 0, carbonG: 0, energyKwh: 0 });

/** What a placed request expects; slots whose signals are unknown add nothing. O(slots held × classes). */
export function beliefOf({ offers, requests }: Market, load: Load, { option, start, pattern }: Assignment, request: number): Belief {
  const sum = nothing();
  const at = option[request] as number;
  const { options } = requests;
  const site = offers.poolSite[options.pool[at] as number] as number;
  const rank = load.rank[requests.weightClass[request] as number] as number;
  const shape = pattern[request];
  const all = options.accelerators[at] as number;
  const length = shape?.length ?? (options.length[at] as number);
  for (let i = 0; i < length; i++) {
    const kw = (shape ? (shape[i] as number) : all) * (options.kwPerAccelerator[at] as number);
    const cell = site * offers.slots + (start[request] as number) + i;
    if (kw === 0 || offers.known[cell] !== 1) continue;
    const classKw = load.drawKw[cell * load.classes + rank] as number;
    const served = servedTo(load, offers, cell, offers.feedInTariff[site] as number, rank);
    add(sum, offers, cell, site, served, kw / classKw, contestedPart(load, offers, cell, rank, kw));
  }
  return sum;
}

/** What a run would expect if nobody else asked, in slots [from, from + length); `undefined` where one of them is unknown. */
export function aloneAt(
  offers: Offers,
  site: number,
  carbonPricePerKg: number,
  kw: number,
  from: number,
  length: number,
): Belief | undefined {
  const sum = nothing();
  const tariff = offers.feedInTariff[site] as number;
  for (let slot = from; slot < Math.min(offers.slots, from + length); slot++) {
    const cell = site * offers.slots + slot;
    if (offers.known[cell] !== 1) return undefined;
    const grid = gridPriceAt(offers, cell, carbonPricePerKg);
    const served = serveFrom(offers.curtailedKw[cell] as number, offers.exportableKw[cell] as number, tariff, grid, kw);
    add(sum, offers, cell, site, served, 1);
  }
  return sum;
}

function add(
  sum: Sum,
  offers: Offers,
  cell: number,
  site: number,
  { curtailedKw, exportableKw, gridKw }: Served,
  part: number,
  contested = 0,
): void {
  const hours = offers.slotHours * part;
  const tariff = offers.feedInTariff[site] as number;
  sum.surplusKwh += (curtailedKw + exportableKw) * hours;
  sum.energyKwh += (curtailedKw + exportableKw + gridKw) * hours;
  const importPrice = offers.importPrice[cell] as number;
  const lost = (curtailedKw + exportableKw) * importPrice - exportableKw * tariff; // to those who would have used it
  sum.energyCost += ((exportableKw * tariff + gridKw * importPrice) * hours) / 1_000;
  sum.surplusPremium += (contested * Math.max(0, lost) * hours) / 1_000;
  sum.carbonG += gridKw * hours * (offers.carbonIntensity[cell] as number);
}
