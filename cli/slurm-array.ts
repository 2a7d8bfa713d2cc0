/**
 * Slurm array: the unfinished cells of a sweep as tasks of one sbatch array, and the waiting for their files.
 *
 * The array's name is made of its cells, so that the same sweep finds the array that is still queued and never submits it
 * twice. What counts is the file of a cell, not what Slurm says of a task: a file is the same file on every node.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { CellStore } from './cell-store.ts';
import type { Cell, CellPlan } from './cells.ts';

const run = promisify(execFile);

/** Slurm that is not there, refuses, or ended an array with cells missing. */
export class SlurmFault extends Error {
  override readonly name = 'SlurmFault';
}

export interface SlurmArrayOptions {
  readonly plan: CellPlan;
  readonly pending: readonly Cell[];
  readonly store: CellStore;
  /** Absolute, and on a file system that every node sees. */
  readonly folder: string;
  readonly clairvoyant: boolean;
  readonly submitOnly: boolean;
  /** More arguments of sbatch, such as `--partition=long`. */
  readonly sbatch: readonly string[];
  readonly say: (line: string) => void;
  readonly finished: (cell: Cell) => void;
  readonly stop: AbortSignal;
}

/** An array has no more tasks (Slurm's MaxArraySize is 1001 unless an operator raised it); of more cells each task runs several. */
export const tasksMax = 1_000;
const pollMs = 2_000;
/** Files of a shared file system may be seen this many polls after their task is over. */
const latePolls = 5;

const sunward = join(import.meta.dirname, 'sunward.mjs');
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** The batch script of an array: each task runs its cells with the `sunward` that wrote it. */
export function arrayScript(
  { file, scenario, cells }: CellPlan,
  pending: readonly Cell[],
  { folder, clairvoyant }: { readonly folder: string; readonly clairvoyant: boolean },
): string {
  const tasks = Math.min(cells.length, tasksMax);
  const ids = [...new Set(pending.map(({ index }) => index % tasks))].sort((a, b) => a - b);
  return [
    '#!/bin/sh',
    `#SBATCH --job-name=${arrayName(scenario.name, cells)}`,
    `#SBATCH --array=${ranges(ids)}`,
    '#SBATCH --ntasks=1',
    '#SBATCH --cpus-per-task=1',
    `#SBATCH --output="${join(folder, 'slurm', '%A_%a.log')}"`,
    `exec ${[process.execPath, sunward, 'sim', 'cell', resolve(file)].map(quoted).join(' ')} "$SLURM_ARRAY_TASK_ID" \\`,
    `  --of ${tasks} --out ${quoted(folder)}${clairvoyant ? ' --clairvoyant' : ''}`,
    '',
  ].join('\n');
}

/** The same for the same sweep, however many of its cells are finished. */
const arrayName = (name: string, cells: readonly Cell[]): string =>
  `sunward-${name}-${createHash('sha256')
    .update(cells.map(({ key }) => key).join())
    .digest('hex')
    .slice(0, 12)}`;

/** Whole numbers in order as Slurm writes them: `0-3,7`. */
function ranges(ids: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const id of ids) {
    const last = parts.at(-1);
    if (last && last[1] === id - 1) last[1] = id;
    else parts.push([id, id]);
  }
  return parts.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join();
}

async function slurm(command: string, ...argv: string[]): Promise<string> {
  try {
    return (await run(command, argv)).stdout.trim();
  } catch (cause) {
    const { code, stderr, message } = cause as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT') throw new SlurmFault(`no ${command} in PATH; --engine slurm is for machines that submit to Slurm`, { cause });
    throw new SlurmFault(`${command} failed: ${(stderr || message).trim()}`, { cause });
  }
}

async function submit({ plan, pending, folder, clairvoyant, sbatch }: SlurmArrayOptions): Promise<string> {
  const script = join(folder, 'slurm', 'array.sh');
  writeFileSync(script, arrayScript(plan, pending, { folder, clairvoyant }));
  const printed = await slurm('sbatch', '--parsable', ...sbatch, script);
  const [, job] = /^(\d+)(;|$)/m.exec(printed) ?? []; // `;cluster` follows where there are several
  if (job === undefined) throw new SlurmFault(`sbatch printed ${JSON.stringify(printed)}; expected the id of a job`);
  return job;
}

/** Whether a job has tasks that are queued or run; Slurm forgets those that are over some minutes later. */
async function isListed(job: string): Promise<boolean> {
  try {
    return (await slurm('squeue', '--noheader', '--format=%i', `--jobs=${job}`)) !== '';
  } catch (fault) {
    if (fault instanceof SlurmFault && /Invalid job id/.test(fault.message)) return false;
    throw fault;
  }
}

/** Hands over what is not finished and waits for it, unless it is not to wait. @throws SlurmFault */
export async function slurmArray(options: SlurmArrayOptions): Promise<'run' | 'handed over'> {
  const { plan, pending, folder, submitOnly, say, stop } = options;
  mkdirSync(join(folder, 'slurm'), { recursive: true });
  const queued = await slurm('squeue', '--noheader', '--format=%A', '--me', `--name=${arrayName(plan.scenario.name, plan.cells)}`);
  const job = queued.split('\n')[0] || (await submit(options));
  say(`Slurm job ${job}: ${pending.length} cells; logs in ${join(folder, 'slurm')}; scancel ${job} ends it`);
  if (submitOnly) return 'handed over';
  const left = new Map(pending.map((cell) => [cell.index, cell]));
  for (let late = 0; left.size > 0; ) {
    if (stop.aborted) {
      say(`Slurm job ${job} goes on; the same command waits for it again`);
      return 'handed over';
    }
    const isQueued = await isListed(job); // asked before the files are looked at: what ends in between is seen
    for (const cell of [...left.values()]) {
      if (options.store.read(cell) === undefined) continue;
      left.delete(cell.index);
      options.finished(cell);
    }
    if (!isQueued && left.size > 0 && ++late > latePolls)
      throw new SlurmFault(
        `Slurm job ${job} is over, and ${left.size} of ${plan.cells.length} cells are missing; see ${join(folder, 'slurm')}`,
      );
    if (left.size > 0) await pause(pollMs, undefined, { signal: stop }).catch(() => {});
  }
  return 'run';
}
