/**
 * Promise: how much of a surplus to promise, step by step, so that at most a given share of it comes from the grid.
 *
 * Of all promises with the same shortfall those are worth most that are equally likely to fail at the margin: so one
 * price of a shortfall holds for every step, and each group of steps takes the rung that pays best at it, by what its
 * rungs would have delivered lately and, at first, by what the quantiles say of themselves. The price follows from the
 * share that may be short, and that share from the account: what was overdrawn is given back over weeks, for whoever
 * stops promising after a bad spell gives back more than he saves (online risk control: Feldman et al., arXiv
 * 2205.09095). Pure and online: a promise rests on what was learned before it.
 */
import { DAY, type Instant } from '../../../units/time.ts';
import type { Offer } from './promise-rungs.ts';

export interface Promiser {
  /** kW ≥ 0 to promise, one per offer. */
  promise(offers: readonly Offer[]): Float64Array;
  /**
   * Takes in what came true of offers whose steps have all ended by `asOf`, and what had been promised of them, kW; a
   * surplus of NaN is not known and teaches nothing. @throws RangeError when the numbers do not fit the offers
   */
  learn(offers: readonly Offer[], promisedKw: ArrayLike<number>, surplusKw: ArrayLike<number>, asOf: Instant): void;
  readonly account: PromiseAccount;
}

/** Sums since the start, in kW × steps. */
export interface PromiseAccount {
  readonly promised: number;
  /** Promised and not there. */
  readonly short: number;
}

export interface PromiserConfig {
  /** Share of what is promised that may come from the grid, in (0, 1). */
  readonly shortShareMax: number;
  /** Number of rungs of every offer. */
  readonly rungs: number;
}

/** Part of the share that is aimed at, for the account swings. */
const aimedPart = 0.92;
/** Days over which the account is brought back to its aim. */
const balanceDays = 60;
/** Most that is allowed meanwhile, as a part of the aim. */
const limitPartMax = 1.5;
/** And least: in its first year an account is small and a bad spell weighs heavily in it; what is not promised then is lost. */
const limitPartMin = { firstYear: 0.8, later: 0.3 };
const yearDays = 365;
/** Days after which an outcome counts half. */
const halfLifeDays = 90;
/** Days of outcomes that count as much as what the quantiles say of themselves. */
const believedDays = 60;
/** What all groups did in so many days is added to what each group did itself: few steps of its own say little. */
const pooledDays = 3;
/** Halvings in search of the price of a shortfall, and the dearest there is. */
const priceRounds = 18;
const priceMax = 400;

/** Faded sums of one group, per rung: kW × steps. */
interface Sums {
  readonly promised: Float64Array;
  readonly short: Float64Array;
}

/** A promiser that has learned nothing yet, and promises nothing before it has. `promise` is O(groups × rungs), `learn` O(offers × rungs). @throws RangeError for a share outside (0, 1) */
export function createPromiser({ shortShareMax, rungs }: PromiserConfig): Promiser {
  if (!(shortShareMax > 0 && shortShareMax < 1)) throw new RangeError(`a share lies within (0, 1), found ${shortShareMax}`);
  const aim = aimedPart * shortShareMax;
  const sums = (): Sums => ({ promised: new Float64Array(rungs), short: new Float64Array(rungs) });
  const groups = new Map<number, Sums>();
  const pooled = sums();
  let account: PromiseAccount = { promised: 0, short: 0 };
  let since: Instant | undefined;
  let learnedAt: Instant | undefined;

  /** Days since the first outcome, at least one. */
  const age = () => Math.max(1, ((learnedAt ?? 0) - (since ?? 0)) / DAY);

  /** The rung that pays best at a price of the shortfall; −1 where none does. */
  function bestRung(group: Sums | undefined, price: number): number {
    const weight = Math.min(1, pooledDays / fadedDays(age()));
    let [best, most] = [-1, 0];
    for (let k = 0; k < rungs; k++) {
      const promised = (group?.promised[k] ?? 0) + weight * (pooled.promised[k] as number);
      const short = (group?.short[k] ?? 0) + weight * (pooled.short[k] as number);
      const worth = promised - short - price * (short - shortShareMax * promised);
      if (worth > most) [best, most] = [k, worth];
    }
    return best;
  }

  /** Share that would have been short lately, had every group taken its best rung at the price. */
  function shareAt(price: number): number {
    let [promised, short] = [0, 0];
    for (const group of groups.values()) {
      const k = bestRung(group, price);
      if (k < 0) continue;
      promised += group.promised[k] as number;
      short += group.short[k] as number;
    }
    return promised > 0 ? short / promised : 0;
  }

  /** The share to be allowed now: the aim, and what the account has left or owes, spread over the days to come. */
  function limit(): number {
    const left = aim * account.promised - account.short;
    const perDay = account.promised / age();
    const spread = perDay > 0 ? left / (perDay * balanceDays) : 0;
    const least = age() < yearDays ? limitPartMin.firstYear : limitPartMin.later;
    return aim * Math.max(least, Math.min(limitPartMax, 1 + spread / aim));
  }

  /** The least price at which the share keeps to the limit. */
  function price(): number {
    const most = limit();
    let [low, high] = [0, priceMax];
    for (let round = 0; round < priceRounds; round++) {
      const middle = round === 0 ? priceMax / 40 : (low + high) / 2;
      if (shareAt(middle) > most) low = middle;
      else high = middle;
    }
    return high;
  }

  function fadeTo(asOf: Instant): void {
    const factor = 0.5 ** (Math.max(0, asOf - (learnedAt ?? asOf)) / DAY / halfLifeDays);
    for (const { promised, short } of [pooled, ...groups.values()])
      for (let k = 0; k < rungs; k++) {
        (promised[k] as number) *= factor;
        (short[k] as number) *= factor;
      }
    since ??= asOf;
    learnedAt = asOf;
  }

  return {
    promise: (offers) => {
      const now = price();
      return Float64Array.from(offers, ({ group, kw }) => kw[bestRung(groups.get(group), now)] ?? 0);
    },
    learn: (offers, promisedKw, surplusKw, asOf) => {
      if (offers.length !== promisedKw.length || offers.length !== surplusKw.length || offers.some(({ kw }) => kw.length !== rungs))
        throw new RangeError(
          `${offers.length} offers of ${rungs} rungs were to be learned, found ${promisedKw.length} promises, ${surplusKw.length} outcomes`,
        );
      fadeTo(asOf);
      const days = (asOf - (since ?? asOf)) / DAY;
      const belief = believedDays / (believedDays + days);
      offers.forEach(({ group, kw, believedShortKw }, i) => {
        const surplus = surplusKw[i] as number;
        if (Number.isNaN(surplus)) return;
        const promised = promisedKw[i] as number;
        account = { promised: account.promised + promised, short: account.short + Math.max(0, promised - surplus) };
        const own = groups.get(group) ?? sums();
        groups.set(group, own);
        for (let k = 0; k < rungs; k++) {
          const offered = kw[k] as number;
          const missed = Math.max(0, offered - surplus);
          const short = missed + (believedShortKw ? belief * ((believedShortKw[k] as number) - missed) : 0);
          for (const into of [own, pooled]) {
            (into.promised[k] as number) += offered;
            (into.short[k] as number) += short;
          }
        }
      });
    },
    get account() {
      return account;
    },
  };
}

/** Days that faded sums of so many days amount to. */
const fadedDays = (days: number): number => (halfLifeDays / Math.LN2) * (1 - 0.5 ** (days / halfLifeDays));
