/**
 * Prices: the market's tâtonnement. Requests answer one after another, prices rise with what is held and fall with what is not.
 *
 * An augmented Lagrangian (Hestenes 1969, Powell 1969; Rockafellar 1976 for the dual step): within a pass each price
 * leans on the load of the moment, so that a herd disperses; after a pass the lean becomes the price, carried on by
 * momentum. The prices give the bound, the answers of the last pass are the draft of a plan. Deterministic.
 */
import { type Auction, answerer, openAuction, repriceAll, repriceRun, settle, steepen } from './auction.ts';
import { type Bound, createBound } from './bound.ts';
import { hold } from './load.ts';
import { type Assignment, copyOf, type Market, nobody, type Prices } from './market.ts';
import { answeringOrder } from './order.ts';

export interface Ascent {
  readonly prices: Prices;
  /** The best certified lower bound seen, accounting currency. */
  readonly bound: number;
  /** The answers of the last pass: near a plan, may break capacity by a little. */
  readonly draft: Assignment;
}

export interface AscentOptions {
  /** Passes over all requests; each moves the prices once. */
  readonly passes: number;
  /** Prices to go on from, 0 everywhere when absent; and the runs that were answered to them. */
  readonly from?: Prices | undefined;
  readonly draft?: Assignment | undefined;
  /** How much more each of the last passes leans, prices standing; what is over capacity gives way in them. */
  readonly lastLeans?: readonly number[];
}

/** Share of its last move that a price makes again. */
const momentumOfPrices = 0.85;
/** Passes before there is a direction to carry on. */
const passesBeforeMomentum = 3;
/** What the newest pass counts in the mean of prices. */
const meanPart = 0.15;
/** Passes between two evaluations of the bound. */
const boundEvery = 6;
/** Large markets begin with a sample, one request standing for `stride` of them; samples are not smaller than this. */
const sampleMin = 1_000;
const strideStep = 8;
const samplePasses = 30;

/** The power of `strideStep` that leaves a sample of at least `sampleMin`. */
function strideOf(count: number): number {
  let stride = 1;
  while (count / (stride * strideStep) >= sampleMin) stride *= strideStep;
  return stride;
}

/**
 * Moves prices up and down until the draft hardly breaks capacity; O(passes × requests × options × horizon).
 *
 * Prices that are near, from the last cycle, save the samples and most passes.
 */
export function ascend(
  market: Market,
  { passes, from, draft, lastLeans = [4, 2] }: AscentOptions,
  bound: Bound = createBound(market),
): Ascent {
  const { requests } = market;
  const auction = openAuction(market, from);
  const assignment: Assignment = draft
    ? { option: draft.option.slice(), start: draft.start.slice(), pattern: draft.pattern.slice() }
    : nobody(requests.count);
  const answer = answerer(auction);
  const order = answeringOrder(requests.count);
  for (let request = 0; request < requests.count; request++) hold(auction.load, market, assignment, request, 1);
  repriceAll(auction);
  const last: Prices = copyOf(auction);
  let best: Prices = copyOf(auction);
  let least = passes === 0 ? bound.at(best) : Number.NEGATIVE_INFINITY;
  let pass = 0;
  const again = (request: number, weight: number): void => {
    leave(auction, assignment, request, weight);
    answer(assignment, request);
    enter(auction, assignment, request, weight);
  };
  const close = (): void => {
    settle(auction, last, pass > passesBeforeMomentum ? momentumOfPrices : 0);
    repriceAll(auction);
    pass++;
  };
  for (let stride = from ? 1 : strideOf(requests.count); stride > 1; stride /= strideStep) {
    for (let i = 0; i < samplePasses; i++) {
      for (let at = 0; at < order.length; at += stride) again(order[at] as number, Math.min(stride, order.length - at));
      close();
    }
    splitUp(auction, assignment, order, stride, (request) => answer(assignment, request));
    close();
  }
  const mean = copyOf(last);
  for (let full = 1; full <= passes; full++) {
    for (const request of order) again(request, 1);
    close();
    blend(mean, last, full);
    if (full % boundEvery !== 0 && full !== passes) continue;
    for (const prices of full === 1 ? [last] : [last, mean]) {
      const value = bound.at(prices);
      if (value <= least) continue;
      least = value;
      best = copyOf(prices);
    }
  }
  auction.accelerator.set(best.accelerator);
  auction.surplus.set(best.surplus);
  for (const steeper of lastLeans) {
    steepen(auction, steeper);
    repriceAll(auction);
    for (const request of order) again(request, 1);
  }
  return { prices: best, bound: least, draft: assignment };
}

/** Prices go round what clears the market; their running mean stills them (Polyak and Juditsky 1992). */
function blend(mean: Prices, last: Prices, pass: number): void {
  const part = Math.max(1 / pass, meanPart);
  for (const column of ['accelerator', 'surplus'] as const) {
    const to = mean[column];
    const from = last[column];
    for (let cell = 0; cell < to.length; cell++) to[cell] = (to[cell] as number) + part * ((from[cell] as number) - (to[cell] as number));
  }
}

function enter(auction: Auction, assignment: Assignment, request: number, weight: number): void {
  hold(auction.load, auction.market, assignment, request, weight);
  repriceRun(auction, assignment.option[request] as number, assignment.start[request] as number, assignment.pattern[request]);
}

const leave = (auction: Auction, assignment: Assignment, request: number, weight: number): void =>
  enter(auction, assignment, request, -weight);

/** Those who were stood for answer now, and each takes its share of the load from the one that stood for it. */
function splitUp(auction: Auction, assignment: Assignment, order: Int32Array, stride: number, answer: (request: number) => void): void {
  const finer = stride / strideStep;
  for (let at = 0; at < order.length; at += finer) {
    const by = at - (at % stride);
    if (at === by) continue;
    const weight = Math.min(finer, order.length - at);
    leave(auction, assignment, order[by] as number, weight);
    answer(order[at] as number);
    enter(auction, assignment, order[at] as number, weight);
  }
}
