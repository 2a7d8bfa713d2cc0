/**
 * Account: what the runs of a study truly used, by job and by slot, on the true signals.
 *
 * A site's draw is served in merit order (`scheduler/placement/cost.ts`); jobs that run there at once share each source
 * in proportion to their draw. Carbon is kept on four accounts that are never added. A job holds whole slots.
 */
import { interruptions, serveFrom } from '../../scheduler/placement/cost.ts';
import { HOUR } from '../../units/time.ts';
import { surplusOf } from './stage.ts';
import { endOf, type Runs, type Study } from './study.ts';

/** Columns by job; energy at the grid connection, kWh. */
export interface JobAccounts {
  readonly curtailedKwh: Float64Array;
  readonly exportableKwh: Float64Array;
  readonly gridKwh: Float64Array;
  /** Accounting currency: energy, what accelerators ask, transfer and restarts. */
  readonly money: Float64Array;
  /** Account (a): grid energy × average intensity, its transfer with it, gCO2eq. */
  readonly locationG: Float64Array;
  /** Account (b): grid energy × marginal intensity; NaN when a slot of it has none. */
  readonly marginalG: Float64Array;
  /** Account (c): energy that no surplus of its slot matched × residual intensity (the average stands in for it). */
  readonly matchedG: Float64Array;
  /** Account (d): the share of making its accelerators. */
  readonly embodiedG: Float64Array;
  /** Slots between arrival and end in which it did not run. */
  readonly waitSlots: Int32Array;
  /** How much later than at its release its slots lie on average: the wait that plans put a price on. */
  readonly lateSlots: Float64Array;
  /** Times it stopped and went on. */
  readonly stops: Int32Array;
}

/** Columns site × slot of the study with its tail, kW on average over the slot. */
export interface SlotAccounts {
  /** Accelerators held, and runs that start. */
  readonly held: Int32Array;
  readonly starts: Int32Array;
  readonly curtailedKw: Float64Array;
  readonly exportableKw: Float64Array;
  readonly gridKw: Float64Array;
  /** Surplus that could not be exported, used or not. */
  readonly curtailableKw: Float64Array;
}

export interface Accounts {
  readonly jobs: JobAccounts;
  readonly slots: SlotAccounts;
}

/** Adds up what every run used; O(slots held + sites × slots). */
export function accountsOf(study: Study, runs: Runs): Accounts {
  const slots = slotAccounts(study, runs);
  return { slots, jobs: jobAccounts(study, runs, slots) };
}

/** Calls for each slot a job holds, with the cell and the accelerators it holds there. */
function eachHeld(study: Study, { site, start, pattern }: Runs, job: number, visit: (cell: number, held: number) => void): void {
  const shape = pattern.get(job);
  const row = (site[job] as number) * (study.slots + study.tail) + (start[job] as number);
  const length = shape?.length ?? (study.workload.length[job] as number);
  const all = study.workload.accelerators[job] as number;
  for (let i = 0; i < length; i++) {
    const held = shape ? (shape[i] as number) : all;
    if (held > 0) visit(row + i, held);
  }
}

