/**
 * TensorFlow.js quantiles: trains a dense network on the pinball loss, and multiplies it out for a prediction.
 *
 * Forward and backward pass are written out: WebAssembly multiplies quickly only where nothing is transposed and the
 * right-hand matrix is a fresh tensor, which automatic differentiation does not know. Weights are plain numbers between
 * steps, so a net holds no tensors, works on whatever backend is open (`tfjs-backend.ts`), and equal seeds give equal bytes.
 */
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import { cosineDecay, createAdam } from './adam.ts';
import { anchorOf, pinballGradient, spreadHeads } from './quantile-heads.ts';
import {
  bytesOf,
  type InputScales,
  isScaledAlike,
  type Layer,
  layersOf,
  type NetParts,
  partsFrom,
  standardise,
  startingNet,
} from './quantile-net.ts';
import type { FeatureRows, QuantileModel, TrainingRows } from './quantile-rows.ts';
import { rowsWhere } from './row-selection.ts';
import { createChance } from './seeded.ts';
import { tf } from './tfjs-packages.ts';

export interface QuantileNetConfig {
  /** Levels in (0, 1), ascending. */
  readonly quantiles: readonly number[];
  /** Units of each hidden layer, from the inputs up. */
  readonly hidden: readonly number[];
  readonly epochs: number;
  /** Rows per step, at most; a smaller set is one batch. */
  readonly batchRows: number;
  /** Of the first step; falls to 0 along a cosine. */
  readonly learningRate: number;
  /** Share of a weight lost per step and unit of learning rate; biases keep theirs. */
  readonly weightDecay: number;
  readonly seed: number;
  /** How inputs are brought to order; by the rows of this net without it. Nets that share it predict together at less cost. */
  readonly inputs?: InputScales;
}

export const quantileNetDefaults: QuantileNetConfig = {
  quantiles: [0.1, 0.5, 0.9],
  hidden: [64, 64],
  epochs: 8,
  batchRows: 1024,
  learningRate: 1e-2,
  weightDecay: 1e-3,
  seed: 1,
};

export interface EpochReport {
  readonly seed: number;
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Mean weighted pinball loss over the epoch, in the unit of the targets. */
  readonly loss: number;
}

export interface QuantileNet extends QuantileModel {
  /** The whole net; `quantileEnsembleFrom` gives back one with bit-identical predictions. */
  toBytes(): Uint8Array<ArrayBuffer>;
}

/** Rows predicted at once: large enough to be quick, small enough to stay in the cache. */
const predictedRows = 4096;

/**
 * Trains one net on the mean pinball loss, weighted by row; O(epochs × rows × weights), 2 × 10⁶ row-epochs in 7 s of CPU
 * with 45 features on WebAssembly. Needs an open backend (`openBackend`); yields to the event loop between epochs.
 * Refuses rows without weight and shapes that do not fit with a RangeError.
 */
export async function trainQuantileNet(
  rows: TrainingRows,
  config: QuantileNetConfig,
  { onEpoch }: { readonly onEpoch?: (report: EpochReport) => void } = {},
): Promise<QuantileNet> {
  const { quantiles, epochs, seed } = config;
  const anchor = anchorOf(quantiles);
  const order = trainableRows(rows);
  const chance = createChance(seed);
  const parts = startingNet(rows, order, config, chance);
  const steps = Math.ceil(order.length / config.batchRows);
  const batch = createBatch(rows, order, parts, Math.floor(order.length / steps)); // the few rows left over come in another epoch
  const adam = createAdam(decayOf(parts, config.weightDecay));
  const gradient = new Float32Array(parts.weights.length);
  for (let epoch = 0; epoch < epochs; epoch++) {
    chance.shuffle(order);
    let loss = 0;
    for (let step = 0; step < steps; step++) {
      batch.fill(step);
      loss += netGradient(parts, batch, anchor, gradient);
      adam.step(parts.weights, gradient, cosineDecay(config.learningRate, epoch * steps + step, epochs * steps));
    }
    onEpoch?.({ seed, epoch: epoch + 1, epochs, loss: (loss / steps) * parts.targetScale });
    await new Promise((resolve) => setImmediate(resolve));
  }
  return quantileNetOf(parts);
}

