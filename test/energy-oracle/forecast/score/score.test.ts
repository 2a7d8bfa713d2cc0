/** Scores: the published definitions on tables worked out by hand; sums that merge, save and resume without loss. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createScore,
  createScoreBoard,
  hourBandOf,
  leadDayOf,
  pinballLoss,
  type ScoreBoardSums,
  type ScoreSums,
  scoreBy,
  solarHourOf,
  utcMonthOf,
} from '../../../../energy-oracle/forecast/score/score.ts';
import { DAY, HOUR } from '../../../../units/time.ts';

const levels = [0.1, 0.5, 0.9];
const GAP = Number.NaN;
/**
 * truth | q10 q50 q90 | pinball .1    .5    .9   | error | inside
 *   10  |   6   8  12 |   0.4    1.0   0.2  |  -2   | yes
 *    0  |   0   1   2 |   0      0.5   0.2  |  +1   | yes, on the edge
 *    5  |   6   7   9 |   0.9    1.0   0.4  |  +2   | no
 *    5  |   1   2   4 |   0.4    1.5   0.9  |  -3   | no
 * sums    20            1.7    4.0   1.7       |8| = 8, sum -2
 */
const rows: [number, number[]][] = [
  [10, [6, 8, 12]],
  [0, [0, 1, 2]],
  [5, [6, 7, 9]],
  [5, [1, 2, 4]],
];
const scoreOf = (judged: readonly [number, number[]][]) => {
  const score = createScore(levels);
  for (const [actual, predicted] of judged) score.add(actual, predicted);
  return score;
};

describe('pinball loss', () => {
  test.each([
    { name: 'weighs a forecast below the truth by its level', level: 0.9, actual: 10, predicted: 8, want: 1.8 },
    { name: 'weighs a forecast above the truth by the rest', level: 0.9, actual: 8, predicted: 10, want: 0.2 },
    { name: 'is half the error at the median', level: 0.5, actual: -3, predicted: 1, want: 2 },
    { name: 'is nothing when exact', level: 0.1, actual: 4, predicted: 4, want: 0 },
  ])('$name', ({ level, actual, predicted, want }) => expect(pinballLoss(level, actual, predicted)).toBeCloseTo(want, 12));
});

describe('a score', () => {
  test('gives the figures of a table worked out by hand', () => {
    const report = scoreOf(rows).report();
    expect(report.count).toBe(4);
    expect(report.nmaePercent).toBeCloseTo((100 * 8) / 20, 10);
    expect(report.pinball).toBeCloseTo(7.4 / 3 / 4, 10);
    expect(report.pinballPercent).toBeCloseTo((100 * (7.4 / 3 / 4)) / 5, 10); // of a mean of 5
    expect(report.cov80).toBe(0.5);
    expect(report.mapePercent).toBeCloseTo((100 * (2 / 10 + 2 / 5 + 3 / 5)) / 3, 10); // the truth of 0 has no share
    expect(report.mae).toBe(2);
    expect(report.bias).toBe(-0.5);
  });

  test('counts a truth that is a gap and judges nothing of it', () => {
    const score = scoreOf(rows);
    score.add(GAP, [1, 2, 3]);
    expect(score.report()).toEqual({ ...scoreOf(rows).report(), skipped: 1 });
  });

  test('says undefined, never 0 or NaN, of what it has not measured', () => {
    expect(createScore(levels).report()).toEqual({ count: 0, skipped: 0 });
    const dark = createScore([0.25, 0.75]);
    dark.add(0, [0, 1]);
    expect(dark.report()).toMatchObject({ count: 1, nmaePercent: undefined, mapePercent: undefined, cov80: undefined, mae: 0 });
  });

  test('measures size by |y| where values have both signs', () => {
    const report = scoreOf([
      [-4, [-5, -3, 0]],
      [4, [1, 3, 6]],
    ]).report();
    expect([report.nmaePercent, report.bias]).toEqual([25, 0]);
  });

  test('takes the middle level where there is no .5, and reads rows of a matrix in place', () => {
    const score = createScore([0.2, 0.4, 0.8]);
    score.add(5, Float32Array.of(9, 9, 9, 1, 4, 6), 3);
    expect(score.report().mae).toBe(1);
  });

  test('goes on from its JSON, and merges, as if it had seen everything itself', () => {
    const row = fc.tuple(
      fc.oneof(fc.integer({ min: -50, max: 50 }), fc.constant(GAP)),
      fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 3, maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(row), fc.array(row), (first, second) => {
        const whole = scoreOf([...first, ...second]).report();
        const resumed = createScore(levels, JSON.parse(JSON.stringify(scoreOf(first))) as ScoreSums);
        for (const [actual, predicted] of second) resumed.add(actual, predicted);
        const merged = scoreOf(first);
        merged.merge(scoreOf(second));
        for (const other of [resumed, merged])
          for (const [figure, value] of Object.entries(other.report())) {
            const want = whole[figure as keyof typeof whole];
            if (want === undefined) expect(value).toBeUndefined();
            else expect(value).toBeCloseTo(want, 9);
          }
      }),
    );
  });

  test.each([
    { name: 'no levels', act: () => createScore([]) },
    { name: 'levels that descend', act: () => createScore([0.9, 0.1]) },
    { name: 'a level of 1', act: () => createScore([0.5, 1]) },
    { name: 'sums of other levels', act: () => createScore(levels, createScore([0.5]).toJSON()) },
    { name: 'another score of other levels', act: () => createScore(levels).merge(createScore([0.1, 0.5, 0.8])) },
    { name: 'a row that is too short', act: () => createScore(levels).add(1, [1, 2]) },
    { name: 'a quantile that is NaN', act: () => createScore(levels).add(1, [1, GAP, 3]) },
    { name: 'a step that starts before its issue', act: () => leadDayOf(HOUR, 0) },
  ])('calls it a bug to give $name', ({ act }) => expect(act).toThrow(RangeError));

  test('takes millions of steps in a second or so', () => {
    const score = createScore(levels);
    const predicted = Float32Array.of(1, 2, 3);
    const begin = performance.now();
    for (let i = 0; i < 1_000_000; i++) score.add(i % 5, predicted);
    expect(performance.now() - begin).toBeLessThan(1_000);
    expect(score.report().count).toBe(1_000_000);
  });
});

