/**
 * Response: the cheapest run of one request in one pool, when each slot has a price.
 *
 * A contiguous run is found by a sliding sum, an interruptible one by order statistics (exactly, restarts included, by
 * a recursion over slots held), an elastic one by marginal gains. Costs may be negative; a slot that costs Infinity is
 * closed. Knows prices by slot alone: who made them is the caller's.
 */

/** The best answer so far; searches only ever lower `cost`. */
export interface Answer {
  cost: number;
  /** First slot held; −1 while there is none. */
  start: number;
  /** As `Assignment.pattern`. */
  pattern: Uint16Array | undefined;
}

export const noAnswer = (): Answer => ({ cost: Number.POSITIVE_INFINITY, start: -1, pattern: undefined });

/**
 * Lowers `answer` to the cheapest unbroken run of `length` slots in [from, to), if that is cheaper; the earliest on a tie.
 *
 * @param price  by slot, what holding the request's accelerators costs
 * @param fixed  what is added to every run
 * @param waitPrice  per slot of start behind `release`
 * @returns whether it was lowered; O(to − from)
 */
export function cheapestRun(price: Float64Array, search: Search, answer: Answer): boolean {
  const { from, to, length, fixed, waitPrice, release } = search;
  let open = 0;
  let sum = 0;
  let best = answer.cost - fixed;
  let found = -1;
  for (let slot = from; slot < to; slot++) {
    const own = price[slot] as number;
    if (own === Number.POSITIVE_INFINITY) {
      open = 0;
      sum = 0;
      continue;
    }
    sum += own;
    if (++open > length) sum -= price[slot - length] as number;
    if (open < length) continue;
    const start = slot - length + 1;
    const cost = sum + waitPrice * (start - release);
    if (cost < best) {
      best = cost;
      found = start;
    }
  }
  if (found < 0) return false;
  answer.cost = best + fixed;
  search.level = best / length;
  answer.start = found;
  answer.pattern = undefined;
  return true;
}

/** What is searched; reused by callers, read at once. */
export interface Search {
  from: number;
  to: number;
  length: number;
  fixed: number;
  waitPrice: number;
  release: number;
  /** Interruptible only: added for each run but the first, and what it holds while it runs. */
  restartCost: number;
  breaksMax: number;
  accelerators: number;
  /** Written by searches that find: what the dearest slot of the answer costs, or its mean slot; a guess for the next (`priceSlots`). */
  level: number;
}

export const anySearch = (): Search => ({
  from: 0,
  to: 0,
  length: 1,
  fixed: 0,
  waitPrice: 0,
  release: 0,
  restartCost: 0,
  breaksMax: Number.POSITIVE_INFINITY,
  accelerators: 1,
  level: 0,
});

const slotsMax = 672;
const chosen = new Float64Array(slotsMax);
const priced = new Float64Array(slotsMax);

/**
 * Lowers `answer` to the cheapest `length` slots of [from, to), restarts included.
 *
 * The sum of the cheapest slots (selection, O(window)) is a lower bound: where it is no better than `answer` the search
 * ends. Where those slots lie in one run it is the answer; else a recursion over (slot, slots held, running or not)
 * weighs restarts against prices, O(window × length).
 */
export function cheapestSlots(price: Float64Array, search: Search, answer: Answer): boolean {
  const { from, to, length, fixed, waitPrice, restartCost, breaksMax, accelerators } = search;
  const window = to - from;
  const added = fixed - (waitPrice * (length - 1)) / 2;
  const own = waitPrice === 0 ? price : withWaiting(price, search);
  const least = added + sumOfCheapest(own, from, window, length);
  if (least >= answer.cost) return false;
  search.level = dearest;
  const runs = markCheapest(own, from, window);
  if (runs > 1 && (restartCost > 0 || runs - 1 > breaksMax)) {
    const isSolid = cheapestRun(price, search, answer);
    if (breaksMax === 0 || least + restartCost >= answer.cost) return isSolid; // a run that breaks costs a restart more than the cheapest slots
    const cost = added + (runs === 2 ? least - added + restartCost : fewBreaks(own, from, window, length, restartCost, breaksMax));
    if (cost >= answer.cost) return isSolid;
    answer.cost = cost;
  } else answer.cost = least;
  take(window, from, accelerators, answer);
  return true;
}

/** Prices with waiting, which is linear in the slot and so a part of what each costs. */
function withWaiting(price: Float64Array, { from, to, length, waitPrice, release }: Search): Float64Array {
  const perSlot = waitPrice / length;
  for (let slot = from; slot < to; slot++) priced[slot] = (price[slot] as number) + perSlot * (slot - release);
  return priced;
}

/** Times the price of a break is raised until there are few enough. */
const raisesMax = 12;

/** The cheapest slots found with no more breaks than allowed, restarts at their true price; Infinity when none were. Marks them. */
function fewBreaks(price: Float64Array, from: number, window: number, length: number, restartCost: number, breaksMax: number): number {
  let paid = restartCost;
  for (let raise = 0; raise < raisesMax; raise++) {
    const cost = withRestarts(price, from, window, length, paid);
    const breaks = countBreaks(window);
    if (breaks <= breaksMax) return cost - breaks * (paid - restartCost);
    paid = Math.max(2 * paid, 1e-6);
  }
  return Number.POSITIVE_INFINITY;
}

function countBreaks(window: number): number {
  let runs = 0;
  let before = 0;
  for (let i = 0; i < window; i++) {
    const held = marked[i] as number;
    if (held === 1 && before === 0) runs++;
    before = held;
  }
  return runs - 1;
}

