/**
 * Scenario: a fleet, the truth of its zones, the jobs that arrive, and the seed of everything that is drawn.
 *
 * Owns the six demo sites and their (seeded, public, worthless) keys. A scenario is a value: the same one gives the
 * same run, whoever replays it.
 */
import { createHash } from 'node:crypto';
import type { ExchangeRates } from '../energy-oracle/grid/price.ts';
import { type SigningKey, type Site, signingKey } from '../energy-oracle/site.ts';
import { kilowatts, pricePerMegawattHour } from '../units/quantity.ts';
import { DAY, HOUR, type Instant, toIso, toIsoDuration } from '../units/time.ts';
import { randomStream } from './kernel/random.ts';
import type { Mishaps } from './mishaps.ts';
import type { PlantBattery } from './plant/battery.ts';
import type { OwnLoad } from './plant/load.ts';
import type { IdleAccelerators } from './plant/power-balance.ts';
import type { GridTrace } from './traces/grid-trace.ts';
import type { JobTrace } from './traces/job-trace.ts';

export interface ScenarioSite {
  readonly site: Site;
  readonly load: OwnLoad;
  readonly key: SigningKey;
  /** Its nameplate is the site's: give both with `withBattery`. */
  readonly battery?: PlantBattery | undefined;
  /** Given, the grid connection is metered too (power and registers), and panels tell what they made, not what they could have. */
  readonly gridMeter?: { readonly idleAccelerators: IdleAccelerators } | undefined;
}

/** The same place with a battery behind its meter. */
export const withBattery = (place: ScenarioSite, battery: PlantBattery): ScenarioSite => {
  const { capacityKwh, powerKw, roundTripEfficiency } = battery;
  return { ...place, battery, site: { ...place.site, battery: { capacityKwh, powerKw, roundTripEfficiency } } };
};

export interface Arrival {
  readonly at: Instant;
  readonly id: string;
  readonly owner: string;
  /** A parsed job file. */
  readonly file: unknown;
}

export interface Scenario {
  readonly seed: number;
  readonly start: Instant;
  readonly sites: readonly ScenarioSite[];
  readonly traces: readonly GridTrace[];
  readonly arrivals: readonly Arrival[];
  readonly rates: ExchangeRates;
  /** Absent: nothing goes wrong. */
  readonly mishaps?: Mishaps | undefined;
}

/** Euro per unit: yearly averages of 2022, European Central Bank reference rates. */
export const demoRates: ExchangeRates = {
  accounting: 'EUR',
  perUnit: { USD: 1 / 1.053, GBP: 1 / 0.85276, CAD: 1 / 1.3695, AUD: 1 / 1.5167, ZAR: 1 / 17.2086, KRW: 1 / 1358.07, BRL: 1 / 5.4399 },
};

interface SiteSketch {
  readonly id: string;
  readonly name: string;
  readonly zone: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly peakKw: number;
  readonly azimuthDeg: number;
  readonly load: OwnLoad;
  readonly exportLimitKw: number;
  readonly feedInTariff: number;
  readonly accelerators: Site['accelerators'];
}

const a100 = (count: number) => ({ model: 'A100', count, drawKw: kilowatts(0.4) });
const load = (shape: OwnLoad['shape'], meanKw: number): OwnLoad => ({ shape, meanKw: kilowatts(meanKw) });

/** Six places in six zones, north and south, east and west: somewhere the sun is up. Feed-in tariffs in EUR/MWh. */
const sketches: readonly SiteSketch[] = [
  {
    id: 'eu-rhine',
    name: 'Rhine solar farm',
    zone: 'DE-LU',
    latitude: 50.1,
    longitude: 8.7,
    peakKw: 24,
    azimuthDeg: 180,
    load: load('farm', 3),
    exportLimitKw: 15,
    feedInTariff: 62,
    accelerators: [a100(8), { model: 'L4', count: 4, drawKw: kilowatts(0.072) }],
  },
  {
    id: 'uk-thames',
    name: 'Thames rooftop',
    zone: 'GB',
    latitude: 51.5,
    longitude: -0.2,
    peakKw: 12,
    azimuthDeg: 170,
    load: load('home', 1),
    exportLimitKw: 8,
    feedInTariff: 55,
    accelerators: [a100(6), { model: 'RTX4090', count: 2, drawKw: kilowatts(0.45) }],
  },
  {
    id: 'us-bay',
    name: 'South Bay data hall',
    zone: 'US-CAL-CISO',
    latitude: 37.4,
    longitude: -121.9,
    peakKw: 40,
    azimuthDeg: 190,
    load: load('datacentre', 9),
    exportLimitKw: 12,
    feedInTariff: 48,
    accelerators: [a100(12), { model: 'H100', count: 4, drawKw: kilowatts(0.7) }],
  },
  {
    id: 'ca-lake',
    name: 'Lakeshore co-op',
    zone: 'CA-ON',
    latitude: 43.7,
    longitude: -79.4,
    peakKw: 10,
    azimuthDeg: 180,
    load: load('home', 2),
    exportLimitKw: 6,
    feedInTariff: 40,
    accelerators: [a100(6)],
  },
  {
    id: 'au-yarra',
    name: 'Yarra valley winery',
    zone: 'AU-VIC',
    latitude: -37.8,
    longitude: 144.9,
    peakKw: 30,
    azimuthDeg: 0,
    load: load('farm', 4),
    exportLimitKw: 10,
    feedInTariff: 33,
    accelerators: [a100(8), { model: 'L4', count: 8, drawKw: kilowatts(0.072) }],
  },
  {
    id: 'za-rand',
    name: 'Rand campus',
    zone: 'ZA',
    latitude: -26.2,
    longitude: 28,
    peakKw: 36,
    azimuthDeg: 0,
    load: load('datacentre', 6),
    exportLimitKw: 10,
    feedInTariff: 30,
    accelerators: [a100(8), { model: 'RTX4090', count: 4, drawKw: kilowatts(0.45) }],
  },
];

