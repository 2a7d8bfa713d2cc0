/**
 * ENTSO-E price: day-ahead prices of a bidding zone from the transparency platform's CSV, all generations of its header.
 *
 * Owns the market time unit: a cell holds a range of local time (`01.01.2024 00:00 - 01.01.2024 01:00`, with slashes and
 * seconds in newer files), the header says of which clock, and on days when clocks change a cell may add `(CET)` or
 * `(CEST)`. Without that mark the second pass through a doubled hour is told by its place in the file. A range longer
 * than the file's least step (hours before quarter hours came) counts for each of its steps.
 */
import { instantsOfLocal } from '../../../energy-oracle/grid/price.ts';
import { type DurationMs, HOUR, type Instant, MINUTE } from '../../../units/time.ts';
import { gapsOf, type Imported, ImportFault, onGrid, readNumber, readTable, type Table, tallied } from './import-note.ts';
import { dayFirst } from './wall-time.ts';

const what = 'price' as const;

/** Clocks that headers name, and an IANA zone that keeps each. */
const clocks: Readonly<Record<string, string>> = {
  UTC: 'UTC',
  'CET/CEST': 'Europe/Berlin',
  'WET/WEST': 'Europe/Lisbon',
  'EET/EEST': 'Europe/Helsinki',
  CET: 'Etc/GMT-1',
  EET: 'Etc/GMT-2',
  WET: 'UTC',
};
/** Hours east of UTC that a mark in a cell stands for. */
const marks: Readonly<Record<string, number>> = { UTC: 0, WET: 0, WEST: 1, CET: 1, CEST: 2, EET: 2, EEST: 3 };
/** Ranges that a market trades. */
const steps: readonly DurationMs[] = [15 * MINUTE, 30 * MINUTE, HOUR];
const unnamedClock = 'CET/CEST';

interface Row {
  readonly line: number;
  /** Start of the market time unit by the wall, its length (0 for one that no market trades), the offset its cell marks. */
  readonly wallMs: Instant;
  readonly lengthMs: DurationMs;
  readonly offsetMs: DurationMs | undefined;
  readonly price: number | undefined;
}

/**
 * Day-ahead prices, the file's own currency per MWh, on the UTC grid of its least step; `-`, `n/e` and empty are gaps.
 *
 * @param zone  which area to take where the file holds several; as the file writes it, with or without `BZN|`
 */
export function importEntsoePrice(text: string, zone?: string): Imported & { readonly currency: string } {
  const table = readTable(what, text);
  const clockColumn = table.header.findIndex((name) => /^mtu\b/i.test(name));
  if (clockColumn < 0) throw new ImportFault(what, 1, `no column MTU (…); there are: ${table.header.join(', ') || 'none'}`);
  const clockName = /\(([^)]+)\)/
    .exec(table.header[clockColumn] ?? '')?.[1]
    ?.trim()
    .toUpperCase();
  const timeZone = clocks[clockName ?? unnamedClock];
  if (timeZone === undefined) throw new ImportFault(what, 1, `MTU is of the clock ${Object.keys(clocks).join(', ')}, found ${clockName}`);
  const priceColumn = table.header.findIndex((name) => /^day-ahead price\b/i.test(name));
  const currency = /[([]([A-Z]{3})\/MWh[)\]]/i.exec(table.header[priceColumn] ?? '')?.[1]?.toUpperCase();
  if (!currency) throw new ImportFault(what, 1, `expected a column Day-ahead Price (<currency>/MWh), found ${table.header.join(', ')}`);
  const chosen = chooseRows(table, zone);
  const rows = chosen.rows.map(({ row, line }): Row => {
    const range = rangeOf(row[clockColumn], line);
    return { ...range, line, price: readNumber(what, row[priceColumn], line) };
  });
  const stepMs = steps.find((step) => rows.some(({ lengthMs }) => lengthMs === step)) ?? HOUR;
  const { prices, skipped, repeated } = layOut(rows, timeZone, stepMs);
  const series = onGrid(what, prices, stepMs);
  const corrections = [
    ...(clockName === undefined ? [`the header names no clock; read as ${unnamedClock}`] : []),
    ...chosen.corrections,
    ...tallied(
      [skipped, `prices stood in an hour that ${timeZone} skips and were left out`],
      [repeated, 'steps came twice; the later row was kept'],
    ),
  ];
  const note = { what, zone: chosen.zone, unit: `${currency}/MWh`, timeZone, currency, resolutionMs: stepMs, records: rows.length };
  return { series, currency, note: { ...note, gaps: gapsOf(series), corrections } };
}

