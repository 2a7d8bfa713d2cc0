/**
 * Calibrator: turns what the members of a model say of one target into quantiles that hold what they promise.
 *
 * Owns how a step is put together; leaves what has taught already to `learned-issues.ts`, the say of the members to
 * `blend.ts` and the width of the quantiles to `conformal.ts`. The best informed member that speaks gives the shape, all
 * give the middle. Online in the strict sense: a step teaches once its end has passed. Steps that the sun cannot reach
 * stay as they are and teach nothing: an interval of no width around zero would look like perfect coverage.
 */
import { DAY, type Instant } from '../../../units/time.ts';
import { type MemberForecast, type MemberName, memberNames } from '../model/member-forecast.ts';
import { type BlendState, createBlend } from './blend.ts';
import { type CalibrationPrior, stretchFor } from './calibration-prior.ts';
import { type Conformal, type ConformalState, createConformal, paces, slackPerScale } from './conformal.ts';
import { createLearnedIssues, type LearnedIssuesState } from './learned-issues.ts';
import { middleAt, middleOf } from './middle.ts';
import { dayPartOf, leadIndexOf, stepGroupOf } from './step-group.ts';

export interface Calibrator {
  /**
   * Final quantiles in the unit of the target, row-major `steps × quantiles.length`: never decreasing within a row, between
   * floor and ceiling. @throws RangeError when the levels differ, no member speaks, or a number is not finite
   */
  apply(forecast: MemberForecast): Float64Array;
  /**
   * Takes in what came true of an earlier forecast: `actual` per step, NaN where it is not known (yet). Only steps that
   * ended by `asOf` count, each step of each issue at most once; a gap may be filled until three days past the horizon.
   */
  learn(forecast: MemberForecast, actual: Float64Array, asOf: Instant): void;
  toJSON(): CalibratorState;
}

/** Plain JSON, some ten kilobytes: it grows with the issues that are still open, not with age. */
export interface CalibratorState extends LearnedIssuesState {
  readonly quantiles: readonly number[];
  /** Start of the period that is being gathered, days since the epoch; null before the first truth. */
  readonly day: number | null;
  readonly blend: BlendState;
  /** By the member that gave the shape. */
  readonly conformal: Readonly<Partial<Record<MemberName, ConformalState>>>;
}

export interface CalibratorConfig {
  /** Levels in (0, 1), ascending. */
  readonly quantiles: readonly number[];
  /** Names the target's own part of the prior; a target that the prior never saw gets the pooled part. */
  readonly targetId: string;
  /** Whether the weather is known to its forecasts: what they miss then lasts, and widths learn faster. False by default. */
  readonly seesWeather?: boolean;
  readonly prior: CalibrationPrior;
  readonly from?: CalibratorState;
}

/** Days without truth count as so many, so that one row after a silence does not turn everything over. */
const daysMax = 3;
/** A quantile this close to a bound, in scales, lies on it. */
const boundTolerance = 1e-9;

/**
 * A calibrator that starts from the prior or goes on from a saved state. `learn` on n new steps is O(n × quantiles).
 *
 * @throws RangeError when prior or state are of other levels
 */
