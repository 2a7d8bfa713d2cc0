import { describe, expect, test } from 'vitest';
import { forgeries, lies, tryForgeries } from '../../bench/forgery.ts';
import { hostileKinds, runHostile } from '../../bench/hostile.ts';

describe('forged readings', () => {
  test('are refused in every way we know, between honest ones that are not', () => {
    const count = tryForgeries({ sites: [0, 1, 2], readings: 20, perReading: 60, seed: 42 });
    expect(count.passed).toEqual([]);
    expect(count).toMatchObject({ honest: 60, falselyRefused: 0, attempts: 3_600, vain: 0 });
    expect(Object.keys(forgeries).length + Object.keys(lies).length).toBeGreaterThan(35);
    const reasons = ['bad-signature', 'not-json', 'not-canonical', 'oversized', 'schema', 'topic', 'unknown-site', 'wrong-provider'];
    expect(Object.keys(count.refusedFor)).toEqual(expect.arrayContaining([...reasons, 'equivocation', 'future', 'out-of-range']));
  }, 30_000);
});

describe('hostile messages of every kind', () => {
  test('leave in the store what was honestly said, and nothing else', async () => {
    const count = await runHostile({ sites: [0, 1, 2], rounds: 8, perRound: 250, seed: 3 }, () => {});
    expect(count).toMatchObject({ acceptedWrongly: 0, falselyRejected: 0, honest: 3 * (8 * 8 + 2 * 20) });
    for (const kind of hostileKinds) expect(count.tried[kind]).toBeGreaterThan(20);
    expect(count.inBatches).toBeGreaterThan(100);
    expect(count.quarantined).toMatchObject({
      'revoked-key': expect.any(Number),
      oversized: expect.any(Number),
      equivocation: expect.any(Number),
    });
  }, 30_000);
});
