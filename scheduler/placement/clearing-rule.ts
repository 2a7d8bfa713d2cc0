/**
 * Clearing rule: who decides on a cycle's market. Prices, as the planner has it, or a published baseline.
 *
 * The one place where another policy takes the planner's seat: what asks, what is feasible, leases, accounts and pay stay
 * the same. A rule is pure and keeps every clearing's promise: windows, capacity, and a bound that no plan beats.
 */
import { type Baseline, pausesUnder, planBy } from './baselines.ts';
import { createBound } from './bound.ts';
import { type Clearing, clear, gapOf } from './clear.ts';
import { assess } from './cost.ts';
import type { Feasible } from './feasible.ts';
import { loadOf } from './load.ts';
import { type Assignment, nobody, type Prices } from './market.ts';
import type { Standing } from './quote.ts';

/** Clears what was asked of a supply; `from` are the last cycle's prices at these slots. */
export type ClearingRule = (asked: Pick<Standing, 'supply' | 'feasible'>, from: Prices | undefined) => Clearing;

/** From so many requests on a plan is worth a second of search. */
const manyRequests = 500;

/** The planner's own. */
export const byPrices: ClearingRule = ({ feasible: { market } }, from) =>
  clear(market, { effort: market.requests.count > manyRequests ? 'quick' : 'brisk', from: from && { prices: from } });

/**
 * Clears by a baseline, anew each cycle: a job that waits is planned again by the same rule on the newest outlooks and
 * what is left, the first submitted first; what the rule starts now is leased. A run is given nothing, and so keeps what
 * it has; only under a rule that pauses one that can be interrupted asks first, and stops if its next slot is not taken.
 *
 * Nobody bids: every price is 0 above the ask, and the bound is what each would cost if it were alone.
 */
export const baselineClearing =
  (baseline: Baseline): ClearingRule =>
  ({ supply, feasible }) => {
    const { market } = feasible;
    const { slots, poolCount, siteCount } = market.offers;
    const assignment = market.requests.count === 0 ? nobody(0) : assignmentBy(baseline, supply, feasible);
    const load = loadOf(market, assignment);
    const cost = assess(market, assignment, load);
    const prices: Prices = { accelerator: new Float64Array(poolCount * slots), surplus: new Float64Array(siteCount * slots) };
    const bound = createBound(market).at(prices);
    return { assignment, load, cost, prices, bound, gap: gapOf(cost.total, bound) };
  };

function assignmentBy(baseline: Baseline, { sites, pools }: Standing['supply'], { askers, seats, market }: Feasible): Assignment {
  const { firstOption, kind, options } = market.requests;
  const home = new Int32Array(askers.length).fill(-1);
  const stay = new Int32Array(askers.length).fill(-1);
  const turns: number[] = [];
  for (const [request, { job, run }] of askers.entries()) {
    const pauses = pausesUnder(baseline, kind[request] as number);
    if (run && !pauses) continue;
    turns.push(request);
    for (let at = firstOption[request] as number; at < (firstOption[request + 1] as number); at++) {
      const pool = options.pool[at] as number;
      if (seats[at]?.stays) stay[request] = at;
      const isHome = run ? pool === options.pool[stay[request] as number] : sites[pools[pool]?.site ?? -1]?.id === job.homeSite;
      const before = home[request] as number;
      // the first model that fits; of its rows the last, which gives time for pauses, where the rule makes some
      if (isHome && (before === -1 || (pauses && pool === options.pool[before]))) home[request] = at;
    }
  }
  const cameAt = (request: number) => (askers[request]?.run ? Number.NEGATIVE_INFINITY : (askers[request]?.job.submittedAt ?? 0));
  turns.sort((a, b) => (cameAt(a) < cameAt(b) ? -1 : cameAt(a) > cameAt(b) ? 1 : a - b));
  const assignment = planBy(baseline, market, home, turns);
  for (const [request, own] of stay.entries()) {
    const option = assignment.option[request] as number;
    const isNext = own >= 0 && option >= 0 && assignment.start[request] === options.earliest[own];
    if (isNext && options.pool[option] === options.pool[own]) assignment.option[request] = own; // it goes on, in the slots the rule took
  }
  return assignment;
}
