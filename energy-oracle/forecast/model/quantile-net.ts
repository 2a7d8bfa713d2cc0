/**
 * Quantile net: all that a small dense network knows, as plain numbers, and its form in storage.
 *
 * Shapes, scales of inputs and targets, weights; how they start from a seed; how they become bytes and come back, bit by
 * bit. Multiplying is left to `tfjs-quantile.ts`, the meaning of the last layer to `quantile-heads.ts`.
 */
import { anchorOf, rawOf } from './quantile-heads.ts';
import type { FeatureRows, TrainingRows } from './quantile-rows.ts';
import type { Chance } from './seeded.ts';

/** How inputs are brought to order. */
export interface InputScales {
  readonly inputMean: Float32Array;
  /** One over the standard deviation; 0 for an input that never moved in training. */
  readonly inputScale: Float32Array;
}

/** All a net knows, in single precision so that what is stored is what predicts. */
export interface NetParts extends InputScales {
  readonly quantiles: readonly number[];
  /** Inputs, hidden units of each layer, quantiles. */
  readonly sizes: readonly number[];
  readonly targetMean: number;
  readonly targetScale: number;
  /** Layer by layer: weights `inputs × outputs` row-major, then biases. */
  readonly weights: Float32Array;
}

export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  /** Where its weights begin, and its biases. */
  readonly at: number;
  readonly biasAt: number;
  readonly last: boolean;
}

/** The layers from the inputs up, and where each lies in the flat weights. */
export function layersOf(sizes: readonly number[]): Layer[] {
  let at = 0;
  return sizes.slice(1).map((outputs, i) => {
    const inputs = sizes[i] as number;
    const layer = { inputs, outputs, at, biasAt: at + inputs * outputs, last: i === sizes.length - 2 };
    at = layer.biasAt + outputs;
    return layer;
  });
}

/** An input further from its mean than this many standard deviations counts as this far: no net has learned beyond. */
const inputMax = 8;
/** Rows whose targets give the first biases. */
const sampledRows = 20_000;

/** A net before its first step: scales from the rows in `order`, weights from the seed, last biases at the quantiles of all targets. */
export function startingNet(
  rows: TrainingRows,
  order: Uint32Array,
  {
    quantiles,
    hidden,
    inputs,
  }: Pick<NetParts, 'quantiles'> & { readonly hidden: readonly number[]; readonly inputs?: InputScales | undefined },
  chance: Chance,
): NetParts {
  const anchor = anchorOf(quantiles);
  const sizes = [rows.width, ...hidden, quantiles.length];
  const { inputMean, inputScale } = inputs ?? inputScales(rows, order);
  const stride = Math.ceil(order.length / sampledRows);
  const sample = Float32Array.from(
    { length: Math.ceil(order.length / stride) },
    (_, i) => rows.targets[order[i * stride] as number] as number,
  ).sort();
  const mean = sample.reduce((sum, value) => sum + value, 0) / sample.length;
  const deviation = Math.sqrt(sample.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sample.length);
  const [targetMean, targetScale] = [Math.fround(mean), Math.fround(deviation > 0 ? deviation : 1)];
  const weights = new Float32Array(sizes.slice(1).reduce((sum, outputs, i) => sum + ((sizes[i] as number) + 1) * outputs, 0));
  const levels = quantiles.map((level) => ((sample[Math.floor(level * sample.length)] as number) - targetMean) / targetScale);
  weights.set(rawOf(levels, anchor), weights.length - quantiles.length);
  startWeights(sizes, weights, chance);
  return { quantiles, sizes, inputMean, inputScale, targetMean, targetScale, weights };
}

/** Scales of the rows in `order`; of all rows without it. */
export function inputScales(
  { width, features, count }: FeatureRows,
  order: Uint32Array = Uint32Array.from({ length: count }, (_, i) => i),
): InputScales {
  const sum = new Float64Array(width);
  for (const row of order) for (let j = 0, at = row * width; j < width; j++) sum[j] = (sum[j] as number) + (features[at + j] as number);
  const inputMean = Float32Array.from(sum, (total) => total / order.length);
  const squares = new Float64Array(width);
  for (const row of order)
    for (let j = 0, at = row * width; j < width; j++)
      squares[j] = (squares[j] as number) + ((features[at + j] as number) - (inputMean[j] as number)) ** 2;
  const inputScale = Float32Array.from(squares, (total, j) => {
    const deviation = Math.sqrt(total / order.length);
    return deviation > 1e-6 * (1 + Math.abs(inputMean[j] as number)) ? 1 / deviation : 0;
  });
  return { inputMean, inputScale };
}

