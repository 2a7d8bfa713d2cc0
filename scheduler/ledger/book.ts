/**
 * Book: metered run-slots and the facts of their slots in, ledger entries out. Pure.
 *
 * Owns certification: surplus of a (site, slot) is shared out once, first come by slot, site and run, never above what
 * was verified (law 1) nor what was metered (law 2). The counterfactual draws on a parallel world's surplus under the
 * same law, so that no saving is made by letting two baselines share one kWh.
 */
import type { SlotFacts } from '../../energy-oracle/outlook.ts';
import type { Site } from '../../energy-oracle/site.ts';
import { carbonOf, type Micros, moneyOf, type WattHours, wattHours } from '../../units/quantity.ts';
import { type Instant, SLOT, slotOf } from '../../units/time.ts';
import type { Job } from '../job.ts';
import type { RunSlot } from '../queue/job-store.ts';
import { balances, type Posting } from './account.ts';
import type { Account, EntryBody } from './entry.ts';

/** What computing costs beside its energy, and how it is shared. */
export interface Tariff {
  /** Paid by the owner per kWh of metered work, micros: stands for the provider's ask until offers carry one. */
  readonly computeMicrosPerKwh: bigint;
  /** The protocol's share of the compute fee, parts per thousand. */
  readonly takePerMille: bigint;
}

/** What booking needs to know of one metered run-slot; everything was looked up before. */
export interface Bookable {
  readonly metered: RunSlot;
  readonly job: Job;
  readonly site: Site;
  readonly homeSite: Site;
  readonly facts: SlotFacts;
  /** Facts of the slot in which the counterfactual spends this energy, at the home site. */
  readonly homeFacts: SlotFacts;
}

/** Surplus already taken per `<site>@<slot>`, in the actual and in the counterfactual world, Wh. */
export interface Taken {
  readonly actual: Map<string, WattHours>;
  readonly counterfactual: Map<string, WattHours>;
}

/** The slot in which the counterfactual spends a job's n-th metered slot: n slots after submission, without a break. */
export const counterfactualSlot = (job: Job, index: number): Instant =>
  slotOf(Math.max(job.submittedAt, job.spec.notBefore)) + index * SLOT;

/**
 * One ledger entry body for a metered run-slot; takes what it certifies out of `taken`.
 *
 * @throws RangeError when the postings do not balance (a bug, never input)
 */
export function book({ metered, job, site, homeSite, facts, homeFacts }: Bookable, taken: Taken, tariff: Tariff, now: Instant): EntryBody {
  const actual = accountOf(metered.energyWh, site, facts, taken.actual);
  const elsewhere = accountOf(metered.energyWh, homeSite, homeFacts, taken.counterfactual);
  const counterfactual = compared({ account: actual, facts }, { account: elsewhere, facts: homeFacts });
  const certification = certificationOf(facts);
  const { price, take } = priceOf(metered.energyWh, chargedEnergy({ actual, certification }), tariff);
  const postings: Posting[] = [
    { account: `surplus:${site.id}`, unit: 'Wh', amount: -BigInt(actual.surplusWh) },
    { account: `grid:${site.id}`, unit: 'Wh', amount: -BigInt(actual.gridWh) },
    { account: `job:${job.id}`, unit: 'Wh', amount: BigInt(metered.energyWh) },
    { account: `owner:${job.spec.owner}`, unit: 'micro', amount: -price },
    { account: `escrow:${site.provider}`, unit: 'micro', amount: price - take },
    { account: 'escrow:protocol', unit: 'micro', amount: take },
  ];
  if (!balances(postings)) throw new RangeError(`postings of ${metered.run} do not balance`);
  return {
    run: metered.run,
    job: job.id,
    owner: job.spec.owner,
    site: site.id,
    provider: site.provider,
    slot: metered.slot,
    bookedAt: now,
    meteredWh: metered.energyWh,
    actual,
    counterfactual: { ...counterfactual, site: homeSite.id, slot: homeFacts.slot },
    certification,
    postings,
  };
}

/** What the owner pays for metered energy, and the protocol's part of it; never below zero. */
export function priceOf(energyWh: WattHours, energyCost: Micros, tariff: Tariff): { readonly price: Micros; readonly take: Micros } {
  const compute = (BigInt(energyWh) * tariff.computeMicrosPerKwh) / 1_000n;
  const take = (compute * tariff.takePerMille) / 1_000n;
  const price = compute + energyCost;
  return { price: price > take ? price : take, take };
}

/**
 * Energy money that the owner is charged for a slot, micros: what its energy cost, but never above zero where no meter vouches for it.
 *
 * Without this a provider whose meter is silent, or contradicts itself, would sell its own sun at the grid's price.
 */
export const chargedEnergy = ({ actual, certification }: Pick<EntryBody, 'actual' | 'certification'>): Micros =>
  certification === unverified && actual.energyCost > 0n ? 0n : actual.energyCost;

function accountOf(energyWh: WattHours, site: Site, facts: SlotFacts, taken: Map<string, WattHours>): Account {
  const key = `${facts.site}@${facts.slot}`;
  const before = taken.get(key) ?? 0;
  const verified = facts.surplusWh ?? 0;
  const surplusWh = Math.min(energyWh, Math.max(0, verified - before));
  taken.set(key, before + surplusWh);
  const gridWh = energyWh - surplusWh;
  const curtailedLeft = Math.max(0, (facts.curtailedWh ?? 0) - before); // curtailed surplus is used first: it is free
  const exportableWh = Math.max(0, surplusWh - curtailedLeft);
  const intensity = facts.carbonIntensity;
  const price = facts.importPrice;
  return {
    surplusWh,
    gridWh,
    locationMg: intensity === undefined ? 0 : carbonOf(gridWh, intensity),
    marginalMg: facts.marginalIntensity === undefined ? undefined : carbonOf(gridWh, facts.marginalIntensity),
    matchedMg: intensity === undefined ? 0 : carbonOf(gridWh, intensity),
    energyCost: moneyOf(wattHours(exportableWh), site.feedInTariff) + (price === undefined ? 0n : moneyOf(gridWh, price)),
  };
}

/** An account and what was known of its slot. */
interface Told {
  readonly account: Account;
  readonly facts: SlotFacts;
}

/**
 * The counterfactual's account, with the carbon or money of the actual one where a gap in either world leaves nothing to compare.
 *
 * A gap counts as 0 in an account; set against a real number it would pass an outage of a feed or a meter off as a saving.
 */
function compared(actual: Told, elsewhere: Told): Account {
  const isTold = (signal: 'carbonIntensity' | 'importPrice') =>
    elsewhere.facts.surplusWh !== undefined &&
    [actual, elsewhere].every(({ account, facts }) => account.gridWh === 0 || facts[signal] !== undefined);
  const { locationMg, marginalMg, matchedMg, energyCost } = actual.account;
  return {
    ...elsewhere.account,
    ...(isTold('carbonIntensity') ? {} : { locationMg, marginalMg, matchedMg }),
    ...(isTold('importPrice') ? {} : { energyCost }),
  };
}

const unverified = 'telemetry-missing: nothing certified';

function certificationOf(facts: SlotFacts): string {
  if (facts.surplusWh === undefined) return unverified;
  if (facts.carbonIntensity === undefined || facts.importPrice === undefined)
    return 'signals-missing: carbon or money of grid energy not accounted';
  return 'ok';
}
