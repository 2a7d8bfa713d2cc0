/**
 * SVG: the few words that every chart is written in: escaped text, short numbers, colours that follow the page.
 *
 * A colour stands twice, as a plain value and as a CSS variable (`--series-1` to `--series-8`), so that a chart follows a
 * page's dark mode and is still right in a viewer that knows no variables. Everything else is drawn in `currentColor`.
 */

/** A length or place in pixels, rounded to a tenth: equal data give equal files. @throws RangeError when it is not finite */
export function px(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`a place on a chart must be finite, found ${value}`);
  return String(Math.round(value * 10) / 10 + 0); // + 0 turns −0 into 0
}

/** Text as it may stand between tags and in attributes; characters that XML does not allow are left out. */
export const escaped = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 forbids
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '').replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** A tooltip: shown by browsers, read by screen readers, ignored by printers. */
export const tooltip = (text: string): string => `<title>${escaped(text)}</title>`;

/** About how wide text is drawn, px: system fonts vary, so this leaves some room. */
export const textWidth = (text: string, fontSize: number): number => [...text].length * fontSize * 0.58;

/** The text, or as much of it as fits in `width` px with an ellipsis. */
export function fitted(text: string, width: number, fontSize: number): string {
  if (textWidth(text, fontSize) <= width) return text;
  const letters = Math.max(1, Math.floor(width / (fontSize * 0.58)) - 1);
  return `${[...text].slice(0, letters).join('').trimEnd()}…`;
}

/** A colour: its plain value, and the CSS variable that may replace it. */
export interface Colour {
  readonly value: string;
  readonly variable?: string;
}

/** Eight colours that eyes of all kinds tell apart (after Okabe and Ito 2008), on light and dark grounds. */
export const seriesValues = {
  light: ['#0072b2', '#d55e00', '#009e73', '#a3489b', '#e69f00', '#56a0d3', '#7a7a7a', '#5b4bb7'],
  dark: ['#5ab4f0', '#ff8f57', '#3ccb9f', '#e08ad6', '#f5be4a', '#a6d5f5', '#b4b4b4', '#a99cf5'],
} as const;

/** Colour of the n-th series, from 0; the ninth is the first again. */
export function seriesColour(index: number): Colour {
  const place = index % seriesValues.light.length;
  return { value: seriesValues.light[place] as string, variable: `--series-${place + 1}` };
}

/** Low, middle and high end of the ramp, red, green, blue. */
const rampStops = [
  [213, 94, 0],
  [140, 140, 140],
  [24, 122, 196],
] as const;

/** A colour for what is ordered: orange at 0, grey at one half, blue at 1; seen on light and dark grounds. */
export function rampColour(share: number): Colour {
  const place = Math.min(1, Math.max(0, share)) * (rampStops.length - 1);
  const below = Math.min(Math.floor(place), rampStops.length - 2);
  const [from, to] = [rampStops[below], rampStops[below + 1]] as [readonly number[], readonly number[]];
  const parts = from.map((part, i) => Math.round(part + (place - below) * ((to[i] as number) - part)));
  return { value: `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}` };
}

/** Attributes that paint `what` in a colour. */
export const painted = (what: 'fill' | 'stroke', { value, variable }: Colour): string =>
  variable ? `${what}="${value}" style="${what}:var(${variable},${value})"` : `${what}="${value}"`;
