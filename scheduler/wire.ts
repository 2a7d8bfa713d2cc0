/**
 * Wire types of the scheduler: what its HTTP answers and events look like. Units are in the names, instants are ISO
 * 8601 with `Z`, token amounts are decimal strings of whole base units.
 */
import type { JobState } from './job.ts';

export interface JobWire {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly state: JobState;
  readonly reason: string;
  readonly submittedAt: string;
  readonly deadline: string;
  readonly optimize: string;
  readonly maxDurationMs: number;
  readonly progressMs: number;
  readonly homeSite: string;
  readonly placement: PlacementWire | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** One transition of a job. */
export interface JobEventWire {
  readonly at: string;
  readonly from: JobState | null;
  readonly to: JobState;
  readonly reason: string;
}

export interface PlacementWire {
  readonly site: string;
  readonly model: string;
  readonly accelerators: number;
  readonly start: string;
  readonly end: string;
  readonly energyKwh: number;
  readonly surplusKwh: number;
  readonly energyCost: number;
  readonly computeCost: number;
  readonly carbonG: number;
  readonly runNowEnergyCost: number | null;
  readonly runNowCarbonG: number | null;
  readonly outlook: string | null;
  readonly reason: string;
}

/** Answer to a refused submission: which field, what was found, what is allowed. HTTP 422. */
export interface RefusalWire {
  readonly error: 'refused';
  readonly fields: readonly { readonly path: string; readonly found: string; readonly allowed: string }[];
}

export interface ReceiptWire {
  readonly sequence: number;
  readonly hash: string;
  readonly run: string;
  readonly site: string;
  readonly slot: string;
  readonly meteredWh: number;
  readonly surplusWh: number;
  readonly gridWh: number;
  readonly locationG: number;
  readonly marginalG: number | null;
  readonly matchedG: number;
  readonly energyCost: number;
  readonly counterfactualSite: string;
  readonly counterfactualLocationG: number;
  readonly counterfactualEnergyCost: number;
  readonly certification: string;
}

/** The summary of a run of the river; `npm start -- --for … --json` prints exactly this. */
export interface SummaryWire {
  readonly from: string;
  readonly to: string;
  readonly seed: number;
  readonly jobs: {
    readonly submitted: number;
    readonly succeeded: number;
    /** Failed, cancelled or expired. */
    readonly failed: number;
    readonly refused: number;
    /** Stored and not yet over: queued, awaiting, scheduled, running or paused. */
    readonly waiting: number;
    readonly byState: Readonly<Record<string, number>>;
  };
  readonly energyWh: { readonly surplus: number; readonly grid: number };
  /** Location-based. */
  readonly carbonG: { readonly actual: number; readonly counterfactual: number };
  readonly cost: { readonly actual: number; readonly counterfactual: number; readonly currency: string };
  readonly surplusWh: { readonly used: number; readonly left: number };
  readonly deadlines: { readonly met: number; readonly missed: number };
  readonly readings: { readonly accepted: number; readonly quarantined: Readonly<Record<string, number>> };
  /** Whole tokens. */
  readonly settlement: { readonly periods: number; readonly promised: number; readonly claimed: number };
  readonly ledger: { readonly entries: number; readonly balanced: boolean };
}

export interface ClaimsWire {
  readonly contract: string;
  readonly token: string;
  readonly decimals: number;
  readonly periods: number;
  readonly promised: string;
  readonly claimed: string;
  readonly providers: readonly {
    readonly provider: string;
    readonly account: string;
    readonly promised: string;
    readonly claimed: string;
  }[];
}

/** A settled period. Amounts since the beginning, whole base units. */
export interface SettlementWire {
  readonly period: number;
  readonly start: string;
  readonly end: string;
  readonly root: string;
  /** keccak256 of the leaf file at `/v1/settlements/:period/leaves`. */
  readonly leavesHash: string;
  readonly cumulativeTotal: string;
  readonly cumulativeRewards: string;
  readonly cumulativeCertifiedWh: string;
  readonly settledAt: string;
}

/** One event worth telling; the SSE stream carries these with `id:` so that a reader can resume. */
export interface EventWire {
  readonly id: number;
  /** Virtual (or wall) instant. */
  readonly at: string;
  readonly kind: 'reading' | 'quarantine' | 'outlook' | 'job' | 'plan' | 'run' | 'ledger' | 'settlement' | 'claim' | 'system';
  readonly text: string;
}

/** Where the river stands: the first thing the page asks for. `GET /v1/status`. */
export interface StatusWire {
  readonly now: string;
  /** Virtual milliseconds per wall millisecond; 1 when live. */
  readonly speed: number;
  readonly currency: string;
  readonly parts: readonly { readonly part: string; readonly engine: string; readonly durable: boolean; readonly address: string }[];
}
