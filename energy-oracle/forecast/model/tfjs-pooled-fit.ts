/**
 * Pooled fit: trains a pooled model from archives, and stores it.
 *
 * Each net of the ensemble leaves one fold of weeks out and is judged on it, so how far the model misses is known from
 * weeks it has not seen. Equal archives, settings and seeds give equal models. Runs wherever a backend is open; live it
 * is called in a worker (`tfjs-training.ts`).
 */
import { createHash } from 'node:crypto';
import { DAY, type DurationMs, HOUR, type Instant, toIso } from '../../../units/time.ts';
import type { Archive, TargetKind } from '../target.ts';
import { groundOf } from './ground.ts';
import { heldOutPrior } from './held-out-prior.ts';
import type { PooledModel, Variant } from './pooled-model.ts';
import { inputScales } from './quantile-net.ts';
import { featureNames } from './recent.ts';
import { type Recipe, recipeFor } from './recipe.ts';
import { type Residual, type ResidualTable, residualTableOf } from './residual-table.ts';
import { fitRidge, ridgeOf } from './ridge.ts';
import { type EpochReport, type QuantileNet, type QuantileNetConfig, quantileEnsembleFrom, trainQuantileNet } from './tfjs-quantile.ts';
import { createRowMemory, type DrawnRows, foldCount, type RowMemory, trainingSetOf } from './training-set.ts';

export interface PooledFitConfig {
  readonly kind: TargetKind;
  readonly quantiles: readonly number[];
  readonly horizonMs: DurationMs;
  /** Between issues that rows are drawn from. */
  readonly strideMs: DurationMs;
  readonly rowsMax: number;
  /** One net each, at most as many as there are folds. */
  readonly seeds: readonly number[];
  readonly net: Omit<QuantileNetConfig, 'seed' | 'quantiles'>;
  /** Penalty of the ridge. */
  readonly lambda: number;
  readonly coldShare: number;
  readonly outageShare: number;
  /**
   * Weight of a row of the first hours against one of any other where the weather is known: promises are made for them,
   * and few rows are theirs. Rows without weather all weigh alike.
   */
  readonly soonWeight: number;
  /** A variant with weather beside the blind one. */
  readonly isWeatherUsed: boolean;
}

/** Fewer rows than this are a small record: a smaller net, held tighter, over more epochs. */
const smallRows = 40_000;

/** Settings that fit what there is to learn from; measured in `docs/forecasting.md`. */
export const pooledFitDefaults = (kind: TargetKind, rows: number): PooledFitConfig => ({
  kind,
  quantiles: [0.1, 0.5, 0.9],
  horizonMs: 4 * DAY,
  strideMs: 6 * HOUR,
  rowsMax: 150_000,
  seeds: [1, 2, 3],
  net:
    rows < smallRows
      ? { hidden: [48, 24], epochs: 30, batchRows: 256, learningRate: 2e-3, weightDecay: 1 }
      : { hidden: [64, 64], epochs: kind === 'renewables' ? 5 : 7, batchRows: 1024, learningRate: 6e-3, weightDecay: 0.1 },
  lambda: 1e-3,
  coldShare: 0.05,
  outageShare: 0.02,
  soonWeight: kind === 'renewables' ? 6 : 1,
  isWeatherUsed: true,
});

/** A fitted variant as it is stored: nets as bytes. */
export interface StoredVariant extends Omit<Variant, 'net' | 'ridge'> {
  readonly nets: readonly Uint8Array<ArrayBuffer>[];
  readonly ridge: { readonly intercept: number; readonly coefficients: Float64Array };
}

/** A pooled model as plain data: it crosses to other threads and into storage. */
export interface StoredModel extends Omit<PooledModel, 'variants'> {
  readonly variants: readonly StoredVariant[];
}

export interface FitProgress extends EpochReport {
  readonly variant: 'weather' | 'blind';
}

/** Trains on all that the archives hold. Refuses archives without one usable row with a RangeError. */
export async function fitPooledModel(
  archives: readonly Archive[],
  config: PooledFitConfig,
  onProgress: (progress: FitProgress) => void = () => {},
): Promise<StoredModel> {
  const recipes = recipesOf(archives, config);
  const variants: StoredVariant[] = [];
  const memory = createRowMemory();
  for (const [i, recipe] of recipes.entries()) {
    const variant = recipes.length > 1 && i === 0 ? 'weather' : 'blind';
    const fitted = variant === 'weather' ? config : { ...config, soonWeight: 1 };
    variants.push(await fitVariant(archives, recipe, fitted, memory, (report) => onProgress({ ...report, variant })));
  }
  const trainedUntil = Math.max(...archives.map(({ history }) => history.start + history.stepMs * history.values.length));
  const { kind, quantiles, horizonMs } = config;
  return { id: idOf(kind, trainedUntil, variants), kind, quantiles, horizonMs, trainedUntil, variants };
}

/** The model that predicts; a backend must be open in this thread. */
export const pooledModelOf = (stored: StoredModel): PooledModel => ({
  ...stored,
  variants: stored.variants.map(({ nets, ridge, ...variant }) => ({
    ...variant,
    net: quantileEnsembleFrom(nets),
    ridge: ridgeOf(ridge.intercept, ridge.coefficients),
  })),
});

