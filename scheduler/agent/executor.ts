/**
 * Executor: what actually runs a job at a site, as a port (child processes, a simulated engine, later Slurm and Kubernetes).
 *
 * Starting is idempotent by run id. A run that the executor does not know is not running: that is what a restarted
 * agent relies on.
 */
import type { DurationMs } from '../../units/time.ts';

export interface WorkOrder {
  /** `<job>#<fence>`. */
  readonly run: string;
  readonly job: string;
  readonly script: string | undefined;
  readonly envs: Readonly<Record<string, string>>;
  /** Run time still needed by the spec, ms. */
  readonly remaining: DurationMs;
}

export type WorkState =
  | { readonly kind: 'running'; readonly progress: DurationMs }
  | { readonly kind: 'exited'; readonly code: number; readonly progress: DurationMs; readonly detail: string }
  | { readonly kind: 'unknown' };

export interface Executor {
  /** Human name for the parts table: `child processes`, `simulated`. */
  readonly name: string;
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
