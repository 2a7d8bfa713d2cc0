/** Weather through the oracle: sent, fetched or missing, from the message to what a forecaster is given. */
import { describe, expect, test } from 'vitest';
import type { ForecastRequest } from '../../../energy-oracle/forecast/forecaster.ts';
import { createOracle } from '../../../energy-oracle/oracle.ts';
import type { Site } from '../../../energy-oracle/site.ts';
import { createMemorySeriesStore } from '../../../energy-oracle/store/memory-series-store.ts';
import { createMemoryLine, LineFault, type Receipt } from '../../../energy-oracle/telemetry/telemetry-source.ts';
import { createWeatherFetcher } from '../../../energy-oracle/weather/fetched-weather.ts';
import type { WeatherFeed } from '../../../energy-oracle/weather/weather-feed.ts';
import { WeatherFault, type WeatherService } from '../../../energy-oracle/weather/weather-service.ts';
import { manualClock } from '../../../units/clock.ts';
import { DAY, HOUR, type Instant, MINUTE, toIso } from '../../../units/time.ts';
import { keyOf, noon, siteOf, weatherMessage, weatherOf } from '../telemetry/messages.ts';

const site = siteOf(1);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function make({ line = true, service }: { line?: boolean | WeatherFeed; service?: WeatherService } = {}) {
  const clock = manualClock(noon);
  const [meters, feeds, forecasts] = [createMemoryLine({ clock }), createMemoryLine({ clock }), createMemoryLine({ clock })];
  const store = createMemorySeriesStore();
  const asked: ForecastRequest[] = [];
  const told: string[] = [];
  const oracle = await createOracle({
    clock,
    sites: [site, siteOf(2)],
    feedKeys: {},
    store,
    telemetry: meters.source,
    grid: feeds.source,
    ...(line ? { weather: line === true ? forecasts.source : line } : {}),
    ...(service ? { weatherService: service } : {}),
    forecaster: {
      model: 'none-1',
      forecast: async (request) => {
        asked.push(request);
        return [];
      },
    },
    wait: async () => {},
    tell: (kind, text) => told.push(`${kind}: ${text}`),
    config: { rates: { accounting: 'EUR', perUnit: {} }, horizonMs: 4 * HOUR, historyMs: 2 * HOUR },
  });
  await oracle.open();
  const receipts: Receipt[] = [];
  const desk = forecasts.uplink();
  await desk.open(`${site.provider}/${site.id}`, (receipt) => receipts.push(receipt));
  const send = async (change: Parameters<typeof weatherOf>[2], { seq = 0, signer = 1 } = {}) => {
    const { topic, payload } = weatherMessage(weatherOf(1, seq, change), keyOf(signer));
    await desk.send(topic, payload);
    await turn();
    await oracle.settled();
  };
  /** What a forecaster is told of the site's weather at an instant: hours of a variable. */
  const historyAt = async (instant: Instant) => {
    clock.set(instant);
    asked.length = 0;
    await oracle.issueOutlooks();
    return asked.find((request) => request.site.id === site.id)?.history;
  };
  const hourly = (values: readonly (number | undefined)[] = []) => values.filter((_, i) => i % 4 === 0);
  return { clock, store, oracle, send, historyAt, hourly, told, receipts };
}

