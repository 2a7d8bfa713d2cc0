/**
 * Forecast tasks: the development tasks of the forecaster, over public records of grids, homes, farms and markets.
 *
 * Owns which record is a target, where learning ends and the test begins, and the settings of each fit; leaves reading
 * files to whoever brings `read`, training to the fit, and the walk to `backtest.ts`. `untouched` was never tuned on.
 */

import type { PooledFitConfig } from '../../energy-oracle/forecast/model/tfjs-pooled-fit.ts';
import type { BacktestTarget, BacktestTask } from '../../energy-oracle/forecast/score/backtest.ts';
import { type Archive, denseOf, type TargetKind } from '../../energy-oracle/forecast/target.ts';
import { marketDay } from '../../energy-oracle/grid/price.ts';
import { DAY, HOUR, type Instant } from '../../units/time.ts';
import { importCityLearnSites } from '../traces/importers/citylearn-homes.ts';
import { importElectricityMaps } from '../traces/importers/electricity-maps.ts';
import { importGefcomPlant } from '../traces/importers/gefcom-plant.ts';
import { germanMarketTimeZone, importGermanDayAhead } from '../traces/importers/german-day-ahead.ts';
import { importRegion, type Region } from '../traces/importers/region-record.ts';
import { importWholesalePrice, priceConventions } from '../traces/importers/wholesale-price.ts';

/** How the task's models are fitted: the defaults of a kind for about so many rows, and what differs from them. */
export interface FitSettings {
  readonly kind: TargetKind;
  readonly rowsRoughly: number;
  readonly but: Partial<PooledFitConfig>;
}

export interface ForecastTask extends BacktestTask {
  readonly settings: FitSettings;
}

/** The text of a record by its path in the data folder, unpacked. */
export type ReadRecord = (path: string) => string;

const many = 1_000_000;
const few = 10_000;
const tenths = [0.1, 0.5, 0.9];
const january = Date.UTC(2021, 0);
const july = Date.UTC(2021, 6);

/** Where most of each region's panels stand, degrees. */
const places: Readonly<Record<string, { readonly latitude: number; readonly longitude: number; readonly isStampedAtEnd?: boolean }>> = {
  CISO: { latitude: 35.8, longitude: -118.8 },
  ERCO: { latitude: 31.5, longitude: -100.5, isStampedAtEnd: true },
  ES: { latitude: 39, longitude: -4 },
  DE: { latitude: 50.8, longitude: 10.5, isStampedAtEnd: true },
  PJM: { latitude: 39, longitude: -78.5 },
  SE: { latitude: 59, longitude: 16 },
};
const sunny = ['CISO', 'ERCO', 'ES', 'DE'];
const american = ['CISO', 'PJM', 'ERCO'];
/** End of the test: the European records end in the middle of 2021. */
const testEnd = (id: string): Instant => (american.includes(id) ? Date.UTC(2022, 0) : july);

function region(read: ReadRecord, id: string): Region {
  const place = places[id];
  if (!place) throw new RangeError(`no place is known of region ${id}`);
  return importRegion(read(`regions-2019-21/${id}.csv.gz`), { id, ...place });
}

function solar(read: ReadRecord, id: string): Archive {
  const { solar } = region(read, id);
  if (!solar) throw new RangeError(`the record of ${id} has no column solar`);
  return solar;
}

/** Hides the weather: what history and geometry alone are worth. */
const blind = (archive: Archive): Archive => ({ ...archive, signals: {} });

const solarTask = (name: string, about: string, learnFrom: readonly Archive[], targets: readonly BacktestTarget[]): ForecastTask => ({
  name,
  about,
  quantiles: tenths,
  horizonMs: 4 * DAY,
  issueEveryMs: 6 * HOUR,
  targets,
  learnFrom,
  refit: 'never',
  scoredAs: 'value',
  settings: { kind: 'renewables', rowsRoughly: many, but: {} },
});

const solarTargets = (archives: readonly Archive[], see: (archive: Archive) => Archive): BacktestTarget[] =>
  archives.map((archive, i) => ({ archive: see(archive), from: january, to: testEnd(sunny[i] as string) }));

