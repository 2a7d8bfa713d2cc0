/**
 * Foresight: whether something that is said to be known could not have been known yet.
 *
 * Owns the refusal, with the value and the instant that give it away. A forecast that has seen its own truth is a bug
 * of whoever gathered what was known, so it is thrown, not returned.
 */
import { type Instant, toIso } from '../../../units/time.ts';
import type { Dense, Known } from '../target.ts';

/** When each step of a signal was issued, epoch ms on the signal's own grid: NaN where it is not known. */
export type SignalIssues = Readonly<Record<string, Dense>>;

/**
 * Refuses what was not available at `issuedAt`: history and companions of steps that had not ended, and signals, up to
 * `until`, that were issued later, where it is known when they were. O(what lies after the issue, and the signals' issues).
 *
 * @throws RangeError that names the value, its step and the issue
 */
export function refuseForesight(known: Known & { readonly signalIssuedAt?: SignalIssues }, until: Instant): void {
  const { target, issuedAt, history, companions, signals, signalIssuedAt = {} } = known;
  refuseUnended('history', history);
  for (const [name, dense] of Object.entries(companions)) refuseUnended(`companion ${name}`, dense);
  for (const [name, issues] of Object.entries(signalIssuedAt)) {
    const signal = signals[name];
    if (!signal) continue;
    const end = Math.min(signal.values.length, Math.ceil((until - signal.start) / signal.stepMs));
    for (let i = 0; i < end; i++) {
      const at = signal.start + i * signal.stepMs;
      const told = issues.values[Math.floor((at - issues.start) / issues.stepMs)] ?? Number.NaN;
      const value = signal.values[i] as number;
      if (told > issuedAt && !Number.isNaN(value))
        throw new RangeError(
          `${target.id}: signal ${name} holds ${value} for ${toIso(at)}, which was issued at ${toIso(told)}, after the issue of ${toIso(issuedAt)}`,
        );
    }
  }

  function refuseUnended(what: string, { start, stepMs, values }: Dense): void {
    for (let i = Math.max(0, Math.floor((issuedAt - start) / stepMs)); i < values.length; i++) {
      const value = values[i] as number;
      const end = start + (i + 1) * stepMs;
      if (end > issuedAt && !Number.isNaN(value))
        throw new RangeError(
          `${target.id}: ${what} holds ${value} for ${toIso(start + i * stepMs)}, which ended at ${toIso(end)}, after the issue of ${toIso(issuedAt)}`,
        );
    }
  }
}
