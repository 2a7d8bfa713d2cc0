/**
 * Start chart: a signal over time from the lowest site to the highest, and where and when jobs start on it.
 *
 * The band is what could be had, the dots are what was taken. Dots are one path per size, so that thousands stay small.
 */
import type { Instant } from '../../units/time.ts';
import { instantText, numberAxis, shortNumber } from './axis.ts';
import { chart, type Size } from './frame.ts';
import { xAxisOf } from './line-chart.ts';
import { painted, px, seriesColour, tooltip } from './svg.ts';

export interface StartChart {
  readonly title: string;
  /** Where each place of time begins. */
  readonly at: readonly Instant[];
  readonly y: { readonly label: string; readonly include?: readonly number[] };
  /** Lowest and highest of all sites, one per place; `undefined` where nobody knows. */
  readonly low: readonly (number | undefined)[];
  readonly high: readonly (number | undefined)[];
  /** Jobs that start in a place at a site with this value of the signal. */
  readonly starts: readonly { readonly place: number; readonly value: number; readonly jobs: number }[];
}

/** Dots by how many jobs they stand for, the most of each first. */
const dotSizes = [
  { most: 2, width: 3.5, name: '1 or 2 jobs start' },
  { most: 9, width: 6, name: '3 to 9' },
  { most: Number.POSITIVE_INFINITY, width: 9, name: '10 or more' },
] as const;

/** Draws band and dots. @throws RangeError when a column has not one value per place */
export function startChart({ title, at, y, low, high, starts }: StartChart, size: Size): string {
  if (low.length !== at.length || high.length !== at.length) throw new RangeError(`${title} needs ${at.length} lows and highs`);
  const [dots, band] = [seriesColour(1), seriesColour(6)];
  const yAxis = numberAxis(y.label, [...low, ...high], y.include ? { include: y.include } : {});
  const legend = [
    { name: 'lowest to highest site', colour: band, mark: 'area' as const },
    { name: 'jobs start, more where larger', colour: dots, mark: 'point' as const },
  ];
  return chart({ title, legend, x: xAxisOf({ kind: 'time', at }, size), y: yAxis }, size, (scaleX, scaleY) => {
    const dotsOf = ({ most }: (typeof dotSizes)[number], i: number) =>
      starts.filter(({ jobs }) => jobs <= most && jobs > (dotSizes[i - 1]?.most ?? 0));
    return [
      ...stretches(low, high).map(([from, to]) => {
        const edge = (values: readonly (number | undefined)[]) =>
          Array.from({ length: to - from }, (_, i) => `${px(scaleX(at[from + i] as number))} ${px(scaleY(values[from + i] as number))}`);
        const words = `${instantText(at[from] as number)} to ${instantText(at[to - 1] as number)}`;
        return `<path d="M${[...edge(high), ...edge(low).reverse()].join('L')}Z" fill-opacity="0.3" stroke="none" ${painted('fill', band)}>${tooltip(words)}</path>`;
      }),
      ...dotSizes.map((dot, i) => {
        const own = dotsOf(dot, i);
        if (own.length === 0) return '';
        const path = own.map(({ place, value }) => `M${px(scaleX(at[place] as number))} ${px(scaleY(value))}h0`).join('');
        const jobs = own.reduce((sum, each) => sum + each.jobs, 0);
        const words = `${dot.name} at once: ${jobs} jobs, ${y.label} ${shortNumber(own.reduce((sum, each) => sum + each.jobs * each.value, 0) / jobs)} on average`;
        return `<path d="${path}" fill="none" stroke-linecap="round" stroke-opacity="0.65" stroke-width="${dot.width}" ${painted('stroke', dots)}>${tooltip(words)}</path>`;
      }),
    ];
  });
}

/** Half-open runs of places where both are known. */
function stretches(low: readonly (number | undefined)[], high: readonly (number | undefined)[]): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  for (let i = 0; i < low.length; i++) {
    if (low[i] === undefined || high[i] === undefined) continue;
    const last = found.at(-1);
    if (last?.[1] === i) last[1] = i + 1;
    else found.push([i, i + 1]);
  }
  return found;
}
