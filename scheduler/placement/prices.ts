/**
 * Prices: the market's tâtonnement. Requests answer one after another, prices rise with what is held and fall with what is not.
 *
 * An augmented Lagrangian (Hestenes 1969, Powell 1969; Rockafellar 1976 for the dual step): within a pass each price
 * leans on the load of the moment, so that a herd disperses; after a pass the lean becomes the price, carried on by
 * momentum. In a large market stand-ins bring the prices near before all answer. The mean of the prices gives the bound,
 * a few steeper passes behind it the draft of a plan. Deterministic.
 */
import { type Answerer, type Auction, answerer, openAuction, repriceAll, repriceRun, settle, steepen } from './auction.ts';
import { type Bound, createBound } from './bound.ts';
import { hold } from './load.ts';
import { type Assignment, copyOf, type Market, nobody, type Prices } from './market.ts';
import { answeringOrder } from './order.ts';
import { type Line, lineUp, type StandIns, standInsOf } from './standins.ts';

export interface Ascent {
  /** The bound's. */
  readonly prices: Prices;
  /** A certified lower bound, accounting currency. */
  readonly bound: number;
  /** The answers of the last pass: near a plan, may break capacity by a little. */
  readonly draft: Assignment;
  /** What the draft would clear at; near the prices. */
  readonly draftPrices: Prices;
}

export interface AscentOptions {
  /** Passes over all requests; each moves the prices once. */
  readonly passes: number;
  /** Prices to go on from, 0 everywhere when absent; and the runs that were answered to them. */
  readonly from?: Prices | undefined;
  readonly draft?: Assignment | undefined;
  /** How prices lean in passes behind those of the bound, in which the draft is made; as everywhere in an auction is 1. */
  readonly draftLeans?: readonly number[];
}

/** Share of its last move that a price makes again. */
const momentumOfPrices = 0.7;
const momentumOfStandIns = 0.85;
/** Passes before there is a direction to carry on. */
const passesBeforeMomentum = 3;
/** What the newest pass counts in the mean of prices. */
const meanPart = 0.4;
const meanPartOfStandIns = 0.15;
/** Stand-ins of a large market: so many at first, and with every further stage so many times more, to half of all requests. */
const standInsMin = 1_000;
const standInsStep = 4;
/** From so many requests on there are stand-ins, unless prices are at hand. */
export const standInsFrom = 2 * standInsMin;
/** Passes over the first stand-ins and over those of each further stage. */
const firstPasses = 40;
const stagePasses = 10;
/** So many lumps of work and more lean as whole requests do; fewer are larger, and lean less. */
const lumpsEnough = 10_000;
/** Prices that are near lean so much less: they need not move far, and stay truer. */
const nearLean = 0.3;

/**
 * Moves prices up and down until the draft hardly breaks capacity; O(passes × requests × options × horizon).
 *
 * Prices that are near, from the last cycle, save the stand-ins and most passes.
 */
export function ascend(
  market: Market,
  { passes, from, draft, draftLeans = [0.9, 1.8] }: AscentOptions,
  bound: Bound = createBound(market),
): Ascent {
  const { requests } = market;
  const auction = openAuction(market, from);
  const assignment: Assignment = draft
    ? { option: draft.option.slice(), start: draft.start.slice(), pattern: draft.pattern.slice() }
    : nobody(requests.count);
  recount(auction, assignment);
  repriceAll(auction);
  const last: Prices = copyOf(auction);
  const isNear = !from && approach(auction, assignment, last);
  const answer = answerer(auction);
  const order = answeringOrder(requests.count);
  const mean = copyOf(last);
  let lean = isNear ? nearLean : 1;
  steepen(auction, lean);
  repriceAll(auction);
  for (let pass = 1; pass <= passes; pass++) {
    for (const request of order) again(auction, assignment, answer, request, 1);
    close(auction, last, isNear || pass > passesBeforeMomentum ? momentumOfPrices : 0);
    blend(mean, last, Math.max(1 / pass, meanPart));
  }
  const least = bound.at(mean);
  if (draftLeans.length > 0) standAt(auction, last, mean);
  for (const next of draftLeans) {
    steepen(auction, next / lean);
    lean = next;
    repriceAll(auction);
    for (const request of order) again(auction, assignment, answer, request, 1);
    close(auction, last, 0);
  }
  return { prices: mean, bound: least, draft: assignment, draftPrices: draftLeans.length > 0 ? last : mean };
}

