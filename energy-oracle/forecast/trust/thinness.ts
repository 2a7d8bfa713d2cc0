/**
 * Thinness: whether enough is known of a target to say anything of its future.
 *
 * Owns the refusal of a thin history, as a value with its numbers. Leaves the cold start (physics and the pooled model)
 * to the forecaster: a place with a nameplate and nothing measured yet is not thin, it is new. Gaps are counted, not filled.
 */
import { DAY, HOUR, type Instant, toIso } from '../../../units/time.ts';
import { sunPosition } from '../../sun/position.ts';
import type { MemberForecast } from '../model/member-forecast.ts';
import type { Known } from '../target.ts';

/** Steps before the issue that are looked at. */
const recentMs = 7 * DAY;
/** Least share of them that must be present. */
export const presentShareMin = 0.6;

export interface HistoryRefusal {
  readonly kind: 'refused';
  readonly reason: 'thin-history';
  readonly detail: string;
}

export const isHistoryRefusal = (answer: MemberForecast | HistoryRefusal): answer is HistoryRefusal => 'kind' in answer;

/**
 * Why a target cannot be forecast from its history: less than 60 % of the last 7 days before the issue are present.
 *
 * Of `pv` only steps with the sun up count, since an inverter that sleeps at night says nothing and loses nothing. A
 * target with panels may be new: nothing measured at all is no refusal, and a first week counts from its first value.
 * Any other target needs the week.
 *
 * @returns `undefined` when there is enough, or when the cold start is meant to answer
 */
export function historyRefusal({ target, issuedAt, history }: Known): HistoryRefusal | undefined {
  const { start, stepMs, values } = history;
  const isNew = target.ceiling !== undefined && (target.kind === 'pv' || target.kind === 'net' || target.kind === 'renewables');
  const counts = (at: Instant) => target.kind !== 'pv' || sunPosition(at + stepMs / 2, target.latitude, target.longitude).elevationDeg > 0;
  const first = values.findIndex(Number.isFinite);
  if (first < 0 && isNew) return undefined;
  const from = isNew ? Math.max(issuedAt - recentMs, start + first * stepMs) : issuedAt - recentMs;
  const [begin, end] = [Math.ceil((from - start) / stepMs), Math.floor((issuedAt - start) / stepMs)];
  let [expected, present] = [0, 0];
  for (let i = begin; i < end; i++) {
    if (!counts(start + i * stepMs)) continue;
    expected++;
    if (Number.isFinite(values[i])) present++;
  }
  if (expected === 0 || present >= presentShareMin * expected) return undefined;
  const newest = values.subarray(0, Math.max(0, end)).findLastIndex(Number.isFinite);
  const age =
    newest < 0
      ? 'none was ever seen'
      : `the newest ended at ${toIso(start + (newest + 1) * stepMs)}, ${hours(issuedAt - start - (newest + 1) * stepMs)} h before`;
  return {
    kind: 'refused',
    reason: 'thin-history',
    detail:
      `${target.id} (${target.kind}): ${present} of ${expected} ${target.kind === 'pv' ? 'daylight ' : ''}values of the last 7 days ` +
      `before ${toIso(issuedAt)} are present (${Math.floor((100 * present) / expected)} %), at least ${100 * presentShareMin} % are needed; ${age}`,
  };
}

const hours = (ms: number) => Math.round(ms / HOUR);
