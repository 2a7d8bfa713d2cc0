/**
 * `npm run calibrate`: real market years in, `simulator/traces/statistics.json` out.
 *
 * Owns which year of which zone is fitted, where it comes from, and the tuning: the fit is nudged until drawn years
 * measure like the real one. Records lie in `../shared/data` (override: `SUNWARD_DATA`). Deterministic: the same records
 * give the same file, and the date of fitting moves only when a number does. No record goes into the file.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { readGridRecords } from '../../cli/records.ts';
import {
  autocorrelationsOf,
  correlation,
  fitPersistence,
  fitSignal,
  fitTariff,
  persistenceLags,
  slowAndFast,
  summarizeYear,
} from '../../simulator/traces/fit.ts';
import type { GridTrace } from '../../simulator/traces/grid-trace.ts';
import { importWholesalePrice, priceConventions } from '../../simulator/traces/importers/wholesale-price.ts';
import {
  type LocalCalendar,
  localCalendar,
  parseStatistics,
  type SignalStatistics,
  type ZoneStatistics,
} from '../../simulator/traces/statistics.ts';
import { syntheticYear } from '../../simulator/traces/synthetic.ts';
import { type Series, valueAt } from '../../units/series.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../../units/time.ts';

export const dataFolder = process.env['SUNWARD_DATA'] ?? '../shared/data';
const output = 'simulator/traces/statistics.json';

/** Zones in the order of the file, and the calendar year (UTC) that is fitted. */
export const fittedYears: Readonly<Record<string, number>> = {
  'DE-LU': 2023,
  GB: 2023,
  FR: 2020,
  ES: 2020,
  'US-CAL-CISO': 2023,
  'US-NY-NYIS': 2023,
  'US-MIDA-PJM': 2023,
  'CA-ON': 2023,
  'BR-SP': 2023,
  'AU-VIC': 2023,
  KR: 2023,
  ZA: 2023,
};

type Hours = readonly (number | undefined)[];
const signals = ['price', 'carbonIntensity', 'cloudCover'] as const;
type Signal = (typeof signals)[number];

/** A real year of one zone on UTC hours. */
export interface RealYear extends Pick<GridTrace, 'zone' | 'timeZone' | 'priceCurrency' | 'priceIsDayAhead'> {
  readonly start: Instant;
  readonly days: number;
  readonly price: Hours;
  readonly carbonIntensity: Hours;
  /** Absent where no weather was recorded. */
  readonly cloudCover?: Hours;
  readonly provenance: ZoneStatistics['provenance'];
}

/** Reads the fitted year of a zone; faults of the readers pass through. */
export async function readRealYear(zone: string): Promise<RealYear> {
  const year = fittedYears[zone];
  if (year === undefined) throw new RangeError(`no year is fitted for zone ${zone}`);
  const [start, end] = [Date.UTC(year, 0), Date.UTC(year + 1, 0)];
  const days = (end - start) / DAY;
  const onHours = (series: Series): Hours => Array.from({ length: days * 24 }, (_, i) => valueAt(series, start + i * HOUR));
  const about = (signal: Signal, source: string, licence: string, values: Hours, note?: string) => ({
    signal,
    source,
    licence,
    year,
    rows: values.filter((value) => value !== undefined).length,
    ...(note && { note }),
  });
  if (year === 2020) return readEurope2020(zone, start, days, onHours, about);

  const { traces } = await readGridRecords(`${dataFolder}/markets-2022-23`, { zones: [zone], from: start, to: end });
  const [trace] = traces;
  if (!trace?.cloudCover) throw new RangeError(`no trace of ${zone}`);
  const { timeZone, priceCurrency, priceIsDayAhead } = trace;
  const [price, carbonIntensity, cloudCover] = [onHours(trace.price), onHours(trace.carbonIntensity), onHours(trace.cloudCover)];
  const provenance = [
    about('price', 'market operator, by sustain-cluster @293fbd1', 'MIT (collection)', price, priceNotes[zone]),
    about('carbonIntensity', 'Electricity Maps, hourly, life cycle', 'ODbL 1.0', carbonIntensity),
    about('cloudCover', 'Open-Meteo archive', 'CC BY 4.0', cloudCover, 'one point of the zone'),
  ];
  return { zone, timeZone, priceCurrency, priceIsDayAhead, start, days, price, carbonIntensity, cloudCover, provenance };
}

