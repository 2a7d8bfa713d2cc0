/**
 * TensorFlow.js quantiles: learning a law that is known, to the bit the same each time, and leaving nothing behind.
 */
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { inputScales, QuantileNetUnreadable } from '../../../../energy-oracle/forecast/model/quantile-net.ts';
import type { TrainingRows } from '../../../../energy-oracle/forecast/model/quantile-rows.ts';
import { createChance } from '../../../../energy-oracle/forecast/model/seeded.ts';
import { openBackend } from '../../../../energy-oracle/forecast/model/tfjs-backend.ts';
import {
  netGradient,
  type QuantileNetConfig,
  quantileEnsembleFrom,
  quantileNetDefaults,
  trainQuantileNet,
} from '../../../../energy-oracle/forecast/model/tfjs-quantile.ts';

/** y = 50 + 20·a + (2 + 8·|b|)·noise, in odd units; a third feature means nothing, a fourth never moves. */
function law(count: number, seed: number): TrainingRows {
  const chance = createChance(seed);
  const features = new Float32Array(count * 4);
  const targets = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const [a, b, c] = [chance.uniform() * 2 - 1, chance.uniform() * 2 - 1, chance.normal()];
    features.set([1000 + 300 * a, b, c, 7], i * 4);
    targets[i] = 50 + 20 * a + (2 + 8 * Math.abs(b)) * chance.normal();
  }
  return { count, width: 4, features, targets };
}

const small: QuantileNetConfig = { ...quantileNetDefaults, hidden: [16, 16], epochs: 2, batchRows: 128 };
const trained = law(1500, 1);
const asked = law(500, 2);
const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

beforeAll(async () => {
  await openBackend({ force: 'wasm' });
});

