/**
 * Outcome: what a clearing means for each job, in the words of a plan: placement, move, or not yet, because.
 *
 * Reasons are made here: where and when, what it buys, which scarcity or limit bound it, and what would have been
 * needed where there was no place.
 */
import { HOUR, type Instant, MINUTE, SLOT, toIso } from '../../units/time.ts';
import type { Run } from '../dispatch/lease.ts';
import { drawKw, fittingModels } from '../fleet.ts';
import { type Job, paceOf, remainingOf } from '../job.ts';
import type { Deferral, Move, Placement, Segment } from '../plan.ts';
import { acceleratorCost, priceStepsOf } from './agreed-price.ts';
import { aloneAt, type Belief, beliefOf } from './belief.ts';
import type { FeasibleTerms, Seat } from './feasible.ts';
import type { Load } from './load.ts';
import { type Market, type Offers, requestKinds } from './market.ts';
import type { SpotRun, Standing } from './quote.ts';
import { horizonSlots } from './supply.ts';

/** A plan under other signals: classes keep their ranks, their grid prices differ. */
export interface Side {
  readonly market: Market;
  readonly load: Load;
}

interface Telling {
  readonly terms: FeasibleTerms;
  /** The insured side, to say what a promise must withstand; `undefined` leaves that out. */
  readonly insured: Side | undefined;
  readonly isBlind: boolean;
}

/** The placement of a request that was assigned a run. */
export function placementOf(standing: Standing, request: number, { terms, insured, isBlind }: Telling): Placement {
  const { supply, feasible, clearing } = standing;
  const { assignment, load } = clearing;
  const { market } = feasible;
  const { job } = feasible.askers[request] as { readonly job: Job };
  const option = assignment.option[request] as number;
  const seat = feasible.seats[option] as Seat;
  const pool = supply.pools[seat.pool];
  const site = pool && supply.sites[pool.site];
  if (!pool || !site) throw new RangeError(`option ${option} lies in no pool`);
  const { options } = market.requests;
  const shape =
    assignment.pattern[request] ?? new Uint16Array(options.length[option] as number).fill(options.accelerators[option] as number);
  const isElastic = market.requests.kind[request] === requestKinds.elastic;
  const segments = segmentsOf(shape, supply.start + (assignment.start[request] as number) * SLOT, seat, isElastic);
  const first = segments[0];
  const last = segments.at(-1);
  if (!first || !last) throw new RangeError(`${job.id} is placed nowhere`);
  const belief = beliefOf(market, load, assignment, request);
  const prices = priceStepsOf(standing, request);
  const draw = (drawKw(site, job.spec, pool.model) * first.accelerators) / (fittingNeeded(site, job, pool.model) || first.accelerators);
  const acceleratorHours = segments.reduce((sum, { start, end, accelerators }) => sum + ((end - start) / HOUR) * accelerators, 0);
  const energyKwh = job.spec.elastic ? drawKw(site, job.spec, pool.model) * acceleratorHours : (draw * seat.remaining) / HOUR;
  const whole = belief.energyKwh > 0 ? energyKwh / belief.energyKwh : 0; // first and last slot are used in part; what lies behind the horizon as what lies in it
  const worst = insured && beliefOf(insured.market, insured.load, assignment, request);
  const released = Math.max(job.submittedAt, job.spec.notBefore);
  return {
    job: job.id,
    site: site.id,
    model: pool.model,
    accelerators: first.accelerators,
    start: first.start,
    end: last.end,
    segments,
    prices,
    believed: {
      outlook: supply.outlooks[pool.site]?.id,
      energyKwh,
      surplusKwh: belief.surplusKwh * whole,
      energyCost: belief.energyCost * whole,
      computeCost: energyKwh * terms.computePricePerKwh + acceleratorCost(segments, prices),
      surplusPremium: belief.surplusPremium * whole,
      transferCost: seat.transferMoney,
      ...(worst && { insuredEnergyCost: worst.energyCost * whole }),
      carbonG: belief.carbonG * whole + (market.requests.options.transferG[option] as number),
      waitMs: first.start - released,
      runNow: runNowOf(standing, job, terms),
    },
    reason: isBlind ? 'signals missing: the earliest window, not the cheapest' : whyHere(standing, request, belief, terms.now),
  };
}

