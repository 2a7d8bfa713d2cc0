/**
 * Market: a day's work against a day's accelerators, at one price: merit order against demand.
 *
 * A stated simplification of the planner's market: work is divisible, may run anywhere and at any hour of its day, and pays one
 * price. The planner itself clears slots, sites, deadlines and carbon; a year of it for hundreds of providers takes hours.
 */
import { type RandomStream, randomStream } from '../kernel/random.ts';
import type { Tier } from './offer.ts';
import type { EconomyScenario } from './scenario.ts';

/** Work that is brought, all or in part, if the price is right. */
export interface Bid {
  readonly id: string;
  /** Most that is paid for an accelerator-hour, EUR. */
  readonly reservation: number;
  /** Accelerator-hours. */
  readonly hours: number;
}

/** Per provider of the first day. */
const jobsPerProvider = 0.5;
/** What everyone is ready to pay, as a part of the reference price. */
const lowestReservation = 0.3;
const weekendFactor = 0.75;
const DAYS_OF_WEEK = 7;

/**
 * The work of a day (from 0): reservation prices of a Pareto tail, so that volume answers the price with one elasticity.
 *
 * Volume at a price p above the lowest reservation is `demandShare` × accelerators × 24 × (p ÷ referencePrice)^−elasticity on a
 * weekday, on average; the last two of each seven days bring less. Sizes are log-normal.
 */
export function drawBids(scenario: EconomyScenario, seed: number, day: number, accelerators: number, demandFactor: number): readonly Bid[] {
  const { demandElasticity, demandShare, referencePrice, providers } = scenario;
  const draw: RandomStream = randomStream(seed, `economy/work/${day}`);
  const lowest = lowestReservation * referencePrice;
  const atReference = demandShare * accelerators * 24 * (day % DAYS_OF_WEEK >= 5 ? weekendFactor : 1) * demandFactor;
  const count = Math.max(1, Math.round(jobsPerProvider * providers));
  const mean = (atReference * (referencePrice / lowest) ** demandElasticity) / count;
  const spread = 0.8;
  return Array.from({ length: count }, (_, index) => {
    const reservation = Math.min(1e6, lowest * (1 - draw.uniform()) ** (-1 / demandElasticity));
    const hours = mean * Math.exp(spread * draw.normal() - spread ** 2 / 2);
    return { id: `d${day + 1}-${index + 1}`, reservation: Math.round(reservation * 1e6) / 1e6, hours: Math.round(hours * 1e4) / 1e4 };
  });
}

export interface Cleared {
  /** SUN per accelerator-hour: the dearest ask that sells, or the highest bid that goes without, if that is more. */
  readonly price: number;
  /** Accelerator-hours each seller sells. */
  readonly soldBy: ReadonlyMap<number, number>;
  /** Accelerator-hours each bid gets, in order of the bids. */
  readonly gotBy: readonly number[];
  readonly hours: number;
}

/**
 * The uniform price at which supply meets demand. Bids are in EUR; a SUN is worth `tokenPrice`.
 *
 * Nobody pays more than its reservation, nobody sells below its ask, and no trade that both sides would like is left out.
 * O(n log n) in bids and tiers; ties go to the earlier.
 */
export function clearDay(bids: readonly Bid[], tiers: readonly Tier[], tokenPrice: number): Cleared {
  const buyers = bids.map((bid, index) => ({ index, price: bid.reservation / tokenPrice, left: bid.hours }));
  buyers.sort((a, b) => b.price - a.price || a.index - b.index);
  const sellers = tiers.map((tier, index) => ({ index, seller: tier.seller, price: tier.price, left: tier.hours }));
  sellers.sort((a, b) => a.price - b.price || a.index - b.index);
  const soldBy = new Map<number, number>();
  const gotBy = new Array<number>(bids.length).fill(0);
  let [buyer, seller, hours, dearest] = [0, 0, 0, 0];
  for (;;) {
    const [bid, ask] = [buyers[buyer], sellers[seller]];
    if (!bid || !ask || bid.price < ask.price) break;
    const traded = Math.min(bid.left, ask.left);
    soldBy.set(ask.seller, (soldBy.get(ask.seller) ?? 0) + traded);
    gotBy[bid.index] = (gotBy[bid.index] as number) + traded;
    bid.left -= traded;
    ask.left -= traded;
    hours += traded;
    if (traded > 0) dearest = ask.price;
    if (bid.left <= 0) buyer++;
    if (ask.left <= 0) seller++;
  }
  const unserved = buyers[buyer]?.price ?? 0; // at most what every served bid pays
  return { price: hours > 0 ? Math.max(dearest, unserved) : 0, soldBy, gotBy, hours };
}
