/**
 * Job: what a job owner asks for, the states it goes through, and the reasons on the way.
 *
 * A spec is what admission made of a job file (every default filled in, every instant absolute). A job is a spec
 * with a state; states change only along `transitions`, by compare-and-set on `version`, each with a reason.
 */
import type { Kilowatts, Micros } from '../units/quantity.ts';
import type { DurationMs, Instant } from '../units/time.ts';
import type { Placement } from './plan.ts';

/** Prices that turn carbon and waiting into money: the named settings of `optimize` are values of these. */
export interface Weights {
  /** Accounting currency per kg CO2eq. */
  readonly carbonPricePerKg: number;
  /** Accounting currency per hour of waiting. */
  readonly waitPricePerHour: number;
}

/** Input that lies somewhere and must be moved to where the job runs. */
export interface JobData {
  /** GB (10⁹ bytes) > 0. */
  readonly gigabytes: number;
  /** Site id or zone; `undefined` means the job's home site. */
  readonly at: string | undefined;
}

/** A job that runs on 1 to `acceleratorsMax` accelerators and may change their number at each slot. */
export interface Elasticity {
  readonly acceleratorsMax: number;
  /** With a accelerators it is a ** exponent times as fast as with one; 0 < exponent ≤ 1, so each one more gives less. */
  readonly speedExponent: number;
}

/** What an inference job asks of the network: it answers somebody, so it cannot be far away and cannot wait. */
export interface LatencyLimit {
  /** Site id or zone that its requests come from. */
  readonly from: string;
  readonly roundTripMsMax: DurationMs;
}

/** `firm`: a missed deadline is a broken promise and has a price. */
export type JobPromise = 'firm' | 'best-effort';

export interface JobSpec {
  readonly name: string;
  readonly owner: string;
  readonly nodes: number;
  /** Accelerator models that would do; empty means any. */
  readonly accelerators: readonly string[];
  /** Accelerators per node, ≥ 1. */
  readonly acceleratorsPerNode: number;
  readonly envs: Readonly<Record<string, string>>;
  /** Shell script; `undefined` for a traced job that only exists in simulation. */
  readonly run: string | undefined;
  /** How much faster a model runs this job, in (0, 100]; read it with `speedOf`, a model that is not named has speed 1. */
  readonly speeds: Readonly<Record<string, number>>;
  /** Run time the job needs at most at speed 1, on one accelerator if it is elastic; checkpoint restores apart. */
  readonly maxDuration: DurationMs;
  /** Needs nodes and acceleratorsPerNode of 1, and to be interruptible. */
  readonly elastic: Elasticity | undefined;
  readonly data: JobData | undefined;
  /** Draw of the whole job at the accelerator plugs, kW, of an elastic one for each accelerator; `undefined` lets the nameplate say. */
  readonly power: Kilowatts | undefined;
  readonly optimize: 'cost' | 'carbon' | 'surplus' | 'balanced' | 'custom';
  readonly weights: Weights;
  readonly notBefore: Instant;
  readonly deadline: Instant;
  readonly interruptible: boolean;
  /** Given, the job starts at its release or not at all. */
  readonly latency: LatencyLimit | undefined;
  readonly promise: JobPromise;
  /** Most the whole job may cost, micros of the accounting currency. */
  readonly maxPrice: Micros | undefined;
  /** Zone patterns (`eu-*` style globs over zones and site ids). */
  readonly regions: {
    /** `resources.infra`: a limit of its own beside `allow`. */
    readonly within: string | undefined;
    readonly allow: readonly string[];
    readonly deny: readonly string[];
  };
  readonly checkpoint: { readonly every: DurationMs; readonly restoreCost: DurationMs } | undefined;
}

/** How much faster the model runs the job than `maxDuration` says, > 0; 1 when the spec does not name it. */
export const speedOf = ({ speeds }: Pick<JobSpec, 'speeds'>, model: string): number =>
  Object.hasOwn(speeds, model) ? (speeds[model] ?? 1) : 1; // a model may be called `constructor`

/** How fast the job goes on so many accelerators of a model, work done per run time: 1 is what `maxDuration` says. */
export const paceOf = (spec: Pick<JobSpec, 'speeds' | 'elastic'>, model: string, accelerators: number): number =>
  speedOf(spec, model) * (spec.elastic ? accelerators ** spec.elastic.speedExponent : 1);

export const jobStates = ['QUEUED', 'AWAITING', 'SCHEDULED', 'RUNNING', 'PAUSED', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'EXPIRED'] as const;
export type JobState = (typeof jobStates)[number];

/** Where each state may go. QUEUED: stored; AWAITING: planned for later, or not yet placeable; SCHEDULED: leased; PAUSED: waits at a checkpoint. */
export const transitions: Readonly<Record<JobState, readonly JobState[]>> = {
  QUEUED: ['AWAITING', 'SCHEDULED', 'CANCELLED', 'EXPIRED'],
  AWAITING: ['AWAITING', 'SCHEDULED', 'CANCELLED', 'EXPIRED'],
  SCHEDULED: ['RUNNING', 'QUEUED', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'EXPIRED'],
  RUNNING: ['PAUSED', 'QUEUED', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'EXPIRED'],
  PAUSED: ['QUEUED', 'SCHEDULED', 'RUNNING', 'CANCELLED', 'EXPIRED'],
  SUCCEEDED: [],
  FAILED: [],
  CANCELLED: [],
  EXPIRED: [],
};

export const isOver = (state: JobState): boolean => transitions[state].length === 0;

export interface Job {
  readonly id: string;
  readonly spec: JobSpec;
  readonly submittedAt: Instant;
  /** The site it would have had if started at submission: the counterfactual's place, fixed at admission. */
  readonly homeSite: string;
  readonly state: JobState;
  readonly reason: string;
  /** Counts changes; every write names the version it read. */
  readonly version: number;
  /** What the newest plan believes; `undefined` until first placed. */
  readonly placement: Placement | undefined;
  /** Highest fence ever issued; the next lease carries one more. */
  readonly fence: number;
  /** Runs that failed or were lost; a run that was stopped at a checkpoint is neither. */
  readonly failures: number;
  /** Run time already done and checkpointed, ms of `maxDuration`. */
  readonly progress: DurationMs;
  /** By site: when its data are there, or will be; they stay until the job is over. Absent until they are first moved. */
  readonly staged?: Readonly<Record<string, Instant>> | undefined;
  readonly startedAt: Instant | undefined;
  /** When the work ended, by the agent's clock. */
  readonly endedAt: Instant | undefined;
  /** When the scheduler knew that the job was over: decides the period it is settled in. */
  readonly closedAt: Instant | undefined;
}

/** When the job's data are at a site to which they were moved; `undefined` when they never were. */
export const stagedAtOf = ({ staged }: Pick<Job, 'staged'>, { id }: { readonly id: string }): Instant | undefined =>
  staged && Object.hasOwn(staged, id) ? staged[id] : undefined;

/** Run time the job still needs at a pace, ms ≥ 1: what is not yet done, plus the restore when it goes on from a checkpoint. */
export const remainingOf = ({ spec, progress }: Pick<Job, 'spec' | 'progress'>, pace = 1): DurationMs =>
  Math.max(1, Math.ceil((spec.maxDuration - progress) / pace)) + (progress > 0 ? (spec.checkpoint?.restoreCost ?? 0) : 0);
