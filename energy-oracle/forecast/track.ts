/**
 * Track: the forecasts of one target over time, and what was learned from how they came true.
 *
 * Owns the order of things: a forecast is corrected by what was known at its issue, kept until its last step has ended,
 * and every step of it teaches once. When the model has lost to CLIPER for days, CLIPER speaks, and says why. Backtest
 * and live service walk the same track. Its state is bounded and plain JSON.
 */
import { DAY, type DurationMs, type Instant } from '../../units/time.ts';
import type { Calibrator } from './calibration/calibrator.ts';
import type { MemberForecast, MemberName } from './model/member-forecast.ts';
import { pinballLoss } from './score/score.ts';
import { type Dense, denseAt, type Target } from './target.ts';
import { type DriftState, driftAfter, noDrift } from './trust/drift.ts';

/** What a track needs of a calibrator; its state is nobody else's business. */
export type Calibrating = Pick<Calibrator, 'apply' | 'learn'> & { toJSON(): unknown };

/** A forecast as it left the house. */
export interface Issued {
  readonly forecast: MemberForecast;
  /** Final, row-major `steps × levels`, in the target's own unit. */
  readonly quantiles: Float64Array;
  readonly by: 'model' | 'cliper';
  /** Why it is not by the model; `undefined` when it is. */
  readonly reason: string | undefined;
}

/** Sums of one day's losses: of steps that started in it, forecast within the day before. */
type DayLosses = readonly [day: Instant, model: number, cliper: number, count: number];

interface PendingState extends Omit<MemberForecast, 'target' | 'members' | 'repeated' | 'isLit' | 'quantiles'> {
  readonly members: readonly (readonly [MemberName, readonly number[]])[];
  readonly repeated: readonly number[];
  readonly isLit: readonly number[];
  readonly levels: readonly number[];
  readonly said: readonly number[];
  readonly seen: readonly number[];
}

/** All that a track remembers: plain JSON, a few days of forecasts. */
export interface TrackState {
  readonly calibrator: unknown;
  readonly drift: DriftState;
  readonly days: readonly DayLosses[];
  readonly pending: readonly PendingState[];
}

export interface Track {
  /** Corrects and keeps a forecast; answers with CLIPER's own quantiles while the model has drifted. */
  issue(forecast: MemberForecast): Issued;
  /** Learns every step that ended by `asOf`, whose truth is there and was not learned yet. O(pending × steps). */
  learn(history: Dense, asOf: Instant): void;
  readonly drift: DriftState;
  toJSON(): TrackState;
}

export interface TrackPorts {
  /** With the state that a saved track kept for it already taken in. */
  readonly calibrator: Calibrating;
  /** Only issues on this grid are kept to be learned from: the memory of a track is bounded by it. */
  readonly learnEveryMs: DurationMs;
  readonly drift?: DriftState;
}

/** Truth may come so much later than its step; then the forecast is forgotten. */
const latenessMsMax: DurationMs = DAY;
/** Steps within this of their issue decide on drift: a wrong week ahead would count on every one of its days. */
const judgedMs: DurationMs = DAY;
/** Forecasts kept at once, at most; the oldest goes first. */
const pendingMax = 64;

interface Pending {
  readonly forecast: MemberForecast;
  /** What the model said, corrected: judged even while CLIPER speaks, or it could never come back. */
  readonly said: Float64Array;
  /** 1 where the step was learned. */
  readonly seen: Uint8Array;
}

