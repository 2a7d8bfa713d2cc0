/**
 * Serve with sources of signals: prices and carbon of a live fleet without any signed feed, from services on the loopback.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FeedWire, PvForecastWire, SignalWire } from '../../energy-oracle/signals/wire.ts';
import { performanceRatio } from '../../energy-oracle/weather/open-meteo-tilted.ts';
import type { SiteWire } from '../../energy-oracle/wire.ts';
import { DAY, HOUR, SECOND } from '../../units/time.ts';

const main = ['--import', 'tsx', 'cli/main.ts'];
const folder = mkdtempSync(join(tmpdir(), 'sunward-serve-signals-'));
const hour = Math.floor(Date.now() / HOUR) * HOUR;

/** Three services in one: each answers in its own shape. */
const services = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '', 'http://x');
  const hours = Array.from({ length: 96 }, (_, i) => hour - 2 * DAY + i * HOUR);
  const answer = (body: object) => response.end(JSON.stringify(body));
  if (pathname === '/v1/marketdata')
    answer({
      object: 'list',
      data: hours.map((start) => ({ start_timestamp: start, end_timestamp: start + HOUR, marketprice: 61.5, unit: 'Eur/MWh' })),
    });
  else if (pathname === '/price')
    answer({ unix_seconds: hours.map((at) => at / SECOND), price: hours.map(() => 62.5), unit: 'EUR / MWh', deprecated: false });
  else if (pathname === '/public_power') {
    const past = hours.filter((at) => at < hour);
    const production_types = ['Fossil gas', 'Wind onshore'].map((name) => ({ name, data: past.map(() => 1_000) }));
    answer({ unix_seconds: past.map((at) => at / SECOND), production_types });
  } else if (pathname === '/v1/forecast') {
    const time = hours.filter((at) => at >= hour).map((at) => at / SECOND);
    answer({
      minutely_15_units: { time: 'unixtime', global_tilted_irradiance: 'W/m²' },
      minutely_15: { time, global_tilted_irradiance: time.map(() => 500) },
    });
  } else if (request.headers['auth-token'] !== 'tok-s3cret') {
    response.writeHead(401);
    answer({ error: `Invalid auth-token ${request.headers['auth-token']}` });
  } else if (!pathname.endsWith('/history')) {
    response.writeHead(403); // what a free plan may not read
    answer({ error: 'not in your plan' });
  } else
    answer({
      zone: 'DE',
      history: [1, 2, 3].map((back) => ({
        zone: 'DE',
        carbonIntensity: 260,
        datetime: new Date(hour - back * HOUR).toISOString(),
        updatedAt: new Date(hour).toISOString(),
      })),
    });
});

