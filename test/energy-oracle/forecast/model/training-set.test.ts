/** Training set: rows of equal seeds are equal, come from where they say, and never from after their issue. */
import { describe, expect, test } from 'vitest';
import { groundOf } from '../../../../energy-oracle/forecast/model/ground.ts';
import { featureNames } from '../../../../energy-oracle/forecast/model/recent.ts';
import { recipeFor } from '../../../../energy-oracle/forecast/model/recipe.ts';
import { createRowMemory, foldCount, trainingSetOf } from '../../../../energy-oracle/forecast/model/training-set.ts';
import { DAY, HOUR } from '../../../../units/time.ts';
import { begin, madeArchive } from './synthetic-archive.ts';

const archives = [madeArchive({ seed: 1 }), madeArchive({ seed: 2, peakKw: 1_000 })];
const recipe = recipeFor('pv', Object.keys(groundOf(archives[0] as (typeof archives)[number], 0).drivers), []);
const config = { recipe, horizonMs: 2 * DAY, strideMs: 6 * HOUR, rowsMax: 3_000, seed: 1, coldShare: 0, outageShare: 0 };
const width = featureNames(recipe).length + 1;

describe('a training set', () => {
  test('of equal seeds is equal, of another seed another', () => {
    const [one, two, other] = [1, 1, 2].map((seed) => trainingSetOf(archives, { ...config, seed, coldShare: 0.2, outageShare: 0.2 }));
    expect(two).toEqual(one);
    expect(other?.rows.features).not.toEqual(one?.rows.features);
  });

  test('is about as large as was asked, even over targets, and finite', () => {
    const { rows } = trainingSetOf(archives, { ...config, coldShare: 0.3, outageShare: 0.3 });
    expect(rows.width).toBe(width);
    expect(rows.count).toBeGreaterThan(1_500);
    expect(rows.count).toBeLessThan(4_500);
    const second = rows.archive.filter((k) => k === 1).length / rows.count;
    expect(second).toBeGreaterThan(0.4);
    expect(second).toBeLessThan(0.6);
    expect(rows.features.every(Number.isFinite) && rows.targets.every(Number.isFinite)).toBe(true);
  });

  test('knows no unit: a roof of a megawatt gives the rows of one of ten kilowatts', () => {
    const large = madeArchive({ seed: 1, peakKw: 1_000, id: 'roof 1' });
    const [one, other] = [archives[0] as typeof large, large].map((archive) => trainingSetOf([archive], config).rows);
    expect(other?.count).toBe(one?.count);
    for (let i = 0; i < (one?.targets.length ?? 0); i += 13) expect(other?.targets[i]).toBeCloseTo(one?.targets[i] as number, 4);
  });

  test('takes nothing from after the record, and warms up before its first issue', () => {
    const { rows } = trainingSetOf(archives, config);
    for (let i = 0; i < rows.count; i++) {
      const issuedAt = (rows.valid[i] as number) - (rows.lead[i] as number) * HOUR;
      expect(issuedAt).toBeGreaterThanOrEqual(begin + 28 * DAY);
      expect(issuedAt % config.strideMs).toBe(0);
      expect((rows.valid[i] as number) + HOUR).toBeLessThanOrEqual(begin + 60 * DAY);
      expect(rows.fold[i]).toBe(Math.floor(issuedAt / (7 * DAY)) % foldCount);
    }
  });

  test('leaves a gap in the truth out', () => {
    const torn = archives.map((archive) => ({
      ...archive,
      history: { ...archive.history, values: archive.history.values.map((value, i) => (i % 24 === 12 ? Number.NaN : value)) },
    }));
    const { rows } = trainingSetOf(torn, config);
    expect(rows.valid.every((at) => ((at - begin) / HOUR) % 24 !== 12)).toBe(true);
  });

  test('sees some issues as a new site would, with or without a nameplate in the record', () => {
    const depth = featureNames(recipe).indexOf('depth');
    const coldOf = (set: readonly (typeof archives)[number][]) => {
      const { rows } = trainingSetOf(set, { ...config, coldShare: 0.5 });
      return Array.from({ length: rows.count }, (_, i) => rows.features[i * width + depth] as number).filter((value) => value === 0).length;
    };
    expect(coldOf(archives)).toBeGreaterThan(50);
    expect(coldOf(archives.map((archive) => ({ ...archive, target: { ...archive.target, ceiling: undefined } })))).toBeGreaterThan(50);
    expect(trainingSetOf(archives, config).rows.features.filter((value, i) => i % width === depth && value === 0)).toHaveLength(0);
  });

  test('finds how far to believe yesterday, per lead day', () => {
    const { persistenceWeights } = trainingSetOf(archives, config);
    expect(persistenceWeights).toHaveLength(2);
    for (const weight of persistenceWeights) expect(weight >= 0 && weight <= 1).toBe(true);
  });

  test('may be written where another was, when that one is done with', () => {
    const memory = createRowMemory();
    const first = trainingSetOf(archives, config, memory).rows.features;
    const second = trainingSetOf(archives, { ...config, seed: 2 }, memory).rows.features;
    expect(second.buffer).toBe(first.buffer);
    expect(second).toEqual(trainingSetOf(archives, { ...config, seed: 2 }).rows.features);
  });
});
