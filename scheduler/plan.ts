/**
 * Plan: what one cycle decided and what it believed when it did.
 *
 * A placement keeps the parts of its cost and the outlook it believed, so that "why there, why then" has an answer
 * and the ledger can compare belief with fact. A deferral is "not yet, because"; a refusal is "never, because".
 */
import type { DurationMs, Instant } from '../units/time.ts';

export interface Placement {
  readonly job: string;
  readonly site: string;
  /** Accelerator model and how many of it. */
  readonly model: string;
  readonly accelerators: number;
  /** Whole slots: the run holds its accelerators in [start, end). */
  readonly start: Instant;
  readonly end: Instant;
  readonly believed: {
    readonly outlook: string | undefined;
    readonly energyKwh: number;
    readonly surplusKwh: number;
    /** Money for energy, accounting currency. */
    readonly energyCost: number;
    /** Money for computing, accounting currency; with the energy it makes the price. */
    readonly computeCost: number;
    readonly carbonG: number;
    readonly waitMs: DurationMs;
    /** The same at the job's home site, started at once: the difference is what was bought by moving; `undefined` when its signals are missing. */
    readonly runNow: { readonly energyCost: number; readonly carbonG: number } | undefined;
  };
  readonly reason: string;
}

export interface Deferral {
  readonly job: string;
  readonly reason: DeferralReason;
}
export type DeferralReason = 'over-budget' | 'no-capacity-in-horizon' | 'no-agent-answers' | 'beyond-horizon';

export interface Refusal {
  readonly job: string;
  readonly reason: RefusalReason;
  readonly detail: string;
}
export type RefusalReason = 'no-site-fits' | 'no-window-before-deadline';

export interface Plan {
  readonly at: Instant;
  readonly placements: readonly Placement[];
  readonly deferrals: readonly Deferral[];
  readonly refusals: readonly Refusal[];
}
