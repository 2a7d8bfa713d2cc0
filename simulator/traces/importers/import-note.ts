/**
 * Import note: what an importer understood of a record, so that a reader can disagree.
 *
 * Owns the note, the fault of an unreadable record, the table reader and the even grid that all importers end in.
 * Importers are pure: text in, series and note out. A gap is `undefined`, counted, never filled.
 */
import { parse } from 'csv-parse/sync';
import type { Series } from '../../../units/series.ts';
import type { DurationMs, Instant } from '../../../units/time.ts';

export interface ImportNote {
  readonly what: 'price' | 'carbon-intensity' | 'cloud-cover' | 'jobs' | 'hourly-table';
  /** As the record names it; empty when it does not. */
  readonly zone: string;
  readonly unit: string;
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
  readonly note: ImportNote;
}

/** A record that cannot be read: which one, where, what was found and what was expected. */
export class ImportFault extends Error {
  override readonly name = 'ImportFault';
  readonly what: ImportNote['what'];
  /** Line of the record, 1 is the header; 0 when the whole is unreadable. */
  readonly line: number;

  constructor(what: ImportNote['what'], line: number, problem: string, cause?: unknown) {
    super(`${what} record${line > 0 ? `, line ${line}` : ''}: ${problem}`, cause === undefined ? undefined : { cause });
    this.what = what;
    this.line = line;
  }
}

/** Header names as compared: lower case, `₂` as `2`, single spaces. */
const plain = (name: string) => name.trim().toLowerCase().replaceAll('₂', '2').replaceAll(/\s+/g, ' ');

/** A CSV text: its header as written, its rows, and the index of a column by any of its names (a fault names those there are). */
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  column(...names: string[]): number;
}

/** Reads a CSV text with a header; an ImportFault for what is no table. */
export function readTable(what: ImportNote['what'], text: string): Table {
  let table: string[][];
  try {
    table = parse(text, { bom: true, skip_empty_lines: true, trim: true });
  } catch (cause) {
    throw new ImportFault(what, 0, `not a CSV table (${cause instanceof Error ? cause.message : cause})`, cause);
  }
  const [header = [], ...rows] = table;
  const names = header.map(plain);
  const column = (...wanted: string[]) => {
    const plainWanted = wanted.map(plain);
    const found = names.findIndex((name) => plainWanted.includes(name));
    if (found < 0) throw new ImportFault(what, 1, `no column ${wanted.join(' or ')}; there are: ${header.join(', ') || 'none'}`);
    return found;
  };
  return { header, rows, column };
}

/** A number of a cell; `undefined` for an empty one or a dash, a fault for anything else. */
export function readNumber(what: ImportNote['what'], cell: string | undefined, line: number): number | undefined {
  if (cell === undefined || cell === '' || cell === '-' || /^(nan|null|n\/e)$/i.test(cell)) return undefined;
  const value = Number(cell);
  if (!Number.isFinite(value)) throw new ImportFault(what, line, `expected a number, found ${JSON.stringify(cell)}`);
  return value;
}

/** Reads `2022-01-31 05:00[:00]` with an optional `Z` or offset: the wall time as if it were UTC, and the offset when written. */
export function readStamp(what: ImportNote['what'], cell: string | undefined, line: number): { wallMs: number; offsetMs?: DurationMs } {
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/.exec(cell ?? '');
  const wallMs = match ? Date.parse(`${match[1]}T${match[2]}${match[3] ?? ':00'}Z`) : Number.NaN;
  if (!match || Number.isNaN(wallMs)) throw new ImportFault(what, line, `expected a stamp such as 2022-01-31 05:00:00, found ${cell}`);
  const zone = match[4];
  if (zone === undefined) return { wallMs };
  if (zone === 'Z') return { wallMs, offsetMs: 0 };
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return { wallMs, offsetMs: (zone.startsWith('-') ? -1 : 1) * minutes * 60_000 };
}

/** Values laid on an even grid from the first to the last instant; steps without a value are gaps. A fault off the grid. */
export function onGrid(what: ImportNote['what'], values: ReadonlyMap<Instant, number | undefined>, stepMs: DurationMs): Series {
  if (values.size === 0) throw new ImportFault(what, 0, 'no rows');
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const instant of values.keys()) {
    first = Math.min(first, instant);
    last = Math.max(last, instant);
  }
  for (const instant of values.keys())
    if ((instant - first) % stepMs !== 0)
      throw new ImportFault(what, 0, `${new Date(instant).toISOString()} is off the grid of ${stepMs / 60_000} min`);
  return { start: first, stepMs, values: Array.from({ length: (last - first) / stepMs + 1 }, (_, i) => values.get(first + i * stepMs)) };
}

/** Steps of a series without a value. */
export const gapsOf = ({ values }: Series): number => values.filter((value) => value === undefined).length;
