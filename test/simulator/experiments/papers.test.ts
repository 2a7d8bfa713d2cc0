/**
 * Published results: each number of three papers from its authors' records, and the laws their policies keep.
 *
 * The records lie in `../shared/data` (or `SUNWARD_DATA`); without them that part is skipped, except in CI.
 */
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { papers, recompute } from '../../../cli/sim-paper.ts';
import { groups, idleCapacityShift, isIn, jobHours, spatialShift, temporalShift } from '../../../simulator/experiments/eurosys24.ts';
import { type Policy, policies, runPolicy, tickS, tickTrace, workloadOf } from '../../../simulator/experiments/gaia.ts';
import {
  deadlineOf,
  deadlines,
  nightlyJobs,
  slotsOf2020,
  trainingJobs,
  trainingJobsIn,
} from '../../../simulator/experiments/lets-wait-awhile.ts';
import { agrees, differenceOf, type PublishedResult } from '../../../simulator/experiments/published-result.ts';
import { importZoneTable } from '../../../simulator/traces/importers/zone-table.ts';
import { HOUR, MINUTE } from '../../../units/time.ts';

const folder = process.env['SUNWARD_DATA'] ?? '../shared/data';
const isThere = existsSync(folder);
if (!isThere && process.env['CI'] === 'true')
  test('the public records are there', () => expect.fail(`no ${folder}; SUNWARD_DATA names it`));

describe.skipIf(!isThere).each(Object.keys(papers))(`%s${isThere ? '' : ` (no ${folder}; SUNWARD_DATA names it)`}`, (name) => {
  test('is reproduced, every number within its tolerance', { timeout: 60_000 }, () => {
    const results = recompute(name, folder);
    expect(results.filter((result) => !agrees(result))).toEqual([]);
    expect(results.filter(({ theirs }) => theirs !== undefined).length).toBeGreaterThanOrEqual(8); // it compared something
  });
});

describe('a comparison', () => {
  const result = (theirs: number | undefined, ours: number, tolerance: PublishedResult['tolerance']): PublishedResult => ({
    what: 'x',
    unit: '',
    mode: 'strict',
    theirs,
    ours,
    tolerance,
  });
  test('agrees within its tolerance and no further', () => {
    expect(agrees(result(100, 100.9, { absolute: 1 }))).toBe(true);
    expect(agrees(result(100, 98.9, { absolute: 1 }))).toBe(false);
    expect(agrees(result(-200, -201, { relative: 0.01 }))).toBe(true);
    expect(agrees(result(200, 203, { relative: 0.01 }))).toBe(false);
    expect(agrees(result(1, Number.NaN, { absolute: 1 }))).toBe(false);
  });
  test('with nothing to compare says so', () => {
    expect(differenceOf(result(undefined, 3, { absolute: 0 }))).toBeUndefined();
    expect(agrees(result(undefined, 3, { absolute: 0 }))).toBe(true);
  });
});

/** Two days of two zones: one steady at 100, the other 0 by night and 300 by day. */
const hours = 400;
const tableOf = (steady: number) =>
  importZoneTable(['DE,US-X', ...Array.from({ length: hours }, (_, hour) => `${steady},${hour % 24 < 8 ? 0 : 300}`)].join('\n'));
const exact = { roundsOptima: false, leavesOutEmpty: false };

describe('moving jobs between zones', () => {
  test('saves the difference to the greenest, for good or hour by hour', () =>
    expect(spatialShift(tableOf(100))).toEqual({
      stay: expect.closeTo((100 + 300 * (264 / 400)) / 2, 9),
      oneMigration: 100,
      unlimitedMigration: expect.closeTo(100 * (264 / 400), 9),
    }));
  test('into idle capacity fills the greenest first', () => {
    expect(idleCapacityShift(tableOf(100), 0.5, false)).toBe(100);
    expect(idleCapacityShift(tableOf(100), 0.25, false)).toBeCloseTo((100 + 0.5 * 198) / 1.5, 9);
    expect(idleCapacityShift(tableOf(100), 0.25, true)).toBe(100); // one whole zone of two
  });
  test('knows the part of the world by the country', () => {
    const groupOf = (zone: string) => groups.filter((group) => group !== 'Global' && isIn(group, zone));
    expect(['DE', 'GB-NIR', 'US-CAL-CISO', 'IN-WE', 'AU-SA', 'ZA', 'TR'].map(groupOf)).toEqual([
      ['Europe'],
      ['Europe'],
      ['Americas'],
      ['Asia'],
      ['Oceania'],
      [],
      ['Asia'],
    ]);
  });
});

