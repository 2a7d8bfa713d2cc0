/**
 * Open-Meteo: cloud cover or light of a place from the archive's JSON.
 *
 * Owns the reading of its stamps: the archive writes the whole file at one offset, `utc_offset_seconds`, that of the day
 * it was asked and not of the hour (a Californian January is stamped in summer time, and no year has a 23-hour day), so
 * the named time zone must not be applied. Cloud cover is of the instant and stands for the hour that follows; light is
 * the mean of the hour BEFORE its stamp.
 */
import { z } from 'zod';
import { HOUR, type Instant, SECOND } from '../../../units/time.ts';
import { gapsOf, type Imported, ImportFault, onGrid, readJson, readStamp } from './import-note.ts';
import { offsetName } from './wall-time.ts';

const hours = z.array(z.number().nullable());
const answer = z.object({
  utc_offset_seconds: z.int().min(-50_400).max(50_400),
  hourly: z.object({
    time: z.array(z.string()),
    cloudcover: hours.optional(),
    cloud_cover: hours.optional(),
    shortwave_radiation: hours.optional(),
  }),
  hourly_units: z.record(z.string(), z.string()).optional(),
});

/** What an answer may be read as. */
export const openMeteoKinds = ['cloud-cover', 'ghi'] as const;
export type OpenMeteoKind = (typeof openMeteoKinds)[number];

/** Cloud cover, 0 to 1, or light on level ground, W/m2, hourly; nulls are gaps. Clouds where the answer has both, unless told. */
export function importOpenMeteo(text: string, wanted?: OpenMeteoKind): Imported {
  const parsed = answer.safeParse(readJson(wanted ?? 'cloud-cover', text));
  if (!parsed.success) throw new ImportFault(wanted ?? 'cloud-cover', 0, z.prettifyError(parsed.error));
  const { utc_offset_seconds: offsetSeconds, hourly, hourly_units: units } = parsed.data;
  const cover = hourly.cloud_cover ?? hourly.cloudcover;
  const what = wanted ?? (cover === undefined && hourly.shortwave_radiation ? 'ghi' : 'cloud-cover');
  const [name, column] = what === 'ghi' ? ['shortwave_radiation', hourly.shortwave_radiation] : ['cloud_cover', cover];
  if (column?.length !== hourly.time.length)
    throw new ImportFault(what, 0, `expected hourly.${name} beside ${hourly.time.length} times, found ${column?.length ?? 'none'}`);
  const unit = units?.[name] ?? 'W/m²';
  if (what === 'ghi' && unit !== 'W/m²') throw new ImportFault(what, 0, `expected ${name} in W/m², found ${unit}`);
  const values = new Map<Instant, number | undefined>();
  hourly.time.forEach((stamp, i) => {
    const value = column[i] ?? undefined;
    if (value !== undefined && !(value >= 0 && (what === 'ghi' || value <= 100)))
      throw new ImportFault(what, 0, `expected ${what === 'ghi' ? 'light ≥ 0' : '0 to 100 %'}, found ${value} at ${stamp}`);
    const instant = readStamp(what, stamp, 0).wallMs - offsetSeconds * SECOND;
    if (what === 'ghi') values.set(instant - HOUR, value);
    else values.set(instant, value === undefined ? undefined : value / 100);
  });
  const series = onGrid(what, values, HOUR);
  const timeZone = offsetName(offsetSeconds / 60);
  const note = { what, zone: '', unit: what === 'ghi' ? 'W/m2' : '1', timeZone, resolutionMs: HOUR, records: hourly.time.length };
  const correction = what === 'ghi' ? 'light is of the hour before its stamp; stamps were turned into starts' : 'percent divided by 100';
  return { series, note: { ...note, gaps: gapsOf(series), corrections: [`the whole file is read at ${timeZone}`, correction] } };
}
