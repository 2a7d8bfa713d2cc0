/**
 * Ingest under hostile traffic: a million messages through the real ingest, and honest meters beside a flood.
 *
 * The million runs on two worker threads, each with its own sites, verifier and store in memory; the counts are exact
 * and memory is this process's. The flood runs over the embedded broker and PostgreSQL, from a thread of its own, at the
 * rate that limits of 50 messages a second and connection let through; honest latency is taken with and without it in
 * turn, so that both meet the same machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { connect } from 'mqtt';
import pg from 'pg';
import { startBroker } from '../../cli/embedded/broker.ts';
import { startPostgres } from '../../cli/embedded/postgres.ts';
import { createPostgresSeriesStore, seriesSchema } from '../../energy-oracle/store/postgres-series-store.ts';
import { createMemorySpool } from '../../energy-oracle/store/spool.ts';
import { createIngest } from '../../energy-oracle/telemetry/ingest.ts';
import { createMqttTelemetrySource, createMqttUplink } from '../../energy-oracle/telemetry/mqtt-telemetry.ts';
import { encodeReading, readingTopic } from '../../energy-oracle/telemetry/reading.ts';
import { createSender } from '../../energy-oracle/telemetry/sender.ts';
import { createVerifier } from '../../energy-oracle/telemetry/verify.ts';
import { HOUR, SECOND } from '../../units/time.ts';
import { keyOf, noon, readingOf, siteOf } from '../energy-oracle/telemetry/messages.ts';
import { type HostileCount, type HostileWork, hostileKinds, hostilePool, revokedBefore, runHostile } from './hostile.ts';
import type { Bar } from './main.ts';

const hostilePlanned = 1_000_000;
const threads = 2;
const sitesPerThread = 5;
const rounds = 200;
/** Memory is compared between the second tenth of the run and the last: what is loaded and compiled once is behind the first. */
const shareMeasured = 0.1;
const growthMbMax = 50;

const floodConnections = 10;
const floodPerSecondEach = 50;
const honestSites = 10;
const honestPerSecondEach = 10;
const windowMs = 8_000;
const windowsEach = 3;

const pause = (durationMs: number) => new Promise<void>((resolve) => setTimeout(resolve, durationMs));

