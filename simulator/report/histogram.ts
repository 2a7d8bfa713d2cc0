/**
 * Histogram: how values are spread, as shares of their own number, so that series of different sizes compare.
 *
 * Bins have round edges and are the same for all series: half-open `[low, high)`, the last one closed.
 */
import { extentOf, niceTicks, numberAxis, numberText, shortNumber, tickTexts } from './axis.ts';
import { chart, type Size } from './frame.ts';
import { painted, px, seriesColour, tooltip } from './svg.ts';

export interface Sample {
  readonly name: string;
  readonly values: readonly number[];
}

export interface Histogram {
  readonly title: string;
  /** What is measured and its unit. */
  readonly x: { readonly label: string };
  readonly samples: readonly Sample[];
  /** About how many bins; 20 unless told. */
  readonly bins?: number;
}

/** How many values lie between neighbouring edges, evenly spaced. O(n). @throws RangeError when a value lies outside them */
export function countsBetween(edges: readonly number[], values: readonly number[]): readonly number[] {
  const [low, high] = [edges[0] ?? 0, edges.at(-1) ?? 0];
  const counts = new Array<number>(edges.length - 1).fill(0);
  const hair = (1e-6 * (high - low)) / counts.length; // round edges may miss the data by the noise of a float
  for (const value of values) {
    if (!(low - hair <= value && value <= high + hair)) throw new RangeError(`${value} lies outside [${low}, ${high}]`);
    let bin = Math.min(counts.length - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * counts.length)));
    if (bin > 0 && value < (edges[bin] as number)) bin--;
    else if (bin + 1 < counts.length && value >= (edges[bin + 1] as number)) bin++;
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts;
}

/** Draws one sample as bars, several as outlines over one another; a sample without values shows nothing. */
export function histogram({ title, x, samples, bins = 20 }: Histogram, size: Size): string {
  const extent = extentOf(samples.flatMap(({ values }) => [extentOf(values)?.low, extentOf(values)?.high])) ?? { low: 0, high: 1 };
  const edges = niceTicks(extent.low, extent.high, bins);
  const shares = samples.map(({ values }) => countsBetween(edges, values).map((count) => (100 * count) / Math.max(1, values.length)));
  const labelled = numberAxis(x.label, [edges[0], edges.at(-1)], { count: Math.max(2, Math.round(size.width / 90)) });
  const [low, high] = [edges[0] as number, edges.at(-1) as number];
  const xAxis = { ...labelled, low, high, ticks: labelled.ticks.filter(({ at }) => low <= at && at <= high) };
  const isAlone = samples.length === 1;
  const legend = samples.map(({ name }, i) => ({ name, colour: seriesColour(i), mark: isAlone ? ('area' as const) : ('line' as const) }));
  const texts = tickTexts(edges);
  return chart({ title, legend, x: xAxis, y: numberAxis('%', shares.flat(), { include: [0] }) }, size, (scaleX, scaleY, { bottom }) =>
    samples.flatMap(({ name, values }, series) => {
      const own = shares[series] as readonly number[];
      if (values.length === 0) return [];
      const outline = own.map(
        (share, i) => `L${px(scaleX(edges[i] as number))} ${px(scaleY(share))}H${px(scaleX(edges[i + 1] as number))}`,
      );
      const path = `M${px(scaleX(low))} ${px(bottom)}${outline.join('')}V${px(bottom)}`;
      const bars = own.map((share, i) => {
        const [from, to] = [scaleX(edges[i] as number), scaleX(edges[i + 1] as number)];
        const words = `${name}, ${texts[i]} to ${texts[i + 1]}: ${numberText(share, 1)} %`;
        return `<rect x="${px(from)}" y="${px(scaleY(share))}" width="${px(to - from)}" height="${px(bottom - scaleY(share))}" fill-opacity="${isAlone ? 0.55 : 0.08}" ${painted('fill', seriesColour(series))}>${tooltip(words)}</rect>`;
      });
      const line = `<path d="${path}" fill="none" stroke-width="1.8" ${painted('stroke', seriesColour(series))}>${tooltip(`${name}: ${values.length} values, mean ${shortNumber(values.reduce((sum, value) => sum + value, 0) / values.length)}`)}</path>`;
      return [...bars, line];
    }),
  );
}
