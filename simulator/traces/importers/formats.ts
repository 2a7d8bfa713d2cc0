/**
 * Formats: every form of record that is read, by name, and what each needs to be told beside its text.
 *
 * Owns the list and the options; leaves the reading to one file per format, and the telling apart to `detect.ts`. What a
 * record does not say is asked for (the fault names it in `needs`), or read by its publisher's habit, which the note tells.
 */
import type { ExchangeRates } from '../../../energy-oracle/grid/price.ts';
import type { Instant } from '../../../units/time.ts';
import { importEia930 } from './eia-930.ts';
import { type EmissionFactors, importElectricityMaps } from './electricity-maps.ts';
import { importEntsoePrice } from './entsoe-price.ts';
import { importEpw } from './epw.ts';
import { importGaiaJobs, type TimeUnit } from './gaia-jobs.ts';
import { importHalfHourlyCarbon } from './half-hourly-carbon.ts';
import { type Imported, type ImportedJobs, ImportFault, type ImportNote, type SeriesKind, seriesKinds } from './import-note.ts';
import { importOpenMeteo, openMeteoKinds } from './open-meteo.ts';
import { importOpenbJobs } from './openb-jobs.ts';
import { importOwnJobs } from './own-jobs.ts';
import { importOwnSeries } from './own-series.ts';
import { importPaiJobs } from './pai-jobs.ts';
import { importPvgis } from './pvgis.ts';
import { importSwfJobs } from './swf-jobs.ts';
import { importTmy3 } from './tmy3.ts';
import { importUtcPrice } from './utc-price.ts';
import { importVessimTrace, type VessimKind, vessimKinds } from './vessim-trace.ts';
import { importWattTime } from './watttime.ts';
import { importWholesalePrice, type PriceConvention, priceConventions } from './wholesale-price.ts';

/** What a caller may say beside the text; each format reads what it needs of it. */
export interface ReadOptions {
  readonly format?: FormatName;
  /** Zone, area, balancing authority or column: chosen where a file holds several, put into the note where it names none. */
  readonly zone?: string;
  /** Asked only for what the text leaves open: a price file's zone, a format of several that fit. */
  readonly fileName?: string;
  /** What stamps of `wholesale-price` mean, where its zone is not known. */
  readonly convention?: PriceConvention;
  /** Of `electricity-maps`. */
  readonly factors?: EmissionFactors;
  /** Of `gaia`. */
  readonly timeUnit?: TimeUnit;
  /** That a typical year is laid on. */
  readonly year?: number;
  /** Instant of second 0 of `vessim`. */
  readonly start?: Instant;
  /** What the numbers of `vessim` are, or which of its variables is wanted of `open-meteo`. */
  readonly as?: SeriesKind;
  readonly basis?: 'average' | 'marginal';
  /** Currency that prices are wanted in, and what one unit of others is worth of it. */
  readonly rates?: ExchangeRates;
}

export type Read = Imported | ImportedJobs;

/** Options that change how a text is read. */
export type Telling = Exclude<keyof ReadOptions, 'format' | 'fileName' | 'rates'>;

interface Format {
  readonly title: string;
  readonly gives: readonly ImportNote['what'][];
  /** Options that mean something here. */
  readonly takes: readonly Telling[];
  readonly read: (text: string, options: ReadOptions) => Read;
}

