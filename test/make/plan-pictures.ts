/**
 * Draws the pictures of docs/planner.md: prices clearing over passes, bound and plan over passes, a day of prices.
 *
 * Run by hand: `npx tsx test/make/plan-pictures.ts [folder]`. The market is invented (a seed, three sites, a day); what is
 * drawn is what the planner made of it. Plain SVG, light or dark as the reader's page is.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clearing, clear } from '../../scheduler/placement/clear.ts';
import { assess } from '../../scheduler/placement/cost.ts';
import { loadOf } from '../../scheduler/placement/load.ts';
import type { Assignment, Market } from '../../scheduler/placement/market.ts';
import { ascend } from '../../scheduler/placement/prices.ts';
import { seat } from '../../scheduler/placement/seat.ts';
import { type RandomStream, randomStream } from '../../simulator/kernel/random.ts';
import { marketOf, type RequestSketch } from '../scheduler/placement/markets.ts';

const slots = 96;
const slotsPerHour = 4;
const jobs = 2_000;
const capacity = 150;
const kwPerAccelerator = 0.5;
const feedInTariff = 40;
/** Of the peak of a site's sun; what is above cannot be exported. */
const exportShare = 0.4;
/** When the sun stands highest, and how much of a full site's draw it then gives. */
const sites = [
  { name: 'East', noon: 8, sun: 0.7, price: 110, carbonIntensity: 420 },
  { name: 'South', noon: 13, sun: 1.1, price: 90, carbonIntensity: 300 },
  { name: 'North', noon: 13, sun: 0, price: 75, carbonIntensity: 350 },
] as const;

/** A day of work for three sites, the same each time it is asked for. */
export function dayOfWork(): Market {
  const draw = randomStream(4, 'pictures');
  const offers = sites.map(({ noon, sun, price, carbonIntensity }) => {
    const hours = Array.from({ length: slots }, (_, slot) => slot / slotsPerHour);
    const peakKw = sun * capacity * kwPerAccelerator;
    const sunKw = hours.map((hour) => peakKw * Math.max(0, Math.cos(((hour - noon) / 12) * Math.PI)));
    const bump = (hour: number, at: number) => Math.exp(-(((hour - at) / 2) ** 2));
    return {
      exportableKw: sunKw.map((kw) => Math.min(kw, exportShare * peakKw)),
      curtailedKw: sunKw.map((kw) => Math.max(0, kw - exportShare * peakKw)),
      importPrice: hours.map((hour) => price + 45 * bump(hour, 8) + 65 * bump(hour, 19) - 15 * bump(hour, 3)),
      carbonIntensity: hours.map((hour) => carbonIntensity - 90 * bump(hour, 13) + 60 * bump(hour, 20)),
      feedInTariff,
      pools: [{ capacity }],
    };
  });
  const requests = Array.from({ length: jobs }, () => requestOf(draw));
  return marketOf({ slots, slotHours: 1 / slotsPerHour, sites: offers, carbonPricePerKg: [0, 0.1, 0.3], requests });
}

function requestOf(draw: RandomStream): RequestSketch {
  const length = Math.min(32, Math.max(1, Math.round(5 * Math.exp(0.8 * draw.normal()))));
  const earliest = draw.int(0, (slots * 3) / 4 - length + 1);
  const home = draw.int(0, sites.length);
  return {
    kind: draw.uniform() < 0.7 ? 'contiguous' : 'interruptible',
    length,
    accelerators: draw.pick([1, 1, 2, 4]),
    kwPerAccelerator,
    earliest,
    end: Math.min(slots, earliest + length + draw.int(8, 56)),
    weightClass: draw.int(0, 3),
    waitPrice: 0.001,
    restartCost: 0.02,
    unplacedCost: 100,
    options: sites.map((_, pool) => ({ pool, transferCost: pool === home ? 0 : 0.03 * draw.uniform() })),
  };
}

const rounded = (value: number): string => String(Math.round(value * 10) / 10);

interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Value at the bottom and at the top. */
  readonly low: number;
  readonly high: number;
}

const yAt = ({ y, height, low, high }: Frame, value: number): number =>
  y + height * (1 - (Math.min(high, Math.max(low, value)) - low) / (high - low));
const slotX = ({ x, width }: Frame, slot: number): number => x + (width * slot) / slots;

