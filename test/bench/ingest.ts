/**
 * Ingest under measure: how fast honest readings become receipts, and (`forged`, in `ingest-hostile.ts`) what a million
 * hostile messages can do to them.
 *
 * Progress goes to stderr. Rates are of this machine and moment.
 */
import { startBroker } from '../../cli/embedded/broker.ts';
import type { SeriesStore } from '../../energy-oracle/store/series-store.ts';
import { createMemorySpool } from '../../energy-oracle/store/spool.ts';
import { createIngest } from '../../energy-oracle/telemetry/ingest.ts';
import { createMqttTelemetrySource, createMqttUplink } from '../../energy-oracle/telemetry/mqtt-telemetry.ts';
import { encodeReading, readingTopic } from '../../energy-oracle/telemetry/reading.ts';
import { createSender } from '../../energy-oracle/telemetry/sender.ts';
import type { RawMessage } from '../../energy-oracle/telemetry/telemetry-source.ts';
import { createVerifier } from '../../energy-oracle/telemetry/verify.ts';
import { createIngestStore, keyOf, messageOf, noon, readingOf, siteOf } from '../energy-oracle/telemetry/messages.ts';
import { benchHostile } from './ingest-hostile.ts';
import type { Bar } from './main.ts';

const pause = (durationMs: number) => new Promise<void>((resolve) => setTimeout(resolve, durationMs));

/** Bars of ingest; with `forged` those of hostile traffic instead. `json` keeps stderr quiet. */
export async function benchIngest({ forged, json, seed = 1 }: { forged: boolean; json: boolean; seed?: number }): Promise<Bar[]> {
  const progress = (line: string) => {
    if (!json) process.stderr.write(`${line}\n`);
  };
  return forged ? benchHostile(seed, progress) : [await benchThroughput(progress), await benchReceipt(progress)];
}

/** Honest readings per second through decoding, verification and group commit, the store being memory. */
async function benchThroughput(progress: (line: string) => void): Promise<Bar> {
  const sites = Array.from({ length: 100 }, (_, site) => site);
  const perSite = 200;
  progress(`ingest: signing ${sites.length * perSite} readings`);
  const messages = Array.from({ length: perSite }, (_, seq) => sites.map((site) => messageOf(site, seq))).flat();
  let deliver: (message: RawMessage) => void = () => {};
  const store = createIngestStore();
  const ingest = createIngest({
    source: {
      open: async (onMessage) => {
        deliver = onMessage;
      },
      acknowledge: async () => {},
      close: async () => {},
    },
    store: store as unknown as SeriesStore,
    verifier: createVerifier({ sites: sites.map(siteOf), feedKeys: {}, heads: [] }),
    wait: pause,
  });
  await ingest.open();
  const start = performance.now();
  for (const message of messages) deliver(message);
  await ingest.settled();
  const perSecond = Math.round((messages.length * 1_000) / (performance.now() - start));
  const { accepted } = ingest.stats();
  await ingest.close();
  return {
    bar: 'readings verified and committed (store in memory)',
    value: perSecond,
    unit: 'readings/s',
    target: '≥ 1,000, all accepted',
    holds: perSecond >= 1_000 && accepted === messages.length,
  };
}

/** From a meter's `send` to its receipt over the embedded broker, 100 readings a second of ten meters. */
async function benchReceipt(progress: (line: string) => void): Promise<Bar> {
  const sites = Array.from({ length: 10 }, (_, site) => site);
  const rounds = 50;
  const broker = await startBroker();
  const line = { url: broker.url };
  const source = createMqttTelemetrySource({ line, clock: { now: () => noon + 3_600_000 } });
  const store = createIngestStore();
  const verifier = createVerifier({ sites: sites.map(siteOf), feedKeys: {}, heads: [] });
  const ingest = createIngest({ source, store: store as unknown as SeriesStore, verifier, wait: pause });
  await ingest.open();
  const senders = sites.map((site) => {
    const name = `${siteOf(site).provider}/${siteOf(site).id}`;
    return createSender({ name, spool: createMemorySpool(), uplink: createMqttUplink({ line }), retryMs: 2_000, wait: pause });
  });
  await Promise.all(senders.map((sender) => sender.open()));
  const tookMs: number[] = [];
  const told: Promise<void>[] = [];
  progress(`ingest: ${sites.length * rounds} readings over the embedded broker`);
  for (let round = 0; round < rounds; round++) {
    for (const [site, sender] of senders.entries()) {
      const reading = readingOf(site, round);
      const topic = readingTopic(reading.provider, reading.site, reading.stream);
      const encode = (seq: number) => encodeReading({ ...reading, seq }, keyOf(site));
      const start = performance.now();
      told.push(
        sender
          .send([{ stream: reading.stream, topic, end: reading.metered.end, encode }])
          .then(() => void tookMs.push(performance.now() - start)),
      );
    }
    await pause(100);
  }
  await Promise.all(told);
  for (const end of [...senders, ingest, { close: broker.stop }]) await end.close();
  tookMs.sort((a, b) => a - b);
  const p99 = tookMs[Math.floor(tookMs.length * 0.99)] ?? Number.POSITIVE_INFINITY;
  return {
    bar: 'meter to receipt over the embedded broker, p99 at 100 readings/s',
    value: Math.round(p99 * 10) / 10,
    unit: 'ms',
    target: '≤ 250, all committed',
    holds: p99 <= 250 && store.stored().length === sites.length * rounds,
  };
}
