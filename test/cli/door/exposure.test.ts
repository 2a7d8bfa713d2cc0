/** What serve refuses to open to strangers, and what it says when it is told to all the same. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { mintKey } from '../../../cli/door/api-key.ts';
import { createMemoryApiKeyStore } from '../../../cli/door/api-key-store.ts';
import { createLog } from '../../../cli/log.ts';
import { type DoorOptions, ExposureFault, prepareDoor } from '../../../cli/serve-door.ts';

const folder = mkdtempSync(join(tmpdir(), 'sunward-exposure-'));
const pem = join(folder, 'some.pem');
writeFileSync(pem, 'PEM');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const real = { CHAIN_RPC_URL: 'https://chain.example', CHAIN_KEY: `0x${'42'.repeat(32)}` };
const tls = { tlsCert: pem, tlsKey: pem };
function open(options: Partial<DoorOptions>) {
  const lines: string[] = [];
  const log = createLog({ scrub: (text) => text }, (line) => lines.push(line));
  const door = prepareDoor({ fleet: join(folder, 'fleet.yaml'), host: '127.0.0.1', env: {}, ...options }, [], log);
  return { door, said: () => lines.join('') };
}

describe('serve', () => {
  test.each<[string, Partial<DoorOptions>, RegExp]>([
    ['all addresses, with nothing', { host: '0.0.0.0' }, /without TLS[\s\S]*keys that everybody knows/],
    ['all addresses of IPv6, with nothing', { host: '::' }, /without TLS/],
    ['a name that is not this machine’s', { host: 'oracle.example', env: real }, /without TLS/],
    ['the network without TLS', { host: '192.168.1.5', env: real }, /the API on 192\.168\.1\.5 is without TLS: give --tls-cert/],
    ['the network with the demo chain', { host: '0.0.0.0', ...tls }, /keys that everybody knows: set CHAIN_RPC_URL/],
    [
      'the network with a key out of a manual',
      { host: '0.0.0.0', ...tls, env: { ...real, CHAIN_KEY: 'test test test test test test test test test test test junk' } },
      /keys that everybody knows/,
    ],
    ['a broker across the network without TLS', { env: { ...real, MQTT_URL: 'mqtt://10.0.0.7:1883', MQTT_BINDS_SITES: '1' } }, /use mqtts/],
  ])('does not start on %s', (_, options, why) => {
    expect(() => open(options)).toThrow(ExposureFault);
    expect(() => open(options)).toThrow(why);
    expect(open({ ...options, insecure: true }).said()).toMatch(/server\.insecure warn: /);
  });

  test.each<[string, Partial<DoorOptions>]>([
    ['loopback, with nothing', {}],
    ['loopback of IPv6', { host: '::1' }],
    ['the network with TLS, a chain, and keys', { host: '0.0.0.0', ...tls, env: real }],
    ['a broker for all, over TLS', { ...tls, brokerListen: '0.0.0.0:8883' }],
    ['a broker elsewhere, over TLS', { env: { ...real, MQTT_URL: 'mqtts://broker.example', MQTT_BINDS_SITES: '1' } }],
  ])('starts on %s, and finds nothing open', (_, options) => expect(open(options).said()).not.toMatch(/insecure/));

  test('does not open an API on the network that no key opens, or only keys that are over', async () => {
    const { door } = open({ host: '0.0.0.0', ...tls, env: real });
    const keys = createMemoryApiKeyStore();
    await keys.add(mintKey({ role: 'operator', subject: undefined, createdAt: 0, expiresAt: 1 }).key);
    await expect(door.gate({ keys })).rejects.toThrow(/no key to be opened with: make one with `sunward oracle keys add`/);
    await keys.add(mintKey({ role: 'operator', subject: undefined, createdAt: 0, expiresAt: undefined }).key);
    expect((await door.gate({ keys })).prove).toBeDefined();
  });

  test('asks for keys on loopback when it is told to, and not otherwise', async () => {
    const keys = createMemoryApiKeyStore();
    expect((await open({}).door.gate({ keys })).prove).toBeUndefined();
    expect((await open({ requireKeys: true }).door.gate({ keys })).prove).toBeDefined();
  });

  test('lets nobody without a password onto its broker, unless it is told to', () => {
    expect(open({}).door.broker?.access).toBeDefined();
    expect(open({ insecure: true }).door.broker).toBeUndefined();
    expect(open({ insecure: true }).said()).toMatch(/lets anybody in and do everything/);
  });

  test('says that unsigned readings are not taken from a broker that may not bind connections to sites', () => {
    expect(open({ env: { MQTT_URL: 'mqtt://127.0.0.1' } }).said()).toMatch(/set MQTT_BINDS_SITES=1/);
  });

  test.each<[string, Partial<DoorOptions>, RegExp]>([
    ['a certificate without its key', { tlsCert: pem }, /go together/],
    ['a file that is not there', { ...tls, tlsKey: '/none.pem' }, /--tls-key: \/none\.pem cannot be read \(ENOENT\)/],
    ['an outer broker without TLS', { brokerListen: '0.0.0.0:8883' }, /needs --tls-cert/],
    ['an outer broker beside another', { ...tls, brokerListen: '0.0.0.0:8883', env: { MQTT_URL: 'mqtts://b' } }, /give one of them/],
    ['an address without a port', { ...tls, brokerListen: '0.0.0.0' }, /allowed: address:port/],
  ])('refuses %s', (_, options, why) => expect(() => open(options)).toThrow(why));
});
