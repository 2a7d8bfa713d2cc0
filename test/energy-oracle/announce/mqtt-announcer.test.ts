/**
 * MQTT announcer: what a real broker keeps of it, read by `mosquitto_sub`.
 */
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Announcer, createMqttAnnouncer } from '../../../energy-oracle/announce/mqtt-announcer.ts';
import { createMqttTelemetrySource } from '../../../energy-oracle/telemetry/mqtt-telemetry.ts';
import { wallClock } from '../../../units/clock.ts';
import { hasMosquitto, type Mosquitto, mosquittoNote, overheard, startMosquitto } from '../../fixtures/mosquitto.ts';

describe.skipIf(!hasMosquitto)(`what is announced on a Mosquitto${mosquittoNote}`, () => {
  let broker: Mosquitto;
  let announcer: Announcer;
  const config = 'homeassistant/device/sunward_roof/config';
  const forecast = 'energy/v1/acme/roof/forecast/price';
  const messages = [
    { topic: config, payload: '{"origin":{"name":"Sunward"}}' },
    { topic: forecast, payload: '[{"start":"2026-11-22T12:00:00Z","end":"2026-11-22T12:15:00Z","value":0.08}]' },
  ];
  const lines = messages.map(({ topic, payload }) => `${topic} ${payload}`);
  const retained = async () => (await overheard(broker, '#', 1, ['--retained-only'])).sort();
  beforeAll(async () => {
    broker = await startMosquitto();
    announcer = createMqttAnnouncer({ line: { url: broker.url }, prefix: 'homeassistant' });
    announcer.announce(messages); // before it is connected
    await pause(500);
  });
  afterAll(() => broker.stop());

  test('is kept for whoever comes later', async () => expect(await retained()).toEqual([...lines, 'sunward/status online'].sort()));
  test('is told again when Home Assistant is born, and not when nothing changed', async () => {
    const live = overheard(broker, '#', 3, ['-R']);
    await pause(500);
    announcer.announce(messages);
    await pause(500);
    const home = await connectAsync(broker.url);
    await home.publishAsync('homeassistant/status', 'online');
    await home.endAsync();
    expect((await live).sort()).toEqual(['homeassistant/status online', 'sunward/status online', ...lines].sort());
  });
  test('stays online while one of two is left', async () => {
    const other = createMqttAnnouncer({ line: { url: broker.url }, prefix: 'homeassistant' });
    await pause(500);
    await other.close();
    await pause(200);
    expect(await retained()).toContain('sunward/status online');
  });
  test('is offline by word when it ends, and by will when its process is killed', async () => {
    await announcer.close();
    expect(await retained()).toContain('sunward/status offline');
    const program = `import { createMqttAnnouncer } from './energy-oracle/announce/mqtt-announcer.ts'; createMqttAnnouncer({ line: { url: '${broker.url}' }, prefix: 'homeassistant' });`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], { stdio: 'ignore' });
    for (let tries = 0; tries < 20 && !(await retained()).includes('sunward/status online'); tries++);
    expect(await retained()).toContain('sunward/status online');
    child.kill('SIGKILL');
    await pause(300);
    expect(await retained()).toContain('sunward/status offline');
  });
  test('is no reading to the oracle, nor is a meter’s presence', async () => {
    const got: string[] = [];
    const source = createMqttTelemetrySource({ line: { url: broker.url }, clock: wallClock });
    await source.open(({ topic }) => got.push(topic));
    const meter = await connectAsync(broker.url);
    await meter.publishAsync('energy/v1/acme/roof/status', 'online', { qos: 1 });
    await meter.publishAsync('energy/v1/acme/roof/forecast/pv_power/p10', '[]', { qos: 1 });
    await meter.publishAsync('energy/v1/acme/roof/pv_power', '{}', { qos: 1 });
    await meter.publishAsync('energy/v1/acme/roof/forecasts', '{}', { qos: 1 });
    await pause(300);
    await meter.endAsync();
    await source.close();
    expect(got).toEqual(['energy/v1/acme/roof/pv_power', 'energy/v1/acme/roof/forecasts']);
  });
});
