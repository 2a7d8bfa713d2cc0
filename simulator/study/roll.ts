/**
 * Roll: a study from its first slot to its last under one policy. Jobs arrive, are planned on what is believed, and run.
 *
 * What starts before the next cycle is committed to the end of its run, pauses included; what a policy plans once is
 * committed whole. A job that can no longer keep its deadline has missed it and gets grace to run in, so that every
 * policy does the same work. The clairvoyant knows signals and arrivals: the yardstick of regret, and nobody's policy.
 */
import { clear } from '../../scheduler/placement/clear.ts';
import type { Assignment } from '../../scheduler/placement/market.ts';
import { type Belief, type Forecaster, perfect } from './belief.ts';
import { type Policy, PolicyFault } from './policy.ts';
import { type Asking, type Held, nothingHeld, offersFrom, requestsFrom } from './stage.ts';
import type { Runs, Study } from './study.ts';

/** Runs that grow job by job. */
interface Committed {
  readonly site: Int32Array;
  readonly start: Int32Array;
  readonly pattern: Map<number, Uint16Array>;
  readonly held: Held;
}

const noneCommitted = (study: Study): Committed => ({
  site: new Int32Array(study.workload.count).fill(-1),
  start: new Int32Array(study.workload.count),
  pattern: new Map(),
  held: nothingHeld(study),
});

/** Writes down a planned run and takes its accelerators; a PolicyFault where they are not there or its window is not kept. */
function commit(
  study: Study,
  to: Committed,
  policy: string,
  { jobs, end }: Asking,
  plan: Assignment,
  request: number,
  first: number,
): void {
  const { workload, sites } = study;
  const job = jobs[request] as number;
  const site = (plan.option[request] as number) % sites.length;
  const start = first + (plan.start[request] as number);
  const pattern = plan.pattern[request];
  const length = pattern?.length ?? (workload.length[job] as number);
  if (start < Math.max(first, workload.release[job] as number) || start + length > (end[request] as number))
    throw new PolicyFault(policy, `${workload.id[job]} would run in slots ${start} to ${start + length}, outside its window`);
  const all = workload.accelerators[job] as number;
  const row = site * (study.slots + study.tail) + start;
  for (let i = 0; i < length; i++) {
    const capacity = study.capacity?.[row + i] ?? (sites[site] as Study['sites'][number]).accelerators;
    const taken = (to.held[row + i] as number) + (pattern ? (pattern[i] as number) : all);
    if (taken > capacity)
      throw new PolicyFault(policy, `${workload.id[job]} would make ${taken} of ${capacity} accelerators held at ${sites[site]?.id}`);
    to.held[row + i] = taken;
  }
  to.site[job] = site;
  to.start[job] = start;
  if (pattern) to.pattern.set(job, pattern);
}

export interface RollOptions {
  readonly policy: Policy;
  readonly forecaster: Forecaster;
  /** Told after each cycle: slots that are over. */
  readonly progress?: (slots: number) => void;
}

/**
 * The runs of all jobs of a study under a policy. A PolicyFault for a plan that breaks capacity or a window.
 *
 * O(cycles × (sites × horizon + what waits × sites)) beside the policy's own work.
 */
export function roll(study: Study, { policy, forecaster, progress }: RollOptions): Runs {
  const { workload, cycleSlots, slots, tail } = study;
  const belief = forecaster.of(study);
  const decide = policy.open(study);
  const committed = noneCommitted(study);
  let waiting: number[] = [];
  let arrived = 0;
  for (let first = 0; first < slots + tail && (waiting.length > 0 || arrived < workload.count); first += cycleSlots) {
    while (arrived < workload.count && (workload.release[arrived] as number) <= first) waiting.push(arrived++);
    if (waiting.length > 0) waiting = planCycle(study, { policy, belief, decide, committed }, waiting, first);
    progress?.(Math.min(first + cycleSlots, slots));
  }
  return committed;
}

interface Rolling {
  readonly policy: Policy;
  readonly belief: Belief;
  readonly decide: ReturnType<Policy['open']>;
  readonly committed: Committed;
}

/** Plans what waits at a slot and commits what is due; those that wait on. */
function planCycle(study: Study, { policy, belief, decide, committed }: Rolling, waiting: number[], first: number): number[] {
  const { cycleSlots } = study;
  const horizon = Math.min(study.horizonSlots, study.slots + study.tail - first);
  const jobs = Int32Array.from(waiting);
  const asking: Asking = { jobs, end: jobs.map((job) => lastEnd(study, job, first)) };
  const offers = offersFrom(study, belief, committed.held, first, horizon);
  const plan = decide({ market: { offers, requests: requestsFrom(study, asking, first, offers) }, jobs, first });
  return waiting.filter((_, request) => {
    if ((plan.option[request] as number) < 0) return true;
    const isDue = first + (plan.start[request] as number) < first + cycleSlots;
    if (policy.isReplanned && !isDue) return true;
    commit(study, committed, policy.name, asking, plan, request, first);
    return false;
  });
}

/** Until when a job may run that still waits at a slot: its deadline, or grace when that cannot be kept any more. */
function lastEnd({ workload, graceSlots, slots, tail }: Study, job: number, first: number): number {
  const [length, end] = [workload.length[job] as number, workload.end[job] as number];
  return Math.min(slots + tail, end - first >= length ? end : first + length + graceSlots);
}

/** What the best plan with full knowledge comes to, and how far from it anybody could be. */
export interface Foreseen {
  readonly runs: Runs;
  /** No plan of these jobs that keeps every deadline costs less: accounting currency, money, carbon and waiting at the study's prices. */
  readonly bound: number;
}

/**
 * One plan of the whole study by somebody who knows signals and arrivals. Jobs it leaves out run late, as for everybody:
 * within grace of their deadline, and where that has no room, too, while the study has slots.
 */
export function foresee(study: Study): Foreseen {
  const { workload, slots, tail, graceSlots } = study;
  const committed = noneCommitted(study);
  const belief = perfect.of(study);
  const all = slots + tail;
  const plan = (late: number) => {
    const jobs = Int32Array.from(committed.site.keys()).filter((job) => (committed.site[job] as number) < 0);
    const asking: Asking = { jobs, end: jobs.map((job) => Math.min(all, (workload.end[job] as number) + late)) };
    const offers = offersFrom(study, belief, committed.held, 0, all);
    const { assignment, bound } = clear({ offers, requests: requestsFrom(study, asking, 0, offers) }, { effort: 'quick' });
    for (let request = 0; request < jobs.length; request++)
      if ((assignment.option[request] as number) >= 0) commit(study, committed, 'clairvoyant', asking, assignment, request, 0);
    return bound;
  };
  const bound = plan(0);
  for (const late of [graceSlots, all]) if (committed.site.some((site) => site < 0)) plan(late);
  return { runs: committed, bound };
}