/** He et al. 2015 for the hidden layers; the heads start near nothing, so that the first quantiles are those of all targets. */
function startWeights(sizes: readonly number[], weights: Float32Array, chance: Chance): void {
  for (const { inputs, outputs, at, last } of layersOf(sizes)) {
    const scale = last ? 0.1 / Math.sqrt(inputs) : Math.sqrt(2 / inputs);
    for (let i = 0; i < inputs * outputs; i++) weights[at + i] = chance.normal() * scale;
  }
}

/** Brings one row of features to mean 0 and deviation 1, bounded. */
export function standardise(
  { inputMean, inputScale }: InputScales,
  from: Float32Array,
  fromAt: number,
  to: Float32Array,
  toAt: number,
): void {
  for (let j = 0; j < inputMean.length; j++) {
    const value = ((from[fromAt + j] as number) - (inputMean[j] as number)) * (inputScale[j] as number);
    to[toAt + j] = Math.max(-inputMax, Math.min(inputMax, value));
  }
}

/** Whether what one standardises is standardised for the other. */
export const isScaledAlike = (one: InputScales, other: InputScales): boolean =>
  one === other ||
  (one.inputMean.every((mean, j) => mean === other.inputMean[j]) && one.inputScale.every((scale, j) => scale === other.inputScale[j]));

/** What begins a stored net: its name and the version of its form. */
const mark = 'sunward-quantile-net 1\n';

/** Stored bytes that are no net of this version. */
export class QuantileNetUnreadable extends Error {
  readonly found: string;
  constructor(found: string) {
    super(`stored quantile net is not readable: ${found}`);
    this.found = found;
  }
}

/** The mark, a line of JSON with the shape, then numbers of 4 bytes, little-endian. */
export function bytesOf({ quantiles, sizes, inputMean, inputScale, targetMean, targetScale, weights }: NetParts): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`${mark}${JSON.stringify({ quantiles, sizes })}\n`);
  const numbers = [...inputMean, ...inputScale, targetMean, targetScale, ...weights];
  const bytes = new Uint8Array(head.length + numbers.length * 4);
  bytes.set(head);
  const view = new DataView(bytes.buffer, head.length);
  for (const [i, number] of numbers.entries()) view.setFloat32(i * 4, number, true);
  return bytes;
}

/** The net that `bytesOf` wrote; throws `QuantileNetUnreadable` for another version, or bytes that are cut or damaged. */
export function partsFrom(bytes: Uint8Array): NetParts {
  const shapeEnd = bytes.indexOf(10, mark.length);
  const text = new TextDecoder().decode(bytes.subarray(0, Math.max(0, shapeEnd)));
  if (!text.startsWith(mark)) throw new QuantileNetUnreadable(`it begins with ${JSON.stringify(text.slice(0, mark.length))}`);
  const { quantiles, sizes } = shapeOf(text.slice(mark.length));
  const width = sizes[0] as number;
  const weightCount = layersOf(sizes).reduce((sum, { inputs, outputs }) => sum + (inputs + 1) * outputs, 0);
  const expected = shapeEnd + 1 + 4 * (2 * width + 2 + weightCount);
  if (bytes.length !== expected) throw new QuantileNetUnreadable(`${bytes.length} bytes, expected ${expected}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + shapeEnd + 1);
  const numbers = Float32Array.from({ length: 2 * width + 2 + weightCount }, (_, i) => view.getFloat32(i * 4, true));
  if (!numbers.every(Number.isFinite)) throw new QuantileNetUnreadable('a number in it is not finite');
  return {
    quantiles,
    sizes,
    inputMean: numbers.slice(0, width),
    inputScale: numbers.slice(width, 2 * width),
    targetMean: numbers[2 * width] as number,
    targetScale: numbers[2 * width + 1] as number,
    weights: numbers.slice(2 * width + 2),
  };
}

function shapeOf(json: string): Pick<NetParts, 'quantiles' | 'sizes'> {
  try {
    const { quantiles, sizes } = JSON.parse(json) as Pick<NetParts, 'quantiles' | 'sizes'>;
    anchorOf(quantiles);
    if (sizes.at(-1) === quantiles.length && sizes.every((size) => Number.isSafeInteger(size) && size > 0)) return { quantiles, sizes };
  } catch {}
  throw new QuantileNetUnreadable(`a shape of ${json.slice(0, 80)}`);
}
