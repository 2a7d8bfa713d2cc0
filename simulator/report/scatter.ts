/**
 * Scatter: points on two axes, less being better on both, and the front of those that nothing beats.
 *
 * A third measure, less being better too, may be told by the size of a point; then the front is of all three, and
 * its members are filled while others are rings.
 */
import { extentOf, numberAxis, shortNumber } from './axis.ts';
import { type Area, chart, type LegendEntry, type Size } from './frame.ts';
import { escaped, painted, px, seriesColour, textWidth, tooltip } from './svg.ts';

export interface ScatterPoint {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  /** The third measure, told by the area of the point. */
  readonly z?: number;
}

export interface Scatter {
  readonly title: string;
  readonly x: { readonly label: string; readonly include?: readonly number[] };
  readonly y: { readonly label: string; readonly include?: readonly number[] };
  /** Name and unit of the third measure, for tooltips and the legend. */
  readonly z?: { readonly label: string };
  readonly points: readonly ScatterPoint[];
}

/**
 * Indexes of the points that no other beats: none is at most as large in every measure and smaller in one.
 *
 * Equal points are all on the front. O(n² × measures), fine for the thousands of points that an eye can tell apart.
 */
export function paretoFront(points: readonly (readonly number[])[]): readonly number[] {
  const beats = (a: readonly number[], b: readonly number[]) =>
    a.every((value, i) => value <= (b[i] as number)) && a.some((value, i) => value < (b[i] as number));
  return points.flatMap((point, index) => (points.some((other) => beats(other, point)) ? [] : [index]));
}

const radiusOf = { least: 4, most: 13 };

/** Draws the points with their names, and the front as a line when there are two measures. */
export function scatter({ title, x, y, z, points }: Scatter, size: Size): string {
  const front = new Set(paretoFront(points.map((point) => (z ? [point.x, point.y, point.z ?? 0] : [point.x, point.y]))));
  const xAxis = numberAxis(
    x.label,
    points.map((point) => point.x),
    { include: x.include ?? [], count: Math.max(2, Math.round(size.width / 110)) },
  );
  const yAxis = numberAxis(
    y.label,
    points.map((point) => point.y),
    { include: y.include ?? [] },
  );
  const legend: LegendEntry[] = [
    { name: 'on the front', colour: seriesColour(0), mark: 'point' },
    { name: 'beaten by another', colour: seriesColour(6), mark: 'ring' },
  ];
  const sizes = z && extentOf(points.map((point) => point.z));
  const radius = ({ z: value }: ScatterPoint) => {
    if (!sizes || value === undefined || sizes.high === sizes.low) return radiusOf.least + 1;
    const share = (value - sizes.low) / (sizes.high - sizes.low);
    return Math.sqrt(radiusOf.least ** 2 + share * (radiusOf.most ** 2 - radiusOf.least ** 2));
  };
  const label = z ? `${x.label}; larger points: more ${z.label}` : x.label;
  return chart({ title, legend, x: { ...xAxis, label }, y: yAxis }, size, (scaleX, scaleY, area) => {
    const staircase = [...front].map((i) => points[i] as ScatterPoint).sort((a, b) => a.x - b.x || a.y - b.y);
    const path = staircase.map((point, i) => `${i === 0 ? `M${px(scaleX(point.x))} ` : `H${px(scaleX(point.x))}V`}${px(scaleY(point.y))}`);
    const discs = points.map((point): Disc => ({ x: scaleX(point.x), y: scaleY(point.y), radius: radius(point), name: point.name }));
    const places = labelPlaces(discs, area);
    return [
      ...(z || staircase.length < 2
        ? []
        : [`<path d="${path.join('')}" fill="none" stroke-opacity="0.5" ${painted('stroke', seriesColour(0))}/>`]),
      ...points.map((point, i) => {
        const [disc, place] = [discs[i] as Disc, places[i] as LabelPlace];
        const look = front.has(i)
          ? `fill-opacity="0.8" ${painted('fill', seriesColour(0))}`
          : `fill="none" pointer-events="all" stroke-width="1.5" ${painted('stroke', seriesColour(6))}`;
        const words = [point.name, `${x.label}: ${shortNumber(point.x)}`, `${y.label}: ${shortNumber(point.y)}`];
        if (z && point.z !== undefined) words.push(`${z.label}: ${shortNumber(point.z)}`);
        return (
          `<g><circle cx="${px(disc.x)}" cy="${px(disc.y)}" r="${px(disc.radius)}" ${look}/>` +
          `<text x="${px(place.left)}" y="${px(place.baseline)}" font-size="${labelSize}">${escaped(point.name)}</text>` +
          `${tooltip(words.join('\n'))}</g>`
        );
      }),
    ];
  });
}

const labelSize = 11;

interface Disc {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly name: string;
}

interface LabelPlace {
  readonly left: number;
  readonly baseline: number;
  readonly width: number;
}

const touches = (a: LabelPlace, b: LabelPlace): boolean =>
  a.left < b.left + b.width && b.left < a.left + a.width && Math.abs(a.baseline - b.baseline) < labelSize;

/** Where names stand: right, left, above or below their point, the first that touches no name before it and no point. O(n²). */
function labelPlaces(discs: readonly Disc[], { left, right, top }: Area): readonly LabelPlace[] {
  const taken: LabelPlace[] = discs.map(({ x, y, radius }) => ({ left: x - radius, baseline: y + labelSize / 2, width: 2 * radius }));
  return discs.map(({ x, y, radius, name }, own) => {
    const width = textWidth(name, labelSize);
    const places = [
      { left: x + radius + 4, baseline: y + 4, width },
      { left: x - radius - 4 - width, baseline: y + 4, width },
      { left: x - width / 2, baseline: y - radius - 4, width },
      { left: x - width / 2, baseline: y + radius + 12, width },
    ];
    const inside = places.filter((place) => place.left >= left && place.left + width <= right && place.baseline >= top);
    const found = inside.find((place) => !taken.some((other, i) => i !== own && touches(place, other))) ?? inside[0] ?? places[0];
    taken.push(found as LabelPlace);
    return found as LabelPlace;
  });
}
