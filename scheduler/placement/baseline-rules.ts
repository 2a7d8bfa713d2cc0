/**
 * Baseline rules: the published policies the planner is compared with, each as a score of what it looks at.
 *
 * A rule sees one request at one option on what earlier requests left, and grid signals only; surplus shows itself to
 * follow-the-sun alone. Least score wins. Who comes first, where there is room and what is taken is `baselines.ts`.
 */
import type { Offers } from './market.ts';

/** The grid at one site, by slot of the horizon; numbers stand only where `known` is 1. */
export interface GridSignals {
  readonly known: Uint8Array;
  /** Accounting currency per MWh, gCO2eq/kWh. */
  readonly importPrice: Float64Array;
  readonly carbonIntensity: Float64Array;
  /** Sum of intensity over the known slots before each slot, and over all at the end: gCO2eq/kWh × slots. */
  readonly intensityBefore: Float64Array;
  /** Known slots, least intensity first, the earlier one on a tie. */
  readonly greenest: Int32Array;
  /** Over the known slots of the horizon, gCO2eq/kWh: the mean, and the greatest value in the share that a threshold calls green. */
  readonly meanIntensity: number;
  readonly lowIntensity: number;
}

/** One request at one option, as it stands when its turn comes. */
export interface View {
  grid: GridSignals;
  /** By slot, kW of the site's surplus that no earlier request draws; below 0 when they draw more. */
  surplusKw: Float64Array;
  slotHours: number;
  release: number;
  /** First slot it could start in. */
  first: number;
  /** Slots it runs, with all its accelerators. */
  run: number;
  accelerators: number;
  drawKw: number;
  /** Accounting currency: per accelerator-hour, and for the data; gCO2eq. */
  ask: number;
  transferCost: number;
  transferG: number;
}

/** Score of a start, less is better. */
type Rule = (view: View, start: number) => number;

/** Intensities closer than this are one, gCO2eq/kWh (× slots): no meter tells them apart, and running sums do not agree on them. */
export const intensityTie = 1e-6;
/** Share of the horizon that a threshold calls green: 30 %, as in GAIA's released suspend-and-resume. */
const thresholdQuantile = 0.3;

const intensityAt = ({ grid }: View, slot: number) => grid.carbonIntensity[slot] as number;
const intensityOver = ({ grid, run }: View, start: number) =>
  (grid.intensityBefore[start + run] as number) - (grid.intensityBefore[start] as number);
const runNow: Rule = (_, start) => start;
const lowestWindow: Rule = intensityOver;

/** The first start at or below a threshold; the last start there is, when none is. A start is at most twice the horizon away. */
const firstBelow = (threshold: number, { grid }: View, start: number): number =>
  (grid.carbonIntensity[start] as number) <= threshold + intensityTie ? start : 2 * grid.known.length - start;

/**
 * Rules that stay at home and choose the start; the earliest one on a tie.
 *
 * Run-now is the counterfactual of every saving. Lowest-slot, lowest-window and carbon-time: Hanafy et al., "Going
 * Green for Less Green" (GAIA), ASPLOS 2024, there with hourly starts and expected lengths, here with every slot and the
 * known length; carbon-time seeks the most carbon saved per slot between release and the run's end. Wait-awhile:
 * Wiesner et al., "Let's Wait Awhile", Middleware 2021, for runs that may not pause the same as lowest-window.
 * Ecovisor: Souza et al., ASPLOS 2023, for runs that may not pause a threshold at the mean.
 */
export const startRules = {
  'run-now': runNow,
  threshold: (view, start) => firstBelow(view.grid.lowIntensity, view, start),
  'lowest-slot': intensityAt,
  'lowest-window': lowestWindow,
  'carbon-time': (view, start) => (intensityOver(view, start) - intensityOver(view, view.first)) / (start - view.release + view.run),
  'wait-awhile': lowestWindow,
  ecovisor: (view, start) => firstBelow(view.grid.meanIntensity, view, start),
} as const satisfies Record<string, Rule>;

