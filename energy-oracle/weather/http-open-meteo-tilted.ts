/**
 * Open-Meteo tilted over HTTP: what each array of a site will give, from the light on its plane. No key is needed.
 */
import { type Instant, MINUTE } from '../../units/time.ts';
import { type HttpAsker, httpUrl } from '../signals/http-asker.ts';
import type { RawMessage } from '../telemetry/telemetry-source.ts';
import { southAzimuth } from './http-forecast-solar.ts';
import { decodeOpenMeteoTilted } from './open-meteo-tilted.ts';
import { type PvForecastSource, sumOfArrays } from './pv-forecast-source.ts';

export const openMeteoUrl = 'https://api.open-meteo.com/v1/forecast';
const freshMs = 30 * MINUTE;
const forecastDays = 4;

export interface OpenMeteoTiltedPorts {
  readonly url?: string;
  readonly asker: HttpAsker;
  readonly now: () => Instant;
}

/** @throws RangeError for what is no HTTP URL */
export function createHttpOpenMeteoTilted({ url, asker, now }: OpenMeteoTiltedPorts): PvForecastSource {
  const base = httpUrl(url ?? openMeteoUrl);
  const name = 'open-meteo';
  return {
    name,
    async ask({ id, latitude, longitude, pv }) {
      const arrays = pv.filter(({ tracking, peakKw }) => tracking === undefined && peakKw > 0);
      if (arrays.length === 0) return undefined;
      const evidence: RawMessage[] = [];
      for (const { tiltDeg, azimuthDeg } of arrays) {
        const question = new URL(base);
        const asked = {
          latitude: latitude.toFixed(4),
          longitude: longitude.toFixed(4),
          tilt: String(tiltDeg),
          azimuth: String(southAzimuth(azimuthDeg)),
          minutely_15: 'global_tilted_irradiance',
          timeformat: 'unixtime',
          timezone: 'GMT',
          forecast_days: String(forecastDays),
        };
        for (const [key, value] of Object.entries(asked)) question.searchParams.set(key, value);
        evidence.push(await asker.ask({ url: question, address: question.href, freshUntil: () => now() + freshMs }));
      }
      const decoded = evidence.map(({ payload }, i) => decodeOpenMeteoTilted(payload, arrays[i]?.peakKw ?? 0));
      const refused = decoded.find((each) => each.kind === 'unreadable');
      if (refused?.kind === 'unreadable') return { ...refused, source: name, evidence };
      return {
        kind: 'pv-forecast',
        source: name,
        site: id,
        issuedAt: undefined,
        fetchedAt: Math.min(...evidence.map(({ receivedAt }) => receivedAt)),
        unitFound: 'W/m² on the plane',
        steps: sumOfArrays(decoded.flatMap((each) => (each.kind === 'pv' ? [each.steps] : []))),
        evidence,
      };
    },
  };
}
