/**
 * Zone table: many zones' hourly carbon intensity in one CSV, a column a zone, a row an hour, without stamps.
 *
 * The form in which Sukprasert et al. (EuroSys 2024) published a year of Electricity Maps. Owns the reading of its cells;
 * the caller says when row 0 begins. A year with a hole could not be compared with theirs, so a gap is a fault.
 */
import { ImportFault, readNumber, readTable } from './import-note.ts';

const what = 'carbon-intensity' as const;

export interface ZoneTable {
  /** Electricity Maps' names, in the order of the header. */
  readonly zones: readonly string[];
  readonly hours: number;
  /** By zone and hour, gCO2eq/kWh on average over the hour. */
  readonly intensity: ReadonlyMap<string, Float64Array>;
}

/** @throws ImportFault for a zone that is named twice, a row of another length, a cell that is no number */
export function importZoneTable(text: string): ZoneTable {
  const { header: zones, rows } = readTable(what, text);
  if (new Set(zones).size < zones.length) throw new ImportFault(what, 1, 'a zone is named twice');
  const columns = zones.map(() => new Float64Array(rows.length));
  for (const [hour, row] of rows.entries())
    for (const [at, column] of columns.entries()) {
      const value = readNumber(what, row[at], hour + 2);
      if (value === undefined)
        throw new ImportFault(what, hour + 2, `no value of ${zones[at]}; a gap cannot be compared with a published year`);
      column[hour] = value;
    }
  return { zones, hours: rows.length, intensity: new Map(zones.map((zone, at) => [zone, columns[at] as Float64Array])) };
}
