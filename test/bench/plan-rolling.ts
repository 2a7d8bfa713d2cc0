/**
 * Rolling: how a week goes when it is planned hour by hour, by the planner or by a baseline.
 *
 * Each hour the planner plans all that waits on what is believed then; what starts within the hour is committed, to the
 * end of its run and with its pauses. Baselines plan a job once, when it arrives, as they were published. Who misses a
 * deadline runs late, so that everybody does the same work. What came of it is accounted in `plan-days.ts`.
 */
import { kwhPerGbIn } from '../../scheduler/network.ts';
import { type Baseline, planBy } from '../../scheduler/placement/baselines.ts';
import { clear } from '../../scheduler/placement/clear.ts';
import { type Assignment, type Market, type Offers, type Prices, type Requests, requestKinds } from '../../scheduler/placement/market.ts';
import type { settings } from '../../scheduler/queue/admission.ts';
import { DAY, HOUR, SLOT } from '../../units/time.ts';
import type { Belief } from './plan-beliefs.ts';
import { acceleratorKw } from './plan-instances.ts';
import { exportLimitShare, feedInTariffPerMwh, signals, slotsPerHour, type Week, type WeekJob, weekSlots, weekStart } from './plan-week.ts';

export type Weights = (typeof settings)[keyof typeof settings];

/** A day of work and a day of slack. */
const horizonSlots = 192;
const restartCostPerAccelerator = 0.004;
const unplacedCost = 1_000;
const slackAfterMissing = DAY / SLOT;
/** What moving a GB to another site costs: accounting currency; and gCO2eq, at 400 g/kWh on its way. */
const transferPricePerGb = 0.02;
const transferGPerGb = kwhPerGbIn(2023) * 400;

/** What committed runs hold of the sites, site × slot of the week: accelerators. */
type Held = Int32Array;

