/**
 * Week: ten zones as they were from 12 to 18 June 2023, a site with panels in each, and a cluster's pods as jobs.
 *
 * Prices, carbon (life cycle) and cloud cover are records of `SUNWARD_DATA`, read through the importers. Pods are those of
 * `openb_pod_list_default` that asked for GPUs and were scheduled. What no record says (panels, tariffs, slack, data, homes)
 * is said here. A pod keeps its time of day: its 149 days are folded onto the seven, and it arrives with the next full hour.
 * It takes twice its lifetime, a day at most.
 */
import { parse } from 'csv-parse/sync';
import { type Archive, type Dense, denseOf, type TargetKind } from '../../energy-oracle/forecast/target.ts';
import { seriesInCurrency } from '../../energy-oracle/grid/price.ts';
import type { PvArray } from '../../energy-oracle/site.ts';
import { pvPower } from '../../energy-oracle/sun/pv.ts';
import { randomStream } from '../../simulator/kernel/random.ts';
import { demoRates } from '../../simulator/scenario.ts';
import { importElectricityMaps } from '../../simulator/traces/importers/electricity-maps.ts';
import { importOpenMeteo } from '../../simulator/traces/importers/open-meteo.ts';
import { importWholesalePrice, type PriceConvention, priceConventions } from '../../simulator/traces/importers/wholesale-price.ts';
import { kilowatts } from '../../units/quantity.ts';
import type { Series } from '../../units/series.ts';
import { DAY, HOUR, SECOND, SLOT } from '../../units/time.ts';
import { readRecord } from './forecast-grids.ts';
import { acceleratorKw } from './plan-instances.ts';

export const weekStart = Date.UTC(2023, 5, 12);
const arrivalDays = 7;
/** A pod that arrives last may take a day and has a day of slack, and another when it misses its deadline. */
export const weekSlots = ((arrivalDays + 3) * DAY) / SLOT;
export const slotsPerHour = HOUR / SLOT;
const years = [2022, 2023];
const utilisation = 0.7;

/** Zones, and what their price files are called where it is another name. */
const zones = ['DE-LU', 'GB', 'US-CAL-CISO', 'US-MIDA-PJM', 'US-NY-NYIS', 'CA-ON', 'KR', 'ZA', 'BR-SP', 'AU-VIC'];
const priceZones: Readonly<Record<string, string>> = { 'BR-SP': 'BR' };

/** Of the draw of all accelerators of a site. */
const panelsShare = 1.5;
const tiltDeg = 25;
export const exportLimitShare = 0.3;
export const feedInTariffPerMwh = 40;
const longestSlots = DAY / SLOT;
/** Pods live so much longer than they did: half of them for eleven minutes, and all together in a week on sites too small for the widest. */
const lifeScale = 2;
/** Latency-sensitive and guaranteed pods wait less than best-effort and burstable ones. */
const slackHours: Readonly<Record<string, number>> = { LS: 6, Guaranteed: 6, BE: 24, Burstable: 24 };
const dataGb = { median: 0.1, spread: 1.5 };

/** The three signals of a site, hourly, from New Year 2022 on: EUR/MWh, gCO2eq/kWh, kW. */
export const signals = ['importPrice', 'carbonIntensity', 'pvKw'] as const;
export type Signal = (typeof signals)[number];

export interface WeekSite {
  readonly zone: string;
  readonly peakKw: number;
  readonly convention: PriceConvention;
  readonly archives: Readonly<Record<Signal, Archive>>;
}

export interface WeekJob {
  /** Its place in the order of arrival. */
  readonly id: number;
  /** Slots of the week: arrival, length, and one past the last it may use. */
  readonly release: number;
  readonly length: number;
  readonly end: number;
  readonly accelerators: number;
  /** Best-effort pods may be paused. */
  readonly isInterruptible: boolean;
  /** Index of the site that its data lie at. */
  readonly home: number;
  readonly gigabytes: number;
}

export interface Week {
  /** Accelerators of each site. */
  readonly capacity: number;
  readonly sites: readonly WeekSite[];
  readonly jobs: readonly WeekJob[];
}

/** The records of the week and all before it; the seed draws homes and data. */
export function readWeek(seed: number): Week {
  const jobs = podsAsJobs(seed);
  const asked = jobs.reduce((sum, { length, accelerators }) => sum + length * accelerators, 0);
  const widest = Math.max(...jobs.map(({ accelerators }) => accelerators));
  const capacity = Math.max(widest, Math.round(asked / (utilisation * zones.length * ((arrivalDays * DAY) / SLOT))));
  return { capacity, jobs, sites: zones.map((zone) => siteOf(zone, panelsShare * capacity * acceleratorKw)) };
}

