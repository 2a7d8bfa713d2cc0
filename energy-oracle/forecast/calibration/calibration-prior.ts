/**
 * Calibration prior: what held-out forecasts of all targets teach about the say of the members and the width of their
 * quantiles, before a target has a record of its own.
 *
 * Fitted once when a model is trained, saved with it, and never changed: what is learned later lives in the calibrator of
 * a target. Without held-out rows there is a cold prior, and the calibrator learns from there.
 */
import type { DurationMs } from '../../../units/time.ts';
import { type MemberName, memberNames } from '../model/member-forecast.ts';
import { rowsWhere } from '../model/row-selection.ts';
import type { Target } from '../target.ts';
import { type BlendWeights, coldBlend, fitWeights } from './blend.ts';
import { fitRings, noStretch, type Stretch, slackPerScale } from './conformal.ts';
import { middleAt, middleOf } from './middle.ts';
import { ringsOf } from './rings.ts';
import { dayPartOf, leadDaysMax, leadIndexOf, stepGroupOf, stepGroups } from './step-group.ts';

/**
 * Forecasts that were never learned from, beside what came true: one row is one step of one issue. Numbers are in units of
 * the scale at the issue and may share any base, such as CLIPER; for a log recipe log residuals stand for relative ones.
 */
export interface CalibrationForecasts {
  readonly quantiles: readonly number[];
  readonly count: number;
  readonly stepMs: DurationMs;
  readonly targets: readonly Target[];
  /** Index of the target, whole steps ahead (0 for the first), start of the step, and what came true, per row. */
  readonly archive: ArrayLike<number>;
  readonly lead: ArrayLike<number>;
  readonly valid: ArrayLike<number>;
  readonly actual: ArrayLike<number>;
  /** Whether the sun can drive the step; rows of a dark sky teach nothing. */
  readonly isLit: ArrayLike<number>;
  /** What the members said: row-major, `count × quantiles.length`. */
  readonly members: Readonly<Partial<Record<MemberName, ArrayLike<number>>>>;
}

/** Plain JSON. */
export interface CalibrationPrior {
  readonly quantiles: readonly number[];
  readonly weights: BlendWeights;
  /** By the member that gives the shape. */
  readonly stretch: Readonly<Partial<Record<MemberName, Stretch>>>;
  /** Of the targets that were held out, by their id; what is missing is as for all. */
  readonly own: Readonly<Record<string, Readonly<Partial<Record<MemberName, Stretch>>>>>;
}

/** Held-out rows at which a target's own width, or a group's, is believed by half. */
const ownRowsHalf = 3000;
const groupRowsHalf = 1000;

/** A prior that knows nothing: the quantiles are taken as they come. */
export const coldPrior = (quantiles: readonly number[]): CalibrationPrior => ({
  quantiles: [...quantiles],
  weights: coldBlend,
  stretch: {},
  own: {},
});

/** Where the stretch of a target starts when this member gives the shape. */
export const stretchFor = ({ quantiles, stretch, own }: CalibrationPrior, targetId: string, shape: MemberName): Stretch =>
  own[targetId]?.[shape] ?? stretch[shape] ?? noStretch(ringsOf(quantiles).length);

/**
 * Fits the prior of all targets of a model. O(rows × (150 + log rows)).
 *
 * @throws RangeError when the columns are not of `count` rows
 */
export function fitPrior(forecasts: CalibrationForecasts): CalibrationPrior {
  const { quantiles, count, members, targets, archive } = forecasts;
  for (const [name, said] of Object.entries(members))
    if (said.length !== count * quantiles.length)
      throw new RangeError(`${name} must say ${count} × ${quantiles.length} quantiles, found ${said.length}`);
  const groups = groupsOf(forecasts);
  const median = middleAt(quantiles);
  const middles = memberNames.map((name) => {
    const said = members[name];
    return said && Float64Array.from({ length: count }, (_, i) => middleOf(said, i * quantiles.length, median));
  });
  const lit = rowsWhere(count, (i) => (groups[i] as number) >= 0);
  const weights = fitBlend(forecasts, middles, groups);
  const stretch: Partial<Record<MemberName, Stretch>> = {};
  const own: Record<string, Partial<Record<MemberName, Stretch>>> = Object.fromEntries(targets.map(({ id }) => [id, {}]));
  for (const [m, name] of memberNames.entries()) {
    if (!members[name]) continue;
    const pooled = fitShape(forecasts, name, middles, weights, lit, groups);
    stretch[name] = pooled;
    targets.forEach(({ id }, k) => {
      const rows = lit.filter((i) => archive[i] === k);
      const alone = fitRings(quantiles, apartOf(forecasts, m, middles, weights, rows, groups), slackPerScale);
      const share = rows.length / (rows.length + ownRowsHalf);
      const mixed = (all: readonly number[], its: readonly number[]) => all.map((value, r) => value + share * ((its[r] as number) - value));
      (own[id] as Partial<Record<MemberName, Stretch>>)[name] = {
        width: mixed(pooled.width, alone.width),
        tilt: mixed(pooled.tilt, alone.tilt),
        groups: pooled.groups,
      };
    });
  }
  return { quantiles: [...quantiles], weights, stretch, own };
}

