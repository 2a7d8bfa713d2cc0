/**
 * Hourly table: any CSV with a first column of UTC stamps and numbers beside it, as dense columns on one grid.
 *
 * Owns nothing of their meaning: rows may be missing or out of order, empty cells are gaps, the first row of a stamp
 * counts. A cell that is no number is a fault with its line.
 */
import type { Dense } from '../../../energy-oracle/forecast/target.ts';
import { HOUR, type Instant } from '../../../units/time.ts';
import { ImportFault, readNumber, readStamp, readTable } from './import-note.ts';

/** Columns by their name in the header; all on the same hourly grid. NaN is a gap. */
export type HourlyTable = Readonly<Record<string, Dense>>;

const what = 'hourly-table' as const;
/** Longest table, hours: ten years. */
const hoursMax = 87_672;

/** @param stampOf  turns the stamp's wall clock into an instant, UTC by default; a row of no instant (a skipped hour) is left out */
export function importHourlyTable(text: string, stampOf: (wallMs: Instant) => Instant | undefined = (wallMs) => wallMs): HourlyTable {
  const { header, rows } = readTable(what, text);
  const stamps = rows.map((row, i) => {
    const { wallMs, offsetMs = 0 } = readStamp(what, row[0], i + 2);
    return stampOf(wallMs - offsetMs);
  });
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const stamp of stamps) if (stamp !== undefined) [first, last] = [Math.min(first, stamp), Math.max(last, stamp)];
  const count = Math.round((last - first) / HOUR) + 1;
  if (!(count > 0 && count <= hoursMax)) throw new ImportFault(what, 2, `expected 1 to ${hoursMax} hours, found ${count}`);
  const table: Record<string, Dense> = {};
  header.slice(1).forEach((name, j) => {
    const values = new Float64Array(count).fill(Number.NaN);
    rows.forEach((row, i) => {
      const stamp = stamps[i];
      if (stamp === undefined) return;
      const at = (stamp - first) / HOUR;
      if (!Number.isInteger(at)) throw new ImportFault(what, i + 2, 'expected stamps on whole hours');
      const value = readNumber(what, row[j + 1], i + 2);
      if (value !== undefined && Number.isNaN(values[at])) values[at] = value;
    });
    table[name] = { start: first, stepMs: HOUR, values };
  });
  return table;
}
