/**
 * Training set: rows that a pooled model learns from, drawn from the archives of many targets.
 *
 * Every row is made by a walker that has seen only what was known at its issue. Some issues are seen as a new site, a
 * broken line or a torn record would see them, so that the model knows what to do there. Equal seeds draw equal rows.
 */
import { DAY, type DurationMs, HOUR, type Instant } from '../../../units/time.ts';
import type { Archive } from '../target.ts';
import { drivenBy, type Ground, groundOf } from './ground.ts';
import type { TrainingRows } from './quantile-rows.ts';
import { featureNames, Recent } from './recent.ts';
import type { Recipe } from './recipe.ts';
import { createChance } from './seeded.ts';

export interface TrainingSetConfig {
  readonly recipe: Recipe;
  readonly horizonMs: DurationMs;
  /** Between issues. */
  readonly strideMs: DurationMs;
  /** Rows kept, at most about; the draw is even over targets, issues and leads. */
  readonly rowsMax: number;
  readonly seed: number;
  /** Share of issues seen without most of their past, with a fresh outage, and with holes. */
  readonly coldShare: number;
  readonly outageShare: number;
}

/** Rows with where they come from: targets are departures from CLIPER in units of the scale at their issue. */
export interface DrawnRows extends TrainingRows {
  /** Index of the archive, steps ahead and start of the step, per row. */
  readonly archive: Uint16Array;
  readonly lead: Uint16Array;
  readonly valid: Float64Array;
  /** Weeks are dealt out to so many folds by the instant of issue: a net that leaves one out can be judged on it. */
  readonly fold: Uint8Array;
}

export const foldCount = 8;

export interface TrainingSet {
  readonly rows: DrawnRows;
  /** Weight of the newest day against the week's mean, per lead day (CLIPER's a_d). */
  readonly persistenceWeights: readonly number[];
}

const foldOf = (issuedAt: Instant): number => Math.floor(issuedAt / (7 * DAY)) % foldCount;

/** Steps of the past before the first issue. */
const warmUpDays = 28;
/** Of 42 new sites so many have no past at all, the others one day to 30. */
const coldDays = 12;
/** Days that a variant of the past is walked over anew. */
const variantDays = 35;
/** Share of the rows of a dark sky that are kept: they are all alike. */
const darkShare = 0.1;

/** CLIPER in normalised units: the week's mean, moved towards the newest day. */
export const cliperOf = (newest: number, mean7: number, leadDay: number, weights: readonly number[]): number =>
  mean7 + (weights[Math.min(leadDay, weights.length - 1)] ?? 0) * (newest - mean7);

/** The largest array of a training: one set after the other is written into it, which ends the one before. */
export interface RowMemory {
  features(length: number): Float32Array;
}

export function createRowMemory(): RowMemory {
  let held = new Float32Array(0);
  return {
    features: (length) => {
      if (held.length < length) held = new Float32Array(length);
      return held.subarray(0, length);
    },
  };
}

/** Draws the rows of all archives. O(steps of the archives × features). */
export function trainingSetOf(archives: readonly Archive[], config: TrainingSetConfig, memory = createRowMemory()): TrainingSet {
  const { recipe, horizonMs, rowsMax } = config;
  const width = featureNames(recipe).length + 1;
  const chance = createChance(config.seed);
  const grounds = archives.map((archive) => groundOf(archive, 0));
  const plans = grounds.map((ground) => issuesOf(ground, config));
  const candidates = plans.reduce((sum, { issues, leads, litShare }) => sum + issues.length * leads * litShare, 0);
  const share = Math.min(1, rowsMax / Math.max(1, candidates));
  const draw = createDraw(Math.ceil(rowsMax * 1.1) + 1000, width, memory);
  for (const [k, ground] of grounds.entries()) {
    const { issues, leads } = plans[k] as IssuePlan;
    const straight = new Recent(ground, recipe);
    const isDriven = drivenBy(ground, recipe);
    for (const issue of issues) {
      straight.absorbTo(issue);
      const fold = foldOf(ground.grid.start + issue * ground.grid.stepMs);
      const recent = variant(ground, recipe, issue, config, chance.uniform) ?? straight;
      const normal = recent.normal();
      if (!normal) continue;
      for (let lead = 0; lead < leads; lead++) {
        const y = ground.values[issue + lead] as number;
        const keep = chance.uniform() < share * (isDark(ground, recipe, issue + lead) ? darkShare : 1);
        if (!keep || Number.isNaN(y) || !isDriven(issue + lead)) continue;
        const row = draw.add({ archive: k, lead, valid: ground.grid.start + (issue + lead) * ground.grid.stepMs, fold });
        if (row === undefined) continue;
        recent.write(lead, normal, draw.features, row * width);
        draw.targets[row] = (transformed(recipe, y) - normal.centre) / normal.scale;
      }
    }
  }
  const perDayOf = grounds.map(({ grid }) => DAY / grid.stepMs);
  const leadDays = Uint8Array.from(
    { length: draw.count() },
    (_, row) => (draw.lead[row] as number) / (perDayOf[draw.archive[row] as number] as number),
  );
  const persistenceWeights = fitPersistence(draw, leadDays, width, Math.round(horizonMs / DAY));
  for (let i = 0; i < draw.count(); i++) {
    const { features, targets } = draw;
    const base = cliperOf(features[i * width] as number, features[i * width + 3] as number, leadDays[i] as number, persistenceWeights);
    features[i * width + width - 1] = base;
    targets[i] = (targets[i] as number) - base;
  }
  return { rows: draw.rows(), persistenceWeights };
}

