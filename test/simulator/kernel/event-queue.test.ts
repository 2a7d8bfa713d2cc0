/** The event queue, against sorting everything each time. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEventQueue, type Event } from '../../../simulator/kernel/event-queue.ts';

const event = (at: number, priority = 0): Event => ({ at, priority, happen: async () => {} });

describe('the event queue', () => {
  test('gives back what was added by time, then priority, then sequence', () => {
    const queue = createEventQueue();
    const [late, second, first, third] = [event(2, 0), event(1, 1), event(1, 0), event(1, 1)];
    for (const each of [late, second, first, third]) queue.add(each);
    expect(
      [queue.take(), queue.take(), queue.take(), queue.take()].map((taken) => [first, second, third, late].indexOf(taken as Event)),
    ).toEqual([0, 1, 2, 3]);
  });

  test('is empty at first, and again', () => {
    const queue = createEventQueue();
    expect([queue.peek(), queue.take()]).toEqual([undefined, undefined]);
    queue.add(event(1));
    queue.take();
    expect([queue.peek(), queue.take()]).toEqual([undefined, undefined]);
  });

  test('takes what it peeked at, whatever was added and taken before, as a sorted list would', () => {
    const step = fc.oneof(fc.constant(undefined), fc.record({ at: fc.nat(5), priority: fc.integer({ min: -1, max: 1 }) }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = createEventQueue();
        const list: { event: Event; sequence: number }[] = [];
        for (const [sequence, each] of [...steps, ...steps.map(() => undefined)].entries()) {
          if (each) {
            const added = event(each.at, each.priority);
            queue.add(added);
            list.push({ event: added, sequence });
            continue;
          }
          list.sort((a, b) => a.event.at - b.event.at || a.event.priority - b.event.priority || a.sequence - b.sequence);
          const want = list.shift()?.event;
          expect(queue.peek()).toBe(want);
          expect(queue.take()).toBe(want);
        }
      }),
      { numRuns: 200 },
    );
  });
});
