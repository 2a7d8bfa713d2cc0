/**
 * Clearing price: the providers' side of a clearing, what each site earns for what it gave and what it cost it.
 *
 * A provider is a site with all its pools. Its clearing price in a slot is the ask plus the dual price of its
 * accelerators, never below the ask. Its surplus is paid by each run what the others lose by that run: grid energy's price
 * for what they would have used, the opportunity price for the rest (the pivot of Clarke 1971, within the slot). Grid
 * energy is passed on at cost and is nobody's earning. Beside it stands the pivot payment of a whole site, which takes
 * away the reason to shade an ask. What runs agree to is `agreed-price.ts`'; when they pay it, the ledger's.
 */
import { beliefOf } from './belief.ts';
import { type Clearing, clear, type Effort } from './clear.ts';
import { servedTo } from './cost.ts';
import { type Load, loadOf } from './load.ts';
import type { Market, Offers, Prices } from './market.ts';

/** What an accelerator of the pool is paid for the slot, accounting currency per accelerator-slot, at least the ask. */
export function clearingPrice({ offers }: Market, { accelerator }: Prices, pool: number, slot: number): number {
  return (offers.ask[pool] as number) * offers.slotHours + Math.max(0, accelerator[pool * offers.slots + slot] as number);
}

/** What providers earn under a clearing and what it costs them; accounting currency, ≥ 0 where asks and tariffs are. */
export interface Earnings {
  /** By pool: accelerators held × their clearing price, and what was asked for them. */
  readonly accelerators: Float64Array;
  readonly asked: Float64Array;
  /** By site: what its surplus is paid, and what it would have earned elsewhere. */
  readonly surplus: Float64Array;
  readonly opportunity: Float64Array;
  /** By site, its pools together: everything it is paid, and everything it says it gave up for it. */
  readonly paid: Float64Array;
  readonly ownCost: Float64Array;
}

/**
 * Earnings of every pool and site; O(requests' slots × classes + (pools + sites × classes) × slots).
 *
 * Surplus that others would have used is paid what grid energy costs, the rest what it could be sold for.
 */
export function providerEarnings(market: Market, { assignment, prices }: Pick<Clearing, 'assignment' | 'prices'>): Earnings {
  const { offers } = market;
  const { slots, slotHours, poolCount, poolSite, ask } = offers;
  const load = loadOf(market, assignment);
  const [accelerators, asked] = [new Float64Array(poolCount), new Float64Array(poolCount)];
  for (let pool = 0; pool < poolCount; pool++) {
    let earned = 0;
    let hours = 0;
    for (let slot = 0; slot < slots; slot++) {
      const held = load.accelerators[pool * slots + slot] as number;
      earned += held * clearingPrice(market, prices, pool, slot);
      hours += held * slotHours;
    }
    accelerators[pool] = earned;
    asked[pool] = hours * (ask[pool] as number);
  }
  const opportunity = opportunityOf(offers, load);
  const surplus = opportunity.slice();
  for (const [request, option] of assignment.option.entries()) {
    if (option < 0) continue;
    const site = poolSite[market.requests.options.pool[option] as number] as number;
    (surplus[site] as number) += beliefOf(market, load, assignment, request).surplusPremium;
  }
  const [paid, ownCost] = [surplus.slice(), opportunity.slice()];
  for (const [pool, site] of poolSite.entries()) {
    (paid[site] as number) += accelerators[pool] as number;
    (ownCost[site] as number) += asked[pool] as number;
  }
  return { accelerators, asked, surplus, opportunity, paid, ownCost };
}

/** By site: what the surplus that is used could have been sold for, accounting currency. */
function opportunityOf(offers: Offers, load: Load): Float64Array {
  const { slots, slotHours, siteCount, feedInTariff } = offers;
  const opportunity = new Float64Array(siteCount);
  for (let site = 0; site < siteCount; site++) {
    const tariff = feedInTariff[site] as number;
    let exportableKwh = 0;
    for (let cell = site * slots; cell < (site + 1) * slots; cell++)
      for (let rank = 0; rank < load.classes; rank++) exportableKwh += servedTo(load, offers, cell, tariff, rank).exportableKw * slotHours;
    opportunity[site] = (exportableKwh * tariff) / 1_000;
  }
  return opportunity;
}

/** The market as if a site had stayed away: closed, without accelerators, surplus or ask; O(pools × slots). */
export function withoutSite({ offers, requests }: Market, site: number): Market {
  const { slots, poolSite } = offers;
  const cleared = (values: Float64Array) => values.slice().fill(0, site * slots, (site + 1) * slots);
  return {
    offers: {
      ...offers,
      curtailedKw: cleared(offers.curtailedKw),
      exportableKw: cleared(offers.exportableKw),
      known: offers.known.slice().fill(0, site * slots, (site + 1) * slots),
      capacity: offers.capacity.map((free, cell) => (poolSite[Math.floor(cell / slots)] === site ? 0 : free)),
      ask: offers.ask.map((asked, pool) => (poolSite[pool] === site ? 0 : asked)),
    },
    requests,
  };
}

/**
 * What the market pays a site for being there (Clarke 1971, as in Vickrey's and Groves' auctions): cost of the market
 * without it − cost with it + what it says its part cost it. Accounting currency; may be less than that part where the
 * search found a worse plan with the site than without.
 *
 * Its profit is then cost without it − what the plan truly costs: asking anything but the truth gains it at most what
 * the plan at the truth was above the bound, `cost.total − bound`. That is said of one site alone, not of a ring, and
 * the payments of all sites may be more than the clearing prices bring in. One more clearing each.
 *
 * @param costWithout  what the market costs without the site, if known; cleared at `effort` otherwise
 */
export function pivotPayment(
  market: Market,
  clearing: Pick<Clearing, 'assignment' | 'prices' | 'cost'>,
  site: number,
  {
    effort = 'quick',
    costWithout = clear(withoutSite(market, site), { effort }).cost.total,
  }: { readonly effort?: Effort; readonly costWithout?: number } = {},
): number {
  return costWithout - clearing.cost.total + (providerEarnings(market, clearing).ownCost[site] as number);
}
