/** `sunward key` and the API it speaks to: an owner's statements over HTTP, by wallet and by hand. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import express from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ethersSignerOf } from '../../energy-oracle/telemetry/keys/ethers-owner-wallet.ts';
import { type KeysWire, keyApi } from '../../energy-oracle/telemetry/keys/http-key-api.ts';
import { openKeyRegistry } from '../../energy-oracle/telemetry/keys/key-registry.ts';
import { statementWire } from '../../energy-oracle/telemetry/keys/key-statement.ts';
import { createMemoryKeyStore } from '../../energy-oracle/telemetry/keys/key-store.ts';
import { wallClock } from '../../units/clock.ts';
import { SLOT, slotOf, toIso } from '../../units/time.ts';
import { ownedSite, owner, ownerKey, statementOf, stranger } from '../energy-oracle/telemetry/keys/owner.ts';
import { keyOf } from '../energy-oracle/telemetry/messages.ts';

const folder = mkdtempSync(join(tmpdir(), 'sunward-key-'));
const wallet = join(folder, 'owner.wallet');
let server: Server;
let api = '';
const sunward = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', 'cli/main.ts', ...args]).catch(
    (fault: { stdout: string; stderr: string }) => fault,
  );
const tell = (action: string, meterKey: string, ...more: string[]) =>
  sunward('key', action, '--site', 'site-0', '--meter-key', meterKey, '--wallet', wallet, '--api', api, ...more);
const post = async (body: unknown, site = 'site-0') => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(`${api}/v1/sites/${site}/keys`, { method: 'POST', body: text, headers });
  return { status: response.status, body: (await response.json().catch(() => undefined)) as Record<string, unknown> };
};

beforeAll(async () => {
  writeFileSync(wallet, `${ownerKey}\n`, { mode: 0o600 });
  const registry = await openKeyRegistry({
    sites: [ownedSite],
    store: createMemoryKeyStore(),
    signerOf: ethersSignerOf,
    clock: wallClock,
    tell: () => {},
  });
  server = createServer(express().use(keyApi({ clock: wallClock, sites: [ownedSite], registry })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

describe('the keys of a site over HTTP', () => {
  const now = slotOf(Date.now());
  const fresh = statementOf({ from: now + 2 * SLOT });
  const signed = async (statement = fresh, by = owner) => statementWire(statement, await by.sign(statement));

  test('are the site file’s first', async () => {
    const keys = (await (await fetch(`${api}/v1/sites/site-0/keys`)).json()) as KeysWire;
    expect(keys).toEqual({
      site: 'site-0',
      provider: 'provider-0',
      owner: ownedSite.owner,
      nonce: 1,
      keys: [{ meterKey: ownedSite.meterKey, from: null, until: null, ended: null, valid: true }],
    });
    expect((await fetch(`${api}/v1/sites/nowhere/keys`)).status).toBe(404);
  });

  test('refuse what cannot be read with 400, a stranger with 403, no such site with 404, what does not follow with 409', async () => {
    expect(await post(await signed(fresh, stranger))).toMatchObject({ status: 403, body: { error: 'not-the-owner', nonce: 1 } });
    expect(await post(await signed(), 'nowhere')).toMatchObject({ status: 404 });
    expect(await post(await signed({ ...fresh, nonce: 7 }))).toMatchObject({ status: 409, body: { error: 'nonce', nonce: 1 } });
    expect(await post(await signed({ ...fresh, action: 'enrol' }))).toMatchObject({ status: 409, body: { error: 'key-in-force' } });
    const good = await signed();
    for (const bad of [
      {},
      [],
      { ...good, more: 1 },
      { ...good, nonce: 0 },
      { ...good, from: toIso(now + 1_000) },
      { ...good, from: 'noon' },
      { ...good, meterKey: 'AB'.repeat(32) },
      { ...good, signature: '0x1234' },
      { ...good, action: 'steal' },
    ])
      expect(await post(bad)).toMatchObject({ status: 400, body: { error: 'bad-request', detail: expect.any(String) } });
    expect((await post('{"action":')).status).toBe(400);
    expect((await post({ ...good, action: 'x'.repeat(4_000) })).status).toBe(413);
  });
});

describe('sunward key', () => {
  const [first, second, third] = [ownedSite.meterKey, keyOf(50).publicKey, keyOf(51).publicKey];

  test('rotates, revokes and enrols with the owner’s wallet', async () => {
    const rotated = await tell('rotate', second, '--json');
    const keys = JSON.parse(rotated.stdout) as KeysWire;
    expect(keys).toMatchObject({
      nonce: 2,
      keys: [
        { meterKey: first, ended: 'rotated' },
        { meterKey: second, until: null, valid: false },
      ],
    });
    expect(Date.parse(keys.keys[1]?.from ?? '')).toBeGreaterThan(Date.now());
    const from = keys.keys[1]?.from ?? '';
    expect((await tell('revoke', second, '--from', from)).stdout).toMatch(
      new RegExp(`${second}\\s+${from}\\s+${from} \\(revoked\\)\\s+not valid`),
    );
    expect(JSON.parse((await tell('enrol', third, '--from', from, '--json')).stdout)).toMatchObject({ nonce: 4 });
  }, 60_000);

  test('says what is wrong, and never shows the wallet', async () => {
    const taken = await tell('enrol', third);
    expect(taken.stderr).toMatch(/409 key-known: a key is enrolled once/);
    writeFileSync(join(folder, 'other.wallet'), `0x${'11'.repeat(32)}\n`);
    writeFileSync(join(folder, 'broken.wallet'), 'secret words that are no key');
    const with_ = (file: string) => tell('rotate', keyOf(52).publicKey, '--wallet', join(folder, file));
    expect((await with_('other.wallet')).stderr).toContain(`the wallet in ${join(folder, 'other.wallet')} is ${stranger.address}`);
    const broken = await with_('broken.wallet');
    expect(broken.stderr).toMatch(/broken.wallet: expected 0x and 64 digits/);
    expect(`${broken.stdout}${broken.stderr}`).not.toContain('secret words');
    expect((await with_('none.wallet')).stderr).toMatch(/no such file/);
    expect((await tell('rotate', 'abc')).stderr).toMatch(/the public key that `sunward key FILE` prints/);
    expect((await tell('rotate', third, '--api', 'http://127.0.0.1:9')).stderr).toMatch(/does not answer; is the oracle running there/);
  }, 60_000);

  test('makes a key as before, once', async () => {
    const file = join(folder, 'meter.key');
    expect((await sunward('key', file)).stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect((await sunward('key', file)).stderr).toMatch(/is there already/);
  }, 30_000);
});