/** A line that is level over each slot. */
function steps(frame: Frame, values: ArrayLike<number>, kind: string): string {
  let path = '';
  for (let slot = 0; slot < slots; slot++) {
    const y = rounded(yAt(frame, values[slot] as number));
    path += `${slot === 0 ? 'M' : 'L'}${rounded(slotX(frame, slot))} ${y}H${rounded(slotX(frame, slot + 1))}`;
  }
  return `<path class="${kind}" d="${path}"/>`;
}

/** The area between two such lines. */
function area(frame: Frame, from: ArrayLike<number>, to: ArrayLike<number>, kind: string): string {
  let path = '';
  for (let slot = 0; slot < slots; slot++)
    path += `${slot === 0 ? 'M' : 'L'}${rounded(slotX(frame, slot))} ${rounded(yAt(frame, to[slot] as number))}H${rounded(slotX(frame, slot + 1))}`;
  for (let slot = slots - 1; slot >= 0; slot--)
    path += `L${rounded(slotX(frame, slot + 1))} ${rounded(yAt(frame, from[slot] as number))}H${rounded(slotX(frame, slot))}`;
  return `<path class="${kind}" d="${path}Z"/>`;
}

const level = (frame: Frame, value: number, kind: string): string =>
  `<path class="${kind}" d="M${frame.x} ${rounded(yAt(frame, value))}h${frame.width}"/>`;
const text = (x: number, y: number, words: string, kind = ''): string =>
  `<text${kind && ` class="${kind}"`} x="${rounded(x)}" y="${rounded(y)}">${words}</text>`;
const hourMarks = (frame: Frame, hours: readonly number[]): string =>
  hours
    .map((hour, at) => {
      const anchor = at === 0 ? '' : at === hours.length - 1 ? ' end' : ' middle'; // so that neighbours do not touch
      return text(slotX(frame, hour * slotsPerHour), frame.y + frame.height + 16, `${hour} h`, `dim${anchor}`);
    })
    .join('');
/** Values at the left of a frame, with a thin line each. */
const valueMarks = (frame: Frame, values: readonly number[], unit = ''): string =>
  values.map((value) => level(frame, value, 'grid') + text(frame.x - 6, yAt(frame, value) + 4, `${value}${unit}`, 'dim end')).join('');

