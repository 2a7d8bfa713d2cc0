/**
 * Misses: how often truths fell outside the rings, in the period that is open and over the last weeks.
 *
 * Only counts; what they mean for the width of quantiles is for `conformal.ts` to say.
 */
import type { Ring } from './rings.ts';
import { stepGroups } from './step-group.ts';

/** Plain JSON. */
export interface MissesState {
  /** Rows seen of the open period, and of them below and above each ring. */
  readonly rows: number;
  readonly below: readonly number[];
  readonly above: readonly number[];
  /** The same by group, both sides together. */
  readonly groupRows: readonly number[];
  readonly groupMissed: readonly number[];
  /** Per closed period, the newest last: rows, then misses of each ring. */
  readonly days: readonly (readonly number[])[];
}

/** What is aimed at, and how much of the last weeks is believed. */
export interface Aim {
  /**
   * Noise in the width costs coverage, for a quantile is convex where it is low, and misses come in spells: aim so much
   * wider than promised, in units of the binomial variance.
   */
  readonly wider: number;
  /** Binomial deviations by which the last weeks may be off by chance. */
  readonly deadZone: number;
}

/** The guard looks over so many periods, and counts in full from so many on. */
const guardPeriods = 28;
const guardPeriodsFull = 10;

const varianceOf = (outside: number) => outside * (1 - outside);
/** The share to aim at for a ring that promises `outside`. */
export const aimOf = (outside: number, { wider }: Aim) => outside - wider * varianceOf(outside);

/** Counts of hits and misses: of the open period, and of those that the guard looks over. */
export function createMisses(rings: readonly Ring[], aim: Aim, from?: MissesState) {
  let rows = from?.rows ?? 0;
  const below = from ? Float64Array.from(from.below) : new Float64Array(rings.length);
  const above = from ? Float64Array.from(from.above) : new Float64Array(rings.length);
  const groupRows = from ? Float64Array.from(from.groupRows) : new Float64Array(stepGroups);
  const groupMissed = from ? Float64Array.from(from.groupMissed) : new Float64Array(stepGroups * rings.length);
  const days = (from?.days ?? []).map((day) => [...day]);

  return {
    rows: () => rows,
    shares: (ring: number) => [(below[ring] as number) / rows, (above[ring] as number) / rows] as const,
    group: (at: number, group: number) => [groupRows[group] as number, (groupMissed[at] as number) / (groupRows[group] as number)] as const,
    /** How far the last weeks' misses are off what they should be, beyond what is believed to be chance. */
    excess: (ring: number, outside: number) => {
      let [all, missed] = [0, 0];
      for (const day of days) {
        all += day[0] as number;
        missed += day[ring + 1] as number;
      }
      if (all === 0) return 0;
      const off = (missed / all - aimOf(outside, aim)) * Math.min(1, days.length / guardPeriodsFull);
      return Math.sign(off) * Math.max(0, Math.abs(off) - aim.deadZone * Math.sqrt(varianceOf(outside)));
    },
    add: (row: Float64Array, actual: number, group: number) => {
      rows++;
      (groupRows[group] as number)++;
      for (let r = 0; r < rings.length; r++) {
        const { lower, upper } = rings[r] as Ring;
        const isBelow = lower !== undefined && actual < (row[lower] as number);
        const isAbove = upper !== undefined && actual > (row[upper] as number);
        if (isBelow) (below[r] as number)++;
        if (isAbove) (above[r] as number)++;
        if (isBelow || isAbove) (groupMissed[group * rings.length + r] as number)++;
      }
    },
    close: () => {
      days.push([rows, ...below.map((count, r) => count + (above[r] as number))]);
      if (days.length > guardPeriods) days.shift();
      rows = 0;
      for (const counts of [below, above, groupRows, groupMissed]) counts.fill(0);
    },
    toJSON: (): MissesState => ({
      rows,
      below: [...below],
      above: [...above],
      groupRows: [...groupRows],
      groupMissed: [...groupMissed],
      days: days.map((day) => [...day]),
    }),
  };
}
