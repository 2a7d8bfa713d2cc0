/**
 * Plan instances: a day's market of any size, built from real prices, carbon intensities and job lengths, and a seed.
 *
 * Zones, prices, carbon, run times and transfer prices are records of `../shared/data` (override: `SUNWARD_DATA`), read
 * through the importers, never copied. What no record says (surplus, widths, slack, data, classes) is drawn. Same
 * arguments, same instance, on every machine whose `Math.exp` and `Math.sin` agree.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { inCurrency } from '../../energy-oracle/grid/price.ts';
import { type Market, type Offers, type Options, requestKinds } from '../../scheduler/placement/market.ts';
import { settings } from '../../scheduler/queue/admission.ts';
import { type RandomStream, randomStream } from '../../simulator/kernel/random.ts';
import { demoRates } from '../../simulator/scenario.ts';
import { importElectricityMaps } from '../../simulator/traces/importers/electricity-maps.ts';
import { importGaiaJobs } from '../../simulator/traces/importers/gaia-jobs.ts';
import { importWholesalePrice, priceConventions } from '../../simulator/traces/importers/wholesale-price.ts';
import { type Series, valueAt } from '../../units/series.ts';
import { DAY, HOUR, SLOT } from '../../units/time.ts';

const dataFolder = process.env['SUNWARD_DATA'] ?? '../shared/data';
const year = 2022;
const slotsPerHour = HOUR / SLOT;

/** Where the sites stand, in turn: zone, degrees east, and the cloud region its transfers are priced by. */
const places = [
  { zone: 'DE-LU', longitude: 8, region: 'europe-west4' },
  { zone: 'GB', longitude: 0, region: 'europe-west1' },
  { zone: 'US-CAL-CISO', longitude: -120, region: 'us-west1' },
  { zone: 'US-MIDA-PJM', longitude: -77, region: 'us-east1' },
  { zone: 'US-NY-NYIS', longitude: -75, region: 'us-east1' },
  { zone: 'CA-ON', longitude: -79, region: 'us-central1' },
  { zone: 'KR', longitude: 127, region: 'asia-northeast1' },
  { zone: 'ZA', longitude: 25, region: 'africa-south1' },
  { zone: 'BR-SP', longitude: -47, region: 'southamerica-east1' },
  { zone: 'AU-VIC', longitude: 145, region: 'australia-southeast1' },
] as const;
type Place = (typeof places)[number];

/** Files named by another zone than the carbon's. */
const priceZones: Readonly<Record<string, string>> = { 'BR-SP': 'BR' };

export const acceleratorKw = 0.4;
const feedInTariffPerMwh = 40;
/** Of the peak of a site's panels; what is above, or is made while the price is negative, is curtailed. */
const exportLimitShare = 0.3;
/** Widths of jobs, and how likely each is at most. */
const widths = [
  { accelerators: 1, until: 0.5 },
  { accelerators: 2, until: 0.75 },
  { accelerators: 4, until: 0.9 },
  { accelerators: 8, until: 1 },
];
/** Data of a job: median GB, and the spread of its logarithm; half of the jobs move for less than a cent. */
const dataGb = { median: 0.1, spread: 1.5 };
/** Between sites of one region, which the price file has as 0; USD/GB. */
const transferPriceMin = 0.02;
/** gCO2eq per GB moved: 0.005 kWh/GB (Aslan 2018, halved every other year) at 400 g/kWh. */
const transferGPerGb = 2;
const slackHours = { min: 2, max: 18 };
/** Of the horizon, in which jobs are released. */
const releaseShare = 0.75;
const restartCostPerAccelerator = 0.004;
const speedExponent = 0.8;
/** Above any placement's energy, which is added to it. */
const unplacedCostBase = 1_000;

const texts = new Map<string, string>();
function recordText(path: string): string {
  const known = texts.get(path);
  if (known !== undefined) return known;
  const bytes = readFileSync(`${dataFolder}/${path}`);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  texts.set(path, text);
  return text;
}

/** The header and the rows that are stamped on the days around a span, so that a year is not read for a day. */
function around(path: string, start: number, end: number): string {
  const [header = '', ...rows] = recordText(path).split('\n');
  const [from, to] = [start - 2 * DAY, end + 2 * DAY].map((instant) => new Date(instant).toISOString().slice(0, 10)) as [string, string];
  return [header, ...rows.filter((row) => row.slice(0, 10) >= from && row.slice(0, 10) <= to)].join('\n');
}