describe('a quantile net', () => {
  test('learns the quantiles of a law whose spread depends on the features', async () => {
    const losses: number[] = [];
    const config = { ...quantileNetDefaults, hidden: [32, 32], epochs: 12, batchRows: 256 };
    const net = await trainQuantileNet(law(12_000, 3), config, { onEpoch: ({ loss }) => losses.push(loss) });
    const checks = [];
    for (const a of [-0.8, 0, 0.8]) for (const b of [-0.9, -0.4, 0, 0.5, 0.9]) checks.push({ a, b });
    const features = Float32Array.from(checks.flatMap(({ a, b }) => [1000 + 300 * a, b, 0, 7]));
    const found = net.predict({ count: checks.length, width: 4, features });
    const far = checks.flatMap(({ a, b }, i) =>
      [-1.2816, 0, 1.2816].map((z, j) => Math.abs((found[i * 3 + j] ?? Number.NaN) - (50 + 20 * a + (2 + 8 * Math.abs(b)) * z))),
    );
    expect(far.reduce((sum, value) => sum + value, 0) / far.length).toBeLessThan(0.9); // of a target whose deviation is 13
    expect(Math.max(...far)).toBeLessThan(3);
    expect(losses).toHaveLength(12);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) * 0.8);
  });

  test('never crosses, on rows it was not made for either', async () => {
    const net = await trainQuantileNet(trained, { ...small, quantiles: [0.02, 0.1, 0.3, 0.6, 0.95], epochs: 1 });
    const wild = Float32Array.from(asked.features, (value, i) => value * (i % 7) * (i % 2 ? 1 : -300));
    const found = net.predict({ count: asked.count, width: 4, features: wild });
    expect(found.length).toBe(asked.count * 5);
    expect(found.every((value, i) => Number.isFinite(value) && (i % 5 === 0 || value >= (found[i - 1] ?? 0)))).toBe(true);
  });

  test('is the same to the bit for the same seed, and another for another', async () => {
    const [first, again, other] = [
      await trainQuantileNet(trained, small),
      await trainQuantileNet(trained, small),
      await trainQuantileNet(trained, { ...small, seed: 2 }),
    ];
    expect(hash(again.toBytes())).toBe(hash(first.toBytes()));
    expect(hash(other.toBytes())).not.toBe(hash(first.toBytes()));
  });

  test('comes back from its bytes with the very same predictions', async () => {
    const net = await trainQuantileNet(trained, small);
    const back = quantileEnsembleFrom([net.toBytes()]);
    expect(back.quantiles).toEqual(net.quantiles);
    expect(hash(new Uint8Array(back.predict(asked).buffer))).toBe(hash(new Uint8Array(net.predict(asked).buffer)));
    const within = new Uint8Array(net.toBytes().length + 5); // bytes that lie in the midst of others, as a database gives them
    within.set(net.toBytes(), 5);
    expect([...quantileEnsembleFrom([within.subarray(5)]).predict(asked)]).toEqual([...net.predict(asked)]);
  });

  test('is averaged with others, quantile by quantile, whether they share their scales or not', async () => {
    const inputs = inputScales(trained);
    const alike = await Promise.all([1, 2].map((seed) => trainQuantileNet(trained, { ...small, epochs: 1, seed, inputs })));
    const apart = await trainQuantileNet(law(700, 9), { ...small, epochs: 1, seed: 3 });
    for (const nets of [alike, [...alike, apart]]) {
      const each = nets.map((net) => net.predict(asked));
      const said = quantileEnsembleFrom(nets.map((net) => net.toBytes())).predict(asked);
      for (const [i, value] of said.entries()) expect(value).toBeCloseTo(mean(Float32Array.from(each, (one) => one[i] as number)), 3);
    }
  });

  test('is not averaged with one of other levels, and nothing has no average', async () => {
    const [net, other] = [
      await trainQuantileNet(trained, { ...small, epochs: 1 }),
      await trainQuantileNet(trained, { ...small, epochs: 1, quantiles: [0.5] }),
    ];
    expect(() => quantileEnsembleFrom([net.toBytes(), other.toBytes()])).toThrow(RangeError);
    expect(() => quantileEnsembleFrom([])).toThrow(RangeError);
  });

  test('is refused when its bytes are cut, damaged, or of another version', async () => {
    const bytes = (await trainQuantileNet(trained, { ...small, epochs: 1 })).toBytes();
    const damaged = Uint8Array.from(bytes).fill(255, bytes.length - 4);
    const renamed = Uint8Array.from(bytes).fill(50, 21, 22); // version 2
    for (const unreadable of [bytes.subarray(0, bytes.length - 1), damaged, renamed, new Uint8Array(), bytes.subarray(9)])
      expect(() => quantileEnsembleFrom([unreadable])).toThrow(QuantileNetUnreadable);
  });

  test('learns and says the same on plain JavaScript as on WebAssembly', async () => {
    const onWasm = await trainQuantileNet(trained, small);
    const saidByWasm = onWasm.predict(asked);
    await openBackend({ force: 'cpu' });
    try {
      const saidByCpu = onWasm.predict(asked);
      const learnedByCpu = (await trainQuantileNet(trained, small)).predict(asked);
      const apart = (said: Float32Array) => Math.max(...said.map((value, i) => Math.abs(value - (saidByWasm[i] ?? Number.NaN))));
      expect(apart(saidByCpu)).toBeLessThan(1e-4);
      expect(apart(learnedByCpu)).toBeLessThan(0.05); // rounding, through 24 steps; targets of 50
    } finally {
      await openBackend({ force: 'wasm' });
    }
  });

  test('leaves no tensor behind, neither by training nor by a prediction', async () => {
    const before = tf.memory().numTensors;
    const net = await trainQuantileNet(trained, { ...small, epochs: 1 });
    net.predict(asked);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('does not see rows of no weight, and sees a heavy row more', async () => {
    const poisoned = { ...trained, targets: Float32Array.from(trained.targets), weights: new Float32Array(1500).fill(2) };
    poisoned.targets.fill(1e9, 1000);
    poisoned.weights.fill(0, 1000);
    const clean = { count: 1000, width: 4, features: trained.features.subarray(0, 4000), targets: trained.targets.subarray(0, 1000) };
    expect(hash((await trainQuantileNet(poisoned, small)).toBytes())).toBe(hash((await trainQuantileNet(clean, small)).toBytes()));
    const weights = Float32Array.from(trained.targets, (target) => (target > 50 ? 20 : 1));
    const heavy = await trainQuantileNet({ ...trained, weights }, small);
    expect(mean(heavy.predict(asked))).toBeGreaterThan(mean((await trainQuantileNet(trained, small)).predict(asked)) + 1);
  });

  test('answers each row for itself, however many are asked at once', async () => {
    const net = await trainQuantileNet(trained, small);
    const many = law(5000, 4); // more than one block
    const whole = net.predict(many);
    const alone = net.predict({ count: 1, width: 4, features: many.features.subarray(4 * 4999) });
    expect(whole.length).toBe(15_000);
    for (const [j, value] of alone.entries()) expect(whole[3 * 4999 + j]).toBeCloseTo(value, 3);
    expect(net.predict({ count: 0, width: 4, features: new Float32Array() })).toHaveLength(0);
    const some = Uint32Array.of(4999, 7, 4096);
    expect([...net.predict(many, some)]).toEqual(Array.from(some, (row) => [...whole.subarray(3 * row, 3 * row + 3)]).flat());
  });

  test('learns from a handful of rows that are all alike without a number that is none', async () => {
    const rows = { count: 3, width: 2, features: new Float32Array(6), targets: new Float32Array(3).fill(4) };
    const said = (await trainQuantileNet(rows, small)).predict({ count: 1, width: 2, features: Float32Array.of(1, 1) });
    expect([...said].every((value) => Math.abs(value - 4) < 0.5)).toBe(true);
  });

  test('sees every row in the long run, though equal batches leave some out of an epoch', async () => {
    const features = new Float32Array(9).fill(1, 8); // two batches of four: the last row would be the one left out
    const rows = { count: 9, width: 1, features, targets: Float32Array.from(features, (value) => 10 * value) };
    const net = await trainQuantileNet(rows, { ...small, quantiles: [0.5], batchRows: 5, epochs: 200 });
    expect(net.predict({ count: 1, width: 1, features: Float32Array.of(1) })[0]).toBeCloseTo(10, 0);
  });

  test('refuses rows that do not fit', async () => {
    await expect(trainQuantileNet({ ...trained, width: 5 }, small)).rejects.toThrow(RangeError);
    await expect(trainQuantileNet({ ...trained, weights: new Float32Array(1500) }, small)).rejects.toThrow('no training row has weight');
    const net = await trainQuantileNet(trained, { ...small, epochs: 1 });
    expect(() => net.predict({ count: 1, width: 3, features: new Float32Array(3) })).toThrow('rows of 4 features');
  });
});

