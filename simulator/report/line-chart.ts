/**
 * Line chart: values over time or over a number, with bands of uncertainty and marked spans behind them.
 *
 * A gap (`undefined`) is a gap in the line. Points closer than a pixel are thinned to the first, lowest, highest and last of
 * each pixel (M4; Jugel, Jerzak, Hackenbroich and Markl 2014), which draws the same picture.
 */
import { type Axis, instantText, numberAxis, type Scale, shortNumber, timeAxis } from './axis.ts';
import { type Area, chart, type LegendEntry, type Size } from './frame.ts';
import { type Colour, escaped, painted, px, seriesColour, textWidth, tooltip } from './svg.ts';

export interface Line {
  readonly name: string;
  /** One per place of the x axis; `undefined` is a gap. */
  readonly values: readonly (number | undefined)[];
  /** A band around the line: its lower and upper edge, one per place. */
  readonly band?: { readonly low: readonly (number | undefined)[]; readonly high: readonly (number | undefined)[] };
  readonly colour?: Colour;
  readonly isDashed?: boolean;
}

/** A stretch of the x axis that is shaded behind the lines, with a word about it. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

export interface LineChart {
  readonly title: string;
  /** Places along x, ascending: UTC instants (`time`) or plain numbers with a label. */
  readonly x:
    | { readonly kind: 'time'; readonly at: readonly number[] }
    | { readonly kind: 'number'; readonly at: readonly number[]; readonly label: string };
  /** What is measured and its unit; values of `include` are on the axis whatever the data. */
  readonly y: { readonly label: string; readonly include?: readonly number[] };
  readonly lines: readonly Line[];
  readonly spans?: readonly Span[];
}

/** Draws the lines. @throws RangeError when a line has not one value per place, or a value is not finite */
export function lineChart({ title, x, y, lines, spans = [] }: LineChart, size: Size): string {
  for (const { name, values, band } of lines) {
    const lengths = [values, band?.low ?? values, band?.high ?? values].map(({ length }) => length);
    if (lengths.some((length) => length !== x.at.length)) throw new RangeError(`${name} has ${lengths} values for ${x.at.length} places`);
  }
  const values = lines.flatMap(({ values: own, band }) => [own, band?.low ?? [], band?.high ?? []]);
  const yAxis = numberAxis(y.label, eachOf(values), y.include ? { include: y.include } : {});
  const legend = lines.map(
    ({ name, isDashed }, i): LegendEntry => ({ name, colour: colourOf(lines, i), mark: isDashed ? 'dashes' : 'line' }),
  );
  return chart({ title, legend, x: xAxisOf(x, size), y: yAxis }, size, (scaleX, scaleY, area) => [
    ...spans.map((span) => shaded(span, scaleX, area)),
    ...lines.flatMap(({ band, name }, i) =>
      band ? [bandOf(x.at, band, scaleX, scaleY, colourOf(lines, i), `${name}: from low to high`)] : [],
    ),
    ...lines.map((line, i) => pathOf(x.at, line, scaleX, scaleY, colourOf(lines, i))),
    ...hints(x, lines, scaleX, area),
  ]);
}

const colourOf = (lines: readonly Line[], index: number): Colour => lines[index]?.colour ?? seriesColour(index);

function* eachOf(rows: readonly (readonly (number | undefined)[])[]): Iterable<number | undefined> {
  for (const row of rows) yield* row;
}

/** The x axis over all places, of time or numbers; fewer ticks where there is less room. */
export function xAxisOf(x: LineChart['x'], { width }: Size): Axis {
  const count = Math.max(2, Math.round(width / 90));
  const [first = 0, last = 1] = [x.at[0], x.at.at(-1)];
  if (x.kind === 'time') return timeAxis({ start: first, end: last }, count);
  const axis = numberAxis(x.label, [first, last], { count });
  const [low, high] = first < last ? [first, last] : [axis.low, axis.high];
  return { ...axis, low, high, ticks: axis.ticks.filter(({ at }) => low <= at && at <= high) };
}

