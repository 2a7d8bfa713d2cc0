/**
 * Process engine: jobs as child processes of this machine, each on a leash and in a folder of its own.
 *
 * Owns the job folders: checkpoints, the `progress` file a job may write there (a fraction 0 to 1 of the whole job,
 * written after the checkpoint it speaks of), a bounded `log`, and the `pid` note by which a next life finds and kills
 * what this one left. A job without a `progress` file vouches for its run time only by exiting 0 or 143. No job is
 * ever alive twice here. CPU and memory are not confined: that is what Slurm and Kubernetes are for.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import type { Clock } from '../../units/clock.ts';
import type { DurationMs, Instant } from '../../units/time.ts';
import { EXIT_CHECKPOINTED, type Executor, ExecutorFault, type WorkOrder, type WorkState } from './executor.ts';
import { GRACE_MS, type Leashed, signalGroup, spawnLeashed } from './process-leash.ts';
import { markDone, removeOldest, unmarkDone } from './process-retention.ts';

/** A log that grows past this is moved to `log.1`, over the older one: a job keeps at most twice this, bytes. */
export const LOG_BYTES_MAX = 1_048_576;
/** Runs that are over and still remembered; an agent asks within a beat or two. */
const RUNS_REMEMBERED_MAX = 1_000;

export interface ProcessEngineOptions {
  /** Holds one folder per job. */
  readonly folder: string;
  /** What progress and ends are counted on: the wall's when live, the demonstration's when time is fast. */
  readonly clock: Clock;
  /** From SIGTERM to SIGKILL, wall ms. */
  readonly graceMs?: number;
  /** Given to every job, under the job's own `envs`; nothing of our environment but PATH is. */
  readonly env?: Readonly<Record<string, string>>;
  readonly log?: (line: string) => void;
}

interface ProcessRun {
  readonly order: WorkOrder;
  readonly startedAt: Instant;
  readonly leashed: Leashed;
  readonly done: Promise<void>;
  /** The job's own fraction when this run began. */
  readonly fractionAtStart: number;
  stopped: boolean;
  exit: Extract<WorkState, { kind: 'exited' }> | undefined;
}

/** An executor on this machine; at creation it kills what a previous life left alive in the folder. */
export function createProcessEngine(options: ProcessEngineOptions): Executor {
  const { clock, graceMs = GRACE_MS, env = {}, log } = options;
  const folder = resolve(options.folder);
  mkdirSync(folder, { recursive: true });
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory() && killLeftover(join(folder, entry.name))) log?.(`${entry.name}: killed what a previous life left running`);
  const runs = new Map<string, ProcessRun>();
  let closing = false;

  const begin = (order: WorkOrder): ProcessRun => {
    const cwd = folderOf(folder, order);
    mkdirSync(cwd, { recursive: true });
    unmarkDone(cwd);
    const [fractionAtStart, startedAt] = [fractionIn(cwd) ?? 0, clock.now()];
    const leashed = spawnLeashed('/bin/sh', ['-c', order.script ?? ''], {
      cwd,
      graceMs,
      onOutput: (chunk) => appendBounded(join(cwd, 'log'), chunk),
      env: {
        PATH: process.env['PATH'],
        ...env,
        ...order.envs,
        SUNWARD_CHECKPOINT_DIR: cwd,
        SUNWARD_JOB: order.job,
        SUNWARD_RUN: order.run,
      },
    });
    writeFileSync(join(cwd, 'pid'), JSON.stringify({ run: order.run, pid: leashed.pid, startTime: startTimeOf(leashed.pid) }));
    const run: ProcessRun = {
      order,
      startedAt,
      leashed,
      fractionAtStart,
      stopped: false,
      exit: undefined,
      done: leashed.exited.then(({ code, signal }) => {
        const exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
        const endedAt = clock.now();
        const progress = progressAtExit(run, cwd, exitCode, endedAt);
        run.exit = {
          kind: 'exited',
          code: exitCode,
          progress,
          startedAt: run.startedAt,
          endedAt,
          detail: signal ? `ended by ${signal}` : `exit code ${exitCode}`,
        };
        rmSync(join(cwd, 'pid'), { force: true });
        if (exitCode !== 0 || run.stopped) return;
        markDone(cwd);
        removeOldest(folder);
      }),
    };
    return run;
  };
  const stop = async (run: ProcessRun | undefined) => {
    if (!run || run.exit) return;
    run.stopped = true;
    await run.leashed.stop();
    await run.done;
  };
  return {
    name: 'child processes',
    async start(order) {
      if (runs.has(order.run)) return;
      if (closing) throw new ExecutorFault(order.run, 'the engine is closing');
      if (order.script === undefined) throw new ExecutorFault(order.run, 'a traced job has no script to run');
      for (const { order: other, exit } of runs.values())
        if (other.job === order.job && !exit) throw new ExecutorFault(order.run, `${other.run} of the same job is alive`);
      runs.set(order.run, begin(order));
      for (const [id, { exit }] of runs) {
        if (runs.size <= RUNS_REMEMBERED_MAX) break;
        if (exit) runs.delete(id);
      }
    },
    state: (id) => {
      const run = runs.get(id);
      if (!run) return { kind: 'unknown' };
      return run.exit ?? { kind: 'running', progress: fractionProgress(run, folderOf(folder, run.order)) ?? 0, startedAt: run.startedAt };
    },
    stop: (id) => stop(runs.get(id)),
    async close() {
      closing = true;
      await Promise.all([...runs.values()].map(stop));
    },
  };
}

