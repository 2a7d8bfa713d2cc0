/**
 * MQTT announcer: keeps what the oracle says of its sites on a broker, retained, and its own presence by will.
 *
 * Publishes what changed; everything again after a reconnect and when Home Assistant says that it was born. A broker that
 * is away holds nobody up: the newest is published when it is back.
 */
import { connect } from 'mqtt';
import { identityOf, type MqttLine } from '../telemetry/mqtt-telemetry.ts';
import { LineFault } from '../telemetry/telemetry-source.ts';
import { type Retained, statusTopic } from './site-announcement.ts';

export interface AnnouncerPorts {
  readonly line: MqttLine;
  /** Home Assistant's discovery prefix: its birth is told on `<prefix>/status`. */
  readonly prefix: string;
  readonly onFault?: (fault: LineFault) => void;
}

export interface Announcer {
  /** Keeps these; a topic's newest message stands. */
  announce(messages: readonly Retained[]): void;
  /** Says that nobody announces any more, and ends; what was kept stays for those who read it. */
  close(): Promise<void>;
}

const reconnectMs = 1_000;
const closeMsMax = 1_000;

export function createMqttAnnouncer({ line, prefix, onFault = () => {} }: AnnouncerPorts): Announcer {
  const kept = new Map<string, string>();
  let closed = false;
  const where = line.url.replace(/\/\/[^@/]*@/, '//');
  const client = connect(line.url, {
    protocolVersion: 4,
    clean: true,
    clientId: `sunward-${crypto.randomUUID().slice(0, 12)}`,
    ...identityOf(line),
    reconnectPeriod: reconnectMs,
    resubscribe: false,
    queueQoSZero: false,
    will: { topic: statusTopic, payload: Buffer.from('offline'), qos: 1, retain: true },
  });
  const fault = (error: Error) => onFault(new LineFault(where, error.message || error.name, error));
  const publish = (topic: string, payload: string) => {
    if (client.connected) client.publish(topic, payload, { qos: 1, retain: true }, (error) => error && fault(error));
  };
  const publishAll = () => {
    publish(statusTopic, 'online');
    for (const [topic, payload] of kept) publish(topic, payload);
  };
  client.on('error', fault);
  client.on('connect', () => {
    client.subscribe([`${prefix}/status`, statusTopic], { qos: 1 }, (error) => error && fault(error));
    publishAll();
  });
  client.on('message', (topic, payload, { retain }) => {
    const state = payload.toString();
    if (topic === statusTopic) {
      if (!retain && state === 'offline' && !closed) publish(statusTopic, 'online'); // another of us has ended, we have not
    } else if (!retain && state === 'online') publishAll(); // a birth that was kept is no birth
  });
  return {
    announce: (messages) => {
      for (const { topic, payload } of messages) {
        if (kept.get(topic) === payload) continue;
        kept.set(topic, payload);
        publish(topic, payload);
      }
    },
    close: async () => {
      closed = true;
      if (client.connected)
        await Promise.race([
          client.publishAsync(statusTopic, 'offline', { qos: 1, retain: true }).catch(fault),
          new Promise((resolve) => setTimeout(resolve, closeMsMax).unref()),
        ]);
      await client.endAsync(true);
    },
  };
}
