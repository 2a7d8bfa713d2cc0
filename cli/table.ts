/**
 * Table: rows as aligned text, for people.
 */

import type { Part } from './engines.ts';

/** Columns padded to their widest cell; numbers (marked by a `>` before the title) to the right. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const heads = titles.map((title) => title.replace(/^>/, ''));
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (titles[column]?.startsWith('>') ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(heads), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}

/** The table of parts: engine, durable or not, where, and where it stops scaling. */
export const partsTable = (parts: readonly Part[]): string =>
  table(
    ['PART', 'ENGINE', 'DURABLE', 'ADDRESS', 'LIMIT'],
    parts.map(({ part, engine, durable, address, limit }) => [part, engine, durable ? 'yes' : 'no', address, limit]),
  );
