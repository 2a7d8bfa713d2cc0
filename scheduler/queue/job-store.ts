/**
 * Job store: jobs, their runs and what runs metered, as a port.
 *
 * One `apply` is one transaction: every job change in it names the version it read, and one stale version undoes
 * all of it. A job is durable before `add` resolves; that is what "acknowledged" means. The two judgements every
 * store makes alike (`checkChanges`, `eventOf`) are here; where things are kept is each store's own.
 */
import type { WattHours } from '../../units/quantity.ts';
import { type Instant, type Interval, SLOT } from '../../units/time.ts';
import type { Run } from '../dispatch/lease.ts';
import { type Job, type JobState, transitions } from '../job.ts';

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

/** `stale` names the first job, in the order given, that is unknown or has another version than was read. */
export type Applied = { readonly kind: 'applied' } | { readonly kind: 'stale'; readonly job: string };

export interface JobStore {
  /** Durable before it resolves; the same id again is `known` and changes nothing. */
  add(job: Job): Promise<'added' | 'known'>;
  get(id: string): Promise<Job | undefined>;
  /** Jobs in any of the states (all when omitted), by submission, then id. */
  list(states?: readonly JobState[], limit?: number): Promise<readonly Job[]>;
  /**
   * All of the changes or none; staleness is judged before anything else in the store.
   *
   * @throws RangeError when a job or run is named twice, a state may not follow the stored one, or a slot is not one
   */
  apply(changes: Changes, at: Instant): Promise<Applied>;
  /** Changes of state or reason, by version; the first is the submission. */
  events(job: string): Promise<readonly JobEvent[]>;
  run(id: string): Promise<Run | undefined>;
  /** Runs that are not over, by id. */
  activeRuns(): Promise<readonly Run[]>;
  /** All runs a job ever had, by fence. */
  runsOf(job: string): Promise<readonly Run[]>;
  /** Metered slots that start in the interval, by slot, site, run. */
  runSlots(interval: Interval): Promise<readonly RunSlot[]>;
  /** Metered slots no ledger entry was made of yet and that ended at or before `endedBy`, by slot, site, run. */
  unbookedRunSlots(endedBy: Instant): Promise<readonly RunSlot[]>;
  markBooked(keys: readonly { readonly run: string; readonly slot: Instant }[]): Promise<void>;
  /** Sites' last reports. */
  heard(): Promise<ReadonlyMap<string, { readonly seq: number; readonly at: Instant }>>;
  countByState(): Promise<Readonly<Record<JobState, number>>>;
}

/** The event of a submission. */
export const submission = (job: Job): JobEvent => ({
  job: job.id,
  version: job.version,
  at: job.submittedAt,
  from: undefined,
  to: job.state,
  reason: job.reason,
});

/**
 * The event that a change of a job records; `undefined` when neither state nor reason changed.
 *
 * A state may follow itself (new progress, a new placement). @throws RangeError when it may not follow the stored one.
 */
export function eventOf(stored: Pick<Job, 'state' | 'reason'>, next: Job, at: Instant): JobEvent | undefined {
  if (next.state !== stored.state && !transitions[stored.state].includes(next.state)) {
    throw new RangeError(
      `job ${next.id} may not go from ${stored.state} to ${next.state}; allowed: ${transitions[stored.state].join(', ') || 'nothing'}`,
    );
  }
  if (next.state === stored.state && next.reason === stored.reason) return undefined;
  return { job: next.id, version: next.version, at, from: stored.state, to: next.state, reason: next.reason };
}

/** @throws RangeError when a job or a run is named twice, or a metered slot is off the grid or not in whole Wh ≥ 0. */
export function checkChanges({ jobs = [], runs = [], runSlots = [] }: Changes): void {
  for (const [noun, ids] of [
    ['job', jobs.map(({ id }) => id)],
    ['run', runs.map(({ id }) => id)],
  ] as const) {
    const seen = new Set<string>();
    const twice = ids.find((id) => seen.size === seen.add(id).size);
    if (twice !== undefined) throw new RangeError(`${noun} ${twice} is named twice in one apply; name it once, with its last value`);
  }
  for (const { run, slot, energyWh } of runSlots) {
    if (slot % SLOT !== 0) throw new RangeError(`run ${run} metered ${slot}, which is not the start of a slot`);
    if (!Number.isSafeInteger(energyWh) || energyWh < 0) throw new RangeError(`run ${run} metered ${energyWh}; whole Wh ≥ 0 are allowed`);
  }
}
