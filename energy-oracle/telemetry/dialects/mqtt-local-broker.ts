/**
 * MQTT local broker: the broker of a site, as somebody hears it who was not asked for.
 *
 * Owns connecting, subscribing again after every reconnect, and a broker that will not give everything at once. Sessions
 * are clean, QoS 0 is enough: what was missed is said again. It publishes only what it is told to.
 */
import { connect, type MqttClient } from 'mqtt';
import type { Clock } from '../../../units/clock.ts';
import { LineFault } from '../telemetry-source.ts';
import type { LocalMessage, Outgoing } from './translator.ts';

export interface LocalBrokerPorts {
  /** `mqtt://user:password@host:port` or `mqtts://…`. */
  readonly url: string;
  /** PEM of the authority that signed the broker's certificate, when it is not a public one. */
  readonly ca?: string | undefined;
  readonly clock: Clock;
  /** Asked on every connect. */
  readonly filters: () => readonly string[];
  readonly onMessage: (message: LocalMessage) => void;
  readonly onFault?: (fault: LineFault) => void;
}

export interface LocalBroker {
  /** Filters that the broker did not grant when it was opened. */
  readonly refused: readonly string[];
  subscribe(filters: readonly string[]): void;
  publish(messages: readonly Outgoing[]): void;
  close(): Promise<void>;
}

/** A site's broker is near: one that is there answers sooner. */
const openMsMax = 5_000;
const reconnectMs = 1_000;
const refusedCode = 128;

/** Connects and subscribes. @throws LineFault when the broker cannot be reached within 5 s, or lets nothing be heard */
export function openLocalBroker({ url, ca, clock, filters, onMessage, onFault = () => {} }: LocalBrokerPorts): Promise<LocalBroker> {
  const client = connect(url, {
    protocolVersion: 4,
    clean: true,
    clientId: `sunward-${crypto.randomUUID().slice(0, 12)}`,
    reconnectPeriod: reconnectMs,
    resubscribe: false,
    ...(ca === undefined ? {} : { ca }),
  });
  const where = url.replace(/\/\/[^@/]*@/, '//');
  client.on('message', (topic, payload, { retain }) =>
    onMessage({ topic, payload: Uint8Array.from(payload), receivedAt: clock.now(), retained: retain }),
  );
  return new Promise((resolve, reject) => {
    let last: unknown;
    const giveUp = (why: string) => {
      client.end(true);
      reject(new LineFault(where, why, last));
    };
    const deadline = setTimeout(
      () => giveUp(`no broker within ${openMsMax / 1_000} s${last ? `: ${(last as Error).message || last}` : ''}`),
      openMsMax,
    );
    client.on('error', (error) => {
      last = error;
      onFault(new LineFault(where, error.message || error.name, error));
    });
    client.on('connect', () => {
      subscribed(client, filters()).then(
        (refused) => {
          if (refused.length > 0) onFault(new LineFault(where, `the broker refuses ${refused.join(', ')}`));
          clearTimeout(deadline);
          resolve(brokerOf(client, refused, (fault) => onFault(new LineFault(where, fault.message, fault))));
        },
        (fault: unknown) => {
          last = fault;
        },
      );
    });
  });
}

/** Those that the broker refused. */
async function subscribed(client: MqttClient, filters: readonly string[]): Promise<readonly string[]> {
  const refused: string[] = [];
  for (let i = 0; i < filters.length; i += 100) {
    const part = filters.slice(i, i + 100);
    await new Promise<void>((resolve, reject) =>
      client.subscribe([...part], { qos: 0 }, (error, grants, packet) => {
        // a refusal comes as an error or as a grant of 128, by what the broker said of the others
        const codes = (packet as { granted?: readonly number[] } | undefined)?.granted ?? grants?.map(({ qos }) => qos as number) ?? [];
        const said = part.filter((_, at) => (codes[at] ?? 0) >= refusedCode);
        if (error && said.length === 0) return reject(error);
        refused.push(...said);
        resolve();
      }),
    );
  }
  return refused;
}

const brokerOf = (client: MqttClient, refused: readonly string[], onFault: (fault: Error) => void): LocalBroker => ({
  refused,
  subscribe: (filters) => {
    subscribed(client, filters).catch(onFault);
  },
  publish: (messages) => {
    for (const { topic, payload } of messages)
      client.publish(topic, Buffer.from(payload), { qos: 0 }, (error) => {
        if (error) onFault(error);
      });
  },
  close: async () => {
    await client.endAsync(true);
  },
});
