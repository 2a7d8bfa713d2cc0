/** A made-up solar plant and a model that is fitted in milliseconds: what backtests and tracks are tested on. */

import type { PooledModel } from '../../../../energy-oracle/forecast/model/pooled-model.ts';
import { featureNames } from '../../../../energy-oracle/forecast/model/recent.ts';
import { recipeFor } from '../../../../energy-oracle/forecast/model/recipe.ts';
import { fitRidge } from '../../../../energy-oracle/forecast/model/ridge.ts';
import { createChance } from '../../../../energy-oracle/forecast/model/seeded.ts';
import { trainingSetOf } from '../../../../energy-oracle/forecast/model/training-set.ts';
import type { BacktestPorts, BacktestTask } from '../../../../energy-oracle/forecast/score/backtest.ts';
import type { Archive, TargetKind } from '../../../../energy-oracle/forecast/target.ts';
import type { Calibrating } from '../../../../energy-oracle/forecast/track.ts';
import { DAY, HOUR, type Instant } from '../../../../units/time.ts';

export const start: Instant = Date.UTC(2022, 2, 1);
export const quantiles = [0.1, 0.5, 0.9];
const days = 110;

/** Hourly power of a plant of 100 kW under seeded clouds; as `net` less a load of 20 to 40 kW. */
export function plant(id: string, seed: number, kind: TargetKind = 'pv'): Archive {
  const chance = createChance(seed);
  const values = new Float64Array(days * 24);
  const load = new Float64Array(days * 24);
  for (let day = 0; day < days; day++) {
    const cloud = 0.3 + 0.7 * chance.uniform();
    for (let hour = 0; hour < 24; hour++) {
      const sun = Math.max(0, Math.sin((Math.PI * (hour - 5.5)) / 13));
      values[day * 24 + hour] = 90 * cloud * sun * (0.9 + 0.1 * chance.uniform());
      load[day * 24 + hour] = 20 + 20 * chance.uniform();
    }
  }
  const history = { start, stepMs: HOUR, values: kind === 'net' ? values.map((kw, i) => kw - (load[i] as number)) : values };
  const target = { id, kind, latitude: 48, longitude: 10, pv: [], ceiling: 100, floor: kind === 'net' ? undefined : 0 };
  return { target, history, signals: {}, companions: kind === 'net' ? { load: { start, stepMs: HOUR, values: load } } : {} };
}

/** A ridge with a fixed spread, no net at all. */
export function quickModel(archives: readonly Archive[], trainedUntil: Instant, kind: TargetKind = 'pv'): PooledModel {
  const horizonMs = 2 * DAY;
  const companions = Object.keys(archives[0]?.companions ?? {});
  const recipe = recipeFor(kind, ['clear', 'sine'], companions);
  const set = { recipe, horizonMs, strideMs: 6 * HOUR, rowsMax: 3_000, seed: 1, coldShare: 0, outageShare: 0 };
  const { rows, persistenceWeights } = trainingSetOf(archives, set);
  const ridge = fitRidge(rows, 1e-2);
  const spread = [-0.2, 0, 0.2];
  const table = { quantiles, leadDays: 2, values: Array.from({ length: 24 * 2 }, () => spread).flat() };
  return {
    id: `quick-${archives.length}-${featureNames(recipe).length}@${trainedUntil}`,
    kind,
    quantiles,
    horizonMs,
    trainedUntil,
    variants: [
      {
        recipe,
        persistenceWeights,
        ridge,
        net: {
          quantiles,
          predict: (asked) =>
            Float32Array.from(ridge.predict(asked)).reduce<Float32Array>(
              (said, middle, row) => {
                spread.forEach((offset, j) => {
                  said[row * spread.length + j] = middle + offset / 2;
                });
                return said;
              },
              new Float32Array(asked.count * spread.length),
            ),
        },
        residuals: { cliper: table, ridge: table },
      },
    ],
  };
}

/** Lets the net speak and remembers nothing. */
export const plainCalibrator = (): Calibrating => ({
  apply: ({ members }) => members.net as Float64Array,
  learn: () => {},
  toJSON: () => null,
});

export const plainPorts = (kind: TargetKind = 'pv'): BacktestPorts => ({
  fit: async (archives, until) => quickModel(archives, until, kind),
  calibrator: plainCalibrator,
});

/** Two plants, tested from 1 May to 10 June, issues every 6 h. */
export function plantTask(more: Partial<BacktestTask> = {}, kind: TargetKind = 'pv'): BacktestTask {
  const archives = [plant('south', 1, kind), plant('north', 2, kind)];
  const [from, to] = [Date.UTC(2022, 4, 1), Date.UTC(2022, 5, 10)];
  return {
    name: 'plants',
    about: 'two made-up plants',
    quantiles,
    horizonMs: 2 * DAY,
    issueEveryMs: 6 * HOUR,
    targets: archives.map((archive) => ({ archive, from, to })),
    learnFrom: archives,
    refit: 'never',
    scoredAs: 'value',
    ...more,
  };
}