const priceNotes: Readonly<Record<string, string>> = {
  'AU-VIC': 'labelled USD; level and market say AUD',
  'BR-SP': 'one price for the country; at its floor for most of the year',
  ZA: 'time-of-use tariff',
};

/** FR and ES of 2020: price from one collection, carbon from another, clouds (ES only) from forecast radiation. */
function readEurope2020(
  zone: string,
  start: Instant,
  days: number,
  onHours: (series: Series) => Hours,
  about: (signal: Signal, source: string, licence: string, values: Hours, note?: string) => ZoneStatistics['provenance'][number],
): RealYear {
  const text = (file: string): string => gunzipSync(readFileSync(`${dataFolder}/${file}`)).toString('utf8');
  const table = (file: string): Record<string, string>[] => parse(text(file), { columns: true, bom: true });
  const column = (rows: Record<string, string>[], name: string): (number | undefined)[] =>
    rows.map((row) => (row[name] ? Number(row[name]) : undefined));
  const convention = priceConventions[zone];
  if (!convention) throw new RangeError(`no price convention for ${zone}`);
  const imported = importWholesalePrice(text(`price-2020-21/${zone}_electricity_prices_2020.csv.gz`), zone, convention);
  const price = onHours(imported.series);
  const head = {
    zone,
    timeZone: convention.timeZone,
    priceCurrency: imported.currency,
    priceIsDayAhead: convention.isDayAhead,
    start,
    days,
    price,
  };
  const priceOrigin = about('price', 'market operator, by sustain-cluster @293fbd1', 'MIT (collection)', price);
  if (zone === 'FR') {
    const halves = table('carbon-2020/FR_30min.csv.gz');
    const series = {
      start: Date.parse(`${halves[0]?.['Time']?.replace(' ', 'T')}Z`),
      stepMs: 30 * MINUTE,
      values: column(halves, 'Carbon Intensity'),
    };
    const carbonIntensity = onHours(series); // the half hour that begins the hour, as published experiments take it
    const origin = about('carbonIntensity', 'ENTSO-E generation, by lets-wait-awhile @5e0d155', 'ENTSO-E terms', carbonIntensity);
    return { ...head, carbonIntensity, provenance: [priceOrigin, origin] };
  }
  const rows = table(`regions-2019-21/${zone}.csv.gz`);
  const hourly = (name: string): Hours =>
    onHours({ start: Date.parse(rows[0]?.['t_utc'] ?? ''), stepMs: HOUR, values: column(rows, name) });
  const carbonIntensity = hourly('ci_lifecycle');
  const cloudCover = cloudOfRadiation(hourly('gfs_dswrf'));
  const provenance = [
    priceOrigin,
    about('carbonIntensity', 'ENTSO-E generation, life cycle, by EnsembleCI @613929b', 'ENTSO-E terms', carbonIntensity),
    about('cloudCover', 'GFS radiation, by EnsembleCI @613929b', 'NOAA, public domain', cloudCover, 'inverted from forecast radiation'),
  ];
  return { ...head, carbonIntensity, cloudCover, provenance };
}

/**
 * Cloud cover from radiation (W/m2), by inverting Kasten and Czeplak 1980: GHI = clear × (1 − 0.75 N^3.4).
 *
 * Clear is the highest of the same hour within 15 days; night is bridged from dusk to dawn.
 */
function cloudOfRadiation(radiation: Hours): Hours {
  const byDay = radiation.map((value, i) => {
    const clear = Math.max(...Array.from({ length: 31 }, (_, day) => radiation[i + (day - 15) * 24] ?? 0));
    return value === undefined || clear < 50 ? undefined : Math.min(1, Math.max(0, (1 - value / clear) / 0.75)) ** (1 / 3.4);
  });
  const known = byDay.flatMap((value, i) => (value === undefined ? [] : [{ value, i }]));
  let next = 0;
  return byDay.map((value, i) => {
    while (next < known.length - 1 && (known[next]?.i ?? 0) < i) next++;
    const [before, after] = [known[Math.max(0, next - 1)], known[next]];
    if (value !== undefined || !before || !after) return value;
    const part = after.i > before.i ? Math.min(1, Math.max(0, (i - before.i) / (after.i - before.i))) : 0;
    return before.value * (1 - part) + after.value * part;
  });
}

/** Price with carbon, price with cloud, carbon with cloud. */
const pairs = [
  [0, 1],
  [0, 2],
  [1, 2],
] as const;

