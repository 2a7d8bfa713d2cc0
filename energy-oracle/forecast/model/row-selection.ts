/**
 * Row selection: which rows of a table meet a condition.
 *
 * Indices are kept as numbers of four bytes, in one array of their own length: a list of a hundred thousand of them would
 * take four times that, and be left behind as garbage by every training.
 */

/** Indices below `count` that are wanted, ascending. O(count) */
export function rowsWhere(count: number, isWanted: (row: number) => boolean): Uint32Array {
  const found = new Uint32Array(count);
  let kept = 0;
  for (let row = 0; row < count; row++) if (isWanted(row)) found[kept++] = row;
  return found.slice(0, kept);
}
