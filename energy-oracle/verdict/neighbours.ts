/**
 * Neighbours: whether a site's sun has grown against that of the sites around it.
 *
 * Owns one look a day at the clear-sky index of a site beside those nearby: the weighted median of their differences
 * from what is usual between each pair (the residual), its EWMA, and a one-sided CUSUM that believes in a change. Only
 * sites of other providers count, and at least three. The state is a small value; a day is a pure step. What grew
 * before anybody watched is seen only by its level, and only when it is gross.
 */
import { DAY, type Instant } from '../../units/time.ts';
import type { Site } from '../site.ts';
import { solarDayStart } from './clear-sky-index.ts';

/** Beyond this the clouds are others', km; weights fall to 1/e in the second. */
const reachKm = 60;
const decayKm = 25;
const neighboursMin = 3;
/** Days that a pair learns what is usual between it, and the days that its memory fades by. */
const learnDays = 21;
const memoryDays = 60;
/** A day counts when the neighbours' median index is above this: under thick cloud panels differ by how they stand. */
const brightIndexMin = 0.4;
/** Daily residuals spread at least this much, in logarithms: soiling, snow, shade. */
const spreadMin = 0.03;
/** A residual counts at most so many spreads: one day proves nothing. */
const clipSpreads = 3;
/** CUSUM: what a day must exceed, and where it alarms, both in spreads (Page 1954). */
const allowance = 1;
const threshold = 8;
/** EWMA of residuals: weight of a day, and the size that an alarm needs, in logarithms (Roberts 1959). */
const ewmaWeight = 0.15;
const sizeMin = 0.05;
/** A change is over when the EWMA has stayed below half of the smallest size for so many days. */
const calmDays = 10;
/** Honest levels of declared nameplates differ by a tenth or so (yield over plate); beyond thrice that nobody's does. */
const levelMax = 0.3;
const levelDays = 28;

export interface Pair {
  /** Usual difference of the logarithms of the indices. */
  readonly usual: number;
  readonly days: number;
}

export interface NeighbourAlarm {
  /** First day of the change, as it is believed. */
  readonly since: Instant;
  /** From when on it was known. */
  readonly raisedAt: Instant;
  /** Believed inflation: what the meter says over what neighbours support, > 1. */
  readonly factor: number;
  readonly kind: 'change' | 'level';
  /** `undefined` while it holds. */
  readonly until?: Instant;
}

export interface NeighbourState {
  readonly pairs: Readonly<Record<string, Pair>>;
  /** Mean square of the residual. */
  readonly variance: number;
  readonly days: number;
  readonly ewma: number;
  readonly cusum: number;
  /** First day of the CUSUM's present rise, with the sum of residuals and the days since; meaningless at 0. */
  readonly rise: { readonly since: Instant; readonly sum: number; readonly days: number };
  readonly calm: number;
  /** Mean difference from the neighbours' median, days it was learned from. */
  readonly level: number;
  readonly levelDays: number;
  /** Since when an operator believes the level; `-Infinity` is no JSON, so 0 for never. */
  readonly acceptedFrom: Instant;
  /** Oldest first; the last one may hold. */
  readonly alarms: readonly NeighbourAlarm[];
}

export const newNeighbourState = (): NeighbourState => ({
  pairs: {},
  variance: 0.05 ** 2,
  days: 0,
  ewma: 0,
  cusum: 0,
  rise: { since: 0, sum: 0, days: 0 },
  calm: 0,
  level: 0,
  levelDays: 0,
  acceptedFrom: 0,
  alarms: [],
});

/** Alarms that are remembered, the newest. */
const alarmsMax = 20;

type Place = Pick<Site, 'id' | 'provider' | 'latitude' | 'longitude'>;

