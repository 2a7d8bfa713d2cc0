/**
 * Own policy: a function that somebody wrote for one job at a time, as a policy of a study.
 *
 * Owns what an author is given (`OwnJob`, `OwnSite`, `OwnMoment`: names and plain arrays, slots from now) and the judging
 * of what comes back. Loading files is left to the shell. What is answered holds: a run lies in its window, on slots that
 * are open and free, or a PolicyFault says what was found and what is allowed.
 */
import { type Assignment, nobody } from '../../scheduler/placement/market.ts';
import { HOUR, type Instant } from '../../units/time.ts';
import { type Asked, type Policy, PolicyFault } from './policy.ts';
import { type Study, slotStart } from './study.ts';

/** A job that waits for its place. */
export interface OwnJob {
  readonly id: string;
  /** Accelerators it holds while it runs, all at one site. */
  readonly accelerators: number;
  /** Whole slots it runs, and the same in hours. */
  readonly slots: number;
  readonly hours: number;
  /** True when it may pause: then `slots` of an answer need not follow one another. */
  readonly interruptible: boolean;
  /** Instant by which it must have ended, ms since 1970. One that cannot be kept any more has given way to a later one. */
  readonly deadline: Instant;
  /** Id of the site where its data lie. */
  readonly home: string;
  /** Size of its data, GB. */
  readonly gigabytes: number;
}

/**
 * A site as it is believed now. Arrays begin with the slot that starts now and are as long as plans look ahead; what the
 * jobs before this one took is taken. Where a signal is not known nothing is free and the signals are NaN.
 */
export interface OwnSite {
  readonly id: string;
  readonly zone: string;
  /** Accelerators nobody holds. */
  readonly free: readonly number[];
  /** Of grid energy, accounting currency per MWh; may be negative. */
  readonly price: readonly number[];
  /** Of grid energy, gCO2eq/kWh. */
  readonly carbonIntensity: readonly number[];
  /** Power of the site's own that nobody draws, kW ≥ 0. */
  readonly surplusKw: readonly number[];
  /** What the job would draw here while it runs, kW at the grid connection. */
  readonly drawKw: number;
  /** The job may use slots from `earliest` to `end`, exclusive; none at all where the two are equal. */
  readonly earliest: number;
  readonly end: number;
  /** Of moving its data here: accounting currency, and gCO2eq; 0 at home. */
  readonly transferPrice: number;
  readonly transferG: number;
  /** Whether the job could run here from slot `start` on without a break. O(slots of the job). */
  hasRoom(start: number): boolean;
}

/** When it is asked, and what the study holds against what. */
export interface OwnMoment {
  /** Start of slot 0, ms since 1970. */
  readonly at: Instant;
  readonly slotHours: number;
  /** Slots ahead that arrays tell of. */
  readonly slots: number;
  /** Slots until it is asked again. */
  readonly cycleSlots: number;
  /** Accounting currency per kg CO2eq, and per hour a job waits. */
  readonly carbonPricePerKg: number;
  readonly waitPricePerHour: number;
}

/** A site's id and the first of the job's slots, or each of them where it may pause; `undefined` waits for the next cycle. */
export type OwnAnswer = { readonly site: string; readonly start: number } | { readonly site: string; readonly slots: readonly number[] };

/** Places one job; asked for every job that waits, in order of arrival, at the start of every cycle. */
export type OwnPolicy = (job: OwnJob, sites: readonly OwnSite[], now: OwnMoment) => OwnAnswer | undefined;

/**
 * A function as a policy.
 *
 * Per cycle O(sites × horizon) beside what the function itself does. The policy throws PolicyFault for a function that
 * throws (its error is the cause) and for an answer that cannot be run.
 *
 * @param isReplanned  true when a run that begins after the cycle is only a plan, and its job is asked again
 */
export const ownPolicy = (name: string, place: OwnPolicy, isReplanned = false): Policy => ({
  name,
  isReplanned,
  open: (study) => (asked) => {
    const desk = deskOf(name, study, asked);
    const plan = nobody(asked.jobs.length);
    asked.jobs.forEach((_, request) => {
      const job = jobOf(desk, request);
      const sites = sitesFor(desk, request);
      const answer = answerOf(name, job, () => place(job, sites, desk.moment));
      if (answer !== undefined) take(desk, plan, request, answer);
    });
    return plan;
  },
});

