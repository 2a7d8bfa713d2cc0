/**
 * Blend: how much say each member has in the middle of a forecast, per lead day, learned from how they fared lately.
 *
 * Owns weights on the simplex and nothing else. They follow the pinball loss of the blended median by exponentiated
 * gradient (Kivinen and Warmuth, Information and Computation 132, 1997), so a member is rewarded for what it adds to the
 * others, not for being good alone, and they leak back towards the prior. Learning is counted in days, not in rows:
 * how often a forecast is issued does not change how fast it learns.
 */
import { type MemberName, memberNames } from '../model/member-forecast.ts';
import { leadDaysMax } from './step-group.ts';

const members = memberNames.length;

/** Say of each member, in the order of `memberNames`, per lead day; every row sums to 1. */
export type BlendWeights = readonly (readonly number[])[];

/** Plain JSON: what was learned, and what was seen of the day that is still open. */
export interface BlendState {
  /** Weights per lead day × member. */
  readonly weights: readonly number[];
  readonly slopes: readonly number[];
  readonly counts: readonly number[];
}

export interface Blend {
  /**
   * The blended middle of what the members say, in their unit; absent members are NaN and the others share their say.
   * NaN when nobody speaks.
   */
  middle(leadIndex: number, middles: Float64Array): number;
  /** Takes in a truth beside what the members said of it; `scale` is a usual size, > 0. */
  learn(leadIndex: number, middles: Float64Array, actual: number, scale: number): void;
  /** Closes the day: the weights move by what it taught. `days` ≥ 0 have passed since the last. */
  close(days: number): void;
  toJSON(): BlendState;
}

/** Move of the logarithm of a weight per day and per mean loss of one scale. */
const ratePerDay = 1;
/** Share of the way back to the prior per day. */
const leakPerDay = 0.01;
/** Below this a member could never come back. */
const weightMin = 0.002;
/** Rows of a lead day at which a day is believed by half. */
const rowsHalf = 4;
/** Where nothing was learned in training, the best informed member has most of the say. */
const coldWeights: Readonly<Record<MemberName, number>> = { cliper: 0.05, ridge: 0.05, net: 0.9 };

export const coldBlend: BlendWeights = Array.from({ length: leadDaysMax }, () => memberNames.map((name) => coldWeights[name]));

/**
 * A blend that starts from the prior or goes on from a saved state. `middle` and `learn` allocate nothing.
 *
 * @throws RangeError when prior or state are not of this many lead days and members
 */
export function createBlend(prior: BlendWeights, from?: BlendState): Blend {
  const anchor = Float64Array.from(prior.flat(), (weight) => Math.log(Math.max(weight, weightMin)));
  const weights = from ? Float64Array.from(from.weights) : Float64Array.from(prior.flat());
  const slopes = from ? Float64Array.from(from.slopes) : new Float64Array(anchor.length);
  const counts = from ? Float64Array.from(from.counts) : new Float64Array(leadDaysMax);
  for (const { length } of [anchor, weights, slopes])
    if (length !== leadDaysMax * members) throw new RangeError(`a blend has ${leadDaysMax} × ${members} weights, found ${length}`);
  if (counts.length !== leadDaysMax) throw new RangeError(`a blend counts ${leadDaysMax} lead days, found ${counts.length}`);

  const middle = (leadIndex: number, middles: Float64Array) => {
    let sum = 0;
    let say = 0;
    for (let i = 0; i < members; i++) {
      const value = middles[i] as number;
      if (Number.isNaN(value)) continue;
      const weight = weights[leadIndex * members + i] as number;
      sum += weight * value;
      say += weight;
    }
    return sum / say;
  };
  return {
    middle,
    learn: (leadIndex, middles, actual, scale) => {
      const blended = middle(leadIndex, middles);
      const side = blended > actual ? 1 : -1;
      for (let i = 0; i < members; i++) {
        const apart = ((middles[i] as number) - blended) / scale;
        if (!Number.isNaN(apart)) (slopes[leadIndex * members + i] as number) += side * Math.max(-1, Math.min(1, apart));
      }
      (counts[leadIndex] as number)++;
    },
    close: (days) => {
      for (let lead = 0; lead < leadDaysMax; lead++) {
        const count = counts[lead] as number;
        if (count === 0) continue;
        const rate = (ratePerDay * days) / (count + rowsHalf);
        descend(weights, slopes, anchor, lead * members, rate, Math.min(1, leakPerDay * days));
        counts[lead] = 0;
      }
    },
    toJSON: () => ({ weights: [...weights], slopes: [...slopes], counts: [...counts] }),
  };
}

/** One step of exponentiated gradient on the row at `offset`, back towards the anchor by `leak`; clears the slopes. */
function descend(weights: Float64Array, slopes: Float64Array, anchor: Float64Array, offset: number, rate: number, leak: number) {
  let sum = 0;
  for (let at = offset; at < offset + members; at++) {
    const learned = Math.log(weights[at] as number) - rate * (slopes[at] as number);
    weights[at] = Math.exp(learned + leak * ((anchor[at] as number) - learned));
    sum += weights[at] as number;
    slopes[at] = 0;
  }
  let floored = 0;
  for (let at = offset; at < offset + members; at++) {
    weights[at] = Math.max(weightMin, (weights[at] as number) / sum);
    floored += weights[at] as number;
  }
  for (let at = offset; at < offset + members; at++) (weights[at] as number) /= floored;
}

/** What the weights of one lead day are fitted to: members' middles, row-major `count × members`, and the truths, in units of the scale. */
export interface BlendRows {
  readonly middles: Float64Array;
  readonly actual: Float64Array;
}

const fitRounds = 150;
/** No member is left without a say that it could build on. */
const fitWeightMin = 0.05;

/** Weights that make the blended median's absolute error least; the cold ones when there are no rows. O(rows × 150). */
export function fitWeights({ middles, actual }: BlendRows): number[] {
  const start = coldBlend[0] as readonly number[];
  const count = actual.length;
  if (count === 0) return [...start];
  const weights = Float64Array.from(start);
  const anchor = Float64Array.from(start, Math.log);
  const slopes = new Float64Array(members);
  for (let round = 0; round < fitRounds; round++) {
    for (let row = 0; row < count; row++) {
      let blended = 0;
      for (let i = 0; i < members; i++) blended += (weights[i] as number) * (middles[row * members + i] as number);
      const side = blended > (actual[row] as number) ? 1 : -1;
      for (let i = 0; i < members; i++) (slopes[i] as number) += side * ((middles[row * members + i] as number) - blended);
    }
    descend(weights, slopes, anchor, 0, (6 * ratePerDay) / count, leakPerDay);
  }
  const kept = Array.from(weights, (weight) => Math.max(fitWeightMin, weight));
  const sum = kept.reduce((total, weight) => total + weight, 0);
  return kept.map((weight) => weight / sum);
}
