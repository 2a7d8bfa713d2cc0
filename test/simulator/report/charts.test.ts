/** Charts: what is drawn where, what a reader is told, and that the text is well-formed whatever names say. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { areaChart } from '../../../simulator/report/area-chart.ts';
import { narrow, type Size, wide } from '../../../simulator/report/frame.ts';
import { countsBetween, histogram } from '../../../simulator/report/histogram.ts';
import { intervalChart } from '../../../simulator/report/interval-chart.ts';
import { lineChart, thinned } from '../../../simulator/report/line-chart.ts';
import { pageHtml } from '../../../simulator/report/page.ts';
import { paretoFront, scatter } from '../../../simulator/report/scatter.ts';
import { escaped, fitted, px, rampColour } from '../../../simulator/report/svg.ts';
import { HOUR } from '../../../units/time.ts';

/** What is wrong with the text as XML, as far as these charts go: tags that nest, attributes that are quoted, known references. */
function illFormed(xml: string): string | undefined {
  const open: string[] = [];
  const rest = xml.replace(
    /<(\/?)([a-z]+)((?:\s+[a-zA-Z0-9:-]+="[^"<]*")*)\s*(\/?)>/g,
    (_, closes: string, name: string, _attributes, alone: string) => {
      if (closes) {
        if (open.pop() !== name) open.push('!', name);
      } else if (!alone) open.push(name);
      return '';
    },
  );
  if (open.length > 0) return `not closed: ${open.join(' ')}`;
  const strange = /[<>]|&(?!#\d+;)/.exec(rest);
  return strange ? `strange: ${rest.slice(strange.index, strange.index + 40)}` : undefined;
}

const hours = (count: number) => Array.from({ length: count }, (_, i) => Date.UTC(2025, 0, 1) + i * HOUR);
const sizes: readonly Size[] = [wide, narrow];

/** Every chart, with the same name and values wherever there is one. */
function every(name: string, values: readonly number[], size: Size): readonly string[] {
  const at = hours(values.length);
  const spans = at.length > 1 ? [{ from: at[0] as number, to: at.at(-1) as number, label: name }] : [];
  return [
    lineChart(
      { title: name, x: { kind: 'time', at }, y: { label: name }, lines: [{ name, values, band: { low: values, high: values } }], spans },
      size,
    ),
    lineChart({ title: name, x: { kind: 'number', at, label: name }, y: { label: name }, lines: [{ name, values, isDashed: true }] }, size),
    areaChart({ title: name, x: { kind: 'time', at }, y: { label: name }, layers: [{ name, values: values.map(Math.abs) }], spans }, size),
    histogram({ title: name, x: { label: name }, samples: [{ name, values }] }, size),
    histogram(
      {
        title: name,
        x: { label: name },
        samples: [
          { name, values },
          { name, values: [] },
        ],
      },
      size,
    ),
    intervalChart(
      {
        title: name,
        x: { label: name },
        series: [name, name],
        rows: values.map((value) => ({ name, estimates: [{ value, low: value - 1, high: value + 1 }, undefined] })),
        reference: { at: 0, label: name },
      },
      size,
    ),
    scatter({ title: name, x: { label: name }, y: { label: name }, points: values.map((value) => ({ name, x: value, y: -value })) }, size),
    scatter(
      {
        title: name,
        x: { label: name },
        y: { label: name },
        z: { label: name },
        points: values.map((value) => ({ name, x: value, y: value, z: value })),
      },
      size,
    ),
  ];
}

describe('every chart', () => {
  test('is one well-formed element without ids, with its title, whatever the names and values', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 30 }),
        fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { maxLength: 30 }),
        fc.constantFrom(...sizes),
        (name, values, size) => {
          for (const svg of every(name, values, size)) {
            expect(illFormed(svg)).toBeUndefined();
            expect(svg.startsWith('<svg ') && svg.endsWith('</svg>')).toBe(true);
            expect(svg).toContain(`aria-label="${escaped(name)}"`);
            expect(/\sid=|NaN|Infinity|undefined/.test(svg.replaceAll(escaped(name), ''))).toBe(false);
          }
        },
      ),
      { numRuns: 60 },
    ));

  test('draws nothing outside its picture', () => {
    for (const size of sizes)
      for (const svg of every('income', [3, -4, 12, 0.5], size)) {
        for (const [, x] of svg.matchAll(/\s(?:x|cx|x1|x2)="(-?[\d.]+)"/g)) expect(Number(x)).toBeLessThanOrEqual(size.width);
        for (const [, y] of svg.matchAll(/\s(?:y|cy|y1|y2)="(-?[\d.]+)"/g)) expect(Number(y)).toBeLessThanOrEqual(size.height);
        expect(svg).not.toMatch(/\s(?:x|cx|y|cy|width|height)="-/);
      }
  });

  test('of equal data is equal text', () => expect(every('a', [1, 2], wide)).toEqual(every('a', [1, 2], wide)));
});

