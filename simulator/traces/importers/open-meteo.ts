/**
 * Open-Meteo: cloud cover of a place from the archive's JSON.
 *
 * Owns the reading of its stamps: the archive writes the whole file at one offset, `utc_offset_seconds`, that of the day
 * it was asked and not of the hour (a Californian January is stamped in summer time, and no year has a 23-hour day), so
 * the named time zone must not be applied. Values are of the instant and stand for the hour that follows.
 */
import { z } from 'zod';
import { HOUR, type Instant, SECOND } from '../../../units/time.ts';
import { gapsOf, type Imported, ImportFault, onGrid, readJson, readStamp } from './import-note.ts';
import { offsetName } from './wall-time.ts';

const hours = z.array(z.number().nullable());
const answer = z.object({
  utc_offset_seconds: z.int().min(-50_400).max(50_400),
  hourly: z.object({ time: z.array(z.string()), cloudcover: hours.optional(), cloud_cover: hours.optional() }),
});
const what = 'cloud-cover' as const;

/** Cloud cover, 0 to 1, hourly; nulls are gaps. An ImportFault for anything else. */
export function importOpenMeteo(text: string): Imported {
  const parsed = answer.safeParse(readJson(what, text));
  if (!parsed.success) throw new ImportFault(what, 0, z.prettifyError(parsed.error));
  const { utc_offset_seconds: offsetSeconds, hourly } = parsed.data;
  const cover = hourly.cloud_cover ?? hourly.cloudcover;
  if (cover?.length !== hourly.time.length)
    throw new ImportFault(what, 0, `expected hourly.cloud_cover beside ${hourly.time.length} times, found ${cover?.length ?? 'none'}`);
  const values = new Map<Instant, number | undefined>();
  hourly.time.forEach((stamp, i) => {
    const percent = cover[i] ?? undefined;
    if (percent !== undefined && !(percent >= 0 && percent <= 100))
      throw new ImportFault(what, 0, `expected 0 to 100 %, found ${percent} at ${stamp}`);
    values.set(readStamp(what, stamp, 0).wallMs - offsetSeconds * SECOND, percent === undefined ? undefined : percent / 100);
  });
  const series = onGrid(what, values, HOUR);
  const timeZone = offsetName(offsetSeconds / 60);
  const note = { what, zone: '', unit: '1', timeZone, resolutionMs: HOUR, records: hourly.time.length, gaps: gapsOf(series) };
  return { series, note: { ...note, corrections: [`the whole file is read at ${timeZone}`, 'percent divided by 100'] } };
}
