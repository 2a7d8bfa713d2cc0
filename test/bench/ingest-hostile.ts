/**
 * Ingest under hostile traffic: a million messages through the real ingest, and honest meters beside a flood.
 *
 * The million runs on two worker threads, each with its own sites, verifier and store in memory; the counts are exact
 * and memory is this process's. The flood runs over the embedded broker and PostgreSQL, from a thread of its own: two
 * sites whose passwords an attacker has, one loud in messages and one in bytes, say all that the door lets through.
 * Honest latency is taken with and without it in turn, so that both meet the same machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { connect } from 'mqtt';
import pg from 'pg';
import type { BrokerAccess } from '../../cli/door/broker-access.ts';
import { identitiesOf, isCovered, rightsOf, serviceName } from '../../cli/door/mqtt-rights.ts';
import { startBroker } from '../../cli/embedded/broker.ts';
import { startPostgres } from '../../cli/embedded/postgres.ts';
import type { Site } from '../../energy-oracle/site.ts';
import { createPostgresSeriesStore, seriesSchema } from '../../energy-oracle/store/postgres-series-store.ts';
import { createMemorySpool } from '../../energy-oracle/store/spool.ts';
import { createIngest } from '../../energy-oracle/telemetry/ingest.ts';
import { createMqttTelemetrySource, createMqttUplink } from '../../energy-oracle/telemetry/mqtt-telemetry.ts';
import { encodeReading, readingTopic } from '../../energy-oracle/telemetry/reading.ts';
import { createSender } from '../../energy-oracle/telemetry/sender.ts';
import type { RawMessage } from '../../energy-oracle/telemetry/telemetry-source.ts';
import { createVerifier } from '../../energy-oracle/telemetry/verify.ts';
import { HOUR, SECOND } from '../../units/time.ts';
import { keyOf, noon, readingOf, siteOf } from '../energy-oracle/telemetry/messages.ts';
import { type HostileCount, type HostileWork, hostileKinds, hostilePool, revokedBefore, runHostile } from './hostile.ts';
import type { Bar } from './main.ts';

const hostilePlanned = 1_000_000;
const threads = 2;
const sitesPerThread = 5;
const rounds = 200;
/** Live memory is measured after every tenth of the run; the first warms the process up: code compiled, memories of streams filled. */
const tenths = 10;
const growthMbMax = 50;

const honestSites = 10;
const honestPerSecondEach = 20;
/** Sites whose password an attacker has: one is loud in messages, one in bytes. */
const [loudSite, bulkySite] = [honestSites, honestSites + 1] as const;
/** Published by each of them, more than the door lets through. */
const floodPerSecondEach = 600;
const floodPendingMax = 200;
const windowMs = 3_000;
const windowsEach = 12;

const pause = (durationMs: number) => new Promise<void>((resolve) => setTimeout(resolve, durationMs));

/** All bars of `ingest --forged`, or those of its parts `million` and `flood`. */
export async function benchHostile(seed: number, only: readonly string[], progress: (line: string) => void): Promise<Bar[]> {
  const parts = { million: benchMillion, flood: benchBesideFlood };
  const bars: Bar[] = [];
  for (const [name, part] of Object.entries(parts))
    if (only.length === 0 || only.includes(name)) bars.push(...(await part(seed, progress)));
  return bars;
}

type Work = ({ readonly kind: 'hostile' } & HostileWork) | { readonly kind: 'flood'; readonly url: string; readonly seed: number };

function inThread(work: Work, onMessage: (message: unknown) => void): Worker {
  // a thread does not inherit the loader of TypeScript sources: it registers its own, then runs this very file
  const [loader, file] = [import.meta.resolve('tsx/esm/api'), import.meta.url].map((url) => JSON.stringify(url));
  const worker = new Worker(`import(${loader}).then(({ register }) => (register(), import(${file})))`, { eval: true, workerData: work });
  worker.on('message', onMessage);
  return worker;
}

