/**
 * Distribution: for each policy the share of jobs at or below a value, as curves and as quantiles.
 *
 * Curves of several samples are told apart where bars over one another are not.
 */
import { numberText, shortNumber } from './axis.ts';
import { lineChart } from './line-chart.ts';
import type { Figure, Table } from './page.ts';
import type { Colour } from './svg.ts';

/** Values at shares of the sorted sample, by nearest rank; NaN of nothing. */
export const quantile = (sorted: Float64Array, share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;

/** How many places a distribution is drawn at. */
const distributionPlaces = 300;

/** A sample in ascending order. */
export interface Sorted {
  readonly name: string;
  /** The policy's own in every chart. */
  readonly colour: Colour;
  readonly sorted: Float64Array;
}

/** For each policy the share of its jobs at or below each value, between two quantiles of all. */
export function distribution(title: string, label: string, samples: readonly Sorted[], low: number, high: number): Figure {
  const [from, to] = low < high ? [low, high] : [low - 0.5, high + 0.5];
  const at = Array.from({ length: distributionPlaces }, (_, i) => from + ((to - from) * i) / (distributionPlaces - 1));
  const share = (sorted: Float64Array) => {
    let below = 0;
    return at.map((value) => {
      while (below < sorted.length && (sorted[below] as number) <= value + 1e-9) below++;
      return (100 * below) / sorted.length;
    });
  };
  const lines = samples.map(({ name, colour, sorted }) => ({ name, colour, values: share(sorted) }));
  return (size) => lineChart({ title, x: { kind: 'number', at, label }, y: { label: '% of jobs', include: [0, 100] }, lines }, size);
}

/** Jobs, mean and quantiles of each sample, and what `rest` says beside them. */
export function quantileTable(
  samples: readonly Sorted[],
  shares: readonly number[],
  more: Table['titles'],
  rest: (sample: Sorted) => readonly string[],
): Table {
  const text = (value: number) => (Number.isNaN(value) ? '–' : shortNumber(value));
  return {
    titles: ['policy', '>jobs', '>mean', ...shares.map((share) => (share === 1 ? '>most' : `>P${Math.round(100 * share)}`)), ...more],
    rows: samples.map((sample) => {
      const { name, sorted } = sample;
      const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
      return [name, numberText(sorted.length, 0), text(mean), ...shares.map((share) => text(quantile(sorted, share))), ...rest(sample)];
    }),
  };
}
