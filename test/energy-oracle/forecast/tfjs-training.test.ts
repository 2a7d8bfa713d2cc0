/**
 * Training in a worker: the same nets as in this thread, the rows given away, the thread gone afterwards.
 */
import { describe, expect, test } from 'vitest';
import type { TrainingRows } from '../../../energy-oracle/forecast/quantile-rows.ts';
import { createChance } from '../../../energy-oracle/forecast/seeded.ts';
import { openBackend } from '../../../energy-oracle/forecast/tfjs-backend.ts';
import { type EpochReport, quantileNetDefaults, trainQuantileNet } from '../../../energy-oracle/forecast/tfjs-quantile.ts';
import { TrainingFailed, trainInWorker } from '../../../energy-oracle/forecast/tfjs-training.ts';

function rowsOf(count: number): TrainingRows {
  const chance = createChance(count);
  return {
    count,
    width: 6,
    features: new Float32Array(count * 6).map(() => chance.normal()),
    targets: new Float32Array(count).map(() => chance.normal()),
  };
}
const small = { ...quantileNetDefaults, hidden: [16, 16], epochs: 2, batchRows: 128 };

describe('training in a worker', () => {
  test('gives the nets that training here gives, in the order of the seeds', async () => {
    const reports: EpochReport[] = [];
    const lines: string[] = [];
    const nets = await trainInWorker(rowsOf(600), small, [5, 6], {
      force: 'wasm',
      onEpoch: (report) => reports.push(report),
      tell: (line) => lines.push(line),
    });
    await openBackend({ force: 'wasm' });
    for (const [i, seed] of [5, 6].entries())
      expect(nets[i]?.toBytes()).toEqual((await trainQuantileNet(rowsOf(600), { ...small, seed })).toBytes());
    expect(reports.map(({ seed, epoch, epochs }) => [seed, epoch, epochs])).toEqual([
      [5, 1, 2],
      [5, 2, 2],
      [6, 1, 2],
      [6, 2, 2],
    ]);
    expect(lines).toEqual(['TensorFlow.js runs on wasm']);
  });

  test('takes the rows over without a copy, and leaves shared ones to both', async () => {
    const given = rowsOf(200);
    await trainInWorker(given, { ...small, epochs: 1 }, [1]);
    expect([given.features.length, given.targets.length]).toEqual([0, 0]);
    const { count, width, features, targets } = rowsOf(200);
    const shared = { count, width, features: new Float32Array(new SharedArrayBuffer(4 * count * width)), targets };
    shared.features.set(features);
    await trainInWorker(shared, { ...small, epochs: 1 }, [1]);
    expect(shared.features).toEqual(features);
  });

  test('fails with the cause that the worker met', async () => {
    const fault = await trainInWorker({ ...rowsOf(50), width: 7 }, small, [1, 2]).catch((thrown: unknown) => thrown);
    expect(fault).toBeInstanceOf(TrainingFailed);
    expect(fault).toMatchObject({ seeds: [1, 2], cause: { name: 'RangeError', message: expect.stringContaining('do not fit') } });
  });

  test('ends at once when it is called off', async () => {
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    const epochs: number[] = [];
    const started = performance.now();
    const training = trainInWorker(rowsOf(20_000), { ...small, epochs: 10_000 }, [1], {
      signal: controller.signal,
      onEpoch: ({ epoch }) => {
        epochs.push(epoch);
        controller.abort(reason);
      },
    });
    await expect(training).rejects.toBe(reason);
    expect(epochs.length).toBeLessThan(100);
    expect(performance.now() - started).toBeLessThan(10_000);
    await expect(trainInWorker(rowsOf(50), small, [1], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
