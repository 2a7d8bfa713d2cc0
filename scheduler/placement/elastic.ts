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

/** Work that a accelerators do in a slot, and what the a-th adds to it; of the exponent asked about last. */
let work = Float64Array.of(0);
let gain = Float64Array.of(0);
let tabled = Number.NaN;

/** Fills the tables up to `most` accelerators: powers are dear, and asked for in every slot of every guess. */
function tabulate(exponent: number, most: number): void {
  if (exponent === tabled && work.length > most) return;
  work = Float64Array.from({ length: most + 1 }, (_, a) => a ** exponent);
  gain = work.map((done, a) => (a === 0 ? 0 : done - (work[a - 1] as number)));
  tabled = exponent;
}

/** Accelerators worth holding at `price` each when a unit of work is worth `worth`: gains fall, so it is all whose gain pays. O(log most). */
function worthHolding(price: number, worth: number, most: number): number {
  if (worth <= 0) return price * most < worth * (work[most] as number) ? most : 0; // then it is convex: one end is the best
  const needed = price / worth;
  if ((gain[most] as number) > needed) return most;
  let low = 0;
  let high = most; // the gain of `low` pays, that of `high` does not
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((gain[middle] as number) > needed) low = middle;
    else high = middle;
  }
  return low;
}

/** Work that is worth doing in all, and (`net`) what doing it costs less its worth. */
function tradeAt(price: Float64Array, { from, to, length, release }: Search, waitPrice: number, worth: number) {
  let sum = 0;
  let net = 0;
  for (let slot = from; slot < to; slot++) {
    const most = room[slot] as number;
    if (most === 0) continue;
    const own = price[slot] as number;
    const rest = worth - (waitPrice * (slot - release)) / length;
    const held = worthHolding(own, rest, most);
    const done = work[held] as number;
    sum += done;
    net += own * held - rest * done;
  }
  return { work: sum, net };
}

/** Notes the room of each slot; the work that all of it could do. */
function findRoom(price: Float64Array, { from, to }: Search, most: number, exponent: number, free?: (slot: number) => number): number {
  if (room.length < to) room = new Int32Array(to);
  tabulate(exponent, most);
  let sum = 0;
  for (let slot = from; slot < to; slot++) {
    const here = free ? Math.max(0, Math.min(most, free(slot))) : most;
    const isOpen = price[slot] !== Number.POSITIVE_INFINITY;
    room[slot] = isOpen ? here : 0;
    if (isOpen) sum += work[here] as number;
  }
  return sum;
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
  while (high < worthMax && tradeAt(price, search, waitPrice, high).work < enough) {
    low = high;
    high *= guessFactor;
  }
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2;
    if (tradeAt(price, search, waitPrice, middle).work < enough) low = middle;
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
  if (findRoom(price, search, most, exponent) < search.length - rounding) return Number.POSITIVE_INFINITY;
  const worth = clearingWorth(price, search, waitPrice, exponent);
  return worth * search.length + tradeAt(price, search, waitPrice, worth).net;
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
  if (findRoom(price, search, most, exponent, free) < length - rounding) return false;
  const worth = clearingWorth(price, search, waitPrice, exponent);
  const shares = new Uint16Array(to - from);
  let done = 0;
  for (let slot = from; slot < to; slot++) {
    const own = price[slot] as number;
    const rest = worth - (waitPrice * (slot - release)) / length;
    const held = (room[slot] as number) === 0 ? 0 : worthHolding(own, rest, room[slot] as number);
    shares[slot - from] = held;
    done += work[held] as number;
  }
  if (done < length - rounding) return false;
  trim(shares, done, price, search);
  let cost = fixed;
  for (let i = 0; i < shares.length; i++) {
    const held = shares[i] as number;
    if (held > 0) cost += held * (price[from + i] as number) + (waitPrice * (from + i - release) * (work[held] as number)) / length;
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
function trim(shares: Uint16Array, enough: number, price: Float64Array, { from, length, release, waitPrice }: Search): void {
  let done = enough;
  for (;;) {
    let dearest = 0;
    let at = -1;
    for (let i = 0; i < shares.length; i++) {
      const held = shares[i] as number;
      if (held === 0) continue;
      const least = gain[held] as number;
      if (done - least < length - rounding) continue;
      const ratio = (price[from + i] as number) / least + (waitPrice * (from + i - release)) / length;
      if (at < 0 || ratio > dearest) {
        dearest = ratio;
        at = i;
      }
    }
    if (at < 0 || dearest <= 0) return;
    const held = shares[at] as number;
    done -= gain[held] as number;
    shares[at] = held - 1;
  }
}
