/**
 * Improve: ruin and recreate. The request that regrets its seat most gets the one it wants; whom that displaces looks again.
 *
 * One move takes out a regretful request and those in its way in the run it would choose at the clearing prices, puts
 * all back one after another where each is cheapest for the whole plan, and is kept when the plan became cheaper
 * (Schrimpf et al. 2000; regret as in the reduced cost of column generation). Every plan on the way keeps all laws, so
 * the search may stop at any move. Deterministic: the same plan, the same moves.
 */

import { answerer, openAuction, pinPrices, runCost } from './auction.ts';
import { transferOf } from './bound.ts';
import { addedCost } from './cost.ts';
import type { Load } from './load.ts';
import { type Assignment, type Market, nobody, type Prices } from './market.ts';
import { drawsFrom } from './order.ts';
import { seatsOf } from './seat.ts';

/** Out of so many drawn at random the one with the most regret moves. */
const drawn = 6;
/** At most so many give way in one move. */
const displacedMax = 14;
/** For one that is left out so many may give way. */
const rescuedMax = 40;
/** Beside those in the way so many more are taken out, drawn each time from 0 to this. */
const bystandersMax = 3;

/** A run that somebody should get, and how many may give way for it. */
interface Target {
  readonly request: number;
  readonly option: number;
  readonly from: number;
  readonly to: number;
  readonly displacedMax: number;
}

