/**
 * TMY3: a typical meteorological year of a station (NREL), hourly light and temperature.
 *
 * Owns the first line of site metadata and the stamps: local STANDARD time all year, at the END of the hour, 24:00 for
 * midnight. Light is the mean of that hour; temperature is of its last minutes and stands for it.
 */
import { HOUR, type Instant } from '../../../units/time.ts';
import { columnsOnGrid, gapsOf, type Imported, ImportFault, readNumber, readTable, tallied } from './import-note.ts';
import { ontoYear } from './typical-year.ts';
import { monthFirst, offsetName } from './wall-time.ts';

const what = 'ghi' as const;
/** What the file writes for a value it lacks. */
const missing = -9900;
/** Columns beside the light on level ground, by their names here; commercial files misspell or lack some. */
const besideColumns = {
  dni_w_per_m2: ['DNI (W/m^2)', 'DNI (W/m^2))'],
  dhi_w_per_m2: ['DHI (W/m^2)'],
  temperature_c: ['Dry-bulb (C)'],
} as const;

/** Light on level ground, W/m2; beside it the direct and diffuse light, W/m2, and air temperature, °C. @param year  to lay the months on */
export function importTmy3(text: string, year?: number): Imported {
  const [first = '', ...rest] = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const site = /^\s*([^,]+),\s*(?:"([^"]*)"|([^,]*)),([^,]*),([^,]*),([^,]*),([^,]*),([^,]*)/.exec(`${first},`);
  const hoursEast = Number(site?.[5]?.trim() || Number.NaN);
  if (!site || !(Math.abs(hoursEast) <= 14))
    throw new ImportFault(
      what,
      1,
      `expected station, name, state, hours from UTC, latitude, longitude, elevation; found ${first.slice(0, 100)}`,
    );
  const { rows, column, columnIfAny } = readTable(what, rest.join('\n'));
  const [dateColumn, timeColumn] = [column('Date (MM/DD/YYYY)'), column('Time (HH:MM)')];
  const found = Object.entries(besideColumns).flatMap(([name, titles]) => {
    const at = columnIfAny(...titles);
    return at === undefined ? [] : [{ name, at }];
  });
  const columns = [column('GHI (W/m^2)'), ...found.map(({ at }) => at)];
  const walls = rows.map((row, i) => {
    const end = monthFirst(`${row[dateColumn]} ${row[timeColumn]}`);
    if (end === undefined)
      throw new ImportFault(what, i + 3, `expected MM/DD/YYYY and 01:00 to 24:00, found ${row[dateColumn]} ${row[timeColumn]}`);
    return end - HOUR;
  });
  const { starts, corrections } = ontoYear(walls, year);
  const values = new Map<Instant, readonly (number | undefined)[]>();
  let lacking = 0;
  rows.forEach((row, i) => {
    const start = starts[i];
    if (start === undefined) return;
    const cells = columns.map((at) => {
      const value = readNumber(what, row[at], i + 3);
      return value === missing ? undefined : value;
    });
    if (cells[0] === undefined) lacking++;
    values.set(start - hoursEast * HOUR, cells);
  });
  const { series, beside } = columnsOnGrid(
    what,
    values,
    HOUR,
    found.map(({ name }) => name),
  );
  const note = {
    what,
    zone: (site[2] ?? site[3] ?? '').trim(),
    unit: 'W/m2',
    timeZone: offsetName(hoursEast * 60),
    resolutionMs: HOUR,
    records: rows.length,
    gaps: gapsOf(series),
    corrections: [
      'stamps end their hour of local standard time and were turned into starts',
      ...corrections,
      ...tallied([lacking, `hours without light (${missing})`]),
    ],
  };
  return { series, beside, note };
}
