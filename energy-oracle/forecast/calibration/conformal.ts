/**
 * Conformal: how far quantiles have to be stretched from their middle to hold what they say.
 *
 * Adaptive conformal inference (Gibbs and Candès, NeurIPS 2021) on the logarithm of the stretch: misses widen, hits
 * narrow. Levels equally far from the median form a *ring*: the width of a ring follows its misses fast, its tilt (more
 * above or below) slowly, and each group of steps has an offset of its own that is shrunk hard. A guard adds to the width
 * while the last weeks as a whole are off. What is learned fast leaks back to where it has been for long, and that starts
 * at the prior. Learning is counted in days, not in rows, and done once a period.
 */
import { DAY, type DurationMs, HOUR } from '../../../units/time.ts';
import { type Aim, aimOf, createMisses, type MissesState } from './misses.ts';
import { ringsOf } from './rings.ts';
import { stepGroups } from './step-group.ts';

/** Logarithms of stretches; plain JSON. */
export interface Stretch {
  /** Per ring, the outermost first: of both sides. */
  readonly width: readonly number[];
  /** Per ring: added below the middle and taken off above. */
  readonly tilt: readonly number[];
  /** Per group × ring: added to the width. */
  readonly groups: readonly number[];
}

export interface ConformalState extends Stretch, MissesState {
  /** Per ring: where width and tilt have been for long, and leak back to. */
  readonly usualWidth: readonly number[];
  readonly usualTilt: readonly number[];
}

export interface Conformal {
  /** Writes the stretched quantiles of one step: `row` holds distances to its own middle, `slack` ≥ 0 is stretched along. */
  stretch(row: Float64Array, middle: number, group: number, slack: number): void;
  /** Takes in a truth beside the quantiles that would be issued now. */
  learn(row: Float64Array, actual: number, group: number): void;
  /** Closes the period: the stretch moves by what it taught. `days` ≥ 0 have passed since the last. */
  close(days: number): void;
  toJSON(): ConformalState;
}

/**
 * How fast the width learns, as a logarithm per day and per unit of missed share, and the share of the way per day that
 * it leaks back to where it has been for long.
 */
export interface Pace extends Aim {
  /** Between two moves of the stretch. */
  readonly periodMs: DurationMs;
  readonly widthPerDay: number;
  readonly leakPerDay: number;
}

/**
 * Without the weather it is the weather that is missed, and today's says little of tomorrow's. With it what is missed lasts
 * for days, as snow or curtailment would: the news of half a day counts at once, and a fortnight that is off is no chance.
 */
export const paces = {
  blind: { periodMs: DAY, widthPerDay: 0.1, leakPerDay: 0.05, wider: 0.03, deadZone: 0.125 },
  seeing: { periodMs: 12 * HOUR, widthPerDay: 0.4, leakPerDay: 0.02, wider: 0.15, deadZone: 0 },
} as const satisfies Readonly<Record<string, Pace>>;

/** Of the tilt, as the width. */
const tiltPerDay = 0.015;
const tiltLeakPerDay = 0.05;
const groupPerDay = 0.05;
/**
 * Share of the way per day that where the width has been for long follows the width; it starts at the prior, and a prior
 * that is far off would cost coverage for ever.
 */
const usualPerDay = 0.1;
const groupLeakPerDay = 0.02;
/** Rows at which a period is believed by half. */
const rowsHalf = 4;
/** Logarithm of the stretch per unit of missed share by which the last weeks are off. */
const guardStrength = 3;
/** Part of the scale that is stretched along with every distance, so that a sharp forecast that fails can still be widened. */
export const slackPerScale = 0.12;
/** Quantiles are stretched by at most e² and shrunk by as much. */
const stretchMax = 2;

/** No stretch at all. */
export const noStretch = (rings: number): Stretch => ({
  width: new Array<number>(rings).fill(0),
  tilt: new Array<number>(rings).fill(0),
  groups: new Array<number>(stepGroups * rings).fill(0),
});

const clamp = (value: number, limit: number) => Math.max(-limit, Math.min(limit, value));

/**
 * A stretch that starts from the prior or goes on from a saved state. `stretch` and `learn` allocate nothing.
 *
 * @throws RangeError when prior or state are not of these levels
 */