function carbonIntensity(read: ReadRecord): ForecastTask {
  const archives = [...american, 'ES', 'DE', 'SE'].map((id) => ({ id, archive: region(read, id).carbon }));
  return {
    name: 'T1',
    about: 'carbon intensity of six grids, with weather: July-December 2021 in America, January-June 2021 in Europe',
    quantiles: tenths,
    horizonMs: 4 * DAY,
    issueEveryMs: DAY,
    targets: archives.map(({ id, archive }) => ({ archive, from: american.includes(id) ? july : january, to: testEnd(id) })),
    learnFrom: archives.map(({ archive }) => archive),
    refit: 'never',
    scoredAs: 'value',
    settings: { kind: 'carbon-intensity', rowsRoughly: many, but: { rowsMax: 300_000 } },
  };
}

/** Other groups of the same homes: what a site of four homes is like. */
const otherHomes = [
  [2, 3, 5, 6],
  [1, 4, 7, 9],
  [1, 6, 8, 9],
  [3, 4, 5, 7],
];

function siteSurplus(read: ReadRecord): ForecastTask {
  const archives = importCityLearnSites(read('sites/citylearn2022_b1-9.csv.gz'), [[1, 2, 3, 4], [5, 6, 7, 8], ...otherHomes]);
  return {
    name: 'T3',
    about: 'surplus of two sites of four homes, no weather: February-July 2017, refitted every month',
    quantiles: tenths,
    horizonMs: 2 * DAY,
    issueEveryMs: 6 * HOUR,
    targets: archives.slice(0, 2).map((archive) => ({ archive, from: Date.UTC(2017, 1), to: Date.UTC(2017, 7) })),
    learnFrom: archives,
    refit: 'monthly',
    scoredAs: 'surplus',
    settings: {
      kind: 'net',
      rowsRoughly: many,
      but: {
        horizonMs: 2 * DAY,
        rowsMax: 60_000,
        coldShare: 0,
        outageShare: 0.03,
        net: { hidden: [48, 24], epochs: 5, batchRows: 512, learningRate: 5e-3, weightDecay: 1 },
      },
    },
  };
}

const twentieths = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

function plants(read: ReadRecord): ForecastTask {
  const archives = [1, 2].map((zone) => importGefcomPlant(read(`sites/gefcom2014S_zone${zone}.csv.gz`), `plant ${zone}`));
  return {
    name: 'T4',
    about: 'two solar farms under a real day-ahead weather forecast, 19 quantiles: February-April 2013',
    quantiles: twentieths,
    horizonMs: DAY,
    issueEveryMs: DAY,
    targets: archives.map((archive) => ({ archive, from: Date.UTC(2013, 1), to: Date.UTC(2013, 4) })),
    learnFrom: archives,
    refit: 'never',
    scoredAs: 'value',
    settings: {
      kind: 'pv',
      rowsRoughly: few,
      but: { quantiles: twentieths, horizonMs: DAY, strideMs: DAY, rowsMax: 30_000, seeds: [1, 2, 3, 4], coldShare: 0, outageShare: 0.03 },
    },
  };
}

function germanDayAhead(read: ReadRecord): ForecastTask {
  const archive = importGermanDayAhead(read('day-ahead-market-DE/DE_price_load_re_DA_2015-18.csv.gz'));
  const { start: from } = marketDay(germanMarketTimeZone, Date.UTC(2017, 0, 1));
  const { start: to } = marketDay(germanMarketTimeZone, Date.UTC(2019, 0, 1));
  const issues: Instant[] = [];
  for (let at = from; at < to; at = marketDay(germanMarketTimeZone, at).end) issues.push(at);
  return {
    name: 'DAM',
    about:
      'German day-ahead price, the auctions of 2017 and 2018: prices of the day before are out, as are forecasts of load and renewables',
    quantiles: tenths,
    horizonMs: DAY,
    issueEveryMs: DAY,
    targets: [{ archive, from, to, issues }],
    learnFrom: [archive],
    refit: 'never',
    scoredAs: 'value',
    settings: {
      kind: 'import-price',
      rowsRoughly: many,
      but: {
        horizonMs: DAY,
        strideMs: 3 * HOUR,
        rowsMax: 30_000,
        net: { hidden: [32], epochs: 6, batchRows: 512, learningRate: 4e-3, weightDecay: 4 },
      },
    },
  };
}

