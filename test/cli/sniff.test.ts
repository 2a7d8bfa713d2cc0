/**
 * Sniff: the command against a real broker that speaks every dialect.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectAsync, type MqttClient } from 'mqtt';
import { get } from 'sparkplug-payload';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDialectFile } from '../../cli/dialect-file.ts';
import { createTranslator } from '../../energy-oracle/telemetry/dialects/dialect-translator.ts';
import { hasMosquitto, type Mosquitto, mosquittoNote, overheard, startMosquitto } from '../fixtures/mosquitto.ts';

const run = promisify(execFile);
const command = ['--import', 'tsx', 'cli/main.ts', 'oracle', 'sniff'];
const folder = mkdtempSync(join(tmpdir(), 'sniff-'));

interface Row {
  readonly topic: string;
  readonly dialect: string | null;
  readonly device: string | null;
  readonly measure: string | null;
  readonly stream: string | null;
  readonly guess: string | null;
  readonly unit: string | null;
  readonly sign: string | null;
  readonly value: number | null;
  readonly ageS: number;
  readonly refusal: string | null;
}

const sparkplug = (seq: number, metrics: readonly object[]): Uint8Array =>
  get('spBv1.0')?.encodePayload({ timestamp: Date.now(), seq, metrics } as never) ?? new Uint8Array();

/** One round of what meters say; `sparkplugSeq` goes on from round to round. */
const round = (sparkplugSeq: number): [string, string | Uint8Array][] => [
  ['evcc/site/pvPower', '936'],
  ['N/abc/system/0/Serial', '{"value":"abc"}'],
  ['N/abc/system/0/Dc/Battery/Power', '{"value":500}'],
  ['roof/state', '{"p":1.25}'],
  ['homeassistant/sensor/cellar/unit_of_measurement', '"W"'],
  ['homeassistant/sensor/cellar/state', '77'],
  ['shellypro3em-a/status/em:0', '{"id":0,"total_act_power":-60.2}'],
  ['tele/garage/SENSOR', '{"Time":"2026-11-22T08:00:00","ENERGY":{"Total":3.185,"Power":120}}'],
  ['zigbee2mqtt/heater', '{"power":12.3,"energy":4.56}'],
  ['energy/v1/acme/roof/load_power', JSON.stringify({ ts: new Date().toISOString(), value: 0.4, unit: 'kW' })],
  ['spBv1.0/plant/NDATA/edge1', sparkplug(sparkplugSeq, [{ name: 'PV/Power', type: 'Double', value: 2 }])],
  ['somewhere/else', 'hello'],
];

