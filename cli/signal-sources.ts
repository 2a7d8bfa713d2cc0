/**
 * Signal sources: the sources of a fleet file, each behind its adapter. Names every adapter of the grid's feeds.
 *
 * Sources with one key share one asker, and with it a cache and a limit; entries that are alike are one source, asked once.
 */
import { readFileSync } from 'node:fs';
import type { SignalPlan } from '../energy-oracle/signals/fetched-signals.ts';
import type { RateLimit } from '../energy-oracle/signals/freshness.ts';
import { createHttpAsker, type HttpAsker, type HttpAskerPorts } from '../energy-oracle/signals/http-asker.ts';
import { createHttpAwattar } from '../energy-oracle/signals/http-awattar.ts';
import { createHttpElectricityMaps } from '../energy-oracle/signals/http-electricity-maps.ts';
import { createHttpEnergyCharts } from '../energy-oracle/signals/http-energy-charts.ts';
import { createHttpEntsoe, entsoeLimit } from '../energy-oracle/signals/http-entsoe.ts';
import { createHttpOctopus } from '../energy-oracle/signals/http-octopus.ts';
import { createHttpUkCarbonIntensity } from '../energy-oracle/signals/http-uk-carbon-intensity.ts';
import { createHttpWattTime, wattTimeLimit } from '../energy-oracle/signals/http-watttime.ts';
import { createMixSource } from '../energy-oracle/signals/mix-source.ts';
import { type SignalSource, type SignalTopic, signalTopics } from '../energy-oracle/signals/signal-source.ts';
import { createHttpForecastSolar, forecastSolarLimit } from '../energy-oracle/weather/http-forecast-solar.ts';
import { createHttpOpenMeteoTilted } from '../energy-oracle/weather/http-open-meteo-tilted.ts';
import type { PvForecastSource } from '../energy-oracle/weather/pv-forecast-source.ts';
import { type PvForecastSection, ruleOf, type SecretPlace, type SignalsSection, type SourceEntry } from './signals-file.ts';

/** A key that the fleet file names is not where it says. */
export class SecretFault extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, { cause });
    this.name = 'SecretFault';
  }
}

export interface SignalSourcePorts extends Pick<HttpAskerPorts, 'clock' | 'wait' | 'random'> {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of prices, where a zone names none. */
  readonly currency: string;
}

/** What to ask of whom. @throws SecretFault for a key that is not there, RangeError for a source that cannot tell its signal */
export function signalPlans(section: SignalsSection, ports: SignalSourcePorts): SignalPlan[] {
  const builder = createBuilder(ports);
  return Object.entries(section).flatMap(([zone, { timeZone, currency = ports.currency, ...panels }]) =>
    signalTopics.flatMap((topic): SignalPlan[] => {
      const entry = panels[topic];
      if (!entry) return [];
      const sources = entry.sources.map((each) => builder.sourceOf(each, topic, timeZone));
      return [{ zone, topic, timeZone, unit: unitOf(topic, currency), rule: ruleOf(topic, entry), sources }];
    }),
  );
}

/** Whom to ask what panels will give; nobody without the section. @throws SecretFault for a key that is not there */
export function pvForecastSources(section: PvForecastSection | undefined, ports: Omit<SignalSourcePorts, 'currency'>): PvForecastSource[] {
  const { clock, wait, random, env } = ports;
  const now = () => clock.now();
  return (section?.sources ?? []).map((entry) => {
    const where = { now, ...(entry.url === undefined ? {} : { url: entry.url }) };
    const asker = { source: entry.from, clock, wait, random };
    if (entry.from === 'open-meteo') return createHttpOpenMeteoTilted({ ...where, asker: createHttpAsker(asker) });
    const key = entry.key && readSecret(entry.key, entry.from, env);
    // with a key the plan's own limit stands in the answers' headers
    const limits = key === undefined ? { limit: forecastSolarLimit } : { secrets: [key] };
    return createHttpForecastSolar({ ...where, asker: createHttpAsker({ ...asker, ...limits }), key });
  });
}