const podColumns = ['num_gpu', 'qos', 'creation_time', 'deletion_time', 'scheduled_time'] as const;

function podsAsJobs(seed: number): WeekJob[] {
  const pods: Record<(typeof podColumns)[number], string>[] = parse(readRecord('jobs/openb_pod_list_default.csv.gz'), { columns: true });
  const draw = randomStream(seed, 'pods');
  return pods
    .filter((pod) => Number(pod.num_gpu) > 0 && pod.scheduled_time !== '')
    .map((pod): Omit<WeekJob, 'id'> => {
      const arrival = (Number(pod.creation_time) * SECOND) % (arrivalDays * DAY);
      const release = Math.ceil(arrival / HOUR) * slotsPerHour;
      const lived = (Number(pod.deletion_time) - Number(pod.scheduled_time)) * SECOND;
      const length = Math.max(1, Math.min(longestSlots, Math.ceil((lifeScale * lived) / SLOT)));
      const slack = slackHours[pod.qos];
      if (slack === undefined) throw new RangeError(`no slack is known of pods of class ${pod.qos}`);
      return {
        release,
        length,
        end: release + length + slack * slotsPerHour,
        accelerators: Number(pod.num_gpu), // a share of a GPU takes a whole one
        isInterruptible: pod.qos === 'BE',
        home: draw.int(0, zones.length),
        gigabytes: dataGb.median * Math.exp(dataGb.spread * draw.normal()),
      };
    })
    .sort((a, b) => a.release - b.release)
    .map((job, id) => ({ id, ...job }));
}

function siteOf(zone: string, peakKw: number): WeekSite {
  const priceZone = priceZones[zone] ?? zone;
  const convention = priceConventions[priceZone];
  if (!convention) throw new RangeError(`how the prices of ${priceZone} are stamped is not known`);
  const [firstWeather = ''] = years.map((year) => readRecord(`markets-2022-23/weather/${zone}_${year}.json.gz`));
  const { latitude, longitude } = JSON.parse(firstWeather) as { latitude: number; longitude: number };
  const pv: PvArray[] = [{ peakKw: kilowatts(peakKw), tiltDeg, azimuthDeg: latitude > 0 ? 180 : 0 }];
  const place = { latitude, longitude, pv };
  const price = joined((year) => {
    const text = readRecord(`markets-2022-23/price/${priceZone}_electricity_prices_${year}.csv.gz`);
    const { series, currency } = importWholesalePrice(text, priceZone, convention);
    return seriesInCurrency(series, currency, demoRates);
  });
  const carbon = joined(
    (year) => importElectricityMaps(readRecord(`markets-2022-23/carbon-intensity/${zone}_${year}_hourly.csv.gz`)).series,
  );
  const cloud = joined((year) => importOpenMeteo(readRecord(`markets-2022-23/weather/${zone}_${year}.json.gz`)).series);
  const pvKw = { ...cloud, values: cloud.values.map((cover, i) => pvPower(place, cloud.start + (i + 0.5) * HOUR, cover)) };
  const archive = (kind: TargetKind, history: Dense, bounds: { floor: number | undefined; ceiling: number | undefined }): Archive => ({
    target: { id: zone, kind, latitude, longitude, pv: kind === 'pv' ? pv : [], ...bounds },
    history,
    signals: {},
    companions: {},
  });
  return {
    zone,
    peakKw,
    convention,
    archives: {
      importPrice: archive('import-price', price, { floor: undefined, ceiling: undefined }),
      carbonIntensity: archive('carbon-intensity', carbon, { floor: 0, ceiling: undefined }),
      pvKw: archive('pv', pvKw, { floor: 0, ceiling: peakKw }),
    },
  };
}

/** The years of a record as one grid; of an hour that two files have, the later one's stands. */
function joined(read: (year: number) => Series): Dense {
  const parts = years.map((year) => denseOf(read(year)));
  const start = Math.min(...parts.map((part) => part.start));
  const end = Math.max(...parts.map((part) => part.start + part.values.length * HOUR));
  const values = new Float64Array(Math.round((end - start) / HOUR)).fill(Number.NaN);
  for (const part of parts)
    part.values.forEach((value, i) => {
      if (!Number.isNaN(value)) values[Math.round((part.start - start) / HOUR) + i] = value;
    });
  return { start, stepMs: HOUR, values };
}
