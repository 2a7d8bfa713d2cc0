/**
 * Week: ten zones as they were from 12 to 18 June 2023, a site with panels in each, and a cluster's pods as jobs: a study.
 *
 * Prices, carbon (life cycle) and cloud cover are records of `SUNWARD_DATA`, read through the importers. Pods are those of
 * `openb_pod_list_default` that asked for GPUs and were scheduled. What no record says (panels, tariffs, slack, data, homes)
 * is said here. A pod keeps its time of day: its 149 days are folded onto the seven, and it arrives with the next full hour.
 * It takes twice its lifetime, a day at most.
 */
import { parse } from 'csv-parse/sync';
import { type Dense, denseAt, denseOf } from '../../energy-oracle/forecast/target.ts';
import { seriesInCurrency } from '../../energy-oracle/grid/price.ts';
import { pvPower } from '../../energy-oracle/sun/pv.ts';
import type { Weights } from '../../scheduler/job.ts';
import { kwhPerGbIn } from '../../scheduler/network.ts';
import { randomStream } from '../../simulator/kernel/random.ts';
import { demoRates } from '../../simulator/scenario.ts';
import type { Signal } from '../../simulator/study/belief.ts';
import type { Study, StudySite, Truth, Workload } from '../../simulator/study/study.ts';
import { importElectricityMaps } from '../../simulator/traces/importers/electricity-maps.ts';
import { importOpenMeteo } from '../../simulator/traces/importers/open-meteo.ts';
import { importWholesalePrice, priceConventions } from '../../simulator/traces/importers/wholesale-price.ts';
import { kilowatts } from '../../units/quantity.ts';
import type { Series } from '../../units/series.ts';
import { DAY, HOUR, SECOND, SLOT } from '../../units/time.ts';
import { readRecord } from './forecast-grids.ts';
import { acceleratorKw } from './plan-instances.ts';

const weekStart = Date.UTC(2023, 5, 12);
const slotsPerDay = DAY / SLOT;
const slotsPerHour = HOUR / SLOT;
const arrivalDays = 7;
/** A pod that arrives last may take a day and has a day of slack, and another when it misses its deadline. */
const tailDays = 3;
/** Models learn from here on. */
const leadSlots = (weekStart - Date.UTC(2022, 0)) / SLOT;
const years = [2022, 2023];
const utilisation = 0.7;

/** Zones, and what their price files are called where it is another name. */
const zones = ['DE-LU', 'GB', 'US-CAL-CISO', 'US-MIDA-PJM', 'US-NY-NYIS', 'CA-ON', 'KR', 'ZA', 'BR-SP', 'AU-VIC'];
const priceZones: Readonly<Record<string, string>> = { 'BR-SP': 'BR' };

/** Of the draw of all accelerators of a site. */
const panelsShare = 1.5;
const tiltDeg = 25;
const exportLimitShare = 0.3;
const feedInTariff = 40;
const longestSlots = slotsPerDay;
/** Pods live so much longer than they did: half of them for eleven minutes, and all together in a week on sites too small for the widest. */
const lifeScale = 2;
/** Latency-sensitive and guaranteed pods wait less than best-effort and burstable ones. */
const slackHours: Readonly<Record<string, number>> = { LS: 6, Guaranteed: 6, BE: 24, Burstable: 24 };
const dataGb = { median: 0.1, spread: 1.5 };
/** What moving a GB to another site costs: accounting currency; and gCO2eq, at 400 g/kWh on its way. */
const transferPricePerGb = 0.02;
const transferGPerGb = kwhPerGbIn(2023) * 400;
const restartCost = 0.004;

/** The week for jobs that all weigh alike, as a study with whatever weights; records are read once, the seed draws homes and data. */
export function weekStudies(seed: number): (weights: Weights) => Study {
  const workload = podsAsJobs(seed);
  const { length, accelerators, count } = workload;
  let [asked, widest] = [0, 0];
  for (let job = 0; job < count; job++) {
    asked += (length[job] as number) * (accelerators[job] as number);
    widest = Math.max(widest, accelerators[job] as number);
  }
  const capacity = Math.max(widest, Math.round(asked / (utilisation * zones.length * arrivalDays * slotsPerDay)));
  const places = zones.map((zone) => placeOf(zone, capacity));
  const terms = { transferPricePerGb, transferGPerGb, restartCost, embodiedGPerAcceleratorHour: 0 };
  const shape = { name: 'week', seed, start: weekStart, slotMs: SLOT, slots: arrivalDays * slotsPerDay, tail: tailDays * slotsPerDay };
  const plans = { cycleSlots: slotsPerHour, horizonSlots: 2 * slotsPerDay, graceSlots: slotsPerDay, currency: demoRates.accounting };
  const truth = truthOf(places);
  return (weights) => ({ ...shape, ...plans, sites: places.map(({ site }) => site), truth, workload, terms: { weights, ...terms } });
}

