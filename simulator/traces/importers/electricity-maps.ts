/**
 * Electricity Maps: carbon intensities of a zone from its yearly hourly CSV, old and new generation of headers.
 *
 * Owns the column names. Life-cycle factors unless asked otherwise, as Electricity Maps itself shows: location-based
 * accounts compare zones by them. Estimated hours are kept and counted.
 */
import { HOUR, type Instant } from '../../../units/time.ts';
import { gapsOf, type Imported, ImportFault, onGrid, readNumber, readStamp, readTable } from './import-note.ts';

/** Emission factors: of the whole life cycle (LCA), or of combustion alone. */
export type EmissionFactors = 'life-cycle' | 'direct';

const columns = {
  'life-cycle': ['Carbon Intensity gCO2eq/kWh (LCA)', 'Carbon intensity gCO2eq/kWh (Life cycle)'],
  direct: ['Carbon Intensity gCO2eq/kWh (direct)'],
} as const satisfies Record<EmissionFactors, readonly string[]>;

const what = 'carbon-intensity' as const;

/** Average carbon intensity, gCO2eq/kWh ≥ 0, hourly from UTC stamps of the hours' starts. An ImportFault for anything else. */
export function importElectricityMaps(text: string, factors: EmissionFactors = 'life-cycle'): Imported {
  const { rows, column } = readTable(what, text);
  const [stampColumn, zoneColumn, valueColumn] = [column('Datetime (UTC)'), column('Zone Id'), column(...columns[factors])];
  const estimatedColumn = column('Data Estimated');
  const values = new Map<Instant, number | undefined>();
  let [estimated, repeated] = [0, 0];
  const zone = rows[0]?.[zoneColumn] ?? '';
  rows.forEach((row, i) => {
    const line = i + 2;
    if (row[zoneColumn] !== zone) throw new ImportFault(what, line, `expected one zone, found ${zone} and ${row[zoneColumn]}`);
    const { wallMs, offsetMs = 0 } = readStamp(what, row[stampColumn], line);
    const value = readNumber(what, row[valueColumn], line);
    if (value !== undefined && value < 0) throw new ImportFault(what, line, `expected an intensity ≥ 0, found ${value}`);
    if (values.has(wallMs - offsetMs)) repeated++;
    values.set(wallMs - offsetMs, value);
    if (row[estimatedColumn]?.toLowerCase() === 'true') estimated++;
  });
  const series = onGrid(what, values, HOUR);
  const corrections = [
    `${factors} emission factors`,
    ...(estimated > 0 ? [`${estimated} hours are estimates of the publisher and were kept`] : []),
    ...(repeated > 0 ? [`${repeated} hours came twice; the later row was kept`] : []),
  ];
  const note = {
    what,
    zone,
    unit: 'gCO2eq/kWh',
    timeZone: 'UTC',
    resolutionMs: HOUR,
    records: rows.length,
    gaps: gapsOf(series),
    corrections,
  };
  return { series, note: note satisfies Imported['note'] };
}
