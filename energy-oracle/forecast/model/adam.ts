/**
 * Adam: one step of gradient descent with decoupled weight decay over all weights of a net as one flat vector.
 *
 * Plain numbers, because a few thousand weights are quicker here than as tensors, and the same on every backend.
 * Kingma and Ba 2015; Loshchilov and Hutter 2019 (decoupled decay, cosine schedule).
 */
export interface Adam {
  /** Moves the weights against the gradient, in place; `learningRate` is that of this step. */
  step(weights: Float32Array, gradient: Float32Array, learningRate: number): void;
}

const momentum = 0.9;
const scaleMemory = 0.999;
const smallest = 1e-8;

/** @param decay  per weight: share of itself lost per step and unit of learning rate; 0 for what is not to shrink (biases) */
export function createAdam(decay: Float32Array): Adam {
  const mean = new Float32Array(decay.length);
  const square = new Float32Array(decay.length);
  let steps = 0;
  return {
    step: (weights, gradient, learningRate) => {
      steps++;
      const meanShare = 1 - momentum ** steps;
      const squareShare = 1 - scaleMemory ** steps;
      for (let i = 0; i < weights.length; i++) {
        const slope = gradient[i] as number;
        const weight = weights[i] as number;
        const m = momentum * (mean[i] as number) + (1 - momentum) * slope;
        const v = scaleMemory * (square[i] as number) + (1 - scaleMemory) * slope * slope;
        mean[i] = m;
        square[i] = v;
        const move = m / meanShare / (Math.sqrt(v / squareShare) + smallest);
        weights[i] = weight - learningRate * (move + (decay[i] as number) * weight);
      }
    },
  };
}

/** Learning rate of a step on its way from `peak` to 0 along a cosine; `at` and `of` count steps. */
export const cosineDecay = (peak: number, at: number, of: number): number => (peak * (1 + Math.cos((Math.PI * at) / of))) / 2;
