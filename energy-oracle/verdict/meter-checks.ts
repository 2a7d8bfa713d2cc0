/**
 * Meter checks: whether the meters of one site agree with each other.
 *
 * Who inflates one stream must bend the others with it. Every check is pure and speaks only when all it needs is there:
 * a site that sends fewer streams is checked less, and never refused for it. Tolerances are those of the meters.
 */
import { SLOT } from '../../units/time.ts';
import type { Objection } from '../outlook.ts';
import type { Site } from '../site.ts';
import type { SlotEvidence } from './evidence.ts';
import { wh } from './sun-checks.ts';

/** Error of two meters of class 2 (IEC 62053-21: 2 % each) and of their sampling, share of what flowed. */
const meterShare = 0.05;
/** Registers count in steps of up to 10 Wh, and each may be off by one step at either end of the slot. */
const registerStepsWh = 40;
/** Power that no meter of the site sees: standby of inverters, cables, phases; W and share of what flowed. */
const unseenW = 100;
const hoursPerSlot = SLOT / 3_600_000;

/** The registers of import and export against the integral of grid power. */
export function registerObjection({ gridWh, registerWh, registerThroughputWh, gridStepWh }: SlotEvidence): Objection | undefined {
  if (gridWh === undefined || registerWh === undefined || registerThroughputWh === undefined) return undefined;
  const found = Math.abs(registerWh - gridWh);
  const allowed = registerStepsWh + meterShare * Math.max(registerThroughputWh, Math.abs(gridWh)) + gridStepWh;
  if (found <= allowed) return undefined;
  const detail = `registers tell ${wh(registerWh)} of net import, power adds up to ${wh(gridWh)}: ${wh(found)} apart, at most ${wh(allowed)}`;
  return { reason: 'register', found, allowed, unit: 'Wh', detail };
}

/** Most that accelerators draw in a slot, Wh: they stand behind the meter and are no part of the own load. */
const acceleratorsWh = ({ accelerators, idleKw, pue }: Pick<Site, 'accelerators' | 'idleKw' | 'pue'>): number =>
  accelerators.reduce((sum, { count, drawKw }) => sum + count * (drawKw + idleKw) * pue * 1_000 * hoursPerSlot, 0);

/**
 * PV + grid + battery = load + accelerators: what is left over must be what accelerators can draw, and never less than
 * nothing. Grid power counts, or the registers where it is not sent; a battery that is not metered leaves the check out.
 */
export function balanceObjection(
  { pvWh, loadWh, batteryWh, gridWh, registerWh }: SlotEvidence,
  site: Pick<Site, 'accelerators' | 'idleKw' | 'pue' | 'battery'>,
): Objection | undefined {
  const netWh = gridWh ?? registerWh;
  if (pvWh === undefined || loadWh === undefined || netWh === undefined) return undefined;
  if (site.battery && batteryWh === undefined) return undefined;
  const rest = pvWh + netWh + (batteryWh ?? 0) - loadWh;
  const flowed = pvWh + Math.abs(netWh) + Math.abs(batteryWh ?? 0) + loadWh;
  const steps = gridWh === undefined ? registerStepsWh : 0;
  const tolerance = unseenW * hoursPerSlot + steps + (meterShare * flowed) / 2;
  const most = acceleratorsWh(site) + tolerance;
  if (rest >= -tolerance && rest <= most) return undefined;
  const allowed = rest < 0 ? -tolerance : most;
  const detail = `PV, grid and battery less the load leave ${wh(rest)}, allowed are ${wh(-tolerance)} to ${wh(most)}`;
  return { reason: 'balance', found: rest, allowed, unit: 'Wh', detail };
}
