/** Comparing arms seed by seed: the arithmetic of pairs, and which worlds are not the same. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readScenarioFile, type ScenarioFile } from '../../../simulator/scenario-file.ts';
import { type Arm, differencesOf, unpairedIn } from '../../../simulator/study/compare.ts';
import type { Metrics } from '../../../simulator/study/metrics.ts';

function scenarioOf(file: Record<string, unknown> = {}): ScenarioFile {
  const reading = readScenarioFile({ name: 's', ...file });
  if (reading.kind === 'refused') throw new Error(JSON.stringify(reading.fields));
  return reading.scenario;
}
/** An arm whose runs have the money of a seed, and a few metrics made of it. */
const armOf = (label: string, money: Readonly<Record<number, number>>, file?: Record<string, unknown>): Arm => ({
  label,
  scenario: scenarioOf(file),
  inputs: {},
  runs: Object.entries(money).map(([seed, value]) => ({
    policy: label,
    forecaster: 'perfect',
    seed: Number(seed),
    metrics: { money: value, comparable: 2 * value, marginalKg: Number.NaN, stops: 0 } as Metrics,
  })),
});
const of = (reference: Arm, arm: Arm, metric: string) => differencesOf(reference, arm).find((each) => each.metric === metric);

describe('an arm beside its reference', () => {
  test('differs by the mean of its pairs, with Student’s interval over their spread alone', () => {
    // by hand: differences 1, 2, 3; mean 2, sd 1, t(2) = 4.303, half = 4.303 / √3
    const money = of(armOf('a', { 1: 10, 2: 100, 3: 1_000 }), armOf('b', { 1: 11, 2: 102, 3: 1_003 }), 'money');
    expect(money).toMatchObject({ reference: 370, mean: 372, isClear: false });
    expect(money?.difference.mean).toBeCloseTo(2, 12);
    expect(money?.difference.low).toBeCloseTo(2 - 4.303 / Math.sqrt(3), 12);
    expect(money?.difference.high).toBeCloseTo(2 + 4.303 / Math.sqrt(3), 12);
    expect(money?.percent).toBeCloseTo(200 / 370, 12);
  });

  test('is paired by seed, in whatever order its runs come', () => {
    const reference = armOf('a', { 1: 10, 2: 20, 3: 40 });
    const arm = armOf('b', { 1: 9, 2: 19, 3: 39 });
    const turned = { ...arm, runs: arm.runs.toReversed() };
    expect(differencesOf(reference, turned)).toEqual(differencesOf(reference, arm));
    expect(of(reference, turned, 'money')).toMatchObject({ difference: { mean: -1, low: -1, high: -1 }, isClear: true });
  });

  test('is never clear with one seed', () => expect(of(armOf('a', { 1: 10 }), armOf('b', { 1: 5 }), 'money')?.isClear).toBe(false));
  test('knows nothing where a run does not', () => expect(of(armOf('a', { 1: 1 }), armOf('b', { 1: 2 }), 'marginalKg')?.mean).toBeNaN());
  test('has no percentage of nothing', () => expect(of(armOf('a', { 1: 1 }), armOf('b', { 1: 2 }), 'stops')?.percent).toBeNaN());
  test('has no comparable cost where the two weigh carbon differently', () => {
    const [reference, arm] = [armOf('a', { 1: 1 }), armOf('b', { 1: 2 }, { optimize: 'cost' })];
    expect(of(reference, arm, 'comparable')).toBeUndefined();
    expect(of(reference, armOf('b', { 1: 2 }), 'comparable')?.difference.mean).toBe(2);
  });
  test('that lacks a seed is a mistake of the caller', () =>
    expect(() => differencesOf(armOf('a', { 1: 1, 2: 1 }), armOf('b', { 1: 1 }))).toThrow('b was not run with seed 2, which a was'));

  test('differs from itself by nothing, and the other way round by the opposite', () => {
    const money = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(money, money, (ours, theirs) => {
        const seeds = Math.min(ours.length, theirs.length);
        const [a, b] = [ours, theirs].map((values, at) => armOf('ab'[at] as string, { ...values.slice(0, seeds) })) as [Arm, Arm];
        expect(of(a, a, 'money')).toMatchObject({ difference: { mean: 0, low: 0, high: 0 }, isClear: false });
        const [there, back] = [of(a, b, 'money'), of(b, a, 'money')];
        expect(back?.difference.mean).toBeCloseTo(-(there?.difference.mean as number), 6);
        expect(back?.isClear).toBe(there?.isClear);
      }),
    );
  });
});

describe('pairs', () => {
  const reference = armOf('a', { 1: 1, 2: 1 });
  const other = (file: Record<string, unknown>) => unpairedIn(reference, armOf('b', { 1: 1, 2: 1 }, file)).map(({ what }) => what);
  const sites = [{ id: 'a', zone: 'FR', accelerators: 'A100:8' }];

  test.each<{ name: string; file: Record<string, unknown> }>([
    { name: 'policies', file: { policies: ['run-now', 'planner'] } },
    { name: 'forecasts', file: { forecaster: 'perfect' } },
    { name: 'slack', file: { jobs: { slack: { long: '2d' } } } },
    { name: 'pauses', file: { jobs: { interruptible: '50%' } } },
    { name: 'weights and cycles', file: { optimize: 'cost', cycle: '2h' } },
  ])('may differ in $name', ({ file }) => expect(other(file)).toEqual([]));

  test.each<{ what: string; file: Record<string, unknown> }>([
    { what: 'interval', file: { from: '2023-07-12' } },
    { what: 'interval', file: { for: '1d' } },
    { what: 'interval', file: { slot: '1h' } },
    { what: 'sites', file: { sites } },
    { what: 'grid', file: { grid: { records: 'here' } } },
    { what: 'jobs', file: { jobs: { drawn: { per_hour: 7 } } } },
    { what: 'jobs', file: { jobs: { data: { median_gb: 3 } } } },
    { what: 'currency', file: { currency: 'USD' } },
  ])('mean nothing when the $what differ: $file', ({ what, file }) => expect(other(file)).toEqual([what]));

  test('are of the same records when those have the same bytes, wherever they lie', () => {
    const traced = (path: string, mark: string): Arm => ({
      ...armOf('traced', { 1: 1 }, { jobs: { file: `${path}.csv` }, grid: { records: path } }),
      inputs: { [`${path}.csv`]: `jobs ${mark}`, [path]: mark },
    });
    expect(unpairedIn(traced('here', '1'), traced('there', '1'))).toEqual([]);
    expect(unpairedIn(traced('here', '1'), traced('here', '2')).map(({ what }) => what)).toEqual(['grid', 'jobs']);
  });

  test('mean nothing between other seeds', () =>
    expect(unpairedIn(reference, armOf('b', { 2: 1, 3: 1 }))).toEqual([{ what: 'seeds', reference: '1, 2', other: '2, 3' }]));

  test('are told everything that differs, where it differs', () => {
    const many = (pue: number) => ({
      sites: Array.from({ length: 50 }, (_, i) => ({ ...sites[0], id: `s${i}`, pue: i === 40 ? pue : 1.5 })),
    });
    const [a, b] = [armOf('a', { 1: 1 }, many(1.1)), armOf('b', { 1: 1 }, { ...many(1.3), for: '1d' })];
    const found = unpairedIn(a, b);
    expect(found.map(({ what }) => what)).toEqual(['interval', 'sites']);
    expect(found[1]?.reference).toMatch(/^….*"pue":1\.1.*…$/);
    expect(found[1]?.other).toMatch(/^….*"pue":1\.3.*…$/);
  });
});
