/**
 * Bound: what no plan can be cheaper than, whatever the prices; the certificate behind every gap.
 *
 * Lagrangian duality: let requests pay prices for what is scarce instead of sharing it, give each its cheapest run, and
 * take back what the scarce things would have earned. The sum is at most the cost of the best plan, whoever made the
 * prices (docs/planner.md derives it). Requests that are alike are answered once.
 */
import { elasticBound } from './elastic.ts';
import { emptyLoad } from './load.ts';
import { type Market, type Prices, requestKinds } from './market.ts';
import { noRates, priceSlots, writeRates } from './rates.ts';
import { type Answer, anySearch, cheapestRun, cheapestSlots, noAnswer } from './response.ts';
import { type Twins, twinsOf } from './twins.ts';

/** Evaluates the dual of one market again and again; keeps what does not depend on prices. */
export interface Bound {
  /** A lower bound on the comparable cost of every plan, accounting currency. */
  at(prices: Prices): number;
  /** By option, what each costs before the transfer at the prices last asked of; Infinity where it cannot run. */
  readonly optionCost: Float64Array;
}

/** Prepares the dual of a market; each evaluation is O(alike requests × options × horizon), selections for the interruptible. */
export function createBound(market: Market, twins: Twins = twinsOf(market)): Bound {
  const { offers, requests } = market;
  const { options } = requests;
  const { slots, siteCount, poolSite } = offers;
  const base = emptyLoad(market);
  const rates = noRates(market);
  const price = new Float64Array(slots);
  const optionCost = new Float64Array(options.count);
  const transfer = transferOf(market);
  const search = anySearch();
  const answer: Answer = noAnswer();

  function answerGroup(request: number): void {
    const rank = base.rank[requests.weightClass[request] as number] as number;
    search.release = requests.release[request] as number;
    for (let at = requests.firstOption[request] as number; at < (requests.firstOption[request + 1] as number); at++) {
      const pool = options.pool[at] as number;
      const held = options.accelerators[at] as number;
      search.from = options.earliest[at] as number;
      search.to = options.end[at] as number;
      search.length = options.length[at] as number;
      priceSlots(
        price,
        rates,
        pool * slots,
        (rank * siteCount + (poolSite[pool] as number)) * slots,
        options.kwPerAccelerator[at] as number,
        search.from,
        search.to,
      );
      answer.cost = Number.POSITIVE_INFINITY;
      if (requests.kind[request] === requestKinds.elastic) {
        optionCost[at] = elasticBound(price, search, requests.waitPrice[request] as number, held, options.speedExponent[at] as number);
        continue;
      }
      search.waitPrice = (requests.waitPrice[request] as number) / held;
      search.restartCost = (options.restartCost[at] as number) / held;
      if (requests.kind[request] === requestKinds.interruptible && options.breaksMax?.[at] !== 0) cheapestSlots(price, search, answer);
      else cheapestRun(price, search, answer);
      optionCost[at] = answer.cost * held;
    }
  }

  return {
    optionCost,
    at(prices) {
      writeRates(rates, market, base, prices);
      for (const request of twins.first) answerGroup(request);
      let value = -earnings(market, prices);
      for (let request = 0; request < requests.count; request++) {
        const alike = requests.firstOption[twins.first[twins.group[request] as number] as number] as number;
        const first = requests.firstOption[request] as number;
        const size = (requests.firstOption[request + 1] as number) - first;
        let least = requests.unplacedCost[request] as number;
        for (let i = 0; i < size; i++) {
          const cost = (optionCost[alike + i] as number) + (transfer[first + i] as number);
          if (cost < least) least = cost;
        }
        value += least;
      }
      return value;
    },
  };
}

/** By option: what moving its data costs, its carbon included, accounting currency. */
export function transferOf({ requests }: Market): Float64Array {
  const { count, firstOption, options, weightClass, carbonPricePerKg } = requests;
  const cost = new Float64Array(options.count);
  for (let request = 0; request < count; request++) {
    const carbonPrice = carbonPricePerKg[weightClass[request] as number] as number;
    for (let at = firstOption[request] as number; at < (firstOption[request + 1] as number); at++)
      cost[at] = (options.transferCost[at] as number) + ((options.transferG[at] as number) / 1_000) * carbonPrice;
  }
  return cost;
}

/** What all that is scarce would earn if it were sold out at these prices, above its opportunity price; accounting currency ≥ 0. */
function earnings({ offers }: Market, { accelerator, surplus }: Prices): number {
  const { slots, slotHours, siteCount, poolCount, poolSite, known, capacity, curtailedKw, exportableKw, feedInTariff } = offers;
  let accelerators = 0;
  for (let pool = 0; pool < poolCount; pool++)
    for (let slot = 0; slot < slots; slot++)
      if (known[(poolSite[pool] as number) * slots + slot] === 1)
        accelerators += (accelerator[pool * slots + slot] as number) * (capacity[pool * slots + slot] as number);
  let energy = 0;
  for (let site = 0; site < siteCount; site++) {
    const tariff = feedInTariff[site] as number;
    for (let cell = site * slots; cell < (site + 1) * slots; cell++) {
      const price = surplus[cell] as number;
      energy += price * (curtailedKw[cell] as number) + (price > tariff ? (price - tariff) * (exportableKw[cell] as number) : 0);
    }
  }
  return accelerators + (energy * slotHours) / 1_000;
}