/** Great circle between two places, km. */
export function distanceKm(a: Pick<Place, 'latitude' | 'longitude'>, b: Pick<Place, 'latitude' | 'longitude'>): number {
  const radians = Math.PI / 180;
  const [dLat, dLon] = [(b.latitude - a.latitude) * radians, (b.longitude - a.longitude) * radians];
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(a.latitude * radians) * Math.cos(b.latitude * radians) * Math.sin(dLon / 2) ** 2;
  return 2 * 6_371 * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** Middle of the values by weight. */
export function weightedMedian(items: readonly { readonly value: number; readonly weight: number }[]): number {
  const sorted = [...items].sort((a, b) => a.value - b.value);
  const half = sorted.reduce((sum, { weight }) => sum + weight, 0) / 2;
  let sum = 0;
  for (const [i, { value, weight }] of sorted.entries()) {
    sum += weight;
    if (sum > half) return value;
    if (sum === half) return (value + (sorted[i + 1]?.value ?? value)) / 2;
  }
  return sorted.at(-1)?.value ?? 0;
}

const holds = (state: NeighbourState | undefined) => state?.alarms.at(-1) !== undefined && state.alarms.at(-1)?.until === undefined;
const isSuspect = (state: NeighbourState | undefined) => holds(state) || (state?.cusum ?? 0) > threshold / 2;

export interface NeighbourDay {
  readonly day: Instant;
  /** When the day was looked at: an alarm is known from then on. */
  readonly lookedAt: Instant;
  readonly places: readonly Place[];
  /** Clear-sky index by site; absent where the day is not known. */
  readonly indices: ReadonlyMap<string, number>;
}

/** States after one more day, of every site. O(sites × neighbours). */
export function afterDay(before: Readonly<Record<string, NeighbourState>>, today: NeighbourDay): Record<string, NeighbourState> {
  const after: Record<string, NeighbourState> = {};
  for (const place of today.places) {
    const state = before[place.id] ?? newNeighbourState();
    const own = today.indices.get(place.id);
    after[place.id] = own === undefined ? state : siteAfter(place, Math.log(own), state, before, today);
  }
  return after;
}

/**
 * The state after an operator has looked at a site and believes its level from an instant on: alarms reach no further
 * than that, and what is usual is learned anew. The same instant again, or an earlier one, changes nothing.
 */
export function acceptLevel(state: NeighbourState, from: Instant): NeighbourState {
  if (from <= state.acceptedFrom) return state;
  const alarms = state.alarms.map((alarm) => {
    const end = Math.max(alarm.since, from);
    return { ...alarm, until: Math.min(alarm.until ?? end, end) };
  });
  return { ...newNeighbourState(), alarms, acceptedFrom: from };
}

function siteAfter(
  place: Place,
  logIndex: number,
  state: NeighbourState,
  others: Readonly<Record<string, NeighbourState>>,
  { day, lookedAt, places, indices }: NeighbourDay,
): NeighbourState {
  const around = places.flatMap((other) => {
    const index = indices.get(other.id);
    const km = distanceKm(place, other);
    if (index === undefined || other.provider === place.provider || km > reachKm || holds(others[other.id])) return [];
    return [
      {
        id: other.id,
        index,
        difference: logIndex - Math.log(index),
        weight: Math.exp(-km / decayKm),
        isCalm: !isSuspect(others[other.id]),
      },
    ];
  });
  const isBright = weightedMedian(around.map(({ index, weight }) => ({ value: index, weight }))) >= brightIndexMin;
  if (around.length < neighboursMin || !isBright) return state;
  const learned = around.flatMap(({ id, difference, weight }) => {
    const pair = state.pairs[id];
    return pair && pair.days >= learnDays ? [{ value: difference - pair.usual, weight }] : [];
  });
  const residual = learned.length < neighboursMin ? undefined : weightedMedian(learned);
  const charted = residual === undefined ? state : chartAfter(state, residual, solarDayStart(day, place.longitude));
  const level = weightedMedian(around.map(({ difference, weight }) => ({ value: difference, weight })));
  const levelled = {
    ...charted,
    level: state.level + (level - state.level) / Math.min(state.levelDays + 1, memoryDays),
    levelDays: state.levelDays + 1,
  };
  const judged = alarmAfter(levelled, solarDayStart(day, place.longitude), lookedAt);
  return isSuspect(judged) ? judged : { ...judged, pairs: pairsAfter(state.pairs, around) };
}

/** Pairs learn only while both are calm: a lie must not become usual. */
function pairsAfter(
  pairs: NeighbourState['pairs'],
  around: readonly { readonly id: string; readonly difference: number; readonly isCalm: boolean }[],
): NeighbourState['pairs'] {
  const after: Record<string, Pair> = { ...pairs };
  for (const { id, difference, isCalm } of around) {
    const { usual, days } = after[id] ?? { usual: 0, days: 0 };
    if (!isCalm && days >= learnDays) continue;
    const strayed = days < learnDays ? difference : Math.max(usual - 0.3, Math.min(usual + 0.3, difference));
    after[id] = { usual: usual + (strayed - usual) / Math.min(days + 1, memoryDays), days: days + 1 };
  }
  return after;
}

function chartAfter(state: NeighbourState, residual: number, day: Instant): NeighbourState {
  const spread = Math.max(spreadMin, Math.sqrt(state.variance));
  const z = Math.max(-clipSpreads, Math.min(clipSpreads, residual / spread));
  const cusum = Math.max(0, state.cusum + z - allowance);
  const clipped = z * spread;
  const rise =
    cusum === 0
      ? { since: day + DAY, sum: 0, days: 0 }
      : { since: state.cusum === 0 ? day : state.rise.since, sum: state.rise.sum + residual, days: state.rise.days + 1 };
  return {
    ...state,
    variance: isSuspect(state) ? state.variance : state.variance + (clipped ** 2 - state.variance) / Math.min(state.days + 10, memoryDays),
    days: state.days + 1,
    ewma: state.ewma + ewmaWeight * (clipped - state.ewma),
    cusum,
    rise,
  };
}

/** Raises, follows or ends the alarm. */
function alarmAfter(state: NeighbourState, day: Instant, lookedAt: Instant): NeighbourState {
  const last = state.alarms.at(-1);
  if (last && last.until === undefined) {
    const isChange = last.kind === 'change';
    const now = isChange ? state.ewma : state.level;
    const calm = now < (isChange ? sizeMin / 2 : levelMax / 2) ? state.calm + 1 : 0;
    if (calm >= calmDays) return { ...state, calm: 0, cusum: 0, alarms: state.alarms.with(-1, { ...last, until: lookedAt }) };
    const size = isChange ? sizeOf(state) : state.level;
    return { ...state, calm, alarms: state.alarms.with(-1, { ...last, factor: Math.exp(Math.max(sizeMin / 2, size)) }) };
  }
  const raised = (alarm: Omit<NeighbourAlarm, 'raisedAt'>): NeighbourState => ({
    ...state,
    calm: 0,
    alarms: [...state.alarms, { ...alarm, raisedAt: lookedAt }].slice(-alarmsMax),
  });
  if (state.cusum > threshold && state.ewma > sizeMin && sizeOf(state) > sizeMin)
    return raised({ kind: 'change', since: state.rise.since, factor: Math.exp(sizeOf(state)) });
  if (state.levelDays >= levelDays && state.level > levelMax)
    return raised({ kind: 'level', since: day - (state.levelDays - 1) * DAY, factor: Math.exp(state.level) });
  return state;
}

const sizeOf = ({ rise }: NeighbourState): number => (rise.days === 0 ? 0 : rise.sum / rise.days);

/** The alarm that a slot falls under, as it was known at `asOf`; of several the largest. */
export const alarmOver = (alarms: readonly NeighbourAlarm[], slot: Instant, asOf: Instant): NeighbourAlarm | undefined =>
  alarms
    .filter(({ since, raisedAt, until }) => raisedAt <= asOf && slot >= since && (until === undefined || slot < until))
    .sort((a, b) => b.factor - a.factor)[0];

/** True when enough sites of others stand near enough to compare a site with. */
export const withinReach = (site: Place, places: readonly Place[]): boolean =>
  places.filter((other) => other.provider !== site.provider && distanceKm(site, other) <= reachKm).length >= neighboursMin;