describe('the gradient of a net', () => {
  test('is the slope of its loss along every weight', () => {
    const chance = createChance(8);
    const sizes = [3, 5, 4, 3];
    const weights = new Float32Array(4 * 5 + 6 * 4 + 5 * 3).map(() => chance.normal());
    const inputs = new Float32Array(6 * 3).map(() => chance.normal());
    const parts = {
      quantiles: [0.1, 0.5, 0.9],
      sizes,
      inputMean: new Float32Array(3),
      inputScale: new Float32Array(3).fill(1),
      targetMean: 0,
      targetScale: 1,
      weights,
    };
    const batch = {
      rows: 6,
      inputs,
      inputsTransposed: Float32Array.from({ length: 18 }, (_, i) => inputs[(i % 6) * 3 + Math.floor(i / 6)] ?? 0),
      targets: new Float32Array(6).map(() => 4 * chance.normal()),
      weights: Float32Array.of(1, 2, 0.5, 1, 1, 0.5),
    };
    const gradient = new Float32Array(weights.length);
    netGradient(parts, batch, 1, gradient);
    const lossWith = (i: number, by: number) =>
      netGradient(
        { ...parts, weights: weights.map((weight, k) => (k === i ? weight + by : weight)) },
        batch,
        1,
        new Float32Array(weights.length),
      );
    const slopes = Array.from(weights, (_, i) => (lossWith(i, 2e-3) - lossWith(i, -2e-3)) / 4e-3);
    for (const [i, slope] of slopes.entries()) expect(gradient[i]).toBeCloseTo(slope, 2);
    expect(Math.max(...slopes)).toBeGreaterThan(0.1); // it is not flat
  });
});