export function createCalibrator({ quantiles, targetId, seesWeather = false, prior, from }: CalibratorConfig): Calibrator {
  const isSame = (other: readonly number[]) => other.length === quantiles.length && other.every((level, j) => level === quantiles[j]);
  for (const [name, other] of [['prior', prior.quantiles] as const, ['state', from?.quantiles ?? quantiles] as const])
    if (!isSame(other)) throw new RangeError(`a calibrator of levels [${quantiles.join()}] was given a ${name} of [${other.join()}]`);
  const blend = createBlend(prior.weights, from?.blend);
  const pace = seesWeather ? paces.seeing : paces.blind;
  const conformals = new Map<MemberName, Conformal>();
  const conformalOf = (shape: MemberName) => {
    let conformal = conformals.get(shape);
    if (!conformal) {
      conformal = createConformal(quantiles, stretchFor(prior, targetId, shape), {
        pace,
        from: from?.conformal[shape],
      });
      conformals.set(shape, conformal);
    }
    return conformal;
  };
  for (const name of memberNames) if (from?.conformal[name]) conformalOf(name);
  const issues = createLearnedIssues(from);
  let day = from?.day ?? undefined;

  const write = createWriter(quantiles, blend.middle);
  const row = new Float64Array(quantiles.length);
  const learnStep = (forecast: MemberForecast, shape: MemberName, step: number, actual: number) => {
    if (!forecast.isLit[step]) return;
    const conformal = conformalOf(shape);
    const group = write(forecast, shape, conformal, step, row);
    conformal.learn(row, actual, group);
    blend.learn(leadIndexOf(forecast.issuedAt, forecast.start + step * forecast.stepMs), write.middles, actual, forecast.scale);
  };
  const closePeriod = (asOf: Instant) => {
    const now = (Math.floor(asOf / pace.periodMs) * pace.periodMs) / DAY;
    if (day === undefined || now > day) {
      const days = day === undefined ? 0 : Math.min(daysMax, now - day);
      blend.close(days);
      for (const conformal of conformals.values()) conformal.close(days);
      day = now;
    }
  };

  return {
    apply: (forecast) => {
      const shape = shapeOf(forecast, quantiles);
      const conformal = conformalOf(shape);
      const { floor = Number.NEGATIVE_INFINITY, ceiling = Number.POSITIVE_INFINITY } = forecast.target;
      const raw = forecast.members[shape] as Float64Array;
      const final = new Float64Array(forecast.steps * quantiles.length);
      for (let step = 0; step < forecast.steps; step++) {
        const at = step * quantiles.length;
        if (forecast.isLit[step]) write(forecast, shape, conformal, step, row);
        else for (let j = 0; j < row.length; j++) row[j] = Math.max(floor, Math.min(ceiling, raw[at + j] as number));
        final.set(row, at);
      }
      for (const value of final)
        if (!Number.isFinite(value)) throw new RangeError(`quantiles must be finite, found ${value} from ${shape}`);
      return final;
    },
    learn: (forecast, actual, asOf) => {
      if (actual.length !== forecast.steps) throw new RangeError(`${forecast.steps} steps were forecast, found truths of ${actual.length}`);
      const shape = shapeOf(forecast, quantiles);
      closePeriod(asOf);
      issues.visit(forecast, actual, asOf, (step, truth) => learnStep(forecast, shape, step, truth));
    },
    toJSON: () => ({
      quantiles: [...quantiles],
      day: day ?? null,
      blend: blend.toJSON(),
      conformal: Object.fromEntries([...conformals].map(([name, conformal]) => [name, conformal.toJSON()])),
      ...issues.toJSON(),
    }),
  };
}

/** The best informed member that speaks. @throws RangeError when none does, or the levels differ */
function shapeOf({ members, quantiles, steps }: MemberForecast, levels: readonly number[]): MemberName {
  if (quantiles.length !== levels.length || quantiles.some((level, j) => level !== levels[j]))
    throw new RangeError(`a calibrator of levels [${levels.join()}] was given a forecast of [${quantiles.join()}]`);
  for (let i = memberNames.length - 1; i >= 0; i--) {
    const name = memberNames[i] as MemberName;
    const said = members[name];
    if (said?.length === steps * levels.length) return name;
    if (said) throw new RangeError(`${name} must say ${steps} × ${levels.length} quantiles, found ${said.length}`);
  }
  throw new RangeError(`no member of the forecast speaks, one of ${memberNames.join(', ')} must`);
}

/** Writes the final quantiles of one lit step into a row and returns its group; what the members' middles were stays readable. */
function createWriter(quantiles: readonly number[], blended: (leadIndex: number, middles: Float64Array) => number) {
  const median = middleAt(quantiles);
  const middles = new Float64Array(memberNames.length);
  const write = (forecast: MemberForecast, shape: MemberName, conformal: Conformal, step: number, row: Float64Array): number => {
    const { target, issuedAt, start, stepMs, members, scale } = forecast;
    const at = step * quantiles.length;
    for (let i = 0; i < memberNames.length; i++) {
      const said = members[memberNames[i] as MemberName];
      middles[i] = said ? middleOf(said, at, median) : Number.NaN;
    }
    const stepStart = start + step * stepMs;
    const leadIndex = leadIndexOf(issuedAt, stepStart);
    const group = stepGroupOf(dayPartOf(stepStart, stepMs, target.longitude), leadIndex);
    const raw = members[shape] as Float64Array;
    const own = middleOf(raw, at, median);
    for (let j = 0; j < row.length; j++) row[j] = (raw[at + j] as number) - own;
    conformal.stretch(row, blended(leadIndex, middles), group, slackPerScale * scale);
    bound(row, raw, at, forecast);
    return group;
  };
  return Object.assign(write, { middles });
}

/**
 * Keeps a row within the target's bounds and in order. A quantile that its member put on a bound stays there: it says
 * that the bound itself has that much probability, and lifting it by next to nothing would miss all of it.
 */
function bound(row: Float64Array, raw: Float64Array, at: number, { target, scale }: MemberForecast): void {
  const { floor = Number.NEGATIVE_INFINITY, ceiling = Number.POSITIVE_INFINITY } = target;
  const tolerance = boundTolerance * scale;
  let least = floor;
  for (let j = 0; j < row.length; j++) {
    const said = raw[at + j] as number;
    const kept = said <= floor + tolerance ? floor : said >= ceiling - tolerance ? ceiling : (row[j] as number);
    least = Math.max(least, Math.min(ceiling, kept));
    row[j] = least;
  }
}
