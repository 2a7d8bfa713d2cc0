/**
 * Cost: the energy merit order of a site and slot, and what an assignment truly costs, part by part.
 *
 * A slot's draw is served by curtailed surplus at 0, exportable surplus at the feed-in tariff and grid energy, such
 * that the total is least: the class whose grid energy is dearest comes first, and a class whose grid energy is cheaper
 * than a tier leaves the tier alone. The total is convex and piecewise linear in the draw of each class.
 */
import { type Load, loadOf } from './load.ts';
import { type Assignment, type Market, type Offers, requestKinds } from './market.ts';

/**
 * Comparable cost of serving a site's draw in one slot with `extraKw` more of one rank, accounting currency; O(classes).
 *
 * @param cell  site × slot
 */
export function energyCost(load: Load, offers: Offers, cell: number, tariff: number, rank: number, extraKw: number): number {
  const { classes, drawKw, gridPrice } = load;
  let curtailed = offers.curtailedKw[cell] as number;
  let exportable = offers.exportableKw[cell] as number;
  let cost = 0;
  const row = cell * classes;
  for (let at = 0; at < classes; at++) {
    let rest = drawKw[row + at] as number;
    if (at === rank) rest += extraKw;
    if (rest <= 0) continue;
    const grid = gridPrice[row + at] as number;
    if (grid > 0 && curtailed > 0) {
      const part = Math.min(rest, curtailed);
      curtailed -= part;
      rest -= part;
    }
    if (grid > tariff && exportable > 0 && rest > 0) {
      const part = Math.min(rest, exportable);
      exportable -= part;
      rest -= part;
      cost += part * tariff;
    }
    cost += rest * grid;
  }
  return (cost * offers.slotHours) / 1_000;
}

/**
 * What `kw` more of one rank would add to the cost of a slot, accounting currency; O(classes).
 *
 * The difference of two `energyCost`, in one go: ranks before it are served as before, those after it may lose surplus to it.
 */
export function marginalCost(load: Load, offers: Offers, cell: number, tariff: number, rank: number, kw: number): number {
  const { classes, drawKw, gridPrice } = load;
  let curtailed = offers.curtailedKw[cell] as number;
  let exportable = offers.exportableKw[cell] as number;
  const row = cell * classes;
  if (curtailed + exportable === 0) return (kw * (gridPrice[row + rank] as number) * offers.slotHours) / 1_000;
  for (let at = 0; at < rank; at++) {
    let rest = drawKw[row + at] as number;
    if (rest <= 0) continue;
    const grid = gridPrice[row + at] as number;
    if (grid > 0) {
      const part = Math.min(rest, curtailed);
      curtailed -= part;
      rest -= part;
    }
    if (grid > tariff) exportable -= Math.min(rest, exportable);
  }
  let curtailedWith = curtailed;
  let exportableWith = exportable;
  let added = 0;
  for (let at = rank; at < classes; at++) {
    const draw = drawKw[row + at] as number;
    const grid = gridPrice[row + at] as number;
    let rest = draw;
    let restWith = at === rank ? draw + kw : draw;
    if (restWith <= 0) continue;
    if (grid > 0) {
      const part = Math.min(rest, curtailed);
      curtailed -= part;
      rest -= part;
      const partWith = Math.min(restWith, curtailedWith);
      curtailedWith -= partWith;
      restWith -= partWith;
    }
    if (grid > tariff) {
      const part = Math.min(rest, exportable);
      exportable -= part;
      rest -= part;
      const partWith = Math.min(restWith, exportableWith);
      exportableWith -= partWith;
      restWith -= partWith;
      added += (partWith - part) * tariff;
    }
    added += (restWith - rest) * grid;
    if (at > rank && curtailed === curtailedWith && exportable === exportableWith) break; // nobody further down notices
  }
  return (added * offers.slotHours) / 1_000;
}

/** How the draw of one class in one slot is served, kW each. */
export interface Served {
  readonly curtailedKw: number;
  readonly exportableKw: number;
  readonly gridKw: number;
}