/** Group of each row; −1 where the sky is dark. */
function groupsOf({ count, stepMs, targets, archive, lead, valid, isLit }: CalibrationForecasts): Int8Array {
  return Int8Array.from({ length: count }, (_, i) => {
    const start = valid[i] as number;
    const { longitude } = targets[archive[i] as number] as Target;
    const issuedAt = start - (lead[i] as number) * stepMs;
    return isLit[i] ? stepGroupOf(dayPartOf(start, stepMs, longitude), leadIndexOf(issuedAt, start)) : -1;
  });
}

type Middles = readonly (Float64Array | undefined)[];

const leadOfGroup = (group: number) => Math.floor(group / (stepGroups / leadDaysMax));

/** Weights per lead day; lead days beyond the horizon have those of the last within, absent members have no say. */
function fitBlend({ actual }: CalibrationForecasts, middles: Middles, groups: Int8Array): number[][] {
  const fitted: number[][] = [];
  for (let lead = 0; lead < leadDaysMax; lead++) {
    const rows = rowsWhere(groups.length, (i) => (groups[i] as number) >= 0 && leadOfGroup(groups[i] as number) === lead);
    const last = fitted.at(-1);
    if (middles.some((said) => !said) || (rows.length === 0 && last === undefined))
      fitted.push([...(coldBlend[lead] as readonly number[])]);
    else if (rows.length === 0) fitted.push([...(last as number[])]);
    else
      fitted.push(
        fitWeights({
          middles: Float64Array.from({ length: rows.length * middles.length }, (_, at) => {
            const row = rows[Math.floor(at / middles.length)] as number;
            return (middles[at % middles.length] as Float64Array)[row] as number;
          }),
          actual: Float64Array.from(rows, (i) => actual[i] as number),
        }),
      );
  }
  return fitted;
}

/** Distances of a shape's quantiles from its middle, and of the truth from the middle of this and the simpler members. */
function apartOf(
  { quantiles, members, actual }: CalibrationForecasts,
  shape: number,
  middles: Middles,
  weights: BlendWeights,
  rows: Uint32Array,
  groups: Int8Array,
) {
  const said = members[memberNames[shape] as MemberName] as ArrayLike<number>;
  const own = middles[shape] as Float64Array;
  const apart = new Float64Array(rows.length * quantiles.length);
  const truths = new Float64Array(rows.length);
  rows.forEach((i, at) => {
    const says = weights[leadOfGroup(groups[i] as number)] as readonly number[];
    let [sum, say] = [0, 0];
    for (let m = 0; m <= shape; m++) {
      const member = middles[m];
      if (!member) continue;
      sum += (says[m] as number) * (member[i] as number);
      say += says[m] as number;
    }
    truths[at] = (actual[i] as number) - sum / say;
    for (let j = 0; j < quantiles.length; j++)
      apart[at * quantiles.length + j] = (said[i * quantiles.length + j] as number) - (own[i] as number);
  });
  return { apart, actual: truths };
}

/** Width, tilt and offsets of the groups when one member gives the shape. */
function fitShape(
  forecasts: CalibrationForecasts,
  name: MemberName,
  middles: Middles,
  weights: BlendWeights,
  lit: Uint32Array,
  groups: Int8Array,
): Stretch {
  const { quantiles } = forecasts;
  const ringsFrom = (rows: Uint32Array) =>
    fitRings(quantiles, apartOf(forecasts, memberNames.indexOf(name), middles, weights, rows, groups), slackPerScale);
  const pooled = ringsFrom(lit);
  const offsets = Array.from({ length: stepGroups }, (_, group) => {
    const rows = lit.filter((i) => groups[i] === group);
    const share = rows.length / (rows.length + groupRowsHalf);
    return ringsFrom(rows).width.map((width, r) => (rows.length > 0 ? share * (width - (pooled.width[r] as number)) : 0));
  });
  return { ...pooled, groups: offsets.flat() };
}