interface Draw {
  readonly features: Float32Array;
  readonly targets: Float32Array;
  readonly archive: Uint16Array;
  readonly lead: Uint16Array;
  count(): number;
  /** Index of a new row, its own memory still to be filled; `undefined` when there is no room. */
  add(row: { readonly archive: number; readonly lead: number; readonly valid: Instant; readonly fold: number }): number | undefined;
  rows(): DrawnRows;
}

/** Room for rows, filled one by one. */
function createDraw(room: number, width: number, memory: RowMemory): Draw {
  const features = memory.features(room * width);
  const targets = new Float32Array(room);
  const [archive, lead, valid, fold] = [new Uint16Array(room), new Uint16Array(room), new Float64Array(room), new Uint8Array(room)];
  let count = 0;
  return {
    features,
    targets,
    archive,
    lead,
    count: () => count,
    add: (row) => {
      if (count === room) return undefined;
      archive[count] = row.archive;
      lead[count] = row.lead;
      valid[count] = row.valid;
      fold[count] = row.fold;
      return count++;
    },
    rows: () => ({
      count,
      width,
      features: features.subarray(0, count * width),
      targets: targets.subarray(0, count),
      archive: archive.subarray(0, count),
      lead: lead.subarray(0, count),
      valid: valid.subarray(0, count),
      fold: fold.subarray(0, count),
    }),
  };
}

/** In the model's units before normalisation. */
export const transformed = ({ transform }: Recipe, y: number): number => (transform === 'log' ? Math.log(Math.max(y, 1e-3)) : y);

interface IssuePlan {
  readonly issues: readonly number[];
  readonly leads: number;
  readonly litShare: number;
}

function issuesOf(ground: Ground, { horizonMs, strideMs, recipe }: TrainingSetConfig): IssuePlan {
  const { start, stepMs, count } = ground.grid;
  const leads = Math.round(horizonMs / stepMs);

  const issues: number[] = [];
  const first = Math.ceil((start + warmUpDays * DAY) / strideMs) * strideMs;
  for (let at = first; (at - start) / stepMs + leads <= count; at += strideMs) issues.push(Math.round((at - start) / stepMs));
  return { issues, leads, litShare: recipe.scale === 'peak' ? 0.57 : 1 };
}

/** Night at the step and the hour before: whoever lives by the sun is not learned from there. */
function isDark({ drivers, grid }: Ground, { scale }: Recipe, index: number): boolean {
  const clear = drivers['clear'] as Float64Array;
  return scale === 'peak' && (clear[index] as number) === 0 && (clear[Math.max(0, index - HOUR / grid.stepMs)] as number) === 0;
}

/** The same issue as a new site, after an outage, or through a torn record would know it; `undefined` to see it whole. */
function variant(
  ground: Ground,
  recipe: Recipe,
  issue: number,
  { coldShare, outageShare }: TrainingSetConfig,
  uniform: () => number,
): Recent | undefined {
  const kind = uniform();
  const [length, holes] = [uniform(), uniform()];
  if (kind >= coldShare + outageShare) return undefined;
  const perDay = Math.round(DAY / ground.grid.stepMs);
  const isCold = kind < coldShare;
  if (isCold && recipe.scale !== 'peak') return undefined;
  const days = isCold ? Math.max(0, Math.floor(length * 42) - coldDays) : variantDays;
  const from = Math.max(0, issue - days * perDay);
  const values = ground.values.slice(0, issue);
  if (!isCold) {
    if (holes < 0.5) values.fill(Number.NaN, Math.max(0, issue - 1 - Math.floor(length * 3 * perDay)));
    else for (let i = from; i < issue; i++) if (uniform() < 0.6 * length) values[i] = Number.NaN;
  }
  const ceiling = ground.target.ceiling ?? nameplateAround(ground, issue);
  const recent = new Recent(isCold ? { ...ground, values, target: { ...ground.target, ceiling } } : { ...ground, values }, recipe, from);
  recent.absorbTo(issue);
  return recent;
}

/** Half of what is looked at for a nameplate that nobody told: a fleet grows, and every summer shows what it can. */
const nameplateReachMs = 183 * DAY;

/** What a new target would be told of its size where the record does not: the largest value of the year around the issue. */
function nameplateAround({ values, grid: { stepMs } }: Ground, issue: number): number {
  const reach = Math.round(nameplateReachMs / stepMs);
  const from = Math.max(0, Math.min(issue - reach, values.length - 2 * reach));
  let most = 1e-6;
  for (let i = from; i < Math.min(values.length, from + 2 * reach); i++) if ((values[i] as number) > most) most = values[i] as number;
  return most;
}

/** a_d of CLIPER by least squares: how far to go from the week's mean towards the newest day. */
function fitPersistence(draw: Draw, leadDays: Uint8Array, width: number, days: number): number[] {
  const [xy, xx] = [new Float64Array(days), new Float64Array(days)];
  for (let i = 0; i < draw.count(); i++) {
    const day = Math.min(leadDays[i] as number, days - 1);
    const mean7 = draw.features[i * width + 3] as number;
    const x = (draw.features[i * width] as number) - mean7;
    xy[day] = (xy[day] as number) + x * ((draw.targets[i] as number) - mean7);
    xx[day] = (xx[day] as number) + x * x;
  }
  return Array.from(xy, (sum, day) => Math.max(0, Math.min(1, sum / Math.max(xx[day] as number, 1e-9))));
}