function picture(width: number, height: number, title: string, description: string, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-labelledby="title desc">
  <title id="title">${title}</title>
  <desc id="desc">${description}</desc>
  <style>
    :root { color-scheme: light dark; --page: #ffffff; --ink: #1d2733; --dim: #5b6875; --grid: #dde3e9; --load: #9db8d2; --strong: #1f5f99; --price: #b3471d; --sun: #f3d27a; --lost: #d9a520; }
    @media (prefers-color-scheme: dark) { :root { --page: #10161d; --ink: #e8edf2; --dim: #a3b0bd; --grid: #2a3542; --load: #35536f; --strong: #7db7ea; --price: #f0936a; --sun: #6b5518; --lost: #a8841f; } }
    text { fill: var(--ink); }
    path { fill: none; stroke-width: 1.6; }
    .page { fill: var(--page); }
    .dim { fill: var(--dim); font-size: 12px; }
    .middle { text-anchor: middle; }
    .end { text-anchor: end; }
    .head { font-weight: 600; }
    .grid { stroke: var(--grid); stroke-width: 1; }
    .limit { stroke: var(--ink); stroke-dasharray: 5 4; }
    .load { fill: var(--load); }
    .sun { fill: var(--sun); }
    .lost { fill: var(--lost); }
    .strong { stroke: var(--strong); stroke-width: 2; }
    .price { stroke: var(--price); stroke-width: 2; }
    .thin { stroke: var(--dim); stroke-dasharray: 2 3; }
    .of-strong { fill: var(--strong); }
    .of-price { fill: var(--price); }
  </style>
  <rect class="page" width="${width}" height="${height}" rx="10"/>
  ${body}
</svg>
`;
}

const zero = new Float64Array(slots);
const rowOf = (column: Float64Array, row: number): Float64Array => column.subarray(row * slots, (row + 1) * slots);
/** Draft and prices as an ascent of so many passes leaves them, all answering from prices of 0 on. */
const after = (market: Market, passes: number) => {
  const from = { accelerator: new Float64Array(sites.length * slots), surplus: new Float64Array(sites.length * slots) };
  return ascend(market, { passes, from, draftLeans: [] });
};

/** Load and price of the dearest pool after 1, 3 and 10 passes and in the plan. */
function pricesClearing(market: Market, end: Clearing): string {
  const earned = sites.map((_, pool) => rowOf(end.prices.accelerator, pool).reduce((sum, price) => sum + price, 0));
  const pool = earned.indexOf(Math.max(...earned));
  const heldBy = (assignment: Assignment) => rowOf(loadOf(market, assignment).accelerators, pool);
  const panels = [1, 3, 10].map((passes) => {
    const { draft, prices } = after(market, passes);
    return { name: passes === 1 ? 'after 1 pass' : `after ${passes} passes`, held: heldBy(draft), prices };
  });
  const all = [...panels, { name: 'the plan', held: heldBy(end.assignment), prices: end.prices }];
  const perHour = all.map(({ prices }) => rowOf(prices.accelerator, pool).map((price) => price * slotsPerHour));
  const most = Math.max(...all.flatMap(({ held }) => [...held])) * 1.02;
  const dearest = Math.max(...perHour.flatMap((row) => [...row])) * 1.05;
  const body = all.map(({ name, held }, at) => {
    const place = { x: 58 + at * 178, width: 164 };
    const top: Frame = { ...place, y: 56, height: 150, low: 0, high: most };
    const below: Frame = { ...place, y: 252, height: 92, low: 0, high: dearest };
    const marks =
      at === 0
        ? valueMarks(top, [0, capacity]) + valueMarks(below, [0, Math.floor(dearest * 100) / 100])
        : level(top, 0, 'grid') + level(below, 0, 'grid');
    return [
      text(place.x, 46, name, 'head'),
      marks,
      area(top, zero, held, 'load'),
      level(top, capacity, 'limit'),
      steps(below, perHour[at] as Float64Array, 'price'),
      hourMarks(below, [0, 12, 24]),
    ].join('\n  ');
  });
  const name = sites[pool]?.name;
  const heads =
    text(20, 24, `${name}: accelerators held, and the capacity`) + text(20, 240, 'price of one, per hour above the ask', 'of-price');
  const description = `At ${name}, requests hold more accelerators than there are in some hours after the first pass. The price rises there, and after ten passes the load is near capacity; the plan never exceeds it.`;
  return picture(780, 374, 'Prices clearing', description, heads + body.join('\n  '));
}

/** Best bound so far and the plan that could be made, over passes. */
function gapClosing(market: Market, end: Clearing): string {
  const counts = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 24, 30, 42, 60];
  let best = Number.NEGATIVE_INFINITY;
  const points = counts.map((passes) => {
    const { bound, prices, draft } = after(market, passes);
    best = Math.max(best, bound);
    return { passes, bound: best, cost: assess(market, seat(market, prices, draft, [0.8, 0.4, 0]).assignment).total };
  });
  const percent = (value: number) => (100 * value) / end.bound;
  const lowest = Math.floor(Math.min(...points.map(({ bound }) => percent(bound))) / 2) * 2;
  const highest = Math.ceil(Math.max(...points.map(({ cost }) => percent(cost))) / 2) * 2;
  const frame: Frame = { x: 64, y: 50, width: 540, height: 250, low: lowest, high: highest };
  const xAt = (passes: number) => frame.x + (frame.width * Math.log(passes)) / Math.log(counts.at(-1) as number);
  const line = (of: (point: (typeof points)[number]) => number, kind: string) =>
    `<path class="${kind}" d="${points.map((point, i) => `${i === 0 ? 'M' : 'L'}${rounded(xAt(point.passes))} ${rounded(yAt(frame, percent(of(point))))}`).join('')}"/>`;
  const last = points.at(-1) as (typeof points)[number];
  const body = [
    text(20, 26, 'cost, % of the best bound', 'head'),
    valueMarks(frame, [...new Set([lowest, (lowest + 100) / 2, 100, highest])], ' %'),
    line(({ cost }) => cost, 'price'),
    line(({ bound }) => bound, 'strong'),
    text(frame.x + frame.width + 8, yAt(frame, percent(last.cost)) - 2, 'a plan', 'of-price'),
    text(frame.x + frame.width + 8, yAt(frame, percent(last.bound)) + 14, 'no plan is cheaper', 'of-strong'),
    ...[1, 3, 10, 30, 60].map((passes) => text(xAt(passes), frame.y + frame.height + 18, String(passes), 'dim middle')),
    text(frame.x + frame.width / 2, frame.y + frame.height + 38, 'passes over all requests', 'dim middle'),
  ];
  const description = `Over sixty passes the bound rises and the cost of the plan that is made from each draft falls, until they are ${rounded(percent(last.cost) - percent(last.bound))} % apart.`;
  return picture(780, 350, 'Bound and plan over passes', description, body.join('\n  '));
}

/** Surplus, draw and prices of the two sites with sun over the day. */
function dayOfPrices(market: Market, end: Clearing): string {
  const { load, prices } = end;
  const { curtailedKw, exportableKw, importPrice } = market.offers;
  const drawOf = (site: number) =>
    Float64Array.from({ length: slots }, (_, slot) => {
      const cell = (site * slots + slot) * load.classes;
      return load.drawKw.subarray(cell, cell + load.classes).reduce((sum, kw) => sum + kw, 0);
    });
  const mostKw = sites[1].sun * capacity * kwPerAccelerator * 1.05;
  const dearest = Math.max(...importPrice) * 1.05;
  const body = [0, 1].map((site) => {
    const place = { x: 58 + site * 366, width: 330 };
    const top: Frame = { ...place, y: 56, height: 130, low: 0, high: mostKw };
    const below: Frame = { ...place, y: 232, height: 130, low: 0, high: dearest };
    const curtailed = rowOf(curtailedKw, site);
    const both = rowOf(exportableKw, site).map((kw, slot) => kw + (curtailed[slot] as number));
    const worth = rowOf(prices.surplus, site).map((price, slot) => ((both[slot] as number) > 0.5 ? price : Number.NaN));
    const lit = worth.findIndex((price) => !Number.isNaN(price));
    const dark = worth.findLastIndex((price) => !Number.isNaN(price));
    const shown = worth.slice(lit, dark + 1);
    const path = Array.from(
      shown,
      (price, i) =>
        `${i === 0 ? 'M' : 'L'}${rounded(slotX(below, lit + i))} ${rounded(yAt(below, price))}H${rounded(slotX(below, lit + i + 1))}`,
    ).join('');
    return [
      text(place.x, 46, sites[site]?.name ?? '', 'head'),
      ...[0, 40, 80].map((kw) => level(top, kw, 'grid')),
      ...[0, feedInTariff, 100].map((price) => level(below, price, 'grid')),
      site === 0 ? valueMarks(top, [0, 40, 80], ' kW') + valueMarks(below, [0, feedInTariff, 100]) : '',
      area(top, zero, curtailed, 'lost'),
      area(top, curtailed, both, 'sun'),
      steps(top, drawOf(site), 'strong'),
      steps(below, rowOf(importPrice, site), 'thin'),
      `<path class="price" d="${path}"/>`,
      hourMarks(below, [0, 6, 12, 18, 24]),
    ].join('\n  ');
  });
  const heads = [
    text(20, 24, 'surplus that must be curtailed or can be exported (areas), and what the plan draws (line)'),
    text(20, 218, 'clearing price of surplus per MWh; import price dotted; the feed-in tariff is 40', 'of-price'),
  ];
  const description =
    'At East and South the plan draws most while the sun shines. Where surplus is plenty its price falls to the feed-in tariff or to nothing, where it is scarce it rises to what grid energy costs those who need it most.';
  return picture(780, 392, 'A day of clearing prices', description, [...heads, ...body].join('\n  '));
}

function drawPictures(folder: string): void {
  const market = dayOfWork();
  const end = clear(market, { effort: 'thorough' });
  mkdirSync(folder, { recursive: true });
  const pictures = { prices: pricesClearing(market, end), gap: gapClosing(market, end), day: dayOfPrices(market, end) };
  for (const [name, svg] of Object.entries(pictures)) writeFileSync(join(folder, `planner-${name}.svg`), svg);
  const { cost, gap } = end;
  process.stdout.write(`${jobs} jobs, ${cost.unplaced} unplaced, cost ${cost.total.toFixed(2)}, gap ${(100 * gap).toFixed(2)} %\n`);
}

const [, script, folder = 'docs'] = process.argv;
if (script?.endsWith('plan-pictures.ts')) drawPictures(folder);