interface Pod {
  readonly release: number;
  readonly length: number;
  readonly end: number;
  readonly accelerators: number;
  readonly isInterruptible: boolean;
  readonly home: number;
  readonly gigabytes: number;
}

const podColumns = ['num_gpu', 'qos', 'creation_time', 'deletion_time', 'scheduled_time'] as const;

function podsAsJobs(seed: number): Workload {
  const rows: Record<(typeof podColumns)[number], string>[] = parse(readRecord('jobs/openb_pod_list_default.csv.gz'), { columns: true });
  const draw = randomStream(seed, 'pods');
  const pods = rows
    .filter((pod) => Number(pod.num_gpu) > 0 && pod.scheduled_time !== '')
    .map((pod): Pod => {
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
        isInterruptible: pod.qos === 'BE', // best-effort pods may be paused
        home: draw.int(0, zones.length),
        gigabytes: dataGb.median * Math.exp(dataGb.spread * draw.normal()),
      };
    })
    .sort((a, b) => a.release - b.release);
  const integers = (of: (pod: Pod) => number) => Int32Array.from(pods, of);
  return {
    count: pods.length,
    id: pods.map((_, at) => `pod-${at}`),
    release: integers(({ release }) => release),
    length: integers(({ length }) => length),
    end: integers(({ end }) => end),
    accelerators: integers(({ accelerators }) => accelerators),
    isInterruptible: Uint8Array.from(pods, ({ isInterruptible }) => (isInterruptible ? 1 : 0)),
    home: integers(({ home }) => home),
    gigabytes: Float64Array.from(pods, ({ gigabytes }) => gigabytes),
  };
}

interface Place {
  readonly site: StudySite;
  readonly record: Readonly<Record<Signal, Dense>>;
}

function placeOf(zone: string, accelerators: number): Place {
  const priceZone = priceZones[zone] ?? zone;
  const convention = priceConventions[priceZone];
  if (!convention) throw new RangeError(`how the prices of ${priceZone} are stamped is not known`);
  const [firstWeather = ''] = years.map((year) => readRecord(`markets-2022-23/weather/${zone}_${year}.json.gz`));
  const { latitude, longitude } = JSON.parse(firstWeather) as { latitude: number; longitude: number };
  const peakKw = panelsShare * accelerators * acceleratorKw;
  const plant = { latitude, longitude, pv: [{ peakKw: kilowatts(peakKw), tiltDeg, azimuthDeg: latitude > 0 ? 180 : 0 }] };
  const price = joined((year) => {
    const text = readRecord(`markets-2022-23/price/${priceZone}_electricity_prices_${year}.csv.gz`);
    const { series, currency } = importWholesalePrice(text, priceZone, convention);
    return seriesInCurrency(series, currency, demoRates);
  });
  const carbonIntensity = joined(
    (year) => importElectricityMaps(readRecord(`markets-2022-23/carbon-intensity/${zone}_${year}_hourly.csv.gz`)).series,
  );
  const cloud = joined((year) => importOpenMeteo(readRecord(`markets-2022-23/weather/${zone}_${year}.json.gz`)).series);
  const netKw = { ...cloud, values: cloud.values.map((cover, i) => pvPower(plant, cloud.start + (i + 0.5) * HOUR, cover)) };
  const site = {
    id: zone.toLowerCase(),
    zone,
    accelerators,
    kwPerAccelerator: acceleratorKw,
    exportLimitKw: exportLimitShare * peakKw,
    feedInTariff,
    askPerAcceleratorHour: 0,
    plant,
    market: { timeZone: convention.timeZone, priceIsDayAhead: convention.isDayAhead },
  };
  return { site, record: { price, carbonIntensity, netKw } };
}

/** The records of all sites on the slots of the study. */
function truthOf(places: readonly Place[]): Truth {
  const slots = leadSlots + (arrivalDays + tailDays) * slotsPerDay;
  const column = (signal: Signal) => {
    const values = new Float64Array(places.length * slots);
    places.forEach(({ record }, site) => {
      for (let slot = 0; slot < slots; slot++) values[site * slots + slot] = denseAt(record[signal], weekStart + (slot - leadSlots) * SLOT);
    });
    return values;
  };
  const marginalIntensity = new Float64Array(places.length * slots).fill(Number.NaN);
  const [price, carbonIntensity, netKw] = [column('price'), column('carbonIntensity'), column('netKw')];
  return { lead: leadSlots, slots, price, carbonIntensity, marginalIntensity, netKw };
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
