/**
 * Wholesale price: hourly market prices from `Datetime,Price (CUR/MWh)` files, whose stamps mean another thing per zone.
 *
 * Owns the table of conventions and the way from wall time to UTC through the hours that clocks skip or repeat. Prices
 * keep sign and currency. An hour that the file does not have, or has once though it happened twice, stays a gap.
 */
import { instantsOfLocal } from '../../../energy-oracle/grid/price.ts';
import { HOUR, type Instant } from '../../../units/time.ts';
import { gapsOf, type Imported, ImportFault, onGrid, readNumber, readStamp, readTable, tallied } from './import-note.ts';

export interface PriceConvention {
  /** IANA name of the market's day. */
  readonly timeZone: string;
  /** What a stamp without offset means. */
  readonly stamps: 'utc' | 'local' | 'offset';
  /** Known on the day before: a day-ahead auction, or a published tariff. */
  readonly isDayAhead: boolean;
  /** A wrong label in the header and the currency that the level shows. */
  readonly relabel?: { readonly from: string; readonly to: string; readonly because: string };
}

/**
 * How each zone's file is to be read.
 *
 * GB clears in the Central European day: in 2020, when it was coupled, its stamps move with those of FR hour by hour;
 * later years look alike (morning and evening peaks stamped an hour later than London's habits) but were not proven.
 * CA-ON and AU-VIC keep standard time all year (IESO in EST, AEMO in AEST): their files have a real price in the hour
 * that local clocks skip. Of NYIS and ERCO it is not known whether they are day-ahead; they are taken as real-time,
 * which never tells a price too early.
 */
export const priceConventions: Readonly<Record<string, PriceConvention>> = {
  'DE-LU': { timeZone: 'Europe/Berlin', stamps: 'local', isDayAhead: true },
  FR: { timeZone: 'Europe/Paris', stamps: 'local', isDayAhead: true },
  ES: { timeZone: 'Europe/Madrid', stamps: 'local', isDayAhead: true },
  GB: { timeZone: 'Europe/Paris', stamps: 'local', isDayAhead: true },
  KR: { timeZone: 'Asia/Seoul', stamps: 'local', isDayAhead: true },
  BR: { timeZone: 'America/Sao_Paulo', stamps: 'local', isDayAhead: true },
  ZA: { timeZone: 'Africa/Johannesburg', stamps: 'local', isDayAhead: true },
  'CA-ON': { timeZone: 'Etc/GMT+5', stamps: 'local', isDayAhead: false },
  'AU-VIC': {
    timeZone: 'Australia/Brisbane',
    stamps: 'local',
    isDayAhead: false,
    relabel: {
      from: 'USD',
      to: 'AUD',
      because: 'its mean of April to June 2022 is 224, which is what the market operator reported in AUD',
    },
  },
  'US-CAL-CISO': { timeZone: 'America/Los_Angeles', stamps: 'utc', isDayAhead: true },
  'US-MIDA-PJM': { timeZone: 'America/New_York', stamps: 'utc', isDayAhead: false },
  'US-NY-NYIS': { timeZone: 'America/New_York', stamps: 'utc', isDayAhead: false },
  'US-TEX-ERCO': { timeZone: 'America/Chicago', stamps: 'offset', isDayAhead: false },
};

/** Signs that headers use in place of the ISO 4217 code. */
const currencySigns: Readonly<Record<string, string>> = { R$: 'BRL', '€': 'EUR', '£': 'GBP', $: 'USD' };
const what = 'price' as const;

interface Tally {
  skipped: number;
  repeated: number;
}

/** Prices by the UTC instant their hour starts at. Two neighbouring rows of one doubled local hour are its two hours, in order. */
function byInstant(rows: readonly (readonly string[])[], convention: PriceConvention, tally: Tally): Map<Instant, number | undefined> {
  const { stamps, timeZone } = convention;
  const prices = new Map<Instant, number | undefined>();
  let previousWallMs = Number.NaN;
  rows.forEach(([stamp, cell], i) => {
    const line = i + 2;
    const { wallMs, offsetMs } = readStamp(what, stamp, line);
    if ((offsetMs === undefined) === (stamps === 'offset'))
      throw new ImportFault(what, line, `expected ${stamps} stamps ${stamps === 'offset' ? 'with' : 'without'} an offset, found ${stamp}`);
    const instants = stamps === 'local' ? instantsOfLocal(timeZone, wallMs) : [wallMs - (offsetMs ?? 0)];
    const instant = instants[wallMs === previousWallMs && instants.length === 2 ? 1 : 0];
    previousWallMs = wallMs;
    const price = readNumber(what, cell, line);
    if (instant === undefined) tally.skipped++;
    else {
      if (prices.has(instant)) tally.repeated++;
      prices.set(instant, price);
    }
  });
  return prices;
}

/** The price column of a header, `Price (<currency>/MWh)`, and its ISO 4217 code after the convention's correction, if it has one. */
export function priceColumnOf(
  header: readonly string[],
  { relabel }: Pick<PriceConvention, 'relabel'> = {},
): { index: number; currency: string; corrections: string[] } {
  const labels = header.map((name) => /^price \(([^/)]+)\/MWh\)$/i.exec(name)?.[1]?.trim());
  const index = labels.findIndex((label) => label !== undefined);
  const label = labels[index] ?? '';
  const currency = currencySigns[label] ?? label.toUpperCase();
  if (!/^[A-Z]{3}$/.test(currency)) throw new ImportFault(what, 1, `expected a column Price (<currency>/MWh), found ${header.join(', ')}`);
  if (currency !== relabel?.from) return { index, currency, corrections: [] };
  return { index, currency: relabel.to, corrections: [`labelled ${currency}, read as ${relabel.to}: ${relabel.because}`] };
}

/**
 * Import prices of a zone, the file's own currency per MWh, hourly on the UTC grid; negative where the market paid.
 *
 * A row stamped in an hour that local clocks skip is no hour at all and is left out. Of two rows for one instant the
 * later one stands (yearly and monthly files overlap in their first hour). An ImportFault for what cannot be read.
 */
export function importWholesalePrice(text: string, zone: string, convention: PriceConvention): Imported & { readonly currency: string } {
  const { header, rows, column } = readTable(what, text);
  const stampColumn = column('Datetime');
  const { index: priceColumn, currency, corrections } = priceColumnOf(header, convention);
  const tally: Tally = { skipped: 0, repeated: 0 };
  const cells = rows.map((row) => [row[stampColumn] ?? '', row[priceColumn] ?? '']);
  const series = onGrid(what, byInstant(cells, convention, tally), HOUR);
  corrections.push(
    ...tallied(
      [tally.skipped, `rows were stamped in an hour that ${convention.timeZone} skips and were left out`],
      [tally.repeated, 'hours came twice; the later row was kept'],
    ),
  );
  const timeZone = { utc: 'UTC', local: convention.timeZone, offset: 'as stamped' }[convention.stamps];
  const note = { what, zone, unit: `${currency}/MWh`, timeZone, currency, resolutionMs: HOUR, records: rows.length, gaps: gapsOf(series) };
  return { series, currency, note: { ...note, corrections } satisfies Imported['note'] };
}
