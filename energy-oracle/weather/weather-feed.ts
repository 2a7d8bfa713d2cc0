/**
 * Weather feed: forecasts of a site's weather, each with the instant it was issued.
 *
 * Owns the variables, their units, their topic `weather/v1/<provider>/<site>/<variable>` and who may say them: a provider
 * signs with the key of the site's meter. The message is `curve-message.ts`'s. What was fetched from a weather service is
 * the same noun with the service as its provider and nobody's signature (`fetched-weather.ts`).
 */
import type { DurationMs } from '../../units/time.ts';
import type { SigningKey } from '../site.ts';
import { type CurveBinding, type CurveBody, decodeCurveBody, encodeCurveBody, signedCurveBody } from '../telemetry/curve-message.ts';
import type { DecodeRefusal } from '../telemetry/reading.ts';
import type { TelemetrySource } from '../telemetry/telemetry-source.ts';

/** Unit of each variable; `cloud_cover` is a share of the sky, light is on a level plane. Heights are 2 m and 10 m. */
export const weatherUnits = {
  shortwave_radiation: 'W/m2',
  temperature_2m: '°C',
  dew_point_2m: '°C',
  wind_speed_10m: 'm/s',
  cloud_cover: '1',
  precipitation: 'mm/h',
} as const;
export type WeatherVariable = keyof typeof weatherUnits;
export const weatherVariables = Object.keys(weatherUnits) as readonly WeatherVariable[];

/** A forecast of one variable; each value is the average over its step. */
export interface WeatherForecast extends CurveBody {
  /** Who says so: the site's provider, or the service it was fetched from. */
  readonly provider: string;
  readonly site: string;
  readonly variable: WeatherVariable;
}

/** The port: the oracle's end of the line that brings forecasts. The same line as a meter's, on other topics. */
export type WeatherFeed = TelemetrySource;

/** A longer step says nothing of the hour. */
const stepMsMax: DurationMs = 6 * 3_600_000;

export const weatherTopic = (provider: string, site: string, variable: WeatherVariable): string =>
  `weather/v1/${provider}/${site}/${variable}`;

const bindingOf = ({ provider, site, variable }: Pick<WeatherForecast, 'provider' | 'site' | 'variable'>): CurveBinding => ({
  tag: 'sunward/weather/1',
  topic: weatherTopic(provider, site, variable),
});

/** The text a provider signs: domain tag, topic, every claimed field, one a line. */
export const signedWeatherText = (forecast: Omit<WeatherForecast, 'signature'>): string => signedCurveBody(bindingOf(forecast), forecast);

/** Signs and encodes a forecast as the bytes that go on the wire. */
export const encodeWeather = (forecast: Omit<WeatherForecast, 'signature'>, key: SigningKey): Uint8Array =>
  encodeCurveBody(bindingOf(forecast), forecast, key);

export type DecodedWeather =
  | { readonly kind: 'weather'; readonly forecast: WeatherForecast }
  | { readonly kind: 'undecodable'; readonly reason: DecodeRefusal; readonly detail: string };

/** Decodes a provider's message; only its canonical bytes are accepted, as with readings. */
export function decodeWeather(topic: string, bytes: Uint8Array): DecodedWeather {
  const refuse = (reason: DecodeRefusal, detail: string): DecodedWeather => ({ kind: 'undecodable', reason, detail });
  const [, provider, site, name] = /^weather\/v1\/([a-z0-9-]{1,64})\/([a-z0-9-]{1,64})\/([a-z0-9_]{1,32})$/.exec(topic) ?? [];
  const variable = weatherVariables.find((known) => known === name);
  if (!provider || !site || !variable) return refuse('topic', `expected weather/v1/<provider>/<site>/<${weatherVariables.join('|')}>`);
  const decoded = decodeCurveBody(bytes);
  if (decoded.kind === 'undecodable') return decoded;
  const { unit, stepMs } = decoded.body;
  if (unit !== weatherUnits[variable]) return refuse('schema', `${variable} is in ${weatherUnits[variable]}, found ${unit}`);
  if (stepMs > stepMsMax) return refuse('schema', `a step of weather is at most ${stepMsMax} ms, found ${stepMs}`);
  return { kind: 'weather', forecast: { provider, site, variable, ...decoded.body } };
}
