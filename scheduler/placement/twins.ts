/**
 * Twins: requests that ask alike are answered once.
 *
 * Two requests are alike when kind, class, waiting and all options but for the transfer of their data are equal: at any
 * prices the same runs are cheapest for both, pool by pool.
 */
import type { Market } from './market.ts';

export interface Twins {
  /** By request: its group. */
  readonly group: Int32Array;
  /** By group: a request that stands for all of it. */
  readonly first: Int32Array;
}

const known = new WeakMap<Market['requests'], Twins>();

/** Groups the requests of a market, once for the same columns; expected O(options). */
export function twinsOf({ requests }: Market): Twins {
  let twins = known.get(requests);
  if (!twins) {
    twins = grouped(requests);
    known.set(requests, twins);
  }
  return twins;
}

function grouped(requests: Market['requests']): Twins {
  const { count } = requests;
  const group = new Int32Array(count);
  const first: number[] = [];
  const bySignature = new Map<number, number[]>();
  for (let request = 0; request < count; request++) {
    const signature = signatureOf(requests, request);
    let like = bySignature.get(signature);
    if (!like) {
      like = [];
      bySignature.set(signature, like);
    }
    const twin = like.find((other) => areAlike(requests, first[other] as number, request));
    group[request] = twin ?? first.length;
    if (twin !== undefined) continue;
    like.push(first.length);
    first.push(request);
  }
  return { group, first: Int32Array.from(first) };
}

type Requests = Market['requests'];

/** A hash of what must be equal (FNV-1a over whole numbers); collisions are told apart by `areAlike`. */
function signatureOf({ kind, weightClass, release, waitPrice, firstOption, options }: Requests, request: number): number {
  let hash = 0x811c9dc5;
  hash = mixed(hash, kind[request] as number);
  hash = mixed(hash, weightClass[request] as number);
  hash = mixed(hash, release[request] as number);
  hash = mixed(hash, (waitPrice[request] as number) * 1e9);
  for (let at = firstOption[request] as number; at < (firstOption[request + 1] as number); at++) {
    hash = mixed(hash, options.pool[at] as number);
    hash = mixed(hash, options.length[at] as number);
    hash = mixed(hash, options.earliest[at] as number);
    hash = mixed(hash, options.end[at] as number);
    hash = mixed(hash, options.accelerators[at] as number);
    hash = mixed(hash, (options.kwPerAccelerator[at] as number) * 1e6);
  }
  return hash;
}

const mixed = (hash: number, value: number): number => Math.imul(hash ^ value, 0x01000193);

function areAlike({ kind, weightClass, release, waitPrice, firstOption, options }: Requests, a: number, b: number): boolean {
  const size = (firstOption[a + 1] as number) - (firstOption[a] as number);
  if (kind[a] !== kind[b] || weightClass[a] !== weightClass[b] || release[a] !== release[b] || waitPrice[a] !== waitPrice[b]) return false;
  if ((firstOption[b + 1] as number) - (firstOption[b] as number) !== size) return false;
  const { pool, length, earliest, end, accelerators, kwPerAccelerator, restartCost, speedExponent } = options;
  for (let i = 0; i < size; i++) {
    const x = (firstOption[a] as number) + i;
    const y = (firstOption[b] as number) + i;
    if (pool[x] !== pool[y] || length[x] !== length[y] || earliest[x] !== earliest[y] || end[x] !== end[y]) return false;
    if (accelerators[x] !== accelerators[y] || kwPerAccelerator[x] !== kwPerAccelerator[y]) return false;
    if (restartCost[x] !== restartCost[y] || speedExponent[x] !== speedExponent[y]) return false;
  }
  return true;
}