const marked = new Uint8Array(slotsMax);

/** Up to so many the cheapest are kept in order as they come; beyond, selection is cheaper. */
const keptMax = 24;

/** The dearest of the cheapest, and how many of them are dearer than no other; left behind by `sumOfCheapest`. */
let dearest = 0;
let ties = 0;

/** Sum of the `length` cheapest of the `window` slots behind `from`, Infinity when fewer are open. */
function sumOfCheapest(price: Float64Array, from: number, window: number, length: number): number {
  if (window < length) return Number.POSITIVE_INFINITY;
  let open = 0;
  if (length > keptMax) {
    for (let i = 0; i < window; i++) {
      const own = price[from + i] as number;
      if (own !== Number.POSITIVE_INFINITY) chosen[open++] = own;
    }
    if (open < length) return Number.POSITIVE_INFINITY;
    kthSmallest(chosen, open, length - 1); // what is cheaper stands before it now
  } else {
    for (let i = 0; i < window; i++) {
      const own = price[from + i] as number;
      if (own === Number.POSITIVE_INFINITY || (open === length && own >= (chosen[length - 1] as number))) continue;
      let at = open < length ? open++ : length - 1;
      while (at > 0 && (chosen[at - 1] as number) > own) {
        chosen[at] = chosen[at - 1] as number;
        at--;
      }
      chosen[at] = own;
    }
    if (open < length) return Number.POSITIVE_INFINITY;
  }
  dearest = chosen[length - 1] as number;
  ties = 0;
  let sum = 0;
  for (let i = 0; i < length; i++) {
    sum += chosen[i] as number;
    if (chosen[i] === dearest) ties++;
  }
  return sum;
}

/** Marks every slot cheaper than the dearest of the cheapest and the first ties with it; the number of unbroken runs. */
function markCheapest(price: Float64Array, from: number, window: number): number {
  let left = ties;
  let runs = 0;
  let before = 0;
  for (let i = 0; i < window; i++) {
    const own = price[from + i] as number;
    const held = own < dearest || (own === dearest && left-- > 0) ? 1 : 0;
    marked[i] = held;
    if (held === 1 && before === 0) runs++;
    before = held;
  }
  return runs;
}

/** Writes the marked slots into the answer. */
function take(window: number, from: number, accelerators: number, answer: Answer): void {
  let first = 0;
  while (marked[first] === 0) first++;
  let end = window;
  while (marked[end - 1] === 0) end--;
  answer.start = from + first;
  answer.pattern = undefined;
  if (isUnbroken(first, end)) return;
  const pattern = new Uint16Array(end - first);
  for (let i = first; i < end; i++) pattern[i - first] = (marked[i] as number) * accelerators;
  answer.pattern = pattern;
}

function isUnbroken(first: number, end: number): boolean {
  for (let i = first; i < end; i++) if (marked[i] === 0) return false;
  return true;
}

/** The k-th smallest (from 0) of the first `count` values, which it reorders; expected O(count) (Hoare 1961). */
export function kthSmallest(values: Float64Array, count: number, k: number): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1] as number;
    let i = low;
    let j = high;
    while (i <= j) {
      while ((values[i] as number) < pivot) i++;
      while ((values[j] as number) > pivot) j--;
      if (i <= j) {
        const swap = values[i] as number;
        values[i++] = values[j] as number;
        values[j--] = swap;
      }
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else break;
  }
  return values[k] as number;
}

const running = new Float64Array(slotsMax + 1);
const resting = new Float64Array(slotsMax + 1);
/** (Slot × held): bit 0, running came from resting; bit 1, resting came from running. */
let history = new Uint8Array(96 * 97);

/** The cheapest way to hold `length` slots with restarts paid; marks them. O(window × length). */
function withRestarts(price: Float64Array, from: number, window: number, length: number, restartCost: number): number {
  const width = length + 1;
  if (history.length < window * width) history = new Uint8Array(window * width);
  running.fill(Number.POSITIVE_INFINITY, 0, width);
  resting.fill(Number.POSITIVE_INFINITY, 0, width);
  resting[0] = 0;
  for (let slot = 0; slot < window; slot++) {
    const own = price[from + slot] as number;
    const least = Math.max(0, length - (window - slot)); // fewer held by now cannot be made up
    const most = Math.min(length, slot + 1);
    for (let held = most; held >= least; held--) {
      let came = 0;
      const on = running[held] as number;
      if (on < (resting[held] as number)) {
        resting[held] = on;
        came = 2;
      }
      if (held > 0) {
        const begun = (resting[held - 1] as number) + (held > 1 ? restartCost : 0);
        const gone = running[held - 1] as number;
        if (begun < gone) {
          running[held] = own + begun;
          came |= 1;
        } else running[held] = own + gone;
      }
      history[slot * width + held] = came;
    }
  }
  return walkBack(window, length, width);
}

function walkBack(window: number, length: number, width: number): number {
  let held = length;
  let isRunning = (running[length] as number) <= (resting[length] as number);
  const cost = isRunning ? (running[length] as number) : (resting[length] as number);
  for (let slot = window - 1; slot >= 0; slot--) {
    const came = history[slot * width + held] as number;
    if (isRunning) {
      marked[slot] = 1;
      held--;
      isRunning = held > 0 && (came & 1) === 0;
    } else {
      marked[slot] = 0;
      isRunning = (came & 2) !== 0;
    }
  }
  return cost;
}
