/**
 * Own series: the one CSV per kind of signal that imported records are written to and read back from.
 *
 * Owns the column names, which carry the units: `start` (UTC) and the value, then `basis` of a carbon intensity or what
 * else the record told on the same grid. A gap is an empty cell; every step has its row, so nothing is lost on the way.
 */
import { type Instant, toIso } from '../../../units/time.ts';
import {
  columnsOnGrid,
  gapsOf,
  type Imported,
  ImportFault,
  type ImportNote,
  leastStep,
  readNumber,
  readStamp,
  readTable,
  type SeriesKind,
} from './import-note.ts';

interface OwnColumn {
  readonly kind: SeriesKind;
  readonly unit: string;
  readonly currency?: string;
}

/** Names of the value column by kind; that of a price holds its currency. */
const columns: Readonly<Record<Exclude<SeriesKind, 'price'>, { readonly name: string; readonly unit: string }>> = {
  'carbon-intensity': { name: 'carbon_intensity_g_per_kwh', unit: 'gCO2eq/kWh' },
  'cloud-cover': { name: 'cloud_cover', unit: '1' },
  'pv-power': { name: 'pv_kw_per_kwp', unit: 'kW/kWp' },
  ghi: { name: 'ghi_w_per_m2', unit: 'W/m2' },
  'plane-irradiance': { name: 'plane_irradiance_w_per_m2', unit: 'W/m2' },
  demand: { name: 'demand_mw', unit: 'MW' },
};

/** What a value column holds; `undefined` for a name that is not ours. */
export function ownColumnOf(name: string | undefined): OwnColumn | undefined {
  const currency = /^price_([a-z]{3})_per_mwh$/.exec(name ?? '')?.[1]?.toUpperCase();
  if (currency) return { kind: 'price', unit: `${currency}/MWh`, currency };
  for (const [kind, own] of Object.entries(columns)) if (own.name === name) return { kind: kind as SeriesKind, unit: own.unit };
  return undefined;
}

const nameOf = ({ what, currency }: ImportNote): string => {
  if (what === 'price') return `price_${(currency ?? '').toLowerCase()}_per_mwh`;
  if (what === 'jobs' || what === 'hourly-table') throw new RangeError(`${what} is no series`);
  return columns[what].name;
};

/** The record as our CSV: a header and a row a step. Reading it gives the same series again, if it has two steps or more. */
export function ownSeriesText({ series, beside = {}, note }: Imported): string {
  const others = Object.entries(beside);
  const basis = note.basis === undefined ? [] : [note.basis];
  const header = ['start', nameOf(note), ...(note.basis === undefined ? [] : ['basis']), ...others.map(([name]) => name)];
  const lines = series.values.map((value, i) =>
    [toIso(series.start + i * series.stepMs), value ?? '', ...basis, ...others.map(([, { values }]) => values[i] ?? '')].join(','),
  );
  return `${[header.join(','), ...lines].join('\n')}\n`;
}

/** Reads our CSV, of any kind. The zone stands in its file's name at best, so the caller tells it. An ImportFault for anything else. */
export function importOwnSeries(text: string, zone = ''): Imported {
  const { header, rows, columnIfAny } = readTable('unknown', text);
  const own = ownColumnOf(header[1]);
  if (header[0] !== 'start' || !own)
    throw new ImportFault('unknown', 1, `expected start and a value such as price_eur_per_mwh, found ${header.slice(0, 20).join(', ')}`);
  const { kind: what, unit, currency } = own;
  const basisColumn = columnIfAny('basis');
  const basis = what === 'carbon-intensity' ? basisOf(rows, basisColumn) : undefined;
  const names = header.slice(2).filter((_, j) => j + 2 !== basisColumn);
  const at = [1, ...names.map((name) => header.indexOf(name))];
  const byInstant = new Map<Instant, readonly (number | undefined)[]>();
  rows.forEach((row, i) => {
    const { wallMs, offsetMs } = readStamp(what, row[0], i + 2);
    if (offsetMs === undefined) throw new ImportFault(what, i + 2, `expected a start in UTC such as 2022-01-31T05:00:00Z, found ${row[0]}`);
    if (byInstant.has(wallMs - offsetMs)) throw new ImportFault(what, i + 2, `${row[0]} stands twice`);
    byInstant.set(
      wallMs - offsetMs,
      at.map((column) => readNumber(what, row[column], i + 2)),
    );
  });
  const { series, beside } = columnsOnGrid(what, byInstant, leastStep(what, byInstant.keys()), names);
  return {
    series,
    ...(names.length > 0 ? { beside } : {}),
    note: {
      what,
      zone,
      unit,
      ...(basis ? { basis } : {}),
      timeZone: 'UTC',
      ...(currency ? { currency } : {}),
      resolutionMs: series.stepMs,
      records: rows.length,
      gaps: gapsOf(series),
      corrections: [],
    },
  };
}

/** One basis for the whole file: averages and marginals are not of one series. */
function basisOf(rows: readonly (readonly string[])[], column: number | undefined): 'average' | 'marginal' {
  const found = [...new Set(column === undefined ? [] : rows.map((row) => row[column] ?? ''))];
  const [basis] = found;
  if (found.length === 1 && (basis === 'average' || basis === 'marginal')) return basis;
  throw new ImportFault(
    'carbon-intensity',
    0,
    `expected one basis for all rows, average or marginal; found ${found.join(', ') || 'no column basis'}`,
  );
}