function slotAccounts(study: Study, runs: Runs): SlotAccounts {
  const { sites, truth, workload, terms } = study;
  const width = study.slots + study.tail;
  const cells = sites.length * width;
  const [held, starts] = [new Int32Array(cells), new Int32Array(cells)];
  const [curtailedKw, exportableKw, gridKw, curtailableKw] = [0, 1, 2, 3].map(() => new Float64Array(cells)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const take = (cell: number, taken: number) => {
    held[cell] = (held[cell] as number) + taken;
  };
  for (let job = 0; job < workload.count; job++) {
    const site = runs.site[job] as number;
    if (site < 0) continue;
    const first = site * width + (runs.start[job] as number);
    starts[first] = (starts[first] as number) + 1;
    eachHeld(study, runs, job, take);
  }
  sites.forEach(({ exportLimitKw, feedInTariff, kwPerAccelerator }, site) => {
    const row = site * truth.slots + truth.lead;
    for (let slot = 0; slot < width; slot++) {
      const cell = site * width + slot;
      const price = truth.price[row + slot] as number;
      const surplus = surplusOf(truth.netKw[row + slot] || 0, price, exportLimitKw);
      curtailableKw[cell] = surplus.curtailedKw;
      const drawKw = (held[cell] as number) * kwPerAccelerator;
      if (drawKw === 0) continue;
      const comparable = price + terms.weights.carbonPricePerKg * (truth.carbonIntensity[row + slot] as number);
      const served = serveFrom(surplus.curtailedKw, surplus.exportableKw, feedInTariff, comparable, drawKw);
      curtailedKw[cell] = served.curtailedKw;
      exportableKw[cell] = served.exportableKw;
      gridKw[cell] = served.gridKw;
    }
  });
  return { held, starts, curtailedKw, exportableKw, gridKw, curtailableKw };
}

/** Accounts of so many jobs before any of them used anything: all 0, to be filled. */
export function nothingUsed(count: number): JobAccounts {
  const column = () => new Float64Array(count);
  return {
    curtailedKwh: column(),
    exportableKwh: column(),
    gridKwh: column(),
    money: column(),
    locationG: column(),
    marginalG: column(),
    matchedG: column(),
    embodiedG: column(),
    waitSlots: new Int32Array(count),
    lateSlots: column(),
    stops: new Int32Array(count),
  };
}

function jobAccounts(study: Study, runs: Runs, slots: SlotAccounts): JobAccounts {
  const { sites, truth, workload, terms } = study;
  const width = study.slots + study.tail;
  const hours = study.slotMs / HOUR;
  const { count } = workload;
  const jobs = nothingUsed(count);
  for (let job = 0; job < count; job++) {
    const at = runs.site[job] as number;
    if (at < 0) continue;
    const { kwPerAccelerator, feedInTariff, askPerAcceleratorHour } = sites[at] as Study['sites'][number];
    const shift = at * truth.slots + truth.lead - at * width; // from a cell of the study to one of the truth
    let [curtailed, exportable, grid, money, location, marginal, heldHours, ran, places] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
    eachHeld(study, runs, job, (cell, held) => {
      const kwh = held * kwPerAccelerator * hours;
      const part = kwh / ((slots.held[cell] as number) * kwPerAccelerator);
      const gridKwh = part * (slots.gridKw[cell] as number);
      const exportableKwh = part * (slots.exportableKw[cell] as number);
      curtailed += part * (slots.curtailedKw[cell] as number);
      exportable += exportableKwh;
      grid += gridKwh;
      money += (gridKwh * (truth.price[cell + shift] as number) + exportableKwh * feedInTariff) / 1_000;
      location += gridKwh * (truth.carbonIntensity[cell + shift] as number);
      if (gridKwh > 0) marginal += gridKwh * (truth.marginalIntensity[cell + shift] as number);
      heldHours += held * hours;
      places += cell - at * width;
      ran++;
    });
    const moved = at === workload.home[job] ? 0 : (workload.gigabytes[job] as number);
    const stops = interruptions(runs.pattern.get(job));
    const transferG = moved * terms.transferGPerGb;
    jobs.curtailedKwh[job] = curtailed;
    jobs.exportableKwh[job] = exportable;
    jobs.gridKwh[job] = grid;
    jobs.money[job] =
      money +
      heldHours * askPerAcceleratorHour +
      moved * terms.transferPricePerGb +
      stops * (workload.accelerators[job] as number) * terms.restartCost;
    jobs.locationG[job] = location + transferG;
    jobs.marginalG[job] = marginal + transferG;
    jobs.matchedG[job] = location + transferG;
    jobs.embodiedG[job] = heldHours * terms.embodiedGPerAcceleratorHour;
    jobs.waitSlots[job] = endOf(workload, runs, job) - (workload.release[job] as number) - ran;
    jobs.lateSlots[job] = places / ran - (workload.release[job] as number) - (ran - 1) / 2;
    jobs.stops[job] = stops;
  }
  return jobs;
}
