/**
 * Order: in which requests answer, and what a search draws. Fixed once and for all, so that the same market clears alike.
 */

/** Whole numbers from 0 to below `below`, the same ones each time (a linear congruential generator). */
export function drawsFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A fixed permutation of 0 … count − 1, so that no site's or owner's requests come in a row (Fisher and Yates 1938). */
export function answeringOrder(count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const draw = drawsFrom(0x2545f491);
  for (let i = count - 1; i > 0; i--) {
    const j = draw(i + 1);
    const swap = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swap;
  }
  return order;
}
