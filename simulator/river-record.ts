/**
 * River record: what truly happened in a run, job by job and slot by slot, as one plain value.
 *
 * Read from the books when the run is over, never from beliefs: energy and carbon are the ledger's, surplus is what the
 * oracle verified. JSON of it is the same bytes for the same scenario and policy. Instants are epoch ms; what is not
 * known is `null`.
 */
import type { Oracle } from '../energy-oracle/oracle.ts';
import type { SlotFacts } from '../energy-oracle/outlook.ts';
import type { SeriesStore } from '../energy-oracle/store/series-store.ts';
import type { JobState } from '../scheduler/job.ts';
import { priceOf } from '../scheduler/ledger/charge.ts';
import type { Account, LedgerEntry } from '../scheduler/ledger/entry.ts';
import type { LedgerStore } from '../scheduler/ledger/ledger-store.ts';
import { add, noTotals, type Totals } from '../scheduler/ledger/statement.ts';
import type { JobStore } from '../scheduler/queue/job-store.ts';
import type { Chain } from '../scheduler/settlement/chain.ts';
import type { SettlementStore } from '../scheduler/settlement/settlement-store.ts';
import { summaryOf } from '../scheduler/summary.ts';
import type { SummaryWire } from '../scheduler/wire.ts';
import type { DurationMs, Instant, Interval } from '../units/time.ts';
import type { Scenario } from './scenario.ts';

/** Metered energy by where it came from, kWh. */
export interface EnergyBySource {
  readonly surplus: number;
  readonly grid: number;
}

/** The ledger's accounts of carbon, gCO2eq, side by side and never added; `marginal` is `null` where no feed says it. */
export interface CarbonAccounts {
  readonly location: number;
  readonly marginal: number | null;
  readonly matched: number;
}

export interface AccountRecord {
  readonly site: string;
  readonly kWh: EnergyBySource;
  readonly gCO2eq: CarbonAccounts;
  /** Energy money, accounting currency. */
  readonly energyCost: number;
}

export interface RunRecord {
  readonly site: string;
  readonly model: string;
  readonly accelerators: number;
  readonly start: Instant;
  /** `null` while it runs. */
  readonly end: Instant | null;
  readonly state: string;
}

export interface JobRecord {
  readonly id: string;
  readonly owner: string;
  /** When it came, the earliest it may start, and the latest it may end. */
  readonly submittedAt: Instant;
  readonly release: Instant;
  readonly deadline: Instant;
  readonly start: Instant | null;
  readonly end: Instant | null;
  readonly state: JobState;
  readonly reason: string;
  /** Run time it needs at most, ms. */
  readonly lengthMs: DurationMs;
  readonly runs: readonly RunRecord[];
  /** As booked; `null` until something is. */
  readonly actual: Omit<AccountRecord, 'site'> | null;
  /** What its owner pays, accounting currency. */
  readonly price: number;
  /** The same energy at its home site from its release on. */
  readonly counterfactual: AccountRecord | null;
}

export interface SlotRecord {
  readonly site: string;
  readonly start: Instant;
  /** What jobs drew, kWh: surplus that could not have been exported, that could, and grid energy. */
  readonly drawKwh: { readonly curtailed: number; readonly exportable: number; readonly grid: number };
  /** Verified, and the part of it that could not be exported, before any job drew on it. */
  readonly surplusKwh: number | null;
  readonly curtailedKwh: number | null;
  /** Accounting currency per MWh, gCO2eq/kWh. */
  readonly importPrice: number | null;
  readonly carbonIntensity: number | null;
}

/** Token base units as text: they are whole and may be many. */
export interface SettlementRecord {
  readonly periods: number;
  readonly funded: string;
  readonly promised: string;
  readonly paid: string;
  readonly balance: string;
  readonly providers: readonly { readonly account: string; readonly promised: string }[];
}

export interface RiverRecord {
  readonly policy: string;
  readonly seed: number;
  readonly currency: string;
  /** Jobs came from `start` until `arrivalsUntil`; the run went on until `end`. */
  readonly start: Instant;
  readonly arrivalsUntil: Instant;
  readonly end: Instant;
  readonly summary: SummaryWire;
  /** By submission, then id. */
  readonly jobs: readonly JobRecord[];
  /** By site in the scenario's order, then slot. */
  readonly slots: readonly SlotRecord[];
  readonly settlement: SettlementRecord;
  readonly counters: {
    readonly arrivals: number;
    /** Whose file was refused at once. */
    readonly refusedAtSubmission: number;
    readonly readings: number;
    readonly curves: number;
    readonly weatherForecasts: number;
    readonly quarantined: number;
    readonly outlooks: number;
    readonly leases: number;
    readonly ledgerEntries: number;
    readonly periodsSettled: number;
  };
  /** Hash of the last ledger entry: two runs that agree in it agree in every entry. */
  readonly ledgerHead: string;
}

