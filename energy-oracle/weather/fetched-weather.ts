/**
 * Fetched weather: from a service's answer to forecasts that may be stored, or to quarantine with the reason.
 *
 * The same judgement as for what a provider signs, without a signature: the answer itself is the evidence. A forecast is
 * issued when it was fetched, for the answer does not say when its model ran. A service that is away is told of once a
 * round and asked again at the next; nothing else waits for it.
 */
import type { Site } from '../site.ts';
import type { IngestBatch, SeriesStore } from '../store/series-store.ts';
import { implausibleWeather } from '../telemetry/plausibility.ts';
import type { RawMessage } from '../telemetry/telemetry-source.ts';
import { decodeOpenMeteo } from './open-meteo.ts';
import type { WeatherForecast } from './weather-feed.ts';
import { WeatherFault, type WeatherService } from './weather-service.ts';

/** Questions to a service that are open at once. */
const asksMax = 4;

/** One answer for a site as a commit: all of its variables, or none and the whole answer in quarantine. */
export function judgeAnswer(evidence: RawMessage, provider: string, site: Site): IngestBatch {
  const nothing: IngestBatch = { readings: [], curves: [], weather: [], quarantined: [] };
  const refuse = (reason: string, detail: string): IngestBatch => ({ ...nothing, quarantined: [{ evidence, reason, detail }] });
  const decoded = decodeOpenMeteo(evidence.payload, site);
  if (decoded.kind === 'undecodable') return refuse(decoded.reason, decoded.detail);
  const issuedAt = evidence.receivedAt;
  const forecasts = decoded.curves.map(
    (curve): WeatherForecast => ({ ...curve, provider, site: site.id, issuedAt, seq: issuedAt, signature: '' }),
  );
  for (const forecast of forecasts) {
    const why = implausibleWeather(forecast, site);
    if (why) return refuse('out-of-range', why);
  }
  return { ...nothing, weather: forecasts.map((value) => ({ value, evidence })) };
}

/** True when two answers say the same of the same hours: the second is no newer forecast. */
const sameWeather = (a: readonly WeatherForecast[], b: readonly WeatherForecast[]): boolean => {
  const said = (forecasts: readonly WeatherForecast[]) =>
    JSON.stringify(forecasts.map(({ variable, start, values }) => [variable, start, values]));
  return said(a) === said(b);
};

export interface WeatherFetcherPorts {
  readonly service: WeatherService;
  readonly sites: readonly Site[];
  readonly store: Pick<SeriesStore, 'commit'>;
  readonly tell: (kind: 'reading' | 'quarantine', text: string) => void;
}

/**
 * A function that asks the service once for every site and stores what is new; resolves when the round is over.
 *
 * What the service said before is not stored again: a forecast is as old as its first answer. Faults of the service are
 * told, and end the round when the other sites would meet them too; those of the store are the caller's.
 */
export function createWeatherFetcher({ service, sites, store, tell }: WeatherFetcherPorts): () => Promise<void> {
  const own = sites.find(({ provider }) => provider === service.name);
  if (own) throw new RangeError(`${own.id} belongs to ${own.provider}, which is the weather service's name`);
  const newest = new Map<string, readonly WeatherForecast[]>();
  /** False when the service is away for everybody. */
  const take = async (site: Site): Promise<boolean> => {
    try {
      const batch = judgeAnswer(await service.fetch(site), service.name, site);
      for (const { evidence, reason, detail } of batch.quarantined) tell('quarantine', `${evidence.topic}: ${reason}: ${detail}`);
      const forecasts = batch.weather.map(({ value }) => value);
      if (batch.quarantined.length === 0 && sameWeather(forecasts, newest.get(site.id) ?? [])) return true;
      await store.commit(batch);
      if (forecasts.length > 0) newest.set(site.id, forecasts);
      return true;
    } catch (fault) {
      if (!(fault instanceof WeatherFault)) throw fault;
      tell('reading', `no new weather of ${site.id}: ${fault.message}`);
      return fault.status !== undefined && fault.status < 500 && fault.status !== 429;
    }
  };
  return async () => {
    for (let i = 0; i < sites.length; i += asksMax) {
      const answered = await Promise.all(sites.slice(i, i + asksMax).map(take));
      if (answered.includes(false)) return;
    }
  };
}
