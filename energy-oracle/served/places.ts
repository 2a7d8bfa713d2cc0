/**
 * Places: which zone a caller means, by name, coordinates, data centre or country.
 *
 * The oracle knows zones by its sites alone. Coordinates belong to the zone of the nearest site; too far from every site
 * they are refused with the distance, because the nearest zone that is known is not the zone that one stands in.
 */
import type { Site } from '../site.ts';
import { type DataCentre, dataCentres } from './data-centres.ts';

/** Farther than this from every site nothing is said. Zones are up to about a thousand kilometres wide. */
export const distanceMaxKm = 500;

export interface ServedZone {
  readonly zone: string;
  /** Name of the country for a zone that is one, else the zone's key. */
  readonly name: string;
  readonly countryName: string | undefined;
  /** Where its first site stands. */
  readonly latitude: number;
  readonly longitude: number;
  readonly sites: readonly Site[];
}

export type Found = { readonly kind: 'zone'; readonly zone: ServedZone } | { readonly kind: 'nowhere'; readonly why: string };

export interface NamedPlace {
  readonly name: string;
  readonly zone: ServedZone;
  readonly latitude: number;
  readonly longitude: number;
}

export interface Places {
  readonly zones: readonly ServedZone[];
  /** By key, case-blind. */
  zone(key: string): Found;
  at(latitude: number, longitude: number): Found;
  dataCentre(provider: string, region: string): Found;
  /** The one zone of a country. */
  country(code: string): Found;
  /** Zones, sites, and data centres within reach, by the name that a caller may give them, case-blind. */
  named(name: string): Found;
  readonly all: readonly NamedPlace[];
}

const earthRadiusKm = 6371.0088;

/** Great-circle distance by the haversine formula, km; latitude and longitude in degrees. */
export function distanceKm(
  a: { readonly latitude: number; readonly longitude: number },
  b: { readonly latitude: number; readonly longitude: number },
): number {
  const rad = Math.PI / 180;
  const half = (x: number) => Math.sin((x * rad) / 2) ** 2;
  const h = half(b.latitude - a.latitude) + Math.cos(a.latitude * rad) * Math.cos(b.latitude * rad) * half(b.longitude - a.longitude);
  return 2 * earthRadiusKm * Math.asin(Math.min(1, Math.sqrt(h)));
}

const countries = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });

function zoneOf(zone: string, sites: readonly Site[]): ServedZone {
  const code = /^([A-Z]{2})(-|$)/.exec(zone)?.[1];
  const countryName = code === undefined ? undefined : countries.of(code);
  const { latitude, longitude } = sites[0] as Site;
  return { zone, name: zone === code && countryName !== undefined ? countryName : zone, countryName, latitude, longitude, sites };
}

/** Where more data centres stand than the table knows, by `<provider>/<region>`. */
export type OwnDataCentres = Readonly<Record<string, Pick<DataCentre, 'latitude' | 'longitude'>>>;

/** Reads nothing later: sites do not change while it lives. */
export function createPlaces(sites: readonly Site[], own: OwnDataCentres = {}): Places {
  const byZone = new Map<string, Site[]>();
  for (const site of [...sites].sort((a, b) => (a.id < b.id ? -1 : 1))) byZone.set(site.zone, [...(byZone.get(site.zone) ?? []), site]);
  const zones = [...byZone].sort(([a], [b]) => (a < b ? -1 : 1)).map(([zone, inIt]) => zoneOf(zone, inIt));
  const known = `known: ${zones.map(({ zone }) => zone).join(', ')}`;
  const nowhere = (why: string): Found => ({ kind: 'nowhere', why });

  const zone = (key: string): Found => {
    const found = zones.find((served) => served.zone.toLowerCase() === key.toLowerCase());
    return found ? { kind: 'zone', zone: found } : nowhere(`no zone ${key}; ${known}`);
  };
  const at = (latitude: number, longitude: number): Found => {
    const near = zones
      .flatMap((served) => served.sites.map((site) => ({ served, site, km: distanceKm(site, { latitude, longitude }) })))
      .sort((a, b) => a.km - b.km || (a.site.id < b.site.id ? -1 : 1))[0];
    if (!near) return nowhere('there is no site yet');
    if (near.km > distanceMaxKm)
      return nowhere(
        `the nearest site, ${near.site.id} in ${near.served.zone}, is ${Math.round(near.km)} km away; at most ${distanceMaxKm} km`,
      );
    return { kind: 'zone', zone: near.served };
  };
  const centres: readonly DataCentre[] = [
    ...Object.entries(own).map(([name, { latitude, longitude }]) => {
      const [provider = '', region = ''] = name.toLowerCase().split('/');
      return { provider, region, latitude, longitude };
    }),
    ...dataCentres,
  ];
  const dataCentre = (provider: string, region: string): Found => {
    const centre = centres.find((one) => one.provider === provider.toLowerCase() && one.region === region.toLowerCase());
    return centre
      ? at(centre.latitude, centre.longitude)
      : nowhere(`no data centre ${provider}/${region} in the table; ask by lat and lon`);
  };
  const country = (code: string): Found => {
    const inIt = zones.filter((served) => served.zone === code.toUpperCase() || served.zone.startsWith(`${code.toUpperCase()}-`));
    if (inIt.length > 1) return nowhere(`${code} has the zones ${inIt.map((served) => served.zone).join(', ')}; ask for one by zone`);
    return inIt[0] ? { kind: 'zone', zone: inIt[0] } : nowhere(`no zone in ${code}; ${known}`);
  };

  const all: NamedPlace[] = [
    ...zones.map((served) => ({ name: served.zone, zone: served, latitude: served.latitude, longitude: served.longitude })),
    ...zones.flatMap((served) => served.sites.map(({ id, latitude, longitude }) => ({ name: id, zone: served, latitude, longitude }))),
    ...centres.flatMap(({ region, latitude, longitude }) => {
      const found = at(latitude, longitude);
      return found.kind === 'zone' ? [{ name: region, zone: found.zone, latitude, longitude }] : [];
    }),
  ];
  const byName = new Map<string, NamedPlace>();
  for (const place of all) if (!byName.has(place.name.toLowerCase())) byName.set(place.name.toLowerCase(), place);
  const named = (name: string): Found => {
    const place = byName.get(name.toLowerCase());
    return place ? { kind: 'zone', zone: place.zone } : nowhere(`no location ${name}; GET /locations lists them`);
  };
  return { zones, zone, at, dataCentre, country, named, all: [...byName.values()] };
}
