/**
 * What every key store does, whichever engine is under it. `open` gives a store on an empty place.
 */
import { describe, expect, test } from 'vitest';
import type { KeptStatement, KeyStore } from '../../energy-oracle/telemetry/keys/key-store.ts';

const kept = (site: string, nonce: number, change: Partial<KeptStatement> = {}): KeptStatement => ({
  action: 'rotate',
  provider: 'sunco',
  site,
  meterKey: 'ab'.repeat(32),
  from: 1_782_000_000_000,
  nonce,
  signature: `0x${'1c'.repeat(65)}`,
  signer: '0x00000000000000000000000000000000000000aa',
  acceptedAt: 1_781_999_999_999,
  ...change,
});

export function keyStoreSuite(open: () => Promise<KeyStore>): void {
  describe('a statement', () => {
    test('comes back as it went in, by site, then nonce', async () => {
      const store = await open();
      expect(await store.statements()).toEqual([]);
      const all = [kept('beja', 1), kept('evora', 1, { action: 'enrol' }), kept('evora', 2, { action: 'revoke' }), kept('evora', 10)];
      for (const statement of all.toReversed()) expect(await store.append(statement)).toBe(true);
      expect(await store.statements()).toEqual(all);
    });

    test('stands against a second one of its nonce, also when both come at once', async () => {
      const store = await open();
      const answers = await Promise.all([store.append(kept('evora', 1)), store.append(kept('evora', 1, { action: 'revoke' }))]);
      expect(answers.toSorted()).toEqual([false, true]);
      expect(await store.append(kept('evora', 1))).toBe(false);
      expect(await store.statements()).toHaveLength(1);
      expect(await store.append(kept('beja', 1))).toBe(true);
    });
  });
}
