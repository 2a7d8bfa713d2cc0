/**
 * PVGIS: power of panels or light on them from the JSON of its hourly series, or light on level ground from its typical year.
 *
 * Owns both shapes and the stamps: UTC, at the minute a satellite passed (`:10`, `:55`), which name the hour they lie in.
 * Power is of the system asked for, with its losses, and is told per kWp of it. The sun's light on a tilted plane is
 * never passed off as light on level ground.
 */
import { z } from 'zod';
import { HOUR, type Instant } from '../../../units/time.ts';
import { columnsOnGrid, gapsOf, type Imported, ImportFault, type ImportNote, readJson, tallied } from './import-note.ts';
import { ontoYear } from './typical-year.ts';
import { compact } from './wall-time.ts';

const number = z.number().nullish();
const hour = z.object({
  time: z.string(),
  P: number,
  'G(i)': number,
  'Gb(i)': number,
  'Gd(i)': number,
  'Gr(i)': number,
  T2m: number,
  WS10m: number,
  Int: number,
});
const typicalHour = z.object({ 'time(UTC)': z.string(), 'G(h)': number, 'Gb(n)': number, 'Gd(h)': number, T2m: number, WS10m: number });
const answer = z.object({
  inputs: z.object({
    location: z.object({ latitude: z.number(), longitude: z.number(), irradiance_time_offset: z.number().nullish() }),
    pv_module: z.object({ peak_power: z.number().nullish(), system_loss: z.number().nullish() }).optional(),
  }),
  outputs: z.union([z.object({ hourly: z.array(hour).min(1) }), z.object({ tmy_hourly: z.array(typicalHour).min(1) })]),
});
type Cells = readonly (number | undefined)[];

/** Power per kWp where the answer has it, else the light it has; temperature and wind beside it. @param year  to lay a typical year on */
export function importPvgis(text: string, year?: number): Imported {
  const parsed = answer.safeParse(readJson('pv-power', text));
  if (!parsed.success) throw new ImportFault('pv-power', 0, z.prettifyError(parsed.error));
  const { inputs, outputs } = parsed.data;
  const place = `${inputs.location.latitude}, ${inputs.location.longitude}`;
  if (!('hourly' in outputs)) return typical(outputs.tmy_hourly, place, year, inputs.location.irradiance_time_offset);
  if (year !== undefined) throw new ImportFault('pv-power', 0, 'a year is for typical years to be laid on; these hours have their own');
  return hourly(outputs.hourly, inputs.pv_module, place);
}

function hourly(hours: readonly z.infer<typeof hour>[], module: z.infer<typeof answer>['inputs']['pv_module'], place: string): Imported {
  const hasPower = hours.some(({ P }) => P !== undefined && P !== null);
  const peakKw = module?.peak_power ?? 0;
  if (hasPower && !(peakKw > 0))
    throw new ImportFault('pv-power', 0, `expected inputs.pv_module.peak_power > 0 kW, found ${module?.peak_power}`);
  const lights = hours.map((each) => each['G(i)'] ?? sumOf([each['Gb(i)'], each['Gd(i)'], each['Gr(i)']]));
  const what = hasPower ? 'pv-power' : 'plane-irradiance';
  if (!hasPower && lights.every((light) => light === undefined)) throw new ImportFault(what, 0, 'neither P nor G(i) in outputs.hourly');
  const rebuilt = hours.filter(({ Int }) => Int === 1).length;
  const losses = module?.system_loss;
  const corrections = [
    ...(hasPower
      ? [`power of ${peakKw} kWp in W divided by ${peakKw * 1_000}${losses ? `, system losses of ${losses} % included` : ''}`]
      : []),
    ...tallied([rebuilt, 'hours of light are reconstructed by the publisher and were kept']),
  ];
  const rows = hours.map(({ time, P, T2m, WS10m }, i): [string, Cells] => {
    const kwPerKwp = P === undefined || P === null ? undefined : P / 1_000 / peakKw;
    return [time, [...(hasPower ? [kwPerKwp] : []), lights[i], T2m ?? undefined, WS10m ?? undefined]];
  });
  const names = [...(hasPower ? ['plane_irradiance_w_per_m2'] : []), 'temperature_c', 'wind_m_per_s'];
  return laid(what, rows, names, hasPower ? 'kW/kWp' : 'W/m2', place, (starts) => ({ starts, corrections }));
}

function typical(
  hours: readonly z.infer<typeof typicalHour>[],
  place: string,
  year: number | undefined,
  offsetHours: number | null | undefined,
): Imported {
  const rows = hours.map((each): [string, Cells] => [
    each['time(UTC)'],
    [each['G(h)'], each['Gb(n)'], each['Gd(h)'], each.T2m, each.WS10m].map((value) => value ?? undefined),
  ]);
  const names = ['dni_w_per_m2', 'dhi_w_per_m2', 'temperature_c', 'wind_m_per_s'];
  const told = offsetHours ? [`light is of minute ${Math.round(offsetHours * 60)} of its hour and stands for the whole`] : [];
  return laid('ghi', rows, names, 'W/m2', place, (starts) => {
    const { starts: laidStarts, corrections } = ontoYear(starts, year);
    return { starts: laidStarts, corrections: [...told, ...corrections] };
  });
}

/** Rows on the hours their stamps lie in. */
function laid(
  what: ImportNote['what'],
  rows: readonly (readonly [string, Cells])[],
  names: readonly string[],
  unit: string,
  zone: string,
  placed: (starts: readonly Instant[]) => ReturnType<typeof ontoYear>,
): Imported {
  const stamps = rows.map(([stamp]) => {
    const instant = compact(stamp);
    if (instant === undefined) throw new ImportFault(what, 0, `expected a stamp such as 20230701:0010, found ${stamp}`);
    return instant;
  });
  const { starts, corrections } = placed(stamps.map((stamp) => Math.floor(stamp / HOUR) * HOUR));
  const values = new Map<Instant, Cells>();
  rows.forEach(([, cells], i) => {
    const start = starts[i];
    if (start !== undefined) values.set(start, cells);
  });
  const { series, beside } = columnsOnGrid(what, values, HOUR, names);
  const minute = ((stamps[0] ?? 0) % HOUR) / 60_000;
  const told = minute === 0 ? [] : [`stamps at minute ${minute} stand for the hour they lie in`];
  const note = { what, zone, unit, timeZone: 'UTC', resolutionMs: HOUR, records: rows.length, gaps: gapsOf(series) };
  return { series, beside, note: { ...note, corrections: [...told, ...corrections] } };
}

/** The known parts added up; `undefined` when none is. */
function sumOf(parts: readonly (number | null | undefined)[]): number | undefined {
  const known = parts.filter((part) => part !== undefined && part !== null);
  return known.length === 0 ? undefined : known.reduce((sum, part) => sum + part, 0);
}
