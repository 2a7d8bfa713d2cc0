import { describe, expect, test } from 'vitest';
import { forgeries, lies, tryForgeries } from '../../bench/forgery.ts';

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
