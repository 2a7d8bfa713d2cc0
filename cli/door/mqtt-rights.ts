/**
 * MQTT rights: which connection may publish and read which topics. One list for the embedded broker and for Mosquitto.
 *
 * A site has its own branches and no others; what only the oracle or the scheduler may say there (receipts, leases,
 * forecasts) is not among what it may publish. Nobody but the service reads more than one site's. What is not listed is
 * refused.
 */
import { signals } from '../../energy-oracle/grid/grid-feed.ts';
import type { Site } from '../../energy-oracle/site.ts';
import { streams } from '../../energy-oracle/telemetry/reading.ts';
import { weatherVariables } from '../../energy-oracle/weather/weather-feed.ts';

/** Who a connection is for. */
export type MqttIdentity =
  | { readonly kind: 'site'; readonly site: string; readonly provider: string }
  | { readonly kind: 'feed'; readonly zone: string }
  /** The oracle and the scheduler. */
  | { readonly kind: 'service' };

/** MQTT filters, `+` and `#` as MQTT has them. */
export interface MqttRights {
  readonly publish: readonly string[];
  readonly read: readonly string[];
}

/** User name of the oracle and the scheduler. No site or zone can be called so: their names have no dots. */
export const serviceName = 'service.oracle';
const feedPrefix = 'feed.';

/** User name, and common name of a certificate, of an identity. */
export function nameOf(identity: MqttIdentity): string {
  if (identity.kind === 'site') return identity.site;
  return identity.kind === 'feed' ? `${feedPrefix}${identity.zone}` : serviceName;
}

/** Everybody who may have a credential: the fleet's sites, the feeds of its zones, and the service. By name. */
export function identitiesOf(sites: readonly Pick<Site, 'id' | 'provider' | 'zone'>[]): ReadonlyMap<string, MqttIdentity> {
  const zones = [...new Set(sites.map(({ zone }) => zone))].sort();
  const all: MqttIdentity[] = [
    { kind: 'service' },
    ...sites.map(({ id, provider }): MqttIdentity => ({ kind: 'site', site: id, provider })),
    ...zones.map((zone): MqttIdentity => ({ kind: 'feed', zone })),
  ];
  return new Map(all.map((identity) => [nameOf(identity), identity]));
}

/** What an identity may do. */
export function rightsOf(identity: MqttIdentity): MqttRights {
  if (identity.kind === 'service') return { publish: ['#'], read: ['#'] };
  if (identity.kind === 'feed') {
    const root = `grid/v1/${identity.zone}`;
    return { publish: signals.map((signal) => `${root}/${signal}`), read: [`${root}/receipt`] };
  }
  const { provider, site } = identity;
  const own = (root: string, levels: readonly string[]) => levels.map((level) => `${root}/v1/${provider}/${site}/${level}`);
  const dispatch = (...whats: readonly string[]) => whats.map((what) => `dispatch/v1/${site}/${what}`);
  return {
    publish: [
      ...own('energy', [...streams, 'batch']),
      ...own('unsigned', ['#']),
      ...own('weather', weatherVariables),
      ...dispatch('lease-taken', 'report'),
    ],
    read: [
      ...own('energy', ['receipt', 'forecast', 'forecast/#']),
      ...own('unsigned', ['receipt']),
      ...own('weather', ['receipt']),
      ...dispatch('lease', 'stop', 'receipt'),
    ],
  };
}

/** True when every topic that `asked` can match is one of `filter`'s. `asked` may be a topic or a filter. */
export function covers(filter: string, asked: string): boolean {
  if (asked.startsWith('$') !== filter.startsWith('$')) return false; // MQTT 3.1.1 §4.7.2
  const [own, wanted] = [filter.split('/'), asked.split('/')];
  for (let i = 0; i < own.length; i++) {
    if (own[i] === '#') return true; // its parent level too
    if (i >= wanted.length || wanted[i] === '#') return false;
    if (own[i] !== '+' && own[i] !== wanted[i]) return false;
  }
  return own.length === wanted.length;
}

/** Whether one of the filters covers a topic or filter. */
export const isCovered = (filters: readonly string[], asked: string): boolean => filters.some((filter) => covers(filter, asked));
