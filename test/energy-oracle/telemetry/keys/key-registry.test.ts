import { TypedDataEncoder } from 'ethers';
import { describe, expect, test } from 'vitest';
import { ethersSignerOf } from '../../../../energy-oracle/telemetry/keys/ethers-owner-wallet.ts';
import { openKeyRegistry } from '../../../../energy-oracle/telemetry/keys/key-registry.ts';
import { type KeyStatement, keyDomain, keyTypes, typedMessage } from '../../../../energy-oracle/telemetry/keys/key-statement.ts';
import { createMemoryKeyStore } from '../../../../energy-oracle/telemetry/keys/key-store.ts';
import { manualClock } from '../../../../units/clock.ts';
import { SLOT } from '../../../../units/time.ts';
import { keyOf, noon } from '../messages.ts';
import { ownedSite, owner, statementOf, stranger } from './owner.ts';

async function make(store = createMemoryKeyStore()) {
  const clock = manualClock(noon);
  const heard: string[] = [];
  const registry = await openKeyRegistry({ sites: [ownedSite], store, signerOf: ethersSignerOf, clock, tell: (text) => heard.push(text) });
  const tell = async (change: Partial<KeyStatement> = {}, wallet = owner) => {
    const statement = statementOf(change);
    const outcome = await registry.register(statement, await wallet.sign(statement));
    return outcome.kind === 'refused' ? outcome.reason : outcome.kind;
  };
  const valid = (slot: number) => registry.validAt(ownedSite, noon + slot * SLOT);
  return { store, registry, clock, heard, tell, valid };
}
const [first, second, third] = [0, 50, 51].map((number) => keyOf(number).publicKey) as [string, string, string];

describe('the key registry', () => {
  test('lets the owner’s statement count at once, and after a restart', async () => {
    const { tell, valid, store } = await make();
    expect(await tell()).toBe('registered');
    expect([valid(0), valid(1)]).toEqual([first, second]);
    const again = await make(store);
    expect([again.valid(0), again.valid(1)]).toEqual([first, second]);
    expect(await again.tell()).toBe('nonce');
    expect(await again.tell({ nonce: 2, meterKey: third, from: noon + 2 * SLOT })).toBe('registered');
    expect(again.registry.known(ownedSite)).toEqual([first, second, third]);
  });

  test('hears the account that is paid when no owner is named', async () => {
    const paid = { ...ownedSite, owner: undefined, payoutAccount: stranger.address };
    const registry = await openKeyRegistry({
      sites: [paid],
      store: createMemoryKeyStore(),
      signerOf: ethersSignerOf,
      clock: manualClock(noon),
      tell: () => {},
    });
    const statement = statementOf();
    expect(await registry.register(statement, await owner.sign(statement))).toMatchObject({ reason: 'not-the-owner' });
    expect(await registry.register(statement, await stranger.sign(statement))).toMatchObject({ kind: 'registered' });
  });

  test('hears nobody but the owner', async () => {
    const { tell, valid, store } = await make();
    expect(await tell({}, stranger)).toBe('not-the-owner');
    expect(valid(1)).toBe(first);
    expect(await store.statements()).toEqual([]);
  });

  test.each<{ name: string; change: Partial<KeyStatement> }>([
    { name: 'another key', change: { meterKey: third } },
    { name: 'another slot', change: { from: noon + 2 * SLOT } },
    { name: 'another action', change: { action: 'revoke', meterKey: first } },
    { name: 'another provider’s site of that name', change: { provider: 'provider-9' } },
    { name: 'another number', change: { nonce: 2 } },
    { name: 'another site', change: { site: 'site-3' } },
  ])('takes no signature that was given for $name', async ({ change }) => {
    const { registry, valid } = await make();
    const outcome = await registry.register(statementOf(), await owner.sign(statementOf(change)));
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'not-the-owner' });
    expect(valid(1)).toBe(first);
  });

  test('takes no statement twice: the second one has an old number', async () => {
    const { tell, valid } = await make();
    expect(await tell({ action: 'revoke', meterKey: first, from: noon })).toBe('registered');
    expect(await tell({ nonce: 2, action: 'enrol' })).toBe('registered');
    expect(await tell({ action: 'revoke', meterKey: first, from: noon })).toBe('nonce');
    expect([valid(-1), valid(0), valid(1)]).toEqual([first, undefined, second]);
  });

  test('lets one of two statements count that are told at once', async () => {
    const { tell } = await make();
    expect(await Promise.all([tell(), tell({ meterKey: third })])).toEqual(['registered', 'nonce']);
  });

  test('gives way to another oracle on the same store, and learns what that one was told', async () => {
    const store = createMemoryKeyStore();
    const [one, other] = [await make(store), await make(store)];
    expect(await one.tell()).toBe('registered');
    expect(await other.tell({ meterKey: third })).toBe('nonce');
    expect(other.valid(1)).toBe(second);
  });

  test('counts nothing that the store did not keep', async () => {
    const { tell, valid, store } = await make();
    const append = store.append;
    store.append = async () => {
      throw new Error('the disk is full');
    };
    await expect(tell()).rejects.toThrow('the disk is full');
    expect(valid(1)).toBe(first);
    store.append = append;
    expect(await tell()).toBe('registered');
  });

  test('says which kept statement no longer counts when the site file has changed, and goes on', async () => {
    const { tell, store } = await make();
    await tell();
    const heard: string[] = [];
    const moved = { ...ownedSite, meterKey: second };
    const registry = await openKeyRegistry({
      sites: [moved],
      store,
      signerOf: ethersSignerOf,
      clock: manualClock(noon),
      tell: (text) => heard.push(text),
    });
    expect(heard).toEqual(['site-0: statement 1 no longer counts: a key is enrolled once; make another with `sunward key`']);
    expect(registry.historyOf('site-0')?.nonce).toBe(1);
    expect(registry.validAt(moved, noon)).toBe(second);
  });

  test('knows no site that is not enrolled', async () => {
    const { tell } = await make();
    expect(await tell({ site: 'site-9' })).toBe('unknown-site');
  });
});

describe('a key statement', () => {
  test('is the EIP-712 struct that wallets show, with its fields in this order', () => {
    const encoder = TypedDataEncoder.from(keyTypes);
    expect(encoder.encodeType('MeterKeyStatement')).toBe(
      'MeterKeyStatement(string action,string provider,string site,bytes32 meterKey,uint64 from,uint64 nonce)',
    );
    expect(encoder.encode(typedMessage(statementOf())).length).toBe(2 + 7 * 64);
    expect(TypedDataEncoder.hashDomain(keyDomain)).toMatch(/^0x[0-9a-f]{64}$/);
  });

  test.each(['', '0x', `0x${'00'.repeat(65)}`, `0x${'ff'.repeat(65)}`, `0x${'00'.repeat(64)}1b`])('signed %j is nobody’s', (signature) =>
    expect(ethersSignerOf(statementOf(), signature)).toBeUndefined(),
  );
});
