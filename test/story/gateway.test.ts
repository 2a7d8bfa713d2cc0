/**
 * The gateway's story with real processes: meters on a local Mosquitto, `sunward meter`, a Mosquitto with TLS and
 * passwords, the oracle's ingest on PostgreSQL, and back by receipt. And twenty times kill -9.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createMemorySeriesStore } from '../../energy-oracle/store/memory-series-store.ts';
import { createPostgresSeriesStore, seriesSchema } from '../../energy-oracle/store/postgres-series-store.ts';
import type { SeriesStore } from '../../energy-oracle/store/series-store.ts';
import { createIngest, type Ingest } from '../../energy-oracle/telemetry/ingest.ts';
import { createMqttTelemetrySource, type MqttLine } from '../../energy-oracle/telemetry/mqtt-telemetry.ts';
import { decodeReading, type Reading, type Stream } from '../../energy-oracle/telemetry/reading.ts';
import { createVerifier } from '../../energy-oracle/telemetry/verify.ts';
import { randomStream } from '../../simulator/kernel/random.ts';
import { wallClock } from '../../units/clock.ts';
import { DAY } from '../../units/time.ts';
import {
  eventually,
  key,
  makeCertificates,
  meterCommand,
  type SiteFolder,
  site,
  siteFolder,
  startDevices,
  startMeter,
  statusOf,
} from '../fixtures/meter-process.ts';
import { hasMosquitto, type Mosquitto, mosquittoNote, startMosquitto } from '../fixtures/mosquitto.ts';
import { startTestPostgres, type TestPostgres } from '../fixtures/postgres.ts';

const told: readonly Stream[] = ['grid_power', 'energy_import', 'battery_power', 'battery_soc'];

/** The oracle's ingest on a line, remembering the bytes of every number it heard. */
async function startOracle(line: MqttLine, store: SeriesStore, root: 'energy/v1' | 'unsigned/v1' = 'energy/v1') {
  const source = createMqttTelemetrySource({ line, clock: wallClock, root });
  const bytesOf = new Map<string, Set<string>>();
  const verifier = createVerifier({ sites: [site], feedKeys: {}, heads: [], takesUnsigned: root === 'unsigned/v1' });
  const ingest: Ingest = createIngest({
    source: {
      ...source,
      open: (onMessage) =>
        source.open((message) => {
          const decoded = decodeReading(message.topic, message.payload);
          if (decoded.kind === 'reading') {
            const number = `${decoded.reading.stream}#${decoded.reading.seq}`;
            const said = bytesOf.get(number) ?? new Set();
            bytesOf.set(number, said.add(Buffer.from(message.payload).toString('utf8')));
          }
          onMessage(message);
        }),
    },
    store,
    verifier,
    wait: (ms) => sleep(ms),
  });
  await ingest.open();
  return { ingest, bytesOf };
}

const readingsOf = async (store: SeriesStore): Promise<Reading[]> => {
  const all = { start: Date.now() - DAY, end: Date.now() + DAY };
  return (await Promise.all(told.map((stream) => store.readings(site.id, stream, all, Number.MAX_SAFE_INTEGER)))).flat();
};
const claim = (stream: string, start: number, value: number) => `${stream} ${start} ${value}`;

