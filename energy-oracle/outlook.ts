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

/** The parts of an outlook that are forecast apart, each by a model of its own. */
export const outlookSignals = ['surplus', 'import-price', 'carbon-intensity'] as const;
export type OutlookSignal = (typeof outlookSignals)[number];

/** Who answered for a signal. */
export interface OutlookSource {
  readonly model: string;
  /** Why nobody better did, in a sentence; absent when the best there is did. */
  readonly reason?: string;
}

/** What the yardsticks said of the same steps at the same instant: kept so that every outlook can be judged beside them. */
export interface OutlookBaseline {
  readonly start: Instant;
  readonly stepMs: DurationMs;
  /** CLIPER's P10, P50, P90, row by row. */
  readonly cliper: readonly number[];
  /** The newest day repeated (SN24), one a step. */
  readonly repeated: readonly number[];
}

export interface Outlook {
  /** `<site>@<issuedAt ISO>`: every outlook ever issued is kept under it. */
  readonly id: string;
  readonly site: string;
  readonly issuedAt: Instant;
  /** Model that made it, with its version; where signals were answered apart, the one of the surplus. */
  readonly model: string;
  readonly start: Instant;
  readonly stepMs: DurationMs;
  readonly slots: readonly OutlookSlot[];
  /** Who answered for which signal; absent when `model` did for all. */
  readonly sources?: Readonly<Record<OutlookSignal, OutlookSource>>;
  /** What was odd at the issue, in sentences for people: a symptom of a meter, a thin history. */
  readonly notes?: readonly string[];
  readonly baselines?: Readonly<Partial<Record<OutlookSignal, OutlookBaseline>>>;
}

/** Why nothing of a slot is certified. */
export const refusalReasons = [
  'uncovered',
  'unsigned',
  'revoked-key',
  'equivocation',
  'night',
  'nameplate',
  'ceiling',
  'ramp',
  'register',
  'balance',
  'charge',
  'round-trip',
  'stuck',
  'unit-change',
  'clock-shift',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** What speaks against a slot, with its figures. */
export interface Objection<Reason extends string = RefusalReason> {
  readonly reason: Reason;
  readonly found: number;
  /** The bound that `found` is beyond, in the same unit. */
  readonly allowed: number;
  readonly unit: 'Wh' | 'min' | '%' | 'h' | '1';
  /** A sentence for people. */
  readonly detail: string;
}

interface Judged {
  /** What the sun can have given at most, Wh; 0 when it is below the horizon throughout. */
  readonly ceilingWh: WattHours;
  /** The meter was held back by a limit or an order: more was available than it shows. */
  readonly isThrottled: boolean;
}

/** What the oracle makes of one slot: so much is certified, or nothing and why. */
export type SlotVerdict =
  | (Judged & {
      readonly kind: 'certified';
      /** Whole Wh ≤ `verifiedPvWh` ≤ `ceilingWh`. */
      readonly certifiedWh: WattHours;
      readonly verifiedPvWh: WattHours;
      /** Why less counts than the meter says; absent when all of it counts. */
      readonly limit?: Objection<'neighbours'>;
    })
  | (Judged & { readonly kind: 'refused'; readonly reasons: readonly [Objection, ...Objection[]] });

/** What is verified of one site and one slot that has ended. */
export interface SlotFacts {
  readonly site: string;
  readonly slot: Instant;
  /** Certified surplus, whole Wh; `undefined` when nothing is certified, and `verdict` says why. */
  readonly surplusWh: WattHours | undefined;
  /** Absent where nobody judged: in facts that a study makes up. */
  readonly verdict?: SlotVerdict;
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
