/**
 * Drift: when a model has become worse than the baseline it was built to beat.
 *
 * Owns a two-sided CUSUM (Page, Biometrika 41, 1954) on the daily loss of the model minus that of CLIPER, as a share
 * of CLIPER's usual loss. Leaves the fallback itself to the forecaster. One bad day never decides: to drift takes three
 * lost days in a row, to recover a run of wins that makes up for it. The state is plain JSON.
 */

/** Lost days in a row before a drift is believed. */
const lostDaysMin = 3;
/** Slack of the sums, a share of CLIPER's usual loss: a worse day than this counts against the model. */
const slack = 0.1;
/** Sum of losses beyond the slack that confirms a drift. */
const driftSumMin = 1.6;
/** Sum of wins that ends one; wins need no slack, since CLIPER serves until they are shown. */
const recoverySumMin = 0.6;
/** One day counts for at most this much, either way: a day of nonsense is an outage, not a drift. */
const dayShareMax = 1;
/** Days that CLIPER's usual loss remembers. */
const usualDays = 28;

export interface DriftState {
  readonly kind: 'steady' | 'drifted';
  /** Why, in a sentence with the numbers of the last change; `undefined` before any. */
  readonly reason: string | undefined;
  readonly days: number;
  /** CLIPER's loss of a usual day, in the unit of the losses; 0 before the first day. */
  readonly usualLoss: number;
  /** Days in a row on which the model lost. */
  readonly lostDays: number;
  /** CUSUM of losses beyond the slack, ≥ 0. */
  readonly lossSum: number;
  /** CUSUM of wins since the drift, ≥ 0; 0 while steady. */
  readonly winSum: number;
}

export const noDrift: DriftState = { kind: 'steady', reason: undefined, days: 0, usualLoss: 0, lostDays: 0, lossSum: 0, winSum: 0 };

/**
 * The state after one more day. A day without a truth (NaN in either loss) changes nothing.
 *
 * @param modelLoss   mean pinball loss of the model over the day, ≥ 0
 * @param cliperLoss  the same of CLIPER over the same steps and leads, ≥ 0
 */
export function driftAfter(state: DriftState, modelLoss: number, cliperLoss: number): DriftState {
  if (Number.isNaN(modelLoss) || Number.isNaN(cliperLoss)) return state;
  if (!(modelLoss >= 0 && cliperLoss >= 0)) throw new RangeError(`losses are ≥ 0, found ${modelLoss} and ${cliperLoss}`);
  const days = state.days + 1;
  const usualLoss = state.usualLoss + (cliperLoss - state.usualLoss) / Math.min(days, usualDays);
  const share = usualLoss > 0 ? (modelLoss - cliperLoss) / usualLoss : modelLoss > 0 ? dayShareMax : 0;
  const day = Math.max(-dayShareMax, Math.min(dayShareMax, share));
  const lostDays = day > 0 ? state.lostDays + 1 : 0;
  const lossSum = Math.max(0, state.lossSum + day - slack);
  if (state.kind === 'steady') {
    const steady = { kind: 'steady', reason: state.reason, days, usualLoss, lostDays, lossSum, winSum: 0 } as const;
    if (lostDays < lostDaysMin || lossSum < driftSumMin) return steady;
    return { ...steady, kind: 'drifted', reason: `the model lost to CLIPER on ${lostDays} days in a row, ${behind(lossSum)} (CUSUM)` };
  }
  const winSum = Math.max(0, state.winSum - day);
  if (winSum < recoverySumMin) return { ...state, days, usualLoss, lostDays, lossSum, winSum };
  const reason = `the model beats CLIPER again, by ${percent(winSum)} of a usual day's loss in sum (CUSUM)`;
  return { kind: 'steady', reason, days, usualLoss, lostDays: 0, lossSum: 0, winSum: 0 };
}

const percent = (share: number) => `${Math.round(100 * share)} %`;
const behind = (sum: number) => `by ${percent(sum)} of a usual day's loss in sum beyond ${percent(slack)} a day`;
