/**
 * Open-Meteo: the JSON of its forecast API (open-meteo.com/en/docs) as curves of averages over hours.
 *
 * Owns what its numbers stand for: light and precipitation are of the hour *before* their stamp, everything else is of the
 * instant and becomes the mean of the two ends of an hour. Stamps are read at the one offset that the answer names, unix
 * times as they are. Units are those the answer states, converted; one that is not known is refused. Pure; when a forecast
 * was issued and whether it can be true is for others.
 */
import { z } from 'zod';
import { HOUR, type Instant, parseInstant, SECOND } from '../../units/time.ts';
import type { CurveBody } from '../telemetry/curve-message.ts';
import { type DecodeRefusal, parseJson } from '../telemetry/reading.ts';
import { type WeatherVariable, weatherUnits, weatherVariables } from './weather-feed.ts';

/** Longest answer that is looked at, bytes: sixteen days of every variable are a tenth of it. */
export const answerBytesMax = 500_000;
/** Centre of the model's cell that answered, degrees from the place that was asked for: coarse models have cells of one degree. */
const cellOffMaxDeg = 1;

/** One variable of an answer. */
export type OpenMeteoCurve = Pick<CurveBody, 'start' | 'stepMs' | 'values' | 'unit'> & { readonly variable: WeatherVariable };
export type DecodedOpenMeteo =
  | { readonly kind: 'curves'; readonly curves: readonly OpenMeteoCurve[] }
  | { readonly kind: 'undecodable'; readonly reason: DecodeRefusal; readonly detail: string };

interface Meaning {
  /** Names in the answer, the current one first. */
  readonly names: readonly string[];
  readonly stands: 'for the hour before' | 'at the instant';
  /** From a unit of the answer to ours. */
  readonly units: Readonly<Record<string, (value: number) => number>>;
}
const same = (value: number) => value;
const times = (factor: number) => (value: number) => value * factor;
const celsius = { '°C': same, '°F': (value: number) => ((value - 32) * 5) / 9 };

const meanings: Readonly<Record<WeatherVariable, Meaning>> = {
  shortwave_radiation: { names: ['shortwave_radiation'], stands: 'for the hour before', units: { 'W/m²': same } },
  temperature_2m: { names: ['temperature_2m'], stands: 'at the instant', units: celsius },
  dew_point_2m: { names: ['dew_point_2m', 'dewpoint_2m'], stands: 'at the instant', units: celsius },
  wind_speed_10m: {
    names: ['wind_speed_10m', 'windspeed_10m'],
    stands: 'at the instant',
    units: { 'm/s': same, 'km/h': times(1 / 3.6), 'mp/h': times(0.44704), mph: times(0.44704), kn: times(1_852 / 3_600) },
  },
  cloud_cover: { names: ['cloud_cover', 'cloudcover'], stands: 'at the instant', units: { '%': times(0.01) } },
  precipitation: { names: ['precipitation'], stands: 'for the hour before', units: { mm: same, inch: times(25.4) } },
};
/** What to ask for: the names of every variable that is understood. */
export const openMeteoNames: readonly string[] = weatherVariables.map((variable) => meanings[variable].names[0] ?? variable);

const answer = z.object({
  latitude: z.number(),
  longitude: z.number(),
  utc_offset_seconds: z.int().min(-50_400).max(50_400),
  hourly_units: z.record(z.string(), z.string()),
  hourly: z.record(z.string(), z.array(z.union([z.string().max(32), z.number(), z.null()])).max(1_000)),
});
const numbers = z.array(z.number().nullable());

/**
 * One curve a variable that the answer has; values keep ten decimals, nulls are gaps.
 *
 * Refuses, with the reason: what is not the API's JSON (its own error message is quoted), another place, hours that are
 * not an even grid, a list of another length, a unit that is not known, and an answer without any of our variables.
 */
