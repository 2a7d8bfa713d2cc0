/**
 * Signal provenance: where the values of an unsigned curve come from, kept with the curve.
 *
 * Plain data, as it is stored and shown: the sources with what they said of themselves, and a step's spread, count and
 * quality. A curve that a feed signed has none; its signature is.
 */
import type { Instant } from '../../units/time.ts';

export interface ProvenanceSource {
  readonly source: string;
  readonly unitFound: string;
  /** `null` where the source does not say. */
  readonly issuedAt: Instant | null;
  readonly fetchedAt: Instant;
  /** Steps of this curve that it estimated. */
  readonly estimated: number;
}

/** Columns have one entry a step of the curve. */
export interface SignalProvenance {
  readonly asOf: Instant;
  /** Fresh sources that a value needs. */
  readonly quorum: number;
  readonly sources: readonly ProvenanceSource[];
  /** Lowest and highest of the sources that counted; `null` in a gap. */
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  /** Which sources counted, by their place in `sources`. */
  readonly counted: readonly (readonly number[])[];
  readonly quality: readonly ('quorum' | 'below-quorum' | 'gap')[];
  /** Sources that did not count at all, each with the reason. */
  readonly leftOut: readonly { readonly source: string; readonly reason: string }[];
}
