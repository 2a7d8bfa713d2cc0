/**
 * Seed sections: what happened with one seed, policy by policy: energy, starts, waiting and savings, each with its numbers.
 */
import { HOUR } from '../../units/time.ts';
import { areaChart } from './area-chart.ts';
import { numberText, shortNumber } from './axis.ts';
import { distribution, quantile, quantileTable, type Sorted } from './distribution.ts';
import type { Size } from './frame.ts';
import type { Section } from './page.ts';
import type { RunPicture, SignalPicture, StudyPicture } from './run-picture.ts';
import { startChart } from './start-chart.ts';
import { type Colour, seriesColour } from './svg.ts';

/** All runs of one seed, drawn on what they share. */
export interface SeedPicture {
  readonly study: StudyPicture;
  readonly runs: readonly RunPicture[];
}

/** The sections of a seed, in the order they are read. */
export const seedSections = (first: SeedPicture, baseline: string): readonly Section[] => [
  energySection(first),
  startSection(first),
  waitSection(first, baseline),
  savingSection(first, baseline),
];

const percent = (value: number): string => numberText(value, 1);

/** Sources from the freest to the dearest. */
const sources: readonly { readonly name: string; readonly of: 'curtailedKw' | 'exportableKw' | 'gridKw'; readonly colour: Colour }[] = [
  { name: 'surplus, not exportable', of: 'curtailedKw', colour: seriesColour(2) },
  { name: 'surplus, exportable', of: 'exportableKw', colour: seriesColour(4) },
  { name: 'grid', of: 'gridKw', colour: seriesColour(6) },
];

function energySection({ study, runs }: SeedPicture): Section {
  const most = Math.max(
    0,
    ...runs.flatMap((run) => study.at.map((_, i) => sources.reduce((sum, { of }) => sum + (run[of][i] as number), 0))),
  );
  const kwh = (values: readonly number[]) => (values.reduce((sum, value) => sum + value, 0) * study.stepMs) / HOUR;
  return {
    heading: `Energy by source, seed ${study.seed}`,
    text: ['Draw of the jobs at all sites together, PUE included, to the last deadline; one scale.'],
    figures: runs.map(
      (run) => (size) =>
        areaChart(
          {
            title: run.policy,
            x: { kind: 'time', at: study.at },
            y: { label: 'kW', include: [most] },
            layers: sources.map(({ name, of, colour }) => ({ name, colour, values: run[of] })),
          },
          { ...size, height: 260 },
        ),
    ),
    details: [
      {
        summary: 'The numbers',
        table: {
          titles: ['policy', ...sources.map(({ name }) => `>${name}, kWh`)],
          rows: runs.map((run) => [run.policy, ...sources.map(({ of }) => shortNumber(kwh(run[of])))]),
        },
      },
    ],
  };
}

/** Heights that dots of one place are told apart at: many sites take no more room than a few. */
const levels = 60;

/** Jobs that start by place and height of the signal, at its mean there. O(starts). */
function startsOn({ starts }: RunPicture, { low, high, bySite }: SignalPicture) {
  const known = [...low, ...high].filter((value) => value !== undefined);
  const height = (Math.max(...known) - Math.min(...known)) / levels || 1;
  const dots = new Map<string, { readonly place: number; value: number; jobs: number }>();
  for (const { place, site, jobs } of starts) {
    const value = bySite[site]?.[place];
    if (value === undefined) continue;
    const key = `${place} ${Math.floor(value / height)}`;
    const dot = dots.get(key) ?? { place, value, jobs: 0 };
    dot.value = (dot.value * dot.jobs + value * jobs) / (dot.jobs + jobs);
    dot.jobs += jobs;
    dots.set(key, dot);
  }
  return [...dots.values()];
}

function startSection({ study, runs }: SeedPicture): Section {
  const figure = (what: string, run: RunPicture, signal: SignalPicture) => (size: Size) => {
    const starts = startsOn(run, signal);
    const y = { label: signal.label, include: [0] };
    return startChart(
      { title: `${run.policy}: ${what}`, at: study.at, y, low: signal.low, high: signal.high, starts },
      { ...size, height: 260 },
    );
  };
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const atStarts = (run: RunPicture, signal: SignalPicture) =>
    mean(run.starts.flatMap(({ place, site, jobs }) => Array(jobs).fill(signal.bySite[site]?.[place] ?? Number.NaN)));
  const overall = (signal: SignalPicture) => mean(signal.bySite.flat().filter((value) => value !== undefined));
  const text = (value: number) => (Number.isNaN(value) ? '–' : shortNumber(value));
  return {
    heading: `Where and when jobs start, seed ${study.seed}`,
    text: [
      'Each dot lies at the intensity, or the price, of the site a job starts at. The grid is not all: a job on surplus may start where both are high.',
    ],
    figures: runs.flatMap((run) => [figure('carbon intensity', run, study.carbon), figure('price', run, study.price)]),
    details: [
      {
        summary: 'The numbers',
        table: {
          titles: ['policy', `>mean intensity at starts, ${study.carbon.label}`, `>mean price at starts, ${study.price.label}`],
          rows: [
            ...runs.map((run) => [run.policy, text(atStarts(run, study.carbon)), text(atStarts(run, study.price))]),
            ['(all sites, all slots)', text(overall(study.carbon)), text(overall(study.price))],
          ],
        },
      },
    ],
  };
}

function waitSection({ study, runs }: SeedPicture, baseline: string): Section {
  const samples = runs.map(({ policy, waitHours }, i) => ({ name: policy, colour: seriesColour(i), sorted: waitHours.slice().sort() }));
  const most = Math.max(0, ...samples.map(({ sorted }) => quantile(sorted, 0.99) || 0));
  const share = ({ sorted }: Sorted) => percent((100 * sorted.filter((value) => value === 0).length) / (sorted.length || 1));
  return {
    heading: `Waiting, seed ${study.seed}`,
    text: [
      `Hours between release and end in which a job did not run. A curve further to the left waits less; ${baseline} is the baseline.`,
    ],
    figures: samples.some(({ sorted }) => sorted.length > 0)
      ? [
          distribution(
            'Jobs that wait at most so long',
            'h',
            samples.filter(({ sorted }) => sorted.length > 0),
            0,
            most,
          ),
        ]
      : [],
    details: [
      { summary: 'The numbers, h', table: quantileTable(samples, [0.5, 0.95, 0.99, 1], ['>do not wait, %'], (sample) => [share(sample)]) },
    ],
  };
}

function savingSection({ study, runs }: SeedPicture, baseline: string): Section {
  const samples = runs
    .map(({ policy, savedG }, i) => ({ name: policy, colour: seriesColour(i), sorted: savedG.slice().sort() }))
    .filter(({ sorted }) => sorted.length > 0);
  const low = Math.min(0, ...samples.map(({ sorted }) => quantile(sorted, 0.02)));
  const high = Math.max(0, ...samples.map(({ sorted }) => quantile(sorted, 0.98)));
  const worse = ({ sorted }: Sorted) => percent((100 * sorted.filter((value) => value < 0).length) / sorted.length);
  return {
    heading: `Savings job by job, seed ${study.seed}`,
    text: [
      `Carbon of each job under ${baseline} less its own; below 0 the job emits more than it would have. A curve further to the right saves more.`,
    ],
    figures: samples.length > 0 ? [distribution('Jobs that save at most so much', 'saved by a job, gCO2eq', samples, low, high)] : [],
    details: [
      { summary: 'The numbers, gCO2eq', table: quantileTable(samples, [0.05, 0.5, 0.95], ['>emit more, %'], (sample) => [worse(sample)]) },
    ],
  };
}
