/**
 * Power balance: where a site's power comes from and goes to over one interval.
 *
 * The one place where sun, own load, battery, accelerators and grid meet. Nothing is lost in it and nothing is made:
 * sun + discharge + import = own load + accelerators + charge + export + curtailed, to the last watt that was given.
 */
import type { Site } from '../../energy-oracle/site.ts';
import { type Kilowatts, kilowatts } from '../../units/quantity.ts';

/** What is decided before the grid is asked; averages over one interval, kW. */
export interface PowerDemand {
  /** What the panels could make, ≥ 0. */
  readonly availableKw: Kilowatts;
  /** What the site draws for itself, apart from accelerators and battery, ≥ 0. */
  readonly ownLoadKw: Kilowatts;
  /** What the accelerators draw at the site's connection, PUE and all, ≥ 0. */
  readonly acceleratorsKw: Kilowatts;
  /** + discharge, − charge. */
  readonly batteryKw: Kilowatts;
}

/** What whole watts of three powers may add up to. */
const roundingKw = 0.002;

export interface PowerBalance extends PowerDemand {
  /** What the panels made: available − curtailed. */
  readonly pvKw: Kilowatts;
  readonly importKw: Kilowatts;
  /** At most the export limit, rounding forgiven; 0 while anything is imported. */
  readonly exportKw: Kilowatts;
  /** What nobody took and the grid may not have; never more than the panels could make. */
  readonly curtailedKw: Kilowatts;
}

/**
 * Import, export and curtailment that close the balance, each ≥ 0, in kW:
 * `pvKw + batteryKw + importKw − ownLoadKw − acceleratorsKw − exportKw = 0`.
 *
 * Panels are held back last and only by what exceeds the export limit.
 *
 * @throws RangeError when a battery would push more past the export limit than panels could be held back for
 */
export function powerBalance(demand: PowerDemand, { exportLimitKw }: Pick<Site, 'exportLimitKw'>): PowerBalance {
  const { availableKw, ownLoadKw, acceleratorsKw, batteryKw } = demand;
  const left = availableKw + batteryKw - ownLoadKw - acceleratorsKw;
  const curtailed = Math.min(availableKw, Math.max(0, left - exportLimitKw));
  const exported = Math.max(0, left - curtailed);
  if (exported > exportLimitKw + roundingKw)
    throw new RangeError(`a battery gives ${batteryKw} kW where ${exported} kW would leave the site, at most ${exportLimitKw} may`);
  return {
    ...demand,
    pvKw: kilowatts(availableKw - curtailed),
    importKw: kilowatts(Math.max(0, -left)),
    exportKw: kilowatts(exported),
    curtailedKw: kilowatts(curtailed),
  };
}

/** `asleep`: an accelerator that nobody holds draws nothing. `powered`: it draws the site's `idleKw`. */
export type IdleAccelerators = 'asleep' | 'powered';

/**
 * Draw of a site's accelerators at its connection, kW ≥ 0: those that are held at their nameplate, the others idle, × PUE.
 *
 * @param held  by model, how many were held on average, fractions and all
 * @throws RangeError for more than the site has of a model
 */
export function acceleratorsKw(
  site: Pick<Site, 'accelerators' | 'idleKw' | 'pue'>,
  held: ReadonlyMap<string, number>,
  idle: IdleAccelerators = 'asleep',
): Kilowatts {
  let sum = 0;
  for (const { model, count, drawKw } of site.accelerators) {
    const busy = held.get(model) ?? 0;
    if (busy > count + 1e-9) throw new RangeError(`${busy} × ${model} are held at once where there are ${count}`);
    sum += busy * drawKw + (idle === 'powered' ? Math.max(0, count - busy) * site.idleKw : 0);
  }
  return kilowatts(sum * site.pue);
}
