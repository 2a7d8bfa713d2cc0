/**
 * Source state: whether a source's word counts now, from when it was last heard and how it stood to its peers.
 *
 * Pure. A source is fresh while its newest answer is younger than the heartbeat, late until the staleness limit (it still
 * counts, and is named), stale beyond it (it does not). One that was far off its peers is left out for a while, however
 * fresh; twice in a row for twice as long, up to a limit. Only being heard in agreement forgets that. Time that runs
 * backwards changes nothing.
 */
import type { DurationMs, Instant } from '../../units/time.ts';

export interface FreshnessLimits {
  /** A source should be heard this often. */
  readonly heartbeatMs: DurationMs;
  /** Older answers do not count; at least the heartbeat. */
  readonly staleMs: DurationMs;
  /** How long one that is far off is left out at first. */
  readonly leaveOutMs: DurationMs;
}

/** Left out at most so many times as long as at first. */
const leaveOutFactorMax = 16;

export interface SourceRecord {
  /** When what it said last was issued, or fetched where it does not say; `undefined` before it was ever heard. */
  readonly heardOf: Instant | undefined;
  readonly leftOutUntil: Instant | undefined;
  /** Times it was found far off since it last agreed. */
  readonly strikes: number;
  /** Why it is left out, in a sentence. */
  readonly why: string | undefined;
}

export const unheardSource: SourceRecord = { heardOf: undefined, leftOutUntil: undefined, strikes: 0, why: undefined };

export type SourceStanding = 'unheard' | 'fresh' | 'late' | 'stale' | 'left-out';

/** What a record means at an instant. An answer from the future is as old as one of now. */
export function standingOf(
  { heardOf, leftOutUntil }: SourceRecord,
  now: Instant,
  { heartbeatMs, staleMs }: FreshnessLimits,
): SourceStanding {
  if (heardOf === undefined) return 'unheard';
  const ageMs = now - heardOf;
  if (ageMs > staleMs) return 'stale';
  if (leftOutUntil !== undefined && now < leftOutUntil) return 'left-out';
  return ageMs > heartbeatMs ? 'late' : 'fresh';
}

/** Only these may move a value. */
export const counts = (standing: SourceStanding): boolean => standing === 'fresh' || standing === 'late';

/** It answered with something issued then; an older answer than the last changes nothing, and none is newer than now. */
export const heard = (record: SourceRecord, issuedAt: Instant, now: Instant): SourceRecord => ({
  ...record,
  heardOf: Math.max(record.heardOf ?? Number.NEGATIVE_INFINITY, Math.min(issuedAt, now)),
});

/** It was far off its peers: left out from now on, longer each time. */
export function foundOff(record: SourceRecord, why: string, now: Instant, { leaveOutMs }: FreshnessLimits): SourceRecord {
  const strikes = record.strikes + 1;
  const factor = Math.min(leaveOutFactorMax, 2 ** (strikes - 1));
  return { ...record, strikes, why, leftOutUntil: Math.max(record.leftOutUntil ?? now, now + leaveOutMs * factor) };
}

/** It counted and agreed with its peers. */
export const agreed = (record: SourceRecord): SourceRecord => ({ ...record, strikes: 0, why: undefined, leftOutUntil: undefined });
