/**
 * Serve and agent: the river on the wall's clock, as an operator and a provider start it, in separate processes.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runningPostgres } from '../../cli/embedded/postgres.ts';
import { signingKey } from '../../energy-oracle/site.ts';
import { createMqttUplink } from '../../energy-oracle/telemetry/mqtt-telemetry.ts';
import { encodeReading, encodeUnsigned, readingTopic, type Stream, unsignedTopic } from '../../energy-oracle/telemetry/reading.ts';
import type { OracleWire, QuarantineWire, SampleWire, VerdictWire } from '../../energy-oracle/wire.ts';
import type { JobWire } from '../../scheduler/wire.ts';
import { type Interval, MINUTE, SLOT, slotOf, toIso } from '../../units/time.ts';

const main = ['--import', 'tsx', 'cli/main.ts'];
const folder = mkdtempSync(join(tmpdir(), 'sunward-serve-'));
const keyFile = join(folder, 'roof.key');
const started: ChildProcess[] = [];

/** What the site's own processes know. */
const siteEnv: Record<string, string> = {};

function begin(...args: string[]): { readonly child: ChildProcess; readonly said: () => string } {
  const { DATABASE_URL: _, MQTT_URL: __, CHAIN_RPC_URL: ___, ...env } = process.env;
  const child = spawn(process.execPath, [...main, ...args], { env: { ...env, ...siteEnv }, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  started.push(child);
  return { child, said: () => text };
}

const unsigned = (stream: Stream, metered: Interval, seq: number) => ({
  ...{ provider: 'ada', site: 'roof', stream, metered, value: 321, seq },
  quality: 'measured' as const,
});

async function until<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(100)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error(`waited in vain for ${what}`);
}

afterAll(async () => {
  await Promise.all(
    started.map(async (child) => {
      if (child.exitCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await gone;
    }),
  );
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}, 30_000);

describe('serve, with one site and its agent', () => {
  let api = '';
  let mqtt = '';
  let server: ReturnType<typeof begin>;
  /** A weather service that answers with a sky nobody can have. */
  const asked: URL[] = [];
  const weather = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://x'));
    const time = [1, 2].map((hour) => Math.floor(Date.now() / 3_600_000 + hour) * 3_600);
    const hourly_units = { time: 'unixtime', cloud_cover: '%' };
    const hourly = { time, cloud_cover: [250, 250] };
    response.end(JSON.stringify({ latitude: 50, longitude: 8, utc_offset_seconds: 0, hourly_units, hourly }));
  });

  beforeAll(async () => {
    const publicKey = execFileSync(process.execPath, [...main, 'key', keyFile], { encoding: 'utf8' }).trim();
    const fleet = join(folder, 'fleet.yaml');
    await new Promise<void>((resolve) => weather.listen(0, '127.0.0.1', resolve));
    writeFileSync(
      fleet,
      JSON.stringify({
        currency: 'EUR',
        epoch: '2026-01-01T00:00:00Z',
        weather: { url: `http://127.0.0.1:${(weather.address() as AddressInfo).port}/v1/forecast` },
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
            accelerators: [{ model: 'L4', count: 2, drawKw: 0.072 }],
            pv: [{ peakKw: 10, tiltDeg: 30, azimuthDeg: 180 }],
            meterKey: publicKey,
            payoutAccount: '0x00000000000000000000000000000000000000aa',
          },
        ],
      }),
    );
    const credential = ['oracle', 'credentials', 'add', 'roof', '--fleet', fleet];
    const password = execFileSync(process.execPath, [...main, ...credential], { encoding: 'utf8', stdio: 'pipe' }).trim();
    server = begin('serve', '--fleet', fleet, '--data', join(folder, 'server'), '--port', '0');
    api = await until('the API', () => /API and page .*(http:\/\/127\.0\.0\.1:\d+)/.exec(server.said())?.[1]);
    Object.assign(siteEnv, { MQTT_USERNAME: 'roof', MQTT_PASSWORD: password });
    mqtt = /mqtt:\/\/127\.0\.0\.1:\d+/.exec(server.said())?.[0] ?? '';
  }, 90_000);

  afterAll(() => void weather.close());

  test('takes a job, leases it to the agent, and hears that it is done', async () => {
    const agent = begin('agent', '--site', 'roof', '--mqtt', mqtt, '--key', keyFile, '--data', join(folder, 'agent'));
    await until('the agent', () => (agent.said().includes('agent of roof') ? true : undefined));
    const response = await fetch(`${api}/v1/jobs`, { method: 'POST', body: 'name: hello\nmax_duration: 1m\nrun: echo hello > greeting\n' });
    expect(response.status).toBe(201);
    const { id } = (await response.json()) as JobWire;
    const done = await until('the job', async () => {
      const job = (await (await fetch(`${api}/v1/jobs/${id}`)).json()) as JobWire;
      return job.state === 'SUCCEEDED' ? job : undefined;
    });
    expect(done.placement?.site).toBe('roof');
    expect(done.placement?.reason).toMatch(/signals missing/); // no feed was ever heard: the job is not held
  }, 90_000);

  test('takes a signed reading and gives its receipt', async () => {
    const key = signingKey(Buffer.from(execFileSync('cat', [keyFile], { encoding: 'utf8' }).trim(), 'hex'));
    const uplink = createMqttUplink({ line: { url: mqtt, username: 'roof', password: siteEnv['MQTT_PASSWORD'] ?? '' } });
    const receipts: unknown[] = [];
    await uplink.open('ada/roof', (receipt) => void receipts.push(receipt));
    const end = Math.floor(Date.now() / MINUTE) * MINUTE;
    const reading = {
      provider: 'ada',
      site: 'roof',
      stream: 'pv_power' as const,
      metered: { start: end - 5 * MINUTE, end },
      value: 1_234,
      seq: 0,
      quality: 'measured' as const,
    };
    await uplink.send(readingTopic('ada', 'roof', 'pv_power'), encodeReading(reading, key));
    await until('the receipt', () => (receipts.length > 0 ? true : undefined));
    await uplink.close();
    expect(receipts).toEqual([{ sender: 'ada/roof', committed: [{ stream: 'pv_power', seq: 0 }], refused: [], at: expect.any(Number) }]);
  }, 60_000);

  test('takes an unsigned reading of its site over the site’s own connection, keeps it as that, and certifies nothing by it', async () => {
    const uplink = createMqttUplink({
      line: { url: mqtt, username: 'roof', password: siteEnv['MQTT_PASSWORD'] ?? '' },
      root: 'unsigned/v1',
    });
    const receipts: unknown[] = [];
    await uplink.open('ada/roof', (receipt) => void receipts.push(receipt));
    const start = slotOf(Date.now()) - SLOT;
    const metered = { start, end: start + SLOT };
    await uplink.send(unsignedTopic('ada', 'roof', 'load_power'), encodeUnsigned(unsigned('load_power', metered, 0)));
    await until('the receipt', () => (receipts.length > 0 ? true : undefined));
    await uplink.close();
    expect(receipts).toMatchObject([{ committed: [{ stream: 'load_power', seq: 0 }], refused: [] }]);
    const span = `start=${toIso(metered.start)}&end=${toIso(metered.end)}`;
    const samples = (await (await fetch(`${api}/v1/series/roof/load_power?${span}&step=raw`)).json()) as SampleWire[];
    expect(samples.map(({ value }) => value)).toEqual([321]);
    const database = new pg.Client({ connectionString: await runningPostgres(join(folder, 'server', 'postgres')) });
    await database.connect();
    const { rows } = await database.query("select signature from readings where stream = 'load_power'");
    await database.end();
    expect(rows).toEqual([{ signature: '' }]);
    const verdicts = (await (await fetch(`${api}/v1/sites/roof/verdicts?${span}`)).json()) as VerdictWire[];
    expect(verdicts.map(({ verdict, certifiedWh }) => [verdict, certifiedWh])).toEqual([['refused', null]]);
  }, 60_000);

  test('asks the weather service of its fleet file, and keeps an impossible answer in quarantine', async () => {
    const refused = await until('the quarantine', async () => {
      const messages = (await (await fetch(`${api}/v1/quarantine`)).json()) as QuarantineWire[];
      return messages.find(({ topic }) => topic.includes('/v1/forecast'));
    });
    expect(refused).toMatchObject({ reason: 'out-of-range', detail: expect.stringMatching(/^cloud_cover of .* found 2\.5$/) });
    expect(asked[0]?.searchParams.get('latitude')).toBe('50.0000');
  }, 60_000);

  test('keeps forecasts of its site where the site may read them', async () => {
    const reader = await connectAsync(mqtt, { username: 'roof', password: siteEnv['MQTT_PASSWORD'] ?? '' });
    const kept = new Set<string>();
    reader.on('message', (topic) => kept.add(topic));
    await reader.subscribeAsync('energy/v1/ada/roof/forecast/#');
    await until('the forecast', () => (kept.has('energy/v1/ada/roof/forecast/surplus_power') ? true : undefined));
    await reader.endAsync();
  }, 60_000);
});

