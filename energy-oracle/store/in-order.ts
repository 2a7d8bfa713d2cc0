/**
 * In order: a series that stays sorted as it grows, for stores that keep theirs in memory.
 *
 * What comes in order is appended; what comes late finds its place by bisection. What meets an interval is looked for
 * only as far from it as any item ever reached from its place, so a question costs what it finds.
 */
import { type Instant, type Interval, overlap } from '../../units/time.ts';

export interface InOrder<Item> {
  /** Puts an item behind those that are no greater; `replaces` puts it in the place of one that is equal. */
  put(item: Item, replaces?: boolean): void;
  /** The last item whose place is no later than `until`. */
  last(until: Instant): Item | undefined;
  /** Items whose place is in [start, end), in order. */
  within(places: Interval): readonly Item[];
  /** Items whose span meets the interval and whose place is no later than `until`, in order. */
  meeting(interval: Interval, until: Instant): readonly Item[];
}

export interface Ordered<Item> {
  /** The instant an item is sorted by. */
  placeOf(item: Item): Instant;
  spanOf(item: Item): Interval;
  /** Order of items; that of their places, and further where these are equal. */
  compare(a: Item, b: Item): number;
}

export function inOrder<Item>({ placeOf, spanOf, compare }: Ordered<Item>): InOrder<Item> {
  const items: Item[] = [];
  /** How far spans reach behind and ahead of their places at most, ms. */
  let behindMs = 0;
  let aheadMs = 0;
  /** Index of the first item of which it is true, and of all behind it. */
  const first = (isPast: (item: Item) => boolean): number => {
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isPast(items[middle] as Item)) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  const within = ({ start, end }: Interval) =>
    items.slice(
      first((item) => placeOf(item) >= start),
      first((item) => placeOf(item) >= end),
    );
  return {
    put(item, replaces = false) {
      const [place, { start, end }] = [placeOf(item), spanOf(item)];
      behindMs = Math.max(behindMs, place - start);
      aheadMs = Math.max(aheadMs, end - place);
      const last = items.at(-1);
      const at = last === undefined || compare(last, item) <= 0 ? items.length : first((other) => compare(other, item) > 0);
      const before = items[at - 1];
      if (replaces && before !== undefined && compare(before, item) === 0) items[at - 1] = item;
      else if (at === items.length) items.push(item);
      else items.splice(at, 0, item);
    },
    last: (until) => items[first((item) => placeOf(item) > until) - 1],
    within,
    meeting: ({ start, end }, until) =>
      within({ start: start - aheadMs, end: Math.min(end + behindMs, until + 1) }).filter(
        (item) => overlap(spanOf(item), { start, end }) > 0,
      ),
  };
}
