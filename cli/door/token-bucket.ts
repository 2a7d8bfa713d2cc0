/**
 * Token bucket: so many at once, then so many a second.
 *
 * Time is whatever the caller says it is, ms, and never runs back. A bucket may go into debt, so that what is already
 * here can be taken and what follows is made to wait.
 */

export interface Rate {
  /** Tokens that come back each second, above 0. */
  readonly perS: number;
  /** Most that lie ready. */
  readonly burst: number;
}

/** What sums of fractions are off by is no reason to wait another ms. */
const roundingMs = 1e-6;

export interface TokenBucket {
  /** Takes them if they are all there; else takes none and says in how many ms they will be. */
  take(now: number, count?: number): number;
  /** Takes them in any case; ms until the debt is paid, 0 when there is none. */
  owe(now: number, count: number): number;
  /** True when nothing has been taken for long enough that it is full again. */
  isFull(now: number): boolean;
}

export function createTokenBucket({ perS, burst }: Rate): TokenBucket {
  let tokens = burst;
  let last = Number.NEGATIVE_INFINITY;
  const refill = (now: number) => {
    if (now > last) {
      if (last > Number.NEGATIVE_INFINITY) tokens = Math.min(burst, tokens + ((now - last) / 1_000) * perS);
      last = now;
    }
  };
  const msUntil = (wanted: number) => Math.max(0, Math.ceil(((wanted - tokens) / perS) * 1_000 - roundingMs));
  return {
    take: (now, count = 1) => {
      refill(now);
      if (tokens < count) return msUntil(count);
      tokens -= count;
      return 0;
    },
    owe: (now, count) => {
      refill(now);
      tokens -= count;
      return msUntil(0);
    },
    isFull: (now) => {
      refill(now);
      return tokens >= burst;
    },
  };
}

/** One bucket for each name, at most `namesMax`: names whose bucket is full again are forgotten first, then the oldest. */
export function createTokenBuckets(rate: Rate, namesMax = 10_000): (name: string, now: number) => TokenBucket {
  const buckets = new Map<string, TokenBucket>();
  return (name, now) => {
    const known = buckets.get(name);
    if (known) return known;
    if (buckets.size >= namesMax) {
      for (const [old, bucket] of buckets) if (bucket.isFull(now)) buckets.delete(old);
      for (const old of buckets.keys()) {
        if (buckets.size < namesMax) break;
        buckets.delete(old);
      }
    }
    const made = createTokenBucket(rate);
    buckets.set(name, made);
    return made;
  };
}
