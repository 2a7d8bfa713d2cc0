/**
 * Learned issues: which steps of which forecasts have taught, so that none teaches twice and none before it has ended.
 *
 * Remembers open issues only; what is older than it remembers teaches no more.
 */
import { DAY, type Instant } from '../../../units/time.ts';
import type { MemberForecast } from '../model/member-forecast.ts';

/** Plain JSON. */
export interface LearnedIssuesState {
  /** Per issue: its instant, the first step not looked at yet, and earlier steps whose truth was a gap. */
  readonly issues: readonly (readonly number[])[];
  /** Issues up to this instant teach no more; null when none was forgotten. */
  readonly forgotten: Instant | null;
}

export interface LearnedIssues {
  /** Visits the steps that ended by `asOf`, whose truth is known, and that were not visited before. O(such steps). */
  visit(forecast: MemberForecast, actual: Float64Array, asOf: Instant, learn: (step: number, actual: number) => void): void;
  toJSON(): LearnedIssuesState;
}

/** A gap in the truth may be filled so long after the end of the forecast. */
const lateMaxMs = 3 * DAY;
/** Issues remembered: four days of horizon and three of lateness, one an hour, and as much again. */
const issuesMax = 384;

interface Issue {
  next: number;
  holes: number[];
}

/** A memory of what was learned, empty or going on from a saved state. */
export function createLearnedIssues(from?: LearnedIssuesState): LearnedIssues {
  const issues = new Map<Instant, Issue>(
    (from?.issues ?? []).map(([at, next, ...holes]) => [at as number, { next: next as number, holes }]),
  );
  let forgotten = from?.forgotten ?? Number.NEGATIVE_INFINITY;

  const forget = (isOld: (issuedAt: Instant) => boolean) => {
    for (const issuedAt of [...issues.keys()].filter(isOld)) {
      issues.delete(issuedAt);
      forgotten = Math.max(forgotten, issuedAt);
    }
  };
  const issueOf = (issuedAt: Instant): Issue => {
    let issue = issues.get(issuedAt);
    if (!issue) {
      issue = { next: 0, holes: [] };
      issues.set(issuedAt, issue);
      if (issues.size > issuesMax) {
        const oldest = Math.min(...issues.keys());
        forget((other) => other === oldest);
      }
    }
    return issue;
  };
  return {
    visit: ({ issuedAt, start, stepMs, steps }, actual, asOf, learn) => {
      const ended = Math.max(0, Math.min(steps, Math.floor((asOf - start) / stepMs)));
      const endsAfterIssueMs = start - issuedAt + steps * stepMs;
      if (ended === 0 || issuedAt <= forgotten || issuedAt + endsAfterIssueMs + lateMaxMs <= asOf) return;
      const issue = issueOf(issuedAt);
      if (issue.holes.length > 0)
        issue.holes = issue.holes.filter((step) => {
          const value = actual[step] as number;
          if (step >= ended || Number.isNaN(value)) return true;
          learn(step, value);
          return false;
        });
      for (; issue.next < ended; issue.next++) {
        const value = actual[issue.next] as number;
        if (Number.isNaN(value)) issue.holes.push(issue.next);
        else learn(issue.next, value);
      }
      if (ended === steps) forget((other) => other + endsAfterIssueMs + lateMaxMs <= asOf);
    },
    toJSON: () => ({
      issues: [...issues].map(([at, { next, holes }]) => [at, next, ...holes]),
      forgotten: Number.isFinite(forgotten) ? forgotten : null,
    }),
  };
}
