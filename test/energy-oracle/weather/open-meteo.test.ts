/** Open-Meteo's JSON: hand-made answers in, averages over the right hours out. */
import { describe, expect, test } from 'vitest';
import { answerBytesMax, decodeOpenMeteo, openMeteoNames } from '../../../energy-oracle/weather/open-meteo.ts';
import { HOUR } from '../../../units/time.ts';

const place = { latitude: 50.1, longitude: 8.7 };
const six = Date.UTC(2026, 5, 1, 6);
type Answer = Record<string, unknown> & { hourly: Record<string, unknown>; hourly_units: Record<string, string> };
const answer = (hourly: Record<string, unknown>, units: Record<string, string>, change: Record<string, unknown> = {}): Answer => ({
  latitude: 50.0,
  longitude: 8.75,
  generationtime_ms: 0.2,
  utc_offset_seconds: 0,
  timezone: 'GMT',
  hourly_units: { time: 'iso8601', ...units },
  hourly: { time: ['2026-06-01T06:00', '2026-06-01T07:00', '2026-06-01T08:00'], ...hourly },
  ...change,
});
const decode = (json: unknown, of = place) => decodeOpenMeteo(new TextEncoder().encode(JSON.stringify(json)), of);
const only = (json: unknown) => {
  const decoded = decode(json);
  if (decoded.kind !== 'curves') throw new Error(decoded.detail);
  expect(decoded.curves).toHaveLength(1);
  return decoded.curves[0];
};

