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
import { type FeasibleTerms, leftOf, restartCostOf, restartMs } from './feasible.ts';
import { type Standing, standingRates } from './quote.ts';

/** `goes-on`: the plan gives it the share it has; `changes`: another one, worth the restart; `keeps`: it is better off as it is. */
export type Rescaling = 'goes-on' | 'changes' | 'keeps';

/** What becomes of an elastic run that was planned anew; O(pools × slots + slots held). */
export function rescalingOf(standing: Standing, request: number, run: Run, job: Job, terms: FeasibleTerms): Rescaling {
  const { supply, feasible, clearing } = standing;
  const { market, seats } = feasible;
  const { firstOption } = market.requests;
  const { assignment } = clearing;
  const option = assignment.option[request] as number;
  const [start, pattern] = [assignment.start[request] as number, assignment.pattern[request]];
  const poolOf = (at: number) => seats[at]?.pool ?? -1;
  const isHere = (at: number) => {
    const pool = supply.pools[poolOf(at)];
    return pool !== undefined && pool.model === run.model && supply.sites[pool.site]?.id === run.site;
  };
  if (option < 0 || !pattern) return 'keeps';
  if (isHere(option) && start === 1 && pattern[0] === run.accelerators) return 'goes-on';
  let here = firstOption[request] as number;
  while (here < (firstOption[request + 1] as number) && !isHere(here)) here++;
  const rest = leftOf({ job, run }, terms.now).here;
  if (here === firstOption[request + 1] || lateMs(job, rest, terms.now) > restartMs(job.spec)) return 'changes';
  const slots = Math.ceil((terms.now - supply.start + rest) / SLOT) - 1; // the slot at hand is its own whatever is decided
  if (slots <= 0 || slots >= market.offers.slots) return 'keeps';
  const { auction } = standingRates(market, clearing);
  const transfer = transferOf(market);
  const stay = runCost(auction, transfer, request, here, 1, new Uint16Array(slots).fill(run.accelerators));
  const change = runCost(auction, transfer, request, option, start, pattern);
  const site = supply.sites[supply.pools[poolOf(here)]?.site ?? -1];
  if (!site || !Number.isFinite(stay)) return 'keeps';
  const kw = drawKw(site, job.spec, run.model) * run.accelerators; // of an elastic job it is the draw of one
  const row = market.offers.poolSite[poolOf(here)] as number;
  return stay - change > restartCostOf(job.spec, kw, market.offers, row * market.offers.slots, job.spec.weights, terms)
    ? 'changes'
    : 'keeps';
}

/** How long behind its deadline it would end, ms; what is less than a restart costs would not be mended by one. */
const lateMs = ({ spec }: Job, rest: number, now: Instant): number => now + rest - spec.deadline;