function unitOf(topic: SignalTopic, currency: string): string {
  if (topic === 'day_ahead_price') return `${currency}/MWh`;
  return topic === 'grid_load' || topic === 'generation' ? 'MW' : 'gCO2eq/kWh';
}

function createBuilder({ clock, wait, random, env }: SignalSourcePorts) {
  const askers = new Map<string, HttpAsker>();
  const built = new Map<string, SignalSource>();
  const now = () => clock.now();
  const askerOf = (from: string, secrets: readonly string[], limit?: RateLimit): HttpAsker => {
    const key = JSON.stringify([from, secrets]);
    const asker = askers.get(key) ?? createHttpAsker({ source: from, clock, wait, random, secrets, ...(limit ? { limit } : {}) });
    askers.set(key, asker);
    return asker;
  };
  const secretOf = (place: SecretPlace, what: string) => readSecret(place, what, env);

  function make(entry: SourceEntry, timeZone: string): SignalSource {
    const { from, name = from } = entry;
    const where = { name, now, ...(entry.url === undefined ? {} : { url: entry.url }) };
    const calendar = { timeZone };
    switch (entry.from) {
      case 'electricity-maps': {
        const token = entry.key && secretOf(entry.key, from);
        const { zone, basis, granularity } = entry;
        return createHttpElectricityMaps({ ...where, asker: askerOf(from, token ? [token] : []), token, zone, basis, granularity });
      }
      case 'watttime': {
        const [user, password] = [secretOf(entry.user, from), secretOf(entry.password, from)];
        return createHttpWattTime({ ...where, asker: askerOf(from, [password], wattTimeLimit), user, password, region: entry.region });
      }
      case 'entsoe': {
        const token = secretOf(entry.key, from);
        return createHttpEntsoe({ ...where, asker: askerOf(from, [token], entsoeLimit), calendar, token, domain: entry.domain });
      }
      case 'uk-carbon-intensity':
        return createHttpUkCarbonIntensity({ ...where, asker: askerOf(from, []), regionId: entry.region });
      case 'awattar':
        return createHttpAwattar({ ...where, asker: askerOf(from, []), calendar });
      case 'energy-charts':
        return createHttpEnergyCharts({ ...where, asker: askerOf(from, []), calendar, bzn: entry.bzn, country: entry.country });
      case 'octopus': {
        const { product, tariff, vat, payment } = entry;
        return createHttpOctopus({ ...where, asker: askerOf(from, []), product, tariff, vat, payment });
      }
      default:
        return entry satisfies never;
    }
  }

  return {
    /** The source of an entry for a topic; one that tells generation also tells carbon intensity, computed from it. */
    sourceOf(entry: SourceEntry, topic: SignalTopic, timeZone: string): SignalSource {
      const key = JSON.stringify([entry, timeZone]);
      const source = built.get(key) ?? make(entry, timeZone);
      built.set(key, source);
      const isComputed = !source.topics.includes(topic) && source.topics.includes('generation') && topic.startsWith('carbon_');
      return isComputed ? createMixSource(source, 'basis' in entry ? entry.basis : 'lifecycle') : source;
    },
  };
}

function readSecret(place: SecretPlace, what: string, env: SignalSourcePorts['env']): string {
  if ('env' in place) {
    const value = env[place.env]?.trim();
    if (value) return value;
    throw new SecretFault(`${what} needs its key in the variable ${place.env} of the environment, which is not set`);
  }
  try {
    const value = readFileSync(place.file, 'utf8').trim();
    if (value) return value;
  } catch (cause) {
    throw new SecretFault(`${what} needs its key in ${place.file}: ${(cause as NodeJS.ErrnoException).code}`, cause);
  }
  throw new SecretFault(`${what} needs its key in ${place.file}, which is empty`);
}
