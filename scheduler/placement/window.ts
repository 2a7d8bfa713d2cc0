/**
 * Window: the cheapest unbroken run of slots, given a cost per slot.
 *
 * Knows nothing of jobs or sites: a cost that is `undefined` closes its slot. The placement's only search.
 */

export interface Window {
  /** First slot and one past the last. */
  readonly from: number;
  readonly to: number;
  readonly cost: number;
}

/**
 * The cheapest unbroken window of `length` slots that starts in [first, lastStart]; the earliest one on a tie.
 *
 * `waitCost` is added per slot between `first` and the start. One pass over prefix sums, O(slots). Costs may be
 * negative (a negative price pays us to draw), so a partial sum is never grounds to stop early.
 *
 * @returns `undefined` when every window of that length meets a closed slot
 */
export function cheapestWindow(
  cost: readonly (number | undefined)[],
  length: number,
  { first, lastStart, waitCost }: { readonly first: number; readonly lastStart: number; readonly waitCost: number },
): Window | undefined {
  let best: Window | undefined;
  let sum = 0;
  let open = 0; // how many slots up to here are open without a break
  for (let slot = first; slot < cost.length; slot++) {
    const value = cost[slot];
    const leaving = open >= length ? cost[slot - length] : 0;
    if (value === undefined) {
      open = 0;
      sum = 0;
      continue;
    }
    sum += value - (leaving ?? 0);
    open++;
    const from = slot - length + 1;
    if (from > lastStart) break;
    if (open < length) continue;
    const total = sum + waitCost * (from - first);
    if (!best || total < best.cost - 1e-12) best = { from, to: slot + 1, cost: total };
  }
  return best;
}