describe.skipIf(!hasMosquitto)(`sunward oracle sniff, on a Mosquitto${mosquittoNote}`, () => {
  let broker: Mosquitto;
  let meters: MqttClient;
  let timer: NodeJS.Timeout;
  beforeAll(async () => {
    broker = await startMosquitto();
    meters = await connectAsync(broker.url);
    const config = {
      dev: { ids: 'roof' },
      cmps: { power: { p: 'sensor', dev_cla: 'power', unit_of_meas: 'kW', stat_t: 'roof/state', val_tpl: '{{ value_json.p }}' } },
    };
    await meters.publishAsync('homeassistant/device/roof/config', JSON.stringify(config), { retain: true });
    let seq = 0;
    timer = setInterval(() => {
      const birth = sparkplug(0, [
        { name: 'PV/Power', type: 'Double', value: 1, properties: { engUnit: { type: 'String', value: 'kW' } } },
      ]);
      if (seq === 0) meters.publish('spBv1.0/plant/NBIRTH/edge1', Buffer.from(birth));
      for (const [topic, payload] of round(seq + 1)) meters.publish(topic, Buffer.from(payload));
      seq = (seq + 1) % 3;
    }, 200);
  });
  afterAll(async () => {
    clearInterval(timer);
    await meters?.endAsync(true);
    await broker?.stop();
  });

  const rowsOf = async (...flags: string[]): Promise<Row[]> =>
    JSON.parse((await run(process.execPath, [...command, '--mqtt', broker.url, '--for', '3s', '--json', ...flags])).stdout).rows;

  test('shows what it would understand, what it would not and why, and says nothing itself', async () => {
    const spoken = overheard(broker, 'R/#', 8);
    const rows = await rowsOf();
    const seen = rows.map(({ device, measure, stream, unit, sign, value }) => [device, measure, stream, unit, sign, value]);
    for (const wanted of [
      ['evcc/site', 'pv', 'pv_power', 'W', '+', 936],
      ['victron/abc', 'battery', 'battery_power', 'W', '-', -500],
      ['sunward/acme/roof', 'load_power', 'load_power', 'kW', '+', 400],
      ['homeassistant/roof', 'power', null, 'kW', '+', 1_250],
      ['statestream/sensor.cellar', 'state', null, 'W', '+', 77],
      ['shelly/shellypro3em-a/em:0', 'power', null, 'W', '+', -60.2],
      ['tasmota/garage', 'energy', null, 'kWh', '+', 3_185],
      ['zigbee2mqtt/heater', 'power', null, 'W', '+', 12.3],
      ['sparkplug/plant/edge1', 'PV/Power', null, 'kW', '+', 2_000],
    ])
      expect(seen).toContainEqual(wanted);
    const row = (device: string, measure: string) => rows.find((each) => each.device === device && each.measure === measure);
    expect(row('zigbee2mqtt/heater', 'power')).toMatchObject({
      guess: 'load_power',
      refusal: expect.stringContaining('only its owner knows'),
    });
    expect(row('evcc/site', 'pv')?.ageS).toBeLessThan(3);
    expect(rows.find(({ topic }) => topic === 'somewhere/else')).toMatchObject({ dialect: null, refusal: 'no dialect knows this topic' });
    expect(await spoken).toEqual([]);
  });

  test('keeps a Victron awake when asked to', async () => {
    const spoken = overheard(broker, 'R/#', 10, ['-C', '1']);
    await rowsOf('--keepalive');
    expect(await spoken).toEqual(['R/abc/keepalive (null)']);
  });

  test('saves a mapping that the gateway takes, with guesses left to their owner', async () => {
    const mine = join(folder, 'mine.yaml');
    const saved = join(folder, 'saved.yaml');
    writeFileSync(
      mine,
      'variables:\n  tasmota: {timezone: Europe/Berlin}\ndevices:\n  - {device: zigbee2mqtt/heater, stream: load_power}\n',
    );
    await rowsOf('--dialects', mine, '--save', saved);
    const text = readFileSync(saved, 'utf8');
    expect(text).toContain('# - { device: tasmota/garage, measure: energy, stream: "?" }');
    const mapping = readDialectFile(saved);
    expect(mapping).toMatchObject({ others: 'ignore', variables: { tasmota: { timezone: 'Europe/Berlin' } } });
    const ear = createTranslator({ mapping });
    const hear = (topic: string, payload: string) =>
      ear
        .hear({ topic, payload: new TextEncoder().encode(payload), receivedAt: Date.now() })
        .observations.map(({ stream, value }) => [stream, value]);
    expect(hear('zigbee2mqtt/heater', '{"power":12.3}')).toEqual([['load_power', 12.3]]);
    expect(hear('evcc/site/pvPower', '936')).toEqual([['pv_power', 936]]);
    expect(hear('shellypro3em-a/status/em:0', '{"total_act_power":5}')).toEqual([]);
    await expect(run(process.execPath, [...command, '--mqtt', broker.url, '--save', saved])).rejects.toThrow('is there already');
  });

  test('prints tables for people, and ends when it is told to', async () => {
    const child = spawn(process.execPath, [...command, '--mqtt', broker.url, '--for', '1h'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.stderr.once('data', () => child.kill('SIGINT')); // its first line of progress
    await new Promise((resolve) => child.once('exit', resolve));
    expect(text).toMatch(/DEVICE +MEASURE +STREAM +W, Wh, % +SAID IN +SIGN +AGE +TOPIC/);
    expect(text).toMatch(/evcc\/site +pv +pv_power +936 +W/);
    expect(text).toMatch(/Not taken:/);
    expect(text).toMatch(/1 topics that no dialect knows: somewhere\/else/);
  });
});

test('sunward oracle sniff says which broker does not answer', async () => {
  await expect(run(process.execPath, [...command, '--mqtt', 'mqtt://127.0.0.1:9', '--for', '1s'])).rejects.toThrow(
    /mqtt:\/\/127\.0\.0\.1:9: no broker within 5 s/,
  );
}, 40_000);
