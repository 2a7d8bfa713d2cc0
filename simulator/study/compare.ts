/**
 * Compare: the same seeds under two treatments, metric by metric: differences with their paired 95 % intervals.
 *
 * Pairs mean something only where a seed draws the same world for both: the same sites, grid, arrivals and interval. What
 * may differ is what people compare: policies, forecasters, slack, pauses, planning cycles, weights. The rest is refused.
 */
import type { ScenarioFile } from '../scenario-file.ts';
import { type Interval95, intervalOf } from './confidence.ts';
import type { Metric } from './metrics.ts';
import type { RunMetrics } from './run.ts';

/** One treatment: the runs of one policy over the seeds. */
export interface Arm {
  readonly label: string;
  readonly scenario: ScenarioFile;
  /** Marks of the bytes of the records it read, by path: the same records may lie in two places. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly runs: readonly RunMetrics[];
}

/** What makes pairs meaningless, when two arms differ in it; what was found in each. */
export interface Unpaired {
  readonly what: string;
  readonly reference: string;
  readonly other: string;
}

/** One metric of an arm beside the reference; gaps (NaN) where a run does not know it. */
export interface Difference {
  readonly metric: Metric;
  readonly reference: number;
  readonly mean: number;
  /** Arm − reference, in the metric's unit, paired by seed. */
  readonly difference: Interval95;
  /** The same in % of the reference's mean; NaN where that is 0. */
  readonly percent: number;
  /** The interval leaves out 0; never so with one seed. */
  readonly isClear: boolean;
}

/** Sums of the same terms in another order differ by less than this share. */
const roundingShare = 1e-12;

/** What draws a seed's world, and how it is told. */
const drawn: readonly (readonly [string, (arm: Arm) => unknown])[] = [
  ['interval', ({ scenario: { from, for: length, slot } }) => ({ from: new Date(from).toISOString(), forMs: length, slotMs: slot })],
  ['sites', ({ scenario: { sites } }) => sites],
  ['grid', ({ scenario: { grid }, inputs }) => ({ ...grid, records: grid.records && (inputs[grid.records] ?? grid.records) })],
  [
    'jobs',
    ({ scenario: { jobs }, inputs }) => {
      const { slack: _, interruptible: __, ...arrivals } = jobs;
      return { ...arrivals, file: jobs.file && (inputs[jobs.file] ?? jobs.file) };
    },
  ],
  ['currency', ({ scenario: { currency, rates } }) => ({ currency, rates })],
];

/** Everything that keeps two arms from being compared seed by seed; nothing when they can be. */
export function unpairedIn(reference: Arm, other: Arm): Unpaired[] {
  const found = drawn.flatMap(([what, of]) => {
    const [ours, theirs] = [of(reference), of(other)].map((value) => JSON.stringify(value) ?? '') as [string, string];
    return ours === theirs ? [] : [{ what, reference: cut(ours, theirs), other: cut(theirs, ours) }];
  });
  const seedsOf = ({ runs }: Arm) => [...new Set(runs.map(({ seed }) => seed))].sort((a, b) => a - b).join(', ');
  if (seedsOf(reference) !== seedsOf(other)) found.push({ what: 'seeds', reference: seedsOf(reference), other: seedsOf(other) });
  return found;
}

/** A long text from a little before the place where it differs from another. */
function cut(text: string, from: string): string {
  const shownMax = 120;
  let same = 0;
  while (same < text.length && text[same] === from[same]) same++;
  const start = text.length <= shownMax ? 0 : Math.max(0, same - shownMax / 4);
  return `${start > 0 ? '…' : ''}${text.slice(start, start + shownMax)}${start + shownMax < text.length ? '…' : ''}`;
}

/**
 * An arm beside the reference, metric by metric; a RangeError when a seed is missing.
 *
 * `comparable` is left out where the two weigh carbon or waiting differently: it is money in neither's sense.
 */
export function differencesOf(reference: Arm, arm: Arm): Difference[] {
  const bySeed = new Map(arm.runs.map((run) => [run.seed, run.metrics]));
  const isWeighedAlike = JSON.stringify(reference.scenario.optimize) === JSON.stringify(arm.scenario.optimize);
  const metrics = Object.keys(reference.runs[0]?.metrics ?? {}) as Metric[];
  return metrics
    .filter((metric) => metric !== 'comparable' || isWeighedAlike)
    .map((metric) => {
      const pairs = reference.runs.map(({ seed, metrics: base }) => {
        const own = bySeed.get(seed);
        if (!own) throw new RangeError(`${arm.label} was not run with seed ${seed}, which ${reference.label} was`);
        return { base: base[metric], own: own[metric] };
      });
      const difference = intervalOf(pairs.map(({ base, own }) => own - base));
      const base = intervalOf(pairs.map((pair) => pair.base)).mean;
      return {
        metric,
        reference: base,
        mean: intervalOf(pairs.map(({ own }) => own)).mean,
        difference,
        percent: base === 0 ? Number.NaN : (100 * difference.mean) / Math.abs(base),
        isClear:
          pairs.length > 1 && (difference.low > 0 || difference.high < 0) && Math.abs(difference.mean) > roundingShare * Math.abs(base),
      };
    });
}
