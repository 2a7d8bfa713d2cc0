/**
 * Quantile rows: what a model of quantiles learns from and answers to, and nothing about how.
 *
 * A row is one (target, issue, lead). Numbers are already normalised: a model sees no unit, no site and no clock.
 */

/** Row-major matrix, `count × width`, all finite: a mask is a feature, not a NaN. */
export interface FeatureRows {
  readonly count: number;
  readonly width: number;
  readonly features: Float32Array;
}

export interface TrainingRows extends FeatureRows {
  /** What came true, one per row. */
  readonly targets: Float32Array;
  /** Weight of a row in the loss, ≥ 0; all equal when absent. */
  readonly weights?: Float32Array;
}

export interface QuantileModel {
  /** Levels in (0, 1), ascending. */
  readonly quantiles: readonly number[];
  /** Of all rows, or of those in `order` alone: row-major, one row of quantiles each, never decreasing within a row. */
  predict(rows: FeatureRows, order?: Uint32Array): Float32Array;
}
