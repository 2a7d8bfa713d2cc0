/**
 * Target: one quantity of one place that is forecast, and all that was known of it at an instant.
 *
 * The learning parts work on dense grids of numbers, where NaN marks a gap: masks must be cheap. NaN lives between
 * these files only; whatever enters comes from a `Series` and whatever leaves says `undefined` for a gap.
 */
import type { Series } from '../../units/series.ts';
import type { DurationMs, Instant } from '../../units/time.ts';
import type { PvArray } from '../site.ts';

export const targetKinds = ['net', 'pv', 'load', 'renewables', 'import-price', 'carbon-intensity'] as const;
/** `net` is generation minus own load; surplus is its part above zero. */
export type TargetKind = (typeof targetKinds)[number];

export interface Target {
  readonly id: string;
  readonly kind: TargetKind;
  readonly latitude: number;
  readonly longitude: number;
  /** Arrays whose clear-sky power is the physics of the target; empty for what the sun does not drive. */
  readonly pv: readonly PvArray[];
  /** The most it can be, in its own unit (a nameplate in kW); `undefined` where nothing bounds it. */
  readonly ceiling: number | undefined;
  /** The least it can be, in its own unit. */
  readonly floor: number | undefined;
}

/** Steps of equal length from an instant on. */
export interface Grid {
  readonly start: Instant;
  readonly stepMs: DurationMs;
  readonly count: number;
}

/** Averages over the steps of an even grid; NaN is a gap. */
export interface Dense {
  readonly start: Instant;
  readonly stepMs: DurationMs;
  readonly values: Float64Array;
}

/** What was recorded of a target. */
export interface Archive {
  readonly target: Target;
  /** What the target was; curtailed steps and gaps are NaN. */
  readonly history: Dense;
  /** Weather and other signals by name, as they were forecast; known before their step. */
  readonly signals: Readonly<Record<string, Dense>>;
  /** What else was measured beside the target; known after its step. */
  readonly companions: Readonly<Record<string, Dense>>;
}

/** All that was known of a target at `issuedAt`: history and companions end by then, signals may reach past it. */
export interface Known extends Archive {
  readonly issuedAt: Instant;
}

/** A series as dense numbers; a gap is NaN. */
export const denseOf = ({ start, stepMs, values }: Series): Dense => ({
  start,
  stepMs,
  values: Float64Array.from(values, (value) => value ?? Number.NaN),
});

/** The value whose step contains the instant; NaN in a gap or outside. */
export const denseAt = ({ start, stepMs, values }: Dense, instant: Instant): number =>
  values[Math.floor((instant - start) / stepMs)] ?? Number.NaN;

/** The same numbers on another grid: the value at each step's start, so an hour fills its quarter hours. NaN outside. */
export function regrid(dense: Dense, { start, stepMs, count }: Grid): Float64Array {
  const values = new Float64Array(count);
  const offset = (start - dense.start) / stepMs;
  if (dense.stepMs === stepMs && Number.isInteger(offset)) {
    values.fill(Number.NaN);
    values.set(
      dense.values.subarray(Math.max(0, offset), Math.max(0, Math.min(dense.values.length, offset + count))),
      Math.max(0, Math.min(count, -offset)), // a series that begins past the grid has nothing to set
    );
    return values;
  }
  for (let i = 0; i < count; i++) values[i] = denseAt(dense, start + i * stepMs);
  return values;
}

/** The part of a grid that had ended by the instant: a view, nothing is copied and nothing later can be reached. */
export const endedBy = ({ start, stepMs, values }: Dense, instant: Instant): Dense => ({
  start,
  stepMs,
  values: values.subarray(0, Math.max(0, Math.min(values.length, Math.floor((instant - start) / stepMs)))),
});

/** What an archive held at an instant; signals are left whole, for they are forecasts. Views, nothing is copied. */
export const knownAt = ({ target, history, signals, companions }: Archive, issuedAt: Instant): Known => ({
  target,
  issuedAt,
  history: endedBy(history, issuedAt),
  signals,
  companions: Object.fromEntries(Object.entries(companions).map(([name, dense]) => [name, endedBy(dense, issuedAt)])),
});
