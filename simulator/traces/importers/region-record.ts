/**
 * Region record: generation by source, carbon intensity and a weather forecast of a balancing region, as archives.
 *
 * Reads the hourly tables of measured generation in MW beside `gfs_*` columns. Sources become shares of the total,
 * which are the companions of the carbon intensity and of the sun's own generation. Stamps are UTC. Weather stands as it was forecast, one value an hour.
 */
import type { Archive, Dense, Target } from '../../../energy-oracle/forecast/target.ts';
import { DAY } from '../../../units/time.ts';
import { radiationFromRunningMeans } from './gfs-radiation.ts';
import { type HourlyTable, importHourlyTable } from './hourly-table.ts';

/** Where most of the region's panels stand, degrees. */
export interface RegionPlace {
  readonly id: string;
  readonly latitude: number;
  readonly longitude: number;
  /** Whether a stamp ends its hour of generation; the record does not say, noon does. */
  readonly isStampedAtEnd?: boolean;
}

export interface Region {
  /** Solar generation, MW; `undefined` where the table has none. */
  readonly solar: Archive | undefined;
  /** Carbon intensity, gCO2eq/kWh: life-cycle where it is told, filled from direct by a straight line where it is not. */
  readonly carbon: Archive;
}

const fossil = ['coal', 'nat_gas', 'oil'];
const steady = ['hydro', 'nuclear'];
/** What the sun's generation is curtailed for, or is not. */
const curtailing = ['wind', 'fossil', 'total'];
const kelvin = 273.15;
/**
 * A row's weather is what was forecast for the same hour of the next day: the record does not say, the wind does. Of all
 * six regions the departures of measured wind from its usual correlate best with the forecast stamped 24 h before.
 */
const weatherAheadMs = DAY;
/** More than this many times the median is a slip of the pen, in generation. */
const slipFactor = 8;

export function importRegion(text: string, { id, latitude, longitude, isStampedAtEnd = false }: RegionPlace): Region {
  const table = importHourlyTable(text);
  const forecast = (dense: Dense): Dense => ({ ...dense, start: dense.start + weatherAheadMs });
  const metered = (dense: Dense): Dense => (isStampedAtEnd ? { ...dense, start: dense.start - dense.stepMs } : dense);
  const column = (name: string): Dense => {
    const found = table[name];
    if (!found) throw new RangeError(`${id}: no column ${name}; there are ${Object.keys(table).join(', ')}`);
    return found;
  };
  const mapped = (name: string, convert: (value: number) => number): Dense => {
    const { start, stepMs, values } = column(name);
    return { start, stepMs, values: values.map(convert) };
  };
  const signals = {
    shortwave_radiation: radiationFromRunningMeans(forecast(column('gfs_dswrf')), latitude, longitude),
    temperature_2m: forecast(mapped('gfs_t2m', (value) => value - kelvin)),
    dew_point_2m: forecast(mapped('gfs_d2m', (value) => value - kelvin)),
    wind_speed_10m: forecast(column('gfs_wspd')),
    precipitation: forecast(column('gfs_precip')),
  };
  const target = (kind: Target['kind'], ceiling: number | undefined): Target => ({
    id: `${id}/${kind}`,
    kind,
    latitude,
    longitude,
    pv: [],
    ceiling,
    floor: 0,
  });
  const solar = table['solar'];
  const shares = Object.fromEntries(Object.entries(sharesOf(table)).map(([name, share]) => [name, metered(share)]));
  const besideSolar = Object.fromEntries(Object.entries(shares).filter(([name]) => curtailing.includes(name)));
  return {
    solar: solar && { target: target('renewables', undefined), history: metered(solar), signals, companions: besideSolar },
    carbon: { target: target('carbon-intensity', undefined), history: metered(carbonOf(table)), signals, companions: shares },
  };
}

/** Life-cycle intensity; hours that only the direct one is known of are read off the line through those that have both. */
function carbonOf({ ci_direct: direct, ci_lifecycle: lifecycle }: HourlyTable): Dense {
  if (!direct) throw new RangeError('a region record has a column ci_direct');
  if (!lifecycle) return direct;
  let [n, sx, sy, sxx, sxy] = [0, 0, 0, 0, 0];
  direct.values.forEach((x, i) => {
    const y = lifecycle.values[i] as number;
    if (Number.isNaN(x) || Number.isNaN(y)) return;
    n++;
    sx += x;
    sy += y;
    sxx += x * x;
    sxy += x * y;
  });
  const slope = (n * sxy - sx * sy) / Math.max(n * sxx - sx * sx, 1e-9);
  const values = lifecycle.values.map((y, i) => (Number.isNaN(y) ? sy / n + slope * ((direct.values[i] as number) - sx / n) : y));
  return { ...lifecycle, values };
}

/** Shares of the total generation, and the total as the logarithm of its gigawatts. */
function sharesOf(table: HourlyTable): Record<string, Dense> {
  const sources = Object.keys(table).filter((name) => !/^(gfs_|ci_|forecast_|unnamed)/i.test(name));
  const cleaned = new Map(sources.map((name) => [name, withoutSlips((table[name] as Dense).values)]));
  const { start, stepMs, values } = table['ci_direct'] as Dense;
  const sumOf = (names: readonly string[]) => values.map((_, i) => names.reduce((sum, name) => sum + (cleaned.get(name)?.[i] ?? 0), 0));
  const total = sumOf(sources).map((mw) => (mw > 0 ? mw : Number.NaN));
  const share = (names: readonly string[]): Dense => ({ start, stepMs, values: sumOf(names).map((mw, i) => mw / (total[i] as number)) });
  return {
    solar: share(['solar']),
    wind: share(['wind']),
    fossil: share(fossil),
    coal: share(['coal']),
    steady: share(steady),
    total: { start, stepMs, values: total.map((mw) => Math.log(mw / 1_000)) },
  };
}

/** Values far beyond what the source ever gives are gaps. */
export function withoutSlips(values: Float64Array): Float64Array {
  const sorted = values.filter((value) => value > 0).sort();
  const most = slipFactor * (sorted[Math.floor(0.9 * sorted.length)] ?? Number.POSITIVE_INFINITY);
  return values.map((value) => (value > most ? Number.NaN : Math.max(0, value)));
}
