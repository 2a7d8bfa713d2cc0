/**
 * Model calibrator: the calibrator of one target of a pooled model, new from the model's prior or going on from where it was.
 *
 * Live service, backtest and bench calibrate by this one, so that what is scored is what is served.
 */
import { type Calibrator, type CalibratorState, createCalibrator } from './calibration/calibrator.ts';
import { type PooledModel, priorOf } from './model/pooled-model.ts';

export interface CalibratedTarget {
  readonly targetId: string;
  /** Whether its forecasts come from the variant that sees the weather. */
  readonly seesWeather: boolean;
}

/** @param saved  what an earlier one of the same target gave as its state; @throws RangeError when that is of other levels */
export const calibratorOf = (model: PooledModel, { targetId, seesWeather }: CalibratedTarget, saved?: unknown): Calibrator =>
  createCalibrator({
    quantiles: model.quantiles,
    targetId,
    seesWeather,
    prior: priorOf(model, seesWeather),
    ...(saved === undefined ? {} : { from: saved as CalibratorState }),
  });
