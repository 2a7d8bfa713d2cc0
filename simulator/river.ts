/**
 * River: the whole system on a virtual clock, in memory, under a policy. A scenario in, its record out.
 *
 * Telemetry, oracle, plans, leases, ledger and settlement are those of a live river; a policy changes who clears the
 * market and nothing else. After the last arrival it flows on until every job is over, booked and paid, or a limit is reached.
 */
import { isOver } from '../scheduler/job.ts';
import { type Baseline, baselineNames } from '../scheduler/placement/baselines.ts';
import { baselineClearing, byPrices, type ClearingRule } from '../scheduler/placement/clearing-rule.ts';
import { DAY, HOUR, type Instant } from '../units/time.ts';
import { idle, memoryPorts } from './memory-ports.ts';
import { riverRecordOf } from './river-books.ts';
import type { RiverRecord } from './river-record.ts';
import type { Scenario } from './scenario.ts';
import { createWorld, type WorldPorts } from './world.ts';

/** The planner, a published baseline, or a rule of the researcher's own under its name. */
export type RiverPolicy = 'planner' | Baseline | { readonly name: string; readonly clearing: ClearingRule };

/** Policies that can be had by name. */
export const riverPolicies = ['planner', ...baselineNames] as const satisfies readonly RiverPolicy[];

export interface RiverProgress {
  readonly at: Instant;
  /** When the last job has come; the run may go on behind it. */
  readonly arrivalsUntil: Instant;
}

export interface RiverOptions {
  /** Jobs arrive so many days from the scenario's start; those that come later are left out. */
  readonly days: number;
  /** The planner unless told. */
  readonly policy?: RiverPolicy;
  /** Days behind the last arrival for what is not over by then, at most; 4 unless told. The traces must reach so far. */
  readonly tailDaysMax?: number;
  /** Trains and keeps models; persistence forecasts without it. */
  readonly learning?: WorldPorts['learning'];
  /** Told every virtual hour. */
  readonly progress?: (progress: RiverProgress) => void;
  /** Asked every virtual hour; what is finished by then is recorded. */
  readonly stopped?: () => boolean;
  readonly tell?: WorldPorts['tell'];
}

/** Runs a scenario; the seed is the scenario's. The same scenario and options give the same record, byte by byte. */
export async function runRiver(scenario: Scenario, options: RiverOptions): Promise<RiverRecord> {
  const { days, policy = 'planner', tailDaysMax = 4, learning, progress, stopped = () => false, tell } = options;
  const arrivalsUntil = scenario.start + days * DAY;
  const arrivals = scenario.arrivals.filter(({ at }) => at < arrivalsUntil);
  const { ports, stores } = memoryPorts({ ...scenario, arrivals }, tell);
  const { name, clearing } = clearingOf(policy);
  const world = await createWorld({ ...ports, clearing, ...(learning && { learning }) });
  await world.open();
  const until = arrivalsUntil + tailDaysMax * DAY;
  let at = scenario.start;
  while (at < until && !stopped()) {
    if (at >= arrivalsUntil && (await isStill(stores))) break;
    at = Math.min(until, at + HOUR);
    await world.run(at);
    progress?.({ at, arrivalsUntil });
    await idle(); // signals and timers of whoever called
  }
  const came = arrivals.filter((arrival) => arrival.at <= at).length;
  const recorded = { scenario, policy: name, arrivalsUntil, end: at, arrivals: came };
  const record = await riverRecordOf(recorded, { ...stores, oracle: world.oracle });
  await world.close();
  return record;
}

const clearingOf = (policy: RiverPolicy): { readonly name: string; readonly clearing: ClearingRule } => {
  if (typeof policy === 'object') return policy;
  return { name: policy, clearing: policy === 'planner' ? byPrices : baselineClearing(policy) };
};

/** Every job is over, all that was metered is in the books, and whoever is owed for it was paid. */
async function isStill({ jobs, settlements }: ReturnType<typeof memoryPorts>['stores']): Promise<boolean> {
  const all = await jobs.list();
  if (all.some(({ state }) => !isOver(state)) || (await jobs.unbookedRunSlots(Number.POSITIVE_INFINITY)).length > 0) return false;
  const settledUntil = (await settlements.latest())?.settlement.interval.end ?? Number.NEGATIVE_INFINITY;
  return all.every(({ closedAt = Number.NEGATIVE_INFINITY }) => closedAt < settledUntil);
}