/** A shaded stretch between the axes, its label at the top where it fits, else as a tooltip only. */
export function shaded({ from, to, label }: Span, x: Scale, { left, right, top, bottom }: Area): string {
  const [start, end] = [Math.max(left, x(from)), Math.min(right, x(to))];
  if (end <= start) return '';
  const room = right - start;
  const word =
    textWidth(label, 11) <= room
      ? `<text x="${px(start + 3)}" y="${px(top + 10)}" font-size="11" opacity="0.8">${escaped(label)}</text>`
      : '';
  return (
    `<g><rect x="${px(start)}" y="${px(top)}" width="${px(end - start)}" height="${px(bottom - top)}" fill="currentColor" opacity="0.09"/>` +
    `${word}${tooltip(label)}</g>`
  );
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Unbroken stretches of points, px, thinned where they are closer than a pixel. */
function stretches(at: readonly number[], values: readonly (number | undefined)[], x: Scale, y: Scale): readonly (readonly Point[])[] {
  const found: Point[][] = [];
  let open: Point[] | undefined;
  for (const [i, value] of values.entries()) {
    if (value === undefined) {
      open = undefined;
      continue;
    }
    if (!open) {
      open = [];
      found.push(open);
    }
    open.push({ x: x(at[i] as number), y: y(value) });
  }
  return found.map(thinned);
}

/** M4: of the points in one column of pixels the first, the lowest, the highest and the last, in their order. O(n). */
export function thinned(points: readonly Point[]): readonly Point[] {
  const kept: Point[] = [];
  for (let from = 0; from < points.length; ) {
    const column = Math.floor((points[from] as Point).x);
    let [low, high, to] = [from, from, from];
    for (; to < points.length && Math.floor((points[to] as Point).x) === column; to++) {
      if ((points[to] as Point).y < (points[low] as Point).y) low = to;
      if ((points[to] as Point).y > (points[high] as Point).y) high = to;
    }
    for (const index of [...new Set([from, low, high, to - 1])].sort((a, b) => a - b)) kept.push(points[index] as Point);
    from = to;
  }
  return kept;
}

const trace = (points: readonly Point[]): string => points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${px(x)} ${px(y)}`).join('');

function pathOf(at: readonly number[], { name, values, isDashed }: Line, x: Scale, y: Scale, colour: Colour): string {
  const found = stretches(at, values, x, y);
  const path = found.map((points) => (points.length === 1 ? `${trace(points)}h0.1` : trace(points))).join(''); // a point alone is a dot
  const dashes = isDashed ? ' stroke-dasharray="5 4"' : '';
  return `<path d="${path}" fill="none" stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round"${dashes} ${painted('stroke', colour)}>${tooltip(name)}</path>`;
}

function bandOf(at: readonly number[], band: NonNullable<Line['band']>, x: Scale, y: Scale, colour: Colour, label: string): string {
  const known = band.low.map((low, i) => low !== undefined && band.high[i] !== undefined);
  const edgeOf = (side: readonly (number | undefined)[]) =>
    stretches(
      at,
      side.map((value, i) => (known[i] ? value : undefined)),
      x,
      y,
    );
  const [lower, upper] = [edgeOf(band.low), edgeOf(band.high)];
  const path = upper.map((points, i) => `${trace([...points, ...[...(lower[i] ?? [])].reverse()])}Z`).join('');
  return `<path d="${path}" fill-opacity="0.2" stroke="none" ${painted('fill', colour)}>${tooltip(label)}</path>`;
}

const hintWidthLeast = 6;

/** Unseen strips over the whole height that say all values at their place when pointed at. */
function hints(x: LineChart['x'], lines: readonly Line[], scale: Scale, { left, right, top, bottom }: Area): string[] {
  if (x.at.length === 0) return [];
  const every = Math.max(1, Math.ceil((x.at.length * hintWidthLeast) / (right - left)));
  const places = x.at.flatMap((at, i) => (i % every === 0 ? [{ i, at: scale(at) }] : []));
  return places.map(({ i, at }, n) => {
    const from = n === 0 ? left : (at + (places[n - 1] as { at: number }).at) / 2;
    const to = n === places.length - 1 ? right : (at + (places[n + 1] as { at: number }).at) / 2;
    const place = x.at[i] as number;
    const rows = lines.map(({ name, values }) => `${name}: ${values[i] === undefined ? '–' : shortNumber(values[i])}`);
    const text = [x.kind === 'time' ? instantText(place) : `${x.label}: ${shortNumber(place)}`, ...rows].join('\n');
    return `<rect x="${px(from)}" y="${px(top)}" width="${px(Math.max(0, to - from))}" height="${px(bottom - top)}" fill="transparent">${tooltip(text)}</rect>`;
  });
}
