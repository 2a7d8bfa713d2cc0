/**
 * Summary: what a run of the river came to, from the stores alone, so that a restarted process says the same.
 *
 * Goes on from where it stopped: entries are folded once, verified surplus is added slot by slot. Readers who ask at the
 * same time are answered one after another, so that none folds what another is folding.
 */

import type { SeriesStore } from '../energy-oracle/store/series-store.ts';
import { isOver, type Job } from '../scheduler/job.ts';
import type { LedgerStore } from '../scheduler/ledger/ledger-store.ts';
import { add, noTotals } from '../scheduler/ledger/statement.ts';
import type { JobStore } from '../scheduler/queue/job-store.ts';
import type { Chain } from '../scheduler/settlement/chain.ts';
import type { SummaryWire } from '../scheduler/wire.ts';
import { type DurationMs, type Instant, type Interval, slotOf, toIso } from '../units/time.ts';

const pageEntries = 1_000;

export interface SummaryPorts {
  readonly jobs: JobStore;
  readonly ledger: LedgerStore;
  readonly series: SeriesStore;
  readonly chain: Chain;
  readonly surplusOver: (interval: Interval) => Promise<number>;
  readonly seed: number;
  readonly currency: string;
  readonly start: Instant;
  /** How long after a slot's end its surplus is counted; 0 once the river is still. */
  readonly settlingMs: DurationMs;
}

/** Returns a function that sums up everything until now. */
export function createSummary({
  jobs,
  ledger,
  series,
  chain,
  surplusOver,
  seed,
  currency,
  start,
  settlingMs,
}: SummaryPorts): (now: Instant) => Promise<SummaryWire> {
  let totals = noTotals;
  let verified = { until: start, wattHours: 0 };
  let last: Promise<unknown> = Promise.resolve();
  return (now) => {
    const answer = last.then(() => sumUp(now));
    last = answer.catch(() => undefined); // who asked has the fault; the next one asks anew
    return answer;
  };

  async function sumUp(now: Instant): Promise<SummaryWire> {
    for (;;) {
      const page = await ledger.entries(totals.sequence, pageEntries);
      for (const entry of page) totals = add(totals, entry);
      if (page.length < pageEntries) break;
    }
    const until = slotOf(now - settlingMs);
    if (until > verified.until)
      verified = { until, wattHours: verified.wattHours + (await surplusOver({ start: verified.until, end: until })) };
    const [all, counts, status] = await Promise.all([jobs.list(), series.counts(), chain.status()]);
    const tokens = (amount: bigint) => Number(amount) / 10 ** chain.token.decimals;
    return {
      from: toIso(start),
      to: toIso(now),
      seed,
      jobs: jobSums(all),
      energyWh: { surplus: totals.surplusWh, grid: totals.gridWh },
      carbonG: { actual: totals.locationMg / 1_000, counterfactual: totals.counterfactualMg / 1_000 },
      cost: { actual: Number(totals.energyCost) / 1e6, counterfactual: Number(totals.counterfactualCost) / 1e6, currency },
      surplusWh: { used: totals.surplusWh, left: Math.max(0, verified.wattHours - totals.surplusWh) },
      deadlines: deadlineSums(all, now),
      readings: { accepted: counts.readings, quarantined: counts.quarantined },
      settlement: { periods: status.period, promised: tokens(status.promised), claimed: tokens(status.paid) },
      ledger: { entries: totals.sequence, balanced: totals.balanced },
    };
  }
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
