/** The brokers: the embedded one, and a real Mosquitto on generated files, let the same people do the same. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type IClientOptions } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFileAccess } from '../../cli/door/broker-access.ts';
import { addCredential, readCredentials } from '../../cli/door/credentials-file.ts';
import { mosquittoFiles } from '../../cli/door/mosquitto-config.ts';
import { identitiesOf } from '../../cli/door/mqtt-rights.ts';
import { type Broker, startBroker } from '../../cli/embedded/broker.ts';
import { createAuthority } from '../fixtures/certificates.ts';
import { type BrokerUnderTest, brokerAccessSuite } from './broker-access.suite.ts';

const identities = identitiesOf([
  { id: 'roof', provider: 'ada', zone: 'DE-LU' },
  { id: 'barn', provider: 'bob', zone: 'DE-LU' },
]);
const folder = mkdtempSync(join(tmpdir(), 'sunward-broker-'));
chmodSync(folder, 0o755);
const credentials = join(folder, 'fleet.credentials');
const passwords: Record<string, string> = {};
const authority = createAuthority(folder);
const rogue = createAuthority(folder, 'rogue');
const served = authority.issue('localhost', 'IP:127.0.0.1,DNS:localhost');

beforeAll(async () => {
  for (const name of identities.keys()) passwords[name] = await addCredential(credentials, name);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Whether a client gets in. */
async function letsIn(url: string, options: IClientOptions): Promise<boolean> {
  const client = connect(url, { reconnectPeriod: 0, connectTimeout: 3_000, protocolVersion: 4, ca: authority.pem, ...options });
  const inside = await new Promise<boolean>((resolve) => {
    client.once('connect', () => resolve(true));
    client.once('error', () => resolve(false));
    client.once('close', () => resolve(false));
  });
  await client.endAsync(true).catch(() => undefined);
  return inside;
}

describe('the embedded broker', () => {
  let broker: Broker;
  const log: string[] = [];
  beforeAll(async () => {
    broker = await startBroker({
      access: createFileAccess(identities, credentials, (line) => log.push(line)),
      outer: { host: '127.0.0.1', port: 0, ...served, clientCa: authority.pem },
      rates: { messages: { perS: 500, burst: 5_000 }, bytes: { perS: 1e6, burst: 4e6 }, connections: 20 },
      log: (line) => log.push(line),
    });
  });
  afterAll(() => broker.stop());
  brokerAccessSuite((): BrokerUnderTest => ({ url: broker.outerUrl ?? '', passwords, ca: authority.pem }));

  test.each<[string, boolean, () => IClientOptions]>([
    ['a site by the common name of its certificate', true, () => authority.issue('roof')],
    ['a site by an alternative name of its certificate', true, () => authority.issue('A roof in Kassel', 'DNS:roof')],
    ['a site by its certificate and its own name', true, () => ({ ...authority.issue('roof'), username: 'roof' })],
    [
      'nobody by a certificate and another’s name and password',
      false,
      () => ({ ...authority.issue('roof'), username: 'barn', password: passwords['barn'] ?? '' }),
    ],
    ['nobody by a certificate of somebody unknown', false, () => authority.issue('eve')],
    ['nobody by a certificate that another authority signed', false, () => rogue.issue('roof')],
    [
      'nobody by a certificate of another authority, although the password is right',
      false,
      () => ({ ...rogue.issue('roof'), username: 'roof', password: passwords['roof'] ?? '' }),
    ],
    ['nobody by a certificate that is over', false, () => authority.issue('roof', undefined, -1)],
  ])('lets in %s: %s', async (_, want, options) => expect(await letsIn(broker.outerUrl ?? '', options())).toBe(want));

  test('speaks nothing but TLS where others come in', async () => {
    expect(await letsIn((broker.outerUrl ?? '').replace('mqtts', 'mqtt'), { username: 'roof', password: passwords['roof'] ?? '' })).toBe(
      false,
    );
  });

  test('told of refusals, and of no password', () => {
    expect(log.some((line) => /barn: may not publish on /.test(line))).toBe(true);
    for (const password of Object.values(passwords)) expect(log.join('\n')).not.toContain(password);
    expect(broker.stats().refused.publish).toBeGreaterThan(20);
  });
});

const mosquitto = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/usr/bin/mosquitto'].find((path) => {
  try {
    execFileSync('test', ['-x', path]);
    return true;
  } catch {
    return false;
  }
});
test.runIf(mosquitto === undefined)('Mosquitto is not installed here; CI has it', () => expect(process.env['CI']).not.toBe('true'));

describe.runIf(mosquitto !== undefined)('Mosquitto, with generated files', () => {
  let child: ChildProcess;
  let [port, certificatePort] = [0, 0];
  const url = (at: number) => `mqtts://127.0.0.1:${at}`;
  beforeAll(async () => {
    [port, certificatePort] = [await freePort(), await freePort()];
    const files = mosquittoFiles({
      identities,
      credentials: readCredentials(credentials),
      folder,
      host: '127.0.0.1',
      port,
      tls: { cert: served.certFile, key: served.keyFile },
      certificates: { ca: authority.file, port: certificatePort },
      limits: { packetBytes: 70_000, connections: 1_000, keepaliveS: 300, inflight: 100 },
    });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644); // it gives up its rights and reads then
    child = spawn(mosquitto ?? '', ['-c', join(folder, 'mosquitto.conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    for (const end = Date.now() + 10_000; !/ running/.test(said); await sleep(20))
      if (child.exitCode !== null || Date.now() > end) throw new Error(`Mosquitto did not start: ${said}`);
  }, 20_000);
  afterAll(async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await gone;
  });
  brokerAccessSuite((): BrokerUnderTest => ({ url: url(port), passwords, ca: authority.pem }));

  test.each<[string, boolean, () => IClientOptions]>([
    ['a site by the common name of its certificate', true, () => authority.issue('roof')],
    ['nobody by a certificate that another authority signed', false, () => rogue.issue('roof')],
    ['nobody without a certificate', false, () => ({ username: 'roof', password: passwords['roof'] ?? '' })],
  ])('lets in %s: %s', async (_, want, options) => expect(await letsIn(url(certificatePort), options())).toBe(want));

  test('reads hashes of ours, and we read its own', async () => {
    const file = join(folder, 'theirs');
    execFileSync('mosquitto_passwd', ['-c', '-b', file, 'roof', 'made by mosquitto_passwd']);
    const access = createFileAccess(identities, file, () => {});
    expect(await access.byPassword('roof', 'made by mosquitto_passwd')).toMatchObject({ site: 'roof' });
    expect(await access.byPassword('roof', 'made by mosquitto_passw')).toBeUndefined();
    expect(readFileSync(file, 'utf8')).toMatch(/^roof:\$7\$/);
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
