/**
 * Clearing price: the providers' side of a clearing, what each site earns for what it gave and what it cost it.
 *
 * A provider is a site with all its pools. Its clearing price in a slot is the ask plus the dual price of its
 * accelerators, never below the ask; its surplus is sold at the surplus price, never below its opportunity price. Grid
 * energy is passed on at cost and is nobody's earning. Beside it stands the pivot payment, which takes away the reason
 * to shade an ask. What runs agree to pay of this is `agreed-price.ts`'; when they pay it, the ledger's.
 */
import { type Clearing, clear, type Effort } from './clear.ts';
import { servedTo } from './cost.ts';
import { type Load, loadOf } from './load.ts';
import type { Market, Offers, Prices } from './market.ts';

/** What an accelerator of the pool is paid for the slot, accounting currency per accelerator-slot, at least the ask. */
export function clearingPrice({ offers }: Market, { accelerator }: Prices, pool: number, slot: number): number {
  return (offers.ask[pool] as number) * offers.slotHours + Math.max(0, accelerator[pool * offers.slots + slot] as number);
}

/**
 * What a MWh of surplus is sold for in a cell, accounting currency ≥ 0: what one more would be worth to this plan. O(classes).
 *
 * Where a tier is left over that is what could be had for it elsewhere; where all is used, what it saves whoever needs it
 * most of those on grid energy; where it just suffices, anything between is right, and the dual price decides.
 */
export function surplusPrice(offers: Offers, load: Load, { surplus }: Prices, cell: number): number {
  const tariff = offers.feedInTariff[Math.floor(cell / offers.slots)] as number;
  let curtailed = offers.curtailedKw[cell] as number;
  let exportable = offers.exportableKw[cell] as number;
  const least = exportable > 0 ? tariff : 0;
  let saved: number | undefined; // grid energy of the neediest who draws some
  let most = Number.POSITIVE_INFINITY; // grid energy of the least needy who has surplus
  for (let rank = 0; rank < load.classes; rank++) {
    const grid = load.gridPrice[cell * load.classes + rank] as number;
    const served = servedTo(load, offers, cell, tariff, rank);
    curtailed -= served.curtailedKw;
    exportable -= served.exportableKw;
    if (served.gridKw > roundingKw) saved ??= grid;
    else if (served.curtailedKw + served.exportableKw > roundingKw) most = grid;
  }
  if (curtailed > roundingKw) return 0;
  if (exportable > roundingKw) return tariff;
  return Math.max(least, saved ?? Math.min(most, surplus[cell] as number));
}

/** Less is a rounding error. */
const roundingKw = 1e-9;

/**
 * What a run of that rank pays for a MWh of surplus in a cell: the price it is sold for, but no more than grid energy and
 * its carbon are worth to that run. Accounting currency ≥ 0; O(classes).
 */
export const ownSurplusPrice = (offers: Offers, load: Load, prices: Prices, cell: number, rank: number): number =>
  Math.max(0, Math.min(surplusPrice(offers, load, prices, cell), load.gridPrice[cell * load.classes + rank] as number));

/** What providers earn under a clearing and what it costs them; accounting currency, ≥ 0 where asks and tariffs are. */
export interface Earnings {
  /** By pool: accelerators held × their clearing price, and what was asked for them. */
  readonly accelerators: Float64Array;
  readonly asked: Float64Array;
  /** By site: surplus used × its price, and what it would have earned elsewhere. */
  readonly surplus: Float64Array;
  readonly opportunity: Float64Array;
  /** By site, its pools together: everything it is paid, and everything it says it gave up for it. */
  readonly paid: Float64Array;
  readonly ownCost: Float64Array;
}

/**
 * Earnings of every pool and site; O(requests' slots + (pools + sites × classes) × slots).
 *
 * Curtailed surplus is paid the surplus price, exportable surplus that or the feed-in tariff, whichever is more.
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
  const { surplus, opportunity } = surplusEarnings(offers, load, prices);
  const [paid, ownCost] = [surplus.slice(), opportunity.slice()];
  for (const [pool, site] of poolSite.entries()) {
    (paid[site] as number) += accelerators[pool] as number;
    (ownCost[site] as number) += asked[pool] as number;
  }
  return { accelerators, asked, surplus, opportunity, paid, ownCost };
}

function surplusEarnings(offers: Offers, load: Load, prices: Prices): Pick<Earnings, 'surplus' | 'opportunity'> {
  const { slots, slotHours, siteCount, feedInTariff } = offers;
  const [surplus, opportunity] = [new Float64Array(siteCount), new Float64Array(siteCount)];
  for (let site = 0; site < siteCount; site++) {
    const tariff = feedInTariff[site] as number;
    let earned = 0;
    let exportableKwh = 0;
    for (let cell = site * slots; cell < (site + 1) * slots; cell++) {
      const price = surplusPrice(offers, load, prices, cell);
      for (let rank = 0; rank < load.classes; rank++) {
        const { curtailedKw, exportableKw } = servedTo(load, offers, cell, tariff, rank);
        earned += ((curtailedKw * price + exportableKw * Math.max(tariff, price)) * slotHours) / 1_000;
        exportableKwh += exportableKw * slotHours;
      }
    }
    surplus[site] = earned;
    opportunity[site] = (exportableKwh * tariff) / 1_000;
  }
  return { surplus, opportunity };
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
