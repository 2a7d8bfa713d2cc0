/**
 * Hazard engine: an executor whose accelerators fail and whose power may go; it wraps any other.
 *
 * Each accelerator fails at random (exponential, by a die of the run's own), and one failure ends the whole run. Power
 * that goes ends every run at that instant. Either way the run falls back to its last whole checkpoint, or to nothing if
 * its job makes none; a run that is stopped in order saves first. Knows what each run draws, for the meter at the grid.
 */
import type { Site } from '../../energy-oracle/site.ts';
import { type Executor, ExecutorFault, type WorkState } from '../../scheduler/agent/executor.ts';
import type { Clock } from '../../units/clock.ts';
import type { Kilowatts } from '../../units/quantity.ts';
import { DAY, type DurationMs, type Instant, type Interval, overlap } from '../../units/time.ts';
import { randomStream } from '../kernel/random.ts';
import { exponential } from './outages.ts';
import { acceleratorsKw, type IdleAccelerators } from './power-balance.ts';

/** What the plant knows of a run that its work order does not say. */
export interface RunNature {
  readonly model: string;
  readonly accelerators: number;
  /** Run time between checkpoints; `undefined` when the job makes none. */
  readonly checkpointEvery: DurationMs | undefined;
  /** Run time that the run begins with to restore what was saved. */
  readonly restore: DurationMs;
}

export interface HazardEngine extends Executor {
  /** The power goes: everything that runs here ends now. */
  cutPower(): Promise<void>;
  /** Draw of all accelerators over an interval that is over, at the site's connection. O(runs remembered). */
  drawKw(interval: Interval, idle: IdleAccelerators): Kilowatts;
}

interface Run {
  readonly nature: RunNature;
  readonly startedAt: Instant;
  readonly failsAt: Instant;
  cutAt: Instant | undefined;
}

/** Exit codes of work that was killed: by its failing hardware, and with its machine (128 + SIGKILL). */
const codes = { failed: 1, cut: 137 } as const;
/** Runs that are over are remembered for so long: the meter asks within minutes, the agent within a beat or two. */
const rememberedMs: DurationMs = DAY;

export function createHazardEngine({
  executor,
  clock,
  site,
  seed,
  meanTimeToFailure,
  natureOf,
}: {
  readonly executor: Executor;
  readonly clock: Clock;
  readonly site: Site;
  readonly seed: number;
  /** Of one accelerator, ms; `undefined` never. */
  readonly meanTimeToFailure: DurationMs | undefined;
  /** `undefined` for a run that nobody knows: it is not started. */
  readonly natureOf: (run: string, job: string) => Promise<RunNature | undefined>;
}): HazardEngine {
  const runs = new Map<string, Run>();
  const failsAfter = (run: string, accelerators: number): DurationMs =>
    meanTimeToFailure === undefined
      ? Number.POSITIVE_INFINITY
      : exponential(meanTimeToFailure / accelerators, randomStream(seed, `failure/${site.id}/${run}`).uniform());

  /** When the run was killed; `undefined` when it lives or was over by itself. What is buried ends below at the same instant. */
  const killedAt = ({ failsAt, cutAt }: Run, seen: WorkState, now: Instant): Instant | undefined => {
    const at = Math.min(failsAt, cutAt ?? Number.POSITIVE_INFINITY);
    const wasOver = seen.kind === 'exited' && (seen.endedAt < at || (seen.endedAt === at && seen.code === 0));
    return at > now || wasOver ? undefined : at;
  };
  const stateOf = (id: string, now: Instant): WorkState => {
    const seen = executor.state(id);
    const run = runs.get(id);
    if (!run || seen.kind === 'unknown') return seen;
    const { nature, startedAt, failsAt } = run;
    const endedAt = killedAt(run, seen, now);
    if (endedAt !== undefined) {
      const detail = endedAt === failsAt ? 'an accelerator failed' : 'the site lost its power';
      const code = endedAt === failsAt ? codes.failed : codes.cut;
      return { kind: 'exited', code, progress: savedAfter(endedAt - startedAt, nature), startedAt, endedAt, detail };
    }
    if (seen.kind === 'running') return { ...seen, progress: Math.min(seen.progress, savedAfter(seen.progress, nature)) };
    return seen.code === 0 || nature.checkpointEvery !== undefined ? seen : { ...seen, progress: 0 };
  };
  /** Whatever was killed here is not alive there. */
  const bury = async (now: Instant) => {
    for (const id of runs.keys()) if (executor.state(id).kind === 'running' && stateOf(id, now).kind === 'exited') await executor.stop(id);
    for (const [id] of runs) {
      const state = stateOf(id, now);
      if (state.kind === 'unknown' || (state.kind === 'exited' && state.endedAt < now - rememberedMs)) runs.delete(id);
    }
  };
  return {
    name: executor.name,
    async start(order) {
      if (runs.has(order.run)) return;
      const now = clock.now();
      await bury(now);
      const nature = await natureOf(order.run, order.job);
      if (!nature) throw new ExecutorFault(order.run, 'nobody knows this run');
      await executor.start(order);
      runs.set(order.run, { nature, startedAt: now, failsAt: now + failsAfter(order.run, nature.accelerators), cutAt: undefined });
    },
    state: (id) => {
      const state = stateOf(id, clock.now());
      if (state.kind === 'exited' && executor.state(id).kind === 'running') void executor.stop(id); // what was killed is not alive below
      return state;
    },
    stop: async (id) => {
      const run = runs.get(id);
      if (run && stateOf(id, clock.now()).kind !== 'running') return bury(clock.now());
      await executor.stop(id);
    },
    async cutPower() {
      const now = clock.now();
      for (const [id, run] of runs) if (stateOf(id, now).kind === 'running') run.cutAt = now;
      await bury(now);
    },
    drawKw: (interval, idle) => {
      const held = new Map<string, number>();
      for (const [id, { nature, startedAt }] of runs) {
        const state = stateOf(id, clock.now());
        const end = state.kind === 'exited' ? state.endedAt : interval.end;
        const share = overlap(interval, { start: startedAt, end: Math.max(startedAt, end) }) / (interval.end - interval.start);
        if (share > 0) held.set(nature.model, (held.get(nature.model) ?? 0) + share * nature.accelerators);
      }
      return acceleratorsKw(site, held, idle);
    },
    close: () => executor.close(),
  };
}

/** What survives of run time that was cut short: the restore it began with, and whole checkpoint intervals after it. */
function savedAfter(runTime: DurationMs, { checkpointEvery, restore }: RunNature): DurationMs {
  if (checkpointEvery === undefined || runTime < restore) return 0;
  return restore + Math.floor((runTime - restore) / checkpointEvery) * checkpointEvery;
}
