/**
 * EIA-930: hourly demand and net generation by source of a balancing authority, from the half-yearly balance files.
 *
 * Owns the columns. Stamps are UTC and END their hour. Adjusted columns, which the EIA has filled and screened, stand in
 * for the reported ones. From July 2024 on sources are split by their storage, and one header is misspelt (`witho`): the
 * parts are added up again, so that years compare. No carbon intensity: that would need emission factors by source.
 */
import { HOUR, type Instant } from '../../../units/time.ts';
import { columnsOnGrid, gapsOf, type Imported, ImportFault, plain, readNumber, readTable, tallied } from './import-note.ts';
import { monthFirst } from './wall-time.ts';

const what = 'demand' as const;
const authority = 'Balancing Authority';

/** Our names of the file's sources; what is not here keeps its own. */
const sources: Readonly<Record<string, string>> = {
  'solar without integrated battery storage': 'solar',
  'solar with integrated battery storage': 'solar',
  'wind without integrated battery storage': 'wind',
  'wind with integrated battery storage': 'wind',
  'hydropower and pumped storage': 'hydro',
  'hydropower excluding pumped storage': 'hydro',
  'all petroleum products': 'oil',
  'battery storage': 'battery',
  'other fuel sources': 'other',
  'unknown fuel sources': 'unknown',
};

/** Columns that make up one series, by its name in the result: `solar_mw` from two of them. */
type Parts = ReadonlyMap<string, readonly number[]>;

/**
 * Demand, MW, hourly by UTC starts; beside it `net_generation_mw` and `<source>_mw`. Storage is negative while it charges.
 *
 * @param zone  code of the balancing authority, as the file writes it: CISO, PJM; needed where the file holds several
 */
export function importEia930(text: string, zone?: string): Imported {
  const { kept, chosen, isAlone } = linesOf(text, zone);
  const { header, rows, column } = readTable(what, kept);
  const stampColumn = column('UTC Time at End of Hour');
  const { parts, adjusted } = partsOf(header);
  if (!parts.has('demand_mw')) throw new ImportFault(what, 1, 'no column Demand (MW)');
  const names = [...parts.keys()].filter((name) => name !== 'demand_mw');
  const byInstant = new Map<Instant, readonly (number | undefined)[]>();
  let repeated = 0;
  rows.forEach((row, i) => {
    const end = monthFirst(row[stampColumn]);
    if (end === undefined)
      throw new ImportFault(
        what,
        i + 2,
        `expected a stamp such as 07/01/2023 1:00:00 AM, found ${row[stampColumn]} (line counted within ${chosen})`,
      );
    if (byInstant.has(end - HOUR)) repeated++;
    byInstant.set(
      end - HOUR,
      ['demand_mw', ...names].map((name) => sumOf(row, parts.get(name) ?? [], i + 2)),
    );
  });
  const { series, beside } = columnsOnGrid(what, byInstant, HOUR, names);
  const empty = names.filter((name) => beside[name]?.values.every((value) => value === undefined));
  const corrections = [
    'stamps end their hour and were turned into starts',
    ...(adjusted > 0 ? [`${adjusted} columns were taken as adjusted by the EIA`] : ['no adjusted columns; values are as reported']),
    ...(isAlone ? [] : ['other balancing authorities of the file were left out']),
    ...tallied([repeated, 'hours came twice; the later row was kept']),
  ];
  const note = {
    what,
    zone: chosen,
    unit: 'MW',
    timeZone: 'UTC',
    resolutionMs: HOUR,
    records: rows.length,
    gaps: gapsOf(series),
    corrections,
  };
  return { series, beside: Object.fromEntries(Object.entries(beside).filter(([name]) => !empty.includes(name))), note };
}

/** The header and the lines of one authority: a whole file is 40 MB, parsing the rest of it would be for nothing. */
function linesOf(text: string, zone: string | undefined): { kept: string; chosen: string; isAlone: boolean } {
  const [header = '', ...lines] = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const codeOf = (line: string) => /^\s*"?([^",]*)"?\s*(?:,|$)/.exec(line)?.[1]?.trim() ?? '';
  if (plain(codeOf(header)) !== plain(authority)) throw new ImportFault(what, 1, `expected ${authority} first, found ${codeOf(header)}`);
  const codes = new Set<string>();
  for (const line of lines) if (line !== '') codes.add(codeOf(line));
  const chosen = zone ?? (codes.size === 1 ? [...codes][0] : undefined);
  if (chosen === undefined || !codes.has(chosen)) {
    const problem = zone === undefined ? 'name one of them as the zone' : `found no ${zone}`;
    throw new ImportFault(
      what,
      0,
      `the file holds ${[...codes].sort().slice(0, 100).join(', ') || 'no rows'}; ${problem}`,
      undefined,
      'zone',
    );
  }
  return { kept: [header, ...lines.filter((line) => codeOf(line) === chosen)].join('\n'), chosen, isAlone: codes.size === 1 };
}

/** Which columns to add up under which name: adjusted where there is one, imputed never (it is a patch, not a series). */
function partsOf(header: readonly string[]): { parts: Parts; adjusted: number } {
  const best = new Map<string, { at: number; isAdjusted: boolean }>();
  header.forEach((title, at) => {
    const name = plain(title).replace(/\bwitho\b/, 'with');
    const match = /^(demand \(mw\)|net generation \(mw\)(?: from .+?)?)(?: \((adjusted|imputed)\))?$/.exec(name);
    if (!match?.[1] || match[2] === 'imputed') return;
    if (match[2] === 'adjusted' || !best.has(match[1])) best.set(match[1], { at, isAdjusted: match[2] === 'adjusted' });
  });
  const parts = new Map<string, number[]>();
  for (const [base, { at }] of best) {
    const source = / from (.+)$/.exec(base)?.[1];
    const stem = source === undefined ? base.replace(' (mw)', '') : Object.hasOwn(sources, source) ? (sources[source] as string) : source;
    const name = `${stem.replaceAll(/[^a-z0-9]+/g, '_')}_mw`;
    parts.set(name, [...(parts.get(name) ?? []), at]);
  }
  return { parts, adjusted: [...best.values()].filter(({ isAdjusted }) => isAdjusted).length };
}

/** The known parts added up; a gap when none is known. Cells may group thousands by commas. */
function sumOf(row: readonly string[], columns: readonly number[], line: number): number | undefined {
  let sum: number | undefined;
  for (const at of columns) {
    const cell = row[at] ?? '';
    const value = readNumber(what, /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(cell) ? cell.replaceAll(',', '') : cell, line);
    if (value !== undefined) sum = (sum ?? 0) + value;
  }
  return sum;
}
