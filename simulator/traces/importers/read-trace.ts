/**
 * Read trace: a record of any format, or one of our own files, as what the caller wants of it.
 *
 * The one door for scenarios and the command line. Owns that the record must be of the kind asked for, and that prices
 * change currency only at a rate the caller gives.
 */
import { type ExchangeRates, rateOf, seriesInCurrency } from '../../../energy-oracle/grid/price.ts';
import { detectFormat } from './detect.ts';
import { type FormatName, formats, type Read, type ReadOptions, type Telling } from './formats.ts';
import { type Imported, type ImportedJobs, ImportFault, type SeriesKind } from './import-note.ts';

const tellings: readonly Telling[] = ['zone', 'convention', 'factors', 'timeUnit', 'year', 'start', 'as', 'basis'];

/** A record and the format it was read in. */
export type ReadRecord = Read & { readonly format: FormatName };

/** Reads a record of whatever kind it is. An ImportFault says what was found, what is allowed and what it `needs`. */
export function readRecord(text: string, options: ReadOptions = {}): ReadRecord {
  const format = options.format ?? detectFormat(text, options.fileName);
  const takes: readonly string[] = formats[format].takes;
  const idle = tellings.filter((name) => options[name] !== undefined && !takes.includes(name));
  if (idle.length > 0)
    throw new ImportFault('unknown', 0, `read as ${format}, which takes ${takes.join(', ') || 'no options'}; found ${idle.join(', ')}`);
  const read: Read = formats[format].read(text, options);
  if (!options.rates) return { ...read, format };
  if ('jobs' in read || read.note.what !== 'price') throw new ImportFault(read.note.what, 0, 'has no prices to put into another currency');
  return { ...inCurrency(read, options.rates), format };
}

/**
 * Reads a record that must be of a kind: `jobs`, or one of the series, which also says what numbers are where the record does not.
 *
 * An ImportFault for another kind, and as `readRecord`.
 */
export function readTrace(kind: 'jobs', text: string, options?: ReadOptions): ImportedJobs;
export function readTrace(kind: SeriesKind, text: string, options?: ReadOptions): Imported;
export function readTrace(kind: SeriesKind | 'jobs', text: string, options: ReadOptions = {}): Read {
  const known = options.format ?? detectFormat(text, options.fileName);
  const takes: readonly string[] = formats[known].takes;
  const as = kind !== 'jobs' && options.as === undefined && takes.includes('as') ? { as: kind } : {};
  const { format, ...read } = readRecord(text, { ...options, ...as, format: known });
  if (read.note.what === kind) return read;
  throw new ImportFault(read.note.what, 0, `expected a record of ${kind}, found one of ${read.note.what} (read as ${format})`);
}

/** Prices in another currency; the note tells the rate. */
function inCurrency(imported: Imported, rates: ExchangeRates): Imported {
  const { series, note } = imported;
  const from = note.currency ?? '';
  if (from === rates.accounting) return imported;
  if (!Object.hasOwn(rates.perUnit, from))
    throw new ImportFault('price', 0, `prices are in ${from} and no rate to ${rates.accounting} was given`, undefined, 'rate');
  const rate = rateOf(from, rates);
  return {
    ...imported,
    series: seriesInCurrency(series, from, rates),
    note: {
      ...note,
      currency: rates.accounting,
      unit: `${rates.accounting}/MWh`,
      corrections: [...note.corrections, `1 ${from} taken as ${rate} ${rates.accounting}, as told`],
    },
  };
}
