/**
 * Curtailment: what of a site's surplus could not have been exported, after the fact, and whether its inverter was held back.
 *
 * A limit alone throttles nobody: own load and accelerators stand before it. A meter was throttled only where it stood
 * still at a limit, so values beyond one are evidence that the inverter ran free.
 */

import { type WattHours, wattHours } from '../../units/quantity.ts';
import { SLOT } from '../../units/time.ts';
import { curtailedPart } from '../outlook.ts';
import type { Site } from '../site.ts';

/** Curtailed part of a slot's verified surplus, whole Wh; all of it while the import price was negative. */
export function curtailedEnergy(site: Site, surplusWh: WattHours, importPrice: number | undefined): WattHours {
  const hours = SLOT / 3_600_000;
  const curtailedKw = curtailedPart(site, surplusWh / 1_000 / hours, importPrice ?? 0);
  return wattHours(Math.min(surplusWh, curtailedKw * hours * 1_000));
}

/** How near to a limit counts as standing at it: a share of the limit, and of the nameplate. */
const atLimitShare = 0.02;
/** Cloudless power from which on a dark array is switched off, a share of the nameplate. */
const litShare = 0.1;

/** What was metered of a slot, kW. */
export interface MeteredSlot {
  readonly pvKw: number;
  readonly loadKw: number;
  /** Cloudless power of the arrays, kW. */
  readonly clearSkyKw: number;
  readonly importPrice: number | undefined;
}

/**
 * True when the meter shows less than was available: net power stood at the export limit (within 2 %), or importing paid
 * and the inverter was held at the own load or off while the sun shone. Such slots teach a forecaster nothing.
 */
export function isThrottled(site: Pick<Site, 'exportLimitKw' | 'pv'>, { pvKw, loadKw, clearSkyKw, importPrice }: MeteredSlot): boolean {
  const peakKw = site.pv.reduce((sum, { peakKw }) => sum + peakKw, 0);
  const net = pvKw - loadKw;
  if (clearSkyKw < litShare * peakKw || peakKw === 0) return false;
  if (site.exportLimitKw > 0 && Math.abs(net - site.exportLimitKw) <= atLimitShare * site.exportLimitKw) return true;
  return importPrice !== undefined && importPrice < 0 && (Math.abs(net) <= atLimitShare * peakKw || pvKw <= atLimitShare * peakKw);
}
