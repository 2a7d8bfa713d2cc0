/**
 * What every API key store promises, as tests: run it against each one. `open` gives an empty store.
 */
import { expect, test } from 'vitest';
import type { ApiKey } from '../../cli/door/api-key.ts';
import type { ApiKeyStore } from '../../cli/door/api-key-store.ts';

const keyOf = (id: string, about: Partial<ApiKey> = {}): ApiKey => ({
  id,
  hash: 'ab'.repeat(32),
  role: 'owner',
  subject: 'ada',
  createdAt: 1_000,
  expiresAt: undefined,
  revokedAt: undefined,
  ...about,
});

export function apiKeyStoreSuite(open: () => Promise<ApiKeyStore>): void {
  test('begins with nothing', async () => {
    const store = await open();
    expect(await store.list()).toEqual([]);
    expect(await store.get('0011223344556677')).toBeUndefined();
    expect(await store.revoke('0011223344556677', 5)).toBe(false);
  });

  test('gives back a key as it was added, bound or unbound, ending or not', async () => {
    const store = await open();
    const bound = keyOf('0000000000000001', { expiresAt: 9_007_199_254_740_991 });
    const free = keyOf('0000000000000002', { role: 'operator', subject: undefined });
    await store.add(bound);
    await store.add(free);
    expect(await store.get(bound.id)).toEqual(bound);
    expect(await store.get(free.id)).toEqual(free);
  });

  test('refuses an id that is there already, and keeps the first', async () => {
    const store = await open();
    await store.add(keyOf('0000000000000001'));
    await expect(store.add(keyOf('0000000000000001', { subject: 'eve' }))).rejects.toThrow(RangeError);
    expect((await store.get('0000000000000001'))?.subject).toBe('ada');
  });

  test('lists by creation, then id', async () => {
    const store = await open();
    for (const [id, createdAt] of [
      ['000000000000000c', 5],
      ['000000000000000b', 7],
      ['000000000000000a', 7],
    ] as const)
      await store.add(keyOf(id, { createdAt }));
    expect((await store.list()).map(({ id }) => id.at(-1))).toEqual(['c', 'a', 'b']);
  });

  test('keeps a revoked key, and the first revocation stands', async () => {
    const store = await open();
    await store.add(keyOf('0000000000000001'));
    expect(await store.revoke('0000000000000001', 2_000)).toBe(true);
    expect(await store.revoke('0000000000000001', 3_000)).toBe(true);
    expect((await store.list()).map(({ revokedAt }) => revokedAt)).toEqual([2_000]);
  });
}