describe('scores by group', () => {
  test('are kept apart, in order, and survive JSON and a merge', () => {
    const byLead = scoreBy<number>(levels);
    byLead.add(2, 10, [6, 8, 12]);
    byLead.add(1, 4, [3, 4, 5]);
    const resumed = scoreBy<number>(levels, JSON.parse(JSON.stringify(byLead)) as [number, ScoreSums][]);
    resumed.merge(byLead);
    expect(resumed.report().map(([day, { count, mae }]) => [day, count, mae])).toEqual([
      [1, 2, 0],
      [2, 2, 2],
    ]);
  });

  test('stand on one board beside the whole', () => {
    const board = createScoreBoard(levels);
    const tags = { leadDay: 1, month: '2021-03', hourBand: 'midday' as const };
    board.add(10, [6, 8, 12], tags);
    board.add(10, [9, 10, 12], { ...tags, leadDay: 2, hourBand: 'night' });
    const again = createScoreBoard(levels, JSON.parse(JSON.stringify(board)) as ScoreBoardSums);
    again.merge(board);
    expect(again.overall.report()).toMatchObject({ count: 4, mae: 1 });
    expect(again.leadDay.report().map(([day, { mae }]) => [day, mae])).toEqual([
      [1, 2],
      [2, 0],
    ]);
    expect(again.month.report().map(([month, { count }]) => [month, count])).toEqual([['2021-03', 4]]);
    expect(again.hourBand.report().map(([band]) => band)).toEqual(['midday', 'night']);
  });
});

describe('the tags of a step', () => {
  test('count lead days from 1, each of 24 h', () =>
    expect([0, DAY - 1, DAY, 4 * DAY - 1].map((lead) => leadDayOf(1_000, 1_000 + lead))).toEqual([1, 1, 2, 4]));

  test('name the UTC month', () => expect(utcMonthOf(Date.parse('2021-03-31T23:59Z'))).toBe('2021-03'));

  test('have noon when the sun is over the meridian', () => {
    expect(solarHourOf(Date.parse('2021-06-13T12:00Z'), 0)).toBeCloseTo(12, 1); // equation of time near 0
    expect(solarHourOf(Date.parse('2021-11-03T12:00Z'), 0)).toBeCloseTo(12 + 16.5 / 60, 1); // 16 min 27 s ahead, its yearly extreme
    expect(solarHourOf(Date.parse('2021-06-13T12:00Z'), -120)).toBeCloseTo(4, 1);
  });

  test.each([
    { at: '2021-06-21T03:00Z', want: 'morning' }, // the sun is up from 02:43 on
    { at: '2021-06-21T01:45Z', want: 'night' },
    { at: '2021-06-21T06:00Z', want: 'morning' },
    { at: '2021-06-21T11:00Z', want: 'midday' },
    { at: '2021-06-21T18:00Z', want: 'afternoon' },
    { at: '2021-12-21T18:00Z', want: 'night' },
  ])('put $at in Berlin into $want', ({ at, want }) => expect(hourBandOf(Date.parse(at), HOUR, 52.5, 13.4)).toBe(want));
});
