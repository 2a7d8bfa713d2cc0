/**
 * River books: from the stores of a run that is over to its record.
 *
 * Folds the ledger once, and joins it with what the oracle verified of each slot. Whole Wh, mg and micros are added up;
 * kWh, g and money are divided out of the sums at the end, so that no rounding adds up.
 */
import type { Oracle } from '../energy-oracle/oracle.ts';
import type { SlotFacts } from '../energy-oracle/outlook.ts';
import type { SeriesStore } from '../energy-oracle/store/series-store.ts';
import type { Run } from '../scheduler/dispatch/lease.ts';
import type { Job } from '../scheduler/job.ts';
import { priceOf } from '../scheduler/ledger/charge.ts';
import type { Account, LedgerEntry } from '../scheduler/ledger/entry.ts';
import type { LedgerStore } from '../scheduler/ledger/ledger-store.ts';
import { add, noTotals, type Totals } from '../scheduler/ledger/statement.ts';
import type { JobStore } from '../scheduler/queue/job-store.ts';
import type { Chain, ChainStatus, Settlement } from '../scheduler/settlement/chain.ts';
import type { SettlementStore } from '../scheduler/settlement/settlement-store.ts';
import { summaryOf } from '../scheduler/summary.ts';
import type { AccountRecord, JobRecord, RiverRecord, SlotRecord } from './river-record.ts';
import type { Scenario } from './scenario.ts';

interface RecordPorts {
  readonly series: SeriesStore;
  readonly jobs: JobStore;
  readonly ledger: LedgerStore;
  readonly settlements: SettlementStore;
  readonly chain: Chain;
  readonly oracle: Pick<Oracle, 'view'>;
}

interface Recorded extends Pick<RiverRecord, 'policy' | 'arrivalsUntil' | 'end'> {
  readonly scenario: Scenario;
  readonly arrivals: number;
}

/** Reads a run's books; O(entries + sites × slots + jobs). */
export async function riverRecordOf(
  { scenario, policy, arrivalsUntil, end, arrivals }: Recorded,
  { series, jobs, ledger, settlements, chain, oracle }: RecordPorts,
): Promise<RiverRecord> {
  const { seed, start } = scenario;
  const currency = scenario.rates.accounting;
  const sites = scenario.sites.map(({ site }) => site.id);
  const facts = (await Promise.all(sites.map((site) => oracle.view.facts(site, { start, end }, end)))).flat();
  const books = await foldedBooks(ledger, new Map(facts.map(({ site, slot, curtailedWh }) => [`${site}@${slot}`, curtailedWh ?? 0])));
  const outlooks = await Promise.all(sites.map(async (site) => (await series.outlooks(site, { start, end: end + 1 })).length));
  const [all, counts, status, latest] = await Promise.all([jobs.list(), series.counts(), chain.status(), settlements.latest()]);
  const runs = await Promise.all(all.map(({ id }) => jobs.runsOf(id)));
  const summary = summaryOf({
    start,
    now: end,
    seed,
    currency,
    jobs: all,
    totals: books.totals,
    verifiedWh: total(facts.map(({ surplusWh }) => surplusWh ?? 0)),
    readings: counts,
    chain: { status, token: chain.token },
  });
  return {
    policy,
    seed,
    currency,
    start,
    arrivalsUntil,
    end,
    summary,
    jobs: all.map((job, at) => jobRecord(job, runs[at] ?? [], books.ofJob.get(job.id))),
    slots: facts.map((slot) => slotRecord(slot, books.ofSlot.get(`${slot.site}@${slot.slot}`))),
    settlement: settlementRecord(status, latest?.settlement),
    counters: {
      arrivals,
      refusedAtSubmission: arrivals - all.length,
      readings: counts.readings,
      curves: counts.curves,
      weatherForecasts: counts.weather,
      quarantined: total(Object.values(counts.quarantined)),
      outlooks: total(outlooks),
      leases: total(runs.map(({ length }) => length)),
      ledgerEntries: books.totals.sequence,
      periodsSettled: status.period,
    },
    ledgerHead: books.totals.hash,
  };
}

const total = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);

const jobRecord = (
  { id, spec, submittedAt, state, reason, startedAt, endedAt, homeSite }: Job,
  runs: readonly Run[],
  sums: JobSums | undefined,
): JobRecord => ({
  id,
  owner: spec.owner,
  submittedAt,
  release: Math.max(submittedAt, spec.notBefore),
  deadline: spec.deadline,
  start: startedAt ?? null,
  end: endedAt ?? null,
  state,
  reason,
  homeSite,
  lengthMs: spec.maxDuration,
  runs: runs.map((run) => ({
    site: run.site,
    model: run.model,
    accelerators: run.accelerators,
    start: run.leasedAt,
    end: run.endedAt ?? null,
    state: run.state,
  })),
  actual: sums ? accountRecord(sums.actual) : null,
  curtailedKwh: (sums?.curtailedWh ?? 0) / 1_000,
  price: sums ? Number(sums.price) / 1e6 : 0,
  counterfactual: sums ? { site: homeSite, ...accountRecord(sums.counterfactual) } : null,
});