/** The formats, in the order they are listed to people. */
export const formats = {
  'electricity-maps': {
    title: 'Electricity Maps, yearly CSV of a zone',
    gives: ['carbon-intensity'],
    takes: ['zone', 'factors'],
    read: (text, { factors, zone }) => inZone(importElectricityMaps(text, factors), zone),
  },
  watttime: {
    title: 'WattTime, CSV or JSON',
    gives: ['carbon-intensity'],
    takes: ['zone'],
    read: (text, { zone }) => importWattTime(text, zone),
  },
  'half-hourly-carbon': {
    title: 'two columns, Time and Carbon Intensity',
    gives: ['carbon-intensity'],
    takes: ['zone'],
    read: (text, { zone }) => inZone(importHalfHourlyCarbon(text), zone),
  },
  'wholesale-price': {
    title: 'wholesale prices, Datetime and Price (<currency>/MWh)',
    gives: ['price'],
    takes: ['zone', 'convention'],
    read: readWholesalePrice,
  },
  'utc-price': {
    title: 'prices stamped in UTC beside local time',
    gives: ['price'],
    takes: ['zone'],
    read: (text, { zone }) => importUtcPrice(text, zone),
  },
  'entsoe-price': {
    title: 'ENTSO-E transparency platform, day-ahead prices',
    gives: ['price'],
    takes: ['zone'],
    read: (text, { zone }) => importEntsoePrice(text, zone),
  },
  'eia-930': { title: 'EIA-930 balance file', gives: ['demand'], takes: ['zone'], read: (text, { zone }) => importEia930(text, zone) },
  'open-meteo': {
    title: 'Open-Meteo archive, JSON',
    gives: openMeteoKinds,
    takes: ['zone', 'as'],
    read: (text, { zone, as }) =>
      inZone(importOpenMeteo(text, as === undefined ? undefined : oneOf(openMeteoKinds, as, 'open-meteo')), zone),
  },
  pvgis: {
    title: 'PVGIS, JSON of hourly series or of a typical year',
    gives: ['pv-power', 'plane-irradiance', 'ghi'],
    takes: ['zone', 'year'],
    read: (text, { year, zone }) => inZone(importPvgis(text, year), zone),
  },
  tmy3: {
    title: 'TMY3, typical meteorological year',
    gives: ['ghi'],
    takes: ['zone', 'year'],
    read: (text, { year, zone }) => inZone(importTmy3(text, year), zone),
  },
  epw: {
    title: 'EnergyPlus weather file',
    gives: ['ghi'],
    takes: ['zone', 'year'],
    read: (text, { year, zone }) => inZone(importEpw(text, year), zone),
  },
  swf: { title: 'Standard Workload Format 2.2', gives: ['jobs'], takes: [], read: (text) => importSwfJobs(text) },
  pai: { title: 'Alibaba PAI 2020, task table', gives: ['jobs'], takes: [], read: (text) => importPaiJobs(text) },
  openb: { title: 'Alibaba openb 2023, pod list', gives: ['jobs'], takes: [], read: (text) => importOpenbJobs(text) },
  gaia: { title: 'GAIA, arrival_time,length,cpus', gives: ['jobs'], takes: ['timeUnit'], read: readGaia },
  vessim: {
    title: 'Vessim trace, time and a column a place',
    gives: Object.keys(vessimKinds) as VessimKind[],
    takes: ['zone', 'as', 'basis', 'start'],
    read: readVessim,
  },
  'own-series': {
    title: 'Sunward’s own series, start and a value with its unit',
    gives: seriesKinds,
    takes: ['zone'],
    read: (text, { zone }) => importOwnSeries(text, zone),
  },
  'own-jobs': {
    title: 'Sunward’s own jobs, arrival_s,length_s,accelerators',
    gives: ['jobs'],
    takes: [],
    read: (text) => importOwnJobs(text),
  },
} as const satisfies Record<string, Format>;
export type FormatName = keyof typeof formats;
export const formatNames = Object.keys(formats) as FormatName[];
/** Those of job traces. */
export const jobFormatNames = formatNames.filter((name) => (formats[name].gives as readonly string[]).includes('jobs'));

/** A record that names no place of the market takes the caller's zone; its own name for the place is kept as a correction. */
function inZone(imported: Imported, zone: string | undefined): Imported {
  if (zone === undefined || zone === imported.note.zone) return imported;
  const own = imported.note.zone;
  const corrections = [...imported.note.corrections, ...(own ? [`the record calls its place ${own}`] : [])];
  return { ...imported, note: { ...imported.note, zone, corrections } };
}

/** The kind asked for, if the format has it. */
function oneOf<Kind extends SeriesKind>(kinds: readonly Kind[], as: SeriesKind, format: string): Kind {
  const found = kinds.find((kind) => kind === as);
  if (!found) throw new ImportFault(as, 0, `${format} holds ${kinds.join(', ')}`, undefined, 'as');
  return found;
}

function readWholesalePrice(text: string, { zone, fileName = '', convention }: ReadOptions): Imported {
  const known = Object.keys(priceConventions);
  const inName = known.find((name) => fileName.startsWith(`${name}_`));
  const named = zone ?? inName ?? (convention ? '' : undefined);
  if (named === undefined)
    throw new ImportFault(
      'price',
      0,
      `stamps mean another thing per zone, and the file names none; known zones: ${known.join(', ')}`,
      undefined,
      'zone',
    );
  const how = convention ?? (Object.hasOwn(priceConventions, named) ? priceConventions[named] : undefined);
  if (!how)
    throw new ImportFault('price', 0, `what stamps of ${named} mean is not known (known: ${known.join(', ')})`, undefined, 'convention');
  const imported = importWholesalePrice(text, named, how);
  if (named === '' || zone !== undefined) return imported;
  return { ...imported, note: { ...imported.note, corrections: ['the zone was read from the file’s name', ...imported.note.corrections] } };
}

function readGaia(text: string, { timeUnit }: ReadOptions): ImportedJobs {
  if (timeUnit) return importGaiaJobs(text, timeUnit);
  const { jobs } = importGaiaJobs(text, 'hours');
  const span = (jobs.at(-1)?.at ?? 0) / 3_600_000;
  const days = (hours: number) => `${(hours / 24).toFixed(1)} days`;
  throw new ImportFault(
    'jobs',
    0,
    `whether times are seconds or hours stands nowhere in the file; arrivals span ${days(span / 3_600)} in seconds, ${days(span / 60)} in minutes, ${days(span)} in hours`,
    undefined,
    'timeUnit',
  );
}

function readVessim(text: string, { as, basis, zone, start }: ReadOptions): Imported {
  if (!as)
    throw new ImportFault(
      'unknown',
      0,
      `the file does not say what its numbers are: ${Object.keys(vessimKinds).join(', ')}`,
      undefined,
      'as',
    );
  return importVessimTrace(text, {
    kind: oneOf(Object.keys(vessimKinds) as VessimKind[], as, 'vessim'),
    ...(basis ? { basis } : {}),
    ...(zone === undefined ? {} : { column: zone }),
    ...(start === undefined ? {} : { start }),
  });
}