const fittingNeeded = (site: Parameters<typeof fittingModels>[0], job: Job, model: string): number =>
  fittingModels(site, job.spec).find((fit) => fit.model === model)?.needed ?? 0;

/** What a run of a seat holds when, its first slot being `start`; it begins when the job may, and goes on behind the horizon. */
export function segmentsOf(shape: Uint16Array, start: Instant, { ready, remaining }: Seat, isElastic: boolean): Segment[] {
  const segments: { start: Instant; end: Instant; accelerators: number }[] = [];
  for (const [i, accelerators] of shape.entries()) {
    const from = start + i * SLOT;
    const open = segments.at(-1);
    if (open && open.end === from && open.accelerators === accelerators) open.end = from + SLOT;
    else if (accelerators > 0) segments.push({ start: from, end: from + SLOT, accelerators });
  }
  const [first, last] = [segments[0], segments.at(-1)];
  if (!first || !last) return segments;
  first.start = Math.max(first.start, ready);
  const held = segments.reduce((sum, { start: begin, end }) => sum + end - begin, 0);
  if (!isElastic && held < remaining) last.end += Math.ceil((remaining - held) / SLOT) * SLOT;
  return segments;
}

/** The same job at its home site, started at once, as if nobody else asked. */
function runNowOf({ supply }: Standing, job: Job, { now }: FeasibleTerms): Placement['believed']['runNow'] {
  const at = supply.sites.findIndex(({ id }) => id === job.homeSite);
  const site = supply.sites[at];
  const fit = site && fittingModels(site, job.spec)[0];
  if (!site || !fit) return undefined;
  const remaining = remainingOf(job, paceOf(job.spec, fit.model, fit.needed));
  const release = Math.max(now, job.spec.notBefore);
  const from = Math.floor((release - supply.start) / SLOT);
  const length = Math.ceil((release - supply.start - from * SLOT + remaining) / SLOT);
  const kw = drawKw(site, job.spec, fit.model);
  const alone = aloneAt(supply.offers, at, job.spec.weights.carbonPricePerKg, kw, from, length);
  if (!alone || alone.energyKwh === 0) return undefined;
  const whole = (kw * remaining) / HOUR / alone.energyKwh;
  return { energyCost: alone.energyCost * whole, carbonG: alone.carbonG * whole };
}

function whyHere(standing: Standing, request: number, { surplusKwh, energyKwh }: Belief, now: Instant): string {
  const { supply, feasible, clearing } = standing;
  const option = clearing.assignment.option[request] as number;
  const pool = supply.pools[(feasible.seats[option] as Seat).pool];
  const share = Math.round((100 * surplusKwh) / (energyKwh || 1));
  const start = supply.start + (clearing.assignment.start[request] as number) * SLOT;
  const hours = (start - now) / HOUR;
  const when = hours <= 0 ? 'now' : `in ${hours.toFixed(hours < 10 ? 1 : 0)} h`;
  const energy = share > 0 ? `${share} % surplus expected` : 'the cheapest grid energy for it';
  return `${pool ? supply.sites[pool.site]?.zone : ''} ${when}: ${energy}`;
}

/** What binds a placed request: the scarcities it pays for and the limits it touches, each a phrase; empty when nothing does. */
export function bindingOf({ supply, feasible, clearing }: Standing, request: number): string[] {
  const { market, askers, thrifty } = feasible;
  const { options } = market.requests;
  const { assignment, prices } = clearing;
  const option = assignment.option[request] as number;
  if (option < 0) return [];
  const pool = options.pool[option] as number;
  const site = market.offers.poolSite[pool] as number;
  const from = assignment.start[request] as number;
  const length = assignment.pattern[request]?.length ?? (options.length[option] as number);
  let scarce = 0;
  let surplus = 0;
  for (let slot = from; slot < from + length; slot++) {
    scarce = Math.max(scarce, prices.accelerator[pool * market.offers.slots + slot] as number);
    const cell = site * market.offers.slots + slot;
    if ((market.offers.curtailedKw[cell] as number) + (market.offers.exportableKw[cell] as number) > 0)
      surplus = Math.max(surplus, prices.surplus[cell] as number);
  }
  const model = supply.pools[pool]?.model ?? '';
  const perHour = scarce / market.offers.slotHours;
  const phrases: string[] = [];
  if (perHour > 1e-6) phrases.push(`${model} are scarce there: ${perHour.toFixed(4)} per accelerator-hour above the ask`);
  if (surplus > 1e-6) phrases.push(`surplus is scarce there: worth ${surplus.toFixed(1)} per MWh`);
  if (from + length >= (options.end[option] as number)) phrases.push('its deadline');
  if (from <= (options.earliest[option] as number)) phrases.push('its release');
  const job = askers[request]?.job;
  const budget = job && thrifty.has(job.id) ? job.spec.maxPrice : undefined; // otherwise it got its wish within it
  if (budget !== undefined) phrases.push(`its budget of ${(Number(budget) / 1e6).toFixed(2)}`);
  return phrases;
}

