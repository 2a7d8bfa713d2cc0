/**
 * Price maker: a fleet whose load moves the signals that its load is placed by.
 *
 * Owns the loop to a load that stands on the signals it makes, and its honesty: how far apart the two still are. Who
 * places is the caller: any function from signals to load. Only a zone with its generation mix moves.
 */
import { type GridOutcome, outcomeOf } from './outcome.ts';
import type { Zone } from './zone.ts';

export interface SettleOptions {
  /** Part of the way towards the new answer that is gone at first, 0 < … ≤ 1; halved whenever the residual does not shrink. */
  readonly damping?: number;
  readonly iterationsMax?: number;
  /** The residual at which the loop is done, kW. */
  readonly toleranceKw?: number;
}

export interface Settled {
  /** `settled` when the residual is within the tolerance. */
  readonly kind: 'settled' | 'unsettled';
  /** What the placement drew on `signals`, kW by hour. */
  readonly loadKw: readonly number[];
  /** Of the zone under the damped load that the last placement was given. */
  readonly signals: GridOutcome;
  readonly iterations: number;
  /** Largest difference in any hour between the load that made the signals and the load placed on them, kW. */
  readonly residualKw: number;
}

export const iterationsMax = 50;
const defaultDamping = 0.5;
/** Damping is not halved below this. */
const dampingLeast = 1 / 64;

/**
 * Finds a load that its own signals would place again: x ← x + d·(place(signals(x)) − x), from no load on (damped
 * fixed-point iteration, Krasnosel'skii 1955). A placement in lumps has no exact fixed point: the loop then ends at its
 * limit with the residual told. Calls `place` at most `iterationsMax` times.
 *
 * @param place  load by hour of the zone, kW, that a fleet draws on these signals
 * @returns at once for a zone of price and carbon alone, which no load moves
 * @throws RangeError when `place` answers for another number of hours
 */
export function settleWith(
  zone: Zone,
  place: (signals: GridOutcome) => readonly number[],
  { damping = defaultDamping, iterationsMax: limit = iterationsMax, toleranceKw = 1 }: SettleOptions = {},
): Settled {
  if (!(damping > 0 && damping <= 1) || !(limit >= 1))
    throw new RangeError(`damping in (0, 1] and at least one iteration, found ${damping}, ${limit}`);
  let believedKw = new Float64Array(zone.count);
  let step = damping;
  let last = Number.POSITIVE_INFINITY;
  for (let iteration = 1; ; iteration++) {
    const signals = outcomeOf(
      zone,
      believedKw.map((kw) => kw / 1_000),
    );
    const loadKw = place(signals);
    if (loadKw.length !== zone.count) throw new RangeError(`a load has ${zone.count} hours, found ${loadKw.length}`);
    if (!zone.supply) return { kind: 'settled', loadKw, signals, iterations: iteration, residualKw: 0 };
    const residualKw = loadKw.reduce((most, kw, hour) => Math.max(most, Math.abs(kw - (believedKw[hour] as number))), 0);
    const settled = residualKw <= toleranceKw;
    if (settled || iteration >= limit)
      return { kind: settled ? 'settled' : 'unsettled', loadKw, signals, iterations: iteration, residualKw };
    if (residualKw >= last) step = Math.max(dampingLeast, step / 2);
    last = residualKw;
    believedKw = believedKw.map((kw, hour) => kw + step * ((loadKw[hour] as number) - kw));
  }
}