describe('waiting', () => {
  test('saves nothing where intensity is constant', () => expect(temporalShift(tableOf(100), 24, exact).Europe).toBeCloseTo(0, 9));
  test('saves more with more slack, and twice as much where all is twice as dirty', () => {
    const savedBy = (slack: number, factor = 1) => {
      const table = tableOf(100);
      const values = (table.intensity.get('US-X') as Float64Array).map((value) => value * factor);
      return temporalShift({ ...table, intensity: new Map([['US-X', values]]) }, slack, exact).Americas;
    };
    expect(savedBy(48)).toBeGreaterThan(savedBy(12));
    expect(savedBy(24, 2)).toBeCloseTo(2 * savedBy(24), 9);
  });
  test('a day saves a short job all, where every day has a green night', () => {
    const values = Float64Array.from({ length: hours }, (_, hour) => (hour % 24 < 8 ? 0 : 300));
    const { Americas } = temporalShift({ zones: ['US-X'], hours, intensity: new Map([['US-X', values]]) }, 24, exact);
    expect(Americas).toBeGreaterThan(100);
    expect(jobHours.length).toBe(7);
  });
});

describe('GAIA’s policies', () => {
  /** The same rules tick by tick, as slow as they read. */
  function waitOf(policy: Policy, hourly: readonly number[], arrival: number, expected: number, waitMax: number): number {
    const at = (tick: number) => hourly[Math.floor(tick / 720)] as number;
    const over = (from: number) => Array.from({ length: expected }, (_, tick) => at(from + tick)).reduce((sum, value) => sum + value, 0);
    const waits = Array.from({ length: Math.floor(waitMax / 720) + 1 }, (_, hour) => hour * 720);
    const best = (scores: readonly number[]) => scores.indexOf(Math.max(...scores.map((score) => score)));
    if (policy === 'no-wait') return 0;
    if (policy === 'lowest-slot') return best(Array.from({ length: waitMax + 1 }, (_, wait) => -at(arrival + wait)));
    if (policy === 'lowest-window') return waits[best(waits.map((wait) => -over(arrival + wait)))] as number;
    return waits[best(waits.map((wait) => (over(arrival) - over(arrival + wait)) / (wait + expected)))] as number;
  }

  test.each(policies)('%s is what its rule says, tick by tick', (policy) => {
    const given = fc.record({
      hourly: fc.array(fc.nat(9), { minLength: 60, maxLength: 60 }),
      arrivalS: fc.nat(7_200),
      lengthS: fc.integer({ min: 300, max: 9_000 }),
    });
    const property = fc.property(given, ({ hourly, arrivalS, lengthS }) => {
      const workload = workloadOf([{ arrivalS, lengthS, cpus: 3 }]);
      const [arrival, expected, waitMax, length] = [workload.arrival, workload.expected, workload.waitMax, workload.length].map(
        ([of]) => of as number,
      ) as [number, number, number, number];
      const wait = waitOf(policy, hourly, arrival, expected, waitMax);
      let carbon = 0;
      for (let tick = arrival + wait; tick < arrival + wait + length; tick++)
        carbon += (3 * (hourly[Math.floor(tick / 720)] as number)) / 720;
      const outcome = runPolicy(policy, tickTrace(Float64Array.from(hourly)), workload);
      expect(outcome.meanWaitHours).toBeCloseTo(wait / 720, 9);
      expect(outcome.carbon).toBeCloseTo(carbon, 6);
    });
    fc.assert(property, { numRuns: 30, seed: 3 });
  });

  test('see two queues: a job of two hours counts in both means and waits with the long ones', () => {
    const jobs = [3_600, 7_200, 10_803].map((lengthS) => ({ arrivalS: 7, lengthS, cpus: 1 }));
    const { arrival, length, expected, waitMax } = workloadOf(jobs);
    expect([[...arrival], [...length]]).toEqual([
      [1, 1, 1],
      [720, 1_440, 2_160],
    ]);
    expect([...expected]).toEqual([1_080, 1_800, 1_800]); // 5,400 s; (7,200 + 10,803) ÷ 2 s, in ticks of 5 s
    expect([...waitMax].map((ticks) => (ticks * tickS) / 3_600)).toEqual([6, 24, 24]);
  });

  test('refuse a trace that ends before the jobs', () =>
    expect(() => runPolicy('no-wait', tickTrace(new Float64Array(5)), workloadOf([{ arrivalS: 0, lengthS: 600, cpus: 1 }]))).toThrow(
      /may last 7 h, the trace 5 h/,
    ));
});