/**
 * Rules that never wait by choice and choose the site: O(run) a score.
 *
 * Cheapest-now: Qureshi et al., "Cutting the electric bill for internet-scale systems", SIGCOMM 2009; money is grid
 * energy, ask and transfer. Greenest-now: spatial shifting as in Sukprasert et al., EuroSys 2024; carbon is grid energy
 * and transfer. Follow-the-sun: Akoush et al., "Free Lunch", HotOS 2011; the most surplus, kW on average over the run.
 */
export const siteRules = {
  'cheapest-now': ({ grid, slotHours, run, accelerators, drawKw, ask, transferCost }, start) => {
    let price = 0;
    for (let slot = start; slot < start + run; slot++) price += grid.importPrice[slot] as number;
    return ((price * drawKw) / 1_000 + run * accelerators * ask) * slotHours + transferCost;
  },
  'greenest-now': ({ grid, slotHours, run, drawKw, transferG }, start) => {
    let intensity = 0;
    for (let slot = start; slot < start + run; slot++) intensity += grid.carbonIntensity[slot] as number;
    return intensity * drawKw * slotHours + transferG;
  },
  'follow-the-sun': ({ surplusKw, run }, start) => {
    let sum = 0;
    for (let slot = start; slot < start + run; slot++) sum += Math.max(0, surplusKw[slot] as number);
    return -sum / run;
  },
} as const satisfies Record<string, Rule>;

/**
 * Rules that stay at home and choose the slots of a run that may pause: they set `run` of the open slots in `picked` to 1.
 *
 * Wait-awhile takes those of least intensity (Wiesner et al. 2021). Ecovisor runs while the intensity is not above the
 * horizon's mean, and without a pause once its slack is used up (Souza et al. 2023). O(slots) each.
 *
 * @param room  by slot, above 0 where it may run; at least `run` of them are
 */
export const pauseRules = {
  'wait-awhile': ({ grid, run }: View, room: Int32Array, picked: Uint8Array): void => {
    let rest = run;
    for (let at = 0; rest > 0; at++) {
      const slot = grid.greenest[at] as number;
      if ((room[slot] as number) === 0) continue;
      picked[slot] = 1;
      rest--;
    }
  },
  ecovisor: (view: View, room: Int32Array, picked: Uint8Array): void => {
    let slack = -view.run;
    for (const length of room) if (length > 0) slack++;
    let rest = view.run;
    for (let slot = view.first; rest > 0; slot++) {
      if ((room[slot] as number) === 0) continue;
      if (slack > 0 && intensityAt(view, slot) > view.grid.meanIntensity + intensityTie) slack--;
      else {
        picked[slot] = 1;
        rest--;
      }
    }
  },
} as const;

/** What the rules know of each site's grid; O(sites × slots × log slots). */
export function gridSignalsOf({ siteCount, slots, known, importPrice, carbonIntensity }: Offers): GridSignals[] {
  return Array.from({ length: siteCount }, (_, site) => {
    const cells = [site * slots, (site + 1) * slots] as const;
    const open = known.subarray(...cells);
    const intensity = carbonIntensity.subarray(...cells);
    const intensityBefore = new Float64Array(slots + 1);
    for (let slot = 0; slot < slots; slot++)
      intensityBefore[slot + 1] = (intensityBefore[slot] as number) + (open[slot] ? (intensity[slot] as number) : 0);
    const of = (slot: number | undefined) => intensity[slot ?? 0] as number;
    const greenest = Int32Array.from([...open.keys()].filter((slot) => open[slot])).sort((a, b) => of(a) - of(b) || a - b);
    return {
      known: open,
      importPrice: importPrice.subarray(...cells),
      carbonIntensity: intensity,
      intensityBefore,
      greenest,
      meanIntensity: (intensityBefore[slots] as number) / greenest.length,
      lowIntensity: of(greenest[Math.floor(thresholdQuantile * (greenest.length - 1))]),
    };
  });
}
