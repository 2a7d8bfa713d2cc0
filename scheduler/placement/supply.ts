/**
 * Supply: what a fleet can still offer over the horizon, slot by slot.
 *
 * Owns free accelerators and the energy merit order that is left after runs and earlier placements took their share.
 * Built from outlooks (P50); taking from it is how one placement makes the next one dearer. Mutable on purpose, local
 * to one cycle.
 */
import type { Outlook } from '../../energy-oracle/outlook.ts';
import { curtailedPart } from '../../energy-oracle/outlook.ts';
import type { Site } from '../../energy-oracle/site.ts';
import { type Instant, SLOT, slotOf } from '../../units/time.ts';
import type { Weights } from '../job.ts';

/** An outlook older than this is not believed. */
export const outlookAgeMsMax = 6 * 3_600_000;
/** How far ahead a cycle looks: 96 h of quarter hours. */
export const horizonSlots = 384;

export interface SiteSupply {
  readonly site: Site;
  readonly outlook: Outlook | undefined;
  /** Start of the first slot. */
  readonly start: Instant;
  /** Free accelerators by model, one count per slot. */
  readonly free: ReadonlyMap<string, Int32Array>;
  /** Energy left per slot, kW over the slot: curtailed surplus (price 0) and exportable surplus (feed-in tariff). */
  readonly curtailedKw: Float64Array;
  readonly exportableKw: Float64Array;
  /** 1 where price and intensity of the slot are known; the columns below mean nothing where it is 0. */
  readonly known: Uint8Array;
  /** Import price (per MWh) and average intensity (g/kWh). */
  readonly importPrice: Float64Array;
  readonly carbonIntensity: Float64Array;
}

/** The supply of a site before anything is placed. */
export function siteSupply(site: Site, outlook: Outlook | undefined, now: Instant): SiteSupply {
  const start = slotOf(now);
  const fresh = outlook && now - outlook.issuedAt <= outlookAgeMsMax ? outlook : undefined;
  const column = () => new Float64Array(horizonSlots);
  const supply: SiteSupply = {
    site,
    outlook: fresh,
    start,
    free: new Map(site.accelerators.map(({ model, count }) => [model, new Int32Array(horizonSlots).fill(count)])),
    curtailedKw: column(),
    exportableKw: column(),
    known: new Uint8Array(horizonSlots),
    importPrice: column(),
    carbonIntensity: column(),
  };
  for (let i = 0; i < horizonSlots && fresh; i++) {
    const slot = fresh.slots[Math.floor((start + i * SLOT - fresh.start) / fresh.stepMs)];
    if (slot?.importPrice === undefined || slot.carbonIntensity === undefined) continue;
    const surplus = slot.surplusKw?.p50 ?? 0; // unknown surplus is no surplus: nothing is promised that nobody saw
    const curtailed = curtailedPart(site, surplus, slot.importPrice.p50);
    supply.curtailedKw[i] = curtailed;
    supply.exportableKw[i] = surplus - curtailed;
    supply.known[i] = 1;
    supply.importPrice[i] = slot.importPrice.p50;
    supply.carbonIntensity[i] = slot.carbonIntensity.p50;
  }
  return supply;
}

/** How one slot's draw is served for a job of these weights. */
export interface Served {
  readonly curtailedKw: number;
  readonly exportableKw: number;
  readonly gridKw: number;
  /** Energy money for the slot, accounting currency. */
  readonly money: number;
  readonly carbonG: number;
}

const slotHours = SLOT / 3_600_000;

/**
 * The cheapest energy *for this job* in a slot: tiers in order of money + its carbon price × carbon.
 *
 * Curtailed surplus costs 0, exportable surplus the feed-in tariff, both carry no operational carbon; grid energy
 * costs the import price and the zone's intensity. With a negative import price the grid may come first. Ask only of a slot that is `known`.
 */
export function serve(supply: SiteSupply, slot: number, drawKw: number, weights: Weights): Served {
  const price = supply.importPrice[slot] ?? 0;
  const intensity = supply.carbonIntensity[slot] ?? 0;
  const gridCost = price + weights.carbonPricePerKg * intensity; // per MWh: g/kWh = kg/MWh
  const tariff = supply.site.feedInTariff;
  // no inner functions: this runs for every job, site and slot of a cycle
  const curtailedKw = gridCost < 0 ? 0 : Math.min(drawKw, supply.curtailedKw[slot] ?? 0);
  const exportableKw = gridCost < tariff ? 0 : Math.min(drawKw - curtailedKw, supply.exportableKw[slot] ?? 0);
  const gridKw = drawKw - curtailedKw - exportableKw;
  const mwh = slotHours / 1_000;
  return {
    curtailedKw,
    exportableKw,
    gridKw,
    money: (exportableKw * tariff + gridKw * price) * mwh,
    carbonG: gridKw * intensity * slotHours,
  };
}

/** Takes accelerators and surplus of slots [from, to) out of the supply. */
export function occupy(
  supply: SiteSupply,
  model: string,
  accelerators: number,
  drawKw: number,
  from: number,
  to: number,
  weights: Weights,
): void {
  const free = supply.free.get(model);
  for (let slot = Math.max(0, from); slot < Math.min(to, horizonSlots); slot++) {
    if (free) free[slot] = (free[slot] ?? 0) - accelerators;
    if (!supply.known[slot]) continue;
    const served = serve(supply, slot, drawKw, weights);
    supply.curtailedKw[slot] = (supply.curtailedKw[slot] ?? 0) - served.curtailedKw;
    supply.exportableKw[slot] = (supply.exportableKw[slot] ?? 0) - served.exportableKw;
  }
}
