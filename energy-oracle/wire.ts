/**
 * Wire types of the oracle: what its HTTP answers look like. Units are in the names, instants are ISO 8601 with `Z`.
 */

export interface SiteWire {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  readonly zone: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly accelerators: readonly { readonly model: string; readonly count: number; readonly drawKw: number }[];
  readonly pvPeakKw: number;
  /** Newest slot that is verified; `null` until the first one. */
  readonly now: {
    readonly at: string;
    readonly pvKw: number | null;
    readonly loadKw: number | null;
    readonly surplusKw: number | null;
    readonly importPricePerMwh: number | null;
    readonly carbonIntensityGPerKwh: number | null;
  } | null;
}

export interface OutlookWire {
  readonly site: string;
  readonly issuedAt: string;
  readonly model: string;
  readonly start: string;
  readonly stepMs: number;
  readonly currency: string;
  readonly slots: readonly {
    readonly surplusKw: QuantilesWire | null;
    readonly importPricePerMwh: QuantilesWire | null;
    readonly carbonIntensityGPerKwh: QuantilesWire | null;
  }[];
  /** Who answered for what, and why nobody better did; `null` when `model` did for all. */
  readonly sources?: Readonly<Record<SignalWire, { readonly model: string; readonly reason: string | null }>> | null;
  readonly notes?: readonly string[];
  /** What came true of the slots that are over, in order: only when the outlook was asked for as of an instant. */
  readonly happened?: readonly {
    readonly surplusKw: number | null;
    readonly importPricePerMwh: number | null;
    readonly carbonIntensityGPerKwh: number | null;
  }[];
}

export type SignalWire = 'surplus' | 'import-price' | 'carbon-intensity';

/** How one kind of model did for one signal of one site, beside CLIPER and SN24 on the same steps. */
export interface ForecastScoreWire {
  readonly site: string;
  readonly signal: SignalWire;
  readonly model: string;
  readonly leadDays: readonly (ScoredWire & { readonly leadDay: number })[];
  readonly months: readonly (ScoredWire & { readonly month: string })[];
  readonly hourBands: readonly (ScoredWire & { readonly hourBand: string })[];
}

export interface ScoredWire {
  /** Slots judged. */
  readonly count: number;
  readonly issued: FiguresWire;
  /** `null` where no yardstick was kept. */
  readonly cliper: FiguresWire | null;
  /** SN24: the newest day repeated. */
  readonly repeated: FiguresWire | null;
}

export interface FiguresWire {
  readonly pinballPercent: number | null;
  readonly nmaePercent: number | null;
  /** Share of slots inside P10 to P90, 0 to 1. */
  readonly cov80: number | null;
}

export interface QuantilesWire {
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
}

export interface OracleWire {
  readonly readingsAccepted: number;
  readonly curvesAccepted: number;
  readonly quarantined: Readonly<Record<string, number>>;
}

export interface QuarantineWire {
  readonly receivedAt: string;
  readonly topic: string;
  readonly reason: string;
  readonly detail: string;
  readonly payloadBase64: string;
}

/** A reading's value, average over its interval or register at its end. */
export interface SampleWire {
  readonly site: string;
  readonly stream: string;
  readonly start: string;
  readonly end: string;
  readonly value: number;
  /** When it was received. */
  readonly availableAt: string;
}

/** Energy of one step of a stream, and how much of the step was metered, and by signed readings. */
export interface EnergyWire {
  readonly start: string;
  readonly energyWh: number;
  readonly coveredMs: number;
  readonly signedMs: number;
  readonly availableAt: string;
}

/** What the oracle made of one slot. Tells nothing of the site's own load. */
export interface VerdictWire {
  readonly slot: string;
  readonly verdict: 'certified' | 'refused';
  /** When it was judged; `null` when it was judged for this answer. */
  readonly judgedAt: string | null;
  /** Certified surplus, whole Wh; `null` when nothing is. */
  readonly certifiedWh: number | null;
  /** Most that the sun can have given, Wh. */
  readonly ceilingWh: number;
  /** The meter was held back by the export limit: more was available. */
  readonly throttled: boolean;
  /** Why nothing, or less than was told, is certified. */
  readonly reasons: readonly {
    readonly reason: string;
    readonly found: number;
    readonly allowed: number;
    readonly unit: string;
    readonly detail: string;
  }[];
}
