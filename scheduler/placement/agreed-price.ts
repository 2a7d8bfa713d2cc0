/**
 * Agreed price: what a placed run is going to be charged, slot by slot, at the clearing prices of its plan.
 *
 * Owns the steps that travel with a placement to its lease and its ledger entries, and what they come to over the slots
 * a run is given. What is charged in the end follows the meter: `ledger/charge.ts`.
 */
import { HOUR, overlap, SLOT } from '../../units/time.ts';
import type { PriceStep, Segment } from '../plan.ts';
import { clearingPrice } from './clearing-price.ts';
import { contestedPart } from './contested.ts';
import type { Standing } from './quote.ts';

/** The prices of a placed request over the slots it is given within the horizon, equal neighbours in one; O(slots × classes). */
export function priceStepsOf({ supply, feasible: { market }, clearing }: Standing, request: number): PriceStep[] {
  const { offers, requests } = market;
  const { assignment, prices, load } = clearing;
  const option = assignment.option[request] as number;
  const pool = requests.options.pool[option] as number;
  const site = offers.poolSite[pool] as number;
  const rank = load.rank[requests.weightClass[request] as number] as number;
  const start = assignment.start[request] as number;
  const shape = assignment.pattern[request];
  const held = requests.options.accelerators[option] as number;
  const kwPerAccelerator = requests.options.kwPerAccelerator[option] as number;
  const length = shape?.length ?? (requests.options.length[option] as number);
  const steps: PriceStep[] = [];
  for (let slot = start; slot < Math.min(offers.slots, start + length); slot++) {
    const perHour = clearingPrice(market, prices, pool, slot) / offers.slotHours;
    const kw = (shape ? (shape[slot - start] as number) : held) * kwPerAccelerator;
    const part = kw > 0 ? contestedPart(load, offers, site * offers.slots + slot, rank, kw) : 0;
    const step = {
      from: supply.start + slot * SLOT,
      microsPerAcceleratorHour: Math.round(perHour * 1e6),
      contestedPerMille: Math.round(1_000 * part),
    };
    const last = steps.at(-1);
    const isSame = last?.microsPerAcceleratorHour === step.microsPerAcceleratorHour && last.contestedPerMille === step.contestedPerMille;
    if (!isSame) steps.push(step);
  }
  return steps;
}

/** What accelerators cost over the segments of a run, accounting currency; behind the last step its price goes on. */
export function acceleratorCost(segments: readonly Segment[], steps: readonly PriceStep[]): number {
  let cost = 0;
  for (const [i, { from, microsPerAcceleratorHour }] of steps.entries()) {
    const step = { start: i === 0 ? Number.NEGATIVE_INFINITY : from, end: steps[i + 1]?.from ?? Number.POSITIVE_INFINITY };
    for (const segment of segments) cost += (overlap(segment, step) / HOUR) * segment.accelerators * (microsPerAcceleratorHour / 1e6);
  }
  return cost;
}
