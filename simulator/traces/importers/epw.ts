/**
 * EPW: the weather file of EnergyPlus, hourly light and temperature of a place, typical or of a real year.
 *
 * Owns the eight header lines and the columns, which have no names. Hours run from 1 to 24 in local STANDARD time and
 * name their END; the minute column (0 or 60) says nothing and is not read. Light is the mean of that hour; temperature is
 * of its end and stands for it. Files that PVGIS writes are in UTC, though they name an offset: hour by hour they equal
 * the answer that PVGIS gives as JSON for the same place.
 */
import { HOUR, type Instant } from '../../../units/time.ts';
import { columnsOnGrid, gapsOf, type Imported, ImportFault, readNumber, tallied } from './import-note.ts';
import { ontoYear } from './typical-year.ts';
import { offsetName, wallOf } from './wall-time.ts';

const what = 'ghi' as const;
const headerLines = 8;
/** What PVGIS names as its source. */
const pvgisSource = 'ECMWF/ERA';
/** Columns of the data dictionary, counted from 0, and what they write for a value they lack. */
const columns = [
  { at: 13, missing: 9999 },
  { at: 14, missing: 9999 },
  { at: 15, missing: 9999 },
  { at: 6, missing: 99.9 },
] as const;
const besideNames = ['dni_w_per_m2', 'dhi_w_per_m2', 'temperature_c'];

/** Light on level ground, W/m2; beside it the direct and diffuse light, W/m2, and air temperature, °C. @param year  to lay the months on */
export function importEpw(text: string, year?: number): Imported {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const [location = '', ...header] = lines.slice(0, headerLines).map((line) => line.split(',').map((cell) => cell.trim()));
  const namedHoursEast = Number(location[8] || Number.NaN);
  if (location[0] !== 'LOCATION' || !(Math.abs(namedHoursEast) <= 14))
    throw new ImportFault(what, 1, `expected LOCATION, city, …, hours from UTC as the ninth field; found ${lines[0]?.slice(0, 100)}`);
  const isOfPvgis = location[4] === pvgisSource;
  const hoursEast = isOfPvgis ? 0 : namedHoursEast;
  const perHour = header.find(([title]) => title === 'DATA PERIODS')?.[2];
  if (perHour !== '1')
    throw new ImportFault(what, headerLines, `expected DATA PERIODS with one record an hour, found ${perHour ?? 'none'}`);
  const rows = lines
    .slice(headerLines)
    .map((line, i) => ({ cells: line.split(',').map((cell) => cell.trim()), line: i + headerLines + 1 }))
    .filter(({ cells }) => cells.length > 1);
  const walls = rows.map(({ cells, line }) => {
    const [inYear, month, day, hour] = cells.slice(0, 4).map(Number) as [number, number, number, number];
    const end = hour >= 1 ? wallOf(inYear, month, day, hour) : undefined;
    if (end === undefined)
      throw new ImportFault(what, line, `expected year, month, day and hour 1 to 24, found ${cells.slice(0, 4).join(',')}`);
    return end - HOUR;
  });
  const { starts, corrections } = ontoYear(walls, year);
  const values = new Map<Instant, readonly (number | undefined)[]>();
  let lacking = 0;
  rows.forEach(({ cells, line }, i) => {
    const start = starts[i];
    if (start === undefined) return;
    const read = columns.map(({ at, missing }) => {
      const value = readNumber(what, cells[at], line);
      return value !== undefined && value >= missing ? undefined : value;
    });
    if (read[0] === undefined) lacking++;
    values.set(start - hoursEast * HOUR, read);
  });
  const { series, beside } = columnsOnGrid(what, values, HOUR, besideNames);
  const note = {
    what,
    zone: location[1] ?? '',
    unit: 'W/m2',
    timeZone: offsetName(hoursEast * 60),
    resolutionMs: HOUR,
    records: rows.length,
    gaps: gapsOf(series),
    corrections: [
      `hours name their end, in ${isOfPvgis ? 'UTC' : 'local standard time'}, and were turned into starts`,
      ...(isOfPvgis ? [`written by PVGIS, in UTC whatever LOCATION says (${offsetName(namedHoursEast * 60)})`] : []),
      ...corrections,
      ...tallied([lacking, 'hours without light (9999)']),
    ],
  };
  return { series, beside, note };
}
