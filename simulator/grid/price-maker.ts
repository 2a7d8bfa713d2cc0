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

/** How a loop ended. */
export interface Convergence {
  /** `settled` when the residual is within the tolerance. */
  readonly kind: 'settled' | 'unsettled';
  /** Placements that were tried. */
  readonly iterations: number;
  /** Largest difference in any hour between the load that made the signals and the load placed on them, kW. */
  readonly residualKw: number;
}

export interface Settled extends Convergence {
  /** What the nearest placement drew on `signals`, kW by hour. */
  readonly loadKw: readonly number[];
  /** Of the zone under the damped load that this placement was given. */
  readonly signals: GridOutcome;
}

/** As `Settled`, zone by zone. */
export interface SettledTogether extends Convergence {
  readonly loadsKw: readonly (readonly number[])[];
  readonly signals: readonly GridOutcome[];
}

export const iterationsMax = 50;
const defaultDamping = 0.5;
/** Damping is not halved below this. */
const dampingLeast = 1 / 64;

/**
 * Finds a load that its own signals would place again: x ← x + d·(place(signals(x)) − x), from no load on (damped
 * fixed-point iteration, Krasnosel'skii 1955). A placement in lumps has no exact fixed point: the loop then ends at its
 * limit, and the placement nearest to the load that its signals were made by is told with its residual. Calls `place` at most `iterationsMax` times.
 *
 * @param place  load by hour of the zone, kW, that a fleet draws on these signals
 * @returns at once for a zone of price and carbon alone, which no load moves
 * @throws RangeError when `place` answers for another number of hours
 */
export function settleWith(zone: Zone, place: (signals: GridOutcome) => readonly number[], options: SettleOptions = {}): Settled {
  const { loadsKw, signals, ...convergence } = settleTogether([zone], ([of]) => [place(of as GridOutcome)], options);
  return { ...convergence, loadKw: loadsKw[0] as readonly number[], signals: signals[0] as GridOutcome };
}

/** As `settleWith`, of a fleet in several zones: each placement sees all of their signals, and one damping moves all loads. */
export function settleTogether(
  zones: readonly Zone[],
  place: (signals: readonly GridOutcome[]) => readonly (readonly number[])[],
  { damping = defaultDamping, iterationsMax: limit = iterationsMax, toleranceKw = 1 }: SettleOptions = {},
): SettledTogether {
  if (!(damping > 0 && damping <= 1) || !(limit >= 1))
    throw new RangeError(`damping in (0, 1] and at least one iteration, found ${damping}, ${limit}`);
  let believedKw = zones.map(({ count }) => new Float64Array(count));
  let step = damping;
  let last: SettledTogether | undefined;
  let nearest: SettledTogether | undefined;
  for (let iterations = 1; ; iterations++) {
    const signals = zones.map((zone, at) =>
      outcomeOf(
        zone,
        believedKw[at]?.map((kw) => kw / 1_000),
      ),
    );
    const loadsKw = place(signals);
    const residualKw = residualOf(zones, believedKw, loadsKw);
    const kind = residualKw <= toleranceKw ? 'settled' : 'unsettled';
    const found: SettledTogether = { kind, loadsKw, signals, iterations, residualKw };
    if (!nearest || residualKw < nearest.residualKw) nearest = found;
    if (kind === 'settled' || iterations >= limit) return { ...nearest, iterations };
    if (last && residualKw >= last.residualKw) step = Math.max(dampingLeast, step / 2);
    const part = last && isAlike(last.loadsKw, loadsKw) ? 1 : step; // a load that the signals did not move is where to go
    last = found;
    believedKw = believedKw.map((believed, at) => believed.map((kw, hour) => kw + part * ((loadsKw[at]?.[hour] ?? 0) - kw)));
  }
}

const isAlike = (a: SettledTogether['loadsKw'], b: SettledTogether['loadsKw']): boolean =>
  a.every((load, at) => load.every((kw, hour) => kw === b[at]?.[hour]));

/** Largest difference in any hour of a zone that load moves, kW. */
function residualOf(zones: readonly Zone[], believedKw: readonly Float64Array[], loadsKw: readonly (readonly number[])[]): number {
  return zones.reduce((most, { count, supply }, at) => {
    const [loadKw, believed] = [loadsKw[at] ?? [], believedKw[at] as Float64Array];
    if (loadKw.length !== count) throw new RangeError(`a load has ${count} hours, found ${loadKw.length}`);
    return supply ? loadKw.reduce((worst, kw, hour) => Math.max(worst, Math.abs(kw - (believed[hour] as number))), most) : most;
  }, 0);
}
