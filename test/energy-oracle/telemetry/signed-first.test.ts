import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Reading } from '../../../energy-oracle/telemetry/reading.ts';
import { signedFirst } from '../../../energy-oracle/telemetry/signed-first.ts';
import { MINUTE, overlap } from '../../../units/time.ts';
import { noon, readingOf } from './messages.ts';

const over = (from: number, to: number, signature: string): Reading => ({
  ...readingOf(0, from),
  metered: { start: noon + from * MINUTE, end: noon + to * MINUTE },
  signature,
});

describe('of signed and unsigned readings of one time', () => {
  test('the signed one counts', () => {
    const readings = [over(0, 5, ''), over(5, 10, ''), over(7, 12, 'x'), over(10, 15, ''), over(15, 20, '')];
    expect(signedFirst(readings)).toEqual([over(0, 5, ''), over(7, 12, 'x'), over(15, 20, '')]);
  });

  test('no two that remain meet, and no signed one is left out', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 12 });
    const chain = (minutes: readonly number[], signature: string) => {
      let at = 0;
      return minutes.map((length) => {
        at += length;
        return over(at - length, at, signature);
      });
    };
    fc.assert(
      fc.property(lengths, lengths, (signedMinutes, others) => {
        const signed = chain(signedMinutes, 'x');
        const all = [...signed, ...chain(others, '')].sort((a, b) => a.metered.start - b.metered.start);
        const counted = signedFirst(all);
        expect(counted.filter(({ signature }) => signature === 'x')).toEqual(signed);
        for (const [i, reading] of counted.entries())
          for (const other of counted.slice(i + 1)) expect(overlap(reading.metered, other.metered)).toBe(0);
      }),
    );
  });
});
