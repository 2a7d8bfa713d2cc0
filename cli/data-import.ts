/**
 * Data import: `sunward data import`: what a record is understood as, and the same as one of Sunward's own files.
 *
 * Owns the options, the words for what a record does not say, and what is printed; leaves the reading to
 * `simulator/traces/importers`. Results go to stdout; nothing is written without `--out`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type ExchangeRates, utcOffset } from '../energy-oracle/grid/price.ts';
import { formatNames, formats, type ReadOptions } from '../simulator/traces/importers/formats.ts';
import { ImportFault, type Need, seriesKinds } from '../simulator/traces/importers/import-note.ts';
import { ownJobsText } from '../simulator/traces/importers/own-jobs.ts';
import { ownSeriesText } from '../simulator/traces/importers/own-series.ts';
import { readRecord } from '../simulator/traces/importers/read-trace.ts';
import { type PriceConvention, priceConventions } from '../simulator/traces/importers/wholesale-price.ts';
import { parseInstant } from '../units/time.ts';
import { recordJson, recordText } from './record-report.ts';
import { readRecordText } from './record-text.ts';

type Options = Omit<ReadOptions, 'fileName' | 'rates'> & {
  readonly currency?: string;
  readonly rate: Readonly<Record<string, number>>;
  readonly out?: string;
  readonly json: boolean;
};

const about = `
Formats (told by the beginning of the file; --format where that is not enough):
${formatNames.map((name) => `  ${name.padEnd(20)}${formats[name].title}: ${formats[name].gives.join(', ')}`).join('\n')}

Examples:
  sunward data import DE_2022_hourly.csv.gz
  sunward data import DE-LU_electricity_prices_2022.csv --currency USD --rate EUR=1.05
  sunward data import prices.csv --convention local:Europe/Vienna --zone AT
  sunward data import EIA930_BALANCE_2023_Jan_Jun.csv --zone CISO --out traces
  sunward data import tmy.epw --year 2022 --out traces
  sunward data import pai-100k.csv --time-unit hours --json

docs/data.md tells the traps of every format and the columns of the files that --out writes.
`;

/** The option that says what a record does not. */
const asks: Readonly<Record<Need, string>> = {
  format: 'say which with --format NAME',
  zone: 'say it with --zone ZONE',
  convention: 'say it with --convention utc, offset, local:Europe/Berlin or the name of a known zone',
  timeUnit: 'say it with --time-unit seconds, minutes or hours',
  start: 'say it with --start 2022-06-15T00:00Z',
  as: 'say it with --as KIND',
  rate: 'give it with --rate, or leave --currency out',
};

export function dataImportCommand(): Command {
  return new Command('import')
    .description('read one record, say what was understood, and with --out write it as one of Sunward’s own files')
    .argument('<file>', 'the record, plain or gzipped')
    .addOption(new Option('--format <name>', 'what the file is').choices(formatNames))
    .option('--zone <zone>', 'zone, area, balancing authority or column: to choose one of several, or to name what the file does not')
    .option('--currency <code>', 'to have prices in, ISO 4217; they stay in their own without it', currencyCode)
    .addOption(
      new Option('--rate <code=number>', 'what one unit of the file’s currency is worth of --currency; may be repeated')
        .argParser(rate)
        .default({}, 'none'),
    )
    .option('--convention <how>', 'what stamps of wholesale prices mean: utc, offset, local:<IANA zone>, or a known zone', convention)
    .addOption(new Option('--factors <which>', 'of Electricity Maps (default: life-cycle)').choices(['life-cycle', 'direct']))
    .addOption(new Option('--time-unit <unit>', 'of a GAIA job file').choices(['seconds', 'minutes', 'hours']))
    .option('--year <year>', 'to lay a typical year on', year)
    .option('--start <instant>', 'of second 0 of a Vessim trace', startInstant)
    .addOption(new Option('--as <kind>', 'what the numbers of a Vessim trace are, or what is wanted of Open-Meteo').choices(seriesKinds))
    .addOption(new Option('--basis <basis>', 'of the carbon intensity of a Vessim trace').choices(['average', 'marginal']))
    .option('--out <folder>', 'write the record there as one of Sunward’s own CSV files')
    .option('--json', 'print what was understood as JSON', false)
    .addHelpText('after', about)
    .action((file: string, options: Options, command: Command) => {
      if (Object.keys(options.rate).length > 0 && options.currency === undefined)
        command.error("error: option '--rate' turns prices into --currency; give that too");
      dataImport(file, options);
    });
}

/** Reads, prints and, when asked, writes. @throws Error that says what was found, what is allowed and what to do */
function dataImport(file: string, { currency, rate: perUnit, out, json, ...options }: Options): void {
  const rates: ExchangeRates | undefined = currency === undefined ? undefined : { accounting: currency, perUnit };
  const record = read(file, { ...options, fileName: basename(file), ...(rates ? { rates } : {}) });
  const written = out === undefined ? undefined : join(out, `${stem(file)}.${record.note.what}.csv`);
  if (out !== undefined && written !== undefined) {
    mkdirSync(out, { recursive: true });
    writeFileSync(written, 'jobs' in record ? ownJobsText(record.jobs) : ownSeriesText(record));
  }
  process.stdout.write(json ? `${JSON.stringify(recordJson(file, record, written), null, 2)}\n` : recordText(file, record, written));
}

/** Name of a file without what says that it is one. */
const stem = (file: string) =>
  basename(file)
    .replace(/\.gz$/i, '')
    .replace(/\.(csv|json|txt|swf|epw)$/i, '');

function read(file: string, options: ReadOptions) {
  try {
    return readRecord(readRecordText(file), options);
  } catch (fault) {
    if (!(fault instanceof ImportFault)) throw fault;
    throw new Error(`${file}: ${fault.message}${fault.needs ? `\n${asks[fault.needs]}` : ''}`, { cause: fault });
  }
}

function currencyCode(text: string): string {
  if (!/^[A-Za-z]{3}$/.test(text)) throw new InvalidArgumentError('expected an ISO 4217 code such as EUR');
  return text.toUpperCase();
}

function rate(text: string, before: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const match = /^([A-Za-z]{3})=(\d+(?:\.\d+)?)$/.exec(text);
  if (!match || !(Number(match[2]) > 0))
    throw new InvalidArgumentError('expected a currency and what one unit of it is worth, such as USD=0.95');
  return { ...before, [(match[1] as string).toUpperCase()]: Number(match[2]) };
}

function convention(text: string): PriceConvention {
  if (Object.hasOwn(priceConventions, text)) return priceConventions[text] as PriceConvention;
  const timeZone = /^local:(.+)$/.exec(text)?.[1];
  if (timeZone === undefined && text !== 'utc' && text !== 'offset')
    throw new InvalidArgumentError(`expected utc, offset, local:<IANA zone>, or one of ${Object.keys(priceConventions).join(', ')}`);
  try {
    utcOffset(timeZone ?? 'UTC', 0);
  } catch (cause) {
    throw new InvalidArgumentError((cause as RangeError).message);
  }
  return { timeZone: timeZone ?? 'UTC', stamps: timeZone === undefined ? (text as 'utc' | 'offset') : 'local', isDayAhead: false };
}

function year(text: string): number {
  if (!/^(19|20)\d\d$/.test(text)) throw new InvalidArgumentError('expected a year such as 2022');
  return Number(text);
}

function startInstant(text: string): number {
  const instant = parseInstant(text);
  if (instant === undefined) throw new InvalidArgumentError('expected RFC 3339 with its offset, such as 2022-06-15T00:00Z');
  return instant;
}
