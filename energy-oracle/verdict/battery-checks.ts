/**
 * Battery checks: a battery is no source. What it gives was put in, and what it takes shows in its charge.
 *
 * What a battery discharges is never certified in the first place; these checks catch a meter that hides what was
 * charged, for hidden charge would pass for surplus. Pure; silent without a nameplate or a state of charge.
 */
import type { Objection } from '../outlook.ts';
import type { Battery } from '../site.ts';
import type { SlotEvidence } from './evidence.ts';
import { wh } from './sun-checks.ts';

/** Usable over nameplate capacity: old cells keep 60 %, new ones may give a tenth more. */
const usableShare = [0.6, 1.1] as const;
/** States of charge are told in whole percents, a battery's own estimate wanders by as much again; percentage points. */
const socErrorPoints = 4;
/** Error of the battery's meter, share of what flowed. */
const meterShare = 0.05;
/** What a battery's own electronics and its estimate of charge leave open over a day, share of its capacity. */
const dayShare = 0.1;

/** The change of charge against the power that flowed, over one slot. */
export function chargeObjection(
  { batteryWh, socStartPercent, socEndPercent }: SlotEvidence,
  { capacityKwh, roundTripEfficiency }: Battery,
): Objection | undefined {
  if (batteryWh === undefined || socStartPercent === undefined || socEndPercent === undefined) return undefined;
  const found = socEndPercent - socStartPercent;
  const points = (storedWh: number) => {
    const percent = (share: number) => (100 * storedWh) / (capacityKwh * 1_000 * share);
    return [percent(usableShare[0]), percent(usableShare[1])];
  };
  // energy at the connection, and what of it reaches or leaves the cells at worst
  const ends = [
    ...points(-batteryWh * (1 + meterShare)),
    ...points(-batteryWh * (batteryWh < 0 ? roundTripEfficiency : 1 / roundTripEfficiency)),
  ];
  const [low, high] = [Math.min(0, ...ends) - socErrorPoints, Math.max(0, ...ends) + socErrorPoints];
  if (found >= low && found <= high) return undefined;
  const allowed = found < low ? low : high;
  const detail = `the charge moved by ${found.toFixed(1)} points while ${wh(batteryWh)} flowed out, allowed are ${low.toFixed(1)} to ${high.toFixed(1)}`;
  return { reason: 'charge', found, allowed, unit: '%', detail };
}

/** More was taken out within a day than was in it and was put in. Law 9. */
export function roundTripObjection({ batteryDay }: Pick<SlotEvidence, 'batteryDay'>, { capacityKwh }: Battery): Objection | undefined {
  if (!batteryDay) return undefined;
  const { chargedWh, dischargedWh, risenPercent } = batteryDay;
  const capacityWh = capacityKwh * 1_000;
  const drawnWh = risenPercent === undefined ? capacityWh * usableShare[1] : sinceMorningWh(-risenPercent, capacityWh);
  const allowed = Math.max(0, chargedWh * (1 + meterShare) + drawnWh) + capacityWh * dayShare;
  if (dischargedWh <= allowed) return undefined;
  const detail = `${wh(dischargedWh)} came out of the battery within a day, ${wh(chargedWh)} went in and ${wh(drawnWh)} may have been in it`;
  return { reason: 'round-trip', found: dischargedWh, allowed, unit: 'Wh', detail };
}

/** Energy behind so many points of falling charge, at most; what rose is counted low. */
const sinceMorningWh = (fallenPercent: number, capacityWh: number): number =>
  (fallenPercent / 100) * capacityWh * (fallenPercent > 0 ? usableShare[1] : usableShare[0]);