/** Import price (EUR/MWh) and life-cycle carbon intensity of a zone; `undefined` where the record has none for these days. */
function signalsOf(zone: string, start: number, end: number): { price: Series; intensity: Series } | undefined {
  const priceZone = priceZones[zone] ?? zone;
  const convention = priceConventions[priceZone];
  if (!convention) throw new RangeError(`no price convention of zone ${priceZone}`);
  const prices = around(`markets-2022-23/price/${priceZone}_electricity_prices_${year}.csv.gz`, start, end);
  const intensities = around(`markets-2022-23/carbon-intensity/${zone}_${year}_hourly.csv.gz`, start, end);
  if (!prices.includes('\n') || !intensities.includes('\n')) return undefined;
  const { series, currency } = importWholesalePrice(prices, priceZone, convention);
  const values = series.values.map((price) => (price === undefined ? undefined : inCurrency(price, currency, demoRates)));
  return { price: { ...series, values }, intensity: importElectricityMaps(intensities).series };
}

let lengthsHours: Float64Array | undefined;
/** Run times of a year of Alibaba's PAI cluster, hours, in the order of arrival. */
function paiLengths(): Float64Array {
  lengthsHours ??= Float64Array.from(importGaiaJobs(recordText('jobs/pai-100k.csv.gz'), 'hours').jobs, ({ lengthMs }) => lengthMs / HOUR);
  return lengthsHours;
}

/** Price of moving a GB, accounting currency, from row to column of the sites; 0 to oneself. */
function transferPrices(at: readonly Place[]): Float64Array {
  const [header = '', ...rows] = recordText('network/gcp_transmission_cost_matrix.csv').trim().split(/\r?\n/);
  const columns = header.split(',');
  const table = new Map(rows.map((row) => [row.split(',')[0], row.split(',').map(Number)]));
  const usd = (from: Place, to: Place) => Math.max(transferPriceMin, table.get(from.region)?.[columns.indexOf(to.region)] ?? Number.NaN);
  return Float64Array.from(at.flatMap((from, i) => at.map((to, k) => (i === k ? 0 : inCurrency(usd(from, to), 'USD', demoRates)))));
}

interface Work {
  readonly slots: Int32Array;
  readonly accelerators: Int32Array;
  readonly release: Int32Array;
  readonly end: Int32Array;
}

/** Runs as PAI's are long, cut at the horizon; released within its first three quarters, with their slack. */
function drawWork(jobs: number, slots: number, draw: RandomStream): Work {
  const lengths = paiLengths();
  const [run, accelerators] = [new Int32Array(jobs), new Int32Array(jobs)];
  const [release, end] = [new Int32Array(jobs), new Int32Array(jobs)];
  for (let job = 0; job < jobs; job++) {
    const hours = lengths[Math.floor(draw.uniform() * lengths.length)] as number;
    const needed = Math.max(1, Math.min(slots, Math.ceil(hours * slotsPerHour)));
    const width = draw.uniform();
    const first = Math.floor(draw.uniform() * Math.min(slots - needed + 1, slots * releaseShare));
    const slack = Math.floor((slackHours.min + draw.uniform() * (slackHours.max - slackHours.min)) * slotsPerHour);
    run[job] = needed;
    accelerators[job] = widths.find(({ until }) => width < until)?.accelerators ?? 1;
    release[job] = first;
    end[job] = Math.min(slots, first + needed + slack);
  }
  return { slots: run, accelerators, release, end };
}

function offersOf(at: readonly Place[], slots: number, capacity: number, start: number, draw: RandomStream): Offers {
  const cells = at.length * slots;
  const [curtailedKw, exportableKw] = [new Float64Array(cells), new Float64Array(cells)];
  const [importPrice, carbonIntensity, known] = [new Float64Array(cells), new Float64Array(cells), new Uint8Array(cells)];
  const signals = new Map(at.map(({ zone }) => [zone, signalsOf(zone, start, start + slots * SLOT)]));
  at.forEach(({ zone, longitude }, site) => {
    const found = signals.get(zone);
    const cloud = 0.4 + 0.6 * draw.uniform();
    const peakKw = capacity * acceleratorKw * (0.3 + 0.7 * draw.uniform());
    for (let slot = 0; slot < slots; slot++) {
      const cell = site * slots + slot;
      const price = found && valueAt(found.price, start + slot * SLOT);
      const intensity = found && valueAt(found.intensity, start + slot * SLOT);
      if (price === undefined || intensity === undefined) continue; // a gap of the record is a closed slot
      const solarHour = (slot / slotsPerHour + longitude / 15 + 48) % 24;
      const surplus = peakKw * cloud * Math.max(0, Math.sin(((solarHour - 6) / 12) * Math.PI));
      known[cell] = 1;
      importPrice[cell] = price;
      carbonIntensity[cell] = intensity;
      exportableKw[cell] = price < 0 ? 0 : Math.min(surplus, exportLimitShare * peakKw);
      curtailedKw[cell] = surplus - (exportableKw[cell] as number);
    }
  });
  return {
    slots,
    slotHours: SLOT / HOUR,
    siteCount: at.length,
    curtailedKw,
    exportableKw,
    importPrice,
    carbonIntensity,
    feedInTariff: new Float64Array(at.length).fill(feedInTariffPerMwh),
    known,
    poolCount: at.length,
    poolSite: Int32Array.from(at, (_, site) => site),
    capacity: new Int32Array(cells).fill(capacity),
    ask: new Float64Array(at.length),
  };
}

