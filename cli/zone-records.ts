/**
 * Zone records: the files that a scenario names for a zone become its trace and, where there is one, its generation.
 *
 * Owns what a zone's files are told beside their text: the zone's time zone and day-ahead market, from the conventions
 * that are known of it unless the scenario says. Leaves the formats to `simulator/traces/importers`.
 */
import { resolve } from 'node:path';
import { importGenerationMix } from '../simulator/grid/generation-mix.ts';
import type { OwnRecord, OwnZone } from '../simulator/grid-file.ts';
import type { ZoneRecords } from '../simulator/study/zones.ts';
import type { GridTrace } from '../simulator/traces/grid-trace.ts';
import { detectFormat } from '../simulator/traces/importers/detect.ts';
import { formats } from '../simulator/traces/importers/formats.ts';
import type { Imported, SeriesKind } from '../simulator/traces/importers/import-note.ts';
import { readTrace } from '../simulator/traces/importers/read-trace.ts';
import { type PriceConvention, priceConventions } from '../simulator/traces/importers/wholesale-price.ts';
import { type Series, spanOf } from '../units/series.ts';
import { type Interval, toIso } from '../units/time.ts';
import { readNamed } from './record-faults.ts';
import { regionOf } from './region-records.ts';

export interface ZoneRecordsQuery {
  readonly zone: string;
  readonly own: OwnZone;
  /** Records of the zone from elsewhere, for what its own do not have. */
  readonly base: GridTrace | undefined;
  /** The scenario's folder. */
  readonly folder: string;
  /** What prices and carbon must cover: the study itself. */
  readonly studied: Interval;
}

const kinds = { price: 'price', carbon: 'carbon-intensity', marginal: 'carbon-intensity', clouds: 'cloud-cover' } as const;

/** @throws RecordsFault for a file that is not there, Error that names the file or the field and says what to do */
export function readZoneRecords({ zone, own, base, folder, studied }: ZoneRecordsQuery): ZoneRecords {
  const known = priceConventions[zone];
  const timeZone = own.time_zone ?? known?.timeZone ?? base?.timeZone;
  const priceIsDayAhead = own.day_ahead ?? known?.isDayAhead ?? base?.priceIsDayAhead;
  if (timeZone === undefined || priceIsDayAhead === undefined)
    throw new Error(
      `grid.zones.${zone}: nothing is known of the zone; say time_zone (such as Europe/Berlin) and day_ahead (true where prices are known the day before)`,
    );
  const read = (field: 'price' | 'carbon' | 'marginal' | 'clouds'): Imported | undefined => {
    const record = own[field];
    const one = (file: string) => readOne(kinds[field], resolve(folder, file), record as OwnRecord, { zone, timeZone, priceIsDayAhead });
    return record && joinedOf(`grid.zones.${zone}.${field}`, record.file.map(one));
  };
  const [price, carbon, marginal, clouds] = [read('price'), read('carbon'), read('marginal'), read('clouds')];
  covers(`grid.zones.${zone}.price`, price?.series, studied);
  covers(`grid.zones.${zone}.carbon`, carbon?.series, studied);
  if (marginal && marginal.note.basis !== 'marginal')
    throw new Error(
      `grid.zones.${zone}.marginal: found a record of ${marginal.note.basis ?? 'unknown'} intensity; allowed: a marginal one`,
    );
  if (carbon?.note.basis === 'marginal')
    throw new Error(`grid.zones.${zone}.carbon: found a record of marginal intensity; allowed: an average one (marginal goes to marginal)`);
  const prices = price?.series ?? base?.price;
  const priceCurrency = price?.note.currency ?? base?.priceCurrency;
  if (prices === undefined || priceCurrency === undefined) throw new Error(`grid.zones.${zone}.price: no prices are named, and none known`);
  const region = own.region && regionIn(resolve(folder, own.region.file), own.region);
  if (region) {
    const { start, stepMs, count } = region.record.mix;
    covers(`grid.zones.${zone}.region`, { start, stepMs, values: new Array(count) }, studied);
  }
  const carbonIntensity = carbon?.series ?? (region ? undefined : base?.carbonIntensity);
  const marginalIntensity = marginal?.series ?? base?.marginalIntensity;
  const cloudCover = clouds?.series ?? base?.cloudCover;
  return {
    trace: {
      zone,
      timeZone,
      priceIsDayAhead,
      priceCurrency,
      price: prices,
      ...(carbonIntensity ? { carbonIntensity } : {}),
      ...(marginalIntensity ? { marginalIntensity } : {}),
      ...(cloudCover ? { cloudCover } : {}),
    },
    ...(region ? { region } : {}),
  };
}

interface Known {
  readonly zone: string;
  readonly timeZone: string;
  readonly priceIsDayAhead: boolean;
}

function readOne(kind: SeriesKind, file: string, { format, column, stamps, factors }: OwnRecord, of: Known): Imported {
  return readNamed(file, (text, fileName) => {
    const name = format ?? detectFormat(text, fileName);
    const takes: readonly string[] = formats[name].takes;
    const { zone, timeZone, priceIsDayAhead: isDayAhead } = of;
    const convention: PriceConvention | undefined = stamps && { timeZone: stamps === 'local' ? timeZone : 'UTC', stamps, isDayAhead };
    const isStamped = takes.includes('convention');
    const named = column ?? (isStamped ? zone : undefined);
    return readTrace(kind, text, {
      format: name,
      fileName,
      ...(named === undefined ? {} : { zone: named }),
      ...(factors === undefined ? {} : { factors }),
      ...(convention === undefined ? {} : { convention }),
    });
  });
}

/** Files of one record as one; where two know an hour, the later file stands. */
function joinedOf(field: string, parts: readonly Imported[]): Imported {
  const [first] = parts as [Imported];
  if (parts.length === 1) return first;
  const { stepMs } = first.series;
  const start = Math.min(...parts.map(({ series }) => series.start));
  const end = Math.max(...parts.map(({ series }) => spanOf(series).end));
  const isOne = ({ series, note }: Imported) =>
    series.stepMs === stepMs && (series.start - start) % stepMs === 0 && note.currency === first.note.currency;
  if (!parts.every(isOne))
    throw new Error(`${field}: found files of different steps or currencies; allowed: files that go on from each other`);
  const values: (number | undefined)[] = new Array((end - start) / stepMs).fill(undefined);
  for (const { series } of parts)
    series.values.forEach((value, i) => {
      if (value !== undefined) values[(series.start - start) / stepMs + i] = value;
    });
  return { ...first, series: { start, stepMs, values } };
}

function covers(field: string, series: Series | undefined, { start, end }: Interval): void {
  const span = series && spanOf(series);
  if (span && (span.start > start || span.end < end))
    throw new Error(
      `${field}: found a record from ${toIso(span.start)} to ${toIso(span.end)}; allowed: one that covers the study, ${toIso(start)} to ${toIso(end)} (choose another from or for, or name the file of the next year, too)`,
    );
}

function regionIn(file: string, { stamped_at_end, basis, held }: NonNullable<OwnZone['region']>): NonNullable<ZoneRecords['region']> {
  const isStampedAtEnd = stamped_at_end ?? regionOf(file).known?.isStampedAtEnd ?? false;
  try {
    return { record: readNamed(file, (text) => importGenerationMix(text, { isStampedAtEnd, basis })), basis, held };
  } catch (fault) {
    if (!(fault instanceof RangeError)) throw fault;
    throw new Error(`${file}: ${fault.message}`, { cause: fault });
  }
}
