/**
 * Quote: what one more job would cost at standing prices, and where; without planning anew.
 *
 * A job that comes between two cycles takes the prices as they are: what it pays for a scarce accelerator or a scarce
 * kWh is what the others lose by it. It looks only where there is room.
 */
import { type Auction, openAuction, pinPrices } from './auction.ts';
import { transferOf } from './bound.ts';
import type { Clearing } from './clear.ts';
import { cheapestShares } from './elastic.ts';
import type { Feasible } from './feasible.ts';
import { type Market, requestKinds } from './market.ts';
import { priceSlots, type Rates } from './rates.ts';
import { type Answer, anySearch, cheapestRun, cheapestSlots, noAnswer } from './response.ts';
import type { Supply } from './supply.ts';

/** What a cycle leaves behind for those who come after it. */
export interface Standing {
  readonly supply: Supply;
  readonly feasible: Feasible;
  readonly clearing: Clearing;
}

/** A run that nobody has yet. */
export interface SpotRun {
  /** Row of the option. */
  readonly option: number;
  readonly start: number;
  /** As `Assignment.pattern`. */
  readonly pattern: Uint16Array | undefined;
}

/** One option's best run at standing prices. */
export interface RunQuote extends SpotRun {
  /** Comparable cost at standing prices, accounting currency. */
  readonly cost: number;
}

/** Rates at standing prices, closed where nothing is free. */
export interface StandingRates {
  readonly auction: Auction;
  readonly rates: Rates;
  /** Pool × slot. */
  readonly free: Int32Array;
}

/** Prepares quotes on what a clearing left; O(pools × slots + sites × slots × classes). The market may ask anything of the same offers. */
export function standingRates(market: Market, { prices, load }: Pick<Clearing, 'prices' | 'load'>): StandingRates {
  const auction = openAuction(market, prices);
  pinPrices(auction);
  const free = Int32Array.from(market.offers.capacity, (all, cell) => Math.max(0, all - (load.accelerators[cell] ?? 0)));
  return { auction, rates: auction.rates, free };
}

const search = anySearch();
const answer: Answer = noAnswer();
let price = new Float64Array(96);

/**
 * The best run of each option of a request at standing prices, cheapest first; options without room are left out.
 *
 * O(options × horizon), microseconds.
 */
export function quotesFor(market: Market, standing: StandingRates, request: number, transfer = transferOf(market)): RunQuote[] {
  const { offers, requests } = market;
  const { options } = requests;
  const { slots, siteCount, poolSite } = offers;
  if (price.length < slots) price = new Float64Array(slots);
  const rank = standing.auction.load.rank[requests.weightClass[request] as number] as number;
  const kind = requests.kind[request];
  const quotes: RunQuote[] = [];
  search.release = requests.release[request] as number;
  for (let at = requests.firstOption[request] as number; at < (requests.firstOption[request + 1] as number); at++) {
    const pool = options.pool[at] as number;
    const held = options.accelerators[at] as number;
    const needed = kind === requestKinds.elastic ? 1 : held;
    const kw = options.kwPerAccelerator[at] as number;
    search.from = options.earliest[at] as number;
    search.to = options.end[at] as number;
    search.length = options.length[at] as number;
    search.accelerators = held;
    search.fixed = transfer[at] as number;
    search.waitPrice = requests.waitPrice[request] as number;
    search.restartCost = options.restartCost[at] as number;
    search.breaksMax = options.breaksMax?.[at] ?? Number.POSITIVE_INFINITY;
    priceSlots(price, standing.rates, pool * slots, (rank * siteCount + (poolSite[pool] as number)) * slots, kw, search.from, search.to);
    for (let slot = search.from; slot < search.to; slot++)
      price[slot] = (standing.free[pool * slots + slot] as number) < needed ? Number.POSITIVE_INFINITY : (price[slot] as number) * needed;
    answer.cost = Number.POSITIVE_INFINITY;
    answer.start = -1;
    if (kind === requestKinds.elastic)
      cheapestShares(
        price,
        search,
        held,
        options.speedExponent[at] as number,
        (slot) => standing.free[pool * slots + slot] as number,
        answer,
      );
    else if (kind === requestKinds.interruptible) cheapestSlots(price, search, answer);
    else cheapestRun(price, search, answer);
    if (answer.start >= 0) quotes.push({ option: at, start: answer.start, pattern: answer.pattern, cost: answer.cost });
  }
  return quotes.sort((a, b) => a.cost - b.cost || a.option - b.option);
}
