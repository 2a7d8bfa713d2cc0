/** Pooled fit: equal archives and seeds give equal models, plain data goes and comes back, and nothing gives nothing. */
import { deserialize, serialize } from 'node:v8';
import { beforeAll, describe, expect, test } from 'vitest';
import { forecastMembers } from '../../../../energy-oracle/forecast/model/pooled-model.ts';
import { openBackend } from '../../../../energy-oracle/forecast/model/tfjs-backend.ts';
import {
  type FitProgress,
  fitPooledModel,
  pooledModelOf,
  type StoredModel,
} from '../../../../energy-oracle/forecast/model/tfjs-pooled-fit.ts';
import { knownAt } from '../../../../energy-oracle/forecast/target.ts';
import { DAY } from '../../../../units/time.ts';
import { begin, madeArchive, tinyFit } from './synthetic-archive.ts';

const until = begin + 50 * DAY;
const archives = [1, 2].map((seed) => knownAt(madeArchive({ seed }), until));
const progress: FitProgress[] = [];
let stored: StoredModel;

beforeAll(async () => {
  await openBackend();
  stored = await fitPooledModel(archives, tinyFit, (report) => progress.push(report));
});

describe('a pooled fit', () => {
  test('gives equal models of equal seeds, to the bit, and others of others', async () => {
    expect(await fitPooledModel(archives, tinyFit)).toEqual(stored);
    expect((await fitPooledModel(archives, { ...tinyFit, seeds: [3, 4] })).id).not.toBe(stored.id);
  });

  test('learns with weather and without, one net a seed, and says what it is', () => {
    expect(stored.variants.map(({ nets }) => nets.length)).toEqual([2, 2]);
    expect(stored.variants.map(({ recipe }) => recipe.at.includes('irradiance'))).toEqual([true, false]);
    expect(stored.trainedUntil).toBe(until);
    expect(stored.id).toMatch(/^pooled-pv@2021-04-20#[0-9a-f]{8}$/);
    expect(new Set(progress.map(({ variant }) => variant))).toEqual(new Set(['weather', 'blind']));
    for (const { loss } of progress) expect(loss).toBeGreaterThan(0);
  });

  test('is blind alone where no weather was recorded, or none is wanted', async () => {
    const bare = archives.map((archive) => ({ ...archive, signals: {} }));
    expect((await fitPooledModel(bare, tinyFit)).variants).toHaveLength(1);
    expect((await fitPooledModel(archives, { ...tinyFit, isWeatherUsed: false })).variants).toHaveLength(1);
  });

  test('comes back from storage as it went', () => {
    const back = deserialize(serialize(stored)) as StoredModel;
    const asks = [{ known: knownAt(madeArchive({ seed: 3 }), until), steps: 48 }];
    expect(forecastMembers(pooledModelOf(back), asks)).toEqual(forecastMembers(pooledModelOf(stored), asks));
  });

  test('learns nothing from what came after the cut', async () => {
    const changed = [1, 2].map((seed) => {
      const archive = madeArchive({ seed });
      return knownAt({ ...archive, history: { ...archive.history, values: archive.history.values.slice().fill(99, 50 * 24) } }, until);
    });
    expect((await fitPooledModel(changed, tinyFit)).id).toBe(stored.id);
  });

  test('refuses archives without one usable row', async () =>
    expect(
      fitPooledModel(
        archives.map((archive) => knownAt(archive, begin + DAY)),
        tinyFit,
      ),
    ).rejects.toThrow('nothing to learn a pv model from'));
});
