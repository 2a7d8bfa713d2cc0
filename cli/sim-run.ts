/**
 * Sim run: a scenario's policies, seed by seed, into a folder of results and a table.
 *
 * A cell is one policy with one seed. Each is written when it is done, so that Ctrl-C keeps what is finished and the next
 * run of the same scenario goes on from there.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  clairvoyant,
  type RunMetrics,
  runClairvoyant,
  runStudy,
  type Standing,
  type StudyRun,
  standingsOf,
} from '../simulator/study/run.ts';
import { createProgress } from './progress.ts';
import { type LoadedScenario, loadScenario } from './scenario-yaml.ts';
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
  const loaded = await loadScenario(file);
  const { scenario } = loaded;
  const folder = options.out ?? join('.', `${basename(file).replace(/\.ya?ml$/, '')}-results`);
  mkdirSync(folder, { recursive: true });
  const runs = await runCells(loaded, options);
  const standings = standingsOf(runs, scenario.baseline);
  const summary = { name: scenario.name, baseline: scenario.baseline, currency: scenario.currency, seeds: scenario.seeds, standings, runs };
  writeFileSync(join(folder, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  process.stdout.write(
    options.json ? `${JSON.stringify(summary, null, 2)}\n` : `${standingsTable(standings, scenario)}\n\nwritten to ${folder}\n`,
  );
}

async function runCells(loaded: LoadedScenario, { json, clairvoyant: isForeseen, stop }: SimRunOptions): Promise<RunMetrics[]> {
  const { scenario, policies } = loaded;
  const progress = createProgress(scenario.name, json);
  const perSeed = policies.length + (isForeseen ? 1 : 0);
  const done: RunMetrics[] = [];
  for (const seed of scenario.seeds) {
    const { study, tooWide } = await loaded.studyOf(seed);
    const forecaster = await loaded.forecasterOf(study);
    if (tooWide > 0) process.stderr.write(`seed ${seed}: ${tooWide} jobs are wider than any site and were left out\n`);
    const tell = (policy: string) => (slots: number) =>
      progress.tell(done.length + slots / study.slots, perSeed * scenario.seeds.length, `${policy}, seed ${seed}`);
    const cells: (() => StudyRun)[] = [
      ...policies.map((policy) => () => runStudy(study, policy, forecaster, tell(policy.name))),
      ...(isForeseen ? [() => runClairvoyant(study)] : []),
    ];
    for (const cell of cells) {
      if (stop.aborted) break;
      done.push(kept(cell()));
      await new Promise(setImmediate); // lets Ctrl-C be heard
    }
  }
  progress.end();
  return done;
}

const kept = ({ policy, forecaster, seed, metrics }: StudyRun): RunMetrics => ({ policy, forecaster, seed, metrics });

const signed = (value: number) => (value > 0 ? `+${value.toFixed(1)}` : value.toFixed(1));

/** The policies against their baseline, for people. */
function standingsTable(standings: readonly Standing[], { baseline, currency, seeds }: LoadedScenario['scenario']): string {
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
