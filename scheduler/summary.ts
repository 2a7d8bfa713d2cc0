/**
 * Summary: what a run of the river came to, from its jobs, the sums of its ledger and what was verified. Pure.
 *
 * Says the same of a live river and a simulated one; where the numbers are read from is the caller's.
 */
import { type Instant, toIso } from '../units/time.ts';
import { isOver, type Job } from './job.ts';
import type { Totals } from './ledger/statement.ts';
import type { Chain, ChainStatus } from './settlement/chain.ts';
import type { SummaryWire } from './wire.ts';

export interface Summed {
  readonly start: Instant;
  readonly now: Instant;
  readonly seed: number;
  readonly currency: string;
  readonly jobs: readonly Job[];
  readonly totals: Totals;
  /** Surplus that the meters vouch for, of all sites since the start, Wh. */
  readonly verifiedWh: number;
  /** Accepted, and quarantined by reason. */
  readonly readings: { readonly readings: number; readonly quarantined: Readonly<Record<string, number>> };
  readonly chain: { readonly status: ChainStatus; readonly token: Chain['token'] };
}

/** Everything until now; carbon in g, money in the accounting currency, tokens whole. O(jobs). */
export function summaryOf({ start, now, seed, currency, jobs, totals, verifiedWh, readings, chain }: Summed): SummaryWire {
  const { status, token } = chain;
  const tokens = (amount: bigint) => Number(amount) / 10 ** token.decimals;
  return {
    from: toIso(start),
    to: toIso(now),
    seed,
    jobs: jobSums(jobs),
    energyWh: { surplus: totals.surplusWh, grid: totals.gridWh },
    carbonG: { actual: totals.locationMg / 1_000, counterfactual: totals.counterfactualMg / 1_000 },
    cost: { actual: Number(totals.energyCost) / 1e6, counterfactual: Number(totals.counterfactualCost) / 1e6, currency },
    surplusWh: { used: totals.surplusWh, left: Math.max(0, verifiedWh - totals.surplusWh) },
    deadlines: deadlineSums(jobs, now),
    readings: { accepted: readings.readings, quarantined: readings.quarantined },
    settlement: { periods: status.period, promised: tokens(status.promised), claimed: tokens(status.paid) },
    ledger: { entries: totals.sequence, balanced: totals.balanced },
  };
}

const isRefused = (job: Job) => job.state === 'EXPIRED' && job.reason.startsWith('refused: ') && job.fence === 0;

function jobSums(all: readonly Job[]): SummaryWire['jobs'] {
  const byState: Record<string, number> = {};
  for (const { state } of all) byState[state] = (byState[state] ?? 0) + 1;
  const succeeded = byState['SUCCEEDED'] ?? 0;
  const refused = all.filter(isRefused).length;
  const waiting = all.filter(({ state }) => !isOver(state)).length;
  return {
    submitted: all.length,
    succeeded,
    failed: all.length - succeeded - refused - waiting,
    refused,
    waiting,
    byState: Object.fromEntries(Object.entries(byState).sort()),
  };
}

/** A deadline is met by an end in time, missed by a late end or by passing without one. */
function deadlineSums(all: readonly Job[], now: Instant): SummaryWire['deadlines'] {
  const met = all.filter(({ state, endedAt, spec }) => state === 'SUCCEEDED' && endedAt !== undefined && endedAt <= spec.deadline).length;
  const missed = all.filter(
    (job) =>
      (job.state === 'SUCCEEDED' && (job.endedAt ?? 0) > job.spec.deadline) ||
      (isOver(job.state) && job.state !== 'SUCCEEDED' && job.state !== 'CANCELLED') ||
      (!isOver(job.state) && job.spec.deadline < now),
  ).length;
  return { met, missed };
}
