/**
 * Frame: what all charts have around their data: title, legend, two axes with grid lines, and room for all of it.
 *
 * Owns the layout; a chart draws its data between the axes with the scales it is given. Text has one size whatever the width:
 * a chart is drawn for the width it is shown at (`wide`, `narrow`), not shrunk to it.
 */
import { type Axis, linearScale, type Scale } from './axis.ts';
import { type Colour, escaped, fitted, painted, px, textWidth, tooltip } from './svg.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Half a page on a screen, a whole one on paper. */
export const wide: Size = { width: 640, height: 320 };
/** A telephone held upright. */
export const narrow: Size = { width: 350, height: 300 };

export interface LegendEntry {
  readonly name: string;
  readonly colour: Colour;
  readonly mark: 'line' | 'dashes' | 'area' | 'point' | 'ring';
}

/** The rectangle between the axes, px. */
export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Frame {
  readonly title: string;
  readonly legend: readonly LegendEntry[];
  readonly x: Axis;
  readonly y: Axis;
}

const fontSize = 12;
const lineHeight = 17;
const edge = 12;

/** Draws a frame with the data inside it; the result is one `<svg>` element without ids, good in a page and as a file. */
export function chart(
  { title, legend, x, y }: Frame,
  { width, height }: Size,
  draw: (x: Scale, y: Scale, area: Area) => readonly string[],
): string {
  const leftMost = width * 0.4;
  const left = edge + Math.min(leftMost, Math.max(12, ...y.ticks.map(({ text }) => textWidth(text, fontSize))));
  const rows = legendRows(legend, width - edge);
  const legendTop = 26 + lineHeight;
  const top = 26 + rows.length * lineHeight + (y.label ? lineHeight + 4 : 0) + 12;
  const area: Area = { left, right: width - edge - 4, top, bottom: height - (x.label ? 40 : 26) };
  const [scaleX, scaleY] = [linearScale(x, area.left, area.right), linearScale(y, area.bottom, area.top)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}" font-family="system-ui, sans-serif" font-size="${fontSize}" fill="currentColor">`,
    `<text x="0" y="16" font-size="14" font-weight="600">${escaped(fitted(title, width, 14))}${tooltip(title)}</text>`,
    ...rows.flatMap((row, i) => row.map((entry) => legendEntry(entry, legendTop + i * lineHeight - 5))),
    ...(y.label ? [`<text x="0" y="${px(top - 14)}" opacity="0.75">${escaped(y.label)}</text>`] : []),
    ...y.ticks.map(({ at, text }) => yTick(text, scaleY(at), area, left)),
    ...xTicks(x, scaleX, area),
    ...(x.label
      ? [
          `<text x="${px(area.right)}" y="${px(height - 6)}" text-anchor="end" opacity="0.75">${escaped(fitted(x.label, width, fontSize))}</text>`,
        ]
      : []),
    ...draw(scaleX, scaleY, area),
    '</svg>',
  ].join('\n');
}

function yTick(text: string, at: number, { left, right }: Area, room: number): string {
  const shown = fitted(text, room - 6, fontSize);
  return (
    `<line x1="${px(left)}" x2="${px(right)}" y1="${px(at)}" y2="${px(at)}" stroke="currentColor" stroke-opacity="0.15"/>` +
    `<text x="${px(left - 6)}" y="${px(at + 4)}" text-anchor="end" opacity="0.75">${escaped(shown)}${shown === text ? '' : tooltip(text)}</text>`
  );
}

/** Ticks from left to right; of two whose texts would touch the later one goes without, and none leaves the picture. */
function xTicks({ ticks }: Axis, scale: Scale, { left, right, bottom }: Area): string[] {
  let free = Number.NEGATIVE_INFINITY;
  return ticks.map(({ at, text }) => {
    const place = scale(at);
    const half = textWidth(text, fontSize) / 2;
    const middle = Math.min(Math.max(place, left - edge + half), right + edge - half);
    const isShown = middle - half > free;
    if (isShown) free = middle + half + 8;
    const label = `<text x="${px(middle)}" y="${px(bottom + 17)}" text-anchor="middle" opacity="0.75">${escaped(text)}</text>`;
    const mark = `<line x1="${px(place)}" x2="${px(place)}" y1="${px(bottom)}" y2="${px(bottom + 4)}" stroke="currentColor" stroke-opacity="0.5"/>`;
    return isShown ? mark + label : mark;
  });
}

interface PlacedEntry extends LegendEntry {
  readonly x: number;
}

const markWidth = 16;

/** The legend from left to right, in as many rows as it takes. */
function legendRows(entries: readonly LegendEntry[], width: number): readonly (readonly PlacedEntry[])[] {
  const rows: PlacedEntry[][] = [];
  let x = width;
  for (const entry of entries) {
    const length = markWidth + 6 + textWidth(entry.name, fontSize) + 14;
    if (x + length > width) {
      rows.push([]);
      x = 0;
    }
    rows.at(-1)?.push({ ...entry, x });
    x += length;
  }
  return rows;
}

function legendEntry({ name, colour, mark, x }: PlacedEntry, y: number): string {
  const shapes = {
    line: `<line x1="${px(x)}" x2="${px(x + markWidth)}" y1="${px(y - 4)}" y2="${px(y - 4)}" stroke-width="2.5" ${painted('stroke', colour)}/>`,
    dashes: `<line x1="${px(x)}" x2="${px(x + markWidth)}" y1="${px(y - 4)}" y2="${px(y - 4)}" stroke-width="2.5" stroke-dasharray="4 3" ${painted('stroke', colour)}/>`,
    area: `<rect x="${px(x)}" y="${px(y - 9)}" width="${markWidth}" height="10" rx="2" ${painted('fill', colour)}/>`,
    point: `<circle cx="${px(x + markWidth / 2)}" cy="${px(y - 4)}" r="4" ${painted('fill', colour)}/>`,
    ring: `<circle cx="${px(x + markWidth / 2)}" cy="${px(y - 4)}" r="4" fill="none" stroke-width="1.5" ${painted('stroke', colour)}/>`,
  };
  return `${shapes[mark]}<text x="${px(x + markWidth + 6)}" y="${px(y)}">${escaped(name)}</text>`;
}
