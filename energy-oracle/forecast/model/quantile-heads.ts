/**
 * Quantile heads: from the raw outputs of a net to quantiles that cannot cross, and the pinball loss back to them.
 *
 * The quantile nearest the median, the anchor, is free; each other one stands a softplus gap (≥ 0) further out. Whoever
 * runs the net owns the layers below; here is only what the loss needs, row by row, in numbers of the net's own scale.
 */
/** Index of the level nearest the median; refuses levels outside (0, 1) or not ascending with a RangeError. */
export function anchorOf(quantiles: readonly number[]): number {
  if (quantiles.length === 0 || quantiles.some((level, i) => !(level > (quantiles[i - 1] ?? 0) && level < 1)))
    throw new RangeError(`quantile levels must ascend within (0, 1), found [${quantiles.join(', ')}]`);
  const distances = quantiles.map((level) => Math.abs(level - 0.5));
  return distances.indexOf(Math.min(...distances));
}

/** Turns raw outputs into quantiles, in place; row-major, `count × quantiles`, never decreasing within a row. */
export function spreadHeads(raw: Float32Array, heads: number, anchor: number): void {
  for (let row = 0; row < raw.length; row += heads) {
    for (let j = anchor + 1; j < heads; j++) raw[row + j] = (raw[row + j - 1] as number) + softplus(raw[row + j] as number);
    for (let j = anchor - 1; j >= 0; j--) raw[row + j] = (raw[row + j + 1] as number) - softplus(raw[row + j] as number);
  }
}

export interface PinballBatch {
  readonly quantiles: readonly number[];
  readonly anchor: number;
  /** Raw outputs, row-major `rows × quantiles`; left as they are. */
  readonly raw: Float32Array;
  readonly targets: Float32Array;
  /** One per row, of mean 1 over all rows trained on. */
  readonly weights: Float32Array;
}

/**
 * Mean weighted pinball loss of a batch; writes its gradient by the raw outputs into `gradient`.
 * Koenker and Bassett 1978: τ·(y − q) where the truth lies above the quantile, (1 − τ)·(q − y) where below.
 */
export function pinballGradient({ quantiles, anchor, raw, targets, weights }: PinballBatch, gradient: Float32Array): number {
  const heads = quantiles.length;
  const levels = new Float64Array(heads);
  const slopes = new Float64Array(heads);
  let loss = 0;
  for (let i = 0, row = 0; i < targets.length; i++, row += heads) {
    const target = targets[i] as number;
    const share = (weights[i] as number) / (targets.length * heads);
    levels[anchor] = raw[row + anchor] as number;
    for (let j = anchor + 1; j < heads; j++) levels[j] = (levels[j - 1] as number) + softplus(raw[row + j] as number);
    for (let j = anchor - 1; j >= 0; j--) levels[j] = (levels[j + 1] as number) - softplus(raw[row + j] as number);
    for (let j = 0; j < heads; j++) {
      const over = target - (levels[j] as number);
      const slope = over > 0 ? -(quantiles[j] as number) : 1 - (quantiles[j] as number);
      slopes[j] = slope * share;
      loss -= slope * share * over;
    }
    // a gap moves every quantile from its own outwards
    let outward = 0;
    for (let j = heads - 1; j > anchor; j--) {
      outward += slopes[j] as number;
      gradient[row + j] = outward * sigmoid(raw[row + j] as number);
    }
    let inward = 0;
    for (let j = 0; j < anchor; j++) {
      inward += slopes[j] as number;
      gradient[row + j] = -inward * sigmoid(raw[row + j] as number);
    }
    gradient[row + anchor] = outward + inward + (slopes[anchor] as number);
  }
  return loss;
}

/** Raw outputs that give these quantiles: where a net starts, knowing the distribution of all targets and nothing else. */
export function rawOf(levels: readonly number[], anchor: number): number[] {
  return levels.map((level, j) => {
    if (j === anchor) return level;
    const gap = Math.max(gapMin, Math.abs(level - (levels[j < anchor ? j + 1 : j - 1] as number)));
    return gap > 20 ? gap : Math.log(Math.expm1(gap)); // softplus undone
  });
}

/** Smallest gap a start believes in: below it the softplus is so flat that it would never open again. */
const gapMin = 0.02;

const softplus = (x: number) => (x > 20 ? x : Math.log1p(Math.exp(x)));
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