const settlementRecord = (
  { period, funded, promised, paid, balance }: ChainStatus,
  latest: Settlement | undefined,
): RiverRecord['settlement'] => ({
  periods: period,
  funded: String(funded),
  promised: String(promised),
  paid: String(paid),
  balance: String(balance),
  providers: (latest?.entitlements ?? []).map(({ account, cumulative }) => ({ account, promised: String(cumulative) })),
});

/** Whole Wh, mg and micros of many entries. */
interface AccountSums {
  surplusWh: number;
  gridWh: number;
  locationMg: number;
  /** `undefined` once an entry did not know it. */
  marginalMg: number | undefined;
  matchedMg: number;
  energyCost: bigint;
}

interface JobSums {
  readonly actual: AccountSums;
  readonly counterfactual: AccountSums;
  curtailedWh: number;
  price: bigint;
}

interface Books {
  readonly totals: Totals;
  readonly ofJob: ReadonlyMap<string, JobSums>;
  /** By `<site>@<slot>`, Wh drawn. */
  readonly ofSlot: ReadonlyMap<string, { readonly surplusWh: number; readonly gridWh: number }>;
}

const pageEntries = 1_000;

const nothing = (): AccountSums => ({ surplusWh: 0, gridWh: 0, locationMg: 0, marginalMg: 0, matchedMg: 0, energyCost: 0n });

/** @param curtailable  by `<site>@<slot>`, Wh of surplus that could not be exported */
async function foldedBooks(ledger: LedgerStore, curtailable: ReadonlyMap<string, number>): Promise<Books> {
  let totals = noTotals;
  const ofJob = new Map<string, JobSums>();
  const ofSlot = new Map<string, { surplusWh: number; gridWh: number }>();
  for (;;) {
    const page = await ledger.entries(totals.sequence, pageEntries);
    for (const entry of page) {
      totals = add(totals, entry);
      const sums = addToJob(ofJob, entry);
      const key = `${entry.site}@${entry.slot}`;
      const slot = ofSlot.get(key) ?? { surplusWh: 0, gridWh: 0 };
      sums.curtailedWh += Math.min(entry.actual.surplusWh, Math.max(0, (curtailable.get(key) ?? 0) - slot.surplusWh));
      slot.surplusWh += entry.actual.surplusWh;
      slot.gridWh += entry.actual.gridWh;
      ofSlot.set(key, slot);
    }
    if (page.length < pageEntries) return { totals, ofJob, ofSlot };
  }
}

function addToJob(ofJob: Map<string, JobSums>, { job, actual, counterfactual, charge }: LedgerEntry): JobSums {
  const sums = ofJob.get(job) ?? { actual: nothing(), counterfactual: nothing(), curtailedWh: 0, price: 0n };
  ofJob.set(job, sums);
  addTo(sums.actual, actual);
  addTo(sums.counterfactual, counterfactual);
  if (charge) sums.price += priceOf(charge);
  return sums;
}

function addTo(sums: AccountSums, { surplusWh, gridWh, locationMg, marginalMg, matchedMg, energyCost }: Account): void {
  sums.surplusWh += surplusWh;
  sums.gridWh += gridWh;
  sums.locationMg += locationMg;
  sums.marginalMg = sums.marginalMg === undefined || marginalMg === undefined ? undefined : sums.marginalMg + marginalMg;
  sums.matchedMg += matchedMg;
  sums.energyCost += energyCost;
}

const accountRecord = ({ surplusWh, gridWh, locationMg, marginalMg, matchedMg, energyCost }: AccountSums): Omit<AccountRecord, 'site'> => ({
  kWh: { surplus: surplusWh / 1_000, grid: gridWh / 1_000 },
  gCO2eq: { location: locationMg / 1_000, marginal: marginalMg === undefined ? null : marginalMg / 1_000, matched: matchedMg / 1_000 },
  energyCost: Number(energyCost) / 1e6,
});

const inKwh = (wattHours: number | undefined): number | null => (wattHours === undefined ? null : wattHours / 1_000);

function slotRecord(
  { site, slot, surplusWh, curtailedWh, importPrice, carbonIntensity }: SlotFacts,
  drawn: { readonly surplusWh: number; readonly gridWh: number } | undefined,
): SlotRecord {
  const usedWh = drawn?.surplusWh ?? 0;
  const curtailed = Math.min(usedWh, curtailedWh ?? 0); // what cannot be sold is used first
  return {
    site,
    start: slot,
    drawKwh: { curtailed: curtailed / 1_000, exportable: (usedWh - curtailed) / 1_000, grid: (drawn?.gridWh ?? 0) / 1_000 },
    surplusKwh: inKwh(surplusWh),
    curtailedKwh: inKwh(curtailedWh),
    importPrice: importPrice ?? null,
    carbonIntensity: carbonIntensity ?? null,
  };
}
