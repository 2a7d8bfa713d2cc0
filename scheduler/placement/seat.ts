/**
 * Seat: from a draft that prices made to a plan that keeps every capacity, at the true marginal cost of each run.
 *
 * Settling: requests look again while capacity is soft and prices lean more and more, so that what is over capacity
 * gives way. Rounding: requests keep their run while there is room, the largest first. Repair: the others take the
 * cheapest run that is left. Reinsertion: pass by pass each request is taken out and put back where it is cheapest for
 * the whole plan; the prices of scarce accelerators guide the first passes, the last ones see true costs only and so
 * never make the plan dearer. From the rounding on capacity, windows and closed slots hold at every moment.
 */
import { leansOf } from './auction.ts';
import { transferOf } from './bound.ts';
import { addedCost, computingCost } from './cost.ts';
import { cheapestShares } from './elastic.ts';
import { emptyLoad, hold, type Load, loadOf } from './load.ts';
import { forget, type Marginals, marginalsOf, noMarginals } from './marginals.ts';
import { type Assignment, type Market, type Prices, requestKinds } from './market.ts';
import { answeringOrder } from './order.ts';
import { noRates, writeRates } from './rates.ts';
import { type Answer, anySearch, cheapestRun, cheapestSlots, noAnswer } from './response.ts';

export interface Seating {
  readonly assignment: Assignment;
  readonly load: Load;
}

/** An option is near the best when it costs no more beyond it than this part of typical slots. */
const nearPart = 0.05;

/** One round over all requests in which capacity may still be broken. */
export interface Settling {
  /** What prices count in the cost of energy; the rest is what a run truly adds. */
  readonly weight: number;
  /** How many times more than in an auction a price leans on load. */
  readonly steepness: number;
}

export interface SeatOptions {
  /** Rounds before the rounding. */
  readonly settling?: readonly Settling[];
  /** By option, how much more it costs than the request's cheapest at the prices; every option counts when absent. */
  readonly regret?: Float64Array | undefined;
}

/** @param guidance  by round of reinsertion: what prices count in it */
export function seat(
  market: Market,
  prices: Prices,
  draft: Assignment,
  guidance: readonly number[],
  { settling = [], regret }: SeatOptions = {},
): Seating {
  const { requests } = market;
  const turn = answeringOrder(requests.count);
  const settled = settling.length === 0 ? draft : settle(market, prices, draft, settling, turn, regret);
  const load = emptyLoad(market);
  const seats = seatsOf(market, load, prices, regret);
  const assignment: Assignment = {
    option: new Int32Array(requests.count).fill(-1),
    start: settled.start.slice(),
    pattern: settled.pattern.slice(),
  };
  const homeless: number[] = [];
  for (const request of order(market, settled)) {
    assignment.option[request] = settled.option[request] as number;
    if ((settled.option[request] as number) >= 0 && fits(market, load, assignment, request)) seats.hold(assignment, request, 1);
    else {
      assignment.option[request] = -1;
      homeless.push(request);
    }
  }
  for (const request of homeless) seats.insert(assignment, request, 1);
  const transfer = transferOf(market);
  for (const weight of guidance)
    for (const request of turn) {
      const { option, start, pattern } = assignment;
      const was = { option: option[request] as number, start: start[request] as number, pattern: pattern[request] };
      seats.hold(assignment, request, -1);
      const isGuess = weight === 0 && requests.kind[request] === requestKinds.elastic; // shares are priced one accelerator at a time
      const before = isGuess ? addedCost(load, market, transfer, request, was.option, was.start, was.pattern) : 0;
      const after = seats.insert(assignment, request, weight);
      if (!isGuess || after <= before) continue;
      seats.hold(assignment, request, -1);
      option[request] = was.option;
      start[request] = was.start;
      pattern[request] = was.pattern;
      seats.hold(assignment, request, 1);
    }
  return { assignment, load };
}

/** Shares are priced one accelerator at a time, which is too cheap where prices are steeper than this: elastic requests stay as they are. */
const elasticSteepnessMax = 2;

/** The draft after some rounds in which what is over capacity gives way. */
function settle(
  market: Market,
  prices: Prices,
  draft: Assignment,
  settling: readonly Settling[],
  turn: Int32Array,
  regret: Float64Array | undefined,
): Assignment {
  const settled: Assignment = { option: draft.option.slice(), start: draft.start.slice(), pattern: draft.pattern.slice() };
  const seats = seatsOf(market, loadOf(market, settled), prices, regret);
  for (const { weight, steepness } of settling)
    for (const request of turn) {
      if (market.requests.kind[request] === requestKinds.elastic && steepness > elasticSteepnessMax) continue;
      seats.hold(settled, request, -1);
      seats.insert(settled, request, weight, steepness);
    }
  return settled;
}