/** Prices by instant, in the order of the file, so that the second pass through a doubled hour comes after the first. */
function layOut(rows: readonly Row[], timeZone: string, stepMs: DurationMs) {
  const prices = new Map<Instant, number | undefined>();
  let [skipped, repeated, previous] = [0, 0, Number.NEGATIVE_INFINITY];
  for (const { wallMs, lengthMs, offsetMs, price } of rows) {
    const instants = offsetMs === undefined ? instantsOfLocal(timeZone, wallMs) : [wallMs - offsetMs];
    const instant = instants.find((each) => each > previous) ?? instants[0];
    if (instant === undefined) {
      if (price !== undefined) skipped++;
      continue;
    }
    previous = instant;
    for (let at = instant; at < instant + Math.max(stepMs, lengthMs); at += stepMs) {
      if (prices.has(at)) repeated++;
      prices.set(at, price);
    }
  }
  return { prices, skipped, repeated };
}

/** A cell `start - end`, each with a mark or without; an hour more or less by the wall is one that clocks skipped or doubled. */
function rangeOf(cell: string | undefined, line: number): Pick<Row, 'wallMs' | 'lengthMs' | 'offsetMs'> {
  const [from, to] = (cell ?? '').split(/\s+-\s+/).map((end) => /^(.*?)(?:\s*\(([A-Z]+)\))?$/.exec(end.trim()));
  const [wallMs, wallEndMs] = [dayFirst(from?.[1]), dayFirst(to?.[1])];
  if (wallMs === undefined || wallEndMs === undefined)
    throw new ImportFault(what, line, `expected a range such as 01.01.2024 00:00 - 01.01.2024 01:00, found ${cell}`);
  const hoursEast = from?.[2] === undefined ? undefined : marks[from[2]];
  if (from?.[2] !== undefined && hoursEast === undefined)
    throw new ImportFault(what, line, `expected a mark ${Object.keys(marks).join(', ')}, found ${from[2]}`);
  const byTheWall = wallEndMs - wallMs;
  const lengthMs = [byTheWall, byTheWall - HOUR, byTheWall + HOUR].find((length) => steps.includes(length)) ?? 0;
  return { wallMs, lengthMs, offsetMs: hoursEast === undefined ? undefined : hoursEast * HOUR };
}

/** Rows of one area and one auction. */
function chooseRows(table: Table, wanted: string | undefined) {
  const short = (area: string) => area.replace(/^(BZN|CTA|CTY)\|/, '');
  const all = table.rows.map((row, i) => ({ row, line: i + 2 }));
  const [areaColumn, sequenceColumn] = [table.columnIfAny('Area'), table.columnIfAny('Sequence')];
  const areas = areaColumn === undefined ? [] : [...new Set(table.rows.map((row) => short(row[areaColumn] ?? '')))];
  const named = areas.length === 1 ? areas[0] : undefined;
  const zone = wanted === undefined ? named : areas.length === 0 ? wanted : areas.find((area) => area === short(wanted));
  if (areas.length > 0 && zone === undefined)
    throw new ImportFault(what, 0, `the file holds ${areas.slice(0, 40).join(', ')}; name one of them as the zone`, undefined, 'zone');
  const inArea = areaColumn === undefined ? all : all.filter(({ row }) => short(row[areaColumn] ?? '') === zone);
  const ofHeader = table.header.map((name) => /^(?:BZN|CTA|CTY)\|(.+)$/.exec(name)?.[1]).find((name) => name !== undefined);
  if (sequenceColumn === undefined) return { zone: zone ?? ofHeader ?? '', rows: inArea, corrections: [] };
  const sequences = [...new Set(inArea.map(({ row }) => row[sequenceColumn] ?? ''))].sort();
  const rows = inArea.filter(({ row }) => row[sequenceColumn] === sequences[0] || /^without/i.test(row[sequenceColumn] ?? ''));
  const others = sequences.slice(1).filter((name) => !/^without/i.test(name));
  return {
    zone: zone ?? ofHeader ?? '',
    rows,
    corrections: others.length > 0 ? [`auctions ${others.join(', ')} were left out, ${sequences[0]} was kept`] : [],
  };
}