/** With all drivers that most archives have, if any comes from weather; and with those of geometry alone. */
function recipesOf(archives: readonly Archive[], { kind, isWeatherUsed }: PooledFitConfig): Recipe[] {
  const companions = common(archives.map(({ companions }) => Object.keys(companions)));
  const probe = archives.map(({ target, history, signals }) =>
    Object.keys(groundOf({ target, history: { ...history, values: history.values.subarray(0, 1) }, signals, companions: {} }, 0).drivers),
  );
  const drivers = common(probe);
  const blind = recipeFor(kind, ['clear', 'sine'], companions);
  return isWeatherUsed && drivers.length > 2 ? [recipeFor(kind, drivers, companions), blind] : [blind];
}

/** Names that at least half of the lists hold. */
function common(lists: readonly (readonly string[])[]): string[] {
  const names = [...new Set(lists.flat())].sort();
  return names.filter((name) => 2 * lists.filter((list) => list.includes(name)).length >= lists.length);
}

async function fitVariant(
  archives: readonly Archive[],
  recipe: Recipe,
  config: PooledFitConfig,
  memory: RowMemory,
  onEpoch: (report: EpochReport) => void,
): Promise<StoredVariant> {
  const { rows, persistenceWeights } = trainingSetOf(archives, { ...config, recipe, seed: config.seeds[0] ?? 1 }, memory);
  if (rows.count === 0)
    throw new RangeError(`nothing to learn a ${config.kind} model from: ${archives.length} archives give no usable row`);
  const ridge = fitRidge(rows, config.lambda);
  const inputs = inputScales(rows);
  const nets: QuantileNet[] = [];
  for (const seed of config.seeds) {
    const weights = rowWeights(rows, config, seed, archives);
    nets.push(await trainQuantileNet({ ...rows, weights }, { ...config.net, quantiles: config.quantiles, seed, inputs }, { onEpoch }));
  }
  const line = ridge.predict(rows);
  const residuals = residualsOf(archives, rows, line, config);
  const heldOut = {
    targets: archives.map(({ target }) => target),
    stepMs: archives[0]?.history.stepMs ?? HOUR,
    quantiles: config.quantiles,
  };
  return {
    recipe,
    persistenceWeights,
    nets: nets.map((net) => net.toBytes()),
    ridge: { intercept: ridge.intercept, coefficients: ridge.coefficients },
    residuals,
    prior: heldOutPrior({ ...heldOut, recipe, rows, nets, line, residuals }),
  };
}

/** Rows that begin this soon after their issue are of the first hours. */
const soonMs: DurationMs = 6 * HOUR;

/** 0 for the weeks that the net of this seed leaves out. */
function rowWeights({ fold, lead, archive }: DrawnRows, config: PooledFitConfig, seed: number, archives: readonly Archive[]): Float32Array {
  const leftOut = foldLeftOut(config, seed);
  const soonSteps = archives.map(({ history }) => soonMs / history.stepMs);
  const weights = new Float32Array(fold.length);
  for (let row = 0; row < weights.length; row++) {
    const isSoon = (lead[row] as number) < (soonSteps[archive[row] as number] as number);
    weights[row] = fold[row] === leftOut ? 0 : isSoon ? config.soonWeight : 1;
  }
  return weights;
}

/** One net alone leaves nothing out: it has nobody to see the rest. */
const foldLeftOut = ({ seeds }: PooledFitConfig, seed: number): number => (seeds.length > 1 ? seeds.indexOf(seed) % foldCount : -1);

function residualsOf(
  archives: readonly Archive[],
  rows: DrawnRows,
  line: Float32Array,
  { quantiles, horizonMs }: PooledFitConfig,
): { cliper: ResidualTable; ridge: ResidualTable } {
  const tableOf = (missOf: (row: number) => number): ResidualTable => {
    const residualOf = (row: number): Residual => {
      const { target, history } = archives[rows.archive[row] as number] as Archive;
      return {
        centre: (rows.valid[row] as number) + history.stepMs / 2,
        longitude: target.longitude,
        leadDay: Math.floor(((rows.lead[row] as number) * history.stepMs) / DAY),
        miss: missOf(row),
      };
    };
    return residualTableOf({ count: rows.count, residualOf }, quantiles, horizonMs);
  };
  return {
    cliper: tableOf((row) => rows.targets[row] as number),
    ridge: tableOf((row) => (rows.targets[row] as number) - (line[row] as number)),
  };
}

function idOf(kind: TargetKind, trainedUntil: Instant, variants: readonly StoredVariant[]): string {
  const hash = createHash('sha256');
  for (const { nets, ridge, recipe } of variants) {
    hash.update(featureNames(recipe).join());
    for (const net of nets) hash.update(net);
    hash.update(new Uint8Array(ridge.coefficients.buffer));
  }
  return `pooled-${kind}@${toIso(trainedUntil).slice(0, 10)}#${hash.digest('hex').slice(0, 8)}`;
}
