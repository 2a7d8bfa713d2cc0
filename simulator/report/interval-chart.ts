/**
 * Interval chart: points with error bars, a row each, e.g. what policies save, with confidence intervals.
 *
 * Rows read from the top; series of a row stand below each other. A reference line says what nothing would be.
 */
import { numberAxis, shortNumber } from './axis.ts';
import { chart, type Size } from './frame.ts';
import { escaped, painted, px, seriesColour, tooltip } from './svg.ts';

/** A value and the ends of its interval, low ≤ value ≤ high. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface IntervalChart {
  readonly title: string;
  /** What is measured and its unit. */
  readonly x: { readonly label: string; readonly include?: readonly number[] };
  readonly series: readonly string[];
  /** One estimate per series; `undefined` where there is none. */
  readonly rows: readonly { readonly name: string; readonly estimates: readonly (Estimate | undefined)[] }[];
  readonly reference?: { readonly at: number; readonly label: string };
}

/** Draws the rows, an estimate without a spread as a point alone; give a height of about 26 px a row and 110 px for the rest. */
export function intervalChart({ title, x, series, rows, reference }: IntervalChart, size: Size): string {
  const all = rows.flatMap(({ estimates }) =>
    estimates.flatMap((estimate) => (estimate ? [estimate.low, estimate.value, estimate.high] : [])),
  );
  const include = [...(x.include ?? []), ...(reference ? [reference.at] : [])];
  const xAxis = numberAxis(x.label, all, { include, count: Math.max(2, Math.round(size.width / 110)) });
  const yAxis = { low: rows.length - 0.5, high: -0.5, ticks: rows.map(({ name }, at) => ({ at, text: name })), label: '' };
  const legend = series.length > 1 ? series.map((name, i) => ({ name, colour: seriesColour(i), mark: 'point' as const })) : [];
  return chart({ title, legend, x: xAxis, y: yAxis }, size, (scaleX, scaleY, { top, bottom }) => [
    ...(reference
      ? [
          `<line x1="${px(scaleX(reference.at))}" x2="${px(scaleX(reference.at))}" y1="${px(top)}" y2="${px(bottom)}" stroke="currentColor" stroke-dasharray="3 3" stroke-opacity="0.7"/>`,
          `<text x="${px(scaleX(reference.at) + 4)}" y="${px(top - 2)}" font-size="11" opacity="0.75">${escaped(reference.label)}</text>`,
        ]
      : []),
    ...rows.flatMap(({ name, estimates }, row) =>
      estimates.flatMap((estimate, i) => {
        if (!estimate) return [];
        const y = scaleY(row + (0.6 * (i - (series.length - 1) / 2)) / Math.max(1, series.length));
        const spread = estimate.low < estimate.high ? ` [${shortNumber(estimate.low)}, ${shortNumber(estimate.high)}]` : '';
        const words = `${name}${series.length > 1 ? `, ${series[i]}` : ''}: ${shortNumber(estimate.value)}${spread}`;
        return [errorBar(estimate, scaleX, y, i, words)];
      }),
    ),
  ]);
}

function errorBar({ value, low, high }: Estimate, x: (value: number) => number, y: number, series: number, words: string): string {
  const cap = (at: number) => `M${px(x(at))} ${px(y - 4)}v8`;
  const bar = `M${px(x(low))} ${px(y)}H${px(x(high))}${cap(low)}${cap(high)}`;
  return (
    `<g>${low < high ? `<path d="${bar}" fill="none" stroke-width="1.5" ${painted('stroke', seriesColour(series))}/>` : ''}` +
    `<circle cx="${px(x(value))}" cy="${px(y)}" r="4" ${painted('fill', seriesColour(series))}/>${tooltip(words)}</g>`
  );
}
