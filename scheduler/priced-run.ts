/**
 * Priced run: what one more run would cost beside those that have their places, part by part, at standing prices.
 *
 * Surplus that nobody uses costs its opportunity price; surplus that others would have to give up costs what they lose,
 * the price of grid energy; the rest comes from the grid. Whose carbon is dearer, or alike and there before, keeps its surplus. Owns no
 * search: `placement/quote.ts` finds the runs. Nothing here is placed.
 */
import { HOUR, type Instant, SLOT } from '../units/time.ts';
import type { Job } from './job.ts';
import { transferOf } from './placement/bound.ts';
import { interruptions, serveFrom, waitSlots } from './placement/cost.ts';
import { type Feasible, type FeasibleTerms, feasible, type Seat } from './placement/feasible.ts';
import { holdRun, type Load } from './placement/load.ts';
import { type Offers, requestKinds } from './placement/market.ts';
import { segmentsOf } from './placement/outcome.ts';
import { quotesFor, type SpotRun, type Standing, type StandingRates, standingRates } from './placement/quote.ts';
import { supplyOf } from './placement/supply.ts';
import type { Segment } from './plan.ts';

/** Money of a run, accounting currency. */
export interface CostParts {
  /** Surplus that nobody else would use at its opportunity price, all else at the import price. */
  readonly energy: number;
  /** The price of computing by the kWh. */
  readonly computing: number;
  /** What the provider asks for its accelerators. */
  readonly ask: number;
  /** What accelerators cost above the ask where they are scarce. */
  readonly scarcity: number;
  readonly transfer: number;
  /** Run time that is spent again after each pause. */
  readonly restarts: number;
}

/** A run and what it comes to; numbers of money and carbon are `undefined` where its signals are. */
export interface PricedRun {
  readonly site: string;
  readonly zone: string;
  readonly model: string;
  /** At the start. */
  readonly accelerators: number;
  readonly start: Instant;
  readonly end: Instant;
  /** What it holds when; more than one where it pauses or changes its share. */
  readonly segments: readonly Segment[];
  readonly energyKwh: number;
  readonly priced: PricedParts | undefined;
}

interface PricedParts {
  readonly parts: CostParts;
  /** All parts together, accounting currency. */
  readonly cost: number;
  /** The same with surplus at P10 and prices at P90, never below `cost`. */
  readonly insuredCost: number;
  readonly surplusKwh: number;
  /** gCO2eq of grid energy and transfer. */
  readonly carbonG: number;
  /** Money, carbon and waiting at the job's own prices, by whole slots: what a placement minimises. */
  readonly comparableCost: number;
}

/** The market as one more buyer finds it. */
export interface SpotMarket {
  readonly standing: Standing;
  /** What everybody else holds. */
  readonly others: Load;
  /** By rank, accounting currency per kg CO2eq, falling. */
  readonly carbonPrice: Float64Array;
  /** The offers with surplus at P10, prices and intensities at P90. */
  readonly insured: Offers;
}

/**
 * Opens what a clearing left to one more buyer; O(sites × horizon), with `without` also the size of the load.
 *
 * @param without  a request that is asked about again: what it holds counts as free
 */
export function spotMarketOf(standing: Standing, without?: number): SpotMarket {
  const { requests } = standing.feasible.market;
  const { load, assignment } = standing.clearing;
  const carbonPrice = new Float64Array(load.classes);
  for (let own = 0; own < load.classes; own++) carbonPrice[load.rank[own] as number] = requests.carbonPricePerKg[own] as number;
  let others = load;
  if (without !== undefined) {
    others = { ...load, accelerators: load.accelerators.slice(), drawKw: load.drawKw.slice() };
    const [option, start] = [assignment.option[without] as number, assignment.start[without] as number];
    holdRun(others, standing.feasible.market, without, option, start, assignment.pattern[without], -1);
  }
  return { standing, others, carbonPrice, insured: insuredOffers(standing) };
}

/** A standing is asked about often, and its outlooks do not change. */
const insuredSides = new WeakMap<Standing, Offers>();

