/**
 * Member forecast: what each member of a model said of a target at one issue, before they are blended and calibrated.
 *
 * Kept apart from the models that make it and from the calibrator that judges it. Numbers are in the target's own unit.
 */
import type { DurationMs, Instant } from '../../../units/time.ts';
import type { Target } from '../target.ts';

/** Whoever has a say, the simplest first. */
export const memberNames = ['cliper', 'ridge', 'net'] as const;
export type MemberName = (typeof memberNames)[number];

export interface MemberForecast {
  readonly target: Target;
  readonly issuedAt: Instant;
  readonly start: Instant;
  readonly stepMs: DurationMs;
  readonly steps: number;
  /** Levels in (0, 1), ascending. */
  readonly quantiles: readonly number[];
  /** Row-major, `steps × quantiles.length`, never decreasing within a row; a member that could not speak is absent. */
  readonly members: Readonly<Partial<Record<MemberName, Float64Array>>>;
  /** The newest day repeated (SN24), one per step: the yardstick. */
  readonly repeated: Float64Array;
  /** A usual size of the target at this issue, > 0: errors are compared in it. */
  readonly scale: number;
  /** Whether the sun can drive the step, one per step; all true where the sun does not matter. */
  readonly isLit: Uint8Array;
}
