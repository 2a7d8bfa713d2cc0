/**
 * Area chart: parts of a whole over time, one upon the other, e.g. energy by source.
 *
 * Parts are ≥ 0 and known everywhere. Where there are more places than pixels, neighbours are averaged, so that areas stay true.
 */
import { instantText, numberAxis, shortNumber } from './axis.ts';
import { chart, type Size } from './frame.ts';
import { type LineChart, type Span, shaded, xAxisOf } from './line-chart.ts';
import { type Colour, painted, px, seriesColour, tooltip } from './svg.ts';

/** A part of the whole; one value ≥ 0 per place of the x axis. */
export interface Layer {
  readonly name: string;
  readonly values: readonly number[];
  readonly colour?: Colour;
}

export interface AreaChart {
  readonly title: string;
  readonly x: LineChart['x'];
  /** Values of `include` are on the axis whatever the data: one scale for charts that are compared. */
  readonly y: { readonly label: string; readonly include?: readonly number[] };
  /** From the bottom up. */
  readonly layers: readonly Layer[];
  readonly spans?: readonly Span[];
}

/** Draws the layers. @throws RangeError when a layer has not one value per place, or one below 0 */
export function areaChart({ title, x, y, layers, spans = [] }: AreaChart, size: Size): string {
  for (const { name, values } of layers) {
    if (values.length !== x.at.length) throw new RangeError(`${name} has ${values.length} values for ${x.at.length} places`);
    if (values.some((value) => !(value >= 0))) throw new RangeError(`${name} is part of a whole, and has a value that is not ≥ 0`);
  }
  const every = Math.max(1, Math.ceil(x.at.length / size.width));
  const at = x.at.filter((_, i) => i % every === 0);
  const tops = layers.map(() => new Float64Array(at.length));
  for (let place = 0; place < at.length; place++) {
    let sum = 0;
    for (const [layer, { values }] of layers.entries()) {
      sum += meanOf(values, place * every, every);
      (tops[layer] as Float64Array)[place] = sum;
    }
  }
  const colours = layers.map(({ colour }, i) => colour ?? seriesColour(i));
  const legend = layers.map(({ name }, i) => ({ name, colour: colours[i] as Colour, mark: 'area' as const }));
  const yAxis = numberAxis(y.label, tops.at(-1) ?? [], { include: [0, ...(y.include ?? [])] });
  return chart({ title, legend, x: xAxisOf(x, size), y: yAxis }, size, (scaleX, scaleY, area) => {
    const xs = at.map((place) => px(scaleX(place)));
    const edge = (values: ArrayLike<number> | undefined) => xs.map((place, i) => `${place} ${px(scaleY(values?.[i] ?? 0))}`);
    return [
      ...layers.map(({ name, values }, i) => {
        if (xs.length === 0) return '';
        const path = `M${[...edge(tops[i]), ...edge(tops[i - 1]).reverse()].join('L')}Z`;
        const mean = shortNumber(meanOf(values, 0, values.length));
        const when = x.kind === 'time' ? ` from ${instantText(x.at[0] as number)} to ${instantText(x.at.at(-1) as number)}` : '';
        return `<path d="${path}" fill-opacity="0.85" stroke="none" ${painted('fill', colours[i] as Colour)}>${tooltip(`${name}: ${mean} on average${when}`)}</path>`;
      }),
      ...spans.map((span) => shaded(span, scaleX, area)),
    ];
  });
}

function meanOf(values: readonly number[], from: number, length: number): number {
  const end = Math.min(values.length, from + length);
  let sum = 0;
  for (let i = from; i < end; i++) sum += values[i] as number;
  return sum / Math.max(1, end - from);
}
