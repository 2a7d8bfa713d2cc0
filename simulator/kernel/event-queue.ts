/**
 * Event queue: what happens next, in one order that never depends on the machine: time, then priority, then sequence.
 *
 * A binary heap; O(log n) to add and to take. The kernel's only data structure.
 */
import type { Instant } from '../../units/time.ts';

export interface Event {
  readonly at: Instant;
  /** Lower first among events of one instant. */
  readonly priority: number;
  readonly happen: () => Promise<void>;
}

export interface EventQueue {
  add(event: Event): void;
  /** Takes the next event; `undefined` when there is none. */
  take(): Event | undefined;
  peek(): Event | undefined;
}

export function createEventQueue(): EventQueue {
  const heap: { readonly event: Event; readonly sequence: number }[] = [];
  let sequence = 0;

  const before = (a: number, b: number): boolean => {
    const [x, y] = [heap[a], heap[b]];
    if (!x || !y) return false;
    return (
      x.event.at - y.event.at < 0 || (x.event.at === y.event.at && (x.event.priority - y.event.priority || x.sequence - y.sequence) < 0)
    );
  };
  const swap = (a: number, b: number): void => {
    const [x, y] = [heap[a], heap[b]];
    if (x && y) [heap[a], heap[b]] = [y, x];
  };

  return {
    add(event) {
      heap.push({ event, sequence: sequence++ });
      for (let child = heap.length - 1; child > 0; ) {
        const parent = (child - 1) >> 1;
        if (!before(child, parent)) break;
        swap(child, parent);
        child = parent;
      }
    },
    take() {
      const top = heap[0];
      const last = heap.pop();
      if (!top || !last || heap.length === 0) return top?.event;
      heap[0] = last;
      for (let parent = 0; ; ) {
        const least = [2 * parent + 1, 2 * parent + 2].reduce((best, child) => (before(child, best) ? child : best), parent);
        if (least === parent) return top.event;
        swap(least, parent);
        parent = least;
      }
    },
    peek: () => heap[0]?.event,
  };
}
