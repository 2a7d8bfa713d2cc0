/**
 * Mixture: in a small market a request is no small part of it, so it answers in parts.
 *
 * Each request holds a mixture of runs whose parts sum to 1 and moves weight from its dearest run to the cheapest there
 * is, as far as prices that lean allow (pairwise Frank-Wolfe steps, Lacoste-Julien and Jaggi 2015, on the augmented
 * Lagrangian). What comes of it solves the linear relaxation, so the bound is as good as its bound; the largest parts
 * draft a plan. Large markets do without: there one request moves no price.
 */
import { type Auction, answerer, openAuction, repriceAll, repriceRun, runCost, settle } from './auction.ts';
import { type Bound, transferOf } from './bound.ts';
import { holdRun } from './load.ts';
import { type Assignment, copyOf, type Market, nobody, type Prices } from './market.ts';
import { answeringOrder } from './order.ts';
import type { Ascent } from './prices.ts';

interface Part {
  readonly option: number;
  readonly start: number;
  readonly pattern: Uint16Array | undefined;
  weight: number;
}

/** Passes between two evaluations of the bound. */
const boundEvery = 5;
/** A bound that rises by less than this part in so many passes has stalled. */
const stallPart = 2e-5;
const stallPasses = 60;
/** Weights below this are nobody's. */
const weightMin = 1e-6;

/**
 * Prices and a draft by mixtures; O(passes × requests × options × horizon).
 *
 * @param from  prices to go on from
 * @param rounds  of answers between two moves of the prices: the more nearly the relaxation is solved, the truer the move
 * @param enough  a bound that ends the search, accounting currency
 */
export function ascendInParts(
  market: Market,
  passes: number,
  bound: Bound,
  {
    from,
    rounds = 3,
    enough = Number.POSITIVE_INFINITY,
  }: { readonly from?: Prices; readonly rounds?: number; readonly enough?: number } = {},
): Ascent {
  const { requests } = market;
  const auction = openAuction(market, from);
  repriceAll(auction);
  const answer = answerer(auction);
  const transfer = transferOf(market);
  const order = answeringOrder(requests.count);
  const scratch = nobody(requests.count);
  const parts: Part[][] = Array.from({ length: requests.count }, () => []);
  const last = copyOf(auction);
  let best = copyOf(last);
  let least = bound.at(best);
  let rose = 0;
  for (let pass = 1; pass <= passes; pass++) {
    for (let round = 0; round < rounds; round++)
      for (const request of order) {
        const cheapest = answer(scratch, request);
        trade(auction, transfer, request, parts[request] as Part[], scratch, cheapest);
      }
    settle(auction, last, 0);
    repriceAll(auction);
    if (pass % boundEvery !== 0 && pass !== passes) continue;
    const value = bound.at(last);
    if (value > least) {
      if (value - least > stallPart * Math.abs(value)) rose = pass;
      least = value;
      best = copyOf(last);
    }
    if (least >= enough || pass - rose >= stallPasses) break;
  }
  return { prices: best, bound: least, draft: heaviest(parts), draftPrices: best };
}

/** Moves weight from the dearest run held to the cheapest there is. */
function trade(auction: Auction, transfer: Float64Array, request: number, held: Part[], found: Assignment, cheapest: number): void {
  const option = found.option[request] as number;
  const start = found.start[request] as number;
  const pattern = found.pattern[request];
  let target = held.find((part) => part.option === option && (option < 0 || (part.start === start && isAlike(part.pattern, pattern))));
  if (held.length === 0) {
    held.push({ option, start, pattern, weight: 1 });
    move(auction, request, held[0] as Part, 1);
    return;
  }
  let dearest = held[0] as Part;
  let dear = Number.NEGATIVE_INFINITY;
  for (const part of held) {
    const cost = runCost(auction, transfer, request, part.option, part.start, part.pattern);
    if (cost > dear) {
      dear = cost;
      dearest = part;
    }
  }
  const gain = dear - cheapest;
  if (gain <= 1e-12 || dearest === target) return;
  if (!target) {
    target = { option, start, pattern, weight: 0 };
    held.push(target);
  }
  const all = dearest.weight;
  move(auction, request, dearest, -all);
  move(auction, request, target, all);
  const regret =
    runCost(auction, transfer, request, target.option, target.start, target.pattern) -
    runCost(auction, transfer, request, dearest.option, dearest.start, dearest.pattern);
  const moved = regret <= 0 ? all : (all * gain) / (gain + regret); // where the two cost alike, prices being linear between
  if (moved < all) {
    move(auction, request, target, moved - all);
    move(auction, request, dearest, all - moved);
  }
  dearest.weight -= moved;
  target.weight += moved;
  if (dearest.weight > weightMin) return;
  move(auction, request, dearest, -dearest.weight);
  move(auction, request, target, dearest.weight);
  target.weight += dearest.weight;
  held.splice(held.indexOf(dearest), 1);
}

function move(auction: Auction, request: number, { option, start, pattern }: Part, weight: number): void {
  holdRun(auction.load, auction.market, request, option, start, pattern, weight);
  repriceRun(auction, option, start, pattern);
}

const isAlike = (a: Uint16Array | undefined, b: Uint16Array | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && a.length === b.length && a.every((held, i) => held === b[i]));

function heaviest(parts: readonly (readonly Part[])[]): Assignment {
  const draft = nobody(parts.length);
  for (const [request, held] of parts.entries()) {
    const most = held.reduce((a, b) => (b.weight > a.weight ? b : a));
    draft.option[request] = most.option;
    draft.start[request] = most.start;
    draft.pattern[request] = most.pattern;
  }
  return draft;
}