/** A run that is better off elsewhere or later stops; one whose plan begins here and now goes on. */
export function stopOf({ supply, feasible, clearing }: Standing, request: number, run: Run, now: Instant): Move | undefined {
  const option = clearing.assignment.option[request] as number;
  if (option < 0) return undefined; // nothing better was found: it stays
  const seat = feasible.seats[option] as Seat;
  if (seat.stays) return undefined;
  const pool = supply.pools[seat.pool];
  const start = supply.start + (clearing.assignment.start[request] as number) * SLOT;
  const where = pool && supply.sites[pool.site]?.id;
  const job = feasible.askers[request]?.job.id ?? run.job;
  const share = clearing.assignment.pattern[request]?.find((held) => held > 0) ?? feasible.market.requests.options.accelerators[option];
  const changes = share === run.accelerators ? 'pauses' : `goes on with ${share} accelerators in place of ${run.accelerators}`;
  const what = where === run.site ? changes : `moves to ${where}`;
  return { run: run.id, job, reason: `${what}: goes on at ${toIso(Math.max(start, now))}, the restart paid for` };
}

/**
 * Places what the market could not price: the earliest window with room, at home first; but not beyond a budget.
 *
 * @param isTooDear  of a request as it is placed now
 * @returns the requests it placed, and those whose budget forbade it
 */
export function placeBlind(
  { feasible, clearing, supply }: Standing,
  isTooDear: (request: number) => boolean,
): { readonly placed: ReadonlySet<number>; readonly tooDear: ReadonlySet<number> } {
  const { market, askers } = feasible;
  const { offers, requests } = market;
  const { options } = requests;
  const placed = new Set<number>();
  const tooDear = new Set<number>();
  for (const [request, { job, run }] of askers.entries()) {
    if (run || (clearing.assignment.option[request] as number) >= 0) continue;
    const rows = optionsOf(requests, request);
    if (rows.some((option) => hasKnownWindow(offers, options, option))) continue; // it was priced, and there was no room
    const starts = rows.flatMap((option) => {
      const room = earliestRoom(
        standingFree(offers, clearing.load.accelerators, options.pool[option] as number),
        options,
        option,
        requests.kind[request] === requestKinds.elastic,
      );
      const isHome = supply.sites[offers.poolSite[options.pool[option] as number] as number]?.id === job.homeSite;
      return room ? [{ option, ...room, isHome }] : [];
    });
    const [best] = starts.sort((a, b) => a.start - b.start || Number(b.isHome) - Number(a.isHome) || a.option - b.option);
    if (!best) continue;
    clearing.assignment.option[request] = best.option;
    clearing.assignment.start[request] = best.start;
    clearing.assignment.pattern[request] =
      requests.kind[request] === requestKinds.elastic ? new Uint16Array(best.length).fill(best.accelerators) : undefined;
    if (isTooDear(request)) {
      clearing.assignment.option[request] = -1;
      tooDear.add(request);
      continue;
    }
    const pool = options.pool[best.option] as number;
    for (let cell = pool * offers.slots + best.start; cell < pool * offers.slots + Math.min(offers.slots, best.start + best.length); cell++)
      clearing.load.accelerators[cell] = (clearing.load.accelerators[cell] as number) + best.accelerators;
    placed.add(request);
  }
  return { placed, tooDear };
}

/** The rows of a request's options. */
function optionsOf({ firstOption }: Market['requests'], request: number): number[] {
  const first = firstOption[request] as number;
  return Array.from({ length: (firstOption[request + 1] as number) - first }, (_, i) => first + i);
}

