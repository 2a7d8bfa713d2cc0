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
  /** By option, what each costs before the transfer at these prices; Infinity where it cannot run. */
  costsAt(prices: Prices): Float64Array;
  /** By option, how much more it costs than the request's cheapest at the prices of the last bound, or less than that; ≥ 0. */
  readonly regret: Float64Array;
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
  const regret = new Float64Array(options.count);
  const cheapest = new Int32Array(requests.count).fill(-1);
  const size = new Int32Array(twins.first.length);
  for (const group of twins.group) size[group] = (size[group] as number) + 1;

  /** What each option of a request costs before the transfer; with `isBrief`, where one is sure to be dearer than another, a bound of it. */
  function answerGroup(request: number, isBrief: boolean): void {
    const rank = base.rank[requests.weightClass[request] as number] as number;
    const kind = requests.kind[request];
    const first = requests.firstOption[request] as number;
    const end = requests.firstOption[request + 1] as number;
    search.release = requests.release[request] as number;
    let least = Number.POSITIVE_INFINITY;
    const before = cheapest[request] as number;
    for (let next = before < 0 ? first : first - 1; next < end; next++) {
      if (next === before) continue;
      const at = next < first ? before : next; // the cheapest so far comes first: what costs more is soon seen
      const pool = options.pool[at] as number;
      const held = options.accelerators[at] as number;
      const isElastic = kind === requestKinds.elastic;
      const waiting = isElastic ? 0 : (requests.waitPrice[request] as number) / held;
      search.from = options.earliest[at] as number;
      search.to = options.end[at] as number;
      search.length = options.length[at] as number;
      const below = priceSlots(
        price,
        rates,
        pool * slots,
        (rank * siteCount + (poolSite[pool] as number)) * slots,
        options.kwPerAccelerator[at] as number,
        search.from,
        search.to,
        search.level,
        waiting / search.length,
        search.release,
      );
      if (isElastic) {
        optionCost[at] = elasticBound(price, search, requests.waitPrice[request] as number, held, options.speedExponent[at] as number);
        continue;
      }
      search.fixed = -(waiting * (search.length - 1)) / 2; // waiting is in what each slot costs
      const floor = (search.fixed + search.length * search.level + below) * held;
      if (isBrief && floor + (transfer[at] as number) >= least) {
        optionCost[at] = Math.max(floor, (search.fixed + search.length * cheapestOf(price, search.from, search.to)) * held);
        continue;
      }
      answer.cost = Number.POSITIVE_INFINITY;
      search.restartCost = (options.restartCost[at] as number) / held;
      if (kind === requestKinds.interruptible && options.breaksMax?.[at] !== 0) cheapestSlots(price, search, answer);
      else cheapestRun(price, search, answer);
      optionCost[at] = answer.cost * held;
      if (answer.cost * held + (transfer[at] as number) >= least) continue;
      least = answer.cost * held + (transfer[at] as number);
      cheapest[request] = at;
    }
  }

  return {
    regret,
    costsAt(prices) {
      writeRates(rates, market, base, prices);
      for (const request of twins.first) answerGroup(request, false);
      return optionCost;
    },
    at(prices) {
      writeRates(rates, market, base, prices);
      for (let group = 0; group < twins.first.length; group++) answerGroup(twins.first[group] as number, size[group] === 1);
      let value = -earnings(market, prices);
      for (let request = 0; request < requests.count; request++) {
        const alike = requests.firstOption[twins.first[twins.group[request] as number] as number] as number;
        const first = requests.firstOption[request] as number;
        const end = requests.firstOption[request + 1] as number;
        let least = Number.POSITIVE_INFINITY;
        for (let at = first; at < end; at++) {
          const cost = (optionCost[alike + at - first] as number) + (transfer[at] as number);
          regret[at] = cost;
          if (cost < least) least = cost;
        }
        for (let at = first; at < end; at++) regret[at] = least === Number.POSITIVE_INFINITY ? 0 : (regret[at] as number) - least;
        value += Math.min(least, requests.unplacedCost[request] as number);
      }
      return value;
    },
  };
}

function cheapestOf(price: Float64Array, from: number, to: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let slot = from; slot < to; slot++) if ((price[slot] as number) < least) least = price[slot] as number;
  return least;
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
