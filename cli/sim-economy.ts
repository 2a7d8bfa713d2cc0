/**
 * Sim economy: simulated years of settlement: a table for people, JSON for programs, files with a page for both.
 *
 * Owns the options, the order in which they win over a file, progress, and where files go. What is simulated is
 * `simulator/economy/`. With shocks every seed runs twice, with and without, and differences are paired.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { parse } from 'yaml';
import { type EconomyYear, simulateEconomy } from '../simulator/economy/economy.ts';
import { economyFiles, economyJson } from '../simulator/economy/economy-files.ts';
import { changeTable, type EconomyRun, lawsText, quarterTable } from '../simulator/economy/economy-page.ts';
import { type EconomyScenario, parseEconomy, parseShock, shockText } from '../simulator/economy/scenario.ts';
import { table } from './table.ts';

interface EconomyOptions {
  readonly days?: string;
  readonly providers?: string;
  readonly seed?: string;
  readonly seeds?: string;
  readonly shock: readonly string[];
  readonly out?: string;
  readonly json: boolean;
}

export function economyCommand(): Command {
  return new Command('economy')
    .description('simulate years of settlement: fees, subsidy, incomes, exits and entries, wash traders; the laws checked as they go')
    .argument('[file]', 'the scenario (YAML); options win over it')
    .option('--days <days>', 'how long (default: 365)')
    .option('--providers <count>', 'on the first day (default: 200)')
    .option('--seed <seed>', 'the first of the seeds (default: 1)')
    .option('--seeds <count>', 'years drawn (default: 5)')
    .option(
      '--shock <shock>',
      'energy, token or demand, times a factor, on days: energy=3@91-150; more than once',
      (text, all: string[]) => [...all, text],
      [],
    )
    .option('--out <folder>', 'write economy.html, days.csv, providers.csv and summary.json there')
    .option('--json', 'print the summary as JSON', false)
    .action((file: string | undefined, options: EconomyOptions) => simEconomy(file, options));
}

/** The scenario of a file and options. @throws Error that names the file or the field and what it may be */
function scenarioOf(file: string | undefined, { days, providers, seed, seeds, shock }: EconomyOptions): EconomyScenario {
  const given: unknown = file === undefined ? {} : parse(readFileSync(file, 'utf8'));
  if (given !== null && (typeof given !== 'object' || Array.isArray(given))) throw new Error(`${file}: expected a scenario, key: value`);
  const counts = Object.entries({ days, providers, seed, seeds }).flatMap(([key, text]) =>
    text === undefined ? [] : [[key, Number(text)]],
  );
  const shocks = shock.length > 0 ? { shocks: shock.map(parseShock) } : {};
  return parseEconomy({ ...given, ...Object.fromEntries(counts), ...shocks });
}

/** Simulates, prints, writes. @throws LawBreach when a law does not hold: then nothing is printed or written */
export function simEconomy(file: string | undefined, options: EconomyOptions): void {
  const scenario = scenarioOf(file, options);
  const run = runOf(scenario, progressTo(process.stderr));
  if (options.out !== undefined) {
    mkdirSync(options.out, { recursive: true });
    for (const [name, text] of Object.entries(economyFiles(run))) writeFileSync(join(options.out, name), text);
  }
  if (options.json) return void process.stdout.write(`${JSON.stringify(economyJson(run), null, 2)}\n`);
  const { titles, rows } = quarterTable(run.years);
  const shocks = scenario.shocks.map((shock) => `${shockText(shock)} from day ${shock.fromDay} to ${shock.toDay}`);
  const head = `${scenario.days} days, ${scenario.providers} providers, seeds ${scenario.seed} to ${scenario.seed + scenario.seeds - 1}; ${shocks.join(', ') || 'no shocks'}`;
  const parts = [head, table(titles, rows)];
  if (run.base) {
    const change = changeTable(run.years, run.base);
    parts.push(table(change.titles, change.rows));
  }
  parts.push(`Means over seeds; ± is the 95 % interval (Student's t, differences paired by seed).\n${lawsText(run)}`);
  if (options.out !== undefined) parts.push(`${join(options.out, 'economy.html')} shows it.`);
  process.stdout.write(`${parts.join('\n\n')}\n`);
}

/** All years of a scenario, and of the same seeds without its shocks where there are some. */
export function runOf(scenario: EconomyScenario, progress: (done: number, all: number) => void = () => {}): EconomyRun {
  const hasShocks = scenario.shocks.length > 0;
  const all = scenario.days * scenario.seeds * (hasShocks ? 2 : 1);
  let done = 0;
  const yearsOf = (of: EconomyScenario): EconomyYear[] =>
    Array.from({ length: of.seeds }, (_, index) => simulateEconomy(of, of.seed + index, () => progress(++done, all)));
  const base = hasShocks ? yearsOf({ ...scenario, shocks: [] }) : undefined;
  return { scenario, years: yearsOf(scenario), base };
}

/** Shorter runs say nothing on the way. */
const QUIET_MS = 2_000;
const TELL_EVERY_MS = 200;

/** Days done, rate and time left, on one line of a terminal, once it takes longer than two seconds. */
function progressTo(stream: NodeJS.WriteStream): (done: number, all: number) => void {
  const began = performance.now();
  let told = began + QUIET_MS - TELL_EVERY_MS;
  let isTold = false;
  return (done, all) => {
    const now = performance.now();
    if (!stream.isTTY) return;
    if (done === all) return void (isTold && stream.write('\r\x1b[K'));
    if (now - told < TELL_EVERY_MS) return;
    [told, isTold] = [now, true];
    const perS = (1_000 * done) / (now - began);
    stream.write(`\r\x1b[K${done} of ${all} days, ${Math.round(perS)} a second, ${Math.ceil((all - done) / perS)} s left`);
  };
}
