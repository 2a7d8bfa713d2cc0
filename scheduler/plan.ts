/**
 * Plan: what one cycle decided and what it believed when it did.
 *
 * A placement keeps the parts of its cost and the outlook it believed, so that "why there, why then" has an answer
 * and the ledger can compare belief with fact. A deferral is "not yet, because"; a refusal is "never, because". With
 * every plan goes a lower bound that no plan could beat, and the prices that cleared it.
 */
import type { DurationMs, Instant } from '../units/time.ts';

/** Accelerators held over whole slots [start, end). */
export interface Segment {
  readonly start: Instant;
  readonly end: Instant;
  readonly accelerators: number;
}

/**
 * What a run owes from an instant on, until the next step: the clearing prices of the plan that placed it.
 *
 * Whole numbers ≥ 0, so that a charge can be recomputed to the last digit.
 */
export interface PriceStep {
  readonly from: Instant;
  /** For an accelerator that is held an hour: the ask, and what is bid above it. */
  readonly microsPerAcceleratorHour: number;
  /** The part of its surplus that others would have used, ‰: it is charged what grid energy costs, the rest what it could be sold for. */
  readonly contestedPerMille: number;
}

export interface Placement {
  readonly job: string;
  readonly site: string;
  /** Accelerator model and how many of it, at the start. */
  readonly model: string;
  readonly accelerators: number;
  /** Whole slots: the run holds its accelerators in [start, end). */
  readonly start: Instant;
  readonly end: Instant;
  /** What it holds when; more than one where it pauses or changes its share. Absent in placements made before there were pauses. */
  readonly segments?: readonly Segment[];
  /** What it agrees to pay, first step first; the last one holds to the end. Absent in placements made before prices were paid. */
  readonly prices?: readonly PriceStep[];
  readonly believed: {
    readonly outlook: string | undefined;
    readonly energyKwh: number;
    readonly surplusKwh: number;
    /** Money for energy at what it could be sold or bought for, accounting currency. */
    readonly energyCost: number;
    /** Money for computing, accounting currency: the price per kWh, and accelerators at their clearing price. */
    readonly computeCost: number;
    /** What surplus that others would have used costs above what it could be sold for, accounting currency; absent in placements made before. */
    readonly surplusPremium?: number;
    /** Money for moving its data; absent in placements made before data had a price. */
    readonly transferCost?: number;
    /** The energy money if the sun stays at P10 and prices at P90: what a firm promise must withstand. */
    readonly insuredEnergyCost?: number;
    readonly carbonG: number;
    readonly waitMs: DurationMs;
    /** The same at the job's home site, started at once: the difference is what was bought by moving; `undefined` when its signals are missing. */
    readonly runNow: { readonly energyCost: number; readonly carbonG: number } | undefined;
  };
  readonly reason: string;
}

/** All that a placement is believed to cost its owner in money, accounting currency. */
export const believedPrice = ({ energyCost, computeCost, surplusPremium = 0, transferCost = 0 }: Placement['believed']): number =>
  energyCost + computeCost + surplusPremium + transferCost;

export interface Deferral {
  readonly job: string;
  readonly reason: DeferralReason;
  /** What would have been needed, in a sentence; absent when nobody can say. */
  readonly detail?: string;
}
export type DeferralReason = 'over-budget' | 'no-capacity-in-horizon' | 'no-agent-answers' | 'beyond-horizon';

export interface Refusal {
  readonly job: string;
  readonly reason: RefusalReason;
  readonly detail: string;
}
export type RefusalReason = 'no-site-fits' | 'no-window-before-deadline';

/** A run that should stop at a checkpoint: its job is better off later or elsewhere, restart and all. */
export interface Move {
  readonly run: string;
  readonly job: string;
  readonly reason: string;
}

/** What the whole plan costs in money, carbon and waiting at their prices, accounting currency. */
export interface PlanCosts {
  /** On the outlooks' P50: what was minimised. */
  readonly believed: number;
  /** P10, P50, P90 of every signal together, weighed .3, .4, .3 (Swanson's rule, Keefer and Bodily 1983). */
  readonly expected: number;
  /** Surplus at P10, prices and intensities at P90. */
  readonly p90: number;
  /** The part of all of these that stands for jobs left out: what breaking a promise is worth, not money that is paid. */
  readonly leftOut: number;
  /** No plan for these jobs costs less than this on P50. */
  readonly lowerBound: number;
  /** (believed − lowerBound) ÷ |lowerBound|. */
  readonly gap: number;
}

export interface Plan {
  readonly at: Instant;
  readonly placements: readonly Placement[];
  readonly deferrals: readonly Deferral[];
  readonly refusals: readonly Refusal[];
  readonly moves: readonly Move[];
  readonly costs: PlanCosts;
}
