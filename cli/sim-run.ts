/**
 * Sim run: a scenario's policies, seed by seed, into a folder of results and a table.
 *
 * A cell is one policy with one seed. Ctrl-C keeps those that are finished.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ScenarioFile } from '../simulator/scenario-file.ts';
import { clairvoyant, type RunMetrics, type Standing, standingsOf } from '../simulator/study/run.ts';
import { type CellPlan, createCellRunner, keptOf, planCells } from './cells.ts';
import { createProgress } from './progress.ts';
import { table } from './table.ts';

export interface SimRunOptions {
  readonly out?: string;
  readonly json: boolean;
  /** Compare with the plan that knows everything, too. */
  readonly clairvoyant: boolean;
  readonly stop: AbortSignal;
}

/** `sunward sim run`. */
export async function simRun(file: string, options: SimRunOptions): Promise<void> {
  const plan = planCells(file, { clairvoyant: options.clairvoyant, sweep: false });
  const { scenario } = plan;
  const folder = options.out ?? join('.', `${basename(file).replace(/\.ya?ml$/, '')}-results`);
  mkdirSync(folder, { recursive: true });
  const runs = await runCells(plan, options);
  const standings = standingsOf(runs, scenario.baseline);
  const summary = {
    name: scenario.name,
    baseline: scenario.baseline,
    currency: scenario.currency,
    seeds: scenario.seeds,
    scenario,
    standings,
    runs,
  };
  writeFileSync(join(folder, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  process.stdout.write(
    options.json ? `${JSON.stringify(summary, null, 2)}\n` : `${standingsTable(standings, scenario)}\n\nwritten to ${folder}\n`,
  );
}

async function runCells(plan: CellPlan, { json, stop }: SimRunOptions): Promise<RunMetrics[]> {
  const { scenario, cells } = plan;
  const progress = createProgress(scenario.name, json);
  const runner = createCellRunner(plan);
  const told = new Set<number>();
  const done: RunMetrics[] = [];
  for (const cell of cells) {
    if (stop.aborted) break;
    const { policy, seed } = cell;
    const { run, prepared } = await runner.run(cell, (share) =>
      progress.tell(done.length + share, cells.length, `${policy}, seed ${seed}`),
    );
    if (prepared.tooWide > 0 && !told.has(seed))
      process.stderr.write(`seed ${seed}: ${prepared.tooWide} jobs are wider than any site and were left out\n`);
    told.add(seed);
    done.push(keptOf(run));
    await new Promise(setImmediate); // lets Ctrl-C be heard
  }
  progress.end();
  return withBaseline(done, scenario.baseline);
}

/** Runs of seeds whose baseline was run, too: when it was stopped early, the last seed may lack it. */
function withBaseline(runs: readonly RunMetrics[], baseline: string): RunMetrics[] {
  const seeds = new Set(runs.filter(({ policy }) => policy === baseline).map(({ seed }) => seed));
  return runs.filter(({ seed }) => seeds.has(seed));
}

const signed = (value: number) => (value > 0 ? `+${value.toFixed(1)}` : value.toFixed(1));

/** The policies against their baseline, for people. */
function standingsTable(standings: readonly Standing[], { baseline, currency, seeds }: ScenarioFile): string {
  const rows = standings.map(({ policy, metrics, savings, regretPercent }) => {
    const { mean, low, high } = savings.locationKg;
    return [
      policy === baseline ? `${policy} (baseline)` : policy,
      metrics.locationKg.mean.toFixed(1),
      policy === baseline ? '' : `${signed(-mean)} [${signed(-high)}, ${signed(-low)}]`,
      metrics.money.mean.toFixed(2),
      policy === baseline ? '' : signed(-savings.money.mean),
      metrics.waitHoursMean.mean.toFixed(2),
      `${metrics.deadlineMisses.mean.toFixed(1)}`,
      (100 * (1 - metrics.gridKwh.mean / metrics.energyKwh.mean)).toFixed(1),
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
  return `${table(heads, rows)}\nmeans over ${seeds.length} seeds; intervals are paired by seed, Student’s t`;
}
