/** What the embedded broker withstands: floods, giants, the silent and the slow. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createFileAccess, type OwnAccess } from '../../../cli/door/broker-access.ts';
import { addCredential, removeCredential } from '../../../cli/door/credentials-file.ts';
import { identitiesOf } from '../../../cli/door/mqtt-rights.ts';
import { type Broker, startBroker } from '../../../cli/embedded/broker.ts';

const folder = mkdtempSync(join(tmpdir(), 'sunward-limits-'));
const file = join(folder, 'fleet.credentials');
const identities = identitiesOf(['roof', 'barn', 'shed'].map((id) => ({ id, provider: 'ada', zone: 'DE-LU' })));
const passwords: Record<string, string> = {};
const log: string[] = [];
let access: OwnAccess;
let broker: Broker;
const clients: MqttClient[] = [];
const sockets: Socket[] = [];

const dial = async (username: string, password = passwords[username] ?? '', clientId?: string): Promise<MqttClient> => {
  const client = connect(broker.url, { username, password, reconnectPeriod: 0, connectTimeout: 3_000, ...(clientId ? { clientId } : {}) });
  client.on('error', () => undefined);
  clients.push(client);
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('close', () => reject(new Error('closed')));
  });
  return client;
};
const raw = (bytes: Buffer): Promise<number> => {
  const began = performance.now();
  return new Promise((resolve) => {
    const socket = connectSocket(broker.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('error', () => undefined).resume();
    socket.on('close', () => resolve(performance.now() - began));
    sockets.push(socket);
  });
};

beforeAll(async () => {
  for (const name of ['roof', 'barn', 'shed']) passwords[name] = await addCredential(file, name);
  access = createFileAccess(identities, file, (line) => log.push(line));
  broker = await startBroker({
    access,
    log: (line) => log.push(line),
    rates: { messages: { perS: 100, burst: 200 }, bytes: { perS: 200_000, burst: 400_000 }, connections: 4 },
  });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true).catch(() => undefined)));
});
afterAll(async () => {
  await broker.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the embedded broker', () => {
  test('reads a flooding site no faster than its rate, over all its connections, and others are heard at once', async () => {
    const service = await dial(access.service.username, access.service.password);
    const heard: Record<string, number> = { roof: 0, barn: 0 };
    service.on('message', (topic) => {
      const site = topic.split('/')[3] ?? '';
      heard[site] = (heard[site] ?? 0) + 1;
    });
    await service.subscribeAsync('energy/#', { qos: 1 });
    const flood = [await dial('roof'), await dial('roof')];
    for (const client of flood) for (let i = 0; i < 2_000; i++) client.publish('energy/v1/ada/roof/pv_power', 'x'.repeat(200), { qos: 0 });
    const honest = await dial('barn');
    const waits: number[] = [];
    const began = performance.now();
    while (performance.now() - began < 2_000) {
      const sent = performance.now();
      await honest.publishAsync('energy/v1/ada/barn/pv_power', 'x', { qos: 1 });
      waits.push(performance.now() - sent);
      await sleep(20);
    }
    // of both connections of one site: a burst of 200 and 100 a second, beside what was already on its way (one read, 64 KiB)
    expect(heard['roof']).toBeLessThan(1_500);
    expect(heard['roof']).toBeGreaterThan(200);
    expect(waits.sort((a, b) => a - b)[Math.floor(waits.length / 2)]).toBeLessThan(100);
    expect(broker.stats().throttled).toBeGreaterThan(0);
    expect(log.some((line) => /over its rate/.test(line))).toBe(true);
  }, 20_000);

  test('turns away more connections of one site than it may have, and lets others in', async () => {
    for (let i = 0; i < 4; i++) await dial('shed');
    await expect(dial('shed')).rejects.toThrow();
    expect((await dial('barn')).connected).toBe(true);
    await clients.shift()?.endAsync(true);
    await sleep(100);
    expect((await dial('shed')).connected).toBe(true);
  });

  test('lets nobody take a client id that another holds, and its holder take it over', async () => {
    const roof = await dial('roof', undefined, 'meter-1');
    await expect(dial('barn', undefined, 'meter-1')).rejects.toThrow();
    expect(roof.connected).toBe(true);
    expect((await dial('roof', undefined, 'meter-1')).connected).toBe(true);
    await sleep(50);
    expect(roof.connected).toBe(false);
  });

  test('keeps no session: who comes back finds nothing that was kept for somebody absent', async () => {
    const client = connect(broker.url, {
      username: 'roof',
      password: passwords['roof'] ?? '',
      clientId: 'kept',
      clean: false,
      reconnectPeriod: 0,
    });
    clients.push(client);
    const present = await new Promise((resolve) => client.once('connect', ({ sessionPresent }) => resolve(sessionPresent)));
    await client.subscribeAsync('energy/v1/ada/roof/receipt', { qos: 1 });
    await client.endAsync(true);
    const again = connect(broker.url, {
      username: 'roof',
      password: passwords['roof'] ?? '',
      clientId: 'kept',
      clean: false,
      reconnectPeriod: 0,
    });
    clients.push(again);
    expect([present, await new Promise((resolve) => again.once('connect', ({ sessionPresent }) => resolve(sessionPresent)))]).toEqual([
      false,
      false,
    ]);
  });

  test.each<[string, Buffer, number]>([
    ['nothing', Buffer.alloc(0), 8_000],
    ['half a CONNECT', Buffer.from([0x10, 0x20, 0x00, 0x04, 0x4d]), 8_000],
    ['a CONNECT of 200 MB', Buffer.from([0x10, 0xff, 0xff, 0xff, 0x5f]), 1_000],
    ['a length of five bytes', Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x01]), 1_000],
    ['a hundred kilobytes of pings', Buffer.alloc(100_000, Buffer.from([0xc0, 0x00])), 8_000],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 8_000],
  ])('hangs up on who sends %s', async (_, bytes, msMax) => expect(await raw(bytes)).toBeLessThan(msMax), 12_000);

  test('lets go of a site whose password was taken back', async () => {
    const roof = await dial('roof');
    const gone = new Promise<void>((resolve) => roof.once('close', () => resolve()));
    removeCredential(file, 'roof');
    await gone;
    await expect(dial('roof')).rejects.toThrow();
    passwords['roof'] = await addCredential(file, 'roof');
    expect((await dial('roof')).connected).toBe(true);
  }, 10_000);

  test('keeps what stood when the file cannot be read any more', async () => {
    const { writeFileSync, readFileSync } = await import('node:fs');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, 'roof:plain text password\n');
    expect((await dial('barn')).connected).toBe(true);
    expect(log.some((line) => /line 1 is not <name>:\$7\$.*the credentials before it stand/.test(line))).toBe(true);
    writeFileSync(file, before);
  });
});
