/**
 * Stage: the columns of a market as it is believed, or known, from a slot of a study on.
 *
 * The only place where a study becomes a `Market` of the scheduler's placement: offers from signals and what is held,
 * requests from jobs that wait. One pool a site; option `site` of a job is its run there, closed where it does not fit.
 */
import { type Offers, type Requests, requestKinds } from '../../scheduler/placement/market.ts';
import { HOUR } from '../../units/time.ts';
import type { Belief } from './belief.ts';
import type { Study } from './study.ts';

/** Accelerators that committed runs hold, site × slot of the study with its tail. */
export type Held = Int32Array;

export const nothingHeld = ({ sites, slots, tail }: Study): Held => new Int32Array(sites.length * (slots + tail));

/**
 * How a site's surplus splits in a slot, kW each: what cannot be exported (opportunity price 0) and what can.
 *
 * @param netKw  generation less own load; no surplus below 0
 * @param price  of the grid, per MWh: below 0 nobody exports
 */
export function surplusOf(
  netKw: number,
  price: number,
  exportLimitKw: number,
): { readonly curtailedKw: number; readonly exportableKw: number } {
  const surplusKw = Math.max(0, netKw);
  const exportableKw = price < 0 ? 0 : Math.min(surplusKw, exportLimitKw);
  return { curtailedKw: surplusKw - exportableKw, exportableKw };
}

/** What the sites offer over `slots` slots from `first` on, as told at `first`, less what is held. O(sites × slots). */
export function offersFrom(study: Study, belief: Belief, held: Held, first: number, slots: number): Offers {
  const { sites } = study;
  const cells = sites.length * slots;
  const columns = () => new Float64Array(cells);
  const [curtailedKw, exportableKw, importPrice, carbonIntensity, netKw] = [columns(), columns(), columns(), columns(), columns()];
  const known = new Uint8Array(cells);
  const capacity = new Int32Array(cells);
  const heldSlots = study.slots + study.tail;
  sites.forEach(({ accelerators, kwPerAccelerator, exportLimitKw }, site) => {
    const row = site * slots;
    belief('price', site, first, importPrice.subarray(row, row + slots));
    belief('carbonIntensity', site, first, carbonIntensity.subarray(row, row + slots));
    belief('netKw', site, first, netKw.subarray(row, row + slots));
    const { truth, capacity: called } = study;
    const truthRow = site * truth.slots + truth.lead + first;
    for (let slot = 0; slot < slots; slot++) {
      const cell = row + slot;
      const taken = first + slot < heldSlots ? (held[site * heldSlots + first + slot] as number) : accelerators;
      const [price, intensity] = [importPrice[cell] as number, carbonIntensity[cell] as number];
      // what has no record has no account: such a slot is closed, whatever is believed of it
      const isOpen = isKnown(price, intensity) && isKnown(truth.price[truthRow + slot], truth.carbonIntensity[truthRow + slot]);
      if (!isOpen) {
        importPrice[cell] = 0;
        carbonIntensity[cell] = 0;
        continue;
      }
      known[cell] = 1;
      const most = called && first + slot < heldSlots ? (called[site * heldSlots + first + slot] as number) : accelerators;
      capacity[cell] = most - taken;
      const surplus = surplusOf(netKw[cell] || 0, price, exportLimitKw);
      const drawnKw = taken * kwPerAccelerator;
      curtailedKw[cell] = Math.max(0, surplus.curtailedKw - drawnKw);
      exportableKw[cell] = Math.max(0, surplus.exportableKw - Math.max(0, drawnKw - surplus.curtailedKw));
    }
  });
  return {
    slots,
    slotHours: study.slotMs / HOUR,
    siteCount: sites.length,
    curtailedKw,
    exportableKw,
    importPrice,
    carbonIntensity,
    feedInTariff: Float64Array.from(sites, ({ feedInTariff }) => feedInTariff),
    known,
    poolCount: sites.length,
    poolSite: Int32Array.from(sites, (_, site) => site),
    capacity,
    ask: Float64Array.from(sites, ({ askPerAcceleratorHour }) => askPerAcceleratorHour),
  };
}

const isKnown = (price: number | undefined, intensity: number | undefined): boolean =>
  price !== undefined && intensity !== undefined && !Number.isNaN(price) && !Number.isNaN(intensity);

