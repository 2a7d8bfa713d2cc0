/**
 * Charge: what an owner pays for one metered run-slot, part by part, and what of it is the protocol's. Pure.
 *
 * Computing is charged by the kWh, everything scarce at the clearing prices that the run agreed to when it was placed:
 * accelerators by the time they are held, surplus by what is certified. The provider gets all of it but the take, so it
 * is paid the clearing price whole. Whole micros; what a stranger needs to recompute them stands in the entry.
 */
import { type Micros, moneyOf, type WattHours } from '../../units/quantity.ts';
import { type DurationMs, HOUR, type Instant, overlap, slotInterval } from '../../units/time.ts';
import type { Run } from '../dispatch/lease.ts';
import type { JobSpec } from '../job.ts';
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
  /** Certified surplus, at its clearing price above what it could be sold for. */
  readonly surplus: Micros;
  /** The protocol's part. */
  readonly take: Micros;
  /** What was held and agreed to: accelerators × ms within the slot, and the prices of that slot. */
  readonly acceleratorMs: number;
  readonly microsPerAcceleratorHour: number;
  readonly surplusMicrosPerKwh: number;
}

/** A run-slot as far as its charge depends on it. */
export interface Chargeable {
  readonly run: Pick<Run, 'accelerators' | 'leasedAt' | 'endedAt' | 'prices'>;
  readonly spec: Pick<JobSpec, 'promise' | 'deadline'>;
  readonly slot: Instant;
  readonly meteredWh: WattHours;
  /** Certified surplus that could not be exported, and that could. */
  readonly curtailedWh: WattHours;
  readonly exportableWh: WattHours;
  /** Energy money as it is charged, micros. */
  readonly energy: Micros;
  /** Accounting currency per MWh. */
  readonly feedInTariff: number;
}

/**
 * Charges a metered run-slot.
 *
 * A firm promise that is missed has a price: behind its deadline a firm job pays for its energy alone, so neither the
 * provider nor the protocol earns by being late.
 */
export function chargeOf(given: Chargeable, { computeMicrosPerKwh, takePerMille }: Tariff): Charge {
  const { run, spec, slot, meteredWh, curtailedWh, exportableWh, energy, feedInTariff } = given;
  const isLate = spec.promise === 'firm' && slot >= spec.deadline;
  const { microsPerAcceleratorHour, surplusMicrosPerKwh } = isLate ? nothing : priceAt(run.prices, slot);
  const acceleratorMs = run.accelerators * heldMs(run, slot);
  const computing = isLate ? 0n : (BigInt(meteredWh) * computeMicrosPerKwh) / 1_000n;
  const couldBeSold = moneyOf(exportableWh, Math.max(0, feedInTariff));
  const sold = (BigInt(curtailedWh + exportableWh) * BigInt(surplusMicrosPerKwh)) / 1_000n;
  const ofExportable = (BigInt(exportableWh) * BigInt(surplusMicrosPerKwh)) / 1_000n;
  const surplus = ofExportable > couldBeSold ? sold - couldBeSold : sold - ofExportable;
  return {
    energy,
    computing,
    accelerators: (BigInt(acceleratorMs) * BigInt(microsPerAcceleratorHour)) / BigInt(HOUR),
    surplus,
    take: (computing * takePerMille) / 1_000n,
    acceleratorMs,
    microsPerAcceleratorHour,
    surplusMicrosPerKwh,
  };
}

/** What the owner pays, micros: the parts together, and never less than the protocol's take. */
export function priceOf({ energy, computing, accelerators, surplus, take }: Charge): Micros {
  const price = energy + computing + accelerators + surplus;
  return price > take ? price : take;
}

const nothing = { microsPerAcceleratorHour: 0, surplusMicrosPerKwh: 0 };

/** The step that holds at an instant: the last one that began, or the first. */
const priceAt = (steps: readonly PriceStep[] | undefined, at: Instant): Omit<PriceStep, 'from'> =>
  steps?.findLast(({ from }) => from <= at) ?? steps?.[0] ?? nothing;

/** How long of a slot the run held its accelerators, whole ms: from its lease to its end. */
const heldMs = ({ leasedAt, endedAt }: Chargeable['run'], slot: Instant): DurationMs =>
  overlap({ start: leasedAt, end: endedAt ?? Number.POSITIVE_INFINITY }, slotInterval(slot));
