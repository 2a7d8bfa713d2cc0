/**
 * Import note: what an importer understood of a record, so that a reader can disagree.
 *
 * Owns the note, the fault of an unreadable record, the table reader and the even grid that all importers end in.
 * Importers are pure: text in, series and note out. A gap is `undefined`, counted, never filled.
 */
import { parse } from 'csv-parse/sync';
import type { Series } from '../../../units/series.ts';
import { type DurationMs, type Instant, toIso } from '../../../units/time.ts';
import type { JobTrace } from '../job-trace.ts';
import { wallOf } from './wall-time.ts';

/**
 * What a record tells over time: price (currency/MWh), carbon intensity (gCO2eq/kWh), cloud cover (0 to 1), power of
 * panels (kW/kWp), light on level ground (`ghi`) or on the panels' own plane (W/m2), demand of a balancing area (MW).
 */
export const seriesKinds = ['price', 'carbon-intensity', 'cloud-cover', 'pv-power', 'ghi', 'plane-irradiance', 'demand'] as const;
export type SeriesKind = (typeof seriesKinds)[number];

export interface ImportNote {
  readonly what: SeriesKind | 'jobs' | 'hourly-table';
  /** As the record names it, or the caller; empty when nobody does. */
  readonly zone: string;
  readonly unit: string;
  /** Of a carbon intensity: of the average kWh, or of the one more that a new load makes. */
  readonly basis?: 'average' | 'marginal';
  /** How stamps were read: an IANA name, `UTC`, or a fixed offset as `UTC+01:00`. */
  readonly timeZone: string;
  /** ISO 4217, of a price. */
  readonly currency?: string;
  /** 0 for jobs, which have no grid. */
  readonly resolutionMs: DurationMs;
  readonly records: number;
  /** Steps between the first and the last that have no value. */
  readonly gaps: number;
  /** What was read otherwise than it is written, or left out, and why; one sentence each. */
  readonly corrections: readonly string[];
}

export interface Imported {
  readonly series: Series;
  /** Other columns of the record on the same grid, by names that end in their unit: `dni_w_per_m2`, `coal_mw`. */
  readonly beside?: Readonly<Record<string, Series>>;
  readonly note: ImportNote;
}

export interface ImportedJobs {
  readonly jobs: JobTrace;
  readonly note: ImportNote;
}

/** A record that cannot be read: which one, where, what was found and what was expected. */
export class ImportFault extends Error {
  override readonly name = 'ImportFault';
  readonly what: ImportNote['what'] | 'unknown';
  /** Line of the record, 1 is the first; 0 when the whole is unreadable. */
  readonly line: number;
  /** What the caller could say that the record does not. */
  readonly needs: Need | undefined;

  constructor(what: ImportFault['what'], line: number, problem: string, cause?: unknown, needs?: Need) {
    super(`${what} record${line > 0 ? `, line ${line}` : ''}: ${problem}`, cause === undefined ? undefined : { cause });
    this.what = what;
    this.line = line;
    this.needs = needs;
  }
}

/** Things that some records do not say. */
export type Need = 'format' | 'zone' | 'convention' | 'timeUnit' | 'start' | 'as' | 'rate';

/** Header names as compared: lower case, `₂` as `2`, single spaces. */
export const plain = (name: string) => name.trim().toLowerCase().replaceAll('₂', '2').replaceAll(/\s+/g, ' ');

/** A CSV text: its header as written, its rows, and the index of a column by any of its names (a fault names those there are). */
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  column(...names: string[]): number;
  /** The same of a column that a record may lack. */
  columnIfAny(...names: string[]): number | undefined;
}

/** Columns named in a fault. */
const headerShownMax = 20;

/** Reads a CSV text with a header; an ImportFault for what is no table. */
export function readTable(what: ImportFault['what'], text: string): Table {
  let table: string[][];
  try {
    table = parse(text, { bom: true, skip_empty_lines: true, trim: true });
  } catch (cause) {
    throw new ImportFault(what, 0, `not a CSV table (${cause instanceof Error ? cause.message : cause})`, cause);
  }
  const [header = [], ...rows] = table;
  const names = header.map(plain);
  const columnIfAny = (...wanted: string[]) => {
    const plainWanted = wanted.map(plain);
    const found = names.findIndex((name) => plainWanted.includes(name));
    return found < 0 ? undefined : found;
  };
  const column = (...wanted: string[]) => {
    const found = columnIfAny(...wanted);
    if (found === undefined)
      throw new ImportFault(
        what,
        1,
        `no column ${wanted.join(' or ')}; there are: ${header.slice(0, headerShownMax).join(', ') || 'none'}`,
      );
    return found;
  };
  return { header, rows, column, columnIfAny };
}