export const demoZones = sketches.map(({ zone }) => zone);

const derived = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Keys that are derived from public text: good for a demonstration, for nothing else. */
export const demoKey = (seed: number, owner: string): SigningKey => signingKey(derived(`sunward/demo-key/${seed}/${owner}`));

/** A place enrolled with the seeded keys of its meter and the account of its provider. */
export function enrolled(place: Omit<Site, 'provider' | 'meterKey' | 'payoutAccount'>, ownLoad: OwnLoad, seed: number): ScenarioSite {
  const key = demoKey(seed, place.id);
  const provider = `${place.id}-energy`;
  const payoutAccount = `0x${derived(`sunward/demo-account/${provider}`).toString('hex').slice(0, 40)}`;
  return { site: { ...place, provider, meterKey: key.publicKey, payoutAccount }, load: ownLoad, key };
}

/** The demo fleet with its loads and keys. */
export const demoSites = (seed: number): readonly ScenarioSite[] =>
  sketches.map(({ load: ownLoad, peakKw, azimuthDeg, exportLimitKw, feedInTariff, ...rest }) =>
    enrolled(
      {
        ...rest,
        idleKw: kilowatts(0.03),
        pue: 1.2,
        pv: [{ peakKw: kilowatts(peakKw), tiltDeg: 30, azimuthDeg }],
        exportLimitKw: kilowatts(exportLimitKw),
        feedInTariff: pricePerMegawattHour(feedInTariff),
      },
      ownLoad,
      seed,
    ),
  );

/** Job files drawn over days: each hour of the day brings one with this chance; ids and owners by seed. */
export function demoArrivals(
  files: readonly { readonly name: string; readonly file: unknown }[],
  start: Instant,
  days: number,
  seed: number,
): Arrival[] {
  const draw = randomStream(seed, 'arrivals');
  const owners = ['ada', 'grace', 'hedy', 'katherine'];
  const arrivals: Arrival[] = [];
  for (let slot = 0; slot < days * 24 * arrivalsPerHour; slot++) {
    const { name, file } = draw.pick(files);
    const owner = draw.pick(owners);
    const at = start + Math.floor(((slot + draw.uniform()) * HOUR) / arrivalsPerHour / 60_000) * 60_000;
    arrivals.push({ at, id: `${name}-${toIso(start + Math.floor((at - start) / DAY) * DAY).slice(0, 10)}-${slot}`, owner, file });
  }
  return arrivals.sort((a, b) => a.at - b.at);
}
const arrivalsPerHour = 1;

/** GAIA's waiting rule (ASPLOS'24): jobs shorter than 2 h may wait 6 h, longer ones 24 h. */
const shortMsMax = 2 * HOUR;
const waitMsMax = { short: 6 * HOUR, long: 24 * HOUR };

/** A recorded job trace, laid over the run from `start`: one accelerator per CPU of the record, all of one model. */
export const tracedArrivals = (trace: JobTrace, name: string, start: Instant, optimize: string): Arrival[] =>
  trace.map(({ at, lengthMs, accelerators }, index) => ({
    at: start + Math.round(at),
    id: `${name}-${String(index).padStart(6, '0')}`,
    owner: `${name}-user`,
    file: {
      name: `${name}-${index}`,
      resources: { accelerators: `A100:${accelerators}` },
      max_duration: toIsoDuration(Math.round(lengthMs)),
      policy: { optimize, deadline: `+${Math.ceil((lengthMs + (lengthMs < shortMsMax ? waitMsMax.short : waitMsMax.long)) / 1_000)}s` },
    },
  }));
