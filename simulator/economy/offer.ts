/**
 * Offer: what a provider can do on a day, in the order in which it is cheapest: on curtailed sun, on sun that could be sold, from
 * the grid; and what it must be paid for each.
 *
 * An accelerator that runs in an hour of surplus draws the surplus; what it draws beyond comes from the grid at the day's
 * mean price of the hours that are left. Providers name their true costs (decision 15 says how little they gain otherwise).
 */
import { curtailedPart } from '../../energy-oracle/outlook.ts';
import type { ZoneClimate } from './climate.ts';
import type { Provider } from './population.ts';

/** Accelerator-hours of a day by what feeds them. */
export interface Capacity {
  readonly curtailedHours: number;
  readonly exportableHours: number;
  readonly gridHours: number;
  /** Of the grid hours, EUR/MWh, fees included. */
  readonly importPrice: number;
}

/** What a provider can do on the day (from 0), and what energy from the grid costs it when the market is `energyFactor` times as dear. */
export function capacityOf(provider: Provider, { pvPerKwp, price }: ZoneClimate, day: number, energyFactor: number): Capacity {
  const { peakKw, loadKw, accelerators, kwEach, importMarkup, site } = provider;
  const mostKw = accelerators * kwEach;
  let [curtailed, exportable, gridHours, gridMoney] = [0, 0, 0, 0];
  for (let hour = day * 24; hour < (day + 1) * 24; hour++) {
    const surplusKw = Math.max(0, peakKw * (pvPerKwp[hour] as number) - loadKw);
    const importPrice = (price[hour] as number) * energyFactor + importMarkup;
    const ofCurtailed = Math.min(mostKw, curtailedPart(site, surplusKw, importPrice));
    const ofExportable = Math.min(mostKw, surplusKw) - ofCurtailed;
    curtailed += ofCurtailed;
    exportable += ofExportable;
    const rest = (mostKw - ofCurtailed - ofExportable) / kwEach;
    gridHours += rest;
    gridMoney += rest * importPrice;
  }
  const importPrice = gridHours > 0 ? gridMoney / gridHours : price.slice(day * 24, (day + 1) * 24).reduce((a, b) => a + b, 0) / 24;
  return { curtailedHours: curtailed / kwEach, exportableHours: exportable / kwEach, gridHours, importPrice };
}

/** Accelerator-hours of one provider at one price. */
export interface Tier {
  /** Index of the provider among those asked. */
  readonly seller: number;
  /** What an owner pays for an accelerator-hour, everything in it, SUN. */
  readonly price: number;
  readonly hours: number;
}

/** What the offers of a day are made under. */
export interface OfferTerms {
  /** SUN per kWh of computing, and the protocol's part of it. */
  readonly computing: number;
  readonly takeShare: number;
  /** What a SUN is worth, EUR. */
  readonly tokenPrice: number;
}

/**
 * The tiers of a provider, cheapest first; none without hours.
 *
 * The scheduler charges energy at its price in SUN whatever a SUN is worth, and computing by its tariff. What a provider
 * asks on top makes up for its reserve, and for what a weak token takes from it; never below 0.
 */
export function tiersOf(
  provider: Provider,
  capacity: Capacity,
  seller: number,
  { computing, takeShare, tokenPrice }: OfferTerms,
): readonly Tier[] {
  const { kwEach, reservePerHour, site } = provider;
  const { curtailedHours, exportableHours, gridHours, importPrice } = capacity;
  const computed = computing * kwEach;
  const priceAt = (perMwh: number): number => {
    const energy = (perMwh * kwEach) / 1_000;
    const ask = (reservePerHour + energy) / tokenPrice - energy - computed * (1 - takeShare);
    return energy + computed + Math.max(0, ask);
  };
  const sold = Math.max(0, site.feedInTariff);
  const fromGrid = exportableHours > 0 ? Math.max(importPrice, sold) : importPrice; // the meter gives sun before grid, whatever is dearer
  return [
    { seller, price: priceAt(0), hours: curtailedHours },
    { seller, price: priceAt(sold), hours: exportableHours },
    { seller, price: priceAt(fromGrid), hours: gridHours },
  ].filter(({ hours }) => hours > 0);
}
