/**
 * Plan wire: placements, quotes, explanations, plans and their prices as they leave the scheduler.
 *
 * Only changes form: instants become ISO 8601, what is unknown becomes null, sums become shares and rates.
 */
import { SLOT, toIso } from '../units/time.ts';
import type { Cycled } from './cycle.ts';
import type { Quotation } from './engine.ts';
import type { Explanation } from './explanation.ts';
import { clearingPrice } from './placement/clearing-price.ts';
import { believedPrice, type Placement, type Plan, type PlanCosts } from './plan.ts';
import type { PricedRun } from './priced-run.ts';
import type { AlternativeWire, ExplanationWire, PlacementWire, PlanCostsWire, PlanWire, PricesWire, QuoteWire } from './wire.ts';

/** Slots of `GET /v1/prices`: a day. */
const pricedSlots = 96;

export const placementWire = ({ site, model, accelerators, start, end, believed, reason }: Placement): PlacementWire => ({
  site,
  model,
  accelerators,
  start: toIso(start),
  end: toIso(end),
  energyKwh: believed.energyKwh,
  surplusKwh: believed.surplusKwh,
  energyCost: believed.energyCost,
  computeCost: believed.computeCost,
  price: believedPrice(believed),
  carbonG: believed.carbonG,
  runNowEnergyCost: believed.runNow?.energyCost ?? null,
  runNowCarbonG: believed.runNow?.carbonG ?? null,
  outlook: believed.outlook ?? null,
  reason,
});

export const planWire = (plan: Plan, currency: string): PlanWire => ({
  at: toIso(plan.at),
  currency,
  placements: plan.placements.map((placement) => ({ job: placement.job, ...placementWire(placement) })),
  deferrals: plan.deferrals,
  refusals: plan.refusals,
  moves: plan.moves,
  costs: costsWire(plan.costs),
});

const costsWire = ({ believed, expected, p90, leftOut, lowerBound, gap }: PlanCosts): PlanCostsWire => ({
  believed,
  expected,
  p90,
  leftOut,
  lowerBound,
  gap,
});

export function quoteWire({ quote, signed }: Quotation & { readonly kind: 'quoted' }, currency: string): QuoteWire {
  const { at, homeSite, reason, detail, alternatives } = quote;
  const now = alternatives.find(({ isRunNow }) => isRunNow);
  return {
    at: toIso(at),
    currency,
    homeSite,
    reason,
    detail,
    alternatives: alternatives.map((run) => alternativeWire(run, now, { runNow: run.isRunNow, chosen: run.isChosen })),
    signed: signed ?? null,
  };
}

function alternativeWire(
  { zone, site, model, accelerators, start, end, segments, energyKwh, priced }: PricedRun,
  now: PricedRun | undefined,
  { runNow, chosen }: { readonly runNow: boolean; readonly chosen: boolean },
): AlternativeWire {
  const perKwh = (value: number | undefined) => (value === undefined || energyKwh === 0 ? null : value / energyKwh);
  return {
    zone,
    site,
    model,
    accelerators,
    start: toIso(start),
    end: toIso(end),
    segments: segments.map((segment) => ({ ...segment, start: toIso(segment.start), end: toIso(segment.end) })),
    energyKwh,
    pricePerKwh: perKwh(priced?.cost),
    cost: priced?.cost ?? null,
    costParts: priced?.parts ?? null,
    insuredCost: priced?.insuredCost ?? null,
    carbonGPerKwh: perKwh(priced?.carbonG),
    carbonG: priced?.carbonG ?? null,
    surplusPercent: percentOf(priced?.surplusKwh, energyKwh),
    versusNow: priced && now?.priced ? { cost: priced.cost - now.priced.cost, carbonG: priced.carbonG - now.priced.carbonG } : null,
    runNow,
    chosen,
  };
}

const percentOf = (part: number | undefined, whole: number): number | null =>
  part === undefined || whole === 0 ? null : (100 * part) / whole;

export function explanationWire(told: Explanation, currency: string): ExplanationWire {
  const { job, kind, reason, needed, placement, chosen, elsewhere, otherTime, runNow, binding, slots, plan } = told;
  const wire = (run: PricedRun, isChosen: boolean) => alternativeWire(run, runNow, { runNow: false, chosen: isChosen });
  const beside = (run: PricedRun | undefined) =>
    run?.priced && chosen?.priced ? { ...wire(run, false), dearer: run.priced.comparableCost - chosen.priced.comparableCost } : null;
  return {
    job: job.id,
    state: job.state,
    kind,
    currency,
    reason,
    needed: needed ?? null,
    surplusPercent: percentOf(placement?.believed.surplusKwh, placement?.believed.energyKwh ?? 0),
    placement: placement ? placementWire(placement) : null,
    chosen: chosen ? wire(chosen, true) : null,
    elsewhere: beside(elsewhere),
    otherTime: beside(otherTime),
    binding,
    slots: slots.map(({ slot, accelerators, acceleratorPrice, surplusPrice, importPrice, carbonIntensity }) => ({
      slot: toIso(slot),
      accelerators,
      pricePerAcceleratorHour: acceleratorPrice,
      surplusPricePerMwh: surplusPrice ?? null,
      importPricePerMwh: importPrice ?? null,
      carbonGPerKwh: carbonIntensity ?? null,
    })),
    plan: plan ? { at: toIso(plan.at), costs: costsWire(plan.costs) } : null,
  };
}

/** What cleared, by site and model, for the day from the plan on. */
export function pricesWire({ at, standing: { supply, feasible, clearing } }: Cycled, currency: string): PricesWire {
  const { offers } = supply;
  const slots = Array.from({ length: Math.min(pricedSlots, offers.slots) }, (_, slot) => slot);
  return {
    at: toIso(at),
    currency,
    start: toIso(supply.start),
    stepMs: SLOT,
    sites: supply.sites.map(({ id, zone }, site) => ({
      site: id,
      zone,
      surplusPricePerMwh: slots.map((slot) => {
        const cell = site * offers.slots + slot;
        const hasSurplus = (offers.curtailedKw[cell] as number) + (offers.exportableKw[cell] as number) > 0;
        return offers.known[cell] === 1 && hasSurplus ? (clearing.prices.surplus[cell] as number) : null;
      }),
      models: supply.pools.flatMap((pool, row) =>
        pool.site === site
          ? {
              model: pool.model,
              askPerAcceleratorHour: offers.ask[row] as number,
              pricePerAcceleratorHour: slots.map((slot) => {
                const isOpen = offers.known[site * offers.slots + slot] === 1 && (offers.capacity[row * offers.slots + slot] as number) > 0;
                return isOpen ? clearingPrice(feasible.market, clearing.prices, row, slot) / offers.slotHours : null;
              }),
            }
          : [],
      ),
    })),
  };
}
