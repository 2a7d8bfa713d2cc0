/** Metrics of runs, computed by hand; and policies beside their baseline. */
import { describe, expect, test } from 'vitest';
import { accountsOf } from '../../../simulator/study/account.ts';
import { perfect } from '../../../simulator/study/belief.ts';
import { type Metrics, metricsOf } from '../../../simulator/study/metrics.ts';
import { planner } from '../../../simulator/study/policy.ts';
import { type RunMetrics, runClairvoyant, runStudy, standingsOf } from '../../../simulator/study/run.ts';
import type { Runs, Study } from '../../../simulator/study/study.ts';
import { runsOf, tinyStudy } from '../../fixtures/study.ts';

const metrics = (study: Study, runs: Runs) => metricsOf(study, runs, accountsOf(study, runs));

describe('the metrics of a run', () => {
  test('are what a pencil finds', () => {
    const study = tinyStudy({
      sites: [{ accelerators: 2 }, {}],
      slots: 4,
      tail: 2,
      netKw: [[0, 3, 3, 0], [0]],
      jobs: [
        { length: 2, end: 4, accelerators: 2 },
        { release: 1, length: 1, end: 3, home: 0 },
        { release: 2, length: 1, end: 3, home: 1 },
        { release: 3, length: 1, end: 4, home: 1 },
      ],
      terms: { weights: { carbonPricePerKg: 0.5, waitPricePerHour: 0.25 }, embodiedGPerAcceleratorHour: 100 },
    });
    // job 0 waits 1 h and runs on surplus; job 1 runs away from home at once; job 2 ends 2 h late; job 3 finds no room
    expect(metrics(study, runsOf([0, 1], [1, 1], [1, 4], undefined))).toEqual({
      jobs: 4,
      unplaced: 1,
      deadlineMisses: 2,
      energyKwh: 6,
      curtailedKwh: 4,
      exportableKwh: 0,
      gridKwh: 2,
      locationKg: 0.4,
      marginalKg: Number.NaN,
      matchedKg: 0.4,
      embodiedKg: 0.6,
      money: 0.2,
      comparable: 0.2 + 0.5 * 0.4 + 0.25 * 3,
      waitHoursMean: 1,
      waitHoursP95: 2,
      makespanHours: 5,
      utilisationPercent: (100 * 5) / 12,
      absorbedPercent: (100 * 4) / 6,
      starts: 3,
      stops: 0,
      moved: 1,
    } satisfies Metrics);
  });

  test('tell the wait that 95 of 100 jobs do not exceed, by nearest rank', () => {
    const jobs = Array.from({ length: 20 }, () => ({ length: 1, end: 40 }));
    const study = tinyStudy({ sites: [{ accelerators: 20 }], slots: 40, jobs });
    const waits = jobs.map((_, job): [number, number] => [0, job === 19 ? 39 : job]);
    expect(metrics(study, runsOf(...waits)).waitHoursP95).toBe(18);
  });

  test('tell no share of a surplus that was never there', () =>
    expect(metrics(tinyStudy({ slots: 1, jobs: [{ length: 1, end: 1 }] }), runsOf([0, 0])).absorbedPercent).toBeNaN());

  test('compare runs by what the planner minimises, pauses and all', () => {
    const study = tinyStudy({
      slots: 6,
      price: [[500, 90, 400, 90, 300, 300]],
      jobs: [{ length: 2, end: 6 }],
      terms: { weights: { carbonPricePerKg: 0.1, waitPricePerHour: 0.01 }, restartCost: 0.004 },
    });
    const pauses = { ...study, workload: { ...study.workload, isInterruptible: Uint8Array.of(1) } };
    const { runs, metrics: found } = runStudy(pauses, planner(), perfect);
    expect([runs.start[0], [...(runs.pattern.get(0) ?? [])]]).toEqual([1, [1, 0, 1]]);
    // 2 × 0.09 of energy, 0.4 kg × 0.1, one restart, 1.5 h later than at once
    expect(found.comparable).toBeCloseTo(0.18 + 0.04 + 0.004 + 0.015, 12);
    expect(runClairvoyant(pauses).metrics.comparable).toBeCloseTo(found.comparable, 12);
  });
});

describe('policies beside their baseline', () => {
  const base = metrics(tinyStudy({ slots: 1, jobs: [{ length: 1, end: 1 }] }), runsOf([0, 0]));
  const run = (policy: string, seed: number, own: Partial<Metrics>): RunMetrics => ({
    policy,
    forecaster: 'perfect',
    seed,
    metrics: { ...base, ...own },
  });

  test('are paired by seed, in whatever order they ran', () => {
    const [slow, quick] = standingsOf(
      [
        run('slow', 1, { locationKg: 10, waitHoursMean: 0 }),
        run('slow', 2, { locationKg: 100, waitHoursMean: 0 }),
        run('quick', 2, { locationKg: 50, waitHoursMean: 3 }),
        run('quick', 1, { locationKg: 5, waitHoursMean: 1 }),
      ],
      'slow',
    );
    expect(slow?.savings.locationKg).toEqual({ mean: 0, low: 0, high: 0, seeds: 2 });
    expect(quick?.savings.locationKg).toEqual({ mean: 50, low: 50, high: 50, seeds: 2 });
    expect(quick?.savings.waitHoursMean.mean).toBeNaN();
    expect(quick?.changes.waitHoursMean.mean).toBe(2);
    expect(quick?.regretPercent).toBeUndefined();
  });

  test('regret what the clairvoyant plan costs less, as a share of it where that is above 0', () => {
    const with_ = (least: number) =>
      standingsOf([run('own', 1, { comparable: 15 }), run('clairvoyant', 1, { comparable: least })], 'own')[0];
    expect(with_(10)).toMatchObject({ regret: { mean: 5 }, regretPercent: { mean: 50 } });
    expect(with_(-10)?.regret?.mean).toBe(25);
    expect(with_(-10)?.regretPercent).toBeUndefined();
  });

  test.each([
    { who: 'the policy', own: 1, foreseen: 0 },
    { who: 'the clairvoyant plan', own: 0, foreseen: 1 },
  ])('tell no regret when $who left a job out', ({ own, foreseen }) => {
    const runs = [run('own', 1, { unplaced: own }), run('clairvoyant', 1, { unplaced: foreseen })];
    expect(standingsOf(runs, 'own')[0]?.regret).toBeUndefined();
  });

  test('need the baseline on every seed', () =>
    expect(() => standingsOf([run('own', 2, {})], 'run-now')).toThrow('run-now was not run with seed 2, which own was'));
});
