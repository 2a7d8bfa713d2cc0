/**
 * Battery: what a site's battery truly held and moved, step by step.
 *
 * Owns the physics (capacity, power, losses, self-discharge) and the rule by which it is run. A battery has a state, and
 * still a restart needs none: it is empty at the start of its scenario and its sun and load are pure functions of time, so
 * its past is replayed. Energy is conserved: what goes in comes out, is lost, or is still there. It only ever moves
 * energy of its own site; what it gives was put in before and is never generation.
 */
import type { Battery } from '../../energy-oracle/site.ts';
import { energyOver, type KilowattHours, type Kilowatts, kilowattHours, kilowatts } from '../../units/quantity.ts';
import { DAY, type DurationMs, type Instant, type Interval, overlap } from '../../units/time.ts';
import { SUN_STEP } from './pv-plant.ts';

/** A battery as the plant has it: its nameplate, and what no nameplate tells. */
export interface PlantBattery extends Battery {
  /** Share of what it holds that it loses in a day by itself, 0 to 1; 0 unless told. */
  readonly selfDischargePerDay?: number | undefined;
  /** `self-consumption`: charges from what its own load leaves of the sun, gives to that load, never meets the grid. `none`: rests. */
  readonly controller: BatteryController;
}

/** What a controller asks for, kW, + discharge; the battery does of it what it can. */
const controllers = {
  'self-consumption': (pvKw: Kilowatts, ownLoadKw: Kilowatts) => ownLoadKw - pvKw,
  none: () => 0,
} as const satisfies Record<string, (pvKw: Kilowatts, ownLoadKw: Kilowatts) => number>;
export type BatteryController = keyof typeof controllers;
export const batteryControllers = Object.keys(controllers) as readonly BatteryController[];

export interface BatteryStep {
  /** Mean power at its connection over the step, + discharge, − charge. */
  readonly batteryKw: Kilowatts;
  /** Energy held at the end of the step, 0 to `capacityKwh`, counted as what would come out. */
  readonly heldKwh: KilowattHours;
  /** Energy that became heat in the step, ≥ 0: charge = discharge + loss + what it holds more. */
  readonly lossKwh: KilowattHours;
}

/**
 * One step at a wanted power (+ discharge), as much of it as power, charge and room allow.
 *
 * All of the round trip's loss falls on charging, so that what is held is what will come out: held grows by
 * charge × round trip and falls by discharge and self-discharge. Discharge can therefore never exceed the round trip's
 * share of what was charged before (law 9).
 */
export function batteryStep(battery: PlantBattery, heldKwh: KilowattHours, wantedKw: Kilowatts, durationMs: DurationMs): BatteryStep {
  const { capacityKwh, powerKw, roundTripEfficiency, selfDischargePerDay = 0 } = battery;
  const leaked = heldKwh * (1 - (1 - selfDischargePerDay) ** (durationMs / DAY));
  const kept = heldKwh - leaked;
  const perKw = energyOver(kilowatts(1), durationMs); // kWh that one kW moves in the step
  if (wantedKw > 0) {
    const given = Math.min(kept, Math.min(wantedKw, powerKw) * perKw);
    return { batteryKw: kilowatts(given / perKw), heldKwh: kilowattHours(kept - given), lossKwh: kilowattHours(leaked) };
  }
  const taken = Math.min((capacityKwh - kept) / roundTripEfficiency, Math.min(-wantedKw, powerKw) * perKw);
  const held = Math.min(capacityKwh, kept + taken * roundTripEfficiency);
  return {
    batteryKw: kilowatts(-taken / perKw + 0), // + 0: a rest is no negative zero
    heldKwh: kilowattHours(held),
    lossKwh: kilowattHours(leaked + taken * (1 - roundTripEfficiency)),
  };
}

export interface BatteryHistory {
  /** Mean power over an interval, + discharge; linear in its length. */
  powerKw(interval: Interval): Kilowatts;
  /** State of charge at an instant, %. */
  socPercent(instant: Instant): number;
}

/**
 * What a battery does from `start` on, where it is empty; before that it rests.
 *
 * Steps on the sun's grid, in which its power is taken as constant. Asked forwards each step is computed once; asked for a
 * time before the last answer it is replayed from the midnight before. The first answer after a restart costs
 * O(time since the start), about a microsecond and the cost of `pvKw` and `ownLoadKw` per five minutes.
 */
export function batteryHistory({
  battery,
  start,
  pvKw,
  ownLoadKw,
}: {
  readonly battery: PlantBattery;
  readonly start: Instant;
  readonly pvKw: (interval: Interval) => Kilowatts;
  readonly ownLoadKw: (interval: Interval) => Kilowatts;
}): BatteryHistory {
  const control = controllers[battery.controller];
  const first = Math.floor(start / SUN_STEP);
  const stepsPerDay = DAY / SUN_STEP;
  /** Energy held at the start of step `first + stepsPerDay × i`. */
  const mornings: KilowattHours[] = [kilowattHours(0)];
  let at = first; // the step that comes next
  let last: BatteryStep = { batteryKw: kilowatts(0), heldKwh: kilowattHours(0), lossKwh: kilowattHours(0) };

  /** Moves on until step `index` is the last one that was made. */
  const reach = (index: number): BatteryStep => {
    if (index < first) return { batteryKw: kilowatts(0), heldKwh: kilowattHours(0), lossKwh: kilowattHours(0) };
    if (index < at - 1) {
      const morning = Math.floor((index - first) / stepsPerDay);
      at = first + morning * stepsPerDay;
      last = { ...last, heldKwh: mornings[morning] as KilowattHours };
    }
    for (; at <= index; at++) {
      const interval = { start: at * SUN_STEP, end: (at + 1) * SUN_STEP };
      last = batteryStep(battery, last.heldKwh, kilowatts(control(pvKw(interval), ownLoadKw(interval))), SUN_STEP);
      const made = at + 1 - first;
      if (made % stepsPerDay === 0) mornings[made / stepsPerDay] = last.heldKwh;
    }
    return last;
  };
  return {
    powerKw: (interval) => {
      if (!(interval.end > interval.start))
        throw new RangeError(`an interval ends after it starts, found [${interval.start}, ${interval.end})`);
      let energy = 0;
      for (let step = Math.floor(interval.start / SUN_STEP); step * SUN_STEP < interval.end; step++)
        energy += reach(step).batteryKw * overlap(interval, { start: step * SUN_STEP, end: (step + 1) * SUN_STEP });
      return kilowatts(energy / (interval.end - interval.start));
    },
    socPercent: (instant) => {
      const step = Math.floor(instant / SUN_STEP);
      const before = reach(step - 1).heldKwh;
      const into = (instant - step * SUN_STEP) / SUN_STEP;
      const held = into === 0 ? before : before + into * (reach(step).heldKwh - before);
      return (100 * held) / battery.capacityKwh;
    },
  };
}