/** Makes the plan cheaper in place, `moves` times trying; O(moves × displaced × options × horizon). */
export function improve(market: Market, prices: Prices, assignment: Assignment, load: Load, moves: number): void {
  const { offers, requests } = market;
  const { options } = requests;
  if (requests.count === 0) return;
  const transfer = transferOf(market);
  const seats = seatsOf(market, load, prices);
  const auction = openAuction(market, prices);
  pinPrices(auction);
  const wish = answerer(auction);
  const wanted = nobody(requests.count);
  const wished = new Float64Array(requests.count).fill(Number.NaN); // prices stand, and so do wishes
  const members = membersOf(market, assignment);
  const was = nobody(requests.count);
  const random = drawsFrom(0x9e3779b9);
  const regretOf = (request: number): number => {
    const now = runCost(
      auction,
      transfer,
      request,
      assignment.option[request] as number,
      assignment.start[request] as number,
      assignment.pattern[request],
    );
    if (Number.isNaN(wished[request])) wished[request] = wish(wanted, request);
    return now - (wished[request] as number);
  };
  const out: number[] = [];
  const leftOut = Array.from(assignment.option.keys()).filter(
    (request) =>
      (assignment.option[request] as number) < 0 &&
      (requests.firstOption[request + 1] as number) > (requests.firstOption[request] as number),
  );

  function takeOut(request: number): void {
    out.push(request);
    was.option[request] = assignment.option[request] as number;
    was.start[request] = assignment.start[request] as number;
    was.pattern[request] = assignment.pattern[request];
    seats.hold(assignment, request, -1);
    members.remove(request);
  }

  /** The one with the most regret of some drawn at random, and the run it would choose. */
  function wishOf(): Target | undefined {
    let mover = -1;
    let most = 1e-9;
    for (let i = 0; i < drawn; i++) {
      const request = random(requests.count);
      const regret = regretOf(request);
      if (regret > most) {
        most = regret;
        mover = request;
      }
    }
    if (mover < 0) return undefined;
    const option = wanted.option[mover] as number;
    if (option < 0) return undefined;
    const from = wanted.start[mover] as number;
    return { request: mover, option, from, to: from + (wanted.pattern[mover]?.length ?? (options.length[option] as number)), displacedMax };
  }

  /** For one that is left out: of some runs drawn at random the one that is least crowded. */
  function rescueOf(request: number): Target | undefined {
    if ((assignment.option[request] as number) >= 0) return undefined;
    const first = requests.firstOption[request] as number;
    let best: Target | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < drawn; i++) {
      const option = first + random((requests.firstOption[request + 1] as number) - first);
      const length = Math.min(options.length[option] as number, (options.end[option] as number) - (options.earliest[option] as number));
      const from =
        (options.earliest[option] as number) + random((options.end[option] as number) - (options.earliest[option] as number) - length + 1);
      const crowd = crowdAt(options.pool[option] as number, from, from + length, options.accelerators[option] as number);
      if (crowd >= least) continue;
      least = crowd;
      best = { request, option, from, to: from + length, displacedMax: rescuedMax };
    }
    return best;
  }

  /** Accelerator-slots that would be held beyond capacity. */
  function crowdAt(pool: number, from: number, to: number, needed: number): number {
    let crowd = 0;
    for (let cell = pool * offers.slots + from; cell < pool * offers.slots + to; cell++)
      crowd += Math.max(0, (load.accelerators[cell] as number) + needed - (offers.capacity[cell] as number));
    return crowd;
  }

  for (let move = 0; move < moves; move++) {
    const target = leftOut.length > 0 && move % 2 === 0 ? rescueOf(leftOut[random(leftOut.length)] as number) : wishOf();
    if (!target) continue;
    out.length = 0;
    takeOut(target.request);
    makeRoom(
      options.pool[target.option] as number,
      target.from,
      target.to,
      options.accelerators[target.option] as number,
      target.displacedMax,
    );
    const size = (request: number) =>
      (options.accelerators[was.option[request] as number] ?? 0) * (options.length[was.option[request] as number] ?? 0);
    const others = out.splice(1).sort((x, y) => size(y) - size(x) || x - y);
    out.push(...others);
    let before = 0;
    for (let i = out.length - 1; i >= 0; i--) {
      // what each added, in reverse: the last taken out was the last added
      const request = out[i] as number;
      before += addedCost(
        load,
        market,
        transfer,
        request,
        was.option[request] as number,
        was.start[request] as number,
        was.pattern[request],
      );
      seats.hold(was, request, 1);
    }
    for (const request of out) seats.hold(was, request, -1);
    let after = 0;
    for (const request of out) after += seats.insert(assignment, request, 0);
    if (after < before - 1e-9) {
      for (const request of out) members.add(request, assignment.option[request] as number);
      continue;
    }
    for (const request of out) seats.hold(assignment, request, -1);
    for (const request of out) {
      assignment.option[request] = was.option[request] as number;
      assignment.start[request] = was.start[request] as number;
      assignment.pattern[request] = was.pattern[request];
      seats.hold(assignment, request, 1);
      members.add(request, assignment.option[request] as number);
    }
  }

  /** Takes out whoever is in the way of `needed` accelerators in [from, to), the first found from a random place on, and some beside. */
  function makeRoom(pool: number, from: number, to: number, needed: number, most: number): void {
    const here = members.of(pool).slice(); // who is taken out leaves it
    const size = here.length;
    let beside = random(bystandersMax + 1);
    const first = size === 0 ? 0 : random(size);
    for (let i = 0; i < size && out.length <= most; i++) {
      const request = here[(first + i) % size] as number;
      const start = assignment.start[request] as number;
      const end = start + (assignment.pattern[request]?.length ?? (options.length[assignment.option[request] as number] as number));
      if (end <= from || start >= to) continue;
      if (crowdAt(pool, from, to, needed) === 0 && beside-- <= 0) return;
      takeOut(request);
    }
  }
}

/** Who is in which pool. */
function membersOf({ offers, requests }: Market, { option }: Assignment) {
  const lists: number[][] = Array.from({ length: offers.poolCount }, () => []);
  const place = new Int32Array(requests.count);
  const home = new Int32Array(requests.count).fill(-1);
  const add = (request: number, at: number): void => {
    if (at < 0) return;
    const pool = requests.options.pool[at] as number;
    home[request] = pool;
    place[request] = (lists[pool] as number[]).push(request) - 1;
  };
  for (let request = 0; request < requests.count; request++) add(request, option[request] as number);
  return {
    add,
    of: (pool: number): readonly number[] => lists[pool] as number[],
    remove(request: number): void {
      const pool = home[request] as number;
      if (pool < 0) return;
      const list = lists[pool] as number[];
      const moved = list.pop() as number;
      if (moved !== request) {
        list[place[request] as number] = moved;
        place[moved] = place[request] as number;
      }
      home[request] = -1;
    },
  };
}
