/**
 * Feasible: which jobs may run where, from when to when, on how many accelerators for how long; as requests of a market.
 *
 * Judges region rules, models and their speed, terms of offers, network limits, data to move, release and deadline. What
 * no site could ever do is refused here, with what would have been needed; what is merely full is the market's affair.
 */
import { curtailedPart } from '../../energy-oracle/outlook.ts';
import type { Site } from '../../energy-oracle/site.ts';
import { type DurationMs, HOUR, type Instant, MINUTE, SLOT, slotOf } from '../../units/time.ts';
import type { Run } from '../dispatch/lease.ts';
import { drawKw, type FittingModel, firmnessAdmits, fittingModels, regionAdmits } from '../fleet.ts';
import { type Job, type JobSpec, paceOf, remainingOf, stagedAtOf, type Weights } from '../job.ts';
import { latencyAdmits, type Network, type Places, transferOf } from '../network.ts';
import type { RefusalReason } from '../plan.ts';
import { serveFrom } from './cost.ts';
import { gridPriceAt } from './load.ts';
import { type Market, requestKinds } from './market.ts';
import { horizonSlots, outlookAgeMsMax, type Supply } from './supply.ts';

/** A start that is due waits for the next cycle and for the agent's answer: the last window before a deadline leaves so much room. */
export const startDelayMsMax: DurationMs = MINUTE;
/** So many of its first slots stand for a job that outlasts the horizon: an outlook may be hours old, and tells nothing behind its end. */
export const judgedSlotsMax = horizonSlots - outlookAgeMsMax / SLOT;
/** A promise that is kept is worth so many times the dearest run; a firm one, so many times that. */
const placedWorth = 10;
const firmWorth = 10;

/** A run with pauses is given time for so many restores. */
const breaksPlanned = 4;

/** One who asks: a job that waits, or one that runs and could be moved. */
export interface Asker {
  readonly job: Job;
  /** The run it has now. */
  readonly run?: Run | undefined;
}

/** Where an option would put its job; one a row of the market's options. */
export interface Seat {
  readonly pool: number;
  /** Run time there, ms: what is left of the work at the pace of the model, and the restore. */
  readonly remaining: DurationMs;
  /** Earliest instant it could start: release, and its data arrived. */
  readonly ready: Instant;
  /** What moving its data costs, accounting currency. */
  readonly transferMoney: number;
  /** True of the option that lets a run go on where it is. */
  readonly stays: boolean;
}

export interface Feasible {
  readonly market: Market;
  /** By request. */
  readonly askers: readonly Asker[];
  /** By option. */
  readonly seats: readonly Seat[];
  /** Jobs whose budget took their wishes. */
  readonly thrifty: ReadonlySet<string>;
  /** Jobs that no site could run, and why. */
  readonly refused: readonly { readonly job: Job; readonly reason: RefusalReason; readonly detail: string }[];
}

export interface FeasibleTerms {
  readonly now: Instant;
  readonly network: Network;
  readonly places: Places;
  /** What computing costs beside its energy, accounting currency per kWh. */
  readonly computePricePerKwh: number;
  /** By job: what its earlier runs were charged, accounting currency; its budget is for the whole of it. */
  readonly spent?: ReadonlyMap<string, number> | undefined;
  /** Jobs that must be cheap: their weights count as 0. */
  readonly thrifty?: ReadonlySet<string>;
}

interface Row {
  readonly kind: number;
  readonly weightClass: number;
  readonly waitPrice: number;
  readonly release: number;
  readonly unplacedCost: number;
  readonly budget: number;
  readonly options: readonly OptionRow[];
}

interface OptionRow extends Seat {
  readonly length: number;
  readonly earliest: number;
  readonly end: number;
  readonly accelerators: number;
  readonly kwPerAccelerator: number;
  readonly transferCost: number;
  readonly transferG: number;
  readonly restartCost: number;
  readonly breaksMax: number;
  readonly speedExponent: number;
}

/** The market of those who ask; O(jobs × pools). */
export function feasible(askers: readonly Asker[], supply: Supply, terms: FeasibleTerms): Feasible {
  const classes = new Map<number, number>();
  const classOf = (price: number): number => {
    const known = classes.get(price);
    if (known !== undefined) return known;
    classes.set(price, classes.size);
    return classes.size - 1;
  };
  const rows: Row[] = [];
  const asking: Asker[] = [];
  const refused: Feasible['refused'][number][] = [];
  for (const asker of askers) {
    const row = rowOf(asker, supply, terms, classOf);
    if ('reason' in row) refused.push({ job: asker.job, ...row });
    else {
      rows.push(row);
      asking.push(asker);
    }
  }
  const market = marketOf(rows, supply, Float64Array.from(classes.keys()), terms.computePricePerKwh);
  return { market, askers: asking, seats: rows.flatMap(({ options }) => options), thrifty: terms.thrifty ?? new Set(), refused };
}

