/** A series in order against the plain way: keep everything, filter, sort. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inOrder, type Ordered } from '../../../energy-oracle/store/in-order.ts';
import { type Interval, overlap } from '../../../units/time.ts';

interface Item {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly name: number;
}
const order: Ordered<Item> = {
  placeOf: ({ at }) => at,
  spanOf: ({ from, to }) => ({ start: from, end: to }),
  compare: (a, b) => a.at - b.at || a.name - b.name,
};
const itemArb = fc
  .record({ at: fc.nat(30), name: fc.nat(5), behind: fc.integer({ min: -6, max: 6 }), length: fc.integer({ min: 1, max: 9 }) })
  .map(({ at, name, behind, length }): Item => ({ at, name, from: at - behind, to: at - behind + length }));
const intervalArb = fc.tuple(fc.integer({ min: -10, max: 40 }), fc.nat(15)).map(([start, length]) => ({ start, end: start + length }));

/** The newest of those that are equal. */
const plain = (put: readonly Item[]): Item[] =>
  [...new Map(put.map((item) => [`${item.at} ${item.name}`, item])).values()].sort(order.compare);

describe('a series in order', () => {
  const property = (holds: (all: readonly Item[], series: ReturnType<typeof inOrder<Item>>, interval: Interval) => void) =>
    fc.assert(
      fc.property(fc.array(itemArb, { maxLength: 40 }), intervalArb, (put, interval) => {
        const series = inOrder(order);
        for (const item of put) series.put(item, true);
        holds(plain(put), series, interval);
      }),
      { numRuns: 500 },
    );

  test('finds what meets an interval and has its place by an instant, in order', () =>
    property((all, series, interval) => {
      for (const until of [interval.start, interval.end, Number.POSITIVE_INFINITY])
        expect(series.meeting(interval, until)).toEqual(
          all.filter((item) => item.at <= until && overlap(order.spanOf(item), interval) > 0),
        );
    }));
  test('finds what has its place in an interval, and the last by an instant', () =>
    property((all, series, { start, end }) => {
      expect(series.within({ start, end })).toEqual(all.filter(({ at }) => at >= start && at < end));
      expect(series.last(end)).toEqual(all.findLast(({ at }) => at <= end));
    }));
  test('keeps equals behind each other unless one replaces the other', () => {
    const [first, second] = [
      { at: 1, name: 1, from: 0, to: 2 },
      { at: 1, name: 1, from: 1, to: 3 },
    ];
    const series = inOrder(order);
    for (const item of [first, second]) series.put(item);
    expect(series.within({ start: 0, end: 9 })).toEqual([first, second]);
  });
});