/** What the sites offer from a slot of the week on, as believed at its beginning, less what is held. */
export function offersFrom({ sites, capacity }: Week, belief: Belief, first: number, slots: number, held: Held): Offers {
  const cells = sites.length * slots;
  const columns = () => new Float64Array(cells);
  const [curtailedKw, exportableKw, importPrice, carbonIntensity] = [columns(), columns(), columns(), columns()];
  const free = new Int32Array(cells);
  const issuedAt = weekStart + first * SLOT;
  sites.forEach(({ peakKw }, site) => {
    const hours = Math.ceil(slots / slotsPerHour);
    const [prices, intensities, pv] = signals.map((signal) => belief(site, signal, issuedAt, hours)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    for (let slot = 0; slot < slots; slot += slotsPerHour) {
      const [price, intensity, pvKw] = [prices, intensities, pv].map((values) => values[slot / slotsPerHour]) as [number, number, number];
      const exported = price < 0 ? 0 : Math.min(pvKw, exportLimitShare * peakKw);
      for (let quarter = 0; quarter < slotsPerHour; quarter++) {
        const cell = site * slots + slot + quarter;
        const taken = held[site * weekSlots + first + slot + quarter] ?? 0;
        const drawn = taken * acceleratorKw;
        importPrice[cell] = price;
        carbonIntensity[cell] = intensity;
        curtailedKw[cell] = Math.max(0, pvKw - exported - drawn);
        exportableKw[cell] = exported - Math.min(exported, Math.max(0, drawn - (pvKw - exported)));
        free[cell] = capacity - taken;
      }
    }
  });
  return {
    slots,
    slotHours: SLOT / HOUR,
    siteCount: sites.length,
    curtailedKw,
    exportableKw,
    importPrice,
    carbonIntensity,
    feedInTariff: new Float64Array(sites.length).fill(feedInTariffPerMwh),
    known: new Uint8Array(cells).fill(1),
    poolCount: sites.length,
    poolSite: Int32Array.from(sites, (_, site) => site),
    capacity: free,
    ask: new Float64Array(sites.length),
  };
}

/** Jobs as requests from a slot of the week on: option `site` of a job is its run at that site. */
export function requestsFrom(
  sites: number,
  jobs: readonly WeekJob[],
  { carbonPricePerKg, waitPricePerHour }: Weights,
  first: number,
  slots: number,
): Requests {
  const each = <Column>(of: (job: WeekJob, site: number) => number, from: { from(values: number[]): Column }): Column =>
    from.from(jobs.flatMap((job) => Array.from({ length: sites }, (_, site) => of(job, site))));
  const moved = (job: WeekJob, site: number) => (site === job.home ? 0 : job.gigabytes);
  const release = Int32Array.from(jobs, (job) => Math.max(0, job.release - first));
  return {
    count: jobs.length,
    kind: Uint8Array.from(jobs, ({ isInterruptible }) => (isInterruptible ? requestKinds.interruptible : requestKinds.contiguous)),
    weightClass: new Uint8Array(jobs.length),
    carbonPricePerKg: Float64Array.of(carbonPricePerKg),
    waitPrice: new Float64Array(jobs.length).fill((waitPricePerHour * SLOT) / HOUR),
    release,
    unplacedCost: new Float64Array(jobs.length).fill(unplacedCost),
    budget: new Float64Array(jobs.length).fill(Number.POSITIVE_INFINITY),
    firstOption: Int32Array.from({ length: jobs.length + 1 }, (_, job) => job * sites),
    options: {
      count: jobs.length * sites,
      pool: each((_, site) => site, Int32Array),
      length: each(({ length }) => length, Int32Array),
      earliest: each((job) => Math.max(0, job.release - first), Int32Array),
      end: each(({ end }) => Math.min(slots, end - first), Int32Array),
      accelerators: each(({ accelerators }) => accelerators, Int32Array),
      kwPerAccelerator: new Float64Array(jobs.length * sites).fill(acceleratorKw),
      transferCost: each((job, site) => moved(job, site) * transferPricePerGb, Float64Array),
      transferG: each((job, site) => moved(job, site) * transferGPerGb, Float64Array),
      restartCost: each((job) => (job.isInterruptible ? job.accelerators * restartCostPerAccelerator : 0), Float64Array),
      speedExponent: new Float64Array(jobs.length * sites).fill(1),
    },
  };
}

/** Where a job runs: site, first slot of the week, and accelerators slot by slot where it pauses. */
export interface Run {
  readonly site: number;
  readonly start: number;
  readonly pattern: Uint16Array | undefined;
}

/** Plans some jobs on a market that begins at a slot of the week. */
type Planner = (market: Market, jobs: readonly WeekJob[], first: number) => readonly (Run | undefined)[];

const runsOf = (sites: number, { option, start, pattern }: Assignment, first: number): (Run | undefined)[] =>
  Array.from(option, (at, i) => (at < 0 ? undefined : { site: at % sites, start: first + (start[i] as number), pattern: pattern[i] }));

/** The other way: runs of the same jobs, in the same order, on a market that begins at a slot of the week. */
export function assignmentOf(sites: number, runs: readonly (Run | undefined)[], first: number): Assignment {
  return {
    option: Int32Array.from(runs, (run, i) => (run ? i * sites + run.site : -1)),
    start: Int32Array.from(runs, (run) => (run ? run.start - first : 0)),
    pattern: runs.map((run) => run?.pattern),
  };
}

/** A baseline knows no prices of its own and moves nobody. */
export const baseline =
  (name: Baseline, sites: number): Planner =>
  (market, jobs, first) =>
    runsOf(
      sites,
      planBy(
        name,
        market,
        Int32Array.from(jobs, ({ home }, i) => i * sites + home),
      ),
      first,
    );

/** One hour's plan, as a cycle makes it. */
const replanned = (market: Market, from: { readonly prices: Prices; readonly assignment: Assignment } | undefined) =>
  clear(market, { effort: 'brisk', from });

/** The planner goes on from the prices and the runs of the hour before. */
export function warmPlanner(sites: number): Planner {
  let last: { readonly first: number; readonly prices: Prices; readonly runs: ReadonlyMap<number, Run> } | undefined;
  return (market, jobs, first) => {
    const { slots } = market.offers;
    const since = first - (last?.first ?? first);
    const shifted = (prices: Float64Array) =>
      prices.map((_, cell) => prices[Math.min(cell + since, cell - (cell % slots) + slots - 1)] as number);
    const from = last && {
      prices: { accelerator: shifted(last.prices.accelerator), surplus: shifted(last.prices.surplus) },
      assignment: assignmentOf(
        sites,
        jobs.map((job) => last?.runs.get(job.id)),
        first,
      ),
    };
    const { assignment, prices } = replanned(market, from);
    const runs = runsOf(sites, assignment, first);
    last = { first, prices, runs: new Map(jobs.flatMap((job, i) => (runs[i] ? [[job.id, runs[i]] as const] : []))) };
    return runs;
  };
}

/** How a week goes: what is believed, who plans, and whether what waits is planned anew. */
interface Policy {
  readonly name: string;
  readonly belief: Belief;
  readonly planner: Planner;
  readonly isReplanned: boolean;
}

/** A job that can no longer keep its deadline has missed it, and gets another day to run in: everybody does all the work. */
const afterMissing = (job: WeekJob, first: number): WeekJob =>
  job.end - first >= job.length ? job : { ...job, end: Math.min(weekSlots, first + job.length + slackAfterMissing) };

function hold(held: Held, { length, accelerators }: WeekJob, { site, start, pattern }: Run): void {
  const shape = pattern ?? new Uint16Array(length).fill(accelerators);
  shape.forEach((taken, i) => {
    const cell = site * weekSlots + start + i;
    held[cell] = (held[cell] as number) + taken;
  });
}

/** The runs of all jobs in their order; one that found no room in ten days has none. */
export function live(week: Week, { belief, planner, isReplanned }: Policy, weights: Weights): (Run | undefined)[] {
  const { jobs, sites } = week;
  const held = new Int32Array(sites.length * weekSlots);
  const runs = new Map<number, Run>();
  let waiting: WeekJob[] = [];
  let arrived = 0;
  for (let first = 0; first < weekSlots; first += slotsPerHour) {
    const before = arrived;
    while (arrived < jobs.length && (jobs[arrived] as WeekJob).release <= first) arrived++;
    waiting = [...waiting, ...jobs.slice(before, arrived)].map((job) => afterMissing(job, first));
    if (waiting.length === 0) continue;
    const slots = Math.min(horizonSlots, weekSlots - first);
    const offers = offersFrom(week, belief, first, slots, held);
    const planned = planner({ offers, requests: requestsFrom(sites.length, waiting, weights, first, slots) }, waiting, first);
    waiting = waiting.filter((job, i) => {
      const run = planned[i];
      if (!run || (isReplanned && run.start >= first + slotsPerHour)) return true;
      hold(held, job, run);
      runs.set(job.id, run);
      return false;
    });
  }
  return jobs.map(({ id }) => runs.get(id));
}

/** The planner that knows signals and arrivals: one plan of the whole span, then one of those it left out, late. */
export function foreseen(week: Week, belief: Belief, weights: Weights): (Run | undefined)[] {
  const { jobs, sites } = week;
  const held = new Int32Array(sites.length * weekSlots);
  const plan = (some: readonly WeekJob[]) => {
    const offers = offersFrom(week, belief, 0, weekSlots, held);
    const requests = requestsFrom(sites.length, some, weights, 0, weekSlots);
    return runsOf(sites.length, clear({ offers, requests }, { effort: 'quick' }).assignment, 0);
  };
  const runs = plan(jobs);
  runs.forEach((run, i) => {
    if (run) hold(held, jobs[i] as WeekJob, run);
  });
  const late = jobs.filter(({ id }) => !runs[id]).map((job) => ({ ...job, end: Math.min(weekSlots, job.end + slackAfterMissing) }));
  if (late.length > 0)
    plan(late).forEach((run, i) => {
      runs[(late[i] as WeekJob).id] = run;
    });
  return runs;
}
