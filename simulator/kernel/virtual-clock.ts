/**
 * Virtual clock: time that stands still until the river is, then jumps to the next event.
 *
 * `Pace` is how fast it may jump: at once, or no faster than a multiple of the wall's clock. It never runs ahead of
 * work: an event ends when its effects are stored and acknowledged, and only then the next one begins.
 */
import { type Clock, manualClock } from '../../units/clock.ts';
import type { Instant } from '../../units/time.ts';
import { createEventQueue, type Event } from './event-queue.ts';

export interface Pace {
  /** Virtual ms per wall ms; Infinity when nothing holds it back. */
  readonly speed: number;
  /** Resolves when the wall has reached the virtual instant; `undefined` waits resolve at once. */
  reach(instant: Instant): Promise<void>;
}

/** As fast as the machine allows. */
export const unpaced: Pace = { speed: Number.POSITIVE_INFINITY, reach: async () => {} };

export interface Timeline {
  readonly clock: Clock;
  at(event: Event): void;
  /** Repeats from `first` on, every `everyMs`. */
  every(first: Instant, everyMs: number, priority: number, happen: (at: Instant) => Promise<void>): void;
  /** Runs events in order up to and including `until`, or until `stopped()`; the clock ends at the last event's instant. */
  run(until: Instant, stopped: () => boolean): Promise<void>;
}

export function createTimeline(start: Instant, pace: Pace): Timeline {
  const clock = manualClock(start);
  const queue = createEventQueue();
  const every: Timeline['every'] = (first, everyMs, priority, happen) => {
    queue.add({
      at: first,
      priority,
      happen: async () => {
        await happen(first);
        every(first + everyMs, everyMs, priority, happen);
      },
    });
  };
  return {
    clock,
    at: queue.add,
    every,
    async run(until, stopped) {
      for (let next = queue.peek(); next && next.at <= until && !stopped(); next = queue.peek()) {
        await pace.reach(next.at);
        if (stopped()) return;
        const event = queue.take();
        if (!event) return;
        clock.set(Math.max(clock.now(), event.at));
        await event.happen();
      }
    },
  };
}