/** Who has one time alone to run first, then the largest first: a wide gang at its last chance finds no gap that others left. */
function order({ requests }: Market, { option }: Assignment): Int32Array {
  const { options, firstOption } = requests;
  const hasChoice = Uint8Array.from({ length: requests.count }, (_, request) => {
    for (let at = firstOption[request] as number; at < (firstOption[request + 1] as number); at++)
      if ((options.end[at] as number) - (options.earliest[at] as number) > (options.length[at] as number)) return 1;
    return 0;
  });
  const size = (request: number) => {
    const at = (option[request] as number) < 0 ? (firstOption[request] as number) : (option[request] as number);
    return at < options.count ? (options.accelerators[at] as number) * (options.length[at] as number) : 0;
  };
  const sizes = Float64Array.from({ length: requests.count }, (_, request) => size(request));
  return Int32Array.from({ length: requests.count }, (_, i) => i).sort(
    (a, b) => (hasChoice[a] as number) - (hasChoice[b] as number) || (sizes[b] as number) - (sizes[a] as number) || a - b,
  );
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

/** Who sits where, changed one request at a time. */
export interface Seats {
  /** Holds what the assignment says so many times, 1 or −1; O(slots held). */
  hold(assignment: Assignment, request: number, times: number): void;
  /**
   * Puts a request (that holds nothing now) where it is cheapest, or leaves it out; holds what it took. Returns what that cost.
   *
   * @param weight  of the prices in what a run costs; the rest is what it truly adds
   * @param steepness  capacity may be broken at prices that lean so many times more than an auction's; not at all when Infinity
   */
  insert(assignment: Assignment, request: number, weight: number, steepness?: number): number;
}

export function seatsOf(market: Market, load: Load, prices: Prices, regret?: Float64Array): Seats {
  const { offers, requests } = market;
  const { options, kind } = requests;
  const { slots, slotHours, siteCount, poolSite, known, capacity, ask } = offers;
  const transfer = transferOf(market);
  const price = new Float64Array(slots);
  const search = anySearch();
  const answer: Answer = noAnswer();
  const paid = noRates(market);
  writeRates(paid, market, load, prices);
  const { accelerator: leans, typical } = leansOf(market, load);
  const near = nearPart * typical;
  const needs = new Int32Array(options.count);
  const draws = new Float64Array(options.count);
  for (let request = 0; request < requests.count; request++)
    for (let at = requests.firstOption[request] as number; at < (requests.firstOption[request + 1] as number); at++) {
      needs[at] = kind[request] === requestKinds.elastic ? 1 : (options.accelerators[at] as number);
      draws[at] = (needs[at] as number) * (options.kwPerAccelerator[at] as number);
    }
  const marginals = noMarginals(market, load, draws);
  let nobodyElse: Marginals | undefined;
  /** By option, what its cheapest run would add if nobody else held anything: no load makes it cheaper. NaN where nobody asked. */
  const alone = new Float64Array(options.count).fill(Number.NaN);
  const room = { pool: 0, isHard: true };
  const free = (slot: number) => {
    const cell = room.pool * slots + slot;
    return (capacity[cell] as number) - (room.isHard ? (load.accelerators[cell] as number) : 0);
  };

  function holdSeat(assignment: Assignment, request: number, times: number): void {
    const option = assignment.option[request] as number;
    if (option < 0) return;
    hold(load, market, assignment, request, times);
    const from = assignment.start[request] as number;
    const to = from + (assignment.pattern[request]?.length ?? (options.length[option] as number));
    forget(marginals, poolSite[options.pool[option] as number] as number, from, to);
  }

  /** What each slot of the search costs at one option, waiting included, into `price`; as `priceSlots`, what slots cost less than the level. */
  function priceSeats(
    at: number,
    rank: number,
    weight: number,
    steepness: number,
    level: number,
    wait: number,
    among: Marginals = marginals,
  ): number {
    const pool = options.pool[at] as number;
    const site = poolSite[pool] as number;
    const needed = needs[at] as number;
    const kw = draws[at] as number;
    const asked = needed * (ask[pool] as number) * slotHours;
    const computing = computingCost(market, kw);
    const lean = steepness * (leans[pool] as number);
    const isHard = steepness === Number.POSITIVE_INFINITY;
    const energyRow = (rank * siteCount + site) * slots;
    let below = 0;
    const held = among.load.accelerators;
    marginalsOf(among, price, at, site, rank, kw, search.from, search.to);
    for (let slot = search.from; slot < search.to; slot++) {
      const cell = pool * slots + slot;
      const before = (held[cell] as number) - (capacity[cell] as number);
      const scarcity = prices.accelerator[cell] as number;
      if (known[site * slots + slot] === 0 || (isHard ? before + needed > 0 : capacity[cell] === 0)) {
        price[slot] = Number.POSITIVE_INFINITY;
        continue;
      }
      const energy = (1 - weight) * ((price[slot] as number) + computing) + weight * kw * (paid.energy[energyRow + slot] as number);
      const own =
        energy +
        asked +
        wait * (slot - search.release) +
        (isHard ? weight * needed * scarcity : leaningCost(scarcity, lean, before, needed));
      price[slot] = own;
      if (own < level) below += own - level;
    }
    room.pool = pool;
    room.isHard = isHard;
    return below;
  }

  /** What the cheapest run of an option that is searched adds at least; less than anything for an elastic one. */
  function leastOf(at: number, rank: number, kindOf: number, wait: number): number {
    if (kindOf === requestKinds.elastic) return Number.NEGATIVE_INFINITY;
    if (!Number.isNaN(alone[at])) return alone[at] as number;
    const { level } = search;
    const only = noAnswer();
    nobodyElse ??= noMarginals(market, emptyLoad(market), draws);
    priceSeats(at, rank, 0, Number.POSITIVE_INFINITY, level, wait, nobodyElse);
    if (kindOf === requestKinds.interruptible) cheapestSlots(price, search, only);
    else cheapestRun(price, search, only);
    search.level = level;
    alone[at] = only.cost;
    return only.cost;
  }

  /** Lowers the answer to the cheapest run of all options, or of those near the best; its option, −1 when there is none. */
  function cheapestOf(request: number, before: number, isNear: boolean, weight: number, steepness: number): number {
    const rank = load.rank[requests.weightClass[request] as number] as number;
    const isElastic = kind[request] === requestKinds.elastic;
    const first = requests.firstOption[request] as number;
    search.release = requests.release[request] as number;
    let taken = -1;
    for (let next = before < 0 ? first : first - 1; next < (requests.firstOption[request + 1] as number); next++) {
      if (next === before) continue;
      const at = next < first ? before : next; // where it was comes first: what costs more is soon seen
      search.length = options.length[at] as number;
      search.accelerators = options.accelerators[at] as number;
      if (isNear && at !== before && (regret?.[at] ?? 0) > near * (needs[at] as number) * search.length) continue;
      search.from = options.earliest[at] as number;
      search.to = options.end[at] as number;
      search.fixed = transfer[at] as number;
      search.restartCost = options.restartCost[at] as number;
      search.breaksMax = options.breaksMax?.[at] ?? Number.POSITIVE_INFINITY;
      const waiting = isElastic ? 0 : (requests.waitPrice[request] as number);
      search.waitPrice = (requests.waitPrice[request] as number) - waiting; // beside what is in the cost of each slot
      search.fixed -= (waiting * (search.length - 1)) / 2;
      const wait = waiting / search.length;
      if (weight === 0 && steepness === Number.POSITIVE_INFINITY && leastOf(at, rank, kind[request] as number, wait) >= answer.cost)
        continue;
      const below = priceSeats(at, rank, weight, steepness, search.level, wait);
      if (!isElastic && search.fixed + search.length * search.level + below >= answer.cost) continue;
      const isBetter = isElastic
        ? cheapestShares(price, search, options.accelerators[at] as number, options.speedExponent[at] as number, free, answer)
        : kind[request] === requestKinds.interruptible
          ? cheapestSlots(price, search, answer)
          : cheapestRun(price, search, answer);
      if (isBetter) taken = at;
    }
    return taken;
  }

  function insert(assignment: Assignment, request: number, weight: number, steepness = Number.POSITIVE_INFINITY): number {
    const isElastic = kind[request] === requestKinds.elastic;
    answer.cost = requests.unplacedCost[request] as number;
    answer.start = -1;
    answer.pattern = undefined;
    const before = assignment.option[request] as number;
    // who has a seat to go back to looks at the options near the best alone
    let taken = regret && before >= 0 ? cheapestOf(request, before, true, weight, steepness) : -1;
    if (taken < 0) taken = cheapestOf(request, before, false, weight, steepness);
    assignment.option[request] = taken;
    assignment.start[request] = answer.start;
    assignment.pattern[request] = answer.pattern;
    const cost = isElastic && weight === 0 ? addedCost(load, market, transfer, request, taken, answer.start, answer.pattern) : answer.cost;
    holdSeat(assignment, request, 1);
    return cost;
  }

  return { hold: holdSeat, insert };
}

/** What `needed` more accelerators cost where so many are held above capacity and the price leans on each: its integral. */
function leaningCost(price: number, lean: number, above: number, needed: number): number {
  const free = -price / lean; // the load above capacity at which the price reaches 0
  const to = above + needed - free;
  if (to <= 0) return 0;
  const from = Math.max(0, above - free);
  return (lean * (to * to - from * from)) / 2;
}
