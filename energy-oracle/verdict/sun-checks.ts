/**
 * Sun checks: what panels cannot have made, by the sky and by their nameplate.
 *
 * Each check is a pure function that answers with an objection and its figures, or with `undefined`. A gap is never an
 * objection. None of them sees a lie that stays below what a clear sky would give.
 */
import { type DurationMs, SLOT, toIso } from '../../units/time.ts';
import type { Objection } from '../outlook.ts';
import type { PvArray } from '../site.ts';
import { nameplateKw, overNameplateMax, type SlotCeiling } from '../sun/ceiling.ts';
import type { SlotEvidence } from './evidence.ts';

const hoursPerSlot = SLOT / 3_600_000;
/** Fastest edge of a cloud's shadow, m/s, and ground that a kW of panels covers, m2: the panels' width is its root. */
const shadowSpeed = 30;
const groundM2PerKw = 10;

/** Energy for people, Wh. */
export const wh = (value: number): string => `${Number(value.toFixed(1))} Wh`;

type SunEvidence = Pick<SlotEvidence, 'slot' | 'pvWh' | 'pvBeforeWh'>;

/** Power while the sun was below the horizon from the first to the last instant of the slot. */
export function nightObjection({ slot, pvWh }: SunEvidence, { ceilingWh, toleranceWh, highestSunDeg }: SlotCeiling): Objection | undefined {
  if (ceilingWh > 0 || pvWh === undefined || pvWh <= toleranceWh) return undefined;
  const detail = `${wh(pvWh)} of PV in the slot of ${toIso(slot)}, when the sun stood at ${highestSunDeg.toFixed(2)}° at best`;
  return { reason: 'night', found: pvWh, allowed: toleranceWh, unit: 'Wh', detail };
}

/** More than all panels with a fifth above their nameplate. */
export function nameplateObjection({ pvWh }: SunEvidence, pv: readonly PvArray[]): Objection | undefined {
  const allowed = nameplateKw(pv) * 1_000 * overNameplateMax * hoursPerSlot;
  if (pvWh === undefined || pvWh <= allowed) return undefined;
  const detail = `${wh(pvWh)} of PV, a nameplate of ${nameplateKw(pv)} kW gives at most ${wh(allowed)} in a slot`;
  return { reason: 'nameplate', found: pvWh, allowed, unit: 'Wh', detail };
}

/** More than the cleanest sky with the sun where it stood. */
export function ceilingObjection({ pvWh }: SunEvidence, { ceilingWh, toleranceWh, highestSunDeg }: SlotCeiling): Objection | undefined {
  const allowed = ceilingWh + toleranceWh;
  if (ceilingWh === 0 || pvWh === undefined || pvWh <= allowed) return undefined;
  const detail = `${wh(pvWh)} of PV, the brightest sky with the sun at ${highestSunDeg.toFixed(1)}° gives at most ${wh(allowed)}`;
  return { reason: 'ceiling', found: pvWh, allowed, unit: 'Wh', detail };
}

/**
 * A step up from the slot before that no cloud's edge makes: panels brighten no faster than a shadow crosses them, and
 * the mean of a slot rises by at most a nameplate. By physics it binds only where panels are kilometres wide or the
 * interval is short; a step down is what any cloud or fuse does.
 */
export function rampObjection(
  { pvWh, pvBeforeWh }: SunEvidence,
  pv: readonly PvArray[],
  intervalMs: DurationMs = SLOT,
): Objection | undefined {
  if (pvWh === undefined || pvBeforeWh === undefined) return undefined;
  const plateKw = nameplateKw(pv);
  const crossingMs = (Math.sqrt(plateKw * groundM2PerKw) / shadowSpeed) * 1_000;
  const allowed = plateKw * 1_000 * Math.min(1, intervalMs / crossingMs) * (intervalMs / 3_600_000);
  const found = pvWh - pvBeforeWh;
  if (found <= allowed) return undefined;
  const detail = `PV rose by ${wh(found)} from one slot to the next, panels of ${plateKw} kW rise by at most ${wh(allowed)}`;
  return { reason: 'ramp', found, allowed, unit: 'Wh', detail };
}