export function createConformal(
  quantiles: readonly number[],
  prior: Stretch,
  { pace = paces.blind, from }: { readonly pace?: Pace; readonly from?: ConformalState | undefined } = {},
): Conformal {
  const rings = ringsOf(quantiles);
  const start = from ?? prior;
  for (const { width, tilt, groups } of [prior, start])
    if (width.length !== rings.length || tilt.length !== rings.length || groups.length !== rings.length * stepGroups)
      throw new RangeError(`levels [${quantiles.join(', ')}] have ${rings.length} rings, found a stretch of ${width.length}`);
  const width = Float64Array.from(start.width);
  const usualWidth = Float64Array.from(from?.usualWidth ?? prior.width);
  const usualTilt = Float64Array.from(from?.usualTilt ?? prior.tilt);
  const tilt = Float64Array.from(start.tilt);
  const groups = Float64Array.from(start.groups);
  const misses = createMisses(rings, pace, from);
  const factors = new Float64Array(stepGroups * quantiles.length).fill(1);
  const refresh = () => {
    rings.forEach(({ lower, upper, outside }, r) => {
      const guard = guardStrength * misses.excess(r, outside);
      for (let group = 0; group < stepGroups; group++) {
        const both = (width[r] as number) + guard + (groups[group * rings.length + r] as number);
        const row = group * quantiles.length;
        if (lower !== undefined) factors[row + lower] = Math.exp(clamp(both + (tilt[r] as number), stretchMax));
        if (upper !== undefined) factors[row + upper] = Math.exp(clamp(both - (tilt[r] as number), stretchMax));
      }
    });
  };
  refresh();

  const follow = (days: number) => {
    const belief = (days * misses.rows()) / (misses.rows() + rowsHalf);
    rings.forEach(({ lower, upper, outside }, r) => {
      const [below, above] = misses.shares(r);
      const isPair = lower !== undefined && upper !== undefined;
      const excess = (below + above - aimOf(outside, pace)) * (isPair ? 1 : 2);
      move(width, usualWidth, r, pace.widthPerDay * belief * excess, pace.leakPerDay * days, days);
      if (isPair) move(tilt, usualTilt, r, tiltPerDay * belief * (below - above), tiltLeakPerDay * days, days);
      for (let group = 0; group < stepGroups; group++) {
        const at = group * rings.length + r;
        const [rows, share] = misses.group(at, group);
        const pull = rows > 0 ? (groupPerDay * days * rows * (share - below - above)) / (rows + rowsHalf) : 0;
        groups[at] = clamp(
          (groups[at] as number) + pull - Math.min(1, groupLeakPerDay * days) * ((groups[at] as number) - (prior.groups[at] as number)),
          stretchMax,
        );
      }
    });
  };
  return {
    stretch: (row, middle, group, slack) => {
      for (let j = 0; j < row.length; j++) {
        const apart = row[j] as number;
        const far = Math.max(0, (factors[group * row.length + j] as number) * (Math.abs(apart) + slack) - slack);
        row[j] = (quantiles[j] as number) < 0.5 ? middle - far : (quantiles[j] as number) > 0.5 ? middle + far : middle;
      }
    },
    learn: misses.add,
    close: (days) => {
      if (misses.rows() === 0) return;
      follow(days);
      misses.close();
      refresh();
    },
    toJSON: () => ({
      width: [...width],
      tilt: [...tilt],
      groups: [...groups],
      usualWidth: [...usualWidth],
      usualTilt: [...usualTilt],
      ...misses.toJSON(),
    }),
  };
}

/** Moves a value by what was learned and back towards its usual place, and that place after the value. */
function move(values: Float64Array, usual: Float64Array, at: number, learned: number, leak: number, days: number): void {
  const back = Math.min(1, leak) * ((values[at] as number) - (usual[at] as number));
  values[at] = clamp((values[at] as number) + learned - back, stretchMax);
  (usual[at] as number) += Math.min(1, usualPerDay * days) * ((values[at] as number) - (usual[at] as number));
}

/** Rows that one ring is fitted to: distances of quantiles from their middle and of the truth from it, in units of the scale. */
export interface StretchRows {
  /** Row-major, `count × quantiles.length`, signed. */
  readonly apart: Float64Array;
  readonly actual: Float64Array;
}

/** Log stretches, width and tilt per ring, at which held-out truths fall outside as often as they should. O(rows × log rows). */
export function fitRings(quantiles: readonly number[], { apart, actual }: StretchRows, slack: number): Omit<Stretch, 'groups'> {
  const side = (level: number | undefined, sign: 1 | -1): number | undefined => {
    if (level === undefined || actual.length === 0) return undefined;
    const needed = actual.map((y, i) => (sign * y + slack) / (Math.abs(apart[i * quantiles.length + level] as number) + slack)).sort();
    const tail = Math.min(quantiles[level] as number, 1 - (quantiles[level] as number));
    const at = needed[Math.min(needed.length - 1, Math.floor((1 - tail) * needed.length))] as number;
    return clamp(Math.log(Math.max(Math.exp(-stretchMax), at)), stretchMax);
  };
  const sides = ringsOf(quantiles).map(({ lower, upper }) => [side(lower, -1), side(upper, 1)] as const);
  return {
    width: sides.map(([below, above]) => ((below ?? above ?? 0) + (above ?? below ?? 0)) / 2),
    tilt: sides.map(([below, above]) => ((below ?? above ?? 0) - (above ?? below ?? 0)) / 2),
  };
}