/** The insured side of standing offers: what runs that stay took out of the expected surplus is taken out of this one too. */
function insuredOffers(standing: Standing): Offers {
  const known = insuredSides.get(standing);
  if (known) return known;
  const { offers, start, sites, outlooks } = standing.supply;
  const believed = new Map(outlooks.flatMap((outlook) => (outlook ? [[outlook.site, outlook] as const] : [])));
  const whole = supplyOf(sites, believed, start, []).offers;
  const { offers: low } = supplyOf(sites, believed, start, [], 'insured');
  for (const tier of ['curtailedKw', 'exportableKw'] as const)
    for (let cell = 0; cell < low[tier].length; cell++) {
      const taken = (whole[tier][cell] as number) - (offers[tier][cell] as number);
      low[tier][cell] = Math.max(0, (low[tier][cell] as number) - taken);
    }
  const insured = { ...low, known: offers.known, capacity: offers.capacity };
  insuredSides.set(standing, insured);
  return insured;
}

/** How a newcomer's draw is served in one slot; reused by callers, read at once. */
interface Serving {
  surplusKw: number;
  gridKw: number;
  /** Accounting currency per hour, and the same with the newcomer's own carbon price on grid energy. */
  money: number;
  comparable: number;
}

const serving: Serving = { surplusKw: 0, gridKw: 0, money: 0, comparable: 0 };

/** Takes surplus where it is worth less than grid energy; accounting currency per MWh each, `paid` the money of it. */
function take(mostKw: number, worth: number, grid: number, paid = worth): void {
  const kw = worth < grid ? Math.max(0, Math.min(serving.gridKw, mostKw)) : 0;
  serving.gridKw -= kw;
  serving.surplusKw += kw;
  serving.money += (kw * paid) / 1_000;
  serving.comparable += (kw * worth) / 1_000;
}

/** Serves `kw` more in a cell, cheapest first: surplus that is left over, surplus of those who need it less, grid. O(classes). */
function serve({ standing, others, carbonPrice }: SpotMarket, offers: Offers, cell: number, kw: number, ownCarbonPrice: number): Serving {
  const tariff = offers.feedInTariff[Math.floor(cell / offers.slots)] as number;
  const [importPrice, intensity] = [offers.importPrice[cell] as number, offers.carbonIntensity[cell] as number];
  const clearing = standing.clearing.prices.surplus[cell] as number;
  let curtailed = offers.curtailedKw[cell] as number;
  let exportable = offers.exportableKw[cell] as number;
  let [curtailedFor, exportableFor] = [curtailed, exportable]; // what those who need it more leave
  for (let rank = 0; rank < others.classes; rank++) {
    const price = carbonPrice[rank] as number;
    const grid = importPrice + price * intensity;
    const draw = others.drawKw[cell * others.classes + rank] as number;
    const served = serveFrom(curtailed, exportable, tariff, grid, draw);
    curtailed -= served.curtailedKw;
    exportable -= served.exportableKw;
    if (price >= ownCarbonPrice) [curtailedFor, exportableFor] = [curtailed, exportable];
  }
  const grid = importPrice + ownCarbonPrice * intensity;
  serving.surplusKw = 0;
  serving.gridKw = kw;
  serving.money = 0;
  serving.comparable = 0;
  take(curtailed, 0, grid);
  take(exportable, tariff, grid);
  take(curtailedFor - curtailed, Math.max(0, clearing), grid, Math.max(0, importPrice));
  take(exportableFor - exportable, Math.max(tariff, clearing), grid, Math.max(tariff, importPrice));
  serving.comparable += (serving.gridKw * grid) / 1_000;
  serving.money += (serving.gridKw * importPrice) / 1_000;
  return serving;
}

/**
 * The cheapest run of each option that has room, at standing prices; options × horizon × classes.
 *
 * @param asked  one job alone, over the offers of the spot market
 * @param window  slots of each option that may be used, as [from, to); all of them unless told
 */
