/**
 * Forecasts of a site's panels from Forecast.Solar and Open-Meteo, against servers that answer in their documented shapes
 * (doc.forecast.solar; open-meteo.com/en/docs). The values are made up.
 */
import { describe, expect, test } from 'vitest';
import { SignalFault } from '../../../energy-oracle/signals/signal-source.ts';
import type { Site } from '../../../energy-oracle/site.ts';
import { createMemorySeriesStore } from '../../../energy-oracle/store/memory-series-store.ts';
import { createPvFetcher } from '../../../energy-oracle/weather/fetched-pv.ts';
import { createHttpForecastSolar, forecastSolarLimit, southAzimuth } from '../../../energy-oracle/weather/http-forecast-solar.ts';
import { createHttpOpenMeteoTilted } from '../../../energy-oracle/weather/http-open-meteo-tilted.ts';
import { performanceRatio } from '../../../energy-oracle/weather/open-meteo-tilted.ts';
import type { PvForecastSource } from '../../../energy-oracle/weather/pv-forecast-source.ts';
import { manualClock } from '../../../units/clock.ts';
import { HOUR, MINUTE, SECOND, toIso } from '../../../units/time.ts';
import { askerAt, stubServer } from '../signals/stub.ts';

const noon = Date.UTC(2026, 5, 21, 12);
const south = { peakKw: 5, tiltDeg: 30, azimuthDeg: 180 };
const site = (...pv: readonly (typeof south & { tracking?: 'single-axis' })[]) => ({ id: 'roof', latitude: 52.16, longitude: 4.47, pv });

describe('Forecast.Solar', () => {
  const body = {
    result: {
      watts: {},
      watt_hours_period: {
        '2026-06-21T18:00:00+00:00': 400,
        '2026-06-21T19:30:00+00:00': 150,
        '2026-06-21T19:59:23+00:00': 19, // sunset
        '2026-06-22T03:18:17+00:00': 0, // sunrise
        '2026-06-22T04:00:00+00:00': 89,
      },
      watt_hours: {},
      watt_hours_day: {},
    },
    message: {
      code: 0,
      type: 'success',
      text: '',
      info: { time_utc: '2026-06-21T11:56:01+00:00' },
      ratelimit: { period: 3_600, limit: 12, remaining: 11 },
    },
  };
  const make = async (reply: Parameters<typeof stubServer>[0], key?: string) => {
    const stub = await stubServer(reply);
    const patient = askerAt(noon, { limit: forecastSolarLimit, secrets: key ? [key] : [] });
    return { ...stub, ...patient, source: createHttpForecastSolar({ url: stub.url, ...patient, key }) };
  };

  test('tells energy up to each stamp, which is power since the one before; the night is dark', async () => {
    const { source, asked } = await make(() => ({ body }));
    const forecast = await source.ask(site(south));
    if (forecast?.kind !== 'pv-forecast') throw new Error('no forecast');
    expect(
      forecast.steps.map(({ start, end, value }) => [toIso(start).slice(11, 19), toIso(end).slice(11, 19), Math.round(value)]),
    ).toEqual([
      ['18:00:00', '19:30:00', 100],
      ['19:30:00', '19:59:23', 39],
      ['19:59:23', '03:18:17', 0],
      ['03:18:17', '04:00:00', 128],
    ]);
    const energyWh = forecast.steps.reduce((sum, { start, end, value }) => sum + (value * (end - start)) / HOUR, 0);
    expect(energyWh).toBeCloseTo(150 + 19 + 0 + 89, 6);
    expect(forecast.issuedAt).toBe(Date.UTC(2026, 5, 21, 11, 56, 1));
    expect(`${asked[0]?.url.pathname}${asked[0]?.url.search}`).toBe('/estimate/52.1600/4.4700/30/0/5?time=utc');
  });

  test('is asked for each array, summed, with the key in the path and nowhere else', async () => {
    const { source, asked } = await make(() => ({ body }), 's3cret');
    const forecast = await source.ask(site(south, { ...south, azimuthDeg: 90 }));
    if (forecast?.kind !== 'pv-forecast') throw new Error('no forecast');
    expect(forecast.steps[0]?.value).toBe(200);
    expect(asked.map(({ url }) => url.pathname)).toEqual([
      '/s3cret/estimate/52.1600/4.4700/30/0/5',
      '/s3cret/estimate/52.1600/4.4700/30/-90/5',
    ]);
    expect(JSON.stringify(forecast)).not.toContain('s3cret');
  });

  test('that refuses the plane or has had enough is a fault with its words', async () => {
    const message = (text: string) => ({ result: null, message: { code: 422, type: 'error', text } });
    const wrong = await make(() => ({ status: 422, body: message('Declination out of range') }));
    await expect(wrong.source.ask(site(south))).rejects.toThrow('HTTP 422: Declination out of range');
    const full = await make(() => ({
      status: 429,
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-period': '3600' },
      body: message('Rate limit'),
    }));
    await expect(full.source.ask(site(south))).rejects.toThrow();
    await expect(full.source.ask(site(south))).rejects.toThrow('not asked');
    expect(full.asked).toHaveLength(1);
  });

  test('is asked twelve times an hour at most, and not again within a quarter of one', async () => {
    const { source, asked, clock } = await make(() => ({ body }));
    for (let i = 0; i < 12; i++) await source.ask(site({ ...south, tiltDeg: i }));
    await source.ask(site({ ...south, tiltDeg: 0 })); // it is known
    await expect(source.ask(site({ ...south, tiltDeg: 12 }))).rejects.toThrow('not asked');
    expect(asked).toHaveLength(12);
    clock.set(noon + HOUR);
    await source.ask(site({ ...south, tiltDeg: 12 }));
  });

  test.each([
    { what: 'local stamps', change: { result: { watt_hours_period: { '2026-06-21 18:00:00': 1 } } } },
    { what: 'an error inside', change: { message: { code: 1, text: 'no' } } },
    { what: 'energy below nothing', change: { result: { watt_hours_period: { '2026-06-21T18:00:00+00:00': -1 } } } },
  ])('with $what is unreadable', async ({ change }) => {
    const { source } = await make(() => ({ body: { ...body, ...change } }));
    expect(await source.ask(site(south))).toMatchObject({ kind: 'unreadable', reason: 'schema' });
  });

  test('is not asked of a site without fixed panels', async () => {
    const { source, asked } = await make(() => ({ body }));
    expect(await source.ask(site())).toBeUndefined();
    expect(await source.ask(site({ ...south, tracking: 'single-axis' }))).toBeUndefined();
    expect(asked).toEqual([]);
  });
});

