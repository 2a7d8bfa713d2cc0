/**
 * Outlook: what the oracle says of a site's slots, ahead (believed) and behind (verified).
 *
 * The second page that the scheduler may read. An `Outlook` is a forecast with quantiles and the instant it was
 * issued; `SlotFacts` is what was verified of a slot that is over. Neither tells how it was come by.
 */
import type { GramsPerKilowattHour, Kilowatts, PricePerMegawattHour, WattHours } from '../units/quantity.ts';
import type { DurationMs, Instant, Interval } from '../units/time.ts';
import type { Site } from './site.ts';

/** P10, P50, P90 of a quantity; non-crossing. */
export interface Quantiles<Q> {
  readonly p10: Q;
  readonly p50: Q;
  readonly p90: Q;
}

export interface OutlookSlot {
  /** Power above own load, kW ≥ 0, average over the slot; `undefined` when the oracle will not say. */
  readonly surplusKw: Quantiles<Kilowatts> | undefined;
  /** Import price, accounting currency per MWh; negative pays for drawing. */
  readonly importPrice: Quantiles<PricePerMegawattHour> | undefined;
  /** Average carbon intensity of the zone. */
  readonly carbonIntensity: Quantiles<GramsPerKilowattHour> | undefined;
  /** Marginal carbon intensity, where a feed says it. */
  readonly marginalIntensity: Quantiles<GramsPerKilowattHour> | undefined;
}

export interface Outlook {
  /** `<site>@<issuedAt ISO>`: every outlook ever issued is kept under it. */
  readonly id: string;
  readonly site: string;
  readonly issuedAt: Instant;
  /** Model that made it, with its version. */
  readonly model: string;
  readonly start: Instant;
  readonly stepMs: DurationMs;
  readonly slots: readonly OutlookSlot[];
}

/** What is verified of one site and one slot that has ended. */
export interface SlotFacts {
  readonly site: string;
  readonly slot: Instant;
  /** Verified surplus, whole Wh; `undefined` when readings do not cover the whole slot (nothing is certified then). */
  readonly surplusWh: WattHours | undefined;
  /** The part of it that could not have been exported: opportunity price 0. */
  readonly curtailedWh: WattHours | undefined;
  readonly importPrice: PricePerMegawattHour | undefined;
  readonly carbonIntensity: GramsPerKilowattHour | undefined;
  readonly marginalIntensity: GramsPerKilowattHour | undefined;
}

/** What the scheduler sees of the oracle: a port, so that it can be replayed or faked. */
export interface OracleView {
  /** The newest outlook issued at or before `asOf`; `undefined` when none was ever issued for the site. */
  outlook(site: string, asOf: Instant): Promise<Outlook | undefined>;
  /** Facts of every slot of the interval, in order, as known at `asOf`. */
  facts(site: string, interval: Interval, asOf: Instant): Promise<readonly SlotFacts[]>;
}

/**
 * The part of a site's surplus that cannot be sold to the grid, kW: all of it while importing pays (a negative
 * price), else what exceeds the export limit.
 */
export function curtailedPart(site: Pick<Site, 'exportLimitKw'>, surplusKw: number, importPrice: number): Kilowatts {
  return importPrice < 0 ? surplusKw : Math.max(0, surplusKw - site.exportLimitKw);
}