type OptionColumns = Standing['feasible']['market']['requests']['options'];

function hasKnownWindow(offers: Offers, options: OptionColumns, option: number): boolean {
  const site = offers.poolSite[options.pool[option] as number] as number;
  const length = options.length[option] as number;
  let open = 0;
  for (let slot = options.earliest[option] as number; slot < (options.end[option] as number); slot++) {
    open = offers.known[site * offers.slots + slot] === 1 ? open + 1 : 0;
    if (open >= length) return true;
  }
  return false;
}

const standingFree = (offers: Offers, held: Float64Array, pool: number) => (slot: number) =>
  (offers.capacity[pool * offers.slots + slot] as number) - (held[pool * offers.slots + slot] as number);

interface Room {
  readonly start: number;
  readonly length: number;
  readonly accelerators: number;
}

/** The earliest end of a run without a break in what is free; an elastic one takes one width throughout. */
function earliestRoom(free: (slot: number) => number, options: OptionColumns, option: number, isElastic: boolean): Room | undefined {
  const work = options.length[option] as number;
  const most = options.accelerators[option] as number;
  const widths = isElastic ? Array.from({ length: most }, (_, i) => most - i) : [most];
  let best: Room | undefined;
  for (const accelerators of widths) {
    const length = isElastic ? Math.ceil(work / accelerators ** (options.speedExponent[option] as number) - 1e-9) : work;
    let open = 0;
    for (let slot = options.earliest[option] as number; slot < (options.end[option] as number); slot++) {
      open = free(slot) >= accelerators ? open + 1 : 0;
      if (open < length) continue;
      const start = slot - length + 1;
      if (!best || start + length < best.start + best.length) best = { start, length, accelerators };
      break;
    }
  }
  return best;
}

/**
 * Why a job is not placed, and what would have been needed.
 *
 * @param priceOf  what a run would cost, its option counted among the request's own, accounting currency; `undefined` where a signal is missing
 */
export function deferralOf(
  standing: Standing,
  request: number,
  job: Job,
  { now }: FeasibleTerms,
  priceOf: (run: SpotRun) => number | undefined,
): Deferral {
  const { supply, feasible, clearing } = standing;
  const { offers, requests } = feasible.market;
  const { options } = requests;
  const horizonEnd = supply.start + horizonSlots * SLOT;
  const rows = optionsOf(requests, request);
  const least = Math.min(...rows.map((option) => (feasible.seats[option] as Seat).remaining));
  if (Math.max(now, job.spec.notBefore) + least > horizonEnd) return { job: job.id, reason: 'beyond-horizon' };
  const isElastic = requests.kind[request] === requestKinds.elastic;
  let found: (Room & { readonly option: number }) | undefined;
  for (const option of rows) {
    const later = { ...options, end: options.end.slice().fill(offers.slots, option, option + 1) };
    const room = earliestRoom(standingFree(offers, clearing.load.accelerators, options.pool[option] as number), later, option, isElastic);
    if (room && (!found || room.start < found.start)) found = { ...room, option };
  }
  const names = job.spec.accelerators.join(' or ') || 'accelerator';
  const where = job.spec.regions.allow.join(', ') || 'any region';
  const needed = isElastic ? 'enough' : `${options.accelerators[requests.firstOption[request] as number]} ×`;
  const full = `no ${needed} ${names} free together in ${where} before the deadline`;
  if (!found) return { job: job.id, reason: 'no-capacity-in-horizon', detail: `${full}, nor within the horizon` };
  const end = supply.start + (found.start + found.length) * SLOT;
  const late = Math.max(0, end - job.spec.deadline);
  const site = supply.sites[offers.poolSite[options.pool[found.option] as number] as number]?.id;
  const pattern = isElastic ? new Uint16Array(found.length).fill(found.accelerators) : undefined;
  const price = priceOf({ option: found.option - (requests.firstOption[request] as number), start: found.start, pattern });
  const hoursLater = (Math.ceil(late / (15 * MINUTE)) / 4).toFixed(2);
  const cost = price === undefined ? '' : `, for ${price.toFixed(2)}`;
  return {
    job: job.id,
    reason: 'no-capacity-in-horizon',
    detail: `${full}; with a deadline ${hoursLater} h later: ${site} from ${toIso(supply.start + found.start * SLOT)}${cost}`,
  };
}
