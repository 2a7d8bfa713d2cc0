/**
 * Half-hourly carbon: the two-column CSV `Time,Carbon Intensity` of Wiesner et al. (Middleware 2021), naive stamps.
 *
 * Owns the reading of its columns; the published experiment counts its stamps as they stand, so they are read as UTC.
 */
import type { Instant } from '../../../units/time.ts';
import { gapsOf, type Imported, leastStep, onGrid, readNumber, readStamp, readTable } from './import-note.ts';

const what = 'carbon-intensity' as const;

/** Average carbon intensity on the record's own grid, gCO2eq/kWh; an ImportFault for anything else. */
export function importHalfHourlyCarbon(text: string): Imported {
  const { rows, column } = readTable(what, text);
  const [stampColumn, valueColumn] = [column('Time'), column('Carbon Intensity')];
  const values = new Map<Instant, number | undefined>();
  rows.forEach((row, i) => {
    const { wallMs, offsetMs = 0 } = readStamp(what, row[stampColumn], i + 2);
    values.set(wallMs - offsetMs, readNumber(what, row[valueColumn], i + 2));
  });
  const series = onGrid(what, values, leastStep(what, values.keys()));
  const note: Omit<Imported['note'], 'corrections'> = {
    what,
    zone: '',
    unit: 'gCO2eq/kWh',
    basis: 'average',
    timeZone: 'UTC',
    resolutionMs: series.stepMs,
    records: rows.length,
    gaps: gapsOf(series),
  };
  return { series, note: { ...note, corrections: ['stamps without an offset were read as UTC'] } };
}
