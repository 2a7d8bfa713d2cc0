/**
 * Simulated engine: runs that take exactly the run time they still need, on any clock.
 *
 * An `Executor` without processes. A run that is stopped keeps its progress, whole checkpoint intervals of it if an
 * interval is given. Nothing happens between questions: a run's end is computed, not awaited.
 */
import { EXIT_CHECKPOINTED, type Executor, ExecutorFault, type WorkOrder, type WorkState } from '../../scheduler/agent/executor.ts';
import type { Clock } from '../../units/clock.ts';
import type { DurationMs, Instant } from '../../units/time.ts';

export interface SimEngineOptions {
  /** Progress that survives a stop comes in whole intervals of this, ms; without it all progress survives. */
  readonly checkpointEvery?: DurationMs;
  /** Chance that a run fails half way; 0 unless told. Needs `random`. */
  readonly failureProbability?: number;
  /** Uniform in [0, 1), seeded by the scenario. */
  readonly random?: () => number;
}

interface SimRun {
  readonly order: WorkOrder;
  readonly startedAt: Instant;
  /** When it ends by itself, and how. */
  readonly end: Instant;
  readonly code: number;
  stoppedAt: Instant | undefined;
}

/** Runs that are over and still remembered; an agent asks within a beat or two. */
const RUNS_REMEMBERED_MAX = 10_000;

/** An executor on the given clock; runs succeed after exactly `remaining`, or fail half way by the seeded chance. */
export function createSimEngine(clock: Clock, options: SimEngineOptions = {}): Executor {
  const { checkpointEvery, failureProbability = 0, random } = options;
  if (failureProbability > 0 && !random) throw new RangeError('a failure probability needs a seeded random');
  const runs = new Map<string, SimRun>();
  const aliveOf = new Map<string, string>(); // job → its newest run

  const safe = (duration: DurationMs) => (checkpointEvery ? Math.floor(duration / checkpointEvery) * checkpointEvery : duration);
  const stateOf = ({ order, startedAt, end, code, stoppedAt }: SimRun, now: Instant): WorkState => {
    if (stoppedAt !== undefined) {
      const progress = safe(stoppedAt - startedAt);
      return { kind: 'exited', code: EXIT_CHECKPOINTED, progress, startedAt, endedAt: stoppedAt, detail: 'stopped' };
    }
    if (now < end) return { kind: 'running', progress: safe(now - startedAt), startedAt };
    if (code === 0) return { kind: 'exited', code, progress: order.remaining, startedAt, endedAt: end, detail: 'done' };
    return { kind: 'exited', code, progress: safe(end - startedAt), startedAt, endedAt: end, detail: 'failed by chance' };
  };
  const stop = async (id: string) => {
    const run = runs.get(id);
    if (run && stateOf(run, clock.now()).kind === 'running') run.stoppedAt = clock.now();
  };
  return {
    name: 'simulated',
    async start(order) {
      if (runs.has(order.run)) return;
      const other = runs.get(aliveOf.get(order.job) ?? '');
      if (other && stateOf(other, clock.now()).kind === 'running')
        throw new ExecutorFault(order.run, `${other.order.run} of the same job is alive`);
      const fails = failureProbability > 0 && (random?.() ?? 1) < failureProbability;
      const startedAt = clock.now();
      const end = startedAt + (fails ? Math.floor(order.remaining / 2) : order.remaining);
      runs.set(order.run, { order, startedAt, end, code: fails ? 1 : 0, stoppedAt: undefined });
      aliveOf.set(order.job, order.run);
      for (const [id, old] of runs) {
        if (runs.size <= RUNS_REMEMBERED_MAX) break;
        if (stateOf(old, startedAt).kind === 'running') continue;
        runs.delete(id);
        if (aliveOf.get(old.order.job) === id) aliveOf.delete(old.order.job);
      }
    },
    state: (id) => {
      const run = runs.get(id);
      return run ? stateOf(run, clock.now()) : { kind: 'unknown' };
    },
    stop,
    close: async () => {
      for (const id of runs.keys()) await stop(id);
    },
  };
}
