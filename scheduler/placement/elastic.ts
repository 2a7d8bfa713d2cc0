/**
 * Elastic: how many accelerators to hold in each slot when more of them help less and less.
 *
 * A job on a accelerators goes a ** exponent times as fast as on one (0 < exponent ≤ 1), so the a-th adds
 * a ** exponent − (a − 1) ** exponent. Buying the work where an accelerator-slot costs least per work added is optimal
 * but for the last unit (marginal allocation, Fox 1966; CarbonScaler, Hanafy et al., SIGMETRICS 2024).
 */
import type { Answer, Search } from './response.ts';

/** Halvings of the worth of work between two guesses that lie a factor apart: closer than a ten-millionth. */
const halvings = 26;
const guessFactor = 4;
/** Nobody's work is worth more, accounting currency per accelerator-slot. */
const worthMax = 1e9;
/** Work agrees to so much. */
const rounding = 1e-9;

/** By slot: accelerators there is room for. */
let room = new Int32Array(672);

/** Accelerators worth holding at `price` each when a unit of work is worth `worth`; a ** exponent is concave, so the marginal rule holds. */
function worthHolding(price: number, worth: number, most: number, exponent: number): number {
  if (worth <= 0) return price * most < worth * most ** exponent ? most : 0; // then it is convex: one end is the best
  if (price <= 0) return most;
  if (exponent === 1) return price < worth ? most : 0;
  const peak = (price / (worth * exponent)) ** (1 / (exponent - 1)); // where the slope of a ** exponent is price ÷ worth
  if (!(peak < most)) return most;
  const low = Math.floor(peak);
  const high = low + 1;
  return worth * high ** exponent - price * high > worth * low ** exponent - price * low ? high : low;
}

/** Work that is worth doing in all, and (`net`) what doing it costs less its worth. */
function tradeAt(price: Float64Array, { from, to, length, release }: Search, waitPrice: number, exponent: number, worth: number) {
  let work = 0;
  let net = 0;
  for (let slot = from; slot < to; slot++) {
    const most = room[slot] as number;
    if (most === 0) continue;
    const own = price[slot] as number;
    const rest = worth - (waitPrice * (slot - release)) / length;
    const held = worthHolding(own, rest, most, exponent);
    const done = held === 0 ? 0 : held ** exponent;
    work += done;
    net += own * held - rest * done;
  }
  return { work, net };
}

/** Notes the room of each slot; the work that all of it could do. */
function findRoom(price: Float64Array, { from, to }: Search, exponent: number, roomOf: (slot: number) => number): number {
  if (room.length < to) room = new Int32Array(to);
  let work = 0;
  for (let slot = from; slot < to; slot++) {
    const most = price[slot] === Number.POSITIVE_INFINITY ? 0 : Math.max(0, roomOf(slot));
    room[slot] = most;
    if (most > 0) work += most ** exponent;
  }
  return work;
}

/** What work would be worth if it were spread evenly over all open slots. */
function firstGuess(price: Float64Array, { from, to, length }: Search, exponent: number): number {
  let sum = 0;
  let open = 0;
  for (let slot = from; slot < to; slot++) {
    if (room[slot] === 0) continue;
    sum += Math.abs(price[slot] as number);
    open++;
  }
  const each = open === 0 ? 1 : Math.max(1, length / open) ** (1 / exponent);
  return Math.max(rounding, (sum / Math.max(open, 1)) * each ** (1 - exponent));
}

/** The least worth of a unit of work at which enough of it is done in the room there is; `worthMax` when only all of it will do. */
function clearingWorth(price: Float64Array, search: Search, waitPrice: number, exponent: number): number {
  const enough = search.length - rounding;
  let low = 0;
  let high = firstGuess(price, search, exponent);
  while (high < worthMax && tradeAt(price, search, waitPrice, exponent, high).work < enough) {
    low = high;
    high *= guessFactor;
  }
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2;
    if (tradeAt(price, search, waitPrice, exponent, middle).work < enough) low = middle;
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
  if (findRoom(price, search, exponent, () => most) < search.length - rounding) return Number.POSITIVE_INFINITY;
  const worth = clearingWorth(price, search, waitPrice, exponent);
  return worth * search.length + tradeAt(price, search, waitPrice, exponent, worth).net;
}

/**
 * Lowers `answer` to the cheapest shares of accelerators that do the work, if that is cheaper: bought at the clearing worth, then trimmed.
 *
 * Finds shares whenever there are any. O(window × (halvings + what is trimmed)).
 *
 * @param most  accelerators at most
 * @param free  by slot: accelerators nobody holds
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
  if (findRoom(price, search, exponent, (slot) => Math.min(most, free(slot))) < length - rounding) return false;
  const worth = clearingWorth(price, search, waitPrice, exponent);
  const shares = new Uint16Array(to - from);
  let work = 0;
  for (let slot = from; slot < to; slot++) {
    const own = price[slot] as number;
    const rest = worth - (waitPrice * (slot - release)) / length;
    const held = (room[slot] as number) === 0 ? 0 : worthHolding(own, rest, room[slot] as number, exponent);
    shares[slot - from] = held;
    work += held === 0 ? 0 : held ** exponent;
  }
  if (work < length - rounding) return false;
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
      if (done - gain < length - rounding) continue;
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
