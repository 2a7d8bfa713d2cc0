/**
 * Rescale: whether an elastic run should give up its share of accelerators for the one the plan would give it.
 *
 * The plan of an elastic request varies its share slot by slot for nothing; a run holds one share, and another one is a
 * stop at a checkpoint and a start anew. So a share is changed only where that gains more than it loses, or where the
 * share it has would be late.
 */
import { type Instant, SLOT } from '../../units/time.ts';
import type { Run } from '../dispatch/lease.ts';
import { drawKw } from '../fleet.ts';
import type { Job } from '../job.ts';
import { runCost } from './auction.ts';
import { transferOf } from './bound.ts';
import { type FeasibleTerms, leftOf, restartCostOf, restartMs, type Seat } from './feasible.ts';
import { type Standing, standingRates } from './quote.ts';
import type { Pool, Supply } from './supply.ts';

/** True where the plan lets an elastic run go on, from the next slot, with the share it has where it is. */
export function goesOn({ supply, feasible: { seats }, clearing: { assignment } }: Standing, request: number, run: Run): boolean {
  const pool = poolOf({ supply, seats }, assignment.option[request] as number);
  return isAt(supply, pool, run) && assignment.start[request] === 1 && assignment.pattern[request]?.[0] === run.accelerators;
}

/** True where an elastic run that was planned anew is better off as it is: no other share is worth a restart. O(pools × slots + slots held). */
export function keepsShare(standing: Standing, request: number, run: Run, job: Job, terms: FeasibleTerms): boolean {
  const { supply, feasible, clearing } = standing;
  const { market, seats } = feasible;
  const { firstOption } = market.requests;
  const { assignment } = clearing;
  const option = assignment.option[request] as number;
  const [start, pattern] = [assignment.start[request] as number, assignment.pattern[request]];
  if (!pattern) return true;
  if (goesOn(standing, request, run)) return false;
  let here = firstOption[request] as number;
  while (here < (firstOption[request + 1] as number) && !isAt(supply, poolOf({ supply, seats }, here), run)) here++;
  const rest = leftOf({ job, run }, terms.now).here;
  if (here === firstOption[request + 1] || lateMs(job, rest, terms.now) > restartMs(job.spec)) return false;
  const slots = Math.ceil((terms.now - supply.start + rest) / SLOT) - 1; // the slot at hand is its own whatever is decided
  if (slots <= 0 || slots >= market.offers.slots) return true;
  const { auction } = standingRates(market, clearing);
  const transfer = transferOf(market);
  const stay = runCost(auction, transfer, request, here, 1, new Uint16Array(slots).fill(run.accelerators));
  const change = runCost(auction, transfer, request, option, start, pattern);
  const row = poolOf({ supply, seats }, here)?.site ?? -1;
  const site = supply.sites[row];
  if (!site || !Number.isFinite(stay)) return true;
  const kw = drawKw(site, job.spec, run.model) * run.accelerators; // of an elastic job it is the draw of one
  return stay - change <= restartCostOf(job.spec, kw, market.offers, row * market.offers.slots, job.spec.weights, terms);
}

const poolOf = ({ supply, seats }: { readonly supply: Supply; readonly seats: readonly Seat[] }, option: number): Pool | undefined =>
  supply.pools[seats[option]?.pool ?? -1];

const isAt = ({ sites }: Supply, pool: Pool | undefined, run: Run): boolean =>
  pool !== undefined && pool.model === run.model && sites[pool.site]?.id === run.site;

/** How long behind its deadline it would end, ms; what is less than a restart costs would not be mended by one. */
const lateMs = ({ spec }: Job, rest: number, now: Instant): number => now + rest - spec.deadline;
