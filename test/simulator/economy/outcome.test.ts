/** Tenths, Gini, spans, intervals and the text of shocks, by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { meanInterval, pairedInterval } from '../../../simulator/economy/interval.ts';
import { decileMeans, gini, spansOf } from '../../../simulator/economy/outcome.ts';
import { factorOn, parseEconomy, parseShock, shockText } from '../../../simulator/economy/scenario.ts';

describe('tenths', () => {
  test('of twenty values are means of two', () =>
    expect(decileMeans(Array.from({ length: 20 }, (_, i) => 20 - i))).toEqual([1.5, 3.5, 5.5, 7.5, 9.5, 11.5, 13.5, 15.5, 17.5, 19.5]));
  test('of few values leave gaps', () => expect(decileMeans([5, 1]).filter((mean) => mean !== undefined)).toEqual([1, 5]));
});

describe('the Gini coefficient', () => {
  test.each([
    { values: [3, 3, 3], want: 0 },
    { values: [0, 0, 0, 1], want: 0.75 },
    { values: [1, 3], want: 0.25 },
    { values: [], want: 0 },
    { values: [0, 0], want: 0 },
  ])('of $values is $want', ({ values, want }) => expect(gini(values)).toBeCloseTo(want, 12));
  test('is half the mean difference by the mean', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 20 }), (values) => {
        const total = values.reduce((sum, value) => sum + value, 0);
        const differences = values.flatMap((a) => values.map((b) => Math.abs(a - b))).reduce((sum, value) => sum + value, 0);
        expect(gini(values)).toBeCloseTo(total === 0 ? 0 : differences / (2 * values.length * total), 9);
      }),
    ));
});

describe('spans', () => {
  test('are four quarters and the year', () =>
    expect(spansOf(365).map(({ name, from, to }) => [name, from, to])).toEqual([
      ['Q1', 0, 91],
      ['Q2', 91, 182],
      ['Q3', 182, 273],
      ['Q4', 273, 365],
      ['year', 0, 365],
    ]));
  test('of three days are the whole alone', () => expect(spansOf(3)).toEqual([{ name: 'year', from: 0, to: 3 }]));
});

describe('an interval over seeds', () => {
  test('is Student’s', () => {
    // mean 3, standard deviation √2.5, 5 values: 2.7764 × √2.5 ÷ √5
    const { mean, half } = meanInterval([1, 2, 3, 4, 5]);
    expect([mean, half]).toEqual([3, expect.closeTo(2.7764 * Math.SQRT1_2, 6)]);
  });
  test('goes on beyond the table without a step', () => {
    const half = (count: number) => meanInterval(Array.from({ length: count }, (_, i) => i % 2)).half ?? 0;
    expect(half(31) * Math.sqrt(31)).toBeGreaterThan(half(33) * Math.sqrt(33) * 0.999);
    expect(half(33) * Math.sqrt(33)).toBeCloseTo(half(31) * Math.sqrt(31), 1);
  });
  test('of one seed is unknown', () => expect(meanInterval([7])).toEqual({ mean: 7, half: undefined }));
  test('of differences is paired', () => expect(pairedInterval([1, 5, 9], [2, 6, 10])).toEqual({ mean: 1, half: 0 }));
  test('refuses what does not pair, and nothing', () => {
    expect(() => pairedInterval([1], [])).toThrow('1 values do not pair with 0');
    expect(() => meanInterval([])).toThrow(RangeError);
  });
});

describe('a shock', () => {
  test('is read from its text', () =>
    expect(parseShock('energy=2.5@91-150')).toEqual({ kind: 'energy', factor: 2.5, fromDay: 91, toDay: 150 }));
  test.each(['energy', 'energy=3', 'weather=3@1-2', 'energy=0@1-2', 'energy=3@9-2', 'energy=3@0-2', 'energy=1.2.3@1-2'])(
    'is not %s',
    (text) => expect(() => parseShock(text)).toThrow(/as in energy=3@91-150; found /),
  );
  test('holds on its days, times others of its kind', () => {
    const shocks = [parseShock('demand=2@3-5'), parseShock('demand=3@5-6'), parseShock('token=0.5@1-9')];
    expect([2, 3, 5, 6, 7].map((day) => factorOn(shocks, 'demand', day))).toEqual([1, 2, 6, 3, 1]);
  });
  test('reads well', () => expect(shockText(parseShock('token=0.5@1-9'))).toBe('token price × 0.5'));
});

describe('a scenario', () => {
  test('is whole without a word', () =>
    expect(parseEconomy(undefined)).toMatchObject({ days: 365, providers: 200, seeds: 5, terms: { takePerMille: 50 } }));
  test.each([
    { given: { days: 0 }, says: /^days: / },
    { given: { shocks: [{ kind: 'energy', factor: 3, fromDay: 9, toDay: 1 }] }, says: /^shocks\.0: toDay lies before fromDay/ },
    { given: { terms: { takePerMille: 1_001 } }, says: /^terms\.takePerMille: / },
    { given: { dais: 3 }, says: /dais/ },
    { given: { start: '2025-02-30' }, says: /^start: expected a day/ },
    { given: [], says: /^the scenario: / },
  ])('refuses $given', ({ given, says }) => expect(() => parseEconomy(given)).toThrow(says));
});