/** Correlations of the slow and the fast parts of three rests; 0 where one does not vary. */
function couplingOf(rests: readonly Hours[]): ZoneStatistics['coupling'] {
  const parts = rests.map(slowAndFast);
  const coupled = (part: 'slow' | 'fast') =>
    pairs.map(([left, right]) => correlation(parts[left]?.[part] ?? [], parts[right]?.[part] ?? [])) as [number, number, number];
  return { slow: coupled('slow'), fast: coupled('fast') };
}

/** A zone as fitted from its records alone; `cloudLender` stands in where no weather was recorded. */
function fitZone(real: RealYear, calendar: LocalCalendar, cloudLender: ZoneStatistics | undefined): ZoneStatistics {
  const fitted = (values: Hours) => fitSignal({ values, calendar });
  const tariff = fitTariff({ values: real.price, calendar });
  const price = fitted(real.price);
  const carbon = fitted(real.carbonIntensity);
  const cloud = real.cloudCover && fitted(real.cloudCover);
  const cloudCover = cloud?.statistics ?? cloudLender?.cloudCover;
  if (!cloudCover) throw new RangeError(`${real.zone} has no weather and no zone to borrow it from`);
  const lent = cloudLender?.provenance.filter(({ signal }) => signal === 'cloudCover') ?? [];
  const { zone, timeZone, priceCurrency, priceIsDayAhead } = real;
  return {
    zone,
    timeZone,
    priceCurrency,
    priceIsDayAhead,
    provenance: cloud
      ? real.provenance
      : [...real.provenance, ...lent.map((origin) => ({ ...origin, note: `borrowed from ${cloudLender?.zone}, not coupled` }))],
    price: tariff ?? price.statistics,
    carbonIntensity: carbon.statistics,
    cloudCover,
    coupling: couplingOf([tariff ? [] : price.rest, carbon.rest, cloud?.rest ?? []]),
  };
}

const TUNING_ROUNDS = 8;
/** Seeds that tuning looks at; tests judge by others. */
const TUNING_SEEDS = [101, 102, 103, 104];
/** How much of an error one round takes back, and how far tuning may leave the first fit. */
const TUNING_GAIN = 0.7;
const TUNING_REACH = 0.4;
const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** Nudges persistence, daily shape and coupling until drawn years measure, on average, like the real one. */
function tuned(fitted: ZoneStatistics, real: RealYear, calendar: LocalCalendar): ZoneStatistics {
  const free = signals.filter((name) => real[name] && fitted[name].kind === 'weather');
  const measure = (values: Readonly<Partial<Record<Signal, Hours>>>) => ({
    summaries: free.map((name) => summarizeYear({ values: values[name] ?? [], calendar })),
    coupling: couplingOf(signals.map((name) => (free.includes(name) ? fitSignal({ values: values[name] ?? [], calendar }).rest : []))),
  });
  const truth = measure(real);
  let zone = fitted;
  let best = free.map((name) => ({ loss: Number.POSITIVE_INFINITY, signal: fitted[name] as SignalStatistics }));
  const wanted = free.map((name) => autocorrelationsOf(fitted[name] as SignalStatistics));
  for (let round = 0; round < TUNING_ROUNDS; round++) {
    const drawn = TUNING_SEEDS.map((seed) => {
      const [trace] = syntheticYear({ start: real.start, days: real.days, seed, statistics: { fittedOn: '', command: '', zones: [zone] } });
      if (!trace) throw new RangeError('one zone in, one trace out');
      return measure(Object.fromEntries(signals.map((name) => [name, trace[name].values])));
    });
    const errorOf = (of: (one: typeof truth) => number): number => of(truth) - drawn.reduce((sum, one) => sum + of(one), 0) / drawn.length;
    const next = { ...zone };
    best = free.map((name, k) => {
      const signal = zone[name] as SignalStatistics;
      const errors = persistenceLags.map((_, i) => errorOf((one) => one.summaries[k]?.autocorrelations[i] as number));
      const shapeErrors = signal.shape.map((row, month) =>
        row.map((_, hour) => errorOf((one) => one.summaries[k]?.hourlyMeans[month]?.[hour] as number) / slopeOf(signal, month)),
      );
      const start = autocorrelationsOf(fitted[name] as SignalStatistics);
      wanted[k] = (wanted[k] ?? []).map((value, i) => {
        const first = start[i] as number;
        return clamp(value + TUNING_GAIN * (errors[i] as number), first - TUNING_REACH, Math.min(0.9999, first + TUNING_REACH));
      });
      const shape = signal.shape.map((row, month) =>
        row.map((score, hour) => {
          const first = ((fitted[name] as SignalStatistics).shape[month]?.[hour] ?? 0) as number;
          return clamp(score + TUNING_GAIN * (shapeErrors[month]?.[hour] as number), first - TUNING_REACH, first + TUNING_REACH);
        }),
      );
      Object.assign(next, { [name]: { ...signal, shape, ...fitPersistence(wanted[k] ?? []) } });
      const squares = shapeErrors.flat().reduce((sum, error) => sum + error * error, 0);
      const loss = 4 * Math.abs(errors[0] as number) + Math.abs(errors[4] as number) + 0.5 * Math.sqrt(squares / 288);
      const champion = best[k];
      return champion && champion.loss <= loss ? champion : { loss, signal };
    });
    const nudge = (part: 'slow' | 'fast') =>
      pairs.map(([left, right], k) => {
        const both = free.includes(signals[left]) && free.includes(signals[right]);
        return both
          ? clamp((zone.coupling[part][k] as number) + TUNING_GAIN * errorOf((one) => one.coupling[part][k] as number), -0.95, 0.95)
          : 0;
      }) as [number, number, number];
    next.coupling = { slow: nudge('slow'), fast: nudge('fast') };
    zone = next;
  }
  return { ...zone, ...Object.fromEntries(free.map((name, k) => [name, best[k]?.signal])) };
}