/** A job's folder; names that could lead out of ours are a fault. */
function folderOf(folder: string, { run, job }: WorkOrder): string {
  if (!/^[A-Za-z0-9][\w.-]{0,127}$/.test(job)) throw new ExecutorFault(run, `the job's name cannot name a folder: ${JSON.stringify(job)}`);
  return join(folder, job);
}

function fractionIn(cwd: string): number | undefined {
  try {
    const fraction = Number.parseFloat(readFileSync(join(cwd, 'progress'), 'utf8'));
    return fraction >= 0 && fraction <= 1 ? fraction : undefined;
  } catch {
    return undefined; // a job need not write one
  }
}

/** Run time of this run that the job's `progress` file vouches for, ms; `undefined` without a file. */
function fractionProgress({ order, fractionAtStart }: ProcessRun, cwd: string): DurationMs | undefined {
  const fraction = fractionIn(cwd);
  if (fraction === undefined) return undefined;
  const done = fractionAtStart < 1 ? Math.max(0, fraction - fractionAtStart) / (1 - fractionAtStart) : 1;
  return Math.floor(order.remaining * done);
}

function progressAtExit(run: ProcessRun, cwd: string, code: number, endedAt: Instant): DurationMs {
  if (code === 0 && !run.stopped) return run.order.remaining;
  const elapsed = Math.min(run.order.remaining, endedAt - run.startedAt);
  const vouched = code === 0 || code === EXIT_CHECKPOINTED ? elapsed : 0;
  return fractionProgress(run, cwd) ?? vouched;
}

function appendBounded(path: string, chunk: Buffer): void {
  appendFileSync(path, chunk);
  if (statSync(path).size > LOG_BYTES_MAX) renameSync(path, `${path}.1`);
}

/** When a process started, in whatever words this system has: tells a process from a later one of the same number. */
function startTimeOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19]; // field 22, in ticks since boot
  } catch {
    try {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    } catch {
      return undefined; // no such process
    }
  }
}

/** Kills the group noted in a job's folder if it is still the one that was started; true when it was. */
function killLeftover(cwd: string): boolean {
  const path = join(cwd, 'pid');
  try {
    const { pid, startTime } = JSON.parse(readFileSync(path, 'utf8')) as { pid: number; startTime: string | undefined };
    if (!Number.isInteger(pid) || pid <= 1 || startTime === undefined || startTimeOf(pid) !== startTime) return false;
    return signalGroup(pid, 'SIGKILL');
  } catch {
    return false; // no note: nothing was running when the last life ended
  } finally {
    rmSync(path, { force: true });
  }
}
