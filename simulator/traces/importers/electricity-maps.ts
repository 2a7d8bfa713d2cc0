/**
 * Electricity Maps: carbon intensities of a zone from its yearly CSV, old and new generation of headers.
 *
 * Owns the column names. Life-cycle factors unless asked otherwise, as Electricity Maps itself shows: location-based
 * accounts compare zones by them. Estimated hours are kept and counted, where the file says which they are.
 */
import { DAY, type DurationMs, HOUR, type Instant } from '../../../units/time.ts';
import { gapsOf, type Imported, ImportFault, leastStep, onGrid, readNumber, readStamp, readTable, tallied } from './import-note.ts';

/** Emission factors: of the whole life cycle (LCA), or of combustion alone. */
export type EmissionFactors = 'life-cycle' | 'direct';

const columns = {
  'life-cycle': ['Carbon Intensity gCO2eq/kWh (LCA)', 'Carbon intensity gCO2eq/kWh (Life cycle)'],
  direct: ['Carbon Intensity gCO2eq/kWh (direct)'],
} as const satisfies Record<EmissionFactors, readonly string[]>;

const what = 'carbon-intensity' as const;

/** Hours unless the file has less (quarter hours, five minutes) or nothing below a day. */
function stepOf(instants: Iterable<Instant>, count: number): DurationMs {
  const least = count > 1 ? leastStep(what, instants) : HOUR;
  return least % DAY === 0 ? DAY : Math.min(HOUR, least);
}

/** Average carbon intensity, gCO2eq/kWh ≥ 0, on the file's own grid from UTC stamps of the steps' starts. An ImportFault for anything else. */
export function importElectricityMaps(text: string, factors: EmissionFactors = 'life-cycle'): Imported {
  const { rows, column, columnIfAny } = readTable(what, text);
  const [stampColumn, zoneColumn, valueColumn] = [column('Datetime (UTC)'), column('Zone Id'), column(...columns[factors])];
  const estimatedColumn = columnIfAny('Data Estimated');
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
    if (estimatedColumn !== undefined && row[estimatedColumn]?.toLowerCase() === 'true') estimated++;
  });
  const series = onGrid(what, values, stepOf(values.keys(), values.size));
  const corrections = [
    `${factors} emission factors`,
    ...tallied([estimated, 'hours are estimates of the publisher and were kept'], [repeated, 'hours came twice; the later row was kept']),
    ...(estimatedColumn === undefined ? ['the file does not say which values are estimates of the publisher'] : []),
  ];
  const note = {
    what,
    zone,
    unit: 'gCO2eq/kWh',
    basis: 'average' as const,
    timeZone: 'UTC',
    resolutionMs: series.stepMs,
    records: rows.length,
    gaps: gapsOf(series),
    corrections,
  };
  return { series, note: note satisfies Imported['note'] };
}
