/**
 * Combine: what several sources say of one signal, as one value a step that a minority of liars cannot move.
 *
 * Pure. Of n = 3f + 1 sources f may lie and f honest ones may be away at the same time: a value needs 2f + 1 fresh sources,
 * so honest ones are the majority of those that count, and their median lies within what honest ones said (the proof is in
 * docs/grid-feeds.md). Leaving out who is far off only sharpens the value: what is left must be 2f + 1 again. A step that
 * has fewer is a gap with its reason, or a value marked so. Who is stale or left out is the caller's to say.
 */
import type { Series } from '../../units/series.ts';
import type { DurationMs, Instant, Interval } from '../../units/time.ts';
import type { SignalStep } from './signal-source.ts';

/** One source's word on a signal, in the common unit. */
export interface SourceSteps {
  readonly source: string;
  readonly steps: readonly SignalStep[];
}

/** How far a value may be from the median of its peers: the larger of the two. */
export interface DeviationLimit {
  /** In the signal's unit. */
  readonly absolute: number;
  /** Share of the median's size. */
  readonly relative: number;
}

export interface CombineRule {
  readonly stepMs: DurationMs;
  /** How many sources may lie. */
  readonly tolerated: number;
  readonly deviation: DeviationLimit;
  /** What a step with fewer fresh sources than the quorum is. */
  readonly belowQuorum: 'gap' | 'mark';
}

export type StepQuality = 'quorum' | 'below-quorum' | 'gap';

/** Value and spread as an oracle network publishes them: the middle, the interval of the sources, who counted. */
export interface CombinedStep {
  readonly start: Instant;
  readonly value: number | undefined;
  /** Lowest and highest of the sources that counted. */
  readonly low: number | undefined;
  readonly high: number | undefined;
  readonly sources: readonly string[];
  /** Sources that were too far off here, with their distance from the median in the signal's unit. */
  readonly off: readonly { readonly source: string; readonly by: number }[];
  readonly quality: StepQuality;
  /** Why it is a gap or below the quorum. */
  readonly reason?: string;
}

/** Most sources of n that may lie for the quorum to be honest: the f of n ≥ 3f + 1. */
export const toleratedOf = (sources: number): number => Math.max(0, Math.floor((sources - 1) / 3));
/** Fresh sources that a value needs. */
export const quorumOf = (tolerated: number): number => 2 * tolerated + 1;

/** Middle of a list that is not empty; the mean of the two middle ones of an even list. O(n log n). */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const high = sorted[half] as number;
  return sorted.length % 2 === 1 ? high : ((sorted[half - 1] as number) + high) / 2;
}

/**
 * A source's steps on the common grid: finer ones are averaged, coarser ones stand for each of their parts; a step that is
 * not covered whole, or whose value is not finite, is a gap. O(steps).
 */
export function aligned({ steps }: SourceSteps, interval: Interval, stepMs: DurationMs): Series {
  const start = Math.floor(interval.start / stepMs) * stepMs;
  const count = Math.max(0, Math.ceil((interval.end - start) / stepMs));
  const sum: number[] = new Array(count).fill(0);
  const coveredMs: number[] = new Array(count).fill(0);
  let last = Number.NEGATIVE_INFINITY;
  for (const step of steps) {
    if (!Number.isFinite(step.value) || !(step.end > step.start) || step.start < last) continue; // out of order or overlapping: not its word
    last = step.end;
    for (let i = Math.max(0, Math.floor((step.start - start) / stepMs)); i < count && start + i * stepMs < step.end; i++) {
      const partMs = Math.min(step.end, start + (i + 1) * stepMs) - Math.max(step.start, start + i * stepMs);
      if (partMs <= 0) continue;
      sum[i] = (sum[i] as number) + step.value * partMs;
      coveredMs[i] = (coveredMs[i] as number) + partMs;
    }
  }
  return { start, stepMs, values: sum.map((total, i) => (coveredMs[i] === stepMs ? total / stepMs : undefined)) };
}

interface Told {
  readonly source: string;
  readonly value: number;
}

/** One value a step of the interval from the sources that count. O(steps × sources log sources). */
export function combine(sources: readonly SourceSteps[], interval: Interval, rule: CombineRule): readonly CombinedStep[] {
  const grids = sources.map((source) => ({ source: source.source, series: aligned(source, interval, rule.stepMs) }));
  const start = Math.floor(interval.start / rule.stepMs) * rule.stepMs;
  const count = Math.max(0, Math.ceil((interval.end - start) / rule.stepMs));
  return Array.from({ length: count }, (_, i) => {
    const told = grids.flatMap(({ source, series }): Told[] => {
      const value = series.values[i];
      return value === undefined ? [] : [{ source, value }];
    });
    return combineStep(start + i * rule.stepMs, told, rule);
  });
}

function combineStep(start: Instant, told: readonly Told[], { tolerated, deviation, belowQuorum }: CombineRule): CombinedStep {
  const quorum = quorumOf(tolerated);
  const gap = (reason: string, off: CombinedStep['off'] = []): CombinedStep => ({
    start,
    value: undefined,
    low: undefined,
    high: undefined,
    sources: [],
    off,
    quality: 'gap',
    reason,
  });
  if (told.length === 0) return gap('no source tells of it');
  const middle = median(told.map(({ value }) => value));
  const limit = Math.max(deviation.absolute, deviation.relative * Math.abs(middle));
  const off = told.flatMap(({ source, value }) => (Math.abs(value - middle) > limit ? [{ source, by: Math.abs(value - middle) }] : []));
  const counted = told.filter(({ source }) => !off.some((each) => each.source === source));
  if (counted.length >= quorum) return { ...middleOf(start, counted), off, quality: 'quorum' };
  const reason =
    told.length < quorum
      ? `${told.length} of ${quorum} sources that are needed tell of it`
      : `${counted.length} of ${quorum} sources that are needed agree`;
  if (belowQuorum === 'gap' || counted.length === 0) return gap(reason, off);
  return { ...middleOf(start, counted), off, quality: 'below-quorum', reason };
}

function middleOf(start: Instant, counted: readonly Told[]): Omit<CombinedStep, 'off' | 'quality'> {
  const values = counted.map(({ value }) => value);
  return {
    start,
    value: median(values),
    low: Math.min(...values),
    high: Math.max(...values),
    sources: counted.map(({ source }) => source),
  };
}

/** Sources that were off in more than a share of the steps they told of: who is to be left out, and how far off they were at worst. */
export function deviants(
  steps: readonly CombinedStep[],
  shareMax: number,
): readonly { readonly source: string; readonly by: number; readonly share: number }[] {
  const seen = new Map<string, { off: number; told: number; by: number }>();
  const tally = (source: string) => {
    const found = seen.get(source) ?? { off: 0, told: 0, by: 0 };
    seen.set(source, found);
    return found;
  };
  for (const { sources, off } of steps) {
    for (const source of sources) tally(source).told += 1;
    for (const { source, by } of off) {
      const one = tally(source);
      one.told += 1;
      one.off += 1;
      one.by = Math.max(one.by, by);
    }
  }
  return [...seen].flatMap(([source, { off, told, by }]) => (off / told > shareMax ? [{ source, by, share: off / told }] : []));
}