/** What of its run time a job has left and where its slots may lie, or why it cannot run. */
function rowOf(
  asker: Asker,
  supply: Supply,
  terms: FeasibleTerms,
  classOf: (price: number) => number,
): Row | { readonly reason: RefusalReason; readonly detail: string } {
  const { job } = asker;
  const { spec } = job;
  const { now } = terms;
  const release = Math.max(now, spec.notBefore);
  const weights = terms.thrifty?.has(job.id) ? { carbonPricePerKg: 0, waitPricePerHour: 0 } : spec.weights;
  const able = supply.sites.flatMap((site, at) =>
    admits(site, job, terms) ? fittingModels(site, spec).map((fit) => ({ site, at, fit })) : [],
  );
  if (able.length === 0) return { reason: 'no-site-fits', detail: describeNeed(job, supply.sites) };
  const isElastic = spec.elastic !== undefined;
  const isInterruptible = spec.interruptible && spec.latency === undefined && !isElastic;
  const options = able.flatMap(({ site, at, fit }) => {
    const pool = supply.pools.findIndex((own) => own.site === at && own.model === fit.model);
    return optionsOf(asker, { site, fit, pool, release, weights, isElastic, isInterruptible }, supply, terms);
  });
  if (options.length === 0) {
    const least = Math.min(...able.map(({ fit }) => remainingOf(job, paceOf(spec, fit.model, fit.needed))));
    return {
      reason: 'no-window-before-deadline',
      detail: `the run time left (${Math.ceil(least / MINUTE)} min) exceeds the time to the deadline`,
    };
  }
  const dearest = Math.max(...options.map((option) => dearestCost(option, supply, weights, terms.computePricePerKwh)));
  const waitPrice = (weights.waitPricePerHour * SLOT) / HOUR;
  return {
    kind: isElastic ? requestKinds.elastic : isInterruptible ? requestKinds.interruptible : requestKinds.contiguous,
    weightClass: classOf(weights.carbonPricePerKg),
    waitPrice,
    release: Math.floor((slotOf(release) - supply.start) / SLOT),
    unplacedCost: (1 + dearest + waitPrice * horizonSlots) * placedWorth * (spec.promise === 'firm' ? firmWorth : 1),
    budget: spec.maxPrice === undefined ? Number.POSITIVE_INFINITY : Number(spec.maxPrice) / 1e6 - (terms.spent?.get(job.id) ?? 0),
    options,
  };
}

const admits = (site: Site, { spec }: Job, { network, places }: FeasibleTerms): boolean =>
  regionAdmits(site, spec) && firmnessAdmits(site, spec) && latencyAdmits(spec, site, places, network);

interface Spot {
  readonly site: Site;
  readonly fit: FittingModel;
  readonly pool: number;
  readonly release: Instant;
  readonly weights: Weights;
  readonly isElastic: boolean;
  readonly isInterruptible: boolean;
}

/** The options of one pool: to stay, for a run that is there; to start anew, without a break and with some. An elastic run changes its share or not: `rescale.ts`. */
function optionsOf(asker: Asker, spot: Spot, supply: Supply, terms: FeasibleTerms): OptionRow[] {
  const { run } = asker;
  const isHere = run !== undefined && run.site === spot.site.id && run.model === spot.fit.model;
  const anew = starting(asker, isHere, spot, supply, terms);
  return isHere && !spot.isElastic ? [staying(asker, run, spot, supply, terms), ...anew] : anew;
}

/** Work that is left, ms at pace 1, and run time that a run still needs where it is. */
export function leftOf({ job, run }: Asker, now: Instant): { readonly work: DurationMs; readonly here: DurationMs } {
  const { spec, progress } = job;
  const restore = progress > 0 ? (spec.checkpoint?.restoreCost ?? 0) : 0;
  const pace = run ? paceOf(spec, run.model, run.accelerators) : 1;
  const ran = run ? now - run.leasedAt : 0;
  const work = Math.max(1, spec.maxDuration - progress - Math.max(0, ran - restore) * pace);
  return { work, here: work / pace + Math.max(0, restore - ran) };
}

