/** A provider's forecast on the wire, and what the weather of a place can be at all. */
import { describe, expect, test } from 'vitest';
import { implausibleWeather } from '../../../energy-oracle/telemetry/plausibility.ts';
import { createVerifier } from '../../../energy-oracle/telemetry/verify.ts';
import {
  decodeWeather,
  signedWeatherText,
  type WeatherForecast,
  type WeatherVariable,
  weatherUnits,
} from '../../../energy-oracle/weather/weather-feed.ts';
import { DAY, HOUR, MINUTE } from '../../../units/time.ts';
import { keyOf, noon, siteOf, weatherMessage, weatherOf } from '../telemetry/messages.ts';

const honest = weatherMessage(weatherOf(1, 0), keyOf(1));
const json = new TextDecoder().decode(honest.payload);

describe('a forecast', () => {
  test('comes back from its message as it went in, gaps too', () =>
    expect(decodeWeather(honest.topic, honest.payload)).toEqual({
      kind: 'weather',
      forecast: { ...weatherOf(1, 0), signature: expect.any(String) },
    }));

  test('is signed as one text that binds its kind, its site and every claim', () =>
    expect(signedWeatherText(weatherOf(1, 0)).split('\n')).toEqual([
      'sunward/weather/1',
      'weather/v1/provider-1/site-1/cloud_cover',
      '2026-06-21T11:00:00Z',
      '2026-06-21T12:00:00Z',
      'PT1H',
      '0.25,0.5,null,1',
      '1',
      '0',
    ]));

  test.each([
    { name: 'white space', payload: json.replace('[', '[ '), reason: 'not-canonical' },
    { name: 'another unit', payload: json.replace('"unit":"1"', '"unit":"%"'), reason: 'schema' },
    { name: 'a step of half a day', payload: json.replace('PT1H', 'PT12H'), reason: 'schema' },
    { name: 'half a message', payload: json.slice(0, 50), reason: 'not-json' },
  ])('is refused for $name', ({ payload, reason }) => {
    expect(payload).not.toBe(json);
    expect(decodeWeather(honest.topic, new TextEncoder().encode(payload))).toMatchObject({ kind: 'undecodable', reason });
  });

  test.each(['weather/v1/provider-1/site-1/receipt', 'weather/v1/provider-1/cloud_cover', 'weather/v1/provider-1/site-1/pv_power'])(
    'is refused under the topic %j',
    (topic) => expect(decodeWeather(topic, honest.payload)).toMatchObject({ kind: 'undecodable', reason: 'topic' }),
  );
});

describe('the word of a provider', () => {
  const verify = (change: Partial<WeatherForecast>, { signer = 1, seq = 0, verifier = verifierOf() } = {}) => {
    const { topic, payload, receivedAt } = weatherMessage(weatherOf(1, seq, change), keyOf(signer));
    const decoded = decodeWeather(topic, payload);
    if (decoded.kind !== 'weather') throw new Error(decoded.detail);
    return verifier.verifyWeather(decoded.forecast, receivedAt);
  };
  const verifierOf = () => createVerifier({ sites: [siteOf(0), siteOf(1)], feedKeys: {}, heads: [] });

  test('is accepted under the key of the meter, and once', () => {
    const verifier = verifierOf();
    expect(verify({}, { verifier })).toEqual({ kind: 'accepted', gapFrom: undefined });
    expect(verify({}, { verifier })).toEqual({ kind: 'repeat', refused: undefined });
    expect(verify({ values: [0] }, { verifier })).toMatchObject({ kind: 'quarantined', reason: 'equivocation', authentic: true });
    expect(verify({ issuedAt: noon - 2 * HOUR }, { verifier, seq: 1 })).toMatchObject({ reason: 'sequence-rewound' });
  });

  test.each([
    { name: 'another site’s key', change: {}, signer: 0, reason: 'bad-signature', authentic: false },
    { name: 'another provider’s site', change: { provider: 'provider-0' }, signer: 1, reason: 'wrong-provider', authentic: false },
    { name: 'a site that nobody knows', change: { site: 'mars' }, signer: 1, reason: 'unknown-site', authentic: false },
    { name: 'an impossible sky', change: { values: [1.01] }, signer: 1, reason: 'out-of-range', authentic: true },
  ])('is refused for $name', ({ change, signer, reason, authentic }) =>
    expect(verify(change, { signer })).toMatchObject({ kind: 'quarantined', reason, authentic }),
  );

  test('is not a signature for another variable', () => {
    const sky = weatherMessage(weatherOf(1, 0, { variable: 'temperature_2m', unit: '°C', values: [1] }), keyOf(1));
    const decoded = decodeWeather(sky.topic.replace('temperature_2m', 'dew_point_2m'), sky.payload);
    expect(decoded.kind === 'weather' && verifierOf().verifyWeather(decoded.forecast, noon)).toMatchObject({ reason: 'bad-signature' });
  });
});

describe('the weather of a place', () => {
  // 52° north, 13° east, midsummer: the sun stands highest at about 11:10 UTC and sets before 20 UTC
  const why = (variable: WeatherVariable, value: number, change: Partial<WeatherForecast> = {}) =>
    implausibleWeather(
      {
        ...weatherOf(1, 0),
        variable,
        unit: weatherUnits[variable],
        values: [value],
        issuedAt: noon,
        start: noon,
        signature: '',
        ...change,
      },
      siteOf(1),
    );
  test.each([
    ['shortwave_radiation', 0, 1_000, -1, 1_500],
    ['temperature_2m', -60, 50, -100, 300],
    ['dew_point_2m', -80, 30, -200, 60],
    ['wind_speed_10m', 0, 60, -0.1, 400],
    ['cloud_cover', 0, 1, -0.01, 50],
    ['precipitation', 0, 100, -0.1, 1_000],
  ] as const)('%s may be %d to %d, and neither %d nor %d', (variable, low, high, below, above) => {
    expect([why(variable, low), why(variable, high)]).toEqual([undefined, undefined]);
    expect(why(variable, below)).toContain(variable);
    expect(why(variable, above)).toContain(variable);
  });
  test('has no light at night, by its own sun', () => {
    expect(why('shortwave_radiation', 200, { start: noon + 10 * HOUR })).toMatch(
      /shortwave_radiation of .*T22:00:00Z must be in \[0, 30\]/,
    );
    expect(why('shortwave_radiation', 20, { start: noon + 10 * HOUR })).toBeUndefined();
    expect(why('shortwave_radiation', 200, { start: noon + 10 * HOUR, stepMs: 6 * HOUR, issuedAt: noon })).toBeUndefined(); // till four: dawn
  });
  test('is no forecast long after or far ahead of its issue', () => {
    expect(why('cloud_cover', 1, { start: noon - 3 * DAY })).toMatch(/within 2 days before and 17 days after/);
    expect(why('cloud_cover', 1, { start: noon + 17 * DAY })).toMatch(/within 2 days before/);
    expect(why('cloud_cover', 1, { start: noon + 16 * DAY })).toBeUndefined();
    expect(why('cloud_cover', 1, { stepMs: MINUTE })).toBeUndefined();
  });
});
