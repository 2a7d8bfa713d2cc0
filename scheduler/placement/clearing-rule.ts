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
import { nobody, type Prices } from './market.ts';
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
 * what is left, the first submitted first; what the rule starts now is leased. A run goes on where it is, before anybody
 * else asks; only under a rule that pauses may one that can be interrupted stop, and wait for the slots the rule takes.
 *
 * Nobody bids: every price is 0 above the ask, and the bound is what each would cost if it were alone.
 */
export const baselineClearing =
  (baseline: Baseline): ClearingRule =>
  ({ supply, feasible }) => {
    const { market } = feasible;
    const assignment = planBy(baseline, market, ...seatsOf(baseline, supply, feasible));
    for (const [request, stay] of staysOf(feasible).entries()) {
      const option = assignment.option[request] as number;
      if (stay < 0 || option < 0 || assignment.start[request] !== market.requests.options.earliest[stay]) continue;
      const isHere = market.requests.options.pool[option] === market.requests.options.pool[stay];
      if (isHere) assignment.option[request] = stay; // it goes on, in the slots that the rule took
    }
    const load = loadOf(market, assignment);
    const cost = assess(market, assignment, load);
    const { slots, poolCount, siteCount } = market.offers;
    const prices: Prices = { accelerator: new Float64Array(poolCount * slots), surplus: new Float64Array(siteCount * slots) };
    const bound = createBound(market).at(prices);
    return { assignment, load, cost, prices, bound, gap: gapOf(cost.total, bound) };
  };

/** By request: the option of a run to go on where it is, −1 for those who have none. */
const staysOf = ({ askers, seats, market }: Feasible): number[] => {
  const { firstOption } = market.requests;
  return askers.map(({ run }, request) => {
    if (!run) return -1;
    for (let at = firstOption[request] as number; at < (firstOption[request + 1] as number); at++) if (seats[at]?.stays) return at;
    return -1;
  });
};

/** Where each is at home, what goes on as it is, and whose turn it is when: runs first, then by submission. */
function seatsOf(baseline: Baseline, { sites, pools }: Standing['supply'], feasible: Feasible) {
  const { askers, seats, market } = feasible;
  const { count, firstOption, kind, options } = market.requests;
  const home = new Int32Array(count).fill(-1);
  const standing = nobody(count);
  const stays = staysOf(feasible);
  const turns: number[] = [];
  for (const [request, { job, run }] of askers.entries()) {
    const stay = stays[request] as number;
    for (let at = firstOption[request] as number; at < (firstOption[request + 1] as number) && home[request] === -1; at++) {
      const pool = pools[options.pool[at] as number];
      const isHome = run ? options.pool[at] === options.pool[stay] && !seats[at]?.stays : sites[pool?.site ?? -1]?.id === job.homeSite;
      if (isHome) home[request] = at;
    }
    if (!run || (pausesUnder(baseline, kind[request] as number) && home[request] !== -1)) turns.push(request);
    else if (stay >= 0) {
      standing.option[request] = stay;
      standing.start[request] = options.earliest[stay] as number;
    }
  }
  const rank = (request: number) => (askers[request]?.run ? Number.NEGATIVE_INFINITY : (askers[request]?.job.submittedAt ?? 0));
  turns.sort((a, b) => (rank(a) === rank(b) ? a - b : rank(a) - rank(b)));
  return [home, { standing, turns }] as const;
}
