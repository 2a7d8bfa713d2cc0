/**
 * Scheduler metrics: jobs by state, how long they waited, and what the ledger says of energy, carbon and money.
 *
 * Sums are the ledger's from its first entry on, folded once each: a restarted process tells the same totals.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { JobState } from '../../scheduler/job.ts';
import type { LedgerEntry } from '../../scheduler/ledger/entry.ts';
import type { LedgerStore } from '../../scheduler/ledger/ledger-store.ts';
import type { JobStore } from '../../scheduler/queue/job-store.ts';
import type { Clock } from '../../units/clock.ts';

const joulesPerWattHour = 3_600;
const waitBuckets = [1, 10, 60, 300, 900, 3_600, 3 * 3_600, 6 * 3_600, 12 * 3_600, 86_400, 3 * 86_400];
const pageEntries = 1_000;
/** Pages folded at one scrape: a long ledger is caught up with over a few. */
const pagesMax = 50;

export interface SchedulerMetrics {
  /** The store, watched. */
  watched(jobs: JobStore): JobStore;
  refresh(): Promise<void>;
}

export function createSchedulerMetrics(
  registry: Registry,
  {
    clock,
    jobs,
    ledger,
    currency,
  }: { readonly clock: Clock; readonly jobs: JobStore; readonly ledger: LedgerStore; readonly currency: string },
): SchedulerMetrics {
  const registers = [registry];
  const byState = new Gauge({ name: 'sunward_jobs', help: 'Jobs in each state.', labelNames: ['state'], registers });
  const wait = new Histogram({
    name: 'sunward_job_wait_seconds',
    help: 'From submission to the first start of a job.',
    buckets: waitBuckets,
    registers,
  });
  const energy = new Counter({
    name: 'sunward_energy_joules_total',
    help: 'Metered energy of jobs, by site and where it came from.',
    labelNames: ['site', 'source'],
    registers,
  });
  const carbon = new Counter({
    name: 'sunward_carbon_emissions_grams_total',
    help: 'Emissions of jobs in each account; accounts are never added.',
    labelNames: ['site', 'account'],
    registers,
  });
  const cost = new Gauge({
    name: 'sunward_energy_cost',
    help: 'Cost of the energy of jobs since the first entry; negative prices lower it.',
    labelNames: ['site', 'currency'],
    registers,
  });
  const sequenceOf = new Gauge({ name: 'sunward_ledger_entries', help: 'Entries of the ledger that these sums are of.', registers });
  const began = clock.now();
  const started = new Set<string>();
  let sequence = 0;
  const fold = ({ site, actual }: LedgerEntry) => {
    energy.inc({ site, source: 'surplus' }, actual.surplusWh * joulesPerWattHour);
    energy.inc({ site, source: 'grid' }, actual.gridWh * joulesPerWattHour);
    carbon.inc({ site, account: 'location' }, actual.locationMg / 1_000);
    if (actual.marginalMg !== undefined) carbon.inc({ site, account: 'marginal' }, actual.marginalMg / 1_000);
    carbon.inc({ site, account: 'matched' }, actual.matchedMg / 1_000);
    cost.inc({ site, currency }, Number(actual.energyCost) / 1e6);
  };
  return {
    watched: (store) => ({
      ...store,
      apply: async (changes, at) => {
        const applied = await store.apply(changes, at);
        if (applied.kind !== 'applied') return applied;
        for (const { id, startedAt, submittedAt, endedAt } of changes.jobs ?? []) {
          if (startedAt !== undefined && startedAt >= began && !started.has(id)) {
            started.add(id);
            wait.observe(Math.max(0, startedAt - submittedAt) / 1_000);
          }
          if (endedAt !== undefined) started.delete(id); // it changes no more
        }
        return applied;
      },
    }),
    refresh: async () => {
      for (const [state, count] of Object.entries(await jobs.countByState()) as [JobState, number][]) byState.set({ state }, count);
      for (let page = 0; page < pagesMax; page++) {
        const entries = await ledger.entries(sequence, pageEntries);
        for (const entry of entries) fold(entry);
        sequence = entries.at(-1)?.sequence ?? sequence;
        if (entries.length < pageEntries) break;
      }
      sequenceOf.set(sequence);
    },
  };
}
