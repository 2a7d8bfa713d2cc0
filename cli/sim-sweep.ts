/**
 * Sim sweep: every cell of a scenario's grid (variant × seed × policy), on all cores or a cluster, and what came of them.
 *
 * Finished cells are files, so a sweep that was stopped goes on, and one that has grown runs what is new. The summary is
 * made of those files alone: it has the same bytes whoever ran the cells, in whatever order.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { type RunMetrics, standingsOf } from '../simulator/study/run.ts';
import { labelOf } from '../simulator/sweep.ts';
import { type CellEngine, inThisProcess, onWorkers } from './cell-engines.ts';
import { type CellStore, createCellStore } from './cell-store.ts';
import { type Cell, type CellPlan, planCells } from './cells.ts';
import { createProgress } from './progress.ts';
import { slurmArray } from './slurm-array.ts';
import { table } from './table.ts';

export interface SimSweepOptions {
  readonly out?: string;
  readonly json: boolean;
  readonly clairvoyant: boolean;
  readonly engine: 'threads' | 'slurm';
  /** Threads at once; 0 runs the cells in this process. */
  readonly workers?: number;
  /** With Slurm: hand over the tasks and do not wait for them. */
  readonly submitOnly: boolean;
  /** With Slurm: more arguments of sbatch. */
  readonly sbatch: readonly string[];
  readonly stop: AbortSignal;
}

/** Cells that failed: each with its reason. Those that are finished are kept. */
export class SweepFault extends Error {
  override readonly name = 'SweepFault';

  constructor(failures: readonly { readonly cell: Cell; readonly fault: Error }[], plan: CellPlan) {
    const shown = failures.slice(0, 10).map(({ cell, fault }) => `${nameOf(plan, cell)}: ${fault.message}`);
    const more = failures.length > shown.length ? [`and ${failures.length - shown.length} more`] : [];
    super(`${failures.length} of ${plan.cells.length} cells failed; the others are kept\n  ${[...shown, ...more].join('\n  ')}`, {
      cause: failures[0]?.fault,
    });
  }
}

const nameOf = ({ variants }: CellPlan, { variant, policy, seed }: Cell): string =>
  [labelOf(variants[variant]?.settings ?? {}), policy, `seed ${seed}`].filter((part) => part !== '').join(', ');

export const sweepFolder = (file: string, out: string | undefined): string =>
  out ?? join('.', `${basename(file).replace(/\.ya?ml$/, '')}-sweep`);

/** `sunward sim sweep`. @throws ScenarioFault, SweepFault or SlurmFault */
export async function simSweep(file: string, options: SimSweepOptions): Promise<void> {
  const plan = planCells(file, { clairvoyant: options.clairvoyant, sweep: true });
  const folder = sweepFolder(file, options.out);
  const store = createCellStore(folder);
  const others = store.othersThan(plan.cells);
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  if (others > 0) say(`${folder} holds ${others} cells of another state of this scenario; they stay, and are not counted`);
  const isHandedOver = (await runPending(plan, store, resolve(folder), options, say)) === 'handed over';
  const runs = plan.cells.map((cell) => store.read(cell));
  const missing = runs.filter((run) => run === undefined).length;
  if (missing > 0) {
    say(`${plan.cells.length - missing} of ${plan.cells.length} cells are finished and kept; the same command goes on from there`);
    if (!isHandedOver) process.exitCode = 1;
    return;
  }
  const summary = summaryOf(plan, runs as RunMetrics[]);
  const text = `${JSON.stringify(summary, null, 2)}\n`;
  writeFileSync(join(folder, 'summary.json'), text);
  process.stdout.write(options.json ? text : `${sweepTable(summary)}\n\nwritten to ${folder}\n`);
}