describe('Open-Meteo, of the light on a plane', () => {
  const make = async (body: object) => {
    const stub = await stubServer(() => ({ body }));
    const patient = askerAt(noon);
    return { ...stub, source: createHttpOpenMeteoTilted({ url: `${stub.url}/v1/forecast`, ...patient }) };
  };
  const units = { time: 'unixtime', global_tilted_irradiance: 'W/m²' };
  const time = [noon / SECOND, noon / SECOND + 900];

  test('tells the quarter hour before each stamp, and a null is a gap', async () => {
    const { source, asked } = await make({ minutely_15_units: units, minutely_15: { time, global_tilted_irradiance: [800, null] } });
    expect(await source.ask(site(south))).toMatchObject({
      source: 'open-meteo',
      fetchedAt: noon,
      steps: [{ start: noon - 15 * MINUTE, end: noon, value: 0.8 * 5_000 * performanceRatio, forecast: true }],
    });
    expect(Object.fromEntries(asked[0]?.url.searchParams ?? [])).toMatchObject({
      tilt: '30',
      azimuth: '0',
      minutely_15: 'global_tilted_irradiance',
    });
  });

  test.each([
    {
      what: 'another unit',
      body: { minutely_15_units: { ...units, global_tilted_irradiance: 'BTU' }, minutely_15: { time, global_tilted_irradiance: [1, 2] } },
    },
    { what: 'lists of two lengths', body: { minutely_15_units: units, minutely_15: { time, global_tilted_irradiance: [1] } } },
    { what: 'more light than there is', body: { minutely_15_units: units, minutely_15: { time, global_tilted_irradiance: [1, 9_000] } } },
  ])('is unreadable with $what', async ({ body }) => {
    const { source } = await make(body);
    expect(await source.ask(site(south))).toMatchObject({ kind: 'unreadable', reason: 'schema' });
  });
});

describe('what services say together', () => {
  const source = (name: string, ask: PvForecastSource['ask']): PvForecastSource => ({ name, ask });
  const steps = (value: number) => [{ start: noon, end: noon + HOUR, value, forecast: true }];
  const says = (name: string, value: number): PvForecastSource =>
    source(name, async ({ id }) => ({
      kind: 'pv-forecast',
      source: name,
      site: id,
      issuedAt: noon - HOUR,
      fetchedAt: noon,
      unitFound: 'W',
      steps: steps(value),
      evidence: [],
    }));
  const roof = { id: 'roof' } as Site;
  const make = async (...sources: readonly PvForecastSource[]) => {
    const clock = manualClock(noon);
    const store = createMemorySeriesStore();
    const told: string[] = [];
    const fetcher = createPvFetcher({ clock, sources, sites: [roof], store, tell: (_, text) => void told.push(text) });
    await fetcher.fetch();
    return { clock, store, told, fetcher };
  };

  test('is their middle by the quarter hour, with who said it and how old it is, for a day', async () => {
    const { fetcher, clock } = await make(says('a', 2_000), says('b', 2_400));
    const forecast = fetcher.forecastOf('roof');
    expect(forecast?.steps).toHaveLength(4);
    expect(forecast?.steps[0]).toEqual({
      start: toIso(noon),
      end: toIso(noon + 15 * MINUTE),
      value: 2_200,
      low: 2_000,
      high: 2_400,
      sources: ['a', 'b'],
      quality: 'quorum',
    });
    expect(forecast?.sources.map(({ source, ageMs }) => [source, ageMs])).toEqual([
      ['a', HOUR],
      ['b', HOUR],
    ]);
    clock.set(noon + 24 * HOUR + 1);
    expect(fetcher.forecastOf('roof')).toBeUndefined();
    expect(fetcher.forecastOf('shed')).toBeUndefined();
  });

  test('goes without who is away, and keeps what cannot be read', async () => {
    const away = source('away', async () => {
      throw new SignalFault({ source: 'away', address: 'http://a/', attempts: 3, what: 'HTTP 503' });
    });
    const evidence = [{ topic: 'http://odd/', payload: new Uint8Array([1]), receivedAt: noon }];
    const odd = source('odd', async () => ({ kind: 'unreadable', source: 'odd', reason: 'schema', detail: 'what?', evidence }));
    const { fetcher, store, told } = await make(away, odd, says('a', 100));
    expect(fetcher.forecastOf('roof')?.steps[0]?.value).toBe(100);
    expect(await store.quarantine(9)).toMatchObject([{ reason: 'schema', evidence: { topic: 'http://odd/' } }]);
    expect(told.join('\n')).toMatch(/away.*HTTP 503[\s\S]*odd of roof: schema/);
  });
});

test.each([
  [180, 0],
  [90, -90],
  [270, 90],
  [0, -180],
  [359, 179],
])('an azimuth of %i° from north is %i° from south', (ours, theirs) => expect(southAzimuth(ours)).toBe(theirs));