/** Brings the prices of a large market near by stand-ins, stage by stage more of them, until everyone holds a run; false for a small one. */
function approach(auction: Auction, assignment: Assignment, last: Prices): boolean {
  const { market } = auction;
  const { count } = market.requests;
  if (count < standInsFrom) return false;
  const answer = answerer(auction, true);
  const line = lineUp(market);
  let before: StandIns | undefined;
  for (let size = standInsMin; size <= count / 2; size *= standInsStep) {
    const now = standInsOf(line, line.allWork / size);
    const { chosen, weight } = now;
    const order = answeringOrder(chosen.length);
    const lean = Math.min(1, Math.sqrt(chosen.length / lumpsEnough));
    steepen(auction, lean);
    repriceAll(auction);
    if (before) {
      for (const at of order) relieve(auction, assignment, answer, line, before, chosen[at] as number, weight[at] as number);
      close(auction, last, momentumOfStandIns);
    }
    const mean = copyOf(last);
    for (let pass = 1; pass <= (before ? stagePasses : firstPasses); pass++) {
      for (const at of order) again(auction, assignment, answer, chosen[at] as number, weight[at] as number);
      close(auction, last, before || pass > passesBeforeMomentum ? momentumOfStandIns : 0);
      blend(mean, last, Math.max(1 / pass, meanPartOfStandIns));
    }
    steepen(auction, 1 / lean);
    standAt(auction, last, mean);
    before = now;
  }
  if (!before) return false;
  for (const request of answeringOrder(count))
    if (before.group[request] !== -1) relieve(auction, assignment, answer, line, before, request, 1);
  recount(auction, assignment);
  close(auction, last, momentumOfStandIns);
  return true;
}

/** What all hold once each: shares have left a rounding behind. */
function recount({ market, load }: Auction, assignment: Assignment): void {
  load.accelerators.fill(0);
  load.drawKw.fill(0);
  for (let request = 0; request < market.requests.count; request++) hold(load, market, assignment, request, 1);
}

/** The dual step at the end of a pass. */
function close(auction: Auction, last: Prices, momentum: number): void {
  settle(auction, last, momentum);
  repriceAll(auction);
}

/** Makes these the prices, at rest. */
function standAt(auction: Auction, last: Prices, prices: Prices): void {
  for (const column of ['accelerator', 'surplus'] as const) {
    auction[column].set(prices[column]);
    last[column].set(prices[column]);
  }
  repriceAll(auction);
}

/** One takes its share of the load from the one that stood for it, and answers for itself. */
function relieve(
  auction: Auction,
  assignment: Assignment,
  answer: Answerer,
  { work }: Line,
  { chosen, group }: StandIns,
  request: number,
  weight: number,
): void {
  const by = chosen[group[request] as number] as number;
  if (by === request) return;
  enter(auction, assignment, by, (-weight * (work[request] as number)) / (work[by] as number));
  answer(assignment, request);
  enter(auction, assignment, request, weight);
}

/** Prices go round what clears the market; their running mean stills them (Polyak and Juditsky 1992). */
function blend(mean: Prices, last: Prices, part: number): void {
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

/** Gives back what it holds, answers, and takes its run. */
function again(auction: Auction, assignment: Assignment, answer: Answerer, request: number, weight: number): void {
  enter(auction, assignment, request, -weight);
  answer(assignment, request);
  enter(auction, assignment, request, weight);
}
