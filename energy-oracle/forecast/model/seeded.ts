/**
 * Seeded: repeatable chance for training, so that two runs of one seed give the same weights to the bit.
 *
 * A hashed counter, 32 bits wide: enough to start weights and to shuffle rows, useless for secrets and for statistics
 * of more than 2³² draws. Whoever trains brings the seed.
 */
export interface Chance {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Brings the numbers into a random order, in place; O(n). */
  shuffle(items: Uint32Array): void;
}

/** The chance of a seed; any integer will do. */
export function createChance(seed: number): Chance {
  let count = Math.imul(seed | 0, 0x632be5ab) ^ 0x5bd1e995;
  const bits = () => {
    count = (count + 0x9e3779b9) | 0;
    let mixed = Math.imul(count ^ (count >>> 16), 0x7feb352d); // the two-round mixer of Wellons' hash prospector
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  const uniform = () => bits() / 2 ** 32;
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()), // Box and Muller 1958
    shuffle: (items) => {
      for (let i = items.length - 1; i > 0; i--) {
        const j = Math.floor(uniform() * (i + 1));
        const held = items[i] as number;
        items[i] = items[j] as number;
        items[j] = held;
      }
    },
  };
}
