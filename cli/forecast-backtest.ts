/**
 * Forecast backtest: `sunward forecast backtest`: tasks over public records, or over a record of one's own.
 *
 * Owns the options, the progress and the table; leaves the run to `forecast-run.ts`. Progress goes to stderr, the report
 * to stdout.
 */
import { readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { BacktestProgress, BacktestReport } from '../energy-oracle/forecast/score/backtest.ts';
import { type TargetKind, targetKinds } from '../energy-oracle/forecast/target.ts';
import { type ForecastTask, forecastTask, forecastTaskNames } from '../simulator/experiments/forecast-tasks.ts';
import { ownRecordTask } from '../simulator/experiments/own-record.ts';
import { backtestText } from './backtest-text.ts';
import { createForecastRunner, defaultStateFolder, ForecastDataFault, recordReader } from './forecast-run.ts';
import { createProgress } from './progress.ts';

interface BacktestOptions {
  readonly data?: string;
  readonly file?: string;
  readonly column?: string;
  readonly kind?: TargetKind;
  readonly at?: { readonly latitude: number; readonly longitude: number };
  readonly ceiling?: number;
  readonly signals: readonly string[];
  readonly json: boolean;
  readonly state?: string;
  readonly seeds?: number;
}

const about = `
Walks over a record as the live service would have lived it: fits on what was known, forecasts at every issue, learns
what came true, and scores the final forecast beside its members (net, ridge, CLIPER) and two yardsticks (sn24: the day
before again; week: the week before again). Nothing later than an issue is ever read for it.

Tasks: ${forecastTaskNames.join(', ')}; all of them when none is named. They need the folder of public records.

The state is kept after every month of every target, so an interrupted run goes on where it was and ends in the same
report. It lies in --state, else in a file of its own per task, data and settings under the user's cache folder, and is
removed at the end.

A record of one's own: a CSV whose first column is UTC stamps of hours' starts, plain or .gz, with at least 120 days:
  sunward forecast backtest --file pv.csv --column kw --kind pv --at 48.1,11.6 --ceiling 500
Its first two thirds are learned from, the rest is the test.`;

const place = (text: string): { latitude: number; longitude: number } => {
  const [latitude = Number.NaN, longitude = Number.NaN, ...more] = text
    .split(',')
    .map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (more.length > 0 || !(Math.abs(latitude) <= 90) || !(Math.abs(longitude) <= 180))
    throw new InvalidArgumentError('expected degrees as LATITUDE,LONGITUDE such as 48.1,11.6');
  return { latitude, longitude };
};
const positive = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('expected a number above 0');
  return value;
};
/** A net leaves out one of so many folds. */
const seedsMax = 8;
const seedCount = (text: string): number => {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > seedsMax) throw new InvalidArgumentError(`expected a whole number from 1 to ${seedsMax}`);
  return count;
};

/** `sunward forecast backtest`. */
export function backtestCommand(): Command {
  return new Command('backtest')
    .description('score the forecaster over records, with a rolling origin')
    .argument('[task...]', `any of ${forecastTaskNames.join(', ')}`)
    .option('--data <folder>', 'public records of the tasks (default: $SUNWARD_DATA)')
    .option('--file <csv>', 'a record of your own instead; with --column, --kind and --at')
    .option('--column <name>', 'the column of it that is forecast')
    .addOption(new Option('--kind <kind>', 'what the column is').choices([...targetKinds]))
    .option('--at <place>', 'where it was measured: latitude,longitude in degrees', place)
    .option('--ceiling <value>', 'the most it can be, in its own unit: a nameplate', positive)
    .option('--signals <columns>', 'columns that were forecast and known before their hour, by comma', (text) => text.split(','), [])
    .option('--json', 'print nothing but the report as JSON', false)
    .option('--state <file>', 'keep the state here; a name that ends in / is a folder')
    .option('--seeds <count>', `nets of an ensemble, 1 to ${seedsMax}`, seedCount)
    .addHelpText('after', about)
    .action((names: readonly string[], options: BacktestOptions, command: Command) => {
      const problem = problemOf(names, options);
      if (problem) command.error(`error: ${problem}`);
      const json = options.json || command.parent?.opts()['json'] === true; // the group has one too, which takes it
      return run(names, { ...options, json });
    });
}

/** What is wrong with what was asked; `undefined` when nothing is. */
function problemOf(names: readonly string[], { file, column, kind, at, data }: BacktestOptions): string | undefined {
  const unknown = names.find((name) => !forecastTaskNames.includes(name));
  if (unknown !== undefined) return `no task ${unknown}; there are ${forecastTaskNames.join(', ')}`;
  if (file !== undefined) {
    if (names.length > 0) return `--file is a task of its own; found ${names.join(', ')} beside it`;
    const missing = Object.entries({ column, kind, at }).filter(([, value]) => value === undefined);
    return missing.length > 0 ? `--file needs ${missing.map(([name]) => `--${name}`).join(', ')} too` : undefined;
  }
  const beside = Object.entries({ column, kind, at }).find(([, value]) => value !== undefined);
  if (beside) return `--${beside[0]} is for a record of your own; give --file too`;
  if (!(data ?? process.env['SUNWARD_DATA']))
    return 'the tasks need a folder of public records; name it with --data FOLDER or SUNWARD_DATA, or score a record of your own with --file';
  return undefined;
}

async function run(names: readonly string[], options: BacktestOptions): Promise<void> {
  const tasks = options.file === undefined ? publicTasks(names, options) : [() => ownTask(options)];
  const runner = await createForecastRunner();
  const seeds = options.seeds === undefined ? undefined : Array.from({ length: options.seeds }, (_, i) => i + 1);
  const reports: BacktestReport[] = [];
  for (const make of tasks) {
    const task = make();
    const progress = createProgress(task.name, options.json);
    const stateFile = options.state ?? `${defaultStateFolder(process.env)}/`;
    const onProgress = ({ target, month, done, total, detail }: BacktestProgress & { readonly detail: string }) =>
      progress.tell(done, total, `${done} of ${total} months  ${detail || `${target} ${month}`}`);
    const report = await runner.run(task, { seeds, stateFile, onProgress });
    progress.end();
    reports.push(report);
    if (!options.json) process.stdout.write(`${backtestText(report, task.settings.kind)}\n\n`);
  }
  if (options.json) process.stdout.write(`${JSON.stringify(reports, null, 2)}\n`);
}

function publicTasks(names: readonly string[], { data }: BacktestOptions): (() => ForecastTask)[] {
  const folder = data ?? process.env['SUNWARD_DATA'] ?? '';
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new ForecastDataFault(`${folder} is no folder; --data or SUNWARD_DATA names the one with the public records`);
  const read = recordReader(folder);
  return (names.length > 0 ? names : forecastTaskNames).map((name) => () => forecastTask(name, read));
}

function ownTask({
  file = '',
  column = '',
  kind = 'pv',
  at = { latitude: 0, longitude: 0 },
  ceiling,
  signals,
}: BacktestOptions): ForecastTask {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new ForecastDataFault(`${file}: ${code === 'ENOENT' ? 'no such file' : message}`, { cause });
  }
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return ownRecordTask({ name: file, text, column, kind, ...at, ceiling, signals });
}
