/**
 * MQTT telemetry: the line between senders and oracle over any MQTT 3.1.1 broker, QoS 1.
 *
 * Owns connecting, subscribing again after every reconnect, and the receipt topic `<root>/<sender>/receipt`. Sessions
 * are clean on purpose: what the broker forgets, the sender's spool still has. No acknowledgement of the broker is
 * ever taken for "stored". Both ends of `grid/v1` and of `weather/v1` run on the same code with another root.
 */
import { connect, type MqttClient } from 'mqtt';
import { z } from 'zod';
import type { Clock } from '../../units/clock.ts';
import { parseInstant, toIso } from '../../units/time.ts';
import { LineFault, type Receipt, type TelemetrySource, type TelemetryUplink } from './telemetry-source.ts';

/** Where the broker is and who is asking. */
export interface MqttLine {
  /** `mqtt://host:port` or `mqtts://…`. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** PEM of the authority that signed the broker's certificate, when it is not a public one. */
  readonly ca?: string;
  /** PEM of our own certificate and its key, for a broker that knows us by it. */
  readonly cert?: string;
  readonly key?: string;
  /** Longest pause between two attempts to connect; they grow to it, each drawn from its upper half. As short as the first unless told. */
  readonly reconnectMsMax?: number;
  /** Told of every fault the line recovers from by itself; it is never a reason to stop. */
  readonly onFault?: (fault: LineFault) => void;
}

/** First levels of the topics: meters, what sites tell unsigned, feeds of a zone, or weather of a site. */
export type TopicRoot = 'energy/v1' | 'unsigned/v1' | 'grid/v1' | 'weather/v1';

/** A dead connection is noticed after one and a half of these. */
const keepaliveS = 15;
const reconnectMs = 250;
const connectMsMax = 5_000;
/** `open` gives up when the broker was not there for so long. */
const openMsMax = 15_000;
const receiptSuffix = '/receipt';
/** What is said below the topics of readings and is none: receipts, forecasts that we publish, a meter's presence. */
const ownWords = /\/receipt$|^energy\/v1\/[^/]+\/[^/]+\/(forecast\/.*|status)$/;

const receiptWire = z.strictObject({
  committed: z.array(z.strictObject({ stream: z.string(), seq: z.int().nonnegative() })),
  refused: z.array(z.strictObject({ stream: z.string(), seq: z.int().nonnegative(), reason: z.string() })),
  at: z
    .string()
    .transform((text) => parseInstant(text))
    .optional(),
});

/**
 * The oracle's end. `receivedAt` is told by `clock`.
 *
 * @throws LineFault from `open` when the broker cannot be reached within 15 s or refuses us
 */
export function createMqttTelemetrySource({
  line,
  clock,
  root = 'energy/v1',
}: {
  line: MqttLine;
  clock: Clock;
  root?: TopicRoot;
}): TelemetrySource {
  let client: MqttClient | undefined;
  return {
    open: async (onMessage) => {
      client = await subscribed(line, `${root}/#`, (topic, payload) => {
        if (ownWords.test(topic)) return;
        onMessage({ topic, payload, receivedAt: clock.now() });
      });
    },
    acknowledge: async ({ sender, committed, refused }) => {
      if (!client?.connected) throw new LineFault(line.url, 'the broker is away; the sender will ask again');
      await client.publishAsync(`${root}/${sender}${receiptSuffix}`, JSON.stringify({ committed, refused, at: toIso(clock.now()) }), {
        qos: 1,
      });
    },
    close: async () => {
      await client?.endAsync(true);
      client = undefined;
    },
  };
}

/**
 * The sender's end: a meter's with root `energy/v1`, a feed's with `grid/v1`, a forecast's with `weather/v1`.
 *
 * @throws LineFault from `open` when the broker cannot be reached within 15 s or refuses us
 */
export function createMqttUplink({ line, root = 'energy/v1' }: { line: MqttLine; root?: TopicRoot }): TelemetryUplink {
  let client: MqttClient | undefined;
  return {
    open: async (sender, onReceipt) => {
      client = await subscribed(line, `${root}/${sender}${receiptSuffix}`, (_, payload) => {
        const receipt = decodeReceipt(sender, payload);
        if (receipt) onReceipt(receipt);
        else line.onFault?.(new LineFault(line.url, `a receipt for ${sender} cannot be read`));
      });
    },
    send: async (topic, payload) => {
      if (!client) throw new LineFault(line.url, 'the uplink is not open');
      await client.publishAsync(topic, Buffer.from(payload.buffer, payload.byteOffset, payload.length), { qos: 1 });
    },
    close: async () => {
      await client?.endAsync(true);
      client = undefined;
    },
  };
}

function decodeReceipt(sender: string, payload: Uint8Array): Receipt | undefined {
  try {
    return { sender, ...receiptWire.parse(JSON.parse(Buffer.from(payload).toString('utf8'))) };
  } catch {
    return undefined; // the caller reports it; the entries stay in the spool
  }
}

/** Who we are on a line, in the words of npm `mqtt`. */
export const identityOf = ({
  username,
  password,
  ca,
  cert,
  key,
}: MqttLine): Partial<Pick<MqttLine, 'username' | 'password' | 'ca' | 'cert' | 'key'>> => ({
  ...(username === undefined ? {} : { username }),
  ...(password === undefined ? {} : { password }),
  ...(ca === undefined ? {} : { ca }),
  ...(cert === undefined ? {} : { cert }),
  ...(key === undefined ? {} : { key }),
});

/** A client that is connected and subscribed, and becomes so again after every loss of the connection. */
function subscribed(line: MqttLine, filter: string, onMessage: (topic: string, payload: Uint8Array) => void): Promise<MqttClient> {
  const client = connect(line.url, {
    protocolVersion: 4,
    clean: true,
    clientId: `sunward-${crypto.randomUUID().slice(0, 12)}`,
    keepalive: keepaliveS,
    reconnectPeriod: reconnectMs,
    connectTimeout: connectMsMax,
    resubscribe: false, // done below on every connect, so that a loss before the first SUBACK heals too
    ...identityOf(line),
  });
  let attempts = 0;
  client.on('connect', () => {
    attempts = 0;
  });
  // many sites lose one broker at once; they shall not all knock at once when it is back
  client.on('close', () => {
    attempts += 1;
    const pauseMs = Math.min(line.reconnectMsMax ?? reconnectMs, reconnectMs * 2 ** Math.min(attempts - 1, 20));
    client.options.reconnectPeriod = pauseMs <= reconnectMs ? reconnectMs : pauseMs * (0.5 + Math.random() / 2);
  });
  return new Promise((resolve, reject) => {
    let last: unknown;
    const deadline = setTimeout(() => {
      reject(new LineFault(line.url, `no subscription to ${filter} within ${openMsMax} ms`, last));
      client.end(true);
    }, openMsMax);
    client.on('connect', () => {
      if ('setNoDelay' in client.stream) (client.stream as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true);
      client.subscribe(filter, { qos: 1 }, (error, grants) => {
        const refused = grants?.some(({ qos }) => qos >= 128);
        if (error || refused) {
          last = error ?? new Error(`the broker refused ${filter}`);
          line.onFault?.(new LineFault(line.url, `not subscribed to ${filter}`, last));
          return;
        }
        clearTimeout(deadline);
        resolve(client);
      });
    });
    client.on('error', (error) => {
      last = error;
      line.onFault?.(new LineFault(line.url, error.message || error.name, error));
    });
    client.on('message', (topic, payload) => onMessage(topic, Uint8Array.from(payload)));
  });
}
