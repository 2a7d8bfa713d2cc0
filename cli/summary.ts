/**
 * Summary: what a run of the river came to, from the stores alone, so that a restarted process says the same.
 *
 * Goes on from where it stopped: entries are folded once, verified surplus is added slot by slot. Readers who ask at the
 * same time are answered one after another, so that none folds what another is folding.
 */

import type { SeriesStore } from '../energy-oracle/store/series-store.ts';
import type { LedgerStore } from '../scheduler/ledger/ledger-store.ts';
import { add, noTotals } from '../scheduler/ledger/statement.ts';
import type { JobStore } from '../scheduler/queue/job-store.ts';
import type { Chain } from '../scheduler/settlement/chain.ts';
import { summaryOf } from '../scheduler/summary.ts';
import type { SummaryWire } from '../scheduler/wire.ts';
import { type DurationMs, type Instant, type Interval, slotOf } from '../units/time.ts';

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
    return summaryOf({
      start,
      now,
      seed,
      currency,
      jobs: all,
      totals,
      verifiedWh: verified.wattHours,
      readings: counts,
      chain: { status, token: chain.token },
    });
  }
}
