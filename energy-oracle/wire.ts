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