describe('serve, with sources and no feed', () => {
  let child: ChildProcess;
  let said = '';
  let api = '';

  beforeAll(async () => {
    await new Promise<void>((resolve) => services.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(services.address() as AddressInfo).port}`;
    const publicKey = execFileSync(process.execPath, [...main, 'key', join(folder, 'roof.key')], { encoding: 'utf8' }).trim();
    const fleet = join(folder, 'fleet.yaml');
    writeFileSync(
      fleet,
      JSON.stringify({
        currency: 'EUR',
        epoch: '2026-01-01T00:00:00Z',
        pvForecast: { sources: [{ from: 'open-meteo', url: `${url}/v1/forecast` }] },
        signals: {
          'DE-LU': {
            timeZone: 'Europe/Berlin',
            day_ahead_price: {
              sources: [
                { from: 'awattar', url },
                { from: 'energy-charts', url, bzn: 'DE-LU' },
              ],
            },
            carbon_intensity: {
              sources: [
                { from: 'electricity-maps', url, zone: 'DE', key: { env: 'MAPS_TOKEN' } },
                { from: 'energy-charts', url, country: 'de' },
                { from: 'electricity-maps', name: 'expired', url, zone: 'DE', key: { env: 'OLD_TOKEN' } },
              ],
            },
          },
        },
        sites: [
          {
            id: 'roof',
            name: 'A roof',
            provider: 'ada',
            zone: 'DE-LU',
            latitude: 50,
            longitude: 8,
            exportLimitKw: 5,
            feedInTariff: 60,
            pv: [{ peakKw: 10, tiltDeg: 30, azimuthDeg: 180 }],
            accelerators: [{ model: 'L4', count: 2, drawKw: 0.072 }],
            meterKey: publicKey,
            payoutAccount: '0x00000000000000000000000000000000000000aa',
          },
        ],
      }),
    );
    const { DATABASE_URL: _, MQTT_URL: __, CHAIN_RPC_URL: ___, ...env } = process.env;
    child = spawn(process.execPath, [...main, 'serve', '--fleet', fleet, '--data', join(folder, 'server'), '--port', '0'], {
      env: { ...env, MAPS_TOKEN: 'tok-s3cret', OLD_TOKEN: 'old-s3cret' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const hear = (chunk: Buffer) => {
      said += chunk.toString();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    api = await until('the API', () => /API and page .*(http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1]);
  }, 90_000);

  afterAll(async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null) child.kill('SIGINT');
    await gone;
    services.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }, 30_000);

  async function until<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(100)) {
      const answer = await ask();
      if (answer !== undefined) return answer;
    }
    throw new Error(`waited in vain for ${what}: ${said}`);
  }
  const get = async <T>(path: string) => (await (await fetch(`${api}${path}`)).json()) as T;

  test('knows the price and the carbon intensity of now, and who said them', async () => {
    const price = await until('a price', async () => {
      const wire = await get<SignalWire>('/v1/signals/DE-LU/day_ahead_price');
      return wire.values.length > 0 ? wire : undefined;
    });
    expect(price.values.find(({ start }) => Date.parse(start) === hour)).toMatchObject({
      value: 62,
      low: 61.5,
      high: 62.5,
      quality: 'quorum',
    });
    expect(price.provenance.map(({ source, unitFound }) => [source, unitFound])).toEqual([
      ['awattar', 'Eur/MWh'],
      ['energy-charts', 'EUR / MWh'],
    ]);
    const carbon = await until('carbon', async () => {
      const wire = await get<SignalWire>('/v1/signals/DE-LU/carbon_intensity');
      return wire.values.length > 0 ? wire : undefined;
    });
    expect(carbon.values.at(-1)).toMatchObject({ value: (260 + (490 + 11) / 2) / 2, sources: ['electricity-maps', 'energy-charts'] });
    const [site] = await get<SiteWire[]>('/v1/sites');
    expect(site?.now).toMatchObject({ importPricePerMwh: 62, carbonIntensityGPerKwh: 255.25 });
  }, 60_000);

  test('shows what services say of its panels', async () => {
    const forecast = await until('a forecast', async () => {
      const wire = await get<PvForecastWire>('/v1/sites/roof/pv-forecast');
      return wire.steps ? wire : undefined;
    });
    expect(forecast.steps[0]).toMatchObject({ value: 0.5 * 10_000 * performanceRatio, sources: ['open-meteo'] });
  }, 60_000);

  test('shows its sources on the command line, and no key anywhere', async () => {
    const run = (...args: string[]) =>
      execFileSync(process.execPath, [...main, 'oracle', 'feeds', '--api', api, ...args], { encoding: 'utf8' });
    const feeds = JSON.parse(run('--json')) as FeedWire[];
    expect(feeds.map(({ signal, sources }) => [signal, sources.map(({ source, standing }) => `${source} ${standing}`)])).toEqual([
      ['day_ahead_price', ['awattar fresh', 'energy-charts fresh']],
      ['carbon_intensity', ['electricity-maps fresh', 'energy-charts fresh', 'expired unheard']],
    ]);
    const text = run();
    expect(text).toMatch(/expired .*unheard: .*HTTP 401: Invalid auth-token \*\*\*/);
    expect(`${text}${said}${JSON.stringify(feeds)}`).not.toContain('s3cret');
  }, 60_000);
});