/** Jobs that ask, and until when each may run; a missed deadline gives way to a later end. */
export interface Asking {
  /** Index of each job in the workload. */
  readonly jobs: Int32Array;
  /** One past the last slot of the study each may use. */
  readonly end: Int32Array;
}

/** A job that is not placed costs at least this, and so many times the dearest that a placement of it may come to. */
const unplacedCostLeast = 1e5;
const unplacedWorth = 10;

/**
 * The asking jobs as requests of a market of these offers, which begins at slot `first`; O(jobs × sites + cells).
 *
 * Leaving a job out costs more than any placement of it, in whatever currency and however large it is.
 */
export function requestsFrom(study: Study, { jobs, end }: Asking, first: number, offers: Offers): Requests {
  const { sites, workload, terms } = study;
  const { slots, slotHours } = offers;
  const { carbonPricePerKg, waitPricePerHour } = terms.weights;
  const waitPrice = waitPricePerHour * slotHours;
  let dearestPerMwh = 0;
  for (let cell = 0; cell < offers.importPrice.length; cell++) {
    const perMwh = (offers.importPrice[cell] as number) + carbonPricePerKg * (offers.carbonIntensity[cell] as number);
    dearestPerMwh = Math.max(dearestPerMwh, perMwh);
  }
  const count = jobs.length;
  const unplacedCost = new Float64Array(count).fill(unplacedCostLeast);
  const rows = count * sites.length;
  const integers = () => new Int32Array(rows);
  const reals = () => new Float64Array(rows);
  const [pool, length, earliest, ends, accelerators] = [integers(), integers(), integers(), integers(), integers()];
  const [kwPerAccelerator, transferCost, transferG, restartCost] = [reals(), reals(), reals(), reals()];
  const kind = new Uint8Array(count);
  const release = new Int32Array(count);
  for (let request = 0; request < count; request++) {
    const job = jobs[request] as number;
    const isInterruptible = workload.isInterruptible[job] === 1;
    kind[request] = isInterruptible ? requestKinds.interruptible : requestKinds.contiguous;
    release[request] = Math.max(0, (workload.release[job] as number) - first);
    const gigabytes = workload.gigabytes[job] as number;
    for (let site = 0; site < sites.length; site++) {
      const row = request * sites.length + site;
      const moved = site === workload.home[job] ? 0 : gigabytes;
      const wanted = workload.accelerators[job] as number;
      const { accelerators: there, kwPerAccelerator: kw, feedInTariff, askPerAcceleratorHour } = sites[site] as Study['sites'][number];
      pool[row] = site;
      length[row] = workload.length[job] as number;
      earliest[row] = release[request] as number;
      ends[row] = wanted <= there ? Math.min(slots, (end[request] as number) - first) : (release[request] as number);
      accelerators[row] = wanted;
      kwPerAccelerator[row] = kw;
      transferCost[row] = moved * terms.transferPricePerGb;
      transferG[row] = moved * terms.transferGPerGb;
      restartCost[row] = isInterruptible ? wanted * terms.restartCost : 0;
      const perHour = wanted * ((kw * Math.max(dearestPerMwh, feedInTariff)) / 1_000 + askPerAcceleratorHour);
      const moving = (transferCost[row] as number) + (carbonPricePerKg * (transferG[row] as number)) / 1_000;
      const perSlot = perHour * slotHours + (restartCost[row] as number);
      const dearest = perSlot * (length[row] as number) + moving + waitPrice * slots;
      unplacedCost[request] = Math.max(unplacedCost[request] as number, unplacedWorth * dearest);
    }
  }
  return {
    count,
    kind,
    weightClass: new Uint8Array(count),
    carbonPricePerKg: Float64Array.of(carbonPricePerKg),
    waitPrice: new Float64Array(count).fill(waitPrice),
    release,
    unplacedCost,
    budget: new Float64Array(count).fill(Number.POSITIVE_INFINITY),
    firstOption: Int32Array.from({ length: count + 1 }, (_, request) => request * sites.length),
    options: {
      count: rows,
      pool,
      length,
      earliest,
      end: ends,
      accelerators,
      kwPerAccelerator,
      transferCost,
      transferG,
      restartCost,
      speedExponent: reals().fill(1),
    },
  };
}
