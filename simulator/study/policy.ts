/**
 * Policy: who decides where and when jobs of a study run. A port; the planner and the published baselines behind it.
 *
 * A policy is asked for an `Assignment` of the scheduler's own market, at the start of a cycle. Baselines plan a job
 * once, when it arrives, as they were published; the planner plans all that waits anew and goes on from its last prices.
 */
import { type Baseline, baselineNames, planBy } from '../../scheduler/placement/baselines.ts';
import { clear, type Effort } from '../../scheduler/placement/clear.ts';
import type { Assignment, Market, Prices } from '../../scheduler/placement/market.ts';
import type { Study } from './study.ts';

/** One asking: a market that begins at slot `first` of the study, for these jobs in this order. */
export interface Asked {
  readonly market: Market;
  readonly jobs: Int32Array;
  readonly first: number;
}

/** May remember what it was asked before, within one run of one study. */
export type Decide = (asked: Asked) => Assignment;

export interface Policy {
  readonly name: string;
  /** True when jobs that have not started are planned anew each cycle; false when a job is planned once. */
  readonly isReplanned: boolean;
  open(study: Study): Decide;
}

/** A policy that broke: what it did and, where it threw, why. */
export class PolicyFault extends Error {
  override readonly name = 'PolicyFault';
  readonly policy: string;

  constructor(policy: string, problem: string, cause?: unknown) {
    super(`policy ${policy}: ${problem}`, cause === undefined ? undefined : { cause });
    this.policy = policy;
  }
}

const baseline = (name: Baseline): Policy => ({
  name,
  isReplanned: false,
  open:
    ({ sites, workload }) =>
    ({ market, jobs }) =>
      planBy(
        name,
        market,
        jobs.map((job, request) => request * sites.length + (workload.home[job] as number)),
      ),
});

/** What the planner of a cycle remembers for the next. */
interface Remembered {
  readonly first: number;
  readonly prices: Prices;
  /** By job: option's site, first slot of the study, accelerators slot by slot. */
  readonly runs: ReadonlyMap<number, { readonly site: number; readonly start: number; readonly pattern: Uint16Array | undefined }>;
}

/** The scheduler's own planner, as a cycle runs it. */
export const planner = (effort: Effort = 'brisk'): Policy => ({
  name: 'planner',
  isReplanned: true,
  open: ({ sites }) => {
    let last: Remembered | undefined;
    return ({ market, jobs, first }) => {
      const { assignment, prices } = clear(market, { effort, from: last && carriedOver(last, sites.length, market, jobs, first) });
      const runs = new Map<number, { site: number; start: number; pattern: Uint16Array | undefined }>();
      jobs.forEach((job, request) => {
        const option = assignment.option[request] as number;
        if (option < 0) return;
        const start = first + (assignment.start[request] as number);
        runs.set(job, { site: option % sites.length, start, pattern: assignment.pattern[request] });
      });
      last = { first, prices, runs };
      return assignment;
    };
  },
});

/** Last prices and runs on a market that begins later; the new end repeats the last known price. */
function carriedOver({ first: before, prices, runs }: Remembered, sites: number, market: Market, jobs: Int32Array, first: number) {
  const { slots } = market.offers;
  const slotsBefore = prices.accelerator.length / sites;
  const shifted = (of: Float64Array) => {
    const moved = new Float64Array(sites * slots);
    for (let site = 0; site < sites; site++)
      for (let slot = 0; slot < slots; slot++)
        moved[site * slots + slot] = of[site * slotsBefore + Math.min(slotsBefore - 1, slot + first - before)] as number;
    return moved;
  };
  const assignment: Assignment = {
    option: jobs.map((job, request) => {
      const run = runs.get(job);
      return run && run.start >= first ? request * sites + run.site : -1;
    }),
    start: jobs.map((job) => Math.max(0, (runs.get(job)?.start ?? first) - first)),
    pattern: Array.from(jobs, (job) => runs.get(job)?.pattern),
  };
  return { prices: { accelerator: shifted(prices.accelerator), surplus: shifted(prices.surplus) }, assignment };
}

/** Every policy that has a name of its own, by that name. */
export const policies: ReadonlyMap<string, Policy> = new Map(
  [...baselineNames.map(baseline), planner()].map((policy) => [policy.name, policy]),
);
