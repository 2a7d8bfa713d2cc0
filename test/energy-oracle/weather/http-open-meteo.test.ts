/** Asking a weather service over HTTP: a server of our own that answers, stalls, refuses and floods. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { attemptsMax, createHttpOpenMeteo } from '../../../energy-oracle/weather/http-open-meteo.ts';
import { answerBytesMax } from '../../../energy-oracle/weather/open-meteo.ts';
import { WeatherFault } from '../../../energy-oracle/weather/weather-service.ts';
import { manualClock } from '../../../units/clock.ts';
import { noon } from '../telemetry/messages.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function make(answer: (response: ServerResponse, attempt: number) => void, query = '') {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    answer(response, asked.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const waits: number[] = [];
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/forecast`;
  const service = createHttpOpenMeteo({
    url: `${url}${query}`,
    clock: manualClock(noon),
    wait: async (ms) => void waits.push(ms),
    timeoutMs: 150,
  });
  const place = { latitude: 50.123456, longitude: -8.7 };
  const fault = () =>
    service.fetch(place).then(
      () => undefined,
      (thrown: unknown) => thrown as WeatherFault,
    );
  return { fetch: () => service.fetch(place), fault, asked, waits, url };
}
const end =
  (status: number, body = '{}', headers = {}) =>
  (response: ServerResponse) =>
    response.writeHead(status, headers).end(body);

describe('a question to the weather service', () => {
  test('names the place, every variable and the units, and keeps the answer whole with the instant it came', async () => {
    const { fetch, asked, url } = await make(end(200, '{"é":1}'), '?apikey=secret&models=icon_seamless&past_days=92');
    const { topic, payload, receivedAt } = await fetch();
    const query = new URL(asked[0]?.url ?? '', url).searchParams;
    expect(Object.fromEntries(query)).toEqual({
      apikey: 'secret',
      models: 'icon_seamless',
      latitude: '50.1235',
      longitude: '-8.7000',
      hourly: 'shortwave_radiation,temperature_2m,dew_point_2m,wind_speed_10m,cloud_cover,precipitation',
      wind_speed_unit: 'ms',
      timeformat: 'unixtime',
      forecast_days: '6',
      past_days: '0',
    });
    expect(new TextDecoder().decode(payload)).toBe('{"é":1}');
    expect(topic).toBe(`${url}?latitude=50.1235&longitude=-8.7000`);
    expect(receivedAt).toBe(noon);
  });

  test('is asked again, each time later, when the server fails, and answered in the end', async () => {
    const { fetch, asked, waits } = await make((response, attempt) => end(attempt < attemptsMax ? 503 : 200)(response));
    await fetch();
    expect(asked).toHaveLength(attemptsMax);
    expect(waits).toEqual([1_000, 2_000]);
  });

  test('is given up after its attempts with what happened, without the key', async () => {
    const { fault, asked, url } = await make(end(502), '?apikey=secret');
    const thrown = await fault();
    expect(thrown).toBeInstanceOf(WeatherFault);
    expect(thrown).toMatchObject({ attempts: attemptsMax, status: 502, address: expect.stringContaining(url) });
    expect(JSON.stringify([thrown?.message, thrown?.address])).not.toContain('secret');
    expect(asked).toHaveLength(attemptsMax);
  });

  test('is not asked again when it is refused; the reason is told', async () => {
    const { fault, asked } = await make(end(400, '{"error":true,"reason":"Latitude must be\\nin range"}'));
    expect((await fault())?.message).toContain('HTTP 400: Latitude must be in range (attempt 1)');
    expect(asked).toHaveLength(1);
  });

  test('waits as long as it is told to, and leaves a service alone that wants more than half a minute', async () => {
    const patient = await make((response, attempt) => end(attempt === 1 ? 429 : 200, '{}', { 'retry-after': '7' })(response));
    await patient.fetch();
    expect(patient.waits).toEqual([7_000]);
    const banned = await make(end(429, '{}', { 'retry-after': '3600' }));
    expect(await banned.fault()).toMatchObject({ status: 429, attempts: 1 });
    expect(banned.waits).toEqual([]);
  });

  test('has an end when nobody answers, when half an answer comes, and when nobody is there', async () => {
    const silent = await make(() => {});
    expect((await silent.fault())?.message).toContain('no answer within 150 ms');
    const halting = await make((response) => void response.writeHead(200).write('{'));
    expect(await halting.fault()).toMatchObject({ attempts: attemptsMax, status: undefined });
    const service = createHttpOpenMeteo({ url: 'http://127.0.0.1:9', clock: manualClock(noon), wait: async () => {} });
    await expect(service.fetch({ latitude: 0, longitude: 0 })).rejects.toThrow('cannot be reached');
  });

  test('takes no endless answer', async () => {
    const { fault } = await make(end(200, ' '.repeat(answerBytesMax + 1)));
    expect((await fault())?.message).toContain('longer than');
  });

  test.each(['', 'ftp://x', 'api.open-meteo.com'])('needs a URL of the web, not %j', (url) =>
    expect(() => createHttpOpenMeteo({ url, clock: manualClock(noon), wait: async () => {} })).toThrow(RangeError),
  );
});
