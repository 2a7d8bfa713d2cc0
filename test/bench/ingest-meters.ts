/**
 * Meters under measure: a process that publishes presigned readings and waits for their receipts.
 *
 * Closed loop (`ratePerS` 0): a window of messages without a receipt is kept full. Open loop: messages leave at a steady
 * rate, whether receipts come or not. Signing is done before the clock starts: it is the meters' work, a core each.
 * Talks to its parent by messages: `ready`, then on `go` it runs and answers with `told`.
 */
import { connectAsync, type MqttClient } from 'mqtt';
import { batchStream, batchTopic, encodeBatch } from '../../energy-oracle/telemetry/batch.ts';
import { encodeReading, readingTopic, type Stream } from '../../energy-oracle/telemetry/reading.ts';
import { MINUTE, SECOND } from '../../units/time.ts';
import { keyOf, siteOf } from '../energy-oracle/telemetry/messages.ts';

export interface MetersWork {
  readonly url: string;
  readonly sites: number;
  /** Messages to be signed beforehand. */
  readonly messages: number;
  /** Readings in one message; 1 is a reading by itself. */
  readonly perMessage: number;
  /** 0: as fast as receipts come. */
  readonly ratePerS: number;
  readonly seconds: number;
  /** True: a broker's acknowledgement counts as the receipt, for there is no oracle. */
  readonly raw: boolean;
}

export interface MetersTold {
  /** Readings with a receipt inside the time. */
  readonly readings: number;
  readonly seconds: number;
  /** Publish to receipt, ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly refused: number;
  readonly unanswered: number;
  readonly cpuS: number;
}

/** Readings on the way at once; a broker's memory is not what is measured. */
const windowMax = (perMessage: number): number => (perMessage > 1 ? 20_000 : 4_000);
const streams: readonly Stream[] = ['pv_power', 'load_power', 'grid_power', 'battery_power'];
const connectionsMax = 20;

interface Prepared {
  readonly topic: string;
  readonly payload: Buffer;
  readonly key: string;
}

/** Batches of one stream, a minute of seconds each at 60 readings; each site's streams in turn, in order of time. */
function prepareBatches({ sites, messages, perMessage }: MetersWork, now: number): Prepared[] {
  const from = Math.floor((now - MINUTE) / SECOND - Math.ceil(messages / sites / streams.length + 1) * perMessage) * SECOND;
  return Array.from({ length: messages }, (_, n) => {
    const { provider, id } = siteOf(n % sites);
    const seq = Math.floor(n / sites);
    const stream = streams[seq % streams.length] as Stream;
    const first = Math.floor(seq / streams.length) * perMessage;
    const readings = Array.from({ length: perMessage }, (_, i) => {
      const start = from + (first + i) * SECOND;
      const metered = { start, end: start + SECOND };
      return { provider, site: id, stream, metered, value: 40_000 + ((n + i) % 9_000), seq: first + i, quality: 'measured' } as const;
    });
    const payload = Buffer.from(encodeBatch({ provider, site: id, seq, readings }, keyOf(n % sites)));
    return { topic: batchTopic(provider, id), payload, key: `${provider}/${id}/${batchStream}#${seq}` };
  });
}

/** Readings of one second each, of four streams of every site, in order of time. */
function prepare(work: MetersWork, now: number): Prepared[] {
  if (work.perMessage > 1) return prepareBatches(work, now);
  const { sites, messages } = work;
  const from = now - Math.ceil(messages / sites / streams.length + 1) * SECOND - MINUTE;
  return Array.from({ length: messages }, (_, n) => {
    const site = siteOf(n % sites);
    const stream = streams[Math.floor(n / sites) % streams.length] as Stream;
    const seq = Math.floor(n / sites / streams.length);
    const start = Math.floor(from / SECOND) * SECOND + seq * SECOND;
    const metered = { start, end: start + SECOND };
    const reading = {
      provider: site.provider,
      site: site.id,
      stream,
      metered,
      value: 40_000 + (n % 9_000),
      seq,
      quality: 'measured',
    } as const;
    const payload = Buffer.from(encodeReading(reading, keyOf(n % sites)));
    return { topic: readingTopic(site.provider, site.id, stream), payload, key: `${site.provider}/${site.id}/${stream}#${seq}` };
  });
}

const quantile = (values: number[], share: number): number =>
  Math.round((values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.POSITIVE_INFINITY) * 10) / 10;

async function run(work: MetersWork, prepared: readonly Prepared[], clients: readonly MqttClient[]): Promise<MetersTold> {
  const { ratePerS, seconds, raw, perMessage } = work;
  const sent = new Map<string, number>();
  const latenciesMs: number[] = [];
  let [next, refused, answered] = [0, 0, 0];
  let wake: () => void = () => {};
  const answer = (key: string, members: number) => {
    const at = sent.get(key);
    if (at === undefined) return;
    sent.delete(key);
    latenciesMs.push(performance.now() - at);
    answered += members;
    wake();
  };
  const listener = clients[0] as MqttClient;
  listener.on('message', (topic, payload) => {
    const sender = topic.slice('energy/v1/'.length, -'/receipt'.length);
    const receipt = JSON.parse(payload.toString()) as { committed: { stream: string; seq: number }[]; refused: unknown[] };
    refused += receipt.refused.length;
    for (const { stream, seq } of receipt.committed) answer(`${sender}/${stream}#${seq}`, perMessage);
  });
  if (!raw) await listener.subscribeAsync('energy/v1/+/+/receipt', { qos: 1 });
  const cpu = process.cpuUsage();
  const start = performance.now();
  const end = start + seconds * SECOND;
  while (performance.now() < end && next < prepared.length) {
    const due = ratePerS > 0 ? Math.floor(((performance.now() - start) * ratePerS) / SECOND) : prepared.length;
    while (next < Math.min(due, prepared.length) && (ratePerS > 0 || sent.size * perMessage < windowMax(perMessage))) {
      const { topic, payload, key } = prepared[next] as Prepared;
      sent.set(key, performance.now());
      const client = clients[next % clients.length] as MqttClient;
      client.publish(topic, payload, { qos: 1 }, raw ? () => answer(key, perMessage) : undefined);
      next += 1;
    }
    if (ratePerS > 0) await new Promise((resolve) => setTimeout(resolve, 2));
    else
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100); // a receipt may never come
        wake = () => {
          clearTimeout(timer);
          setImmediate(resolve);
        };
      });
  }
  const tookS = (performance.now() - start) / SECOND;
  const readings = answered;
  const { user, system } = process.cpuUsage(cpu);
  for (let i = 0; i < 50 && sent.size > 0; i++) await new Promise((resolve) => setTimeout(resolve, 100)); // the last are on their way
  return {
    readings,
    seconds: tookS,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    refused,
    unanswered: sent.size,
    cpuS: (user + system) / 1e6,
  };
}

process.once('message', async (work: MetersWork) => {
  const prepared = prepare(work, Date.now());
  const clients = await Promise.all(
    Array.from({ length: Math.min(connectionsMax, work.sites) }, () => connectAsync(work.url, { protocolVersion: 4, keepalive: 60 })),
  );
  process.send?.('ready');
  process.once('message', async () => {
    process.send?.(await run(work, prepared, clients));
    await Promise.all(clients.map((client) => client.endAsync(true)));
  });
});
process.once('disconnect', () => process.exit(0));
