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
  /** All it is believed to cost its owner: energy, computing, what its surplus costs above what it could be sold for, transfer. */
  readonly price: number;
  readonly carbonG: number;
  readonly runNowEnergyCost: number | null;
  readonly runNowCarbonG: number | null;
  readonly outlook: string | null;
  readonly reason: string;
}

/** One run of a quote. Money and carbon are null where no price or signal is known. */
export interface AlternativeWire {
  readonly zone: string;
  readonly site: string;
  readonly model: string;
  readonly accelerators: number;
  readonly start: string;
  readonly end: string;
  /** More than one where it pauses or changes its share. */
  readonly segments: readonly { readonly start: string; readonly end: string; readonly accelerators: number }[];
  readonly energyKwh: number;
  /** Everything it costs ÷ its energy. */
  readonly pricePerKwh: number | null;
  readonly cost: number | null;
  readonly costParts: {
    readonly energy: number;
    readonly computing: number;
    readonly ask: number;
    readonly scarcity: number;
    readonly transfer: number;
    readonly restarts: number;
  } | null;
  /** With surplus at P10 and prices at P90. */
  readonly insuredCost: number | null;
  readonly carbonGPerKwh: number | null;
  readonly carbonG: number | null;
  readonly surplusPercent: number | null;
  /** This run less the same job run now at its home site; null where either is unknown. */
  readonly versusNow: { readonly cost: number; readonly carbonG: number } | null;
  /** True of that run at home. */
  readonly runNow: boolean;
  readonly chosen: boolean;
}

/** A price under the scheduler's key; see docs/quotes.md for the text that is signed. */
export interface SignedQuoteWire {
  readonly id: string;
  /** SHA-256 of the job file's values, hex. */
  readonly file: string;
  readonly owner: string;
  /** Id that the job will have. */
  readonly job: string;
  readonly promise: 'firm' | 'best-effort';
  readonly site: string;
  readonly model: string;
  readonly accelerators: number;
  readonly start: string;
  readonly end: string;
  readonly currency: string;
  readonly costMicros: string;
  readonly insuredCostMicros: string;
  readonly carbonG: number;
  readonly issuedAt: string;
  readonly expiresAt: string;
  /** Ed25519: 32 bytes in hex, and the signature in base64. */
  readonly publicKey: string;
  readonly signature: string;
}

/** `POST /v1/quotes`. */
export interface QuoteWire {
  readonly at: string;
  readonly currency: string;
  readonly homeSite: string;
  readonly reason: string;
  readonly detail: string;
  readonly alternatives: readonly AlternativeWire[];
  /** Null where there is no price, or no key. */
  readonly signed: SignedQuoteWire | null;
}

/** `GET /v1/jobs/:id/explain`. */
export interface ExplanationWire {
  readonly job: string;
  readonly state: JobState;
  readonly kind: 'planned' | 'waiting' | 'stored';
  readonly currency: string;
  readonly reason: string;
  readonly needed: string | null;
  readonly surplusPercent: number | null;
  readonly placement: PlacementWire | null;
  readonly chosen: AlternativeWire | null;
  /** The next best at another site, and at its own at another time; `dearer` is in comparable cost: money, carbon and waiting at the job's own prices. */
  readonly elsewhere: (AlternativeWire & { readonly dearer: number }) | null;
  readonly otherTime: (AlternativeWire & { readonly dearer: number }) | null;
  readonly binding: readonly string[];
  readonly slots: readonly {
    readonly slot: string;
    readonly accelerators: number;
    readonly pricePerAcceleratorHour: number;
    readonly surplusPricePerMwh: number | null;
    readonly importPricePerMwh: number | null;
    readonly carbonGPerKwh: number | null;
  }[];
  readonly plan: { readonly at: string; readonly costs: PlanCostsWire } | null;
}

/** Accounting currency; the gap is a fraction. */
export interface PlanCostsWire {
  readonly believed: number;
  readonly expected: number;
  readonly p90: number;
  /** Part of the three that stands for jobs left out: what breaking a promise is worth, not money that is paid. */
  readonly leftOut: number;
  readonly lowerBound: number;
  readonly gap: number;
}

/** `GET /v1/plan`; null before the first. */
export interface PlanWire {
  readonly at: string;
  readonly currency: string;
  readonly placements: readonly (PlacementWire & { readonly job: string })[];
  readonly deferrals: readonly { readonly job: string; readonly reason: string; readonly detail?: string }[];
  readonly refusals: readonly { readonly job: string; readonly reason: string; readonly detail: string }[];
  readonly moves: readonly { readonly run: string; readonly job: string; readonly reason: string }[];
  readonly costs: PlanCostsWire;
}

/** `GET /v1/prices`: what cleared, for the next 24 h in slots; null before the first plan. */
export interface PricesWire {
  readonly at: string;
  readonly currency: string;
  /** Of the first slot. */
  readonly start: string;
  readonly stepMs: number;
  readonly sites: readonly {
    readonly site: string;
    readonly zone: string;
    /** By slot; null where there is no surplus or no signal. */
    readonly surplusPricePerMwh: readonly (number | null)[];
    readonly models: readonly {
      readonly model: string;
      readonly askPerAcceleratorHour: number;
      /** By slot, the ask included; null where the slot is closed. */
      readonly pricePerAcceleratorHour: readonly (number | null)[];
    }[];
  }[];
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
  /** What the owner was charged; `parts` is null in entries made before there were any. */
  readonly price: number;
  readonly parts: {
    readonly energy: number;
    readonly computing: number;
    readonly accelerators: number;
    readonly surplus: number;
    /** What of it is the protocol's. */
    readonly take: number;
    /** What was held, and the terms agreed to. */
    readonly acceleratorHours: number;
    readonly pricePerAcceleratorHour: number;
    readonly contestedPercent: number;
  } | null;
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