/** Zones of the record with two years of both; the middle of each, degrees. */
const marketPlaces: Readonly<Record<string, { readonly latitude: number; readonly longitude: number }>> = {
  'DE-LU': { latitude: 51, longitude: 10 },
  GB: { latitude: 53, longitude: -1.5 },
  'US-CAL-CISO': { latitude: 36, longitude: -119.5 },
  'US-MIDA-PJM': { latitude: 39.5, longitude: -78.5 },
  'US-NY-NYIS': { latitude: 42.5, longitude: -75 },
  'CA-ON': { latitude: 44.5, longitude: -79.5 },
};

function marketTask(name: string, about: string, kind: 'carbon-intensity' | 'import-price', archives: readonly Archive[]): ForecastTask {
  return {
    name,
    about,
    quantiles: tenths,
    horizonMs: 4 * DAY,
    issueEveryMs: DAY,
    targets: archives.map((archive) => ({ archive, from: Date.UTC(2023, 0), to: Date.UTC(2024, 0) })),
    learnFrom: archives,
    refit: 'never',
    scoredAs: 'value',
    settings: { kind, rowsRoughly: many, but: {} },
  };
}

function marketArchive(read: ReadRecord, kind: 'carbon-intensity' | 'import-price', zone: string): Archive {
  const parts = [2022, 2023].map((year) => {
    if (kind === 'carbon-intensity') return importElectricityMaps(read(`markets-2022-23/carbon-intensity/${zone}_${year}_hourly.csv.gz`));
    const convention = priceConventions[zone];
    if (!convention) throw new RangeError(`how the prices of ${zone} are stamped is not known`);
    return importWholesalePrice(read(`markets-2022-23/price/${zone}_electricity_prices_${year}.csv.gz`), zone, convention);
  });
  const [first, second] = parts.map(({ series }) => denseOf(series)) as [ReturnType<typeof denseOf>, ReturnType<typeof denseOf>];
  const count = Math.round((second.start - first.start) / HOUR) + second.values.length;
  const values = new Float64Array(count).fill(Number.NaN);
  values.set(first.values);
  second.values.forEach((value, i) => {
    if (!Number.isNaN(value)) values[Math.round((second.start - first.start) / HOUR) + i] = value;
  });
  const place = marketPlaces[zone] as { readonly latitude: number; readonly longitude: number };
  const floor = kind === 'carbon-intensity' ? 0 : undefined;
  return {
    target: { id: `${zone}/${kind}`, kind, ...place, pv: [], ceiling: undefined, floor },
    history: { start: first.start, stepMs: HOUR, values },
    signals: {},
    companions: {},
  };
}

const makers: Readonly<Record<string, (read: ReadRecord) => ForecastTask>> = {
  T1: carbonIntensity,
  T2: (read) => {
    const archives = sunny.map((id) => solar(read, id));
    const about = 'solar generation of four grids, with weather: 2021 of CISO and ERCO, January-June 2021 of ES and DE';
    return solarTask(
      'T2',
      about,
      archives,
      solarTargets(archives, (archive) => archive),
    );
  },
  'T2-noW': (read) => {
    const archives = sunny.map((id) => solar(read, id));
    return solarTask('T2-noW', 'the same grids from history and geometry alone', archives, solarTargets(archives, blind));
  },
  T3: siteSurplus,
  T4: plants,
  DAM: germanDayAhead,
  untouched: (read) => {
    const archives = sunny.map((id) => solar(read, id));
    const about = 'solar generation of PJM in 2021 by the model of the four grids: nothing was tuned on it';
    return solarTask('untouched', about, archives, [{ archive: solar(read, 'PJM'), from: january, to: testEnd('PJM') }]);
  },
  'carbon-2023': (read) => {
    const archives = Object.keys(marketPlaces).map((zone) => marketArchive(read, 'carbon-intensity', zone));
    return marketTask(
      'carbon-2023',
      'carbon intensity of six zones in 2023 after one year of learning, no weather',
      'carbon-intensity',
      archives,
    );
  },
  'price-2023': (read) => {
    const archives = Object.keys(marketPlaces).map((zone) => marketArchive(read, 'import-price', zone));
    return marketTask(
      'price-2023',
      'wholesale prices of six zones in 2023 after one year of learning, no weather',
      'import-price',
      archives,
    );
  },
};

export const forecastTaskNames: readonly string[] = Object.keys(makers);

/** A task by its name, with its records read. @throws RangeError for a name that is none */
export function forecastTask(name: string, read: ReadRecord): ForecastTask {
  const make = makers[name];
  if (!make) throw new RangeError(`no task ${name}; there are ${forecastTaskNames.join(', ')}`);
  return make(read);
}
