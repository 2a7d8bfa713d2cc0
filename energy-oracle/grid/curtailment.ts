/**
 * Curtailment: what of a site's surplus could not have been exported, after the fact.
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