/** How one draw is served by what is left of the tiers, its grid energy at `grid` per MWh, carbon included. */
export function serveFrom(curtailedKw: number, exportableKw: number, tariff: number, grid: number, drawKw: number): Served {
  const first = grid > 0 ? Math.min(drawKw, curtailedKw) : 0;
  const second = grid > tariff ? Math.min(drawKw - first, exportableKw) : 0;
  return { curtailedKw: first, exportableKw: second, gridKw: drawKw - first - second };
}

/** How a site's draw of one rank is served in a slot under the merit order, classes of lower rank first; O(classes). */
export function servedTo(load: Load, offers: Offers, cell: number, tariff: number, rank: number): Served {
  const { classes, drawKw, gridPrice } = load;
  let curtailed = offers.curtailedKw[cell] as number;
  let exportable = offers.exportableKw[cell] as number;
  const row = cell * classes;
  for (let at = 0; ; at++) {
    const draw = drawKw[row + at] as number;
    const grid = gridPrice[row + at] as number;
    const served = serveFrom(curtailed, exportable, tariff, grid, draw);
    if (at === rank) return served;
    curtailed -= served.curtailedKw;
    exportable -= served.exportableKw;
  }
}

/** What an assignment costs, accounting currency unless the name says otherwise; energy and carbon are of the placed only. */
export interface PlanCost {
  /** All parts together, carbon and waiting at their prices: what a plan minimises. */
  readonly total: number;
  readonly energy: number;
  /** What computing costs by the kWh. */
  readonly computing: number;
  /** What providers ask for their accelerators. */
  readonly ask: number;
  readonly transfer: number;
  readonly restarts: number;
  /** Carbon of energy and transfer at each request's carbon price. */
  readonly carbonCost: number;
  readonly waitCost: number;
  /** What leaving out the unplaced costs. */
  readonly unplacedCost: number;
  readonly carbonG: number;
  readonly energyKwh: number;
  readonly surplusKwh: number;
  readonly unplaced: number;
}

/**
 * Waiting of a run, slots: how much later than in a run at `release` its slots lie on average; of an elastic one, its
 * work behind `release`, weighted by its part of the work.
 */
export function waitSlots({ requests }: Market, request: number, option: number, start: number, shape: Uint16Array | undefined): number {
  const late = start - (requests.release[request] as number);
  if (!shape) return late;
  const length = requests.options.length[option] as number;
  const isElastic = requests.kind[request] === requestKinds.elastic;
  const exponent = requests.options.speedExponent[option] as number;
  let sum = 0;
  let work = 0;
  for (let i = 0; i < shape.length; i++) {
    const done = (shape[i] as number) === 0 ? 0 : isElastic ? (shape[i] as number) ** exponent : 1;
    sum += done * i;
    work += done;
  }
  return isElastic ? (late * work + sum) / length : late + sum / work - (length - 1) / 2;
}

/** Times a request stops and goes on. */
export function interruptions(shape: Uint16Array | undefined): number {
  let count = 0;
  if (shape) for (let i = 1; i < shape.length; i++) if ((shape[i] as number) > 0 && shape[i - 1] === 0) count++;
  return count;
}

/** The part of a run's cost that no price changes, accounting currency: transfer, restarts and waiting. */
export function unpricedCost(
  market: Market,
  transfer: Float64Array,
  request: number,
  option: number,
  start: number,
  shape: Uint16Array | undefined,
): number {
  const { options, waitPrice } = market.requests;
  return (
    (transfer[option] as number) +
    interruptions(shape) * (options.restartCost[option] as number) +
    waitSlots(market, request, option, start, shape) * (waitPrice[request] as number)
  );
}

/** What computing costs on an accelerator that draws `kw`, accounting currency per slot. */
export const computingCost = ({ offers, requests: { computePrice = 0 } }: Market, kw: number): number =>
  (computePrice * kw * offers.slotHours) / 1_000;

