/**
 * Meter check: for a minute, what a gateway would read, sign and publish; nothing goes upstream and nothing is spooled.
 *
 * It listens to the real local broker, where keepalives are sent as the gateway would: without them some meters are
 * silent. Intervals are shortened to fit the minute. Numbers are those that the spool would give next.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createGateway, settleMs } from '../energy-oracle/gateway/gateway.ts';
import type { GatewayEvent } from '../energy-oracle/gateway/gateway-event.ts';
import { readFileSpool } from '../energy-oracle/store/file-spool.ts';
import { createMemorySpool } from '../energy-oracle/store/spool.ts';
import { createTranslator } from '../energy-oracle/telemetry/dialects/dialect-translator.ts';
import type { LocalBroker } from '../energy-oracle/telemetry/dialects/mqtt-local-broker.ts';
import { createSender } from '../energy-oracle/telemetry/sender.ts';
import { wallClock } from '../units/clock.ts';
import { type DurationMs, SECOND } from '../units/time.ts';
import type { MeterFile } from './meter-file.ts';
import type { MeterLog } from './meter-log.ts';
import { listen, senderName, spoolFolder } from './meter-run.ts';
import { createProgress } from './progress.ts';
import { table } from './table.ts';

export interface MeterCheck {
  readonly sender: string;
  /** Hex; `null` when nobody signs. */
  readonly publicKey: string | null;
  readonly upstream: string;
  readonly intervalMs: DurationMs;
  readonly streams: readonly {
    readonly stream: string;
    readonly devices: readonly string[];
    /** Last value over a whole interval of the check; `null` when there was none. */
    readonly value: number | null;
    readonly missing: readonly string[];
  }[];
  /** The last messages that would have been published. */
  readonly messages: readonly { readonly topic: string; readonly payload: string }[];
  readonly notUsed: readonly { readonly device: string; readonly stream: string }[];
  readonly notUnderstood: readonly string[];
}

const checkIntervalMs: DurationMs = 10 * SECOND;

export interface MeterCheckOptions {
  readonly file: MeterFile;
  readonly data: string;
  readonly lengthMs: DurationMs;
  readonly log: MeterLog;
  readonly isJson: boolean;
  readonly stop: AbortSignal;
}

/** @throws LineFault when the local broker cannot be reached within 15 s */
export async function checkMeter({ file, data, lengthMs, log, isJson, stop }: MeterCheckOptions): Promise<MeterCheck> {
  const name = senderName(file);
  const intervalMs = Math.min(file.intervalMs, checkIntervalMs, Math.max(SECOND, 1_000 * Math.floor((lengthMs - settleMs) / 3_000)));
  const kept = await readFileSpool({ folder: spoolFolder(data), sender: name });
  const memory = createMemorySpool();
  const spool = { ...memory, head: (stream: string) => ({ nextSeq: kept.head(stream).nextSeq, end: memory.head(stream).end }) };
  const events: GatewayEvent[] = [];
  let messages: MeterCheck['messages'] = [];
  const nowhere = { open: async () => {}, send: async () => {}, close: async () => {} };
  const append = async (entries: Parameters<typeof memory.append>[0]) => {
    messages = entries.map(({ topic, payload }) => ({ topic, payload: new TextDecoder().decode(payload) }));
  };
  const sender = createSender({ name, spool: { ...spool, append }, uplink: nowhere, retryMs: lengthMs, wait: async () => {} });
  const translator = createTranslator({ mapping: file.mapping });
  let broker: LocalBroker | undefined;
  const gateway = createGateway({
    ...file,
    intervalMs: divisorBelow(intervalMs),
    translator,
    spool,
    sender,
    say: (outgoing) => broker?.publish(outgoing),
    listenTo: (filters) => broker?.subscribe(filters),
    wall: wallClock,
    monotonicMs: () => performance.now(),
    tell: (event) => events.push(event),
  });
  broker = await listen(file, translator, gateway.hear, log);
  const progress = createProgress('meter --check', isJson);
  const began = performance.now();
  for (let gone = 0; gone < lengthMs && !stop.aborted; gone = performance.now() - began) {
    await gateway.tick();
    progress.tell(gone, lengthMs, `${messages.length} messages in the last interval`);
    await sleep(200);
  }
  await gateway.tick();
  progress.end();
  await broker.close();
  return report(file, divisorBelow(intervalMs), events, messages);
}

/** The longest interval that divides a quarter hour and is no longer. */
const divisorBelow = (ms: DurationMs): DurationMs => [10, 6, 5, 4, 3, 2, 1].map((s) => s * SECOND).find((each) => each <= ms) ?? SECOND;

function report(file: MeterFile, intervalMs: DurationMs, events: readonly GatewayEvent[], messages: MeterCheck['messages']): MeterCheck {
  const told = events.findLast((event) => event.kind === 'told');
  return {
    sender: senderName(file),
    publicKey: file.key?.publicKey ?? null,
    upstream: file.upstream.url,
    intervalMs,
    streams: file.plans.map(({ stream, devices }) => {
      const gap = events.findLast((event) => (event.kind === 'gap' || event.kind === 'gap-over') && event.stream === stream);
      return {
        stream,
        devices,
        value: told?.values[stream] ?? null,
        missing: told?.values[stream] === undefined ? (gap?.kind === 'gap' ? gap.missing : devices) : [],
      };
    }),
    messages,
    notUsed: events.flatMap((event) => (event.kind === 'not-used' ? [{ device: event.device, stream: event.stream }] : [])),
    notUnderstood: events.flatMap((event) => (event.kind === 'not-understood' ? [event.why] : [])),
  };
}

/** For people. */
export function checkText({ sender, publicKey, upstream, intervalMs, streams, messages, notUsed, notUnderstood }: MeterCheck): string {
  const rows = streams.map(({ stream, devices, value, missing }) => [
    stream,
    value === null ? '–' : String(value),
    devices.join(' + '),
    missing.length > 0 ? `nothing in time from ${missing.join(', ')}` : '',
  ]);
  const list = (title: string, lines: readonly string[]) => (lines.length > 0 ? [title, ...lines.map((line) => `  ${line}`)] : []);
  return [
    `${sender} to ${upstream}, ${publicKey === null ? 'unsigned' : `signed with the key whose public half is ${publicKey}`}`,
    `Sampled over intervals of ${intervalMs / SECOND} s. Nothing was published upstream.`,
    table(['STREAM', '>VALUE', 'DEVICES', 'GAP'], rows),
    ...list(
      'It would publish:',
      messages.map(({ topic, payload }) => `${topic} ${payload}`),
    ),
    ...list(
      'Heard and not used:',
      notUsed.map(({ device, stream }) => `${stream}: ${device}`),
    ),
    ...list('Not understood:', notUnderstood),
  ].join('\n');
}