describe('weather that a provider sends', () => {
  test('reaches the forecaster on slots, past and ahead, with the age of its newest issue', async () => {
    const { send, historyAt, hourly, receipts } = await make();
    await send({ issuedAt: noon - 2 * HOUR, start: noon - 2 * HOUR, values: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] });
    await send({ variable: 'temperature_2m', unit: '°C', issuedAt: noon - HOUR, start: noon, values: [20] });
    const weather = (await historyAt(noon))?.weather;
    expect(Object.keys(weather ?? {}).sort()).toEqual(['cloud_cover', 'temperature_2m']);
    expect(weather?.cloud_cover?.issuedAt).toBe(noon - 2 * HOUR);
    expect(weather?.cloud_cover?.series).toMatchObject({ start: noon - 2 * HOUR, stepMs: 15 * MINUTE, values: { length: 24 } });
    expect(hourly(weather?.cloud_cover?.series.values)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
    expect(hourly(weather?.temperature_2m?.series.values)).toEqual([undefined, undefined, 20, undefined, undefined, undefined]);
    expect(receipts.flatMap(({ committed }) => committed)).toEqual([
      { stream: 'cloud_cover', seq: 0 },
      { stream: 'temperature_2m', seq: 0 },
    ]);
  });

  test('counts from the instant it was there: a newer issue wins, and not before it came', async () => {
    const { clock, send, historyAt, hourly, store } = await make();
    await send({ issuedAt: noon - HOUR, start: noon - HOUR, values: [0.1, 0.1, 0.1, 0.1] });
    clock.set(noon + 30 * MINUTE);
    await send({ issuedAt: noon, start: noon, values: [0.9, undefined] }, { seq: 1 }); // issued at noon, here at half past
    const at = async (instant: Instant) => hourly((await historyAt(instant))?.weather?.cloud_cover?.series.values);
    expect(await at(noon + 29 * MINUTE)).toEqual([undefined, 0.1, 0.1, 0.1, 0.1, undefined]);
    expect(await at(noon + 30 * MINUTE)).toEqual([undefined, 0.1, 0.9, 0.1, 0.1, undefined]);
    expect((await store.counts()).weather).toBe(2);
  });

  test('is not hindsight: what an issue says of hours that were over is left out', async () => {
    const { send, historyAt, hourly } = await make();
    await send({ issuedAt: noon - 2 * HOUR, start: noon - 2 * HOUR, values: [0.1, 0.1, 0.1, 0.1] });
    await send({ issuedAt: noon, start: noon - 2 * HOUR, values: [0.9, 0.9, 0.9, 0.9] }, { seq: 1 });
    expect(hourly((await historyAt(noon))?.weather?.cloud_cover?.series.values).slice(0, 4)).toEqual([0.1, 0.1, 0.9, 0.9]);
  });

  test.each([
    { name: 'a light that the sun does not have', change: { variable: 'shortwave_radiation', unit: 'W/m2', values: [5_000] }, signer: 1 },
    { name: 'a sky that is covered twice', change: { values: [2] }, signer: 1 },
    { name: 'somebody else’s key', change: {}, signer: 2 },
  ] as const)('is refused whole for $name, kept in quarantine, and missed by nobody', async ({ change, signer }) => {
    const { send, historyAt, store, told, receipts } = await make();
    await send(change, { signer });
    const reason = signer === 1 ? 'out-of-range' : 'bad-signature';
    expect(await store.counts()).toMatchObject({ weather: 0, quarantined: { [reason]: 1 } });
    expect((await store.quarantine(1))[0]?.evidence.topic).toMatch(/^weather\/v1\/provider-1\/site-1\//);
    expect(told[0]).toMatch(new RegExp(`^quarantine: weather/v1/.*: ${reason}: `));
    // a forger gets no receipt: the true forecast of that number is still to come
    expect(receipts.flatMap(({ refused }) => refused.map((each) => each.reason))).toEqual(signer === 1 ? ['out-of-range'] : []);
    expect(await historyAt(noon)).not.toHaveProperty('weather');
  });

  test('is missing when there is no line, when the line is refused, or when nothing came: the field is absent, outlooks go on', async () => {
    const refusing: WeatherFeed = {
      open: async () => {
        throw new LineFault('mqtt://x', 'the broker refused weather/v1/#');
      },
      acknowledge: async () => {},
      close: async () => {},
    };
    for (const line of [false, true, refusing]) {
      const { oracle, historyAt, told } = await make({ line });
      expect(await historyAt(noon)).not.toHaveProperty('weather');
      expect(await oracle.issueOutlooks()).toHaveLength(2);
      expect(told.some((text) => text.includes('outlooks go without sent weather'))).toBe(line === refusing);
      await oracle.close();
    }
  });
});

describe('weather that is fetched', () => {
  const answer = (change: Record<string, unknown> = {}) => ({
    latitude: 52,
    longitude: 13,
    utc_offset_seconds: 0,
    hourly_units: { time: 'iso8601', cloud_cover: '%', shortwave_radiation: 'W/m²' },
    hourly: {
      time: [0, 1, 2].map((hour) => toIso(noon + hour * HOUR).slice(0, 16)),
      cloud_cover: [20, 40, 60],
      shortwave_radiation: [500, 510, 520],
    },
    ...change,
  });
  function serviceOf() {
    const state = { json: answer() as unknown, fault: undefined as WeatherFault | undefined, now: () => noon };
    const service: WeatherService = {
      name: 'open-meteo',
      fetch: async (place) => {
        if (state.fault) throw state.fault;
        return {
          topic: `https://x/${(place as Site).id}`,
          payload: new TextEncoder().encode(JSON.stringify(state.json)),
          receivedAt: state.now(),
        };
      },
    };
    return { state, service };
  }

  test('is issued when it was fetched, kept with the answer, and stored once however often it is said', async () => {
    const { state, service } = serviceOf();
    const { clock, oracle, store, historyAt, hourly } = await make({ service });
    state.now = () => clock.now();
    await oracle.fetchWeather();
    clock.set(noon + 10 * MINUTE);
    state.json = answer({ generationtime_ms: 0.7 });
    await oracle.fetchWeather();
    expect((await store.counts()).weather).toBe(4); // two sites, two variables
    state.json = answer({ hourly: { ...answer().hourly, cloud_cover: [20, 40, 80] } });
    clock.set(noon + 20 * MINUTE);
    await oracle.fetchWeather();
    expect((await store.counts()).weather).toBe(8);
    const weather = (await historyAt(noon + 20 * MINUTE))?.weather;
    expect(weather?.cloud_cover?.issuedAt).toBe(noon + 20 * MINUTE);
    expect(hourly(weather?.cloud_cover?.series.values)).toEqual([undefined, undefined, 0.3, 0.6, undefined, undefined]);
    expect(hourly(weather?.shortwave_radiation?.series.values)).toEqual([undefined, undefined, 510, 520, undefined, undefined]); // the light stamped noon was over
    const stored = await store.weather(site.id, { start: noon - DAY, end: noon + DAY }, noon + DAY);
    expect(stored.map(({ provider, signature }) => [provider, signature])).toEqual(new Array(4).fill(['open-meteo', '']));
  });

  test.each([
    { name: 'it cannot be true', json: answer({ hourly: { ...answer().hourly, cloud_cover: [20, 40, 600] } }), reason: 'out-of-range' },
    { name: 'it cannot be read', json: { error: true, reason: 'x' }, reason: 'schema' },
  ])('is in quarantine, all of it, when $name', async ({ json, reason }) => {
    const { state, service } = serviceOf();
    state.json = json;
    const { oracle, store, told, historyAt } = await make({ service });
    await oracle.fetchWeather();
    expect(await store.counts()).toMatchObject({ weather: 0, quarantined: { [reason]: 2 } });
    expect(told[0]).toMatch(new RegExp(`^quarantine: https://x/site-1: ${reason}: `));
    expect(await historyAt(noon)).not.toHaveProperty('weather');
  });

  test('is told of when it is missing, and comes when the service is back', async () => {
    const { state, service } = serviceOf();
    const { oracle, told, historyAt } = await make({ service });
    state.fault = new WeatherFault({ address: 'https://x/', attempts: 3, what: 'cannot be reached' });
    await oracle.fetchWeather();
    expect(told).toContain('reading: no new weather of site-1: https://x/: cannot be reached (attempt 3)');
    expect(await historyAt(noon)).not.toHaveProperty('weather');
    state.fault = undefined;
    await oracle.fetchWeather();
    expect(await historyAt(noon)).toHaveProperty('weather');
  });

  test.each([
    { status: 503, rounds: 'ends the round', asked: 4 },
    { status: 400, rounds: 'is one site’s trouble', asked: 9 },
  ])('with a fault of $status $rounds', async ({ status, asked }) => {
    let count = 0;
    const service: WeatherService = {
      name: 'open-meteo',
      fetch: async () => {
        count += 1;
        throw new WeatherFault({ address: 'https://x/', attempts: 1, status, what: `HTTP ${status}` });
      },
    };
    const sites = Array.from({ length: 9 }, (_, i) => siteOf(i));
    await createWeatherFetcher({ service, sites, store: createMemorySeriesStore(), tell: () => {} })();
    expect(count).toBe(asked);
  });

  test('needs a name that no provider has', () => {
    const { service } = serviceOf();
    const sites = [{ ...site, provider: 'open-meteo' }];
    expect(() => createWeatherFetcher({ service, sites, store: createMemorySeriesStore(), tell: () => {} })).toThrow(RangeError);
  });

  test('is asked of nobody unless somebody is named', async () => {
    const { oracle, store } = await make();
    await oracle.fetchWeather();
    expect((await store.counts()).weather).toBe(0);
  });
});