describe('Let’s Wait Awhile', () => {
  const at = (day: number, hour: number) => (day * 24 + hour) * 2; // 2020-01-01 was a Wednesday
  test.each([
    { finish: 'Wednesday 08:30', from: at(0, 8.5), workday: at(0, 9), semiWeekly: at(1, 9) },
    { finish: 'Wednesday 17:00', from: at(0, 17), workday: at(0, 17), semiWeekly: at(1, 9) },
    { finish: 'Wednesday 17:30', from: at(0, 17.5), workday: at(1, 9), semiWeekly: at(1, 9) },
    { finish: 'Thursday 09:00', from: at(1, 9), workday: at(1, 9), semiWeekly: at(1, 9) },
    { finish: 'Thursday 09:30', from: at(1, 9.5), workday: at(1, 9.5), semiWeekly: at(5, 9) },
    { finish: 'Friday 20:00', from: at(2, 20), workday: at(3, 9), semiWeekly: at(5, 9) },
    { finish: 'Saturday 12:00', from: at(3, 12), workday: at(5, 9), semiWeekly: at(5, 9) },
    { finish: 'Sunday 23:30', from: at(4, 23.5), workday: at(5, 9), semiWeekly: at(5, 9) },
    { finish: 'Monday 09:30', from: at(5, 9.5), workday: at(5, 9.5), semiWeekly: at(8, 9) },
  ])('a job that would finish on $finish has until then', ({ from, workday, semiWeekly }) =>
    expect(deadlines.map((rule) => deadlineOf(rule, from))).toEqual([workday, semiWeekly]),
  );

  test('leaves out the first night once its window begins before the year, and compat divides by it all the same', () => {
    const flat = new Float64Array(366 * 48).fill(200);
    expect([0, 2, 3, 16].map((flex) => nightlyJobs(flat, flex, 'strict'))).toEqual([200, 200, 200, 200]);
    expect(nightlyJobs(flat, 2, 'compat')).toBe(200);
    expect(nightlyJobs(flat, 3, 'compat')).toBeCloseTo((200 * 364) / 365, 9);
  });

  test('in parts is never dearer than in a piece, moved never dearer than at once', () => {
    const given = fc.record({
      intensity: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 48 * 20, maxLength: 48 * 20 }),
      arrival: fc.nat(300),
      length: fc.integer({ min: 1, max: 100 }),
      rule: fc.constantFrom(...deadlines),
    });
    const property = fc.property(given, ({ intensity, arrival, length, rule }) => {
      const of = (isInterruptible: boolean) =>
        trainingJobs(Float64Array.from(intensity), [{ arrival, length }], rule, isInterruptible, 'strict');
      expect(of(false).moved).toBeLessThanOrEqual(of(false).atOnce);
      expect(of(true).moved).toBeLessThanOrEqual(of(false).moved);
    });
    fc.assert(property, { numRuns: 100, seed: 5 });
  });

  test('compat runs in every slot of the dearest value it needs', () => {
    const flat = new Float64Array(48 * 10).fill(2);
    const job = { arrival: at(0, 16), length: 4 }; // done at 18:00, may end at 09:00
    const moved = (mode: 'compat' | 'strict') => trainingJobs(flat, [job], 'next-workday', true, mode).moved;
    expect(moved('strict')).toBe(8);
    expect(moved('compat')).toBe(2 * (17 * 2 + 1)); // from 16:00 to 09:00 and a slot beyond
  });

  test('takes the values at minutes 0 and 30 of a finer record, and no gap', () => {
    const start = Date.UTC(2019, 11, 31, 23);
    const values = Array.from({ length: 12 }, (_, i) => i);
    expect([...slotsOf2020({ start, stepMs: 15 * MINUTE, values })]).toEqual([4, 6, 8, 10]);
    expect(() => slotsOf2020({ start, stepMs: HOUR / 2, values: [1, 2, 3, undefined] })).toThrow(/2020-01-01T00:30/);
  });

  test('reads jobs in whole half-hours, and nothing else', () => {
    expect(trainingJobsIn('id,arrival_min_since_2020,duration_min\n0,570,3180\n')).toEqual([{ arrival: 19, length: 106 }]);
    expect(() => trainingJobsIn('id,arrival_min_since_2020,duration_min\n0,570,45\n')).toThrow(
      /line 2: expected whole half-hours, found 45/,
    );
  });
});