export interface RecordPorts {
  readonly series: SeriesStore;
  readonly jobs: JobStore;
  readonly ledger: LedgerStore;
  readonly settlements: SettlementStore;
  readonly chain: Chain;
  readonly oracle: Pick<Oracle, 'view'>;
}

export interface Recorded extends Pick<RiverRecord, 'policy' | 'arrivalsUntil' | 'end'> {
  readonly scenario: Scenario;
  readonly arrivals: number;
}

/** Reads a run's books; O(entries + sites × slots + jobs). */
export async function recordOf({ scenario, policy, arrivalsUntil, end, arrivals }: Recorded, ports: RecordPorts): Promise<RiverRecord> {
  const { series, jobs, ledger, settlements, chain, oracle } = ports;
  const { seed, start, rates } = scenario;
  const whole: Interval = { start, end };
  const books = await foldedBooks(ledger);
  const sites = scenario.sites.map(({ site }) => site.id);
  const facts = (await Promise.all(sites.map((site) => oracle.view.facts(site, whole, end)))).flat();
  const [all, counts, status, latest] = await Promise.all([jobs.list(), series.counts(), chain.status(), settlements.latest()]);
  const outlooks = await Promise.all(sites.map(async (site) => (await series.outlooks(site, { start, end: end + 1 })).length));
  const runs = await Promise.all(all.map(({ id }) => jobs.runsOf(id)));
  const currency = rates.accounting;
  const verifiedWh = facts.reduce((sum, { surplusWh }) => sum + (surplusWh ?? 0), 0);
  return {
    policy,
    seed,
    currency,
    start,
    arrivalsUntil,
    end,
    summary: summaryOf({
      start,
      now: end,
      seed,
      currency,
      jobs: all,
      totals: books.totals,
      verifiedWh,
      readings: counts,
      chain: { status, token: chain.token },
    }),
    jobs: all.map((job, at): JobRecord => {
      const { id, spec, submittedAt, state, reason, startedAt, endedAt } = job;
      const sums = books.ofJob.get(id);
      return {
        id,
        owner: spec.owner,
        submittedAt,
        release: Math.max(submittedAt, spec.notBefore),
        deadline: spec.deadline,
        start: startedAt ?? null,
        end: endedAt ?? null,
        state,
        reason,
        lengthMs: spec.maxDuration,
        runs: (runs[at] ?? []).map(({ site, model, accelerators, leasedAt, endedAt: over, state: became }) => ({
          site,
          model,
          accelerators,
          start: leasedAt,
          end: over ?? null,
          state: became,
        })),
        actual: sums ? accountRecord(sums.actual) : null,
        price: sums ? Number(sums.price) / 1e6 : 0,
        counterfactual: sums ? { site: job.homeSite, ...accountRecord(sums.counterfactual) } : null,
      };
    }),
    slots: facts.map((slot) => slotRecord(slot, books.ofSlot.get(`${slot.site}@${slot.slot}`))),
    settlement: {
      periods: status.period,
      funded: String(status.funded),
      promised: String(status.promised),
      paid: String(status.paid),
      balance: String(status.balance),
      providers: (latest?.settlement.entitlements ?? []).map(({ account, cumulative }) => ({ account, promised: String(cumulative) })),
    },
    counters: {
      arrivals,
      refusedAtSubmission: arrivals - all.length,
      readings: counts.readings,
      curves: counts.curves,
      weatherForecasts: counts.weather,
      quarantined: Object.values(counts.quarantined).reduce((sum, count) => sum + count, 0),
      outlooks: outlooks.reduce((sum, count) => sum + count, 0),
      leases: runs.reduce((sum, own) => sum + own.length, 0),
      ledgerEntries: books.totals.sequence,
      periodsSettled: status.period,
    },
    ledgerHead: books.totals.hash,
  };
}

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

async function foldedBooks(ledger: LedgerStore): Promise<Books> {
  let totals = noTotals;
  const ofJob = new Map<string, JobSums>();
  const ofSlot = new Map<string, { surplusWh: number; gridWh: number }>();
  for (;;) {
    const page = await ledger.entries(totals.sequence, pageEntries);
    for (const entry of page) {
      totals = add(totals, entry);
      addToJob(ofJob, entry);
      const key = `${entry.site}@${entry.slot}`;
      const slot = ofSlot.get(key) ?? { surplusWh: 0, gridWh: 0 };
      slot.surplusWh += entry.actual.surplusWh;
      slot.gridWh += entry.actual.gridWh;
      ofSlot.set(key, slot);
    }
    if (page.length < pageEntries) return { totals, ofJob, ofSlot };
  }
}

function addToJob(ofJob: Map<string, JobSums>, { job, actual, counterfactual, charge }: LedgerEntry): void {
  const sums = ofJob.get(job) ?? { actual: nothing(), counterfactual: nothing(), price: 0n };
  ofJob.set(job, sums);
  addTo(sums.actual, actual);
  addTo(sums.counterfactual, counterfactual);
  if (charge) sums.price += priceOf(charge);
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
