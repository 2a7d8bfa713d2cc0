/** Time: the slot grid and the text of instants and durations. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DAY,
  HOUR,
  MINUTE,
  overlap,
  parseDuration,
  parseInstant,
  SECOND,
  SLOT,
  slotInterval,
  slotOf,
  slotsTouching,
  toIso,
  toIsoDuration,
} from '../../units/time.ts';

const noon = Date.UTC(2026, 5, 21, 12);
const instant = fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2200, 0, 1) });
const near = fc.integer({ min: noon - 3 * HOUR, max: noon + 3 * HOUR });

describe('a slot', () => {
  test('contains its instant and starts on a quarter hour, before 1970 too', () =>
    fc.assert(
      fc.property(instant, (at) => {
        const { start, end } = slotInterval(slotOf(at));
        expect(start % SLOT === 0 && start <= at && at < end).toBe(true);
        expect(end - start).toBe(SLOT);
      }),
    ));

  test('touches an interval exactly when they overlap', () =>
    fc.assert(
      fc.property(near, fc.integer({ min: 1, max: 2 * HOUR }), (start, length) => {
        const interval = { start, end: start + length };
        const all = Array.from({ length: 48 }, (_, i) => slotOf(noon - 4 * HOUR) + i * SLOT);
        expect(slotsTouching(interval)).toEqual(all.filter((slot) => overlap(slotInterval(slot), interval) > 0));
      }),
      { numRuns: 100 },
    ));

  test('that ends where an interval starts does not touch it', () => {
    expect(slotsTouching({ start: noon, end: noon + SLOT })).toEqual([noon]);
    expect(slotsTouching({ start: noon, end: noon })).toEqual([]);
  });
});

describe('overlap', () => {
  test('is symmetric, never negative, and counts every ms that lies in both', () => {
    const small = fc.tuple(fc.nat(20), fc.nat(20)).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
    fc.assert(
      fc.property(small, small, (a, b) => {
        const inBoth = Array.from({ length: 21 }, (_, ms) => ms).filter((ms) => ms >= a.start && ms < a.end && ms >= b.start && ms < b.end);
        expect(overlap(a, b)).toBe(inBoth.length);
        expect(overlap(b, a)).toBe(inBoth.length);
      }),
    );
  });
});

describe('an instant as text', () => {
  test('comes back as it went', () =>
    fc.assert(
      fc.property(instant, (at) => {
        expect(parseInstant(toIso(at))).toBe(at);
      }),
    ));

  test.each([
    { text: '2026-11-22T18:00+01:00', want: Date.UTC(2026, 10, 22, 17) },
    { text: '2026-11-22T18:00:30Z', want: Date.UTC(2026, 10, 22, 18, 0, 30) },
    { text: '2026-11-22T18:00:00.25-05:30', want: Date.UTC(2026, 10, 22, 23, 30, 0, 250) },
    { text: '2028-02-29T00:00Z', want: Date.UTC(2028, 1, 29) },
    { text: '2026-12-31T23:30:00-01:00', want: Date.UTC(2027, 0, 1, 0, 30) },
  ])('$text is understood', ({ text, want }) => expect(parseInstant(text)).toBe(want));

  test.each([
    '2026-11-22T18:00:00',
    '2026-11-22',
    '2026-11-22 18:00:00Z',
    '2026-11-22T18:00:00z',
    '2026-02-30T00:00:00Z',
    '2026-02-29T12:00+01:00',
    '2026-04-31T12:00Z',
    '2026-13-01T00:00Z',
    '2026-00-10T00:00Z',
    '2026-01-00T00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T10:61:00Z',
    '2026-01-01T10:00:00+25:00',
    '22 Nov 2026 18:00 GMT',
    '1792000000000',
    'tomorrow',
    '',
  ])('%j is no instant', (text) => expect(parseInstant(text)).toBeUndefined());
});

describe('a duration as text', () => {
  test.each([
    { text: '90s', want: 90 * SECOND },
    { text: '15m', want: 15 * MINUTE },
    { text: '1.5h', want: 90 * MINUTE },
    { text: '2d', want: 2 * DAY },
    { text: '0s', want: 0 },
    { text: 'PT6H', want: 6 * HOUR },
    { text: 'PT6H30M', want: 390 * MINUTE },
    { text: 'P1DT2H', want: 26 * HOUR },
    { text: 'P3D', want: 3 * DAY },
    { text: 'PT0.25S', want: 250 },
    { text: 'PT90M', want: 90 * MINUTE },
  ])('$text is understood', ({ text, want }) => expect(parseDuration(text)).toBe(want));

  test.each(['', '6', 'h', '-1h', '1h30m', '6 h', '6H', '1w', 'P', 'PT', 'P1DT', 'P1M', 'P1W', '1e3s', '.5h', 'NaNs', ' 6h'])(
    '%j is none',
    (text) => expect(parseDuration(text)).toBeUndefined(),
  );

  test('comes back as it went, to the millisecond', () =>
    fc.assert(
      fc.property(fc.nat(400 * DAY), (ms) => {
        expect(parseDuration(toIsoDuration(ms))).toBe(ms);
      }),
    ));

  test.each([
    { ms: 0, want: 'PT0S' },
    { ms: 5 * MINUTE, want: 'PT5M' },
    { ms: 90 * MINUTE, want: 'PT1H30M' },
    { ms: 2 * DAY, want: 'P2D' },
    { ms: DAY + 1, want: 'P1DT0.001S' },
  ])('$ms ms are $want', ({ ms, want }) => expect(toIsoDuration(ms)).toBe(want));

  test('has no sign', () => expect(() => toIsoDuration(-SECOND)).toThrow(RangeError));
});