async function benchMillion(seed: number, progress: (line: string) => void): Promise<Bar[]> {
  const started = performance.now();
  const tried = Array.from({ length: threads }, () => 0);
  const live = tried.map(() => Array.from({ length: tenths }, () => Number.NaN));
  const perRound = hostilePlanned / threads / rounds;
  const onProgress = (thread: number, told: HostileProgress) => {
    tried[thread] = told.tried;
    if (told.liveBytes === undefined) return;
    (live[thread] as number[])[Math.round((told.tried * threads * tenths) / hostilePlanned) - 1] = told.liveBytes;
    const all = tried.reduce((sum, each) => sum + each, 0);
    const perSecond = Math.round((all * 1_000) / (performance.now() - started));
    const megabytes = [process.memoryUsage().rss, told.liveBytes].map((bytes) => Math.round(bytes / 1e6));
    progress(
      `ingest --forged: ${all} of ${hostilePlanned}, ${perSecond}/s, ${megabytes[0]} MB of RSS, ${megabytes[1]} MB live in one thread`,
    );
  };
  const counts = await Promise.all(
    tried.map(
      (_, thread) =>
        new Promise<HostileCount>((resolve, reject) => {
          const sites = Array.from({ length: sitesPerThread }, (_, i) => thread * sitesPerThread + i);
          const worker = inThread({ kind: 'hostile', sites, rounds, perRound, seed: seed + thread }, (message) => {
            const told = message as HostileProgress | HostileCount;
            if ('honest' in told) resolve(told);
            else onProgress(thread, told);
          });
          worker.on('error', reject);
          worker.on('exit', (code) => reject(new Error(`a thread ended with ${code} before it told its count`)));
        }),
    ),
  );
  const total = (of: (count: HostileCount) => number) => counts.reduce((sum, count) => sum + of(count), 0);
  const triedOf = (kind: (typeof hostileKinds)[number]) => total((count) => count.tried[kind]);
  const all = hostileKinds.reduce((sum, kind) => sum + triedOf(kind), 0);
  const honest = total((count) => count.honest);
  progress(`quarantined: ${JSON.stringify(counts.map(({ quarantined }) => quarantined))}`);
  const kinds = [...hostileKinds.map((kind) => `${triedOf(kind)} ${kind}`), `${total((count) => count.inBatches)} of them batches`];
  const growth = live.reduce((sum, [first = Number.NaN, ...rest]) => sum + Math.max(...rest) - first, 0);
  const growthMb = Math.round(growth / 1e5) / 10;
  const messages = 'messages';
  return [
    {
      bar: `hostile messages (${kinds.join(', ')})`,
      value: all,
      unit: messages,
      target: `≥ ${hostilePlanned}`,
      holds: all >= hostilePlanned,
    },
    zero(
      'accepted wrongly',
      total((count) => count.acceptedWrongly),
      'readings and receipts',
    ),
    zero(
      `honest readings refused, of ${honest}, ${total((count) => count.reordered)} times reordered`,
      total((count) => count.falselyRejected),
      'readings',
    ),
    {
      bar: 'growth of live memory (heap and buffers after a collection, store in memory included) from the first tenth of the run to its highest',
      value: growthMb,
      unit: 'MB',
      target: `< ${growthMbMax}`,
      holds: growthMb < growthMbMax,
    },
    {
      bar: 'messages kept in quarantine',
      value: total((count) => count.kept),
      unit: messages,
      target: 'bounded: < 50,000',
      holds: total((count) => count.kept) < 50_000,
    },
  ];
}

const zero = (bar: string, value: number, unit: string): Bar => ({ bar, value, unit, target: '0', holds: value === 0 });

/** The door as it is, with names for passwords: hashing them is no part of what is measured. */
const doorTo = (sites: readonly Site[]): BrokerAccess => {
  const identities = identitiesOf(sites);
  return { byPassword: async (name) => identities.get(name), byCertificate: () => undefined, isCurrent: () => true };
};
const lineOf = (url: string, username: string) => ({ url, username, password: '-' });

