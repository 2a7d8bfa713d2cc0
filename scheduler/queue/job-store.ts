/**
 * Job store: jobs, their runs and what runs metered, as a port.
 *
 * One `apply` is one transaction: every job change in it names the version it read, and one stale version undoes
 * all of it. A job is durable before `add` resolves; that is what "acknowledged" means.
 */
import type { WattHours } from '../../units/quantity.ts';
import type { Instant, Interval } from '../../units/time.ts';
import type { Run } from '../dispatch/lease.ts';
import type { Job, JobState } from '../job.ts';

export interface JobEvent {
  readonly job: string;
  readonly version: number;
  readonly at: Instant;
  readonly from: JobState | undefined;
  readonly to: JobState;
  readonly reason: string;
}

/** Metered energy of one run in one slot, as reported under a valid signature and fence. */
export interface RunSlot {
  readonly run: string;
  readonly job: string;
  readonly site: string;
  readonly slot: Instant;
  readonly energyWh: WattHours;
  readonly reportedAt: Instant;
}

export interface Changes {
  /** The next value of each job, whose `version` is one more than the one that was read. */
  readonly jobs?: readonly Job[];
  readonly runs?: readonly Run[];
  /** Idempotent by (run, slot): the first report stands. */
  readonly runSlots?: readonly RunSlot[];
  /** Highest report number taken from a site's agent, and when. */
  readonly heard?: { readonly site: string; readonly seq: number; readonly at: Instant };
}

export interface JobStore {
  /** Durable before it resolves; the same id again is `known` and changes nothing. */
  add(job: Job): Promise<'added' | 'known'>;
  get(id: string): Promise<Job | undefined>;
  /** Jobs in any of the states (all when omitted), by submission, then id. */
  list(states?: readonly JobState[], limit?: number): Promise<readonly Job[]>;
  apply(changes: Changes, at: Instant): Promise<{ readonly kind: 'applied' } | { readonly kind: 'stale'; readonly job: string }>;
  events(job: string): Promise<readonly JobEvent[]>;
  run(id: string): Promise<Run | undefined>;
  /** Runs that are not over, by id. */
  activeRuns(): Promise<readonly Run[]>;
  runsOf(job: string): Promise<readonly Run[]>;
  /** Metered slots in the interval, by slot, site, run. */
  runSlots(interval: Interval): Promise<readonly RunSlot[]>;
  /** Metered slots no ledger entry was made of yet and that ended at or before `endedBy`, by slot, site, run. */
  unbookedRunSlots(endedBy: Instant): Promise<readonly RunSlot[]>;
  markBooked(keys: readonly { readonly run: string; readonly slot: Instant }[]): Promise<void>;
  /** Sites' last reports. */
  heard(): Promise<ReadonlyMap<string, { readonly seq: number; readonly at: Instant }>>;
  countByState(): Promise<Readonly<Record<JobState, number>>>;
}
