/**
 * Charge: what an owner pays for one metered run-slot, part by part, and what of it is the protocol's. Pure.
 *
 * Computing is charged by the kWh, what is scarce as the run agreed when it was placed: accelerators by the time they are
 * held, for no longer than its run time; surplus that others would have used at the price of grid energy, so that no kWh
 * of sun costs more than one from the grid. The provider gets all of it but the take. Whole micros.
 */
import { type Micros, moneyOf, type PricePerMegawattHour, type WattHours, wattHours } from '../../units/quantity.ts';
import { type DurationMs, HOUR, type Instant, type Interval, overlap, SLOT, slotInterval } from '../../units/time.ts';
import type { Run } from '../dispatch/lease.ts';
import type { PriceStep } from '../plan.ts';

/** What computing costs beside its energy and what is scarce, and how it is shared. */
export interface Tariff {
  /** Paid by the owner per kWh of metered work, micros. */
  readonly computeMicrosPerKwh: bigint;
  /** The protocol's share of that, parts per thousand. */
  readonly takePerMille: bigint;
}

/** The parts of a price, micros; all but `energy` are ≥ 0. */
export interface Charge {
  /** Energy at what it could be sold or bought for; never above 0 where no meter vouches for it. */
  readonly energy: Micros;
  /** Metered work by the kWh. */
  readonly computing: Micros;
  /** Accelerators held, at their clearing price: the ask and what was bid above it. */
  readonly accelerators: Micros;
  /** Contested surplus, up to what it would have cost from the grid. */
  readonly surplus: Micros;
  /** The protocol's part. */
  readonly take: Micros;
  /** What was held and agreed to: accelerators × ms within the slot, and the terms of that slot. */
  readonly acceleratorMs: number;
  readonly microsPerAcceleratorHour: number;
  readonly contestedPerMille: number;
}

/** A run-slot as far as its charge depends on it. */
export interface Chargeable {
  readonly run: Pick<Run, 'accelerators' | 'leasedAt' | 'endedAt' | 'prices' | 'remaining'>;
  readonly slot: Instant;
  /** What was metered together; the slot unless told. */
  readonly span?: Interval | undefined;
  readonly meteredWh: WattHours;
  /** Certified surplus that could not be exported, and that could. */
  readonly curtailedWh: WattHours;
  readonly exportableWh: WattHours;
  /** Energy money as it is charged, micros. */
  readonly energy: Micros;
  readonly feedInTariff: PricePerMegawattHour;
  /** Of the slot; `undefined` where no feed says it: then nothing is charged for surplus above its worth elsewhere. */
  readonly importPrice: PricePerMegawattHour | undefined;
}

/** Charges a metered run-slot. */
export function chargeOf(given: Chargeable, { computeMicrosPerKwh, takePerMille }: Tariff): Charge {
  const { run, slot, span = slotInterval(slot), meteredWh, curtailedWh, exportableWh, energy, feedInTariff, importPrice } = given;
  const { microsPerAcceleratorHour, contestedPerMille } = termsAt(run.prices, slot);
  const acceleratorMs = run.accelerators * heldMs(run, span);
  const computing = (BigInt(meteredWh) * computeMicrosPerKwh) / 1_000n;
  const couldBeSold = moneyOf(exportableWh, Math.max(0, feedInTariff));
  const lost = importPrice === undefined ? 0n : moneyOf(wattHours(curtailedWh + exportableWh), importPrice) - couldBeSold;
  return {
    energy,
    computing,
    accelerators: heldCost({ acceleratorMs, microsPerAcceleratorHour }),
    surplus: lost > 0n ? (lost * BigInt(contestedPerMille)) / 1_000n : 0n,
    take: (computing * takePerMille) / 1_000n,
    acceleratorMs,
    microsPerAcceleratorHour,
    contestedPerMille,
  };
}

/** What the owner pays, micros: the parts together, and never less than the protocol's take. */
export function priceOf({ energy, computing, accelerators, surplus, take }: Charge): Micros {
  const price = energy + computing + accelerators + surplus;
  return price > take ? price : take;
}

/** What holding accelerators costs, micros. */
export const heldCost = ({ acceleratorMs, microsPerAcceleratorHour }: Pick<Charge, 'acceleratorMs' | 'microsPerAcceleratorHour'>): Micros =>
  (BigInt(acceleratorMs) * BigInt(microsPerAcceleratorHour)) / BigInt(HOUR);

const nothing = { microsPerAcceleratorHour: 0, contestedPerMille: 0 };

/** The step that holds at an instant: the last one that began, or the first. */
const termsAt = (steps: readonly PriceStep[] | undefined, at: Instant): Omit<PriceStep, 'from'> =>
  steps?.findLast(({ from }) => from <= at) ?? steps?.[0] ?? nothing;

/**
 * How long of a span the run is charged for its accelerators, whole ms: from its lease to its end, but no longer than its run
 * time in whole slots. Its end is the provider's word, and what lasts longer was not agreed to.
 */
function heldMs({ leasedAt, endedAt, remaining }: Chargeable['run'], span: Interval): DurationMs {
  const longest = remaining === undefined ? Number.POSITIVE_INFINITY : leasedAt + Math.ceil(remaining / SLOT) * SLOT;
  return overlap({ start: leasedAt, end: Math.min(longest, endedAt ?? longest) }, span);
}
