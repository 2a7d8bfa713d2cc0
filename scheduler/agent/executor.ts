/**
 * Executor: what actually runs a job at a site, as a port (child processes, a simulated engine, later Slurm and Kubernetes).
 *
 * Starting is idempotent by run id. A run that the executor does not know is not running: that is what a restarted
 * agent relies on.
 */
import type { DurationMs, Instant } from '../../units/time.ts';

export interface WorkOrder {
  /** `<job>#<fence>`. */
  readonly run: string;
  readonly job: string;
  readonly script: string | undefined;
  readonly envs: Readonly<Record<string, string>>;
  /** Run time still needed by the spec, ms. */
  readonly remaining: DurationMs;
}

/**
 * What an executor knows of a run. `progress` is run time of *this run*, ms in [0, remaining], that survives if the
 * run ends now: vouched for by a checkpoint, or finished. `startedAt` and `endedAt` are on the executor's clock.
 */
export type WorkState =
  | { readonly kind: 'running'; readonly progress: DurationMs; readonly startedAt: Instant }
  | {
      readonly kind: 'exited';
      readonly code: number;
      readonly progress: DurationMs;
      readonly startedAt: Instant;
      readonly endedAt: Instant;
      readonly detail: string;
    }
  | { readonly kind: 'unknown' };

/** Exit code of a job that saved a checkpoint on SIGTERM (128 + 15). */
export const EXIT_CHECKPOINTED = 143;

/** The run cannot be started here. */
export class ExecutorFault extends Error {
  readonly run: string;
  constructor(run: string, what: string, cause?: unknown) {
    super(`${run}: ${what}`, { cause });
    this.name = 'ExecutorFault';
    this.run = run;
  }
}

export interface Executor {
  /** Human name for the parts table: `child processes`, `simulated`. */
  readonly name: string;
  /** @throws ExecutorFault when the run cannot start, or another run of the same job is alive (law 10). */
  start(order: WorkOrder): Promise<void>;
  state(run: string): WorkState;
  /**
   * SIGTERM, then the checkpoint grace, then SIGKILL; resolves when nothing of the run is alive.
   * The state afterwards is `exited`; exit code 143 (or 0 after SIGTERM) with a checkpoint counts as checkpointed.
   */
  stop(run: string): Promise<void>;
  /** Stops everything; used at shutdown. */
  close(): Promise<void>;
}
