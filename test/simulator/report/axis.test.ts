/** Axes: round ticks that span the data, calendar ticks in UTC, numbers for people. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  extentOf,
  linearScale,
  niceTicks,
  numberAxis,
  numberText,
  shortNumber,
  tickTexts,
  timeTicks,
} from '../../../simulator/report/axis.ts';
import { DAY, HOUR } from '../../../units/time.ts';

describe('ticks of numbers', () => {
  test.each([
    { name: 'step by ones', low: 0, high: 5, want: [0, 1, 2, 3, 4, 5] },
    { name: 'step by twos of a tenth', low: 0.1, high: 0.9, want: [0, 0.2, 0.4, 0.6, 0.8, 1] },
    { name: 'reach beyond the data on both sides', low: -7, high: 12, want: [-10, -5, 0, 5, 10, 15] },
    { name: 'surround a single value', low: 50, high: 50, want: [44, 46, 48, 50, 52, 54, 56] },
    { name: 'surround zero', low: 0, high: 0, want: [-1, -0.5, 0, 0.5, 1] },
  ])('$name', ({ low, high, want }) => expect(niceTicks(low, high)).toEqual(want));

  test('span any data, evenly, ascending and few', () => {
    const value = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(value, value, fc.integer({ min: 1, max: 20 }), (a, b, count) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const ticks = niceTicks(low, high, count);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(2 * count + 8);
        const slack = 1e-6 * Math.max(1e-9, (ticks[1] as number) - (ticks[0] as number));
        expect(ticks[0]).toBeLessThanOrEqual(low + slack);
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(high - slack);
        for (const [i, tick] of ticks.entries()) if (i > 0) expect(tick).toBeGreaterThan(ticks[i - 1] as number);
      }),
    );
  });

  test.each([
    { ticks: [0, 0.5, 1], want: ['0.0', '0.5', '1.0'] },
    { ticks: [-2000, 0, 2000], want: ['−2,000', '0', '2,000'] },
    { ticks: [0, 200_000, 400_000], want: ['0', '200k', '400k'] },
    { ticks: [0, 5_000_000, 10_000_000], want: ['0', '5M', '10M'] },
    { ticks: [0, 2e-7, 4e-7], want: ['0.0000000', '0.0000002', '0.0000004'] },
  ])('are written alike: $want', ({ ticks, want }) => expect(tickTexts(ticks)).toEqual(want));
});

describe('ticks of time', () => {
  const start = Date.UTC(2025, 0, 1);
  const texts = (from: number, length: number, count?: number) =>
    timeTicks({ start: from, end: from + length }, count).map(({ text }) => text);
  test.each([
    { name: 'a year by months', from: start, length: 365 * DAY, want: ['2025', 'Mar', 'May', 'Jul', 'Sep', 'Nov', '2026'] },
    { name: 'ten years by years', from: start, length: 3652 * DAY, want: ['2026', '2028', '2030', '2032', '2034'] },
    { name: 'a week by days', from: start, length: 6 * DAY, want: ['1 Jan 2025', '2 Jan', '3 Jan', '4 Jan', '5 Jan', '6 Jan', '7 Jan'] },
    { name: 'a month by Mondays', from: start, length: 31 * DAY, want: ['6 Jan', '13 Jan', '20 Jan', '27 Jan'] },
    { name: 'a day by hours', from: start, length: DAY, want: ['1 Jan', '06:00', '12:00', '18:00', '2 Jan'] },
    { name: 'an hour by minutes', from: start + 10 * HOUR, length: HOUR, want: ['10:00', '10:15', '10:30', '10:45', '11:00'] },
  ])('$name', ({ from, length, want }) => expect(texts(from, length)).toEqual(want));

  test('lie within the interval and are never many', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4e12 }),
        fc.integer({ min: 1, max: 1e12 }),
        fc.integer({ min: 1, max: 12 }),
        (at, length, count) => {
          const ticks = timeTicks({ start: at, end: at + length }, count);
          expect(ticks.length).toBeLessThanOrEqual(3 * count + 3);
          expect(ticks.every((tick) => at <= tick.at && tick.at <= at + length)).toBe(true);
        },
      ),
    ));
});

describe('numbers for people', () => {
  test.each([
    [numberText(1234567.891, 2), '1,234,567.89'],
    [numberText(-0.4, 0), '0'],
    [numberText(-1.5, 1), '−1.5'],
    [numberText(999, 0), '999'],
    [shortNumber(0.012345), '0.0123'],
    [shortNumber(4.5678), '4.57'],
    [shortNumber(1234.5), '1,235'],
    [shortNumber(12_345_678), '12.3M'],
    [shortNumber(0), '0'],
    [shortNumber(-1e-9), '−1.0e−9'],
  ])('%s', (found, want) => expect(found).toBe(want));
});

describe('an axis', () => {
  test('spans the data and what is included', () => {
    const { low, high } = numberAxis('kW', [3, undefined, 9], { include: [0] });
    expect([low, high]).toEqual([0, 10]);
  });
  test('of nothing goes from 0 to 1', () => expect([numberAxis('kW', []).low, numberAxis('kW', []).high]).toEqual([0, 1]));
  test('refuses what is no number, for it would draw nothing', () =>
    expect(() => extentOf([1, Number.NaN])).toThrow('leave a gap undefined'));
  test('puts its ends at both ends', () => {
    const scale = linearScale({ low: 10, high: 20 }, 100, 0);
    expect([scale(10), scale(15), scale(20)]).toEqual([100, 50, 0]);
  });
});