/**
 * The mean of the nets that `toBytes` wrote, quantile by quantile: still never crossing. Refuses nets of different levels
 * or inputs, or none, with a RangeError; throws `QuantileNetUnreadable` for another version, or bytes that are cut or damaged.
 */
export function quantileEnsembleFrom(stored: readonly Uint8Array[]): QuantileModel {
  const nets = stored.map(partsFrom);
  const [first] = nets;
  if (!first || nets.some(({ quantiles, sizes }) => quantiles.join() !== first.quantiles.join() || sizes[0] !== first.sizes[0]))
    throw new RangeError('an ensemble needs one net or more, all of the same quantiles and inputs');
  return { quantiles: first.quantiles, predict: (rows, order) => predictMean(nets, rows, order) };
}

const quantileNetOf = (parts: NetParts): QuantileNet => ({
  quantiles: parts.quantiles,
  toBytes: () => bytesOf(parts),
  predict: (rows, order) => predictMean([parts], rows, order),
});

/** What the nets say on average of every row, or of every one in `order`: as many × quantiles. */
function predictMean(nets: readonly NetParts[], rows: FeatureRows, order?: Uint32Array): Float32Array {
  const [first] = nets as readonly [NetParts, ...NetParts[]];
  const [width, heads] = [first.sizes[0] as number, first.quantiles.length];
  if (rows.width !== width || rows.features.length !== rows.count * width)
    throw new RangeError(`the net takes rows of ${width} features, found ${rows.count} × ${rows.width} in ${rows.features.length}`);
  const anchor = anchorOf(first.quantiles);
  const mean = new Float32Array((order?.length ?? rows.count) * heads);
  forEachRawOutput(nets, rows, order, ({ targetScale, targetMean }, raw, firstRow) => {
    spreadHeads(raw, heads, anchor);
    for (let i = 0, at = firstRow * heads; i < raw.length; i++, at++)
      mean[at] = (mean[at] as number) + ((raw[i] as number) * targetScale + targetMean) / nets.length;
  });
  return mean;
}

/** Indices of the rows with weight, after a look at the shapes. */
function trainableRows({ count, width, features, targets, weights }: TrainingRows): Uint32Array {
  if (features.length !== count * width || targets.length !== count || (weights?.length ?? count) !== count)
    throw new RangeError(`training rows do not fit: ${count} × ${width}, ${features.length} features, ${targets.length} targets`);
  const order = rowsWhere(count, (row) => weights === undefined || (weights[row] as number) > 0);
  if (order.length === 0) throw new RangeError('no training row has weight');
  return order;
}

function decayOf({ sizes, weights }: NetParts, weightDecay: number): Float32Array {
  const decay = new Float32Array(weights.length);
  for (const { inputs, outputs, at } of layersOf(sizes)) decay.fill(weightDecay, at, at + inputs * outputs);
  return decay;
}

export interface NetBatch {
  readonly rows: number;
  /** Standardised, row-major; and the same, transposed. */
  readonly inputs: Float32Array;
  readonly inputsTransposed: Float32Array;
  readonly targets: Float32Array;
  /** Of mean 1 over all rows trained on. */
  readonly weights: Float32Array;
}

/** One batch, filled anew for each step of an epoch. */
function createBatch(rows: TrainingRows, order: Uint32Array, parts: NetParts, size: number): NetBatch & { fill(step: number): void } {
  const { width } = rows;
  const weightMean = rows.weights === undefined ? 1 : order.reduce((sum, row) => sum + (rows.weights?.[row] as number), 0) / order.length;
  const inputs = new Float32Array(size * width);
  const inputsTransposed = new Float32Array(size * width);
  const targets = new Float32Array(size);
  const weights = new Float32Array(size).fill(1);
  const fill = (step: number) => {
    for (let i = 0; i < size; i++) {
      const row = order[step * size + i] as number;
      standardise(parts, rows.features, row * width, inputs, i * width);
      targets[i] = ((rows.targets[row] as number) - parts.targetMean) / parts.targetScale;
      if (rows.weights !== undefined) weights[i] = (rows.weights[row] as number) / weightMean;
    }
    transpose(inputs, size, width, inputsTransposed);
  };
  return { rows: size, inputs, inputsTransposed, targets, weights, fill };
}

