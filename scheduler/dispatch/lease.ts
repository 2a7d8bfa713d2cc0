/**
 * Lease: the right to run one job at one site until an instant, with a fencing token; and the run it gives rise to.
 *
 * A fence only ever grows per job. Whoever holds an older one has lost the right, whatever it believes. An agent
 * whose lease is not renewed stops the job by `until`; the scheduler gives the job away only after `until`.
 */
import type { WattHours } from '../../units/quantity.ts';
import type { DurationMs, Instant } from '../../units/time.ts';
import type { PriceStep } from '../plan.ts';

export interface Lease {
  /** `<job>#<fence>`: names the run. */
  readonly run: string;
  readonly job: string;
  readonly fence: number;
  readonly site: string;
  readonly model: string;
  readonly accelerators: number;
  /** Nameplate draw at the grid connection while running, kW: what is metered where no meter is, and the most that is believed. */
  readonly drawKw: number;
  /** Run time still needed, ms. */
  readonly remaining: DurationMs;
  readonly script: string | undefined;
  readonly envs: Readonly<Record<string, string>>;
  readonly until: Instant;
}

export type RunState = 'leased' | 'running' | 'succeeded' | 'failed' | 'checkpointed' | 'lost';
export const isRunOver = (state: RunState): boolean => state !== 'leased' && state !== 'running';

/** What a site's agent says of a run; signed by the site's key inside a `Report`. */
export interface RunReport {
  readonly run: string;
  readonly state: Exclude<RunState, 'leased'>;
  /** Run time done and safe in a checkpoint (or finished), ms. */
  readonly progress: DurationMs;
  /** Metered energy of slots that are over or of a run that is over; each (run, slot) is final when reported. */
  readonly metered: readonly { readonly slot: Instant; readonly energyWh: WattHours }[];
  readonly detail: string;
  /** When the run ended, by the agent's clock; absent while it runs. */
  readonly endedAt?: Instant | undefined;
}

/** One message of an agent: heartbeat and news in one. Numbered, spooled and repeated until its receipt comes. */
export interface Report {
  readonly site: string;
  readonly seq: number;
  readonly at: Instant;
  readonly runs: readonly RunReport[];
  readonly signature: string;
}

/** What a scheduler answers to a report: it is stored, and these leases go on until those instants. */
export interface ReportReceipt {
  readonly site: string;
  readonly seq: number;
  readonly renewals: readonly { readonly run: string; readonly until: Instant }[];
  /** Runs the agent must stop: their lease is over, whatever it thinks. */
  readonly stop: readonly string[];
}

export interface Run {
  readonly id: string;
  readonly job: string;
  readonly fence: number;
  readonly site: string;
  readonly model: string;
  readonly accelerators: number;
  readonly drawKw: number;
  /** The most its hardware can draw at the grid connection, kW: what a slot may report (law 2), whatever power was stated. */
  readonly ceilingKw: number;
  readonly state: RunState;
  readonly leasedAt: Instant;
  readonly until: Instant;
  /** End of the slots it was given, for the planner's books. */
  readonly plannedEnd: Instant;
  /** Run time it was leased for, ms: what its accelerators are charged at most; absent in runs made before prices were paid. */
  readonly remaining?: DurationMs | undefined;
  /** What it agreed to pay when it was leased; absent in runs made before prices were paid. */
  readonly prices?: readonly PriceStep[] | undefined;
  /** Run time of it that its agent last said is safe, ms; absent until it said so. */
  readonly progress?: DurationMs | undefined;
  readonly endedAt: Instant | undefined;
  readonly reason: string;
}