describe.skipIf(!hasMosquitto)(`a gateway${mosquittoNote}`, () => {
  let local: Mosquitto;
  let devices: Awaited<ReturnType<typeof startDevices>>;
  beforeAll(async () => {
    local = await startMosquitto();
  });
  afterAll(() => local.stop());
  beforeEach(async () => {
    devices = await startDevices(local.url);
  });
  afterEach(() => devices.stop());

  describe('over TLS with a password, to PostgreSQL', () => {
    let postgres: TestPostgres;
    let secure: Mosquitto;
    let oracleLine: MqttLine;
    const secrets = mkdtempSync(join(tmpdir(), 'sunward-tls-'));
    const folders: SiteFolder[] = [];
    beforeAll(async () => {
      makeCertificates(secrets);
      const at = (name: string) => join(secrets, name);
      execFileSync('mosquitto_passwd', ['-b', '-c', at('passwords'), 'berlin', 'meter-secret']);
      execFileSync('mosquitto_passwd', ['-b', at('passwords'), 'oracle', 'oracle-secret']);
      secure = await startMosquitto({
        lines: [
          'allow_anonymous false',
          `password_file ${at('passwords')}`,
          `cafile ${at('ca.pem')}`,
          `certfile ${at('broker.pem')}`,
          `keyfile ${at('broker.key')}`,
        ],
      });
      oracleLine = {
        url: secure.url.replace('mqtt:', 'mqtts:'),
        username: 'oracle',
        password: 'oracle-secret',
        ca: readFileSync(at('ca.pem'), 'utf8'),
      };
      postgres = await startTestPostgres();
    }, 60_000);
    afterAll(async () => {
      await secure.stop();
      await postgres.stop();
      for (const folder of folders) folder.remove();
      rmSync(secrets, { recursive: true, force: true });
    }, 60_000);
    const upstream = () => ({
      url: oracleLine.url,
      username: 'berlin',
      passwordEnv: 'METER_PASSWORD',
      ca: join(secrets, 'ca.pem'),
      retryAfter: '2s',
    });

    test.each([
      { name: 'one signature a reading', change: {}, signatures: /^[A-Za-z0-9+/]{86}==$/, root: 'energy/v1' as const },
      { name: 'one signature a batch', change: { batch: 60 }, signatures: /^[A-Za-z0-9+/]{86}==\.\d$/, root: 'energy/v1' as const },
      { name: 'nobody’s signature', change: { unsigned: true, key: undefined }, signatures: /^$/, root: 'unsigned/v1' as const },
    ])(
      'tells the oracle what the meters said, with $name, and forgets it on receipt',
      async ({ change, signatures, root }) => {
        const { pool } = await postgres.database(seriesSchema);
        const store = createPostgresSeriesStore(pool);
        const oracle = await startOracle(oracleLine, store, root);
        const folder = siteFolder(local.url, upstream(), change);
        folders.push(folder);
        const meter = startMeter(folder, { METER_PASSWORD: 'meter-secret' });
        await eventually('three whole intervals', () => meter.events('told').length >= 3);
        await devices.stop(); // nothing more is told once all is stale; the spool runs empty
        await eventually('an empty spool', async () => (await statusOf(folder.data)).spools[0]?.pending === 0);
        expect(await meter.kill('SIGTERM')).toBe(0);
        await oracle.ingest.close();
        const said = meter
          .events('told')
          .flatMap(({ metered, values }) => Object.entries(values).map(([stream, value]) => claim(stream, metered.start, value)));
        const stored = await readingsOf(store);
        expect(stored.map(({ stream, metered, value }) => claim(stream, metered.start, value)).sort()).toEqual(said.sort());
        for (const { signature, stream, value } of stored) {
          expect(signature).toMatch(signatures);
          if (stream === 'battery_power') expect(value).toBe(-500); // Victron counts charging as +
          if (stream === 'battery_soc') expect(value).toBe(55.5);
          if (stream === 'grid_power') expect(value).toBeGreaterThanOrEqual(100);
          if (stream === 'energy_import') expect(value).toBeGreaterThan(5_000); // Wh, as Shelly says it
        }
        expect(await statusOf(folder.data)).toMatchObject({ running: false, state: { refusals: {}, clock: 'right' } });
      },
      90_000,
    );

    test('says with --check what it would publish, and publishes nothing', async () => {
      const folder = siteFolder(local.url, { url: 'mqtt://127.0.0.1:9' }); // nobody there
      folders.push(folder);
      const report = JSON.parse(
        await meterCommand('--config', folder.config, '--data', folder.data, '--check', '--for', '8s', '--json'),
      ) as {
        publicKey: string;
        streams: { stream: string; value: number | null }[];
        messages: { topic: string; payload: string }[];
        notUsed: { device: string; stream: string }[];
      };
      expect(report.publicKey).toBe(key.publicKey);
      expect(report.streams.map(({ value }) => value)).not.toContain(null);
      expect(report.messages).toHaveLength(4);
      for (const { topic, payload } of report.messages) expect(decodeReading(topic, Buffer.from(payload)).kind).toBe('reading');
      expect(report.notUsed).toContainEqual({ device: 'shelly/shellypro3em-a/em:0', stream: 'energy_export' });
      await expect(statusOf(folder.data)).rejects.toThrow('no gateway ran there');
    }, 60_000);
  });

  test('killed twenty times at any instant loses nothing it had spooled, tells nothing twice and reuses no number', async () => {
    const upstream = await startMosquitto();
    const store = createMemorySeriesStore();
    const { ingest, bytesOf } = await startOracle({ url: upstream.url }, store);
    const folder = siteFolder(local.url, { url: upstream.url, retryAfter: '1s' });
    const draw = randomStream(20, 'meter kills');
    const acknowledged: string[] = [];
    const note = (meter: ReturnType<typeof startMeter>) => {
      for (const { metered, values } of meter.events('told'))
        for (const [stream, value] of Object.entries(values)) acknowledged.push(claim(stream, metered.start, value));
    };
    try {
      for (let kill = 0; kill < 20; kill++) {
        const meter = startMeter(folder);
        await eventually('its start', () => meter.lines().length > 0);
        // every third waits for the first interval, so that there is something to lose; the rest die at any moment
        if (kill % 3 === 0) await eventually('a reading', () => meter.events('told').length > 0);
        await sleep(draw.uniform() * 3_500);
        await meter.kill('SIGKILL');
        note(meter);
      }
      const last = startMeter(folder);
      await eventually('a reading of the last life', () => last.events('told').length > 0);
      await eventually('few enough in the spool', async () => ((await statusOf(folder.data)).spools[0]?.pending ?? 99) <= 20);
      expect(await last.kill('SIGTERM')).toBe(0);
      note(last);
      await ingest.settled();
      const stored = await readingsOf(store);
      const held = new Set(stored.map(({ stream, metered, value }) => claim(stream, metered.start, value)));
      const left = (await statusOf(folder.data)).spools[0]?.pending ?? 0;
      expect(acknowledged.length).toBeGreaterThan(40);
      expect(acknowledged.filter((each) => !held.has(each)).length).toBeLessThanOrEqual(left);
      expect(new Set(stored.map(({ stream, metered }) => `${stream} ${metered.start}`)).size).toBe(stored.length);
      expect(new Set(stored.map(({ stream, seq }) => `${stream} ${seq}`)).size).toBe(stored.length);
      expect([...bytesOf].filter(([, said]) => said.size > 1)).toEqual([]);
      expect((await store.counts()).quarantined).toEqual({});
    } finally {
      await ingest.close();
      await upstream.stop();
      folder.remove();
    }
  }, 420_000);
});
