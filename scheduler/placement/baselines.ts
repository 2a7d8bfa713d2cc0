/**
 * Baselines: plans by the published policies, for comparison only, in the planner's own Assignment.
 *
 * Requests come in order of release, then row, and take what they want of what is left; nobody is moved again. Capacity,
 * windows and known slots are never broken; budgets, restart costs and prices of waiting are ignored. The clairvoyant
 * plan is no rule of its own: it is the planner on the true signals. What a plan truly costs, surplus in its merit
 * order included, is told by `cost.ts`, for these as for the planner's.
 */
import { type GridSignals, gridSignalsOf, intensityTie, pauseRules, siteRules, startRules, type View } from './baseline-rules.ts';
import { interruptions } from './cost.ts';
import { type Assignment, type Market, nobody, requestKinds } from './market.ts';

type SiteRule = keyof typeof siteRules;
export type Baseline = keyof typeof startRules | SiteRule;

/** All of them: those that choose the start, then those that choose the site. */
export const baselineNames = [...Object.keys(startRules), ...Object.keys(siteRules)] as readonly Baseline[];

/** What is left, and room to look at one request at one option; mutable, local to one plan. */
interface Desk {
  readonly market: Market;
  readonly grids: readonly GridSignals[];
  /** Pool × slot, accelerators nobody took. */
  readonly free: Int32Array;
  /** By site: by slot, kW of surplus nobody draws. */
  readonly surplusKw: readonly Float64Array[];
  /** By slot, of the option looked at: open slots from here on without a break; 0 where it may not run. */
  readonly room: Int32Array;
  readonly picked: Uint8Array;
  readonly view: View;
  readonly plan: Assignment;
}

/** True where a rule lets a request of the kind pause. */
export const pausesUnder = (baseline: Baseline, kind: number): baseline is keyof typeof pauseRules =>
  kind === requestKinds.interruptible && baseline in pauseRules;

/**
 * Plans by one rule; a request that finds no room anywhere is left out.
 *
 * Rules that choose the start stay at home. A request without a home, or without room there, takes for its home the
 * option it could start at earliest. Rules that choose the site start as soon as the option allows (release, and its
 * data's arrival); where none has room for that, the earliest start anywhere counts. On a tie: home, then the lower
 * row. Interruptible requests pause under wait-awhile and ecovisor only, and not at all where an option allows fewer
 * breaks than the rule wants; elastic ones hold all their accelerators for
 * ceil(length / accelerators ** exponent) slots. A RangeError for a market without sites. O(options × (slots + run) +
 * sites × slots × log slots).
 *
 * @param home  by request: the option row at its home pool, −1 if it has none
 * @param turns  the requests that ask, one after another; all, in order of release, then row, unless told
 */
export function planBy(baseline: Baseline, market: Market, home: Int32Array, turns: readonly number[] = byRelease(market)): Assignment {
  const { kind } = market.requests;
  const desk = deskOf(market);
  for (const request of turns) {
    const homeOption = home[request] as number;
    if (isSiteRule(baseline)) takeBestSite(desk, baseline, request, homeOption);
    else if (pausesUnder(baseline, kind[request] as number)) takeBestSlots(desk, baseline, request, homeOption);
    else takeBestStart(desk, baseline, request, homeOption);
  }
  return desk.plan;
}

function byRelease({ requests: { count, release } }: Market): number[] {
  const turns = Array.from({ length: count }, (_, request) => request);
  return turns.sort((a, b) => (release[a] as number) - (release[b] as number) || a - b);
}

const isSiteRule = (baseline: Baseline): baseline is SiteRule => baseline in siteRules;

function deskOf(market: Market): Desk {
  const { offers, requests } = market;
  const { slots, siteCount, curtailedKw, exportableKw } = offers;
  const grids = gridSignalsOf(offers);
  const surplusKw = Array.from({ length: siteCount }, (_, site) =>
    Float64Array.from({ length: slots }, (_, slot) => (curtailedKw[site * slots + slot] ?? 0) + (exportableKw[site * slots + slot] ?? 0)),
  );
  const [grid, surplus] = [grids[0], surplusKw[0]];
  if (!grid || !surplus) throw new RangeError('a market has at least one site');
  return {
    market,
    grids,
    free: offers.capacity.slice(),
    surplusKw,
    room: new Int32Array(slots),
    picked: new Uint8Array(slots),
    view: {
      grid,
      surplusKw: surplus,
      slotHours: offers.slotHours,
      release: 0,
      first: 0,
      run: 0,
      accelerators: 0,
      drawKw: 0,
      ask: 0,
      transferCost: 0,
      transferG: 0,
    },
    plan: nobody(requests.count),
  };
}

