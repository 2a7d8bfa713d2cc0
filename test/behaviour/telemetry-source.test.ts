/**
 * The line's behaviour: in memory, over the embedded broker, over a real Mosquitto; and what a broker must withstand.
 */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Broker, packetBytesMax, startBroker } from '../../cli/embedded/broker.ts';
import { createMqttTelemetrySource, createMqttUplink } from '../../energy-oracle/telemetry/mqtt-telemetry.ts';
import { createMemoryLine, type RawMessage } from '../../energy-oracle/telemetry/telemetry-source.ts';
import { wallClock } from '../../units/clock.ts';
import { hasMosquitto, mosquittoNote, startMosquitto } from '../fixtures/mosquitto.ts';
import { pause, telemetryLineBehaviour, until } from './telemetry-source.suite.ts';

const memory = createMemoryLine({ clock: wallClock });
telemetryLineBehaviour('memory', {
  start: async () => {},
  stop: async () => {},
  source: () => memory.source,
  uplink: () => memory.uplink(),
  restart: undefined,
});

interface RunningBroker {
  readonly port: number;
  stop(): Promise<void>;
}

/** The behaviour over a broker, and its defences, given how to start one on a port (0: any). */
function brokerBehaviour(name: string, start: (port: number) => Promise<RunningBroker>): void {
  let broker: RunningBroker;
  const line = () => ({ url: `mqtt://127.0.0.1:${broker.port}` });
  telemetryLineBehaviour(name, {
    start: async () => {
      broker = await start(0);
    },
    stop: () => broker.stop(),
    source: () => createMqttTelemetrySource({ line: line(), clock: wallClock }),
    uplink: () => createMqttUplink({ line: line() }),
    restart: async (awayMs) => {
      const { port } = broker;
      await broker.stop();
      await pause(awayMs);
      broker = await start(port);
    },
  });

  describe(`the broker ${name}`, () => {
    let one: RunningBroker;
    beforeAll(async () => {
      one = await start(0);
    }, 20_000);
    afterAll(() => one.stop());

    test('hangs up on a packet that declares too much, before it is sent, and on nobody else', async () => {
      const got: RawMessage[] = [];
      const url = `mqtt://127.0.0.1:${one.port}`;
      const source = createMqttTelemetrySource({ line: { url }, clock: wallClock });
      await source.open((message) => got.push(message));
      const rogue = await connectedSocket(one.port);
      const closed = new Promise<void>((resolve) => rogue.on('close', () => resolve()));
      rogue.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x61])); // PUBLISH of 256 MB, of which three bytes come
      rogue.write(Buffer.alloc(60_000));
      await Promise.race([closed, pause(3_000).then(() => Promise.reject(new Error('still connected')))]);
      const uplink = createMqttUplink({ line: { url } });
      await uplink.open('acme/calm', () => {});
      await uplink.send('energy/v1/acme/calm/pv_power', new Uint8Array(packetBytesMax - 1_000));
      await until(() => got.length === 1);
      await uplink.close();
      await source.close();
    });
  });
}

/** A raw socket after CONNECT and CONNACK. */
async function connectedSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {}); // a reset is one way of being hung up on
  const id = Buffer.from('rogue');
  const body = Buffer.concat([Buffer.from([0, 4]), Buffer.from('MQTT'), Buffer.from([4, 2, 0, 30, 0, id.length]), id]);
  socket.write(Buffer.concat([Buffer.from([0x10, body.length]), body]));
  await new Promise<void>((resolve) => socket.once('data', () => resolve()));
  return socket;
}

brokerBehaviour('aedes (embedded)', (port) => startBroker({ port }));

if (hasMosquitto) brokerBehaviour('Mosquitto', (port) => startMosquitto(port === 0 ? {} : { port }));
else test(`the line over Mosquitto${mosquittoNote}`, ({ skip }) => skip());

describe('the embedded broker', () => {
  test('stops within a second with clients that hold on, and frees its port', async () => {
    const broker: Broker = await startBroker();
    const rogue = await connectedSocket(broker.port);
    const source = createMqttTelemetrySource({ line: { url: broker.url }, clock: wallClock });
    await source.open(() => {});
    const start = Date.now();
    await broker.stop();
    expect(Date.now() - start).toBeLessThan(1_000);
    const again = await startBroker({ port: broker.port });
    expect(again.port).toBe(broker.port);
    rogue.destroy();
    await source.close();
    await again.stop();
  });

  test('says which address is taken instead of hanging', async () => {
    const broker = await startBroker();
    await expect(startBroker({ port: broker.port })).rejects.toThrow(String(broker.port));
    await broker.stop();
  });

  test('hangs up on a length that MQTT does not know, split over chunks, and keeps serving', async () => {
    const broker = await startBroker();
    const rogue = await connectedSocket(broker.port);
    const closed = new Promise<void>((resolve) => rogue.on('close', () => resolve()));
    for (const byte of [0x30, 0x80, 0x80, 0x80, 0x80, 0x01]) {
      rogue.write(Buffer.from([byte]));
      await pause(5);
    }
    await closed;
    const uplink = createMqttUplink({ line: { url: broker.url } });
    await uplink.open('acme/calm', () => {});
    await uplink.close();
    await broker.stop();
  });
});
