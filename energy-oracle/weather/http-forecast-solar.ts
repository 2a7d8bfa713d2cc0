/**
 * Forecast.Solar over HTTP: what each array of a site will give, with or without a key.
 *
 * The key stands in the path, so addresses are told without it. Nothing changes within a quarter of an hour, and without a
 * key twelve questions an hour are all there are: both are kept to before the service has to say so.
 */
import { HOUR, type Instant, MINUTE } from '../../units/time.ts';
import type { RateLimit } from '../signals/freshness.ts';
import { type HttpAsker, httpUrl } from '../signals/http-asker.ts';
import type { RawMessage } from '../telemetry/telemetry-source.ts';
import { decodeForecastSolar } from './forecast-solar.ts';
import { type PvForecastSource, sumOfArrays } from './pv-forecast-source.ts';

export const forecastSolarUrl = 'https://api.forecast.solar';
/** Of the public service, by address. */
export const forecastSolarLimit: RateLimit = { max: 12, windowMs: HOUR };
const freshMs = 15 * MINUTE;

export interface ForecastSolarPorts {
  readonly url?: string;
  readonly asker: HttpAsker;
  readonly now: () => Instant;
  readonly key: string | undefined;
}

/** @throws RangeError for what is no HTTP URL */
export function createHttpForecastSolar({ url, asker, now, key }: ForecastSolarPorts): PvForecastSource {
  const base = httpUrl(url ?? forecastSolarUrl).href.replace(/\/$/, '');
  const name = 'forecast-solar';
  return {
    name,
    async ask({ id, latitude, longitude, pv }) {
      const arrays = pv.filter(({ tracking, peakKw }) => tracking === undefined && peakKw > 0);
      if (arrays.length === 0) return undefined;
      const evidence: RawMessage[] = [];
      for (const { tiltDeg, azimuthDeg, peakKw } of arrays) {
        const place = `${latitude.toFixed(4)}/${longitude.toFixed(4)}/${tiltDeg}/${southAzimuth(azimuthDeg)}/${peakKw}`;
        const asked = (secret: string) => `${base}/${secret}estimate/${place}?time=utc`;
        const question = { url: new URL(asked(key === undefined ? '' : `${encodeURIComponent(key)}/`)), address: asked('') };
        evidence.push(await asker.ask({ ...question, freshUntil: () => now() + freshMs }));
      }
      const decoded = evidence.map(({ payload }) => decodeForecastSolar(payload));
      const refused = decoded.find((each) => each.kind === 'unreadable');
      if (refused?.kind === 'unreadable') return { ...refused, source: name, evidence };
      const read = decoded.flatMap((each) => (each.kind === 'pv' ? [each] : []));
      const issues = read.flatMap(({ issuedAt }) => issuedAt ?? []);
      return {
        kind: 'pv-forecast',
        source: name,
        site: id,
        issuedAt: issues.length > 0 ? Math.min(...issues) : undefined,
        fetchedAt: Math.min(...evidence.map(({ receivedAt }) => receivedAt)),
        unitFound: 'Wh a period',
        steps: sumOfArrays(read.map(({ steps }) => steps)),
        evidence,
      };
    },
  };
}

/** Ours is clockwise from north; theirs, and Open-Meteo's, 0 faces south, −90 east and 90 west. */
export const southAzimuth = (azimuthDeg: number): number => azimuthDeg - 180;