/** Looks at a request at an option: fills `room` and `view`; whether a run has room there, unbroken or in pieces. O(slots). */
function look(desk: Desk, request: number, option: number, inPieces: boolean): boolean {
  const { market, free, room, view } = desk;
  const { offers, requests } = market;
  const { options } = requests;
  const pool = options.pool[option] as number;
  const site = offers.poolSite[pool] as number;
  const grid = desk.grids[site] as GridSignals;
  const earliest = options.earliest[option] as number;
  const end = options.end[option] as number;
  const accelerators = options.accelerators[option] as number;
  view.grid = grid;
  view.surplusKw = desk.surplusKw[site] as Float64Array;
  view.release = requests.release[request] as number;
  view.accelerators = accelerators;
  view.drawKw = accelerators * (options.kwPerAccelerator[option] as number);
  view.run = runSlots(market, request, option);
  view.ask = offers.ask[pool] as number;
  view.transferCost = options.transferCost[option] as number;
  view.transferG = options.transferG[option] as number;
  room.fill(0);
  view.first = -1;
  let unbroken = 0;
  let open = 0;
  for (let slot = end - 1; slot >= earliest; slot--) {
    const isOpen = grid.known[slot] === 1 && (free[pool * offers.slots + slot] as number) >= accelerators;
    unbroken = isOpen ? unbroken + 1 : 0;
    room[slot] = unbroken;
    if (isOpen) open++;
    if (inPieces ? isOpen : unbroken >= view.run) view.first = slot;
  }
  return view.first >= 0 && open >= view.run;
}

/** Slots a request runs at an option with all its accelerators. */
function runSlots({ requests }: Market, request: number, option: number): number {
  const { length, accelerators, speedExponent } = requests.options;
  if (requests.kind[request] !== requestKinds.elastic) return length[option] as number;
  return Math.ceil((length[option] as number) / (accelerators[option] as number) ** (speedExponent[option] as number));
}

/** Looks at home, or where a run could start earliest when there is no room at home; −1 when there is none anywhere. */
function lookAtHome(desk: Desk, request: number, home: number, inPieces: boolean): number {
  if (home >= 0 && look(desk, request, home, inPieces)) return home;
  const { firstOption } = desk.market.requests;
  let best = -1;
  let bestFirst = Number.POSITIVE_INFINITY;
  for (let option = firstOption[request] as number; option < (firstOption[request + 1] as number); option++) {
    if (!look(desk, request, option, inPieces) || desk.view.first >= bestFirst) continue;
    best = option;
    bestFirst = desk.view.first;
  }
  if (best >= 0) look(desk, request, best, inPieces);
  return best;
}

function takeBestStart(desk: Desk, rule: keyof typeof startRules, request: number, home: number): void {
  const option = lookAtHome(desk, request, home, false);
  if (option < 0) return;
  const { room, view } = desk;
  const scoreOf = startRules[rule];
  let best = view.first;
  let bestScore = scoreOf(view, best);
  for (let start = best + 1; start < room.length; start++) {
    if ((room[start] as number) < view.run) continue;
    const score = scoreOf(view, start);
    if (score >= bestScore - intensityTie) continue;
    best = start;
    bestScore = score;
  }
  takeUnbroken(desk, request, option, best);
}

function takeBestSite(desk: Desk, rule: SiteRule, request: number, home: number): void {
  const { view, market } = desk;
  const { firstOption, options } = market.requests;
  const scoreOf = siteRules[rule];
  const atOnce = -1;
  let best = -1;
  let bestStart = 0;
  let bestLate = Number.POSITIVE_INFINITY;
  let bestScore = Number.POSITIVE_INFINITY;
  for (let option = firstOption[request] as number; option < (firstOption[request + 1] as number); option++) {
    if (!look(desk, request, option, false)) continue;
    const late = view.first === options.earliest[option] ? atOnce : view.first;
    if (late > bestLate) continue;
    const score = scoreOf(view, view.first);
    if (late === bestLate && (score > bestScore || (score === bestScore && option !== home))) continue;
    best = option;
    bestStart = view.first;
    bestLate = late;
    bestScore = score;
  }
  if (best >= 0) takeUnbroken(desk, request, best, bestStart);
}

function takeBestSlots(desk: Desk, rule: keyof typeof pauseRules, request: number, home: number): void {
  const option = lookAtHome(desk, request, home, true);
  if (option < 0) return;
  const { room, view, picked } = desk;
  picked.fill(0);
  pauseRules[rule](view, room, picked);
  const first = picked.indexOf(1);
  const pattern = Uint16Array.from(picked.subarray(first, picked.lastIndexOf(1) + 1), (held) => held * view.accelerators);
  const breaksMax = desk.market.requests.options.breaksMax?.[option] ?? Number.POSITIVE_INFINITY;
  if (interruptions(pattern) > breaksMax) takeBestStart(desk, rule, request, home);
  else take(desk, request, option, first, pattern);
}

function takeUnbroken(desk: Desk, request: number, option: number, start: number): void {
  const accelerators = desk.market.requests.options.accelerators[option] as number;
  take(desk, request, option, start, new Uint16Array(runSlots(desk.market, request, option)).fill(accelerators));
}

/** Writes a run down and takes what it holds out of what is left; O(slots held). */
function take({ market, free, surplusKw, plan }: Desk, request: number, option: number, start: number, pattern: Uint16Array): void {
  const { offers, requests } = market;
  const { pool, length, kwPerAccelerator } = requests.options;
  const at = pool[option] as number;
  const surplus = surplusKw[offers.poolSite[at] as number] as Float64Array;
  for (let i = 0; i < pattern.length; i++) {
    const held = pattern[i] as number;
    free[at * offers.slots + start + i] = (free[at * offers.slots + start + i] as number) - held;
    surplus[start + i] = (surplus[start + i] as number) - held * (kwPerAccelerator[option] as number);
  }
  plan.option[request] = option;
  plan.start[request] = start;
  if (pattern.length !== length[option]) plan.pattern[request] = pattern; // as long as its length: unbroken, with all its accelerators
}
