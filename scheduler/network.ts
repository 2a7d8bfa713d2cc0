/**
 * Network: what lies between two places, for data that must be moved and for answers that must be quick.
 *
 * Owns places by name, the model of distance, and what a job's transfer comes to. Leaves intensity (and so the carbon of a
 * transfer) and every limit of a site to others. Nothing here is measured: a `Network` of one's own may replace the model.
 */
import type { Site } from '../energy-oracle/site.ts';
import { type KilowattHours, kilowattHours } from '../units/quantity.ts';
import { type DurationMs, HOUR } from '../units/time.ts';
import type { JobSpec } from './job.ts';

/** A site, or a zone: then `id` is `zone`. Degrees north and east. */
export type Place = Pick<Site, 'id' | 'zone' | 'latitude' | 'longitude'>;
/** By name in lower case; ask with `placeNamed`. */
export type Places = ReadonlyMap<string, Place>;

export interface Network {
  /** Accounting currency per GB moved, ≥ 0. */
  pricePerGb(from: Place, to: Place): number;
  /** kWh per GB moved between two sites, ≥ 0. */
  readonly kwhPerGb: number;
  /** GB an hour, > 0, of one transfer. */
  readonly gbPerHour: number;
  /** Round trip, ms ≥ 0. */
  roundTripMs(from: Place, to: Place): DurationMs;
}

/** What moving a job's data to a site comes to; all 0 when there is nothing to move. */
export interface Transfer {
  readonly gigabytes: number;
  /** Accounting currency. */
  readonly money: number;
  readonly energyKwh: KilowattHours;
  /** Whole ms. */
  readonly durationMs: DurationMs;
}

/** The sites, and their zones, each in the middle of its sites. Where a site and a zone have one name, it is the site's. */
export function placesOf(sites: readonly Site[]): Places {
  const places = new Map<string, Place>();
  for (const { zone } of sites) {
    if (places.has(zone.toLowerCase())) continue;
    places.set(zone.toLowerCase(), { id: zone, zone, ...middleOf(sites.filter((site) => site.zone === zone)) });
  }
  for (const site of sites) places.set(site.id.toLowerCase(), site);
  return places;
}

/** The place of that name, case aside as in a job's regions; `undefined` for a stranger. */
export const placeNamed = (places: Places, name: string): Place | undefined => places.get(name.toLowerCase());

/**
 * What it comes to, in money, energy and time, that the job's data are moved to the site; linear in its GB.
 *
 * @returns `undefined` when nobody knows where the data lie: the name is neither a site's nor a zone's
 */
export function transferOf(spec: JobSpec, homeSite: string, site: Place, places: Places, network: Network): Transfer | undefined {
  if (spec.data === undefined) return noTransfer;
  const { gigabytes, at = homeSite } = spec.data;
  const from = placeNamed(places, at);
  if (from === undefined) return undefined;
  if (from.id === site.id) return noTransfer;
  return {
    gigabytes,
    money: gigabytes * network.pricePerGb(from, site),
    energyKwh: kilowattHours(gigabytes * network.kwhPerGb),
    durationMs: Math.ceil((gigabytes / network.gbPerHour) * HOUR),
  };
}

/** True when the job sets no limit to the round trip or the site is within it; false when nobody knows where it is counted from. */
export function latencyAdmits(spec: JobSpec, site: Place, places: Places, network: Network): boolean {
  if (spec.latency === undefined) return true;
  const from = placeNamed(places, spec.latency.from);
  return from !== undefined && network.roundTripMs(from, site) <= spec.latency.roundTripMsMax;
}

const noTransfer: Transfer = { gigabytes: 0, money: 0, energyKwh: kilowattHours(0), durationMs: 0 };

/**
 * Electricity of moving a GB over core and fixed access networks in a year, kWh.
 *
 * 0.06 in 2015, halved every two years: Aslan, Mayers, Koomey and France, "Electricity Intensity of Internet Data Transmission",
 * J. Industrial Ecology 22(4), 2018. Their series ends in 2015, so a later year is a continuation of its trend; it is an average
 * over all traffic, not what one GB more would draw.
 */
export const kwhPerGbIn = (year: number): number => 0.06 * 2 ** ((2015 - year) / 2);

/** Light in fibre, km per ms: 2/3 of that in a vacuum. */
const fibreKmPerMs = (299.792458 * 2) / 3;
/**
 * Way of the light over the great circle: the rule of thumb in Bozkurt et al., "Dissecting Latency in the Internet's Fiber
 * Infrastructure", 2018. The backbone of a large cloud is shorter (1.2 to 2.8, half of its pairs under 1.7), so a limit
 * that this model keeps is seldom broken by a better network.
 */
const routeFactor = 2.1;

/**
 * The network when nothing is known but where the places are.
 *
 * Moving data is free within a zone and has one price between zones; the default 0.02 a GB is at the low end of what large clouds
 * ask between their regions (published: 0.01 to 0.16 USD, medians 0.02 to 0.08). A transfer gets 1 Gbit/s, 450 GB an hour. The
 * round trip is twice the great circle × the route factor at the speed of light in fibre, without queues and servers: 0 between a
 * place and itself.
 */
export const distanceNetwork = ({
  interZonePricePerGb = 0.02,
  kwhPerGb = kwhPerGbIn(2022),
  gbPerHour = 450,
}: {
  readonly interZonePricePerGb?: number;
  readonly kwhPerGb?: number;
  readonly gbPerHour?: number;
} = {}): Network => ({
  pricePerGb: (from, to) => (from.zone === to.zone ? 0 : interZonePricePerGb),
  kwhPerGb,
  gbPerHour,
  roundTripMs: (from, to) => (2 * greatCircleKm(from, to) * routeFactor) / fibreKmPerMs,
});

/** Mean radius of the Earth, km (IUGG). */
const earthKm = 6371.0088;
const radians = Math.PI / 180;

/** Unit vector from the Earth's centre. */
function directionOf({ latitude, longitude }: Pick<Place, 'latitude' | 'longitude'>): readonly [number, number, number] {
  const level = Math.cos(latitude * radians);
  return [level * Math.cos(longitude * radians), level * Math.sin(longitude * radians), Math.sin(latitude * radians)];
}

/** Shortest way over a sphere, km, by the chord between both ends, which keeps short ways exact. */
function greatCircleKm(a: Place, b: Place): number {
  const [ax, ay, az] = directionOf(a);
  const [bx, by, bz] = directionOf(b);
  return 2 * earthKm * Math.asin(Math.min(1, Math.hypot(ax - bx, ay - by, az - bz) / 2));
}

/** Middle of places on the sphere, degrees: also right across the date line. */
function middleOf(places: readonly Place[]): Pick<Place, 'latitude' | 'longitude'> {
  const directions = places.map(directionOf);
  const [x, y, z] = [0, 1, 2].map((axis) => directions.reduce((sum, direction) => sum + (direction[axis] ?? 0), 0));
  return {
    latitude: Math.atan2(z ?? 0, Math.hypot(x ?? 0, y ?? 0)) / radians,
    longitude: Math.atan2(y ?? 0, x ?? 0) / radians,
  };
}
