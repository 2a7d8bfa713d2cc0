/**
 * Fan plot: fans one below the other as an SVG, for a page or a paper.
 *
 * A pure function to text: light ground, axes with units, the fan, its middle, and what happened over it. Numbers are
 * rounded to a tenth of a pixel, so equal outlooks give equal files.
 */
import { DAY, HOUR, toIso } from '../units/time.ts';
import { type Fan, type FanStep, spanOfFan } from './fan.ts';

const [width, panelHeight] = [960, 230];
const margin = { left: 70, right: 20, top: 34, bottom: 34 };
const headHeight = 34;
const colour = { fan: '#9ecae9', middle: '#1f5f99', happened: '#c2410c', axis: '#475569', grid: '#e2e8f0', text: '#0f172a' };

const px = (value: number): string => String(Math.round(value * 10) / 10);
const escaped = (text: string): string => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** All fans on one time axis each, under a title. */
export function fanPlot(title: string, fans: readonly Fan[]): string {
  const height = headHeight + fans.length * panelHeight;
  const panels = fans.map((fan, i) => panel(fan, headHeight + i * panelHeight));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="${colour.text}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${margin.left}" y="22" font-size="15" font-weight="bold">${escaped(title)}</text>`,
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

interface Scale {
  x(at: number): number;
  y(value: number): number;
}

function panel(fan: Fan, top: number): string {
  const span = spanOfFan(fan) ?? { low: 0, high: 1 };
  const ticks = ticksOf(span.low, span.high);
  const [low, high] = [Math.min(span.low, ticks[0] ?? 0), Math.max(span.high, ticks.at(-1) ?? 1)];
  const [left, right] = [margin.left, width - margin.right];
  const [upper, lower] = [top + margin.top, top + panelHeight - margin.bottom];
  const first = fan.steps[0]?.at ?? 0;
  const length = Math.max(1, fan.steps.length) * fan.stepMs;
  const scale: Scale = {
    x: (at) => left + ((at - first) / length) * (right - left),
    y: (value) => lower - ((value - low) / (high - low)) * (lower - upper),
  };
  return [
    `<text x="${left}" y="${px(upper - 12)}" font-weight="bold">${escaped(`${fan.title}, ${fan.unit}`)}</text>`,
    legend(fan, right, upper - 12),
    ...ticks.map(
      (value) =>
        `<line x1="${left}" x2="${right}" y1="${px(scale.y(value))}" y2="${px(scale.y(value))}" stroke="${colour.grid}"/>` +
        `<text x="${left - 8}" y="${px(scale.y(value) + 4)}" text-anchor="end">${value}</text>`,
    ),
    ...timeTicks(first, length).map(
      (at) =>
        `<line x1="${px(scale.x(at))}" x2="${px(scale.x(at))}" y1="${px(upper)}" y2="${px(lower)}" stroke="${colour.grid}"/>` +
        `<text x="${px(scale.x(at))}" y="${px(lower + 18)}" text-anchor="middle">${toIso(at).slice(5, 16).replace('T', ' ')}Z</text>`,
    ),
    ...runs(fan.steps, ({ p10, p90 }) => p10 !== undefined && p90 !== undefined).map((run) => band(run, fan.stepMs, scale)),
    ...lines(fan, 'p50', scale, `stroke="${colour.middle}" stroke-width="1.5"`),
    ...lines(fan, 'happened', scale, `stroke="${colour.happened}" stroke-width="1.5"`),
    `<line x1="${left}" x2="${right}" y1="${px(lower)}" y2="${px(lower)}" stroke="${colour.axis}"/>`,
    `<line x1="${left}" x2="${left}" y1="${px(upper)}" y2="${px(lower)}" stroke="${colour.axis}"/>`,
  ].join('\n');
}

function legend({ steps }: Fan, right: number, y: number): string {
  const items = [
    { text: 'P10 to P90', mark: colour.fan },
    { text: 'P50', mark: colour.middle },
    ...(steps.some(({ happened }) => happened !== undefined) ? [{ text: 'happened', mark: colour.happened }] : []),
  ];
  const each = 92;
  return items
    .map(({ text, mark }, i) => {
      const x = right - each * (items.length - i);
      return `<rect x="${x}" y="${px(y - 8)}" width="14" height="8" fill="${mark}"/><text x="${x + 20}" y="${px(y)}">${text}</text>`;
    })
    .join('');
}

/** Four to eight round numbers that span the values. */
function ticksOf(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const count = Math.ceil(high / step - 1e-9) - Math.floor(low / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number(((Math.floor(low / step + 1e-9) + i) * step).toPrecision(12)));
}

/** Midnights and noons; hours of six when the whole is short. */
function timeTicks(first: number, length: number): number[] {
  const every = length > 2 * DAY ? 12 * HOUR : 6 * HOUR;
  const ticks: number[] = [];
  for (let at = Math.ceil(first / every) * every; at <= first + length; at += every) ticks.push(at);
  return ticks;
}

/** Unbroken stretches of steps. */
function runs(steps: readonly FanStep[], isKnown: (step: FanStep) => boolean): FanStep[][] {
  const found: FanStep[][] = [];
  let open: FanStep[] | undefined;
  for (const step of steps) {
    if (!isKnown(step)) open = undefined;
    else if (open) open.push(step);
    else {
      open = [step];
      found.push(open);
    }
  }
  return found;
}

function band(run: readonly FanStep[], stepMs: number, { x, y }: Scale): string {
  const centre = ({ at }: FanStep) => px(x(at + stepMs / 2));
  const upper = run.map((step) => `${centre(step)},${px(y(step.p90 ?? 0))}`);
  const lower = run.map((step) => `${centre(step)},${px(y(step.p10 ?? 0))}`).reverse();
  return `<polygon points="${[...upper, ...lower].join(' ')}" fill="${colour.fan}" fill-opacity="0.7"/>`;
}

const lines = ({ steps, stepMs }: Fan, key: 'p50' | 'happened', { x, y }: Scale, style: string): string[] =>
  runs(steps, (step) => step[key] !== undefined).map((run) => {
    const points = run.map((step) => `${px(x(step.at + stepMs / 2))},${px(y(step[key] ?? 0))}`);
    return `<polyline points="${points.join(' ')}" fill="none" ${style}/>`;
  });
