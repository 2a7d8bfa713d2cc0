/**
 * Elastic: how many accelerators to hold in each slot when more of them help less and less.
 *
 * A job on a accelerators goes a ** exponent times as fast as on one (0 < exponent ≤ 1), so the a-th adds
 * a ** exponent − (a − 1) ** exponent. Buying the work where an accelerator-slot costs least per work added is optimal
 * but for the last unit (marginal allocation, Fox 1966; CarbonScaler, Hanafy et al., SIGMETRICS 2024).
 */
import type { Answer, Search } from './response.ts';

/** Halvings of the price of work; 2 ** −60 of the dearest price is below any rounding. */
const halvings = 60;

/** Accelerators worth holding at `price` each when a unit of work is worth `worth`; a ** exponent is concave, so the marginal rule holds. */
function worthHolding(price: number, worth: number, most: number, exponent: number): number {
  if (worth <= 0) return price * most < worth * most ** exponent ? most : 0; // then it is convex: one end is the best
  if (price <= 0) return most;
  if (exponent === 1) return price < worth ? most : 0;
  const peak = (price / (worth * exponent)) ** (1 / (exponent - 1)); // where the slope of a ** exponent is price ÷ worth
  const low = Math.min(most, Math.floor(peak));
  const high = Math.min(most, low + 1);
  return worth * high ** exponent - price * high > worth * low ** exponent - price * low ? high : low;
}

/** Work that is worth doing in all, and (`net`) what doing it costs less its worth. */
function tradeAt(
  price: Float64Array,
  { from, to, length, release }: Search,
  waitPrice: number,
  most: number,
  exponent: number,
  worth: number,
) {
  let work = 0;
  let net = 0;
  for (let slot = from; slot < to; slot++) {
    const own = price[slot] as number;
    if (own === Number.POSITIVE_INFINITY) continue;
    const rest = worth - (waitPrice * (slot - release)) / length;
    const held = worthHolding(own, rest, most, exponent);
    const done = held === 0 ? 0 : held ** exponent;
    work += done;
    net += own * held - rest * done;
  }
  return { work, net };
}

/** The least worth of a unit of work at which enough of it is done, or `undefined` when all accelerators in all slots are too few. */
function clearingWorth(price: Float64Array, search: Search, waitPrice: number, most: number, exponent: number): number | undefined {
  let high = 1e-6;
  while (tradeAt(price, search, waitPrice, most, exponent, high).work < search.length) {
    high *= 4;
    if (high > 1e9) return undefined;
  }
  let low = 0;
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2;
    if (tradeAt(price, search, waitPrice, most, exponent, middle).work < search.length) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * A lower bound on the cost of doing `length` accelerator-slots of work in [from, to), accounting currency; Infinity when it cannot be done.
 *
 * Any worth of work gives a bound (weak duality); the clearing one gives the best. O(window × halvings).
 *
 * @param price  by slot, what one accelerator costs
 * @param most  accelerators at most
 */
export function elasticBound(price: Float64Array, search: Search, waitPrice: number, most: number, exponent: number): number {
  const worth = clearingWorth(price, search, waitPrice, most, exponent);
  if (worth === undefined) return Number.POSITIVE_INFINITY;
  return worth * search.length + tradeAt(price, search, waitPrice, most, exponent, worth).net;
}

/**
 * Lowers `answer` to the cheapest shares of accelerators that do the work, if that is cheaper: bought at the clearing worth, then trimmed.
 *
 * @param free  by slot from `freeRow`: accelerators nobody holds
 */
export function cheapestShares(
  price: Float64Array,
  search: Search,
  most: number,
  exponent: number,
  free: (slot: number) => number,
  answer: Answer,
): boolean {
  const { from, to, length, release, fixed, waitPrice } = search;
  const worth = clearingWorth(price, search, waitPrice, most, exponent);
  if (worth === undefined) return false;
  const shares = new Uint16Array(to - from);
  let work = 0;
  for (let pass = 0, value = worth; pass < 40 && work < length - 1e-9; pass++, value *= 1.5) {
    // where slots have less room than the clearing assumed, work is worth more
    work = 0;
    for (let slot = from; slot < to; slot++) {
      const own = price[slot] as number;
      const rest = value - (waitPrice * (slot - release)) / length;
      const held = own === Number.POSITIVE_INFINITY ? 0 : Math.min(free(slot), worthHolding(own, rest, most, exponent));
      shares[slot - from] = held;
      work += held === 0 ? 0 : held ** exponent;
    }
  }
  if (work < length - 1e-9) return false;
  trim(shares, work, price, search, exponent);
  let cost = fixed;
  for (let i = 0; i < shares.length; i++) {
    const held = shares[i] as number;
    if (held > 0) cost += held * (price[from + i] as number) + (waitPrice * (from + i - release) * held ** exponent) / length;
  }
  if (cost >= answer.cost) return false;
  let first = 0;
  while (shares[first] === 0) first++;
  let end = shares.length;
  while (shares[end - 1] === 0) end--;
  answer.cost = cost;
  answer.start = from + first;
  answer.pattern = shares.slice(first, end);
  return true;
}

/** Gives back accelerators, dearest per work first, while what is left still does the work. */
function trim(
  shares: Uint16Array,
  work: number,
  price: Float64Array,
  { from, length, release, waitPrice }: Search,
  exponent: number,
): void {
  let done = work;
  for (;;) {
    let dearest = 0;
    let at = -1;
    for (let i = 0; i < shares.length; i++) {
      const held = shares[i] as number;
      if (held === 0) continue;
      const gain = held ** exponent - (held - 1) ** exponent;
      if (done - gain < length - 1e-9) continue;
      const ratio = (price[from + i] as number) / gain + (waitPrice * (from + i - release)) / length;
      if (at < 0 || ratio > dearest) {
        dearest = ratio;
        at = i;
      }
    }
    if (at < 0 || dearest <= 0) return;
    const held = shares[at] as number;
    done -= held ** exponent - (held - 1) ** exponent;
    shares[at] = held - 1;
  }
}