export function decodeOpenMeteo(bytes: Uint8Array, place: { readonly latitude: number; readonly longitude: number }): DecodedOpenMeteo {
  const refuse = (reason: DecodeRefusal, detail: string): DecodedOpenMeteo => ({ kind: 'undecodable', reason, detail });
  if (bytes.length > answerBytesMax) return refuse('oversized', `${bytes.length} bytes, at most ${answerBytesMax}`);
  const message = parseJson(bytes);
  if (!message) return refuse('not-json', 'the answer is not UTF-8 JSON');
  const parsed = answer.safeParse(message.json);
  if (!parsed.success) return refuse('schema', z.prettifyError(parsed.error));
  const { latitude, longitude, utc_offset_seconds: offsetSeconds, hourly, hourly_units: units } = parsed.data;
  const eastOff = Math.abs(((((longitude - place.longitude + 180) % 360) + 360) % 360) - 180);
  if (Math.abs(latitude - place.latitude) > cellOffMaxDeg || eastOff > cellOffMaxDeg)
    return refuse('schema', `the answer is of ${latitude}, ${longitude}; asked was ${place.latitude}, ${place.longitude}`);
  const stamps = instantsOf(hourly['time'] ?? [], units['time'], offsetSeconds);
  if (typeof stamps === 'string') return refuse('schema', stamps);
  const curves: OpenMeteoCurve[] = [];
  for (const variable of weatherVariables) {
    const { names, stands, units: known } = meanings[variable];
    const name = names.find((each) => hourly[each] !== undefined);
    if (name === undefined) continue;
    const values = numbers.safeParse(hourly[name]);
    if (!values.success || values.data.length !== stamps.length)
      return refuse('schema', `expected ${stamps.length} numbers in hourly.${name}, found ${hourly[name]?.length} values`);
    const unit = units[name] ?? '';
    const convert = Object.hasOwn(known, unit) ? known[unit] : undefined;
    if (!convert) return refuse('schema', `${name} is in ${Object.keys(known).join(' or ')}, found ${JSON.stringify(unit)}`);
    const converted = values.data.map((value) => (value === null ? undefined : rounded(convert(value))));
    const start = stamps[0] ?? 0;
    curves.push({
      variable,
      stepMs: HOUR,
      unit: weatherUnits[variable],
      ...(stands === 'at the instant' ? { start, values: meansBetween(converted) } : { start: start - HOUR, values: converted }),
    });
  }
  if (curves.length === 0) return refuse('schema', `hourly has none of ${openMeteoNames.join(', ')}`);
  return { kind: 'curves', curves };
}

/** Stamps as instants: ISO 8601 without a zone is read at the answer's offset, unix seconds are UTC. What is wrong, as a sentence. */
function instantsOf(stamps: readonly (string | number | null)[], unit: string | undefined, offsetSeconds: number): Instant[] | string {
  if (unit !== 'iso8601' && unit !== 'unixtime') return `time is iso8601 or unixtime, found ${JSON.stringify(unit)}`;
  if (stamps.length < 2) return `expected two hours or more, found ${stamps.length}`;
  const instants: Instant[] = [];
  for (const stamp of stamps) {
    const instant = unit === 'unixtime' ? unixInstant(stamp) : wallInstant(stamp, offsetSeconds);
    if (instant === undefined) return `expected ${unit} stamps, found ${JSON.stringify(stamp)}`;
    const before = instants.at(-1);
    if (before !== undefined && instant !== before + HOUR)
      return `hours must follow each other, found ${JSON.stringify(stamp)} out of step`;
    instants.push(instant);
  }
  return instants;
}

const unixInstant = (stamp: string | number | null): Instant | undefined =>
  typeof stamp === 'number' && Number.isSafeInteger(stamp * SECOND) ? stamp * SECOND : undefined;

function wallInstant(stamp: string | number | null, offsetSeconds: number): Instant | undefined {
  const wall = typeof stamp === 'string' ? parseInstant(`${stamp}Z`) : undefined;
  return wall === undefined ? undefined : wall - offsetSeconds * SECOND;
}

/** Mean over each hour between values of instants; a gap at either end is a gap. One fewer than there are instants. */
const meansBetween = (values: readonly (number | undefined)[]): (number | undefined)[] =>
  values.slice(1).map((after, i) => {
    const before = values[i];
    return before === undefined || after === undefined ? undefined : rounded((before + after) / 2);
  });

/** Takes the noise of a conversion out (29 % is 0.29), and the sign of a zero. */
const rounded = (value: number): number => Math.round(value * 1e10) / 1e10 + 0;