export interface PlanInstance {
  readonly jobs: number;
  /** Accelerator-slots asked for ÷ offered, above 0. A site has 8 accelerators at least, so few jobs ask for less. */
  readonly utilisation: number;
  readonly kind: keyof typeof requestKinds;
  /** 15-minute slots of the horizon; default 96. */
  readonly slots?: number;
  readonly seed: number;
  /** Day of 2022 on which the horizon begins, UTC, 0 is New Year; default 180. */
  readonly day?: number;
  /** Default 10, one a zone; further ones begin again. */
  readonly sites?: number;
}

/**
 * A market of one pool a site, every site open to every job at one speed, in EUR; a request's class is its `optimize`
 * setting: cost, carbon, surplus, balanced. Elastic work is what the job would do in its time with all its accelerators.
 * A RangeError for a horizon that leaves the year, a fault of the importers for a record that cannot be read.
 */
export function planInstance({ jobs, utilisation, kind, slots = 96, seed, day = 180, sites = 10 }: PlanInstance): Market {
  const start = Date.UTC(year, 0) + day * DAY;
  if (!(day >= 0 && start + slots * SLOT <= Date.UTC(year + 1, 0)))
    throw new RangeError(`the horizon lies within ${year}, found day ${day}`);
  const at = Array.from({ length: sites }, (_, site) => places[site % places.length] as Place);
  const work = drawWork(jobs, slots, randomStream(seed, 'work'));
  const asked = work.slots.reduce((sum, needed, job) => sum + needed * (work.accelerators[job] as number), 0);
  const capacity = Math.max(8, Math.round(asked / (utilisation * sites * slots)));
  const offers = offersOf(at, slots, capacity, start, randomStream(seed, 'sun'));

  const classes = Object.values(settings);
  const carbonPricePerKg = Float64Array.from(classes, (weights) => weights.carbonPricePerKg);
  /** Dearest kWh for each class anywhere, at least 0. */
  const dearest = classes.map((weights) =>
    offers.importPrice.reduce(
      (most, price, cell) => Math.max(most, (price + weights.carbonPricePerKg * (offers.carbonIntensity[cell] as number)) / 1_000),
      0,
    ),
  );
  const draw = randomStream(seed, 'terms');
  const transferPrice = transferPrices(at);
  const count = jobs * sites;
  const options: Options = {
    count,
    pool: Int32Array.from({ length: count }, (_, option) => option % sites),
    length: new Int32Array(count),
    earliest: new Int32Array(count),
    end: new Int32Array(count),
    accelerators: new Int32Array(count),
    kwPerAccelerator: new Float64Array(count).fill(acceleratorKw),
    transferCost: new Float64Array(count),
    transferG: new Float64Array(count),
    restartCost: new Float64Array(count),
    speedExponent: new Float64Array(count).fill(kind === 'elastic' ? speedExponent : 1),
  };
  const weightClass = new Uint8Array(jobs);
  const [waitPrice, unplacedCost] = [new Float64Array(jobs), new Float64Array(jobs)];
  for (let job = 0; job < jobs; job++) {
    const [needed, accelerators] = [work.slots[job] as number, work.accelerators[job] as number];
    const chosen = draw.int(0, classes.length);
    const home = draw.int(0, sites);
    const gb = dataGb.median * Math.exp(dataGb.spread * draw.normal());
    weightClass[job] = chosen;
    waitPrice[job] = ((classes[chosen]?.waitPricePerHour ?? 0) * SLOT) / HOUR;
    const energyKwh = (needed * accelerators * acceleratorKw * SLOT) / HOUR;
    unplacedCost[job] = unplacedCostBase + energyKwh * (dearest[chosen] as number) + gb;
    for (let site = 0; site < sites; site++) {
      const option = job * sites + site;
      options.length[option] = kind === 'elastic' ? Math.max(1, Math.floor(needed * accelerators ** speedExponent)) : needed;
      options.earliest[option] = work.release[job] as number;
      options.end[option] = work.end[job] as number;
      options.accelerators[option] = accelerators;
      options.transferCost[option] = gb * (transferPrice[home * sites + site] as number);
      options.transferG[option] = site === home ? 0 : gb * transferGPerGb;
      options.restartCost[option] = kind === 'interruptible' ? accelerators * restartCostPerAccelerator : 0;
    }
  }
  const requests = {
    count: jobs,
    kind: new Uint8Array(jobs).fill(requestKinds[kind]),
    weightClass,
    carbonPricePerKg,
    waitPrice,
    release: work.release,
    unplacedCost,
    budget: new Float64Array(jobs).fill(Number.POSITIVE_INFINITY),
    firstOption: Int32Array.from({ length: jobs + 1 }, (_, job) => job * sites),
    options,
  };
  return { offers, requests };
}
