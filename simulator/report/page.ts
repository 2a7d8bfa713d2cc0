/**
 * Page: charts, tables and words as one HTML file that needs nothing else: no script, no font, no address.
 *
 * Follows the reader's light or dark mode and width: every chart is drawn for a screen and for a telephone, and the page
 * shows the one that fits. The same content gives the same bytes.
 */
import { narrow, type Size, wide } from './frame.ts';
import { escaped, seriesValues } from './svg.ts';

/** A chart in the size it is asked for. */
export type Figure = (size: Size) => string;

export interface Table {
  /** A `>` before a title sets its column to the right, as numbers are. */
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Section {
  readonly heading: string;
  /** Paragraphs below the heading. */
  readonly text?: readonly string[];
  readonly figures?: readonly Figure[];
  readonly table?: Table;
  /** What opens when it is asked for, e.g. the numbers behind a chart. */
  readonly details?: readonly Detail[];
}

export interface Detail {
  readonly summary: string;
  readonly table?: Table;
  /** Kept as it is written, line by line. */
  readonly plain?: string;
}

export interface Page {
  readonly title: string;
  /** What was done, in a sentence or two. */
  readonly lead: string;
  readonly sections: readonly Section[];
}

const variables = (values: readonly string[]): string => values.map((value, i) => `--series-${i + 1}:${value};`).join('');

const style = `:root { color-scheme: light dark; --page: #ffffff; --ink: #1d2733; --line: #dde3e9; ${variables(seriesValues.light)} }
@media screen and (prefers-color-scheme: dark) { :root { --page: #10161d; --ink: #e8edf2; --line: #2a3542; ${variables(seriesValues.dark)} } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 86rem; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: 0 0 .75rem; max-width: 46rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 33rem), 1fr)); gap: 1.75rem 2.5rem; margin: 1rem 0; }
figure { margin: 0; max-width: 45rem; }
svg { display: block; width: 100%; height: auto; }
.narrow { display: none; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; vertical-align: bottom; }
th { white-space: normal; min-width: 4.5rem; }
.right { text-align: right; }
details { margin: .5rem 0; }
summary { cursor: pointer; }
pre { overflow-x: auto; font-size: .8125rem; line-height: 1.4; }
@media print { figure, tr { break-inside: avoid; } h2 { break-after: avoid; } .scroll, pre { overflow: visible; } table { font-size: .7rem; } th, td { min-width: 0; padding-right: .5rem; white-space: normal; } }
@media screen and (max-width: 35rem) { .wide { display: none; } .narrow { display: block; } }`;

/** The page as HTML text. */
export function pageHtml({ title, lead, sections }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
${style}
</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p>${escaped(lead)}</p>
${sections.map(sectionHtml).join('\n')}
</body>
</html>
`;
}

function sectionHtml({ heading, text = [], figures = [], table, details = [] }: Section): string {
  const drawn = figures.map(
    (figure) => `<figure><div class="wide">\n${figure(wide)}\n</div><div class="narrow">\n${figure(narrow)}\n</div></figure>`,
  );
  return [
    '<section>',
    `<h2>${escaped(heading)}</h2>`,
    ...text.map((paragraph) => `<p>${escaped(paragraph)}</p>`),
    ...(drawn.length > 0 ? [`<div class="figures">\n${drawn.join('\n')}\n</div>`] : []),
    ...(table ? [tableHtml(table)] : []),
    ...details.map(detailHtml),
    '</section>',
  ].join('\n');
}

const detailHtml = ({ summary, table, plain }: Detail): string =>
  `<details>\n<summary>${escaped(summary)}</summary>\n${table ? tableHtml(table) : ''}${plain === undefined ? '' : `<pre>${escaped(plain)}</pre>`}\n</details>`;

function tableHtml({ titles, rows }: Table): string {
  const classOf = (column: number) => (titles[column]?.startsWith('>') ? ' class="right"' : '');
  const heads = titles.map((title, column) => `<th scope="col"${classOf(column)}>${escaped(title.replace(/^>/, ''))}</th>`);
  const body = rows.map((row) => `<tr>${row.map((cell, column) => `<td${classOf(column)}>${escaped(cell)}</td>`).join('')}</tr>`);
  return `<div class="scroll"><table>\n<thead><tr>${heads.join('')}</tr></thead>\n<tbody>\n${body.join('\n')}\n</tbody>\n</table></div>`;
}