describe('serve, over a broker that lets anybody say anything', () => {
  let api = '';
  let mqtt = '';

  beforeAll(async () => {
    const bare = join(folder, 'bare');
    mkdirSync(bare);
    const fleet = join(bare, 'fleet.yaml'); // without credentials beside it
    copyFileSync(join(folder, 'fleet.yaml'), fleet);
    const server = begin('serve', '--fleet', fleet, '--data', join(bare, 'server'), '--port', '0', '--insecure');
    api = await until('the API', () => /API and page .*(http:\/\/127\.0\.0\.1:\d+)/.exec(server.said())?.[1]);
    mqtt = /mqtt:\/\/127\.0\.0\.1:\d+/.exec(server.said())?.[0] ?? '';
  }, 90_000);

  test('tells Home Assistant of its site, and keeps its forecasts', async () => {
    const home = await connectAsync(mqtt);
    const kept = new Map<string, string>();
    home.on('message', (topic, payload) => kept.set(topic, payload.toString()));
    await home.subscribeAsync(['homeassistant/#', 'sunward/#', 'energy/v1/ada/roof/forecast/#']);
    const topics = ['homeassistant/device/sunward_roof/config', 'sunward/ada/roof/state', 'energy/v1/ada/roof/forecast/surplus_power'];
    await until('what is announced', () => (topics.every((topic) => kept.has(topic)) ? true : undefined));
    await home.endAsync();
    expect(kept.get('sunward/status')).toBe('online');
    expect(JSON.parse(kept.get(topics[0] ?? '') ?? '')).toMatchObject({ device: { name: 'A roof' }, state_topic: topics[1] });
  }, 60_000);

  test('does not listen to what nobody signed', async () => {
    const heard: string[] = [];
    const uplinks = await Promise.all(
      (['unsigned/v1', 'energy/v1'] as const).map(async (root) => {
        const uplink = createMqttUplink({ line: { url: mqtt }, root });
        await uplink.open('ada/roof', () => void heard.push(root));
        return uplink;
      }),
    );
    const [said, signed] = uplinks;
    const end = Math.floor(Date.now() / MINUTE) * MINUTE;
    const metered = { start: end - MINUTE, end };
    const reading = unsigned('load_power', metered, 0);
    const key = signingKey(Buffer.from(readFileSync(keyFile, 'utf8').trim(), 'hex'));
    await said?.send(unsignedTopic('ada', 'roof', 'load_power'), encodeUnsigned(reading));
    await signed?.send(readingTopic('ada', 'roof', 'load_power'), encodeReading(reading, key));
    await until('the receipt of what is signed', () => (heard.length > 0 ? true : undefined));
    await sleep(500);
    await Promise.all(uplinks.map((uplink) => uplink.close()));
    expect(heard).toEqual(['energy/v1']);
    const { readingsAccepted, quarantined } = (await (await fetch(`${api}/v1/oracle`)).json()) as OracleWire;
    expect([readingsAccepted, quarantined['unsigned']]).toEqual([1, undefined]);
  }, 90_000);
});
