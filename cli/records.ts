/**
 * Records: grid and job records from files of a folder, plain or gzipped.
 *
 * The only reader of such folders. Owns the layout (`price/<zone>_electricity_prices_<year>.csv`,
 * `carbon-intensity/<zone>_<year>_hourly.csv`, `weather/<zone>_<year>.json`, each with or without `.gz`) and the joining
 * of years; leaves the meaning of a file to `simulator/traces/importers`. A missing file is a fault that says what is there.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { GridTrace } from '../simulator/traces/grid-trace.ts';
import { type EmissionFactors, importElectricityMaps } from '../simulator/traces/importers/electricity-maps.ts';
import { importGaiaJobs, type TimeUnit } from '../simulator/traces/importers/gaia-jobs.ts';
import type { Imported, ImportNote } from '../simulator/traces/importers/import-note.ts';
import { importOpenMeteo } from '../simulator/traces/importers/open-meteo.ts';
import { importWholesalePrice, priceConventions } from '../simulator/traces/importers/wholesale-price.ts';
import type { JobTrace } from '../simulator/traces/job-trace.ts';
import type { Series } from '../units/series.ts';
import { DAY, type DurationMs, type Instant } from '../units/time.ts';

/** Read before the first asked instant unless told otherwise, so that forecasts have a history. */
const HISTORY: DurationMs = 8 * DAY;
/** Read behind the last one, so that the last day-ahead curves are whole. */
const BEYOND: DurationMs = 2 * DAY;

/** A record that is not there or cannot be found: what was looked for, and what is there instead. */
export class RecordsFault extends Error {
  override readonly name = 'RecordsFault';
  readonly lookedFor: string;
  readonly there: readonly string[];

  constructor(lookedFor: string, there: readonly string[], cause?: unknown) {
    const found = there.length > 0 ? there.join(', ') : 'nothing';
    super(`no record ${lookedFor} (plain or .gz); there is: ${found}`, cause === undefined ? undefined : { cause });
    this.lookedFor = lookedFor;
    this.there = there;
  }
}

export interface GridRecordsQuery {
  /** Electricity Maps names, as in the files: `DE-LU`, `BR-SP`. */
  readonly zones: readonly string[];
  readonly from: Instant;
  /** Exclusive. */
  readonly to: Instant;
  /** How much is read before `from`; eight days unless told. */
  readonly historyMs?: DurationMs;
  /** Life cycle unless said otherwise. */
  readonly emissionFactors?: EmissionFactors;
}

export interface GridRecords {
  /** One per zone, in the order asked; each spans `[from - 8 d, to + 2 d)`, hours without a record are gaps. */
  readonly traces: readonly GridTrace[];
  /** What was understood of every file that was read, by its path below the folder. */
  readonly notes: readonly (ImportNote & { readonly file: string })[];
}

/** The Brazilian price is one for the country; carbon and weather go by region. */
const priceZone = (zone: string) => (zone.startsWith('BR-') ? 'BR' : zone);

const whatIsThere = (code: string | undefined) =>
  code === 'EISDIR' ? 'a folder, not a file' : `a file that cannot be read${code ? ` (${code})` : ''}`;

async function readText(folder: string, file: string): Promise<string> {
  for (const name of [`${file}.gz`, file]) {
    try {
      const bytes = await readFile(join(folder, name));
      return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    } catch (fault) {
      const { code } = fault as NodeJS.ErrnoException;
      if (code !== 'ENOENT') throw new RecordsFault(join(folder, name), [whatIsThere(code)], fault);
    }
  }
  const directory = join(folder, file, '..');
  const there = await readdir(directory).catch(() => [`no folder ${directory}`]);
  throw new RecordsFault(join(folder, file), there.sort());
}

/** UTC years that the interval touches. */
function yearsOf(from: Instant, to: Instant): number[] {
  const [first, last] = [new Date(from).getUTCFullYear(), new Date(to - 1).getUTCFullYear()];
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** One series that covers at least `[from, to)` from those of several files; where two know an hour, the later file stands. */
function joined(parts: readonly Series[], from: Instant, to: Instant): Series {
  const { start: origin, stepMs } = parts[0] ?? { start: from, stepMs: DAY };
  const start = origin + Math.floor((from - origin) / stepMs) * stepMs; // on the files' own grid
  const values: (number | undefined)[] = new Array(Math.ceil((to - start) / stepMs)).fill(undefined);
  for (const part of parts) {
    if (part.stepMs !== stepMs || (part.start - origin) % stepMs !== 0) throw new RangeError('files of one record must share a grid');
    part.values.forEach((value, i) => {
      const index = (part.start - start) / stepMs + i;
      if (value !== undefined && index >= 0 && index < values.length) values[index] = value;
    });
  }
  return { start, stepMs, values };
}

/**
 * Grid traces of zones from a folder of yearly files.
 *
 * Years that `[from, to)` touches must be there; years that only the history before or the days beyond it touch may be
 * missing and leave gaps. A RecordsFault names what is missing, an ImportFault what cannot be read, a RangeError an unknown zone.
 */
export async function readGridRecords(
  folder: string,
  { zones, from, to, historyMs = HISTORY, emissionFactors }: GridRecordsQuery,
): Promise<GridRecords> {
  if (!(to > from)) throw new RangeError(`an interval ends after it starts, found [${from}, ${to})`);
  const needed = yearsOf(from, to);
  const [start, end] = [from - historyMs, to + BEYOND];
  const notes: (ImportNote & { file: string })[] = [];

  async function series<Read extends Imported>(fileOf: (year: number) => string, read: (text: string) => Read): Promise<[Series, Read]> {
    const parts: Read[] = [];
    for (const year of yearsOf(start - DAY, end + DAY)) {
      // a file's year is that of local clocks: its first and last hours lie in the UTC year beside it
      try {
        const part = read(await readText(folder, fileOf(year)));
        notes.push({ ...part.note, file: fileOf(year) });
        parts.push(part);
      } catch (fault) {
        if (needed.includes(year) || !(fault instanceof RecordsFault)) throw fault;
      }
    }
    const [first] = parts;
    if (!first) throw new RangeError('unreachable: a needed year was read'); // narrows for the compiler
    return [
      joined(
        parts.map((part) => part.series),
        start,
        end,
      ),
      first,
    ];
  }

  const traces: GridTrace[] = [];
  for (const zone of zones) {
    const convention = priceConventions[priceZone(zone)];
    if (!convention) throw new RangeError(`no price convention for zone ${zone}; known: ${Object.keys(priceConventions).join(', ')}`);
    const [price, { currency }] = await series(
      (year) => `price/${priceZone(zone)}_electricity_prices_${year}.csv`,
      (text) => importWholesalePrice(text, priceZone(zone), convention),
    );
    const [carbonIntensity] = await series(
      (year) => `carbon-intensity/${zone}_${year}_hourly.csv`,
      (text) => importElectricityMaps(text, emissionFactors),
    );
    const [cloudCover] = await series((year) => `weather/${zone}_${year}.json`, importOpenMeteo);
    const { timeZone, isDayAhead: priceIsDayAhead } = convention;
    traces.push({ zone, timeZone, priceCurrency: currency, price, carbonIntensity, cloudCover, priceIsDayAhead });
  }
  return { traces, notes };
}

/** Jobs of a `arrival_time,length,cpus` file, plain or gzipped; the unit of its times stands nowhere in it and must be known. */
export async function readJobTrace(file: string, unit: TimeUnit): Promise<{ readonly jobs: JobTrace; readonly note: ImportNote }> {
  return importGaiaJobs(await readText('', file.replace(/\.gz$/, '')), unit);
}