async function runPending(plan: CellPlan, store: CellStore, folder: string, options: SimSweepOptions, say: (line: string) => void) {
  const pending = plan.cells.filter((cell) => store.read(cell) === undefined);
  if (pending.length === 0) return 'run';
  const { total, progress } = { total: plan.cells.length, progress: createProgress(plan.scenario.name, options.json) };
  const failures: { cell: Cell; fault: Error }[] = [];
  const began = performance.now();
  let done = total - pending.length;
  if (done > 0) say(`${done} of ${total} cells were finished before`);
  progress.tell(done, total, 'cells');
  const tell = (cell: Cell) => {
    const perSecond = ((++done - (total - pending.length)) / (performance.now() - began)) * 1_000;
    progress.tell(done, total, `${done} of ${total} cells, ${perSecond.toPrecision(2)}/s, last ${nameOf(plan, cell)}`);
  };
  const reports = {
    finished: (cell: Cell, run: RunMetrics) => {
      store.write(cell, plan.variants[cell.variant]?.settings ?? {}, run);
      tell(cell);
    },
    failed: (cell: Cell, fault: Error) => {
      failures.push({ cell, fault });
      tell(cell);
    },
  };
  if (options.engine === 'slurm') {
    const { clairvoyant, submitOnly, sbatch } = options;
    const outcome = await slurmArray({
      plan,
      pending,
      store,
      folder,
      clairvoyant,
      submitOnly,
      sbatch,
      say,
      finished: tell,
      stop: options.stop,
    });
    progress.end();
    return outcome;
  }
  await engineOf(options)(plan, pending, reports, options.stop);
  progress.end();
  if (failures.length > 0) throw new SweepFault(failures, plan);
  return 'run';
}

const engineOf = ({ workers = availableParallelism() }: SimSweepOptions): CellEngine =>
  workers === 0 ? inThisProcess : onWorkers(workers);

function summaryOf({ scenario, variants }: CellPlan, runs: readonly RunMetrics[]) {
  const each = runs.length / variants.length;
  const { name, baseline, currency, seeds, sweep } = scenario;
  return {
    name,
    baseline,
    currency,
    seeds,
    sweep,
    variants: variants.map(({ settings, scenario: own, inputs }, at) => {
      const ofIt = runs.slice(at * each, (at + 1) * each);
      return { settings, scenario: own, inputs, standings: standingsOf(ofIt, baseline), runs: ofIt };
    }),
  };
}

/** The policies of every variant against the baseline, for people. */
function sweepTable({ sweep, variants, baseline, currency, seeds }: ReturnType<typeof summaryOf>): string {
  const paths = Object.keys(sweep);
  const shown = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
  const rows = variants.flatMap(({ settings, standings }) =>
    standings.map(({ policy, metrics, savings }) => {
      const { mean, low, high } = savings.locationKg;
      const saved = policy === baseline ? '' : `${mean.toFixed(1)} [${low.toFixed(1)}, ${high.toFixed(1)}]`;
      return [
        ...paths.map((path) => shown(settings[path])),
        policy,
        metrics.locationKg.mean.toFixed(1),
        saved,
        metrics.money.mean.toFixed(2),
        metrics.waitHoursMean.mean.toFixed(2),
        metrics.deadlineMisses.mean.toFixed(1),
      ];
    }),
  );
  const heads = [...paths, 'POLICY', '>kgCO2eq', '>SAVED % [95 %]', `>${currency}`, '>WAIT h', '>MISSED'];
  const all = variants.flatMap(({ standings }) => standings);
  const lost = [...new Set(all.filter(({ metrics }) => metrics.unplaced.mean > 0).map(({ policy }) => policy))];
  const notes = [
    `means over ${seeds.length} seeds; savings against ${baseline} of the same variant, paired by seed`,
    ...(lost.length > 0 ? [`${lost.join(', ')} left jobs without room in some variant: their carbon and cost are of less work`] : []),
  ];
  return `${table(heads, rows)}\n${notes.join('\n')}`;
}

/**
 * `sunward sim cell`: runs the cells of one task, one after another, and keeps them.
 *
 * @param task  this one of `of` tasks; cell i belongs to task i modulo `of`
 */
export async function simCell(
  file: string,
  task: number,
  options: { readonly of?: number; readonly out?: string; readonly clairvoyant: boolean; readonly stop: AbortSignal },
) {
  const plan = planCells(file, { clairvoyant: options.clairvoyant, sweep: true });
  const tasks = options.of ?? plan.cells.length;
  if (task >= tasks || task >= plan.cells.length)
    throw new RangeError(`found task ${task}; allowed: 0 to ${Math.min(tasks, plan.cells.length) - 1}`);
  const store = createCellStore(sweepFolder(file, options.out));
  const pending = plan.cells.filter((cell) => cell.index % tasks === task && store.read(cell) === undefined);
  const failures: { cell: Cell; fault: Error }[] = [];
  const reports = {
    finished: (cell: Cell, run: RunMetrics) => {
      store.write(cell, plan.variants[cell.variant]?.settings ?? {}, run);
      process.stdout.write(`${nameOf(plan, cell)}\n`);
    },
    failed: (cell: Cell, fault: Error) => void failures.push({ cell, fault }),
  };
  await inThisProcess(plan, pending, reports, options.stop);
  if (failures.length > 0) throw new SweepFault(failures, plan);
}