/** One cycle, and what is left of it. */
interface Desk {
  readonly name: string;
  readonly study: Study;
  readonly asked: Asked;
  readonly moment: OwnMoment;
  /** By site: slot by slot, what authors see. */
  readonly views: readonly {
    readonly free: number[];
    readonly price: readonly number[];
    readonly carbonIntensity: readonly number[];
    readonly surplusKw: number[];
  }[];
  /** Site × slot: what is truly left, out of authors' reach. */
  readonly free: Int32Array;
}

function deskOf(name: string, study: Study, asked: Asked): Desk {
  const { offers } = asked.market;
  const { slots } = offers;
  const views = study.sites.map((_, site) => {
    const signal = (value: (cell: number) => number) =>
      Array.from({ length: slots }, (_, slot) => (offers.known[site * slots + slot] ? value(site * slots + slot) : Number.NaN));
    return {
      free: Array.from(offers.capacity.subarray(site * slots, (site + 1) * slots)),
      price: signal((cell) => offers.importPrice[cell] as number),
      carbonIntensity: signal((cell) => offers.carbonIntensity[cell] as number),
      surplusKw: signal((cell) => (offers.curtailedKw[cell] as number) + (offers.exportableKw[cell] as number)),
    };
  });
  const { carbonPricePerKg, waitPricePerHour } = study.terms.weights;
  const moment: OwnMoment = {
    at: slotStart(study, asked.first),
    slotHours: study.slotMs / HOUR,
    slots,
    cycleSlots: study.cycleSlots,
    carbonPricePerKg,
    waitPricePerHour,
  };
  return { name, study, asked, moment, views, free: offers.capacity.slice() };
}

function jobOf({ study, asked }: Desk, request: number): OwnJob {
  const { workload, sites } = study;
  const job = asked.jobs[request] as number;
  const slots = workload.length[job] as number;
  return {
    id: workload.id[job] as string,
    accelerators: workload.accelerators[job] as number,
    slots,
    hours: (slots * study.slotMs) / HOUR,
    interruptible: workload.isInterruptible[job] === 1,
    deadline: slotStart(study, asked.first + Math.max(...endsOf(asked, sites.length, request))),
    home: (sites[workload.home[job] as number] as Study['sites'][number]).id,
    gigabytes: workload.gigabytes[job] as number,
  };
}

/** Ends of a request's windows, one a site. */
const endsOf = ({ market }: Asked, siteCount: number, request: number): Int32Array =>
  market.requests.options.end.subarray(request * siteCount, (request + 1) * siteCount);

function sitesFor(desk: Desk, request: number): OwnSite[] {
  const { study, asked, views } = desk;
  const { options } = asked.market.requests;
  return study.sites.map(({ id, zone, kwPerAccelerator }, site) => {
    const row = request * study.sites.length + site;
    const wanted = options.accelerators[row] as number;
    const [earliest, end] = [options.earliest[row] as number, options.end[row] as number];
    const length = options.length[row] as number;
    const { free, price, carbonIntensity, surplusKw } = views[site] as Desk['views'][number];
    return {
      id,
      zone,
      free,
      price,
      carbonIntensity,
      surplusKw,
      drawKw: wanted * kwPerAccelerator,
      earliest,
      end,
      transferPrice: options.transferCost[row] as number,
      transferG: options.transferG[row] as number,
      hasRoom: (start) => {
        if (!(start >= earliest && start + length <= end)) return false;
        for (let slot = start; slot < start + length; slot++) if ((free[slot] as number) < wanted) return false;
        return true;
      },
    };
  });
}