/** What one score is worth in a month: from the 20th to the 80th percentile (1.683 scores), or half of it from the 1st to the 99th (4.653). */
function slopeOf({ quantiles }: SignalStatistics, month: number): number {
  const [low, lower, upper, high] = [1, 5, 11, 15].map((knot) => quantiles[month]?.[knot] ?? 0) as [number, number, number, number];
  return Math.max(0.01, (upper - lower) / 1.683, (0.5 * (high - low)) / 4.653);
}

const rounded = (places: number) => (value: number) => Math.round(value * 10 ** places) / 10 ** places + 0;

/** A zone as filed: four digits of a value, whole hundredths of a score. */
function filed(zone: ZoneStatistics) {
  const hundredths = (scores: number[]): number[] => scores.map((score) => Math.round(score * 100) + 0);
  const signal = (one: SignalStatistics) => ({
    ...one,
    quantiles: one.quantiles.map((month) => month.map((value) => Number(rounded(2)(value).toPrecision(4)))),
    shape: one.shape.map(hundredths),
    weekend: hundredths(one.weekend),
    spread: one.spread.map(hundredths),
    slowShare: rounded(4)(one.slowShare),
    slowPersistence: rounded(5)(one.slowPersistence),
    fastPersistence: rounded(5)(one.fastPersistence),
  });
  return {
    ...zone,
    price: zone.price.kind === 'tariff' ? zone.price : signal(zone.price),
    carbonIntensity: signal(zone.carbonIntensity),
    cloudCover: signal(zone.cloudCover),
    coupling: { slow: zone.coupling.slow.map(rounded(3)), fast: zone.coupling.fast.map(rounded(3)) },
  };
}

async function main(): Promise<void> {
  const zones: ZoneStatistics[] = [];
  for (const name of Object.keys(fittedYears)) {
    const real = await readRealYear(name);
    const calendar = localCalendar(real.timeZone, real.start, real.days * 24);
    const zone = tuned(fitZone(real, calendar, zones[0]), real, calendar);
    zones.push(zone);
    const { slow, fast } = zone.coupling;
    console.log(
      `${name.padEnd(12)} ${fittedYears[name]} coupling slow ${slow.map(rounded(2)).join(' ')} fast ${fast.map(rounded(2)).join(' ')}`,
    );
  }
  const before = existsSync(output) ? (JSON.parse(readFileSync(output, 'utf8')) as { fittedOn?: string; zones?: unknown }) : {};
  const after = zones.map(filed);
  const unchanged = JSON.stringify(before.zones) === JSON.stringify(after);
  const fittedOn = unchanged && before.fittedOn ? before.fittedOn : new Date().toISOString().slice(0, 10);
  const statistics = { fittedOn, command: 'npm run calibrate', zones: after };
  parseStatistics(statistics);
  writeFileSync(output, `${JSON.stringify(statistics)}\n`);
  execFileSync('npx', ['biome', 'format', '--write', output], { stdio: ['ignore', 'ignore', 'inherit'] });
  console.log(`${output}: ${readFileSync(output).length} bytes, ${unchanged ? 'unchanged' : 'changed'}`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
