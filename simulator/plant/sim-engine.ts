/**
 * Simulated engine: runs that take exactly the run time they still need, on any clock.
 *
 * An `Executor` without processes. A run that is stopped keeps its progress, and none fails: what may go wrong is
 * `hazard-engine.ts`'s. Nothing happens between questions: a run's end is computed, not awaited.
 */
import { EXIT_CHECKPOINTED, type Executor, ExecutorFault, type WorkOrder, type WorkState } from '../../scheduler/agent/executor.ts';
import type { Clock } from '../../units/clock.ts';
import type { Instant } from '../../units/time.ts';

interface SimRun {
  readonly order: WorkOrder;
  readonly startedAt: Instant;
  /** When it ends by itself. */
  readonly end: Instant;
  stoppedAt: Instant | undefined;
}

/** Runs that are over and still remembered; an agent asks within a beat or two. */
const RUNS_REMEMBERED_MAX = 10_000;

/** An executor on the given clock; runs succeed after exactly `remaining`. */
export function createSimEngine(clock: Clock): Executor {
  const runs = new Map<string, SimRun>();
  const aliveOf = new Map<string, string>(); // job → its newest run

  const stateOf = ({ order, startedAt, end, stoppedAt }: SimRun, now: Instant): WorkState => {
    if (stoppedAt !== undefined) {
      const progress = stoppedAt - startedAt;
      return { kind: 'exited', code: EXIT_CHECKPOINTED, progress, startedAt, endedAt: stoppedAt, detail: 'stopped' };
    }
    if (now < end) return { kind: 'running', progress: now - startedAt, startedAt };
    return { kind: 'exited', code: 0, progress: order.remaining, startedAt, endedAt: end, detail: 'done' };
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
      const startedAt = clock.now();
      runs.set(order.run, { order, startedAt, end: startedAt + order.remaining, stoppedAt: undefined });
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
