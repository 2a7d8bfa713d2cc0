/**
 * Clock watch: the wall's clock beside one that only runs forward, so that a clock that was set is noticed.
 *
 * Owns the gateway's idea of now. A difference of more than `jumpMsMin` between what the two clocks gained since the last
 * look is a jump; anything less is drift and is followed, but time never runs backwards between two looks.
 */
import type { Clock } from '../../units/clock.ts';
import type { DurationMs, Instant } from '../../units/time.ts';

/** A smaller step is taken for drift: NTP slews less than that, and steps more. */
export const jumpMsMin: DurationMs = 1_000;

export interface ClockLook {
  readonly now: Instant;
  /** How far the wall's clock was set since the last look, ms, + forward; 0 when it was not. */
  readonly jumpMs: DurationMs;
}

/** @param monotonicMs  milliseconds that only ever grow, whatever happens to the wall's clock */
export function createClockWatch({ wall, monotonicMs }: { wall: Clock; monotonicMs: () => number }): { look(): ClockLook } {
  let last: { readonly now: Instant; readonly wallMs: Instant; readonly monotonicMs: number } | undefined;
  return {
    look: () => {
      const seen = { wallMs: wall.now(), monotonicMs: monotonicMs() };
      const gained = last ? seen.wallMs - last.wallMs - (seen.monotonicMs - last.monotonicMs) : 0;
      const jumpMs = Math.abs(gained) >= jumpMsMin ? gained : 0;
      const now = last && jumpMs === 0 ? Math.max(last.now, seen.wallMs) : seen.wallMs;
      last = { ...seen, now };
      return { now, jumpMs };
    },
  };
}