/** A track, new or going on from a saved state of the same target. */
export function createTrack({ calibrator, learnEveryMs, drift: before = noDrift }: TrackPorts, target?: Target, from?: TrackState): Track {
  let drift = from?.drift ?? before;
  let pending = from && target ? from.pending.map((state) => pendingOf(state, target)) : [];
  const days = new Map<Instant, [model: number, cliper: number, count: number]>(
    from?.days.map(([day, model, cliper, count]) => [day, [model, cliper, count]]),
  );

  function judge({ forecast, said }: Pending, step: number, actual: number): void {
    const { cliper } = forecast.members;
    if (!cliper || forecast.start + step * forecast.stepMs >= forecast.issuedAt + judgedMs) return;
    const day = Math.floor((forecast.start + step * forecast.stepMs) / DAY) * DAY;
    const sums = days.get(day) ?? [0, 0, 0];
    const levels = forecast.quantiles.length;
    forecast.quantiles.forEach((level, j) => {
      sums[0] += pinballLoss(level, actual, said[step * levels + j] as number) / levels;
      sums[1] += pinballLoss(level, actual, cliper[step * levels + j] as number) / levels;
    });
    sums[2]++;
    days.set(day, sums);
  }

  function learnOne(one: Pending, history: Dense, asOf: Instant): void {
    const { forecast, seen } = one;
    const { start, stepMs, steps } = forecast;
    const actual = new Float64Array(steps).fill(Number.NaN);
    let found = 0;
    for (let step = 0; step < steps && start + (step + 1) * stepMs <= asOf; step++) {
      if (seen[step]) continue;
      const value = denseAt(history, start + step * stepMs);
      if (Number.isNaN(value)) continue;
      actual[step] = value;
      seen[step] = 1;
      found++;
      judge(one, step, value);
    }
    if (found > 0) calibrator.learn(forecast, actual, asOf);
  }

  /** Days that are over are decided on, in order. */
  function closeDays(asOf: Instant): void {
    for (const day of [...days.keys()].sort((a, b) => a - b)) {
      if (day + DAY > asOf) return;
      const [model, cliper, count] = days.get(day) as [number, number, number];
      days.delete(day);
      drift = driftAfter(drift, model / count, cliper / count);
    }
  }

  return {
    issue: (forecast) => {
      const said = calibrator.apply(forecast);
      if (forecast.issuedAt % learnEveryMs === 0) {
        pending = pending.filter((one) => one.forecast.issuedAt !== forecast.issuedAt); // issued again, with more at hand
        pending.push({ forecast, said, seen: new Uint8Array(forecast.steps) });
        if (pending.length > pendingMax) pending.shift();
      }
      const { cliper } = forecast.members;
      if (drift.kind === 'steady' || !cliper) return { forecast, quantiles: said, by: 'model', reason: undefined };
      return { forecast, quantiles: cliper, by: 'cliper', reason: drift.reason };
    },
    learn: (history, asOf) => {
      for (const one of pending) learnOne(one, history, asOf);
      closeDays(asOf);
      pending = pending.filter(({ forecast: { start, stepMs, steps } }) => start + steps * stepMs + latenessMsMax > asOf);
    },
    get drift() {
      return drift;
    },
    toJSON: () => ({
      calibrator: calibrator.toJSON(),
      drift,
      days: [...days].map(([day, [model, cliper, count]]) => [day, model, cliper, count] as const),
      pending: pending.map(stateOf),
    }),
  };
}

function stateOf({ forecast, said, seen }: Pending): PendingState {
  const { issuedAt, start, stepMs, steps, scale, quantiles, members, repeated, isLit } = forecast;
  return {
    issuedAt,
    start,
    stepMs,
    steps,
    scale,
    levels: quantiles,
    members: (Object.entries(members) as [MemberName, Float64Array][]).map(([name, values]) => [name, [...values]]),
    repeated: [...repeated],
    isLit: [...isLit],
    said: [...said],
    seen: [...seen],
  };
}

function pendingOf({ levels, members, repeated, isLit, said, seen, ...rest }: PendingState, target: Target): Pending {
  return {
    forecast: {
      ...rest,
      target,
      quantiles: levels,
      members: Object.fromEntries(members.map(([name, values]) => [name, Float64Array.from(values)])),
      repeated: Float64Array.from(repeated),
      isLit: Uint8Array.from(isLit),
    },
    said: Float64Array.from(said),
    seen: Uint8Array.from(seen),
  };
}
