/**
 * Cheapest slots: for every start, the least that `count` slots of a window may sum to. The interruptible optimum.
 *
 * The windows of neighbouring starts differ by one slot at each end, so the sum is carried along: a mark per rank says
 * whether the slot of that rank lies in the window, a threshold separates the `count` least from the rest. O(slots +
 * slots × what the threshold moves / 32); sorting each window anew is what makes this dear.
 */

/** The slots of a series in rising order; ties by time. */
export interface Ranked {
  readonly values: Float64Array;
  /** By rank: its value. */
  readonly sorted: Float64Array;
  /** By slot: its rank. */
  readonly rank: Int32Array;
}

/** O(slots × log slots). */
export function ranked(values: Float64Array): Ranked {
  const order = Int32Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number) || a - b);
  const rank = new Int32Array(values.length);
  for (const [at, slot] of order.entries()) rank[slot] = at;
  return { values, sorted: Float64Array.from(order, (slot) => values[slot] as number), rank };
}

/**
 * Sums of the `count` least values of [start, start + window) for starts 0 to `starts` − 1, in the unit of the values.
 *
 * A window that reaches behind the end is cut there.
 *
 * @throws RangeError when the last window holds fewer than `count` slots
 */
export function cheapestSlots({ values, sorted, rank }: Ranked, count: number, window: number, starts: number): Float64Array {
  const slots = values.length;
  if (starts > 0 && Math.min(window, slots - starts + 1) < count) throw new RangeError(`${count} slots do not fit into the last window`);
  const present = new Uint32Array((slots >> 5) + 1);
  const sums = new Float64Array(starts);
  let threshold = -1; // ranks up to this one are summed
  let summed = 0;
  let sum = 0;
  for (let slot = 0; slot < Math.min(window, slots); slot++) mark(present, rank[slot] as number);
  for (let start = 0; start < starts; start++) {
    while (summed < count) {
      threshold = nextMarked(present, threshold + 1);
      sum += sorted[threshold] as number;
      summed++;
    }
    while (summed > count) {
      threshold = lastMarked(present, threshold);
      sum -= sorted[threshold--] as number;
      summed--;
    }
    sums[start] = sum;
    const gone = rank[start] as number;
    unmark(present, gone);
    if (gone <= threshold) {
      sum -= values[start] as number;
      summed--;
    }
    const next = start + window;
    if (next >= slots) continue;
    const come = rank[next] as number;
    mark(present, come);
    if (come <= threshold) {
      sum += values[next] as number;
      summed++;
    }
  }
  return sums;
}

function mark(present: Uint32Array, at: number): void {
  present[at >> 5] = (present[at >> 5] as number) | (1 << (at & 31));
}

function unmark(present: Uint32Array, at: number): void {
  present[at >> 5] = (present[at >> 5] as number) & ~(1 << (at & 31));
}

/** The first mark at `from` or behind it; there is one. */
function nextMarked(present: Uint32Array, from: number): number {
  let word = from >> 5;
  let bits = (present[word] as number) & (-1 << (from & 31));
  while (bits === 0) bits = present[++word] as number;
  return (word << 5) + 31 - Math.clz32(bits & -bits);
}

/** The last mark at `from` or before it; there is one. */
function lastMarked(present: Uint32Array, from: number): number {
  let word = from >> 5;
  let bits = (present[word] as number) & (-1 >>> (31 - (from & 31)));
  while (bits === 0) bits = present[--word] as number;
  return (word << 5) + 31 - Math.clz32(bits);
}