describe('an answer of Open-Meteo', () => {
  test.each([
    {
      name: 'puts light, a mean of the hour before its stamp, on that hour',
      hourly: { shortwave_radiation: [100, 200, 310] },
      units: { shortwave_radiation: 'W/m²' },
      want: { variable: 'shortwave_radiation', start: six - HOUR, unit: 'W/m2', values: [100, 200, 310] },
    },
    {
      name: 'puts rain, a sum of the hour before its stamp, on that hour',
      hourly: { precipitation: [0, 1.2, null] },
      units: { precipitation: 'mm' },
      want: { variable: 'precipitation', start: six - HOUR, unit: 'mm/h', values: [0, 1.2, undefined] },
    },
    {
      name: 'takes the mean of the two ends of an hour for what is of the instant',
      hourly: { temperature_2m: [10, 14, 15] },
      units: { temperature_2m: '°C' },
      want: { variable: 'temperature_2m', start: six, unit: '°C', values: [12, 14.5] },
    },
    {
      name: 'has a gap where either end is missing',
      hourly: { temperature_2m: [10, null, 15] },
      units: { temperature_2m: '°C' },
      want: { variable: 'temperature_2m', start: six, unit: '°C', values: [undefined, undefined] },
    },
    {
      name: 'reads per cent as shares of the sky',
      hourly: { cloud_cover: [29, 29, 100] },
      units: { cloud_cover: '%' },
      want: { variable: 'cloud_cover', start: six, unit: '1', values: [0.29, 0.645] },
    },
    {
      name: 'knows the old names',
      hourly: { windspeed_10m: [36, 36, 18] },
      units: { windspeed_10m: 'km/h' },
      want: { variable: 'wind_speed_10m', start: six, unit: 'm/s', values: [10, 7.5] },
    },
    {
      name: 'converts Fahrenheit',
      hourly: { dew_point_2m: [32, 50, 50] },
      units: { dew_point_2m: '°F' },
      want: { variable: 'dew_point_2m', start: six, unit: '°C', values: [5, 10] },
    },
    {
      name: 'converts knots',
      hourly: { wind_speed_10m: [9, 9, 9] },
      units: { wind_speed_10m: 'kn' },
      want: { variable: 'wind_speed_10m', start: six, unit: 'm/s', values: [4.63, 4.63] },
    },
    {
      name: 'converts inches',
      hourly: { precipitation: [1, 0, 0] },
      units: { precipitation: 'inch' },
      want: { variable: 'precipitation', start: six - HOUR, unit: 'mm/h', values: [25.4, 0, 0] },
    },
  ])('$name', ({ hourly, units, want }) => expect(only(answer(hourly, units))).toEqual({ stepMs: HOUR, ...want }));

  test('is read at the one offset it names, also when it is not a whole hour', () => {
    const local = { time: ['2026-06-01T11:45', '2026-06-01T12:45'], shortwave_radiation: [1, 2] };
    const read = only(answer(local, { shortwave_radiation: 'W/m²' }, { utc_offset_seconds: 20_700, timezone: 'Asia/Kathmandu' }));
    expect(read?.start).toBe(Date.UTC(2026, 5, 1, 5));
  });

  test('with unix times is UTC, whatever offset it names', () => {
    const unix = { time: [six / 1_000, six / 1_000 + 3_600], shortwave_radiation: [1, 2] };
    const units = { time: 'unixtime', shortwave_radiation: 'W/m²' };
    expect(only(answer(unix, units, { utc_offset_seconds: 7_200 }))?.start).toBe(six - HOUR);
  });

  test('gives every variable it has, and leaves alone what nobody asked for', () => {
    const values = [1, 1, 1];
    const every = Object.fromEntries([...openMeteoNames, 'soil_temperature_0cm'].map((name) => [name, values]));
    const units = { shortwave_radiation: 'W/m²', temperature_2m: '°C', dew_point_2m: '°C', wind_speed_10m: 'm/s', cloud_cover: '%' };
    const decoded = decode(answer(every, { ...units, precipitation: 'mm' }));
    expect(decoded.kind === 'curves' && decoded.curves.map(({ variable }) => variable)).toEqual(openMeteoNames);
  });

  const cover = { cloud_cover: [1, 2, 3] };
  const percent = { cloud_cover: '%' };
  test.each([
    { name: 'its own error message', json: { error: true, reason: 'Parameter latitude is out of range' }, detail: /hourly/ },
    { name: 'several places at once', json: [answer(cover, percent)], detail: /object/ },
    { name: 'another place', json: answer(cover, percent, { latitude: 40 }), detail: /asked was 50.1, 8.7/ },
    { name: 'no units', json: { ...answer(cover, percent), hourly_units: undefined }, detail: /hourly_units/ },
    { name: 'a unit nobody knows', json: answer(cover, { cloud_cover: 'okta' }), detail: /cloud_cover is in %, found "okta"/ },
    { name: 'a unit that every object has', json: answer(cover, { cloud_cover: 'toString' }), detail: /is in %/ },
    { name: 'fewer values than hours', json: answer({ cloud_cover: [1, 2] }, percent), detail: /expected 3 numbers/ },
    { name: 'words for numbers', json: answer({ cloud_cover: ['1', '2', '3'] }, percent), detail: /expected 3 numbers/ },
    { name: 'none of our variables', json: answer({ snow_depth: [0, 0, 0] }, { snow_depth: 'm' }), detail: /none of/ },
    { name: 'one hour', json: answer({ time: ['2026-06-01T06:00'], cloud_cover: [1] }, percent), detail: /two hours or more/ },
    {
      name: 'a missing hour',
      json: answer({ ...cover, time: ['2026-06-01T06:00', '2026-06-01T07:00', '2026-06-01T09:00'] }, percent),
      detail: /out of step/,
    },
    {
      name: 'a doubled hour',
      json: answer({ ...cover, time: ['2026-06-01T06:00', '2026-06-01T06:00', '2026-06-01T07:00'] }, percent),
      detail: /out of step/,
    },
    {
      name: 'a day that no month has',
      json: answer({ ...cover, time: ['2026-02-30T06:00', '2026-02-30T07:00', '2026-02-30T08:00'] }, percent),
      detail: /expected iso8601 stamps/,
    },
    {
      name: 'stamps of another kind than it says',
      json: answer(cover, { ...percent, time: 'unixtime' }),
      detail: /expected unixtime stamps/,
    },
  ])('is refused for $name', ({ json, detail }) =>
    expect(decode(json)).toMatchObject({ kind: 'undecodable', reason: 'schema', detail: expect.stringMatching(detail) }),
  );

  test('is refused when it is no JSON or endless', () => {
    expect(decodeOpenMeteo(new TextEncoder().encode('<html>'), place)).toMatchObject({ reason: 'not-json' });
    expect(decodeOpenMeteo(new Uint8Array(answerBytesMax + 1), place)).toMatchObject({ reason: 'oversized' });
  });

  test('may come from a cell on the other side of the date line', () => {
    const fiji = answer(cover, percent, { latitude: -17.5, longitude: -179.9 });
    expect(decode(fiji, { latitude: -17.4, longitude: 179.9 }).kind).toBe('curves');
  });
});