/** Meter to receipt with a flood beside it, over meter to receipt without; both p99, in windows that take turns. */
async function benchBesideFlood(seed: number, progress: (line: string) => void): Promise<Bar[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sunward-bench-'));
  const sites = Array.from({ length: bulkySite + 2 }, (_, site) => siteOf(site));
  const [postgres, broker] = [await startPostgres({ folder }), await startBroker({ access: doorTo(sites) })];
  const pool = new pg.Pool({ connectionString: postgres.url, max: 4 });
  pool.on('error', () => {}); // connections may end with the database
  await pool.query(seriesSchema);
  const source = createMqttTelemetrySource({ line: lineOf(broker.url, serviceName), clock: { now: () => noon + 12 * HOUR } });
  const verifier = createVerifier({ sites, feedKeys: {}, heads: [], keys: revokedBefore });
  const ingest = createIngest({ source, store: createPostgresSeriesStore(pool), verifier, wait: pause });
  await ingest.open();
  const senders = await Promise.all(
    sites.slice(0, honestSites).map(async ({ provider, id }, site) => {
      const uplink = createMqttUplink({ line: lineOf(broker.url, id) });
      const sender = createSender({ name: `${provider}/${id}`, spool: createMemorySpool(), uplink, retryMs: 2_000, wait: pause });
      await sender.open();
      return { sender, site };
    }),
  );
  let ready: () => void = () => {};
  const isReady = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const flood = inThread({ kind: 'flood', url: broker.url, seed }, () => ready());
  await isReady;
  let seq = 0;
  /** One window of honest traffic; the latency of each reading, ms. */
  const window = async (durationMs: number): Promise<number[]> => {
    const tookMs: number[] = [];
    const told: Promise<void>[] = [];
    for (const end = performance.now() + durationMs; performance.now() < end; await pause(SECOND / honestPerSecondEach)) {
      const metered = { start: noon + seq * SECOND, end: noon + (seq + 1) * SECOND };
      for (const { sender, site } of senders) {
        const reading = readingOf(site, seq, { metered, stream: 'grid_power' });
        const topic = readingTopic(reading.provider, reading.site, reading.stream);
        const encode = (n: number) => encodeReading({ ...reading, seq: n }, keyOf(site));
        const started = performance.now();
        told.push(
          sender
            .send([{ stream: reading.stream, topic, end: metered.end, encode }])
            .then(() => void tookMs.push(performance.now() - started)),
        );
      }
      seq += 1;
    }
    await Promise.all(told);
    return tookMs;
  };
  const flooded = async (on: boolean) => {
    flood.postMessage(on);
    await window(windowMs / 3); // the flood comes up, or runs dry
  };
  // warm: everything compiled, and the bursts that the door grants used up
  await window(windowMs / 2);
  for (const on of [true, true, true, false]) await flooded(on);
  const [quiet, beside, hostile]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < windowsEach; i++) {
    quiet.push(p99(await window(windowMs)));
    await flooded(true);
    const [before, started] = [ingest.stats().received, performance.now()];
    const took = await window(windowMs);
    const perSecond = ((ingest.stats().received - before) * SECOND) / (performance.now() - started);
    hostile.push(perSecond - honestSites * honestPerSecondEach);
    beside.push(p99(took));
    await flooded(false);
    const [without, with_] = [quiet, beside].map((all) => (all.at(-1) as number).toFixed(1));
    progress(`ingest --forged: p99 ${without} ms quiet, ${with_} ms beside ${Math.round(hostile.at(-1) as number)} hostile messages/s`);
  }
  await flood.terminate();
  for (const { sender } of senders) await sender.close();
  await ingest.close();
  const stored = await pool.query<{ count: number }>(
    `select count(*)::int as count from readings where stream = 'grid_power' and site = any($1)`,
    [sites.slice(0, honestSites).map(({ id }) => id)],
  );
  const { throttled } = broker.stats();
  await broker.stop();
  await pool.end();
  await postgres.stop();
  rmSync(folder, { recursive: true });
  progress(`ingest --forged: the door made the flood wait ${throttled} times`);
  const ratio = Math.round((median(beside) / median(quiet)) * 100) / 100;
  const missing = seq * honestSites - (stored.rows[0]?.count ?? 0);
  const words = `${Math.round(median(hostile))} hostile messages/s through the door (${median(beside).toFixed(1)} ms) over without (${median(quiet).toFixed(1)} ms)`;
  return [
    {
      bar: `honest p99 beside ${words}, medians of ${windowsEach} windows in turn, PostgreSQL and broker real`,
      value: ratio,
      unit: '×',
      target: '< 2',
      holds: ratio < 2,
    },
    zero(`honest readings beside the flood not stored once, of ${seq * honestSites}`, missing, 'readings'),
  ];
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const p99 = (tookMs: readonly number[]): number => tookMs.toSorted((a, b) => a - b)[Math.floor(tookMs.length * 0.99)] ?? Number.NaN;

interface HostileProgress {
  readonly tried: number;
  /** Heap and buffers of the thread after a collection; after every tenth. */
  readonly liveBytes: number | undefined;
}

async function hostileInThread(work: HostileWork): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const liveBytes = () => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const perTenth = (work.rounds * work.perRound) / tenths;
  const count = await runHostile(work, (tried) =>
    parentPort?.postMessage({ tried, liveBytes: tried % perTenth === 0 ? liveBytes() : undefined } satisfies HostileProgress),
  );
  parentPort?.postMessage(count);
}

/** Publishes while it is told to, as two sites: all that the door lets them say, faster than it lets them. */
async function floodInThread({ url, seed }: Extract<Work, { kind: 'flood' }>): Promise<void> {
  const small = hostileKinds.filter((kind) => kind !== 'oversized');
  const floods = [
    { site: loudSite, kinds: small },
    { site: bulkySite, kinds: ['oversized' as const] },
  ].map(({ site, kinds }) => {
    const { id, provider } = siteOf(site);
    const { publish } = rightsOf({ kind: 'site', site: id, provider });
    // any other topic the door refuses, and ends the connection
    const pool = hostilePool([site], 3_000, seed, kinds).filter(({ topic }) => isCovered(publish, topic));
    return { pool, pending: 0, next: 0, client: connect(url, { protocolVersion: 4, reconnectPeriod: 100, username: id, password: '-' }) };
  });
  await Promise.all(floods.map(({ client }) => new Promise<void>((resolve) => client.once('connect', () => resolve()))));
  let flowing = false;
  parentPort?.on('message', (on: boolean) => {
    flowing = on;
  });
  const everyMs = 10;
  setInterval(() => {
    for (const flood of floods)
      for (let i = 0; i < (floodPerSecondEach * everyMs) / SECOND && flowing && flood.pending < floodPendingMax; i++) {
        const { topic, payload } = flood.pool[flood.next++ % flood.pool.length] as RawMessage;
        flood.pending += 1;
        flood.client.publish(topic, Buffer.from(payload), { qos: 1 }, () => {
          flood.pending -= 1;
        });
      }
  }, everyMs);
  parentPort?.postMessage('ready');
}

if (!isMainThread) {
  const work = workerData as Work | undefined;
  if (work?.kind === 'hostile') void hostileInThread(work);
  if (work?.kind === 'flood') void floodInThread(work);
}