/** A number of a cell; `undefined` for an empty one or a dash, a fault for anything else. */
export function readNumber(what: ImportNote['what'], cell: string | undefined, line: number): number | undefined {
  if (cell === undefined || cell === '' || cell === '-' || /^(nan|null|n\/[ae])$/i.test(cell)) return undefined;
  const value = Number(cell);
  if (!Number.isFinite(value)) throw new ImportFault(what, line, `expected a number, found ${JSON.stringify(cell)}`);
  return value;
}

/** Reads `2022-01-31 05:00[:00]` with an optional `Z` or offset: the wall time as if it were UTC, and the offset when written. */
export function readStamp(what: ImportNote['what'], cell: string | undefined, line: number): { wallMs: number; offsetMs?: DurationMs } {
  const match = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/.exec(cell ?? '');
  const [year, month, day, hour, minute, second] = (match?.slice(1, 7) ?? []).map((part) => Number(part ?? 0));
  const whole = match ? wallOf(year as number, month as number, day as number, hour, minute, second) : undefined;
  if (!match || whole === undefined) throw new ImportFault(what, line, `expected a stamp such as 2022-01-31 05:00:00, found ${cell}`);
  const wallMs = whole + Math.round(Number(match[7] ?? 0) * 1_000);
  const zone = match[8];
  if (zone === undefined) return { wallMs };
  if (zone === 'Z') return { wallMs, offsetMs: 0 };
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return { wallMs, offsetMs: (zone.startsWith('-') ? -1 : 1) * minutes * 60_000 };
}

/** Steps of the longest record that is read: a year of half minutes, ten of five minutes. */
export const stepsMax = 1_100_000;

/** Values laid on an even grid from the first to the last instant; steps without a value are gaps. A fault off the grid or beyond `stepsMax`. */
export function onGrid(what: ImportNote['what'], values: ReadonlyMap<Instant, number | undefined>, stepMs: DurationMs): Series {
  const { start, count } = gridOf(what, values.keys(), stepMs);
  return { start, stepMs, values: Array.from({ length: count }, (_, i) => values.get(start + i * stepMs)) };
}

/** Rows of several columns on one grid: the first column is the series, the others stand beside it under their names. */
export function columnsOnGrid(
  what: ImportNote['what'],
  rows: ReadonlyMap<Instant, readonly (number | undefined)[]>,
  stepMs: DurationMs,
  besideNames: readonly string[],
): { readonly series: Series; readonly beside: Readonly<Record<string, Series>> } {
  const { start, count } = gridOf(what, rows.keys(), stepMs);
  const column = (j: number): Series => ({
    start,
    stepMs,
    values: Array.from({ length: count }, (_, i) => rows.get(start + i * stepMs)?.[j]),
  });
  return { series: column(0), beside: Object.fromEntries(besideNames.map((name, j) => [name, column(j + 1)])) };
}

function gridOf(what: ImportNote['what'], instants: Iterable<Instant>, stepMs: DurationMs): { start: Instant; count: number } {
  const all = [...instants];
  if (all.length === 0) throw new ImportFault(what, 0, 'no rows');
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const instant of all) {
    first = Math.min(first, instant);
    last = Math.max(last, instant);
  }
  for (const instant of all)
    if ((instant - first) % stepMs !== 0) throw new ImportFault(what, 0, `${toIso(instant)} is off the grid of ${stepMs / 60_000} min`);
  const count = (last - first) / stepMs + 1;
  if (count > stepsMax)
    throw new ImportFault(what, 0, `expected at most ${stepsMax} steps, found ${count} from ${toIso(first)} to ${toIso(last)}`);
  return { start: first, count };
}

/** The least step between neighbours in time; a fault for fewer than two instants. */
export function leastStep(what: ImportNote['what'], instants: Iterable<Instant>): DurationMs {
  const sorted = Float64Array.from(instants).sort();
  let least = Number.POSITIVE_INFINITY;
  for (let i = 1; i < sorted.length; i++) {
    const step = (sorted[i] as number) - (sorted[i - 1] as number);
    if (step > 0) least = Math.min(least, step);
  }
  if (!Number.isFinite(least)) throw new ImportFault(what, 0, 'fewer than two rows: how long a step is stands nowhere');
  return least;
}

/** Steps of a series without a value. */
export const gapsOf = ({ values }: Series): number => {
  let gaps = 0;
  for (const value of values) if (value === undefined) gaps++;
  return gaps;
};

/** Text as JSON; an ImportFault when it is none. */
export function readJson(what: ImportNote['what'], text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw new ImportFault(what, 0, 'not JSON', cause);
  }
}

/** Corrections that befell rows: of each `[count, sentence]` those that befell any, the count before the sentence. */
export const tallied = (...counts: readonly (readonly [count: number, sentence: string])[]): string[] =>
  counts.filter(([count]) => count > 0).map(([count, sentence]) => `${count} ${sentence}`);
