/**
 * River record: what truly happened in a run, job by job and slot by slot, as one plain value.
 *
 * Read from the books when the run is over, never from beliefs: energy and carbon are the ledger's, surplus is what the
 * oracle verified. JSON of it is the same bytes for the same scenario and policy. Instants are epoch ms; what is not
 * known is `null`.
 */
import type { JobState } from '../scheduler/job.ts';
import type { SummaryWire } from '../scheduler/wire.ts';
import type { DurationMs, Instant } from '../units/time.ts';

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
  /** Where it would have run without the river; its data lie there unless its file says otherwise. */
  readonly homeSite: string;
  /** Run time it needs at most, ms. */
  readonly lengthMs: DurationMs;
  readonly runs: readonly RunRecord[];
  /** As booked; `null` until something is. */
  readonly actual: Omit<AccountRecord, 'site'> | null;
  /** Part of its surplus that could not have been exported, kWh: of a slot's runs the first booked is given it first. */
  readonly curtailedKwh: number;
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
