/**
 * Part sum: one measure from numbers that come apart, such as the phases of a meter.
 *
 * A sum is told once all parts have been heard: when the dialect's own sign says so, or so long after the first. A part
 * that goes away silences the sum for a while, for a sum of the rest would be a false reading.
 */
import { type DurationMs, type Instant, MINUTE } from '../../../units/time.ts';
import { boundedMap } from './said.ts';

interface Sum {
  readonly firstAt: Instant;
  settled: boolean;
  readonly parts: Map<string, number>;
  /** When a part went away. */
  readonly lost: Map<string, Instant>;
}

/** A part that is away so long is gone for good. */
export const lostMs: DurationMs = 5 * MINUTE;
const sumsMax = 1_024;
const partsMax = 64;

export interface PartSums {
  /** The sum with this part's newest value; `undefined` while parts are still to come or one is away. */
  put(key: string, part: string, value: number, now: Instant): number | undefined;
  /** The part has no value any more. */
  drop(key: string, part: string, now: Instant): void;
  /** All parts of the device's sums have been heard. */
  settle(prefix: string): void;
}

export function createPartSums(afterMs: DurationMs): PartSums {
  const sums = boundedMap<Sum>(sumsMax);
  return {
    put: (key, part, value, now) => {
      const sum = sums.get(key) ?? { firstAt: now, settled: false, parts: new Map(), lost: new Map() };
      sums.set(key, sum);
      if (sum.parts.has(part) || sum.parts.size < partsMax) sum.parts.set(part, value);
      sum.lost.delete(part);
      for (const [name, since] of sum.lost) if (now - since >= lostMs) sum.lost.delete(name);
      if (now - sum.firstAt >= afterMs) sum.settled = true;
      if (!sum.settled || sum.lost.size > 0) return undefined;
      return [...sum.parts.values()].reduce((total, each) => total + each, 0);
    },
    drop: (key, part, now) => {
      const sum = sums.get(key);
      if (sum?.parts.delete(part)) sum.lost.set(part, now);
      if (sum?.parts.size === 0) sums.delete(key); // the whole device is away: it comes back as new
    },
    settle: (prefix) => {
      for (const [key, sum] of sums) if (key.startsWith(prefix)) sum.settled = true;
    },
  };
}