export function spotRuns(
  spot: SpotMarket,
  asked: Feasible,
  window: (option: number) => readonly [number, number] = () => [0, asked.market.offers.slots],
): SpotRun[] {
  const { offers, requests } = asked.market;
  const { options } = requests;
  const rates = standingRates(asked.market, { prices: spot.standing.clearing.prices, load: spot.others });
  const runs: SpotRun[] = [];
  for (let option = 0; option < options.count; option++) {
    writeEnergy(rates, spot, asked, option);
    const [from, to] = window(option);
    const narrow = { ...options, earliest: options.earliest.slice(), end: options.end.slice() };
    narrow.earliest[option] = Math.max(from, options.earliest[option] as number);
    narrow.end[option] = Math.min(to, options.end[option] as number);
    const alone = { offers, requests: { ...requests, firstOption: Int32Array.of(option, option + 1), options: narrow } };
    runs.push(...quotesFor(alone, rates, 0));
  }
  return runs;
}

/** What a kW of the option's whole draw costs on average where it would be served: a job may need more surplus than there is. */
function writeEnergy({ rates }: StandingRates, spot: SpotMarket, { market: { offers, requests } }: Feasible, option: number): void {
  const { options, carbonPricePerKg, weightClass, computePrice = 0 } = requests;
  const site = offers.poolSite[options.pool[option] as number] as number;
  const kw = (options.accelerators[option] as number) * (options.kwPerAccelerator[option] as number);
  const ownCarbonPrice = carbonPricePerKg[weightClass[0] as number] as number;
  if (kw === 0) return;
  for (let slot = options.earliest[option] as number; slot < (options.end[option] as number); slot++) {
    const cell = site * offers.slots + slot;
    rates.energy[cell] = (serve(spot, offers, cell, kw, ownCarbonPrice).comparable / kw + computePrice / 1_000) * offers.slotHours;
  }
}

/** What runs of a job would cost it in money at standing prices; `undefined` where a signal is missing. Opens the market once, when asked. */
export function spotPrice(standing: Standing, job: Job, terms: FeasibleTerms): (run: SpotRun) => number | undefined {
  let opened: { readonly spot: SpotMarket; readonly asked: Feasible } | undefined;
  return (run) => {
    opened ??= { spot: spotMarketOf(standing), asked: feasible([{ job }], standing.supply, terms) };
    return priceRun(opened.spot, opened.asked, run, terms).priced?.cost;
  };
}

/** What a run comes to; O(slots held × classes). */
export function priceRun(spot: SpotMarket, asked: Feasible, run: SpotRun, terms: FeasibleTerms): PricedRun {
  const { supply } = spot.standing;
  const { options } = asked.market.requests;
  const { option, start } = run;
  const seat = asked.seats[option] as Seat;
  const pool = supply.pools[seat.pool];
  const site = pool && supply.sites[pool.site];
  if (!pool || !site) throw new RangeError(`option ${option} lies in no pool`);
  const accelerators = options.accelerators[option] as number;
  const shape = run.pattern ?? new Uint16Array(options.length[option] as number).fill(accelerators);
  const isElastic = asked.market.requests.kind[0] === requestKinds.elastic;
  const segments = segmentsOf(shape, supply.start + start * SLOT, seat, isElastic);
  const [first, last] = [segments[0], segments.at(-1)];
  if (!first || !last) throw new RangeError(`option ${option} would hold nothing`);
  const believed = drawOf(spot, asked, option, start, shape, asked.market.offers);
  const energyKwh = isElastic ? believed.energyKwh : (accelerators * (options.kwPerAccelerator[option] as number) * seat.remaining) / HOUR;
  return {
    site: site.id,
    zone: site.zone,
    model: pool.model,
    accelerators: first.accelerators,
    start: first.start,
    end: last.end,
    segments,
    energyKwh,
    priced: believed.isKnown ? pricedParts(spot, asked, { ...run, shape, segments, energyKwh }, believed, terms) : undefined,
  };
}

