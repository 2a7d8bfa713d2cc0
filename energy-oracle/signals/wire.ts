/**
 * Wire of signals: how feeds and their values look over HTTP. Instants are ISO 8601, unknown is null.
 */

export interface FeedSourceWire {
  readonly source: string;
  /** unheard, fresh, late, stale or left-out. */
  readonly standing: string;
  readonly ageMs: number | null;
  readonly leftOutUntil: string | null;
  /** Why it does not count, or did not answer; null when all is well. */
  readonly why: string | null;
  /** Its newest value, and its distance from the value of all at that step. */
  readonly last: { readonly start: string; readonly value: number; readonly deviation: number | null; readonly estimated: boolean } | null;
}

export interface FeedWire {
  readonly zone: string;
  readonly signal: string;
  readonly unit: string;
  readonly tolerated: number;
  readonly quorum: number;
  /** The newest step that has a value; null before there was one. */
  readonly last: {
    readonly start: string;
    readonly value: number;
    readonly low: number;
    readonly high: number;
    readonly sources: readonly string[];
    readonly quality: string;
  } | null;
  /** Why the newest step that was due has none; null when it has. */
  readonly gap: string | null;
  readonly asOf: string | null;
  readonly sources: readonly FeedSourceWire[];
}

export interface SignalValueWire {
  readonly start: string;
  readonly end: string;
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly sources: readonly string[];
  /** quorum or below-quorum, or signed by the zone's feed. */
  readonly quality: string;
  readonly issuedAt: string;
  readonly ageMs: number;
}

export interface SignalWire {
  readonly zone: string;
  readonly signal: string;
  readonly unit: string | null;
  readonly asOf: string;
  /** Age of the newest issue in the interval, and whether that is beyond the limit. */
  readonly staleness: { readonly ageMs: number | null; readonly limitMs: number; readonly stale: boolean };
  readonly provenance: readonly {
    readonly source: string;
    readonly unitFound: string;
    readonly issuedAt: string | null;
    readonly fetchedAt: string;
    readonly estimated: number;
  }[];
  readonly values: readonly SignalValueWire[];
}

/** What services say that a site's panels will give, average power over quarter hours. */
export interface PvForecastWire {
  readonly site: string;
  readonly asOf: string;
  readonly unit: 'W';
  readonly sources: readonly {
    readonly source: string;
    readonly unitFound: string;
    readonly issuedAt: string | null;
    readonly fetchedAt: string;
    readonly ageMs: number;
  }[];
  readonly steps: readonly {
    readonly start: string;
    readonly end: string;
    readonly value: number;
    readonly low: number;
    readonly high: number;
    readonly sources: readonly string[];
    readonly quality: string;
  }[];
}
