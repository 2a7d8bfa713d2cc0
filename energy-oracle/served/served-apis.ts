/**
 * Served APIs: every imitated API over one oracle, each at its mount.
 *
 * Mounts may be changed, because some clients let people change nothing but a host. Two APIs may share a mount as long as
 * their routes differ; two routes at one path are refused at the start.
 */
import type { Clock } from '../../units/clock.ts';
import type { Site } from '../site.ts';
import type { SeriesStore } from '../store/series-store.ts';
import { carbonAwareApi } from './carbon-aware/api.ts';
import { electricityMapsApi } from './electricity-maps/api.ts';
import { evccApi } from './evcc/api.ts';
import { createPlaces, type OwnDataCentres } from './places.ts';
import type { Authenticate, ServedApi } from './route.ts';
import { ukCarbonIntensityApi } from './uk-carbon-intensity/api.ts';
import { wattTimeApi } from './watttime/api.ts';
import { createSessions, type Sessions } from './watttime/sessions.ts';
import { createZoneReader } from './zone-signal.ts';

export const defaultMounts = {
  'electricity-maps': '/electricity-maps/v3',
  watttime: '/watttime',
  'carbon-aware': '/carbon-aware',
  'uk-carbon-intensity': '/uk-carbon-intensity',
  evcc: '/evcc',
} as const;
export type ApiName = keyof typeof defaultMounts;

export interface ServedConfig {
  /** Where an API is, instead of its own mount: starts with a slash and ends without one; empty is the root. */
  readonly mounts?: Readonly<Partial<Record<ApiName, string>>> | undefined;
  /** Whose half hours the UK Carbon Intensity API tells; `GB` unless told. */
  readonly ukZone?: string | undefined;
  readonly dataCentres?: OwnDataCentres | undefined;
}

export interface ServedPorts {
  readonly clock: Clock;
  readonly sites: readonly Site[];
  readonly store: SeriesStore;
  /** So many bytes that nobody can guess, in hex. */
  readonly randomHex: (bytes: number) => string;
  readonly authenticate?: Authenticate | undefined;
  readonly config?: ServedConfig | undefined;
}

export interface Served {
  readonly apis: readonly ServedApi[];
  readonly sessions: Sessions;
}

/** @throws RangeError when two routes are at one path */
export function createServed({ clock, sites, store, randomHex, authenticate, config = {} }: ServedPorts): Served {
  const reader = createZoneReader({ store, sites });
  const places = createPlaces(sites, config.dataCentres);
  const sessions = createSessions({ clock, newToken: () => randomHex(24) });
  const mount = (name: ApiName): string => config.mounts?.[name] ?? defaultMounts[name];
  const shared = { clock, places, reader };
  const newTraceId = () => `00-${randomHex(16)}-${randomHex(8)}-00`;
  const apis = [
    electricityMapsApi({ ...shared, mount: mount('electricity-maps'), hasKeys: authenticate !== undefined }),
    wattTimeApi({ ...shared, sessions, authenticate, mount: mount('watttime') }),
    carbonAwareApi({ ...shared, mount: mount('carbon-aware'), newTraceId }),
    ukCarbonIntensityApi({ ...shared, mount: mount('uk-carbon-intensity'), zone: config.ukZone ?? 'GB' }),
    evccApi({ clock, sites, store, mount: mount('evcc') }),
  ];
  const taken = new Map<string, string>();
  for (const api of apis)
    for (const { method, path } of api.routes) {
      const at = `${method} ${api.mount}${path}`.toLowerCase();
      const other = taken.get(at);
      if (other !== undefined) throw new RangeError(`${at} is a route of ${other} and of ${api.name}; give one of them another mount`);
      taken.set(at, api.name);
    }
  return { apis, sessions };
}