/** All bars of `ingest --forged`. */
export async function benchHostile(seed: number, progress: (line: string) => void): Promise<Bar[]> {
  const besideFlood = await benchBesideFlood(seed, progress);
  return [...(await benchMillion(seed, progress)), besideFlood];
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
  const early: number[] = [];
  const late: number[] = [];
  const perRound = hostilePlanned / threads / rounds;
  const onProgress = () => {
    const all = tried.reduce((sum, each) => sum + each, 0);
    const { rss } = process.memoryUsage();
    const share = all / hostilePlanned;
    if (share > shareMeasured && share <= 2 * shareMeasured) early.push(rss);
    if (share > 1 - shareMeasured) late.push(rss);
    const perSecond = Math.round((all * 1_000) / (performance.now() - started));
    if (all % (hostilePlanned / 20) === 0)
      progress(`ingest --forged: ${all} of ${hostilePlanned}, ${perSecond}/s, ${Math.round(rss / 1e6)} MB`);
  };
  const counts = await Promise.all(
    tried.map(
      (_, thread) =>
        new Promise<HostileCount>((resolve, reject) => {
          const sites = Array.from({ length: sitesPerThread }, (_, i) => thread * sitesPerThread + i);
          const worker = inThread({ kind: 'hostile', sites, rounds, perRound, seed: seed + thread }, (message) => {
            if (typeof message !== 'number') return resolve(message as HostileCount);
            tried[thread] = message;
            onProgress();
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
  const growthMb = Math.round((median(late) - median(early)) / 1e5) / 10;
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
      bar: 'memory growth from the second tenth of the run to the last (medians of RSS)',
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

/** Meter to receipt with a flood beside it, over meter to receipt without; both p99, in windows that take turns. */
async function benchBesideFlood(seed: number, progress: (line: string) => void): Promise<Bar> {
  const folder = mkdtempSync(join(tmpdir(), 'sunward-bench-'));
  const [postgres, broker] = [await startPostgres({ folder }), await startBroker()];
  const pool = new pg.Pool({ connectionString: postgres.url, max: 4 });
  await pool.query(seriesSchema);
  const line = { url: broker.url };
  const source = createMqttTelemetrySource({ line, clock: { now: () => noon + 12 * HOUR } });
  const sites = Array.from({ length: honestSites + 2 * sitesPerThread + 1 }, (_, site) => siteOf(site));
  const verifier = createVerifier({ sites, feedKeys: {}, heads: [], keys: revokedBefore });
  const ingest = createIngest({ source, store: createPostgresSeriesStore(pool), verifier, wait: pause });
  await ingest.open();
  const senders = await Promise.all(
    sites.slice(0, honestSites).map(async ({ provider, id }, site) => {
      const sender = createSender({
        name: `${provider}/${id}`,
        spool: createMemorySpool(),
        uplink: createMqttUplink({ line }),
        retryMs: 2_000,
        wait: pause,
      });
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
        const started = performance.now();
        const draft = {
          stream: reading.stream,
          topic,
          end: metered.end,
          encode: (n: number) => encodeReading({ ...reading, seq: n }, keyOf(site)),
        };
        told.push(sender.send([draft]).then(() => void tookMs.push(performance.now() - started)));
      }
      seq += 1;
    }
    await Promise.all(told);
    return tookMs;
  };
  await window(windowMs / 2);
  const [quiet, beside]: [number[], number[]] = [[], []];
  for (let i = 0; i < windowsEach; i++) {
    quiet.push(...(await window(windowMs)));
    const before = ingest.stats().quarantined;
    flood.postMessage(true);
    beside.push(...(await window(windowMs)));
    flood.postMessage(false);
    await pause(500);
    const perSecond = Math.round(((ingest.stats().quarantined - before) * SECOND) / windowMs);
    progress(`ingest --forged: p99 ${p99(quiet).toFixed(1)} ms quiet, ${p99(beside).toFixed(1)} ms beside ${perSecond} quarantined/s`);
  }
  const stored = await pool.query<{ count: number }>(`select count(*)::int as count from readings where stream = 'grid_power'`);
  await flood.terminate();
  for (const { sender } of senders) await sender.close();
  await ingest.close();
  await broker.stop();
  await pool.end();
  await postgres.stop();
  rmSync(folder, { recursive: true });
  const ratio = Math.round((p99(beside) / p99(quiet)) * 100) / 100;
  const all = stored.rows[0]?.count === seq * honestSites;
  return {
    bar: `honest p99 beside ${floodConnections * floodPerSecondEach} hostile messages/s (${p99(beside).toFixed(1)} ms) over without (${p99(quiet).toFixed(1)} ms), PostgreSQL and broker real`,
    value: ratio,
    unit: '×',
    target: '< 2, all stored',
    holds: ratio < 2 && all,
  };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const p99 = (tookMs: readonly number[]): number => tookMs.toSorted((a, b) => a - b)[Math.floor(tookMs.length * 0.99)] ?? Number.NaN;

async function hostileInThread(work: HostileWork): Promise<void> {
  parentPort?.postMessage(await runHostile(work, (tried) => parentPort?.postMessage(tried)));
}

/** Publishes while it is told to; what names honest sites can never pass, and what may pass names others. */
async function floodInThread({ url, seed }: Extract<Work, { kind: 'flood' }>): Promise<void> {
  const others = Array.from({ length: sitesPerThread }, (_, i) => honestSites + i);
  const honest = Array.from({ length: honestSites - 1 }, (_, i) => i);
  const pool = [...hostilePool(honest, 1_500, seed, ['forged', 'revoked', 'malformed', 'oversized']), ...hostilePool(others, 1_500, seed)];
  const clients = Array.from({ length: floodConnections }, () => connect(url, { protocolVersion: 4, reconnectPeriod: 100 }));
  await Promise.all(clients.map((client) => new Promise<void>((resolve) => client.once('connect', () => resolve()))));
  let [flowing, next] = [false, 0];
  parentPort?.on('message', (on: boolean) => {
    flowing = on;
  });
  setInterval(() => {
    if (!flowing) return;
    for (const client of clients) {
      next = (next + 769) % pool.length; // a prime: every message in its turn
      const message = pool[next];
      if (message && !/[\0+#]/.test(message.topic)) client.publish(message.topic, Buffer.from(message.payload), { qos: 1 });
    }
  }, SECOND / floodPerSecondEach);
  parentPort?.postMessage('ready');
}

if (!isMainThread) {
  const work = workerData as Work | undefined;
  if (work?.kind === 'hostile') void hostileInThread(work);
  if (work?.kind === 'flood') void floodInThread(work);
}