describe('a line chart', () => {
  const at = hours(6);
  const line = (values: readonly (number | undefined)[]) =>
    lineChart({ title: 't', x: { kind: 'time', at }, y: { label: 'kW' }, lines: [{ name: 'a', values }] }, wide);
  const path = (svg: string) => /<path d="([^"]*)"/.exec(svg)?.[1] ?? '';
  test('breaks its line at a gap', () => expect(path(line([1, 2, undefined, 3, 4, 5])).match(/M/g)).toHaveLength(2));
  test('shows a value alone between gaps as a dot', () =>
    expect(path(line([undefined, 2, undefined, undefined, 3, 4]))).toMatch(/^M[\d.]+ [\d.]+h0\.1M/));
  test('says the values of a place when pointed at', () =>
    expect(line([1, 2, 3, 4, 5, undefined])).toContain('<title>2025-01-01 05:00Z\na: –</title>'));
  test('refuses a line of another length', () => expect(() => line([1, 2])).toThrow('a has 2,2,2 values for 6 places'));

  test('keeps the first, lowest, highest and last point of each pixel column, in order', () =>
    fc.assert(
      fc.property(fc.array(fc.record({ x: fc.nat(40).map((x) => x / 4), y: fc.nat(99) })), (drawn) => {
        const points = drawn.sort((a, b) => a.x - b.x);
        const kept = thinned(points);
        const column = (all: readonly { x: number; y: number }[], n: number) => all.filter(({ x }) => Math.floor(x) === n);
        for (let n = 0; n <= 10; n++) {
          const [before, after] = [column(points, n), column(kept, n)];
          expect(after.length).toBeLessThanOrEqual(4);
          expect([after[0], after.at(-1)]).toEqual([before[0], before.at(-1)]);
          const ys = (all: typeof before) => [Math.min(...all.map(({ y }) => y)), Math.max(...all.map(({ y }) => y))];
          expect(ys([...after])).toEqual(ys([...before]));
        }
        expect(kept.filter((point) => !points.includes(point))).toEqual([]);
      }),
    ));
});

describe('an area chart', () => {
  const x = { kind: 'time' as const, at: hours(3) };
  const draw = (values: readonly number[]) =>
    areaChart(
      {
        title: 't',
        x,
        y: { label: 'kWh' },
        layers: [
          { name: 'sun', values: [1, 1, 1] },
          { name: 'grid', values },
        ],
      },
      wide,
    );
  test('stands each layer on the one below', () => {
    const [sun = '', grid = ''] = [...draw([2, 2, 2]).matchAll(/<path d="M([^"]*)Z"/g)].map(([, path]) => path);
    expect(sun.split('L').slice(0, 3)).toEqual(grid.split('L').slice(3).reverse());
  });
  test('refuses a part below zero', () => expect(() => draw([1, -1, 1])).toThrow('grid is part of a whole'));
});

describe('a histogram', () => {
  test('counts half-open bins, the last one closed', () => expect(countsBetween([0, 1, 2], [0, 0.5, 1, 2])).toEqual([2, 2]));
  test('counts each value once, in the bin whose edges hold it', () =>
    fc.assert(
      fc.property(fc.array(fc.nat(1_000).map((n) => n / 1_000)), fc.integer({ min: 1, max: 50 }), (values, bins) => {
        const edges = Array.from({ length: bins + 1 }, (_, i) => i / bins);
        const want = edges
          .slice(1)
          .map((high, i) => values.filter((v) => (edges[i] as number) <= v && (v < high || (i === bins - 1 && v <= high))).length);
        expect(countsBetween(edges, values)).toEqual(want);
      }),
    ));
});

describe('the Pareto front', () => {
  test.each([
    {
      name: 'leaves out what another beats in all',
      points: [
        [1, 4],
        [2, 2],
        [3, 3],
        [4, 1],
      ],
      want: [0, 1, 3],
    },
    {
      name: 'leaves out what another equals in one and beats in one',
      points: [
        [1, 2],
        [1, 3],
      ],
      want: [0],
    },
    {
      name: 'keeps equals',
      points: [
        [1, 1],
        [1, 1],
      ],
      want: [0, 1],
    },
    {
      name: 'looks at all measures',
      points: [
        [1, 1, 9],
        [2, 2, 1],
      ],
      want: [0, 1],
    },
    { name: 'of nothing is empty', points: [], want: [] },
  ])('$name', ({ points, want }) => expect(paretoFront(points)).toEqual(want));
});

describe('the page', () => {
  const page = pageHtml({
    title: 'A & B',
    lead: 'What was done.',
    sections: [
      {
        heading: 'One',
        text: ['<b>'],
        figures: [(size) => `<svg width="${size.width}"></svg>`],
        table: { titles: ['name', '>n'], rows: [['<i>', '3']] },
        details: [{ summary: 'file', plain: 'a: <b>' }],
      },
    ],
  });
  test('draws each figure for a screen and for a telephone', () => {
    expect(page).toContain(`<svg width="${wide.width}">`);
    expect(page).toContain(`<svg width="${narrow.width}">`);
  });
  test('escapes what it is told', () => {
    expect(page).toContain('A &#38; B</h1>');
    expect(page).toContain('<td>&#60;i&#62;</td><td class="right">3</td>');
  });
  test('keeps what is long behind a summary', () =>
    expect(page).toContain('<details>\n<summary>file</summary>\n<pre>a: &#60;b&#62;</pre>\n</details>'));
  test('asks for nothing from elsewhere', () => expect(page).not.toMatch(/<script|https?:|url\(|@import/));
});

describe('words on a chart', () => {
  test('are cut where room ends', () =>
    expect([fitted('short', 100, 12), fitted('a rather long name', 60, 12)]).toEqual(['short', 'a rathe…']));
  test('have no minus before zero', () => expect([px(-0.01), px(1.25), px(-3)]).toEqual(['0', '1.3', '-3']));
  test('have colours in order', () =>
    expect([0, 0.5, 1].map((share) => rampColour(share).value)).toEqual(['#d55e00', '#8c8c8c', '#187ac4']));
});
