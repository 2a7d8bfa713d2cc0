/**
 * Order: in which requests answer. Mixed once and for all, so that no site's or owner's requests come in a row.
 */

/** A fixed permutation of 0 … count − 1 (Fisher and Yates 1938, driven by a linear congruential generator). */
export function answeringOrder(count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  let state = 0x2545f491;
  for (let i = count - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    const swap = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swap;
  }
  return order;
}