/** Row blocks keep both sides in the cache. */
function transpose(from: Float32Array, rows: number, columns: number, to: Float32Array): void {
  const block = 16;
  for (let first = 0; first < rows; first += block) {
    const end = Math.min(rows, first + block);
    for (let j = 0; j < columns; j++) for (let i = first; i < end; i++) to[j * rows + i] = from[i * columns + j] as number;
  }
}

const layerTensors = (weights: Float32Array, { inputs, outputs, at, biasAt }: Layer) => ({
  kernel: tf.tensor2d(weights.subarray(at, biasAt), [inputs, outputs]),
  bias: tf.tensor1d(weights.subarray(biasAt, biasAt + outputs)),
});

/** Forward and backward pass of a batch: writes the gradient by all weights, returns the mean pinball loss in the net's own scale. */
export function netGradient({ quantiles, sizes, weights }: NetParts, batch: NetBatch, anchor: number, gradient: Float32Array): number {
  return tf.tidy(() => {
    const { rows, targets } = batch;
    const layers = layersOf(sizes).map((layer) => ({ ...layer, ...layerTensors(weights, layer) }));
    const activations: Tensor2D[] = [tf.tensor2d(batch.inputs, [rows, sizes[0] as number])];
    for (const { kernel, bias, last } of layers)
      activations.push(
        tf.fused.matMul({ a: activations.at(-1) as Tensor2D, b: kernel, bias, activation: last ? 'linear' : 'relu' }) as Tensor2D,
      );
    const raw = (activations.pop() as Tensor2D).dataSync<'float32'>();
    const slopes = new Float32Array(raw.length);
    const loss = pinballGradient({ quantiles, anchor, raw, targets, weights: batch.weights }, slopes);
    let slope = tf.tensor2d(slopes, [rows, quantiles.length]);
    const ones = tf.ones<Rank.R2>([1, rows]);
    for (const [i, { kernel, at, biasAt }] of [...layers.entries()].reverse()) {
      const below = activations[i] as Tensor2D;
      const belowTransposed = i === 0 ? tf.tensor2d(batch.inputsTransposed, [below.shape[1], rows]) : tf.transpose(below);
      gradient.set(tf.matMul(belowTransposed, slope).dataSync<'float32'>(), at);
      gradient.set(tf.matMul(ones, slope).dataSync<'float32'>(), biasAt);
      if (i > 0) slope = tf.mul(tf.matMul(slope, tf.transpose(kernel)), tf.step(below)); // rectified: only what was above 0 passes
    }
    return loss;
  });
}

/** Hands out the raw outputs of each net, `rows × quantiles` for some rows at a time; inputs are standardised once for nets that share it. */
function forEachRawOutput(
  nets: readonly NetParts[],
  { count: countOfAll, width, features }: FeatureRows,
  order: Uint32Array | undefined,
  take: (net: NetParts, raw: Float32Array, firstRow: number) => void,
): void {
  const count = order?.length ?? countOfAll;
  tf.tidy(() => {
    const layered = nets.map((net) => layersOf(net.sizes).map((layer) => ({ last: layer.last, ...layerTensors(net.weights, layer) })));
    const standardised = new Float32Array(Math.min(predictedRows, count) * width);
    for (let first = 0; first < count; first += predictedRows) {
      const rows = Math.min(predictedRows, count - first);
      tf.tidy(() => {
        let scaledFor: NetParts | undefined;
        let inputs: Tensor2D | undefined;
        for (const [k, net] of nets.entries()) {
          if (!inputs || !scaledFor || !isScaledAlike(net, scaledFor)) {
            for (let i = 0; i < rows; i++) standardise(net, features, (order?.[first + i] ?? first + i) * width, standardised, i * width);
            inputs = tf.tensor2d(standardised.slice(0, rows * width), [rows, width]);
            scaledFor = net;
          }
          let values = inputs;
          for (const { kernel, bias, last } of layered[k] as (typeof layered)[number])
            values = tf.fused.matMul({ a: values, b: kernel, bias, activation: last ? 'linear' : 'relu' }) as Tensor2D;
          take(net, values.dataSync<'float32'>(), first);
        }
      });
    }
  });
}