/** What holding a run adds to the true cost of a plan that does not hold it, accounting currency; O(slots held × classes). */
export function addedCost(
  load: Load,
  market: Market,
  transfer: Float64Array,
  request: number,
  option: number,
  start: number,
  shape: Uint16Array | undefined,
): number {
  const { offers, requests } = market;
  if (option < 0) return requests.unplacedCost[request] as number;
  const { options } = requests;
  const pool = options.pool[option] as number;
  const site = offers.poolSite[pool] as number;
  const rank = load.rank[requests.weightClass[request] as number] as number;
  const kw = options.kwPerAccelerator[option] as number;
  const all = options.accelerators[option] as number;
  const asked = (offers.ask[pool] as number) * offers.slotHours + computingCost(market, kw);
  const tariff = offers.feedInTariff[site] as number;
  const length = shape?.length ?? (options.length[option] as number);
  let cost = unpricedCost(market, transfer, request, option, start, shape);
  for (let i = 0; i < length; i++) {
    const held = shape ? (shape[i] as number) : all;
    if (held > 0) cost += held * asked + marginalCost(load, offers, site * offers.slots + start + i, tariff, rank, held * kw);
  }
  return cost;
}

/** The true cost of an assignment under the merit order; O(slots held + sites × slots × classes). */
export function assess(market: Market, assignment: Assignment, load = loadOf(market, assignment)): PlanCost {
  const { offers, requests } = market;
  const { options } = requests;
  const { slots, slotHours, siteCount, feedInTariff } = offers;
  const sum = {
    energy: 0,
    computing: 0,
    ask: 0,
    transfer: 0,
    restarts: 0,
    carbonCost: 0,
    waitCost: 0,
    unplacedCost: 0,
    carbonG: 0,
    energyKwh: 0,
    surplusKwh: 0,
    unplaced: 0,
  };
  for (let cell = 0; cell < siteCount * slots; cell++) {
    const tariff = feedInTariff[Math.floor(cell / slots)] as number;
    for (let weightClass = 0; weightClass < load.classes; weightClass++) {
      const { curtailedKw, exportableKw, gridKw } = servedTo(load, offers, cell, tariff, load.rank[weightClass] as number);
      const surplusKw = curtailedKw + exportableKw;
      if (surplusKw + gridKw <= 0) continue;
      const carbonG = gridKw * slotHours * (offers.carbonIntensity[cell] as number);
      sum.energy += ((exportableKw * tariff + gridKw * (offers.importPrice[cell] as number)) * slotHours) / 1_000;
      sum.carbonG += carbonG;
      sum.carbonCost += (carbonG / 1_000) * (requests.carbonPricePerKg[weightClass] as number);
      sum.energyKwh += (surplusKw + gridKw) * slotHours;
      sum.surplusKwh += surplusKw * slotHours;
    }
  }
  for (let request = 0; request < requests.count; request++) {
    const at = assignment.option[request] as number;
    if (at < 0) {
      sum.unplaced++;
      sum.unplacedCost += requests.unplacedCost[request] as number;
      continue;
    }
    const shape = assignment.pattern[request];
    const held = shape
      ? shape.reduce((total, count) => total + count, 0)
      : (options.length[at] as number) * (options.accelerators[at] as number);
    sum.computing += held * computingCost(market, options.kwPerAccelerator[at] as number);
    sum.ask += held * slotHours * (offers.ask[options.pool[at] as number] as number);
    sum.transfer += options.transferCost[at] as number;
    sum.carbonG += options.transferG[at] as number;
    sum.carbonCost +=
      ((options.transferG[at] as number) / 1_000) * (requests.carbonPricePerKg[requests.weightClass[request] as number] as number);
    sum.restarts += interruptions(shape) * (options.restartCost[at] as number);
    sum.waitCost += waitSlots(market, request, at, assignment.start[request] as number, shape) * (requests.waitPrice[request] as number);
  }
  return {
    ...sum,
    total: sum.energy + sum.computing + sum.ask + sum.transfer + sum.restarts + sum.carbonCost + sum.waitCost + sum.unplacedCost,
  };
}
