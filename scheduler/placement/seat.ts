/**
 * Seat: from a draft that prices made to a plan that keeps every capacity, at the true marginal cost of each run.
 *
 * Rounding: requests keep the draft's run while there is room, the largest first. Repair: the others take the cheapest
 * run that is left. Reinsertion: pass by pass each request is taken out and put back where it is cheapest for the whole
 * plan; the prices of scarce accelerators guide the first passes, the last ones see true costs only and so never make
 * the plan dearer. Capacity, windows and closed slots hold at every moment.
 */
import { transferOf } from './bound.ts';
import { addedCost, computingCost, marginalCost } from './cost.ts';
import { cheapestShares } from './elastic.ts';
import { emptyLoad, hold, type Load } from './load.ts';
import { type Assignment, type Market, type Prices, requestKinds } from './market.ts';
import { answeringOrder } from './order.ts';
import { noRates, writeRates } from './rates.ts';
import { type Answer, anySearch, cheapestRun, cheapestSlots, noAnswer } from './response.ts';

export interface Seating {
  readonly assignment: Assignment;
  readonly load: Load;
}

export function seat(market: Market, prices: Prices, draft: Assignment, guidance: readonly number[]): Seating {
  const { requests } = market;
  const load = emptyLoad(market);
  const assignment: Assignment = {
    option: new Int32Array(requests.count).fill(-1),
    start: draft.start.slice(),
    pattern: draft.pattern.slice(),
  };
  const homeless: number[] = [];
  const bySize = [...order(market, draft)];
  for (const request of bySize) {
    assignment.option[request] = draft.option[request] as number;
    if ((draft.option[request] as number) >= 0 && fits(market, load, assignment, request)) hold(load, market, assignment, request, 1);
    else {
      assignment.option[request] = -1;
      homeless.push(request);
    }
  }
  const insert = inserter(market, load, prices);
  for (const request of homeless) insert(assignment, request, 1);
  const turn = answeringOrder(requests.count);
  const transfer = transferOf(market);
  for (const weight of guidance)
    for (const request of turn) {
      const { option, start, pattern } = assignment;
      const was = { option: option[request] as number, start: start[request] as number, pattern: pattern[request] };
      hold(load, market, assignment, request, -1);
      const isGuess = weight === 0 && requests.kind[request] === requestKinds.elastic; // shares are priced one accelerator at a time
      const before = isGuess ? addedCost(load, market, transfer, request, was.option, was.start, was.pattern) : 0;
      const after = insert(assignment, request, weight);
      if (!isGuess || after <= before) continue;
      hold(load, market, assignment, request, -1);
      option[request] = was.option;
      start[request] = was.start;
      pattern[request] = was.pattern;
      hold(load, market, assignment, request, 1);
    }
  return { assignment, load };
}

function order({ requests }: Market, { option }: Assignment): Int32Array {
  const { options, firstOption } = requests;
  const size = (request: number) => {
    const at = (option[request] as number) < 0 ? (firstOption[request] as number) : (option[request] as number);
    return at < options.count ? (options.accelerators[at] as number) * (options.length[at] as number) : 0;
  };
  const sizes = Float64Array.from({ length: requests.count }, (_, request) => size(request));
  return Int32Array.from({ length: requests.count }, (_, i) => i).sort((a, b) => (sizes[b] as number) - (sizes[a] as number) || a - b);
}

function fits({ offers, requests }: Market, load: Load, { option, start, pattern }: Assignment, request: number): boolean {
  const at = option[request] as number;
  const { options } = requests;
  const shape = pattern[request];
  const length = shape?.length ?? (options.length[at] as number);
  const cell = (options.pool[at] as number) * offers.slots + (start[request] as number);
  for (let i = 0; i < length; i++)
    if (
      (load.accelerators[cell + i] as number) + (shape ? (shape[i] as number) : (options.accelerators[at] as number)) >
      (offers.capacity[cell + i] as number)
    )
      return false;
  return true;
}

/** Puts a request (that holds nothing now) where it is cheapest, or leaves it out; holds what it took. Returns what that cost. */
export function inserter(market: Market, load: Load, prices: Prices): (assignment: Assignment, request: number, weight: number) => number {
  const { offers, requests } = market;
  const { options } = requests;
  const { slots, slotHours, siteCount, poolSite, known, capacity, feedInTariff, ask } = offers;
  const transfer = transferOf(market);
  const price = new Float64Array(slots);
  const search = anySearch();
  const answer: Answer = noAnswer();
  const paid = noRates(market);
  writeRates(paid, market, load, prices);
  const isPaid = offers.importPrice.some((value) => value < 0); // then a run may cost less than its transfer
  const room = { pool: 0 };
  const free = (slot: number) => (capacity[room.pool * slots + slot] as number) - (load.accelerators[room.pool * slots + slot] as number);

  return (assignment, request, weight) => {
    const rank = load.rank[requests.weightClass[request] as number] as number;
    const kind = requests.kind[request] as number;
    const isElastic = kind === requestKinds.elastic;
    search.release = requests.release[request] as number;
    search.waitPrice = requests.waitPrice[request] as number;
    answer.cost = requests.unplacedCost[request] as number;
    answer.start = -1;
    answer.pattern = undefined;
    let taken = -1;
    for (let at = requests.firstOption[request] as number; at < (requests.firstOption[request + 1] as number); at++) {
      const pool = options.pool[at] as number;
      const site = poolSite[pool] as number;
      const needed = isElastic ? 1 : (options.accelerators[at] as number);
      const kw = needed * (options.kwPerAccelerator[at] as number);
      const asked = needed * (ask[pool] as number) * slotHours;
      const computing = computingCost(market, kw);
      const tariff = feedInTariff[site] as number;
      const energyRow = (rank * siteCount + site) * slots;
      search.from = options.earliest[at] as number;
      search.to = options.end[at] as number;
      search.length = options.length[at] as number;
      search.accelerators = options.accelerators[at] as number;
      search.fixed = transfer[at] as number;
      if (search.fixed >= answer.cost && !isPaid) continue;
      search.restartCost = options.restartCost[at] as number;
      search.breaksMax = options.breaksMax?.[at] ?? Number.POSITIVE_INFINITY;
      for (let slot = search.from; slot < search.to; slot++) {
        const cell = pool * slots + slot;
        const siteCell = site * slots + slot;
        price[slot] =
          known[siteCell] === 0 || (load.accelerators[cell] as number) + needed > (capacity[cell] as number)
            ? Number.POSITIVE_INFINITY
            : (1 - weight) * (marginalCost(load, offers, siteCell, tariff, rank, kw) + computing) +
              weight * (kw * (paid.energy[energyRow + slot] as number) + needed * (prices.accelerator[cell] as number)) +
              asked;
      }
      room.pool = pool;
      const isBetter = isElastic
        ? cheapestShares(price, search, options.accelerators[at] as number, options.speedExponent[at] as number, free, answer)
        : kind === requestKinds.interruptible
          ? cheapestSlots(price, search, answer)
          : cheapestRun(price, search, answer);
      if (isBetter) taken = at;
    }
    assignment.option[request] = taken;
    assignment.start[request] = answer.start;
    assignment.pattern[request] = answer.pattern;
    const cost = isElastic && weight === 0 ? addedCost(load, market, transfer, request, taken, answer.start, answer.pattern) : answer.cost;
    hold(load, market, assignment, request, 1);
    return cost;
  };
}
