/** The page of a run: what it says of runs that are whole, single, stopped or short of room. */
import { describe, expect, test } from 'vitest';
import { pictureOfRun, pictureOfStudy } from '../../../simulator/report/run-picture.ts';
import { type RunReport, runReport } from '../../../simulator/report/run-report.ts';
import { ran, standingsOf } from '../../../simulator/study/run.ts';
import type { Runs } from '../../../simulator/study/study.ts';
import { DAY, HOUR } from '../../../units/time.ts';
import { runsOf, tinyStudy } from '../../fixtures/study.ts';

const studyOf = (seed: number) =>
  tinyStudy({
    seed,
    slots: 4,
    carbonIntensity: [[400, 300, 100 * seed, 200]],
    netKw: [[0, 0, 0, 0.5]],
    jobs: [
      { length: 1, end: 4 },
      { release: 1, length: 1, end: 4 },
    ],
  });
const plans: Record<string, Runs> = {
  'run-now': runsOf([0, 0], [0, 1]),
  '<late>': runsOf([0, 2], [0, 3]),
  clairvoyant: runsOf([0, 3], [0, 2]),
};

function reportOf(seeds: readonly number[], own: Partial<RunReport> = {}, names = Object.keys(plans)): string {
  const runs = seeds.flatMap((seed) => names.map((name) => ran(studyOf(seed), plans[name] as Runs, name, 'perfect')));
  const study = pictureOfStudy(studyOf(1));
  const pictures = runs.filter(({ seed }) => seed === 1).map((run) => pictureOfRun(studyOf(1), run, runs[0], study));
  return runReport({
    name: 'a study',
    baseline: 'run-now',
    currency: 'EUR',
    start: Date.UTC(2023, 5, 12),
    durationMs: DAY,
    standings: standingsOf(runs, 'run-now'),
    missing: 0,
    first: { study, runs: pictures },
    scenario: 'name: a study # <script>',
    ...own,
  });
}

const words = (html: string) =>
  html.replace(/<style>[\s\S]*?<\/style>|<[^>]*>/g, ' ').replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code));

describe('the report of a run', () => {
  test('says what was compared with what', () =>
    expect(words(reportOf([1, 2]))).toContain(
      '3 policies on 1 day from 2023-06-12, 2 seeds each, against run-now on the same seeds. Forecasts: perfect.',
    ));

  test('has a chart for everything that is promised', () => {
    const titles = [...reportOf([1, 2]).matchAll(/aria-label="([^"]*)"/g)].map(([, title]) => title);
    for (const title of [
      'Carbon saved against run-now',
      'Money saved against run-now',
      'Mean wait beyond run-now',
      'Regret',
      'Carbon and cost',
      'Carbon and wait',
      'Carbon, cost and wait',
      'run-now',
      'run-now: carbon intensity',
      'run-now: price',
      'Jobs that wait at most so long',
      'Jobs that save at most so much',
    ])
      expect(titles.filter((each) => each === title)).toHaveLength(2); // wide and narrow
  });

  test('keeps the scenario, and escapes what others named', () => {
    const html = reportOf([1, 2]);
    expect(html).not.toMatch(/<script|<late>/);
    expect(words(html)).toContain('name: a study # <script>');
  });

  test('asks for nothing from elsewhere', () =>
    expect(reportOf([1, 2]).replaceAll('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:|url\(|@import|<link|<img|src=/));

  test('claims no confidence from one seed', () => {
    const text = words(reportOf([1]));
    expect(text).toContain('One seed: what differs may be chance, and there are no intervals.');
    expect(text).not.toContain('[');
  });

  test('says when runs are missing, and when policies left work undone', () => {
    expect(words(reportOf([1], { missing: 3 }))).toContain('3 of the runs were not done');
    const undone = ran(studyOf(1), runsOf([0, 2], undefined), 'lazy', 'perfect');
    const standings = standingsOf([ran(studyOf(1), plans['run-now'] as Runs, 'run-now', 'perfect'), undone], 'run-now');
    expect(words(reportOf([1], { standings }))).toContain('lazy left jobs without room; carbon and cost there are of less work.');
  });

  test('stands without any finished run, and without the clairvoyant', () => {
    const empty = runReport({ ...emptyReport, missing: 4 });
    expect(words(empty)).toContain('The scenario file');
    expect(reportOf([1, 2], {}, ['run-now', '<late>'])).not.toContain('aria-label="Regret"');
  });
});

const emptyReport: RunReport = {
  name: 'empty',
  baseline: 'run-now',
  currency: 'EUR',
  start: 0,
  durationMs: DAY,
  standings: [],
  missing: 0,
  scenario: '',
};

describe('the picture of a run', () => {
  test('keeps its energy, starts, waits and savings', () => {
    const study = pictureOfStudy(studyOf(1));
    const base = ran(studyOf(1), plans['run-now'] as Runs, 'run-now', 'perfect');
    const picture = pictureOfRun(studyOf(1), ran(studyOf(1), plans['<late>'] as Runs, '<late>', 'perfect'), base, study);
    expect(study).toMatchObject({ stepMs: HOUR, carbon: { low: [400, 300, 100, 200], high: [400, 300, 100, 200] } });
    expect(picture).toMatchObject({ gridKw: [0, 0, 1, 0.5], curtailedKw: [0, 0, 0, 0.5] });
    expect(picture.starts).toEqual([2, 3].map((place) => ({ place, site: 0, jobs: 1 })));
    expect([[...picture.waitHours], [...picture.savedG]]).toEqual([
      [2, 2],
      [400 - 100, 300 - 100],
    ]);
  });

  test('of a year takes no more places than that of a week', () => {
    const year = tinyStudy({ slots: 8_760, jobs: [] });
    const { at, stepMs, price } = pictureOfStudy(year);
    expect([at.length, stepMs, price.low.length]).toEqual([183, 2 * DAY, 183]);
    const empty = pictureOfRun(year, ran(year, runsOf(), 'none', 'perfect'), undefined, pictureOfStudy(year));
    expect([empty.gridKw.length, empty.starts.length]).toEqual([183, 0]);
  });
});