/** A run goes on where it is. The slot at hand is its own whatever is decided; the option is about those after it. */
function staying(
  asker: Asker,
  run: Run,
  { site, fit, pool, weights }: Spot,
  { start, offers, outlooks }: Supply,
  terms: FeasibleTerms,
): OptionRow {
  const rest = Math.ceil(leftOf(asker, terms.now).here);
  const slots = Math.max(2, Math.ceil((terms.now - start + rest) / SLOT));
  const end = slots > horizonSlots ? judgedSlotsMax : slots;
  const kwPerAccelerator = drawKw(site, asker.job.spec, fit.model) / fit.needed;
  const kw = kwPerAccelerator * run.accelerators;
  const row = offers.poolSite[pool] as number;
  const outlook = outlooks[row];
  const surplusKw = outlook?.slots[Math.floor((terms.now - outlook.start) / outlook.stepMs)]?.surplusKw?.p50 ?? 0;
  const gridPrice = gridPriceAt(offers, row * offers.slots, weights.carbonPricePerKg);
  const tariff = offers.feedInTariff[row] as number;
  const curtailedKw = curtailedPart(site, surplusKw, offers.importPrice[row * offers.slots] as number);
  const served = serveFrom(curtailedKw, surplusKw - curtailedKw, tariff, gridPrice, kw);
  const pricePerHour = served.exportableKw * tariff + served.gridKw * gridPrice + kw * 1_000 * terms.computePricePerKwh;
  const costNow = (pricePerHour * Math.min(rest, start + SLOT - terms.now)) / HOUR / 1_000; // the rest of the slot at hand, which a stop would save
  return {
    pool,
    remaining: rest,
    ready: terms.now,
    transferMoney: 0,
    stays: true,
    length: end - 1,
    earliest: 1,
    end,
    accelerators: run.accelerators,
    kwPerAccelerator,
    transferCost: costNow,
    transferG: 0,
    restartCost: 0,
    breaksMax: 0,
    speedExponent: 1,
  };
}

/** Starts anew, at once or later; what runs stops first, loses what it did since its checkpoint and restores. */
function starting(asker: Asker, isHere: boolean, spot: Spot, { start, offers }: Supply, terms: FeasibleTerms): OptionRow[] {
  const { job, run } = asker;
  const { spec } = job;
  const { site, fit, pool, release, weights, isElastic, isInterruptible } = spot;
  const transfer = transferOf(spec, job.homeSite, site, terms.places, terms.network);
  if (!transfer || pool < 0) return [];
  const count = site.accelerators.find(({ model }) => model === fit.model)?.count ?? fit.needed;
  const accelerators = isElastic ? Math.min(spec.elastic?.acceleratorsMax ?? 1, count) : fit.needed;
  const restore = spec.checkpoint?.restoreCost ?? 0;
  const { work } = leftOf(asker, terms.now);
  const restores = run || job.progress > 0 ? restore : 0;
  /** Of an elastic job on as many accelerators as it may hold. */
  const remaining = Math.ceil(work / paceOf(spec, fit.model, accelerators)) + restores;
  const stagedAt = isHere ? release : stagedAtOf(job, site);
  const arrived = Math.max(release, stagedAt ?? release + transfer.durationMs);
  const isMoved = stagedAt !== undefined; // what was paid for the move is paid, wherever it runs
  const ready = run ? Math.max(arrived, start + SLOT) : arrived; // it is stopped first
  if (ready + remaining > spec.deadline) return [];
  const at = Math.floor((slotOf(ready) - start) / SLOT);
  const late = ready - (start + at * SLOT); // a start inside the first slot spills over its end
  const earliest = isElastic && late > startDelayMsMax ? at + 1 : at; // shares are counted in whole slots
  const lengthFor = (runTime: DurationMs): number => {
    const needed = Math.ceil((late + runTime) / SLOT);
    return needed > horizonSlots ? judgedSlotsMax : needed;
  };
  const length = isElastic ? Math.ceil((work / paceOf(spec, fit.model, 1) + restores) / SLOT) : lengthFor(remaining);
  const broken = lengthFor(remaining + breaksPlanned * restore);
  const lastStart = Math.max(earliest, Math.floor((spec.deadline - remaining - startDelayMsMax - start) / SLOT));
  const lastEnd = Math.floor((spec.deadline - startDelayMsMax - start) / SLOT);
  const solidEnd = spec.latency ? earliest + length : lastStart + length;
  const cell = (offers.poolSite[pool] as number) * offers.slots + Math.min(earliest, offers.slots - 1);
  const kwPerAccelerator = drawKw(site, spec, fit.model) / fit.needed;
  const restartCost = isInterruptible ? restartCostOf(spec, kwPerAccelerator * accelerators, offers, cell, weights, terms) : 0;
  const whole: OptionRow = {
    pool,
    remaining,
    ready,
    transferMoney: isMoved ? 0 : transfer.money,
    stays: false,
    length,
    earliest,
    end: Math.min(offers.slots, isElastic ? lastEnd : solidEnd),
    accelerators,
    kwPerAccelerator,
    transferCost: (isMoved ? 0 : transfer.money) + (run ? restartCost : 0),
    transferG: isMoved ? 0 : transfer.energyKwh * (offers.carbonIntensity[cell] as number),
    restartCost: 0,
    breaksMax: 0,
    speedExponent: isElastic ? (spec.elastic?.speedExponent ?? 1) : 1,
  };
  if (!isInterruptible) return [whole];
  const spare = length * SLOT - late - remaining; // restores that fit into the slots it needs anyway
  const breaksMax = restore === 0 ? length : Math.max(0, Math.floor(spare / restore));
  const end = Math.min(offers.slots, Math.max(solidEnd, lastEnd));
  const tight: OptionRow = { ...whole, end, restartCost, breaksMax };
  if (breaksMax >= breaksPlanned || end - earliest < broken) return [tight];
  return [tight, { ...tight, length: broken, breaksMax: breaksPlanned }];
}

