/** Tally: coverage by thirty days, bounds, and the yardsticks, on forecasts made up by hand. */
import { describe, expect, test } from 'vitest';
import { createTally, judged } from '../../../../energy-oracle/forecast/score/tally.ts';
import type { Dense, Target } from '../../../../energy-oracle/forecast/target.ts';
import type { Issued } from '../../../../energy-oracle/forecast/track.ts';
import { DAY, HOUR } from '../../../../units/time.ts';

const start = Date.UTC(2022, 5, 1);
const quantiles = [0.1, 0.5, 0.9];
const target: Target = { id: 'roof', kind: 'pv', latitude: 0, longitude: 0, pv: [], ceiling: 10, floor: 0 };

/** One day ahead, hourly: `low` to `high` at every step, lit from 6 to 18. */
function issuedAt(day: number, [low, middle, high]: readonly [number, number, number] = [4, 5, 6]): Issued {
  const steps = 24;
  const rows = Float64Array.from({ length: steps * 3 }, (_, i) => [low, middle, high][i % 3] as number);
  const at = start + day * DAY;
  const isLit = Uint8Array.from({ length: steps }, (_, hour) => (hour >= 6 && hour < 18 ? 1 : 0));
  const repeated = new Float64Array(steps).fill(3);
  const members = { net: rows, ridge: rows, cliper: rows };
  const forecast = { target, issuedAt: at, start: at, stepMs: HOUR, steps, quantiles, members, repeated, scale: 5, isLit };
  return { forecast, quantiles: rows, by: 'model', reason: undefined };
}

const truth = (days: number, value: (day: number) => number): Dense => ({
  start,
  stepMs: HOUR,
  values: Float64Array.from({ length: days * 24 }, (_, hour) => value(Math.floor(hour / 24))),
});

describe('a tally', () => {
  test('finds the worst thirty days on either side, counting lit steps only', () => {
    const tally = createTally(quantiles);
    for (let day = 0; day < 50; day++)
      tally.add(
        issuedAt(day),
        truth(50, (today) => (today >= 20 && today < 35 ? 9 : 5)),
        'value',
      );
    const { coverage, judged: reports } = tally.report();
    expect(coverage).toMatchObject({ windowMs: 30 * DAY, windows: 21, least: 0.5, most: 20 / 30 });
    expect(reports.final.lit).toMatchObject({ count: 50 * 12, cov80: 0.7 });
    expect(reports.final.overall.count).toBe(50 * 24);
  });

  test('has no thirty days before there are thirty', () => {
    const tally = createTally(quantiles);
    for (let day = 0; day < 29; day++)
      tally.add(
        issuedAt(day),
        truth(50, () => 5),
        'value',
      );
    expect(tally.report().coverage).toMatchObject({ windowMs: 30 * DAY, windows: 0, least: undefined, most: undefined });
  });

  test('judges the same hour of the day before and of the week before', () => {
    const tally = createTally(quantiles);
    tally.add(
      issuedAt(7),
      truth(10, (day) => day),
      'value',
    );
    const { sn24, week } = tally.report().judged;
    expect([sn24.overall.mae, week.overall.mae]).toEqual([4, 7]);
  });

  test.each([
    { name: 'takes its bounds', row: [0, 5, 10] as const, want: 0 },
    { name: 'counts what is below the floor', row: [-0.1, 5, 9] as const, want: 24 },
    { name: 'counts what is above the ceiling', row: [1, 5, 10.1] as const, want: 24 },
  ])('$name', ({ row, want }) => {
    const tally = createTally(quantiles);
    tally.add(
      issuedAt(0, row),
      truth(1, () => 5),
      'value',
    );
    expect(tally.report().outOfBounds).toBe(want);
  });

  test('clips forecast and truth of a net at zero before it judges a surplus', () => {
    const tally = createTally(quantiles);
    tally.add(
      issuedAt(0, [-9, -5, -1]),
      truth(1, () => -7),
      'surplus',
    );
    expect(tally.report().judged.final.overall).toMatchObject({ mae: 0, pinball: 0 });
  });

  test('leaves out a step whose truth is a gap, for everybody', () => {
    const tally = createTally(quantiles);
    tally.add(
      issuedAt(0),
      truth(1, () => Number.NaN),
      'value',
    );
    for (const name of judged) expect(tally.report().judged[name].overall).toMatchObject({ count: 0, skipped: 24 });
    expect(tally.toJSON().days).toEqual([]);
  });

  test('goes on from JSON', () => {
    const whole = createTally(quantiles);
    const part = createTally(quantiles);
    for (let day = 0; day < 20; day++)
      for (const tally of [whole, part])
        tally.add(
          issuedAt(day),
          truth(40, () => 5),
          'value',
        );
    const rest = createTally(quantiles, JSON.parse(JSON.stringify(part)));
    for (let day = 20; day < 40; day++)
      for (const tally of [whole, rest])
        tally.add(
          issuedAt(day),
          truth(40, () => 5),
          'value',
        );
    expect(rest.report()).toEqual(whole.report());
  });
});
