import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applied, firstHistory, type KeyHistory, validAt } from '../../../../energy-oracle/telemetry/keys/key-history.ts';
import type { KeyAction } from '../../../../energy-oracle/telemetry/keys/key-statement.ts';
import { DAY, SLOT } from '../../../../units/time.ts';
import { noon } from '../messages.ts';

type Told = readonly [action: KeyAction, key: string, slot: number, nonce?: number];
/** Tells statements at noon, numbered as they should be; slots count from noon. */
function told(...statements: readonly Told[]): KeyHistory | string {
  let history = firstHistory('a');
  for (const [action, meterKey, slot, nonce = history.nonce + 1] of statements) {
    const verdict = applied(history, { action, meterKey, from: noon + slot * SLOT, nonce }, noon);
    if (verdict.kind === 'refused') return verdict.reason;
    history = verdict.history;
  }
  return history;
}
const validIn = (history: KeyHistory | string, slots: readonly number[]) => {
  if (typeof history === 'string') throw new Error(history);
  return slots.map((slot) => validAt(history, noon + slot * SLOT));
};

describe('the keys of a site', () => {
  test('are the site file’s for ever, until the owner says otherwise', () =>
    expect(validIn(firstHistory('a'), [-1e6, 0, 1e6])).toEqual(['a', 'a', 'a']));

  test.each<{ name: string; statements: readonly Told[]; want: readonly (string | undefined)[] }>([
    { name: 'a rotation changes them at its slot', statements: [['rotate', 'b', 2]], want: ['a', 'a', 'a', 'b', 'b', 'b'] },
    {
      name: 'a revocation leaves earlier slots',
      statements: [['revoke', 'a', 0]],
      want: ['a', undefined, undefined, undefined, undefined, undefined],
    },
    {
      name: 'a revocation may reach back',
      statements: [['revoke', 'a', -1]],
      want: [undefined, undefined, undefined, undefined, undefined, undefined],
    },
    {
      name: 'an enrolment follows a revocation',
      statements: [
        ['revoke', 'a', 0],
        ['enrol', 'b', 2],
      ],
      want: ['a', undefined, undefined, 'b', 'b', 'b'],
    },
    {
      name: 'a key that was rotated out may still be revoked',
      statements: [
        ['rotate', 'b', 2],
        ['revoke', 'a', 0],
      ],
      want: ['a', undefined, undefined, 'b', 'b', 'b'],
    },
    {
      name: 'one may be rotated more than once',
      statements: [
        ['rotate', 'b', 1],
        ['rotate', 'c', 3],
      ],
      want: ['a', 'a', 'b', 'b', 'c', 'c'],
    },
    {
      name: 'a key may be revoked before it began',
      statements: [
        ['rotate', 'b', 2],
        ['revoke', 'b', 0],
      ],
      want: ['a', 'a', 'a', undefined, undefined, undefined],
    },
    {
      name: 'a revocation may come earlier than it was announced',
      statements: [
        ['revoke', 'a', 3],
        ['revoke', 'a', 1],
      ],
      want: ['a', 'a', undefined, undefined, undefined, undefined],
    },
  ])('$name', ({ statements, want }) => expect(validIn(told(...statements), [-1, 0, 1, 2, 3, 4])).toEqual(want));

  test.each<{ reason: string; statements: readonly Told[] }>([
    { reason: 'nonce', statements: [['rotate', 'b', 1, 2]] },
    {
      reason: 'nonce',
      statements: [
        ['rotate', 'b', 1],
        ['rotate', 'c', 2, 1],
      ],
    },
    { reason: 'in-the-past', statements: [['rotate', 'b', -1]] },
    {
      reason: 'in-the-past',
      statements: [
        ['revoke', 'a', -2],
        ['enrol', 'b', -1],
      ],
    },
    { reason: 'too-far-ahead', statements: [['rotate', 'b', (367 * DAY) / SLOT]] },
    { reason: 'key-in-force', statements: [['enrol', 'b', 1]] },
    {
      reason: 'key-in-force',
      statements: [
        ['revoke', 'a', 3],
        ['enrol', 'b', 2],
      ],
    },
    {
      reason: 'key-in-force',
      statements: [
        ['rotate', 'b', 3],
        ['rotate', 'c', 2],
      ],
    },
    {
      reason: 'key-in-force',
      statements: [
        ['rotate', 'b', 3],
        ['rotate', 'c', 3],
      ],
    },
    {
      reason: 'no-key',
      statements: [
        ['revoke', 'a', 0],
        ['rotate', 'b', 1],
      ],
    },
    { reason: 'key-known', statements: [['rotate', 'a', 1]] },
    {
      reason: 'key-known',
      statements: [
        ['revoke', 'a', 0],
        ['enrol', 'a', 1],
      ],
    },
    {
      reason: 'key-known',
      statements: [
        ['rotate', 'b', 1],
        ['rotate', 'a', 2],
      ],
    },
    { reason: 'key-unknown', statements: [['revoke', 'b', 0]] },
    {
      reason: 'ended-already',
      statements: [
        ['revoke', 'a', 0],
        ['revoke', 'a', 1],
      ],
    },
    {
      reason: 'ended-already',
      statements: [
        ['rotate', 'b', 1],
        ['revoke', 'a', 1],
      ],
    },
  ])('refuse what is $reason', ({ reason, statements }) => expect(told(...statements)).toBe(reason));

  test('are one at a time at most, and none returns, whatever is told', () => {
    const statement = fc.tuple(
      fc.constantFrom<KeyAction>('enrol', 'rotate', 'revoke'),
      fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      fc.integer({ min: -4, max: 12 }),
    );
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 12 }), (statements) => {
        let history = firstHistory('a');
        let now = noon;
        for (const [action, meterKey, slot] of statements) {
          now += SLOT;
          const before = history;
          const from = noon + slot * SLOT;
          const verdict = applied(history, { action, meterKey, from, nonce: history.nonce + 1 }, now);
          if (verdict.kind === 'refused') continue;
          history = verdict.history;
          for (let at = noon - 6 * SLOT; at < noon + 16 * SLOT; at += SLOT) {
            const valid = history.keys.filter(({ from, until = Number.POSITIVE_INFINITY }) => from <= at && at < until);
            expect(valid.length).toBeLessThanOrEqual(1);
            // the past is never given to another key: it keeps the one it had, or loses it
            if (at < now - SLOT) expect([validAt(before, at), undefined]).toContain(validAt(history, at));
          }
        }
        expect(new Set(history.keys.map(({ meterKey }) => meterKey)).size).toBe(history.keys.length);
      }),
      { numRuns: 300 },
    );
  });
});