/** Run time that a stop costs, ms: the restore, and half an interval since the last checkpoint. */
export const restartMs = ({ checkpoint }: Pick<JobSpec, 'checkpoint'>): DurationMs =>
  (checkpoint?.restoreCost ?? 0) + (checkpoint?.every ?? 0) / 2;

/** What a stop and a start anew cost a job that draws `kw`, at the grid price of a cell, accounting currency > 0. */
export function restartCostOf(
  spec: Pick<JobSpec, 'checkpoint'>,
  kw: number,
  offers: Supply['offers'],
  cell: number,
  weights: Weights,
  { computePricePerKwh }: Pick<FeasibleTerms, 'computePricePerKwh'>,
): number {
  const gridPrice = gridPriceAt(offers, cell, weights.carbonPricePerKg);
  return kw * (restartMs(spec) / HOUR) * (Math.max(gridPrice, 1) / 1_000 + computePricePerKwh);
}

/** More than any run of the option could cost, accounting currency. */
function dearestCost(
  { pool, length, accelerators, kwPerAccelerator, transferCost, transferG }: OptionRow,
  { offers }: Supply,
  weights: Weights,
  computePricePerKwh: number,
): number {
  const site = (offers.poolSite[pool] as number) * offers.slots;
  let dearest = 0;
  for (let cell = site; cell < site + offers.slots; cell++)
    dearest = Math.max(dearest, gridPriceAt(offers, cell, weights.carbonPricePerKg));
  const perHour = kwPerAccelerator * (dearest / 1_000 + computePricePerKwh) + (offers.ask[pool] as number);
  return length * accelerators * perHour * offers.slotHours + transferCost + (transferG / 1_000) * weights.carbonPricePerKg;
}

function marketOf(rows: readonly Row[], { offers }: Supply, carbonPricePerKg: Float64Array, computePricePerKwh: number): Market {
  const options = rows.flatMap((row) => row.options);
  const firstOption = new Int32Array(rows.length + 1);
  for (const [at, row] of rows.entries()) firstOption[at + 1] = (firstOption[at] as number) + row.options.length;
  const whole = (of: (option: OptionRow) => number) => Int32Array.from(options, of);
  const real = (of: (option: OptionRow) => number) => Float64Array.from(options, of);
  return {
    offers,
    requests: {
      count: rows.length,
      kind: Uint8Array.from(rows, ({ kind }) => kind),
      weightClass: Uint8Array.from(rows, ({ weightClass }) => weightClass),
      carbonPricePerKg,
      computePrice: 1_000 * computePricePerKwh,
      waitPrice: Float64Array.from(rows, ({ waitPrice }) => waitPrice),
      release: Int32Array.from(rows, ({ release }) => release),
      unplacedCost: Float64Array.from(rows, ({ unplacedCost }) => unplacedCost),
      budget: Float64Array.from(rows, ({ budget }) => budget),
      firstOption,
      options: {
        count: options.length,
        pool: whole(({ pool }) => pool),
        length: whole(({ length }) => length),
        earliest: whole(({ earliest }) => earliest),
        end: whole(({ end }) => end),
        accelerators: whole(({ accelerators }) => accelerators),
        kwPerAccelerator: real((option) => option.kwPerAccelerator),
        transferCost: real(({ transferCost }) => transferCost),
        transferG: real(({ transferG }) => transferG),
        restartCost: real(({ restartCost }) => restartCost),
        breaksMax: whole(({ breaksMax }) => breaksMax),
        speedExponent: real(({ speedExponent }) => speedExponent),
      },
    },
  };
}

function describeNeed(job: Job, sites: readonly Site[]): string {
  const { nodes, acceleratorsPerNode, accelerators, regions, latency, promise } = job.spec;
  const have = sites.map((site) => `${site.id}: ${site.accelerators.map(({ model, count }) => `${model}:${count}`).join(' ')}`).join('; ');
  const near = latency ? ` within ${latency.roundTripMsMax} ms of ${latency.from}` : '';
  const firm = promise === 'firm' ? ' on firm terms' : '';
  return `needs ${nodes * acceleratorsPerNode} × ${accelerators.join(' or ') || 'any'} in ${regions.allow.join(', ') || 'any region'}${near}${firm}; there are ${have}`;
}