/** What a run draws, by whole slots within the horizon. */
interface Draw {
  energyKwh: number;
  surplusKwh: number;
  /** Accounting currency; `comparable` with the carbon of grid energy at the job's price. */
  money: number;
  comparable: number;
  carbonG: number;
  /** Accelerator-slots at their dual price. */
  scarcity: number;
  heldHours: number;
  isKnown: boolean;
}

function drawOf(spot: SpotMarket, { market, seats }: Feasible, option: number, start: number, shape: Uint16Array, view: Offers): Draw {
  const { offers, requests } = market;
  const { slots, slotHours, poolSite } = offers;
  const { pool } = seats[option] as Seat;
  const site = (poolSite[pool] as number) * slots;
  const carbonPrice = requests.carbonPricePerKg[requests.weightClass[0] as number] as number;
  const kwPerAccelerator = requests.options.kwPerAccelerator[option] as number;
  const sum: Draw = { energyKwh: 0, surplusKwh: 0, money: 0, comparable: 0, carbonG: 0, scarcity: 0, heldHours: 0, isKnown: true };
  for (let i = 0; i < shape.length && start + i < slots; i++) {
    const held = shape[i] as number;
    if (held === 0) continue;
    const slot = start + i;
    if (offers.known[site + slot] !== 1) sum.isKnown = false;
    const { surplusKw, gridKw, money, comparable } = serve(spot, view, site + slot, held * kwPerAccelerator, carbonPrice);
    sum.energyKwh += held * kwPerAccelerator * slotHours;
    sum.surplusKwh += surplusKw * slotHours;
    sum.money += money * slotHours;
    sum.comparable += comparable * slotHours;
    sum.carbonG += gridKw * (view.carbonIntensity[site + slot] as number) * slotHours;
    sum.scarcity += held * Math.max(0, spot.standing.clearing.prices.accelerator[pool * slots + slot] as number);
    sum.heldHours += held * slotHours;
  }
  return sum;
}

interface Shaped extends SpotRun {
  readonly shape: Uint16Array;
  readonly segments: readonly Segment[];
  readonly energyKwh: number;
}

function pricedParts(spot: SpotMarket, asked: Feasible, run: Shaped, believed: Draw, terms: FeasibleTerms): PricedParts {
  const { market, seats } = asked;
  const { offers, requests } = market;
  const { option, start, pattern, shape, segments, energyKwh } = run;
  const seat = seats[option] as Seat;
  const ask = offers.ask[seat.pool] as number;
  const whole = believed.energyKwh > 0 ? energyKwh / believed.energyKwh : 0; // first and last slot are used in part; what lies behind the horizon as what lies in it
  const hours = segments.reduce((sum, { start: from, end, accelerators }) => sum + ((end - from) / HOUR) * accelerators, 0);
  const parts: CostParts = {
    energy: believed.money * whole,
    computing: energyKwh * terms.computePricePerKwh,
    ask: hours * ask,
    scarcity: believed.scarcity,
    transfer: seat.transferMoney,
    restarts: interruptions(pattern) * (requests.options.restartCost[option] as number),
  };
  const cost = sumOf(parts);
  const insured = drawOf(spot, asked, option, start, shape, spot.insured);
  const waiting = waitSlots(market, 0, option, start, pattern) * (requests.waitPrice[0] as number);
  const held = believed.comparable + believed.scarcity + believed.heldHours * ask;
  const computed = believed.energyKwh * terms.computePricePerKwh; // of whole slots, as a plan counts
  return {
    parts,
    cost,
    insuredCost: Math.max(cost, cost + (insured.money - believed.money) * whole),
    surplusKwh: believed.surplusKwh * whole,
    carbonG: believed.carbonG * whole + (requests.options.transferG[option] as number),
    comparableCost: held + computed + (transferOf(market)[option] as number) + parts.restarts + waiting,
  };
}

const sumOf = ({ energy, computing, ask, scarcity, transfer, restarts }: CostParts): number =>
  energy + computing + ask + scarcity + transfer + restarts;
