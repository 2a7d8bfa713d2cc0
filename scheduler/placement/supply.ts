/**
 * Supply: what a fleet offers over the horizon, as the columns of a market.
 *
 * Read from outlooks, at what is expected (P50) or insured (surplus at P10, price and intensity at P90) or hoped for.
 * What runs that stay hold is taken out beforehand. An outlook that is missing or stale leaves its slots closed:
 * nothing is promised that nobody saw.
 */
import type { Outlook, Quantiles } from '../../energy-oracle/outlook.ts';
import { curtailedPart } from '../../energy-oracle/outlook.ts';
import type { Site } from '../../energy-oracle/site.ts';
import { type Instant, SLOT, slotOf } from '../../units/time.ts';
import type { Weights } from '../job.ts';
import { serveFrom } from './cost.ts';
import { gridPriceAt } from './load.ts';
import type { Offers } from './market.ts';

/** An outlook older than this is not believed. */
export const outlookAgeMsMax = 6 * 3_600_000;
/** How far ahead a cycle looks: 96 h of quarter hours. */
export const horizonSlots = 384;

/** Which side of the forecast is believed: for surplus, and for price and intensity. */
export const views = {
  expected: { surplus: 'p50', signals: 'p50' },
  insured: { surplus: 'p10', signals: 'p90' },
  hoped: { surplus: 'p90', signals: 'p10' },
} as const satisfies Record<string, { readonly surplus: keyof Quantiles<number>; readonly signals: keyof Quantiles<number> }>;
export type View = keyof typeof views;

export interface Supply {
  readonly offers: Offers;
  /** Start of the first slot. */
  readonly start: Instant;
  /** By row of the offers. */
  readonly sites: readonly Site[];
  readonly pools: readonly Pool[];
  /** By site: the outlook that is believed. */
  readonly outlooks: readonly (Outlook | undefined)[];
}

/** One accelerator model at one site. */
export interface Pool {
  /** Row of its site. */
  readonly site: number;
  readonly model: string;
}

/** What a run that stays goes on holding. */
export interface Held {
  readonly site: string;
  readonly model: string;
  readonly accelerators: number;
  readonly drawKw: number;
  /** Slots [0, slots) of the horizon. */
  readonly slots: number;
  readonly weights: Weights;
}

/** The offers of sites in the order given; O(sites × horizon). */
export function supplyOf(
  sites: readonly Site[],
  outlooks: ReadonlyMap<string, Outlook>,
  now: Instant,
  held: readonly Held[],
  view: View = 'expected',
): Supply {
  const start = slotOf(now);
  const slots = horizonSlots;
  const pools = sites.flatMap(({ accelerators }, site) => accelerators.map(({ model }) => ({ site, model })));
  const cells = sites.length * slots;
  const offers: Offers = {
    slots,
    slotHours: SLOT / 3_600_000,
    siteCount: sites.length,
    curtailedKw: new Float64Array(cells),
    exportableKw: new Float64Array(cells),
    importPrice: new Float64Array(cells),
    carbonIntensity: new Float64Array(cells),
    feedInTariff: Float64Array.from(sites, ({ feedInTariff }) => Math.max(0, feedInTariff)), // who would pay to export can throw away
    known: new Uint8Array(cells),
    poolCount: pools.length,
    poolSite: Int32Array.from(pools, ({ site }) => site),
    capacity: new Int32Array(pools.length * slots),
    ask: Float64Array.from(pools, ({ site }) => sites[site]?.offer?.askPerAcceleratorHour ?? 0),
  };
  for (const [row, { site, model }] of pools.entries())
    offers.capacity.fill(sites[site]?.accelerators.find((own) => own.model === model)?.count ?? 0, row * slots, (row + 1) * slots);
  const believed = sites.map(({ id }) => {
    const outlook = outlooks.get(id);
    return outlook && now - outlook.issuedAt <= outlookAgeMsMax ? outlook : undefined;
  });
  for (const [row, site] of sites.entries()) writeSignals(offers, row, site, believed[row], start, view);
  for (const own of held) takeOut(offers, sites, pools, own);
  return { offers, start, sites, pools, outlooks: believed };
}

function writeSignals(offers: Offers, row: number, site: Site, outlook: Outlook | undefined, start: Instant, view: View): void {
  if (!outlook) return;
  const { surplus, signals } = views[view];
  for (let i = 0; i < offers.slots; i++) {
    const slot = outlook.slots[Math.floor((start + i * SLOT - outlook.start) / outlook.stepMs)];
    if (slot?.importPrice === undefined || slot.carbonIntensity === undefined) continue;
    const cell = row * offers.slots + i;
    const kw = slot.surplusKw?.[surplus] ?? 0; // unknown surplus is no surplus
    const curtailed = curtailedPart(site, kw, slot.importPrice[signals]);
    offers.curtailedKw[cell] = curtailed;
    offers.exportableKw[cell] = kw - curtailed;
    offers.importPrice[cell] = slot.importPrice[signals];
    offers.carbonIntensity[cell] = slot.carbonIntensity[signals];
    offers.known[cell] = 1;
  }
}

/** Takes accelerators and surplus of a run that stays out of the offers, in its own merit order. */
function takeOut(
  offers: Offers,
  sites: readonly Site[],
  pools: readonly Pool[],
  { site: id, model, accelerators, drawKw, slots, weights }: Held,
): void {
  const site = sites.findIndex((own) => own.id === id);
  const pool = pools.findIndex((own) => own.site === site && own.model === model);
  if (pool < 0) return;
  const tariff = offers.feedInTariff[site] as number;
  for (let slot = 0; slot < Math.min(slots, offers.slots); slot++) {
    const at = pool * offers.slots + slot;
    offers.capacity[at] = Math.max(0, (offers.capacity[at] as number) - accelerators);
    const cell = site * offers.slots + slot;
    const [curtailed, exportable] = [offers.curtailedKw[cell] as number, offers.exportableKw[cell] as number];
    const served = serveFrom(curtailed, exportable, tariff, gridPriceAt(offers, cell, weights.carbonPricePerKg), drawKw);
    offers.curtailedKw[cell] = curtailed - served.curtailedKw;
    offers.exportableKw[cell] = exportable - served.exportableKw;
  }
}
