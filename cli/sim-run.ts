/**
 * Sim run: a scenario's policies, seed by seed, into a folder of results and a table.
 *
 * A cell is one policy with one seed. Each is written when it is done, so that Ctrl-C and a policy's fault keep what is
 * finished; the next run begins anew (a sweep goes on).
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { clairvoyant, type RunMetrics, standingsOf } from '../simulator/study/run.ts';
import { type CellPlan, createCellRunner, keptOf, planCells } from './cells.ts';
import { createProgress } from './progress.ts';
import { createResults, type ResultSink, type RowsKept, type RunSummary } from './sim-results.ts';
import { table } from './table.ts';

export interface SimRunOptions {
  readonly out?: string;
  readonly json: boolean;
  /** Compare with the plan that knows everything, too. */
  readonly clairvoyant: boolean;
  /** Which seeds' rows are kept; by the size of the run unless told. */
  readonly rows?: RowsKept;
  readonly stop: AbortSignal;
}

/** `sunward sim run`. */
export async function simRun(file: string, options: SimRunOptions): Promise<void> {
  const plan = planCells(file, { clairvoyant: options.clairvoyant, sweep: false });
  const { scenario, cells } = plan;
  if (Object.keys(scenario.sweep).length > 0) process.stderr.write('the sweep of this scenario is left out; sim sweep runs it\n');
  const folder = options.out ?? join('.', `${basename(file).replace(/\.ya?ml$/, '')}-results`);
  mkdirSync(folder, { recursive: true });
  const text = readFileSync(file, 'utf8');
  const results = createResults({ folder, scenario, text, cells, ...(options.rows ? { rows: options.rows } : {}) });
  const runs: RunMetrics[] = [];
  let summary: RunSummary;
  try {
    await runCells(plan, options, (run, study) => {
      results.cell(run, study);
      runs.push(keptOf(run));
    });
  } finally {
    summary = results.close(summaryOf(plan, runs)); // what is done is kept, whatever became of the rest
  }
  process.stdout.write(
    options.json ? `${JSON.stringify(summary, null, 2)}\n` : `${standingsTable(summary)}\n\n${written(summary, folder)}\n`,
  );
}

function summaryOf({ scenario, cells, variants }: CellPlan, runs: readonly RunMetrics[]): Omit<RunSummary, 'rows'> {
  const { name, baseline, currency, seeds } = scenario;
  const missing = cells
    .filter(({ policy, seed }) => !runs.some((run) => run.policy === policy && run.seed === seed))
    .map(({ policy, seed }) => ({ policy, seed }));
  const policies = [...new Set(runs.map(({ policy }) => policy))];
  const isWhole = (seed: number) => policies.every((policy) => runs.some((run) => run.policy === policy && run.seed === seed));
  const paired = policies.includes(baseline) ? runs.filter(({ seed }) => isWhole(seed)) : []; // like is compared with like
  const inputs = variants[0]?.inputs ?? {};
  return { name, baseline, currency, seeds, missing, scenario, inputs, standings: standingsOf(paired, baseline), runs };
}

async function runCells(plan: CellPlan, { json, stop }: SimRunOptions, done: ResultSink['cell']): Promise<void> {
  const { scenario, cells } = plan;
  const progress = createProgress(scenario.name, json);
  const runner = createCellRunner(plan);
  const told = new Set<number>();
  for (const [over, cell] of cells.entries()) {
    if (stop.aborted) break;
    const { policy, seed } = cell;
    const tell = (share: number) => progress.tell(over + share, cells.length, `${policy}, seed ${seed}`);
    const ran = await runner.run(cell, { progress: tell, stop });
    if (!ran) break; // stopped on its way
    const { run, study, tooWide } = ran;
    if (tooWide > 0 && !told.has(seed)) process.stderr.write(`seed ${seed}: ${tooWide} jobs are wider than any site and were left out\n`);
    if (study.workload.count === 0 && !told.has(seed))
      process.stderr.write(`seed ${seed}: there is no job: a trace's times count from the study's start, and none within it fits a site\n`);
    told.add(seed);
    done(run, study);
    await new Promise(setImmediate); // lets Ctrl-C be heard
  }
  progress.end();
}

function written({ rows, seeds, missing }: RunSummary, folder: string): string {
  const kept = { all: 'rows of all seeds', first: `rows of seed ${seeds[0]} only (--rows all keeps all)`, none: 'no rows' };
  const lack = missing.length > 0 ? `; ${missing.length} of its cells were not run and are named in summary.json` : '';
  return `written to ${folder}: ${kept[rows]}${lack}`;
}

/** How the runs of a fleet that moves its signals settled. */
function convergenceNotes(runs: readonly RunMetrics[]): string[] {
  const ended = runs.flatMap(({ convergence }) => convergence ?? []);
  if (ended.length === 0) return [];
  const unsettled = ended.filter(({ kind }) => kind === 'unsettled').length;
  const [placements, residualKw] = [Math.max(...ended.map((each) => each.iterations)), Math.max(...ended.map((each) => each.residualKw))];
  return [
    `the fleet moves price and carbon: ${ended.length - unsettled} of ${ended.length} runs settled; at most ${placements} placements, and ${residualKw.toFixed(0)} kW in an hour between the load believed and the load placed`,
  ];
}

const signed = (value: number) => (Number.isNaN(value) ? '–' : value > 0 ? `+${value.toFixed(1)}` : value.toFixed(1));

/** The policies against their baseline, for people. */
function standingsTable({ standings, baseline, currency, runs }: RunSummary): string {
  const seeds = Math.max(0, ...standings.map(({ metrics }) => metrics.jobs.seeds));
  const rows = standings.map(({ policy, metrics, savings, regretPercent }) => {
    const { mean, low, high } = savings.locationKg;
    return [
      policy === baseline ? `${policy} (baseline)` : policy,
      metrics.locationKg.mean.toFixed(1),
      policy === baseline ? '' : seeds > 1 ? `${signed(-mean)} [${signed(-high)}, ${signed(-low)}]` : signed(-mean),
      metrics.money.mean.toFixed(2),
      policy === baseline ? '' : signed(-savings.money.mean),
      metrics.waitHoursMean.mean.toFixed(2),
      `${metrics.deadlineMisses.mean.toFixed(1)}`,
      (100 * (1 - metrics.gridKwh.mean / metrics.energyKwh.mean)).toFixed(1).replace('NaN', '–'),
      metrics.utilisationPercent.mean.toFixed(1),
      policy === clairvoyant || !regretPercent ? '' : regretPercent.mean.toFixed(1),
    ];
  });
  const heads = [
    'POLICY',
    '>kgCO2eq',
    '>% vs base [95 %]',
    `>${currency}`,
    '>% vs base',
    '>WAIT h',
    '>MISSED',
    '>SURPLUS %',
    '>USED %',
    '>REGRET %',
  ];
  const lost = standings.filter(({ metrics }) => metrics.unplaced.mean > 0).map(({ policy }) => policy);
  if (seeds === 0) return 'no seed was run by all policies: nothing to compare';
  const notes = [
    seeds > 1 ? `means over ${seeds} seeds; intervals are paired by seed, Student’s t` : `${seeds} seed: no interval`,
    ...(lost.length > 0 ? [`${lost.join(', ')} left jobs without room: their carbon and cost are of less work`] : []),
    ...convergenceNotes(runs),
  ];
  return `${table(heads, rows)}\n${notes.join('\n')}`;
}
