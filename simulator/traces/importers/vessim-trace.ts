/**
 * Vessim trace: a CSV whose first column is `time`, one column a place, as the co-simulator Vessim reads.
 *
 * Owns the two kinds of stamps (seconds since the start of a simulation, or dates). What the numbers are and when a
 * simulation starts stands nowhere in the file: the caller says both.
 */
import { type Instant, SECOND } from '../../../units/time.ts';
import {
  gapsOf,
  type Imported,
  ImportFault,
  type ImportNote,
  leastStep,
  onGrid,
  readNumber,
  readStamp,
  readTable,
  tallied,
} from './import-note.ts';

/** What such a file may hold, and the unit its numbers are then read in. */
export const vessimKinds = {
  'pv-power': 'kW/kWp',
  ghi: 'W/m2',
  'carbon-intensity': 'gCO2eq/kWh',
  demand: 'MW',
} as const satisfies Partial<Record<ImportNote['what'], string>>;
export type VessimKind = keyof typeof vessimKinds;

export interface VessimMeaning {
  readonly kind: VessimKind;
  /** Of a carbon intensity; average unless told. */
  readonly basis?: 'average' | 'marginal';
  /** Column to take; needed where there are several. */
  readonly column?: string;
  /** Instant of second 0; needed where stamps are seconds. */
  readonly start?: Instant;
}

/** The column's numbers as they stand, on the file's own grid. An ImportFault for anything else. */
export function importVessimTrace(text: string, { kind, basis = 'average', column, start }: VessimMeaning): Imported {
  const { header, rows } = readTable(kind, text);
  const names = header.slice(1);
  if (header[0]?.toLowerCase() !== 'time' || names.length === 0)
    throw new ImportFault(kind, 1, `expected time and a column a place, found ${header.slice(0, 20).join(', ')}`);
  const chosen = column ?? (names.length === 1 ? names[0] : undefined);
  const at = chosen === undefined ? 0 : header.indexOf(chosen, 1);
  if (chosen === undefined || at < 1)
    throw new ImportFault(kind, 1, `the file holds ${names.slice(0, 40).join(', ')}; name one of them as the zone`, undefined, 'zone');
  const isOffset = /^\d+(\.\d+)?$/.test(rows[0]?.[0] ?? '');
  if (isOffset && start === undefined)
    throw new ImportFault(
      kind,
      2,
      'times are seconds since a start that the file does not know; say which instant that is',
      undefined,
      'start',
    );
  const values = new Map<Instant, number | undefined>();
  let repeated = 0;
  rows.forEach((row, i) => {
    const instant = isOffset ? offsetInstant(kind, row[0], start ?? 0, i + 2) : dateInstant(kind, row[0], i + 2);
    if (values.has(instant)) repeated++;
    values.set(instant, readNumber(kind, row[at], i + 2));
  });
  const series = onGrid(kind, values, leastStep(kind, values.keys()));
  const corrections = [
    `numbers read as ${vessimKinds[kind]}, as told; the file does not say`,
    ...(isOffset ? ['times are seconds since the start that was told'] : []),
    ...(names.length > 1 ? [`${names.length - 1} other columns were left out`] : []),
    ...tallied([repeated, 'stamps came twice; the later row was kept']),
  ];
  return {
    series,
    note: {
      what: kind,
      zone: chosen,
      unit: vessimKinds[kind],
      ...(kind === 'carbon-intensity' ? { basis } : {}),
      timeZone: 'UTC',
      resolutionMs: series.stepMs,
      records: rows.length,
      gaps: gapsOf(series),
      corrections,
    },
  };
}

function offsetInstant(kind: VessimKind, cell: string | undefined, start: Instant, line: number): Instant {
  const seconds = readNumber(kind, cell, line);
  if (seconds === undefined) throw new ImportFault(kind, line, 'no time');
  return start + Math.round(seconds * SECOND);
}

function dateInstant(kind: VessimKind, cell: string | undefined, line: number): Instant {
  const { wallMs, offsetMs = 0 } = readStamp(kind, cell, line);
  return wallMs - offsetMs;
}
