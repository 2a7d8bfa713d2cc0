/**
 * Training in a worker: the same model as in this thread, the archives left to the caller, the thread gone afterwards.
 */
import { describe, expect, test } from 'vitest';
import { openBackend } from '../../../../energy-oracle/forecast/model/tfjs-backend.ts';
import { type FitProgress, fitPooledModel } from '../../../../energy-oracle/forecast/model/tfjs-pooled-fit.ts';
import { TrainingFailed, trainInWorker } from '../../../../energy-oracle/forecast/model/tfjs-training.ts';
import { knownAt } from '../../../../energy-oracle/forecast/target.ts';
import { DAY } from '../../../../units/time.ts';
import { begin, madeArchive, tinyFit } from './synthetic-archive.ts';

const archives = [madeArchive({ seed: 1 }), madeArchive({ seed: 2 })].map((archive) => knownAt(archive, begin + 50 * DAY));

describe('training in a worker', () => {
  test('gives the model that training here gives, and tells every epoch', async () => {
    const reports: FitProgress[] = [];
    const lines: string[] = [];
    const model = await trainInWorker(archives, tinyFit, {
      force: 'wasm',
      onProgress: (progress) => reports.push(progress),
      tell: (line) => lines.push(line),
    });
    await openBackend({ force: 'wasm' });
    expect(model).toEqual(await fitPooledModel(archives, tinyFit));
    expect(reports.map(({ variant, seed, epoch, epochs }) => [variant, seed, epoch, epochs])).toEqual([
      ['weather', 1, 1, 2],
      ['weather', 1, 2, 2],
      ['weather', 2, 1, 2],
      ['weather', 2, 2, 2],
      ['blind', 1, 1, 2],
      ['blind', 1, 2, 2],
      ['blind', 2, 1, 2],
      ['blind', 2, 2, 2],
    ]);
    expect(lines).toEqual(['TensorFlow.js runs on wasm']);
  });

  test('copies the archives, and of their signals only what training reads', async () => {
    const [archive] = archives;
    const before = structuredClone(archive);
    await trainInWorker(archives, { ...tinyFit, seeds: [1] });
    expect(archive).toEqual(before);
  });

  test('fails with the cause that the worker met, and says of which targets', async () => {
    const empty = archives.map((archive) => knownAt(archive, begin));
    const fault = await trainInWorker(empty, tinyFit).catch((thrown: unknown) => thrown);
    expect(fault).toBeInstanceOf(TrainingFailed);
    expect(fault).toMatchObject({
      modelKind: 'pv',
      targets: ['roof 1', 'roof 2'],
      cause: { name: 'RangeError', message: expect.stringContaining('nothing to learn') },
    });
  });

  test('ends at once when it is called off', async () => {
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    let epochs = 0;
    const endless = { ...tinyFit, net: { ...tinyFit.net, epochs: 10_000 } };
    const training = trainInWorker(archives, endless, {
      signal: controller.signal,
      onProgress: () => {
        epochs++;
        controller.abort(reason);
      },
    });
    await expect(training).rejects.toBe(reason);
    expect(epochs).toBeLessThan(100);
    await expect(trainInWorker(archives, tinyFit, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
