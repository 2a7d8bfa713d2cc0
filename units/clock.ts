/**
 * Clock: what time it is, as a port.
 *
 * The core never asks the machine; it is given a `Clock`. The wall clock lives here, the virtual one in the
 * simulator's kernel. This is the only place below the shells that reads the machine's time.
 */
import type { Instant } from './time.ts';

export interface Clock {
  now(): Instant;
}

/** The machine's own clock. */
export const wallClock: Clock = { now: () => Date.now() };

/** A clock that stands still until it is set; the reference for tests. */
export function manualClock(start: Instant): Clock & { set(instant: Instant): void } {
  let now = start;
  return {
    now: () => now,
    set: (instant) => {
      now = instant;
    },
  };
}