/** What the function answers; a PolicyFault when it throws or answers none of what it may. */
function answerOf(name: string, job: OwnJob, ask: () => unknown): OwnAnswer | undefined {
  let answer: unknown;
  try {
    answer = ask();
  } catch (cause) {
    throw new PolicyFault(name, `threw on ${job.id}: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  if (answer === undefined) return undefined;
  const { site, start, slots } = (typeof answer === 'object' && answer !== null ? answer : {}) as Record<string, unknown>;
  const isRun = Number.isSafeInteger(start) !== (Array.isArray(slots) && slots.every(Number.isSafeInteger));
  if (typeof site === 'string' && isRun && (start === undefined || slots === undefined)) return answer as OwnAnswer;
  throw refused(name, job.id, found(answer), '{site, start}, {site, slots: [...]} in whole slots from now, or undefined to wait');
}

const found = (answer: unknown): string =>
  answer instanceof Promise ? 'a promise (place answers at once, without async)' : (JSON.stringify(answer) ?? typeof answer).slice(0, 120);

const refused = (name: string, job: string, what: string, allowed: string) =>
  new PolicyFault(name, `answered for ${job}: found ${what}; allowed: ${allowed}`);

/** Writes an answer into the plan and takes what it holds; a PolicyFault where it may not run so. */
function take(desk: Desk, plan: Assignment, request: number, answer: OwnAnswer): void {
  const { name, study, asked, free, views } = desk;
  const { options } = asked.market.requests;
  const site = study.sites.findIndex(({ id }) => id === answer.site);
  const job = study.workload.id[asked.jobs[request] as number] as string;
  if (site < 0) throw refused(name, job, `site ${JSON.stringify(answer.site)}`, study.sites.map(({ id }) => id).join(', '));
  const row = request * study.sites.length + site;
  const [length, wanted] = [options.length[row] as number, options.accelerators[row] as number];
  const slots = slotsOf(desk, request, site, answer);
  const width = asked.market.offers.slots;
  const view = views[site] as Desk['views'][number];
  for (const slot of slots) {
    const left = free[site * width + slot] as number;
    if (left < wanted)
      throw refused(name, job, `slot ${slot} at ${answer.site}, where ${left} accelerators are free`, `slots with ${wanted} free`);
    free[site * width + slot] = left - wanted;
    view.free[slot] = left - wanted;
    view.surplusKw[slot] = Math.max(0, (view.surplusKw[slot] as number) - wanted * (options.kwPerAccelerator[row] as number));
  }
  const first = slots[0] as number;
  const span = (slots[slots.length - 1] as number) + 1 - first;
  plan.option[request] = row;
  plan.start[request] = first;
  if (span === length) return; // without a break
  const pattern = new Uint16Array(span);
  for (const slot of slots) pattern[slot - first] = wanted;
  plan.pattern[request] = pattern;
}

/** The slots an answer names, in order; a PolicyFault when they are not the job's. */
function slotsOf({ name, study, asked }: Desk, request: number, site: number, answer: OwnAnswer): readonly number[] {
  const { workload } = study;
  const { options } = asked.market.requests;
  const row = request * study.sites.length + site;
  const at = asked.jobs[request] as number;
  const job = workload.id[at] as string;
  const length = options.length[row] as number;
  const [earliest, end] = [options.earliest[row] as number, options.end[row] as number];
  const slots = 'slots' in answer ? answer.slots : Array.from({ length }, (_, i) => answer.start + i);
  const [first, last] = [slots[0] as number, slots[slots.length - 1] as number];
  const shown = 'slots' in answer ? `slots ${JSON.stringify(slots).slice(0, 80)}` : `start ${answer.start}`;
  if (slots.length !== length || slots.some((slot, i) => i > 0 && slot <= (slots[i - 1] as number)))
    throw refused(name, job, shown, `${length} different slots in order`);
  if (first < earliest || last >= end) throw refused(name, job, `${shown} at ${answer.site}`, allowedWindow(earliest, end, length));
  if (last + 1 - first !== length && workload.isInterruptible[at] !== 1)
    throw refused(name, job, shown, 'slots without a break: this job is not interruptible');
  return slots;
}

const allowedWindow = (earliest: number, end: number, length: number): string =>
  end - earliest < length ? 'no run at this site: its window is too short' : `${length} slots within ${earliest} to ${end}, exclusive`;
