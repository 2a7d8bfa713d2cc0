/**
 * Stand-ins: in a large market a few requests answer for all while prices are still far off.
 *
 * Requests stand in line by size of work, then kind, class and release, so that neighbours are alike. The line is cut
 * into groups of about equal work, and the middle one of each stands for the group. So what is large answers for itself
 * and of the many small ones one in hundreds does: the market that prices see has the right work in all its parts.
 */
import { type Market, requestKinds } from './market.ts';

export interface StandIns {
  /** By group: the request that answers, and how many times over it holds what it takes. */
  readonly chosen: Int32Array;
  readonly weight: Float64Array;
  /** By request: its group, −1 when it has no option. */
  readonly group: Int32Array;
}

/** Requests in line. */
export interface Line {
  readonly requests: Int32Array;
  /** By request: accelerator-slots at its first option, above 0 when it has one. */
  readonly work: Float64Array;
  readonly allWork: number;
}

/** Lines up all requests that have an option; O(requests × log requests). */
export function lineUp({ offers, requests }: Market): Line {
  const { count, kind, weightClass, release, firstOption, options, carbonPricePerKg } = requests;
  const classes = carbonPricePerKg.length;
  const kinds = Object.keys(requestKinds).length;
  const work = new Float64Array(count);
  const keys: number[] = [];
  let allWork = 0;
  for (let request = 0; request < count; request++) {
    const at = firstOption[request] as number;
    if (at === firstOption[request + 1]) continue;
    const held = kind[request] === requestKinds.elastic ? 1 : (options.accelerators[at] as number);
    work[request] = Math.max(1, held * (options.length[at] as number));
    allWork += work[request] as number;
    const size = Math.floor(Math.log2(work[request] as number));
    const alike = (-size * kinds + (kind[request] as number)) * classes + (weightClass[request] as number);
    keys.push((alike * offers.slots + (release[request] as number)) * count + request);
  }
  const sorted = Float64Array.from(keys).sort();
  return { requests: Int32Array.from(sorted, (key) => ((key % count) + count) % count), work, allWork };
}

/** Groups of about `share` accelerator-slots each; those of a share nest in those of its whole multiples. O(requests). */
export function standInsOf({ requests, work }: Line, share: number): StandIns {
  const group = new Int32Array(work.length).fill(-1);
  const chosen: number[] = [];
  const weight: number[] = [];
  let before = 0;
  for (let first = 0; first < requests.length; ) {
    const cut = (Math.floor(before / share) + 1) * share;
    const from = before;
    let end = first;
    for (; end < requests.length && before < cut; end++) {
      const request = requests[end] as number;
      group[request] = chosen.length;
      before += work[request] as number;
    }
    const middle = requests[(first + end - 1) >> 1] as number;
    chosen.push(middle);
    weight.push((before - from) / (work[middle] as number));
    first = end;
  }
  return { chosen: Int32Array.from(chosen), weight: Float64Array.from(weight), group };
}
