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
import { type Instant, type Interval, SLOT, slotOf } from '../../units/time.ts';
import type { Job } from '../job.ts';
import type { RunSlot } from '../queue/job-store.ts';
import { balances, escrowOf, type Posting, protocolEscrow } from './account.ts';
import { type Chargeable, chargeOf, priceOf, type Tariff } from './charge.ts';
import type { Account, EntryBody } from './entry.ts';

/** What booking needs to know of one metered run-slot; everything was looked up before. */
export interface Bookable {
  readonly metered: RunSlot;
  /** What was metered and verified together; the slot unless told, as for the days of a simulated year. */
  readonly span?: Interval | undefined;
  readonly run: Chargeable['run'];
  readonly job: Pick<Job, 'id'> & { readonly spec: Pick<Job['spec'], 'owner'> };
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
export function book(
  { metered, span, run, job, site, homeSite, facts, homeFacts }: Bookable,
  taken: Taken,
  tariff: Tariff,
  now: Instant,
): EntryBody {
  const split = splitOf(metered.energyWh, facts, taken.actual);
  const actual = accountOf(split, site, facts);
  const elsewhere = accountOf(splitOf(metered.energyWh, homeFacts, taken.counterfactual), homeSite, homeFacts);
  const counterfactual = compared({ account: actual, facts }, { account: elsewhere, facts: homeFacts });
  const certification = certificationOf(facts);
  const energy = chargedEnergy(actual.energyCost, certification);
  const { slot, energyWh: meteredWh } = metered;
  const charge = chargeOf(
    { run, slot, span, meteredWh, ...split, energy, feedInTariff: site.feedInTariff, importPrice: facts.importPrice },
    tariff,
  );
  const price = priceOf(charge);
  const postings: Posting[] = [
    { account: `surplus:${site.id}`, unit: 'Wh', amount: -BigInt(actual.surplusWh) },
    { account: `grid:${site.id}`, unit: 'Wh', amount: -BigInt(actual.gridWh) },
    { account: `job:${job.id}`, unit: 'Wh', amount: BigInt(metered.energyWh) },
    { account: `owner:${job.spec.owner}`, unit: 'micro', amount: -price },
    { account: escrowOf(site.provider), unit: 'micro', amount: price - charge.take },
    { account: protocolEscrow, unit: 'micro', amount: charge.take },
  ];
  if (!balances(postings)) throw new RangeError(`postings of ${metered.run} do not balance`);
  return {
    run: metered.run,
    job: job.id,
    owner: job.spec.owner,
    site: site.id,
    provider: site.provider,
    slot,
    bookedAt: now,
    meteredWh,
    actual,
    counterfactual: { ...counterfactual, site: homeSite.id, slot: homeFacts.slot },
    charge,
    certification,
    postings,
  };
}

/**
 * Energy money that the owner is charged for a slot, micros: what its energy cost, but never above zero where no meter vouches for it.
 *
 * Without this a provider whose meter is silent, or contradicts itself, would sell its own sun at the grid's price.
 */
const chargedEnergy = (energyCost: Micros, certification: string): Micros =>
  certification === unverified && energyCost > 0n ? 0n : energyCost;

/** Metered energy by where it came from. */
interface Split {
  readonly curtailedWh: WattHours;
  readonly exportableWh: WattHours;
  readonly gridWh: WattHours;
}

/** Takes what is left of a slot's verified surplus; the curtailed part is used first, for it is free. */
function splitOf(energyWh: WattHours, facts: SlotFacts, taken: Map<string, WattHours>): Split {
  const key = `${facts.site}@${facts.slot}`;
  const before = taken.get(key) ?? 0;
  const verified = facts.surplusWh ?? 0;
  const surplusWh = Math.min(energyWh, Math.max(0, verified - before));
  taken.set(key, before + surplusWh);
  const curtailedWh = Math.min(surplusWh, Math.max(0, (facts.curtailedWh ?? 0) - before));
  return { curtailedWh: wattHours(curtailedWh), exportableWh: wattHours(surplusWh - curtailedWh), gridWh: wattHours(energyWh - surplusWh) };
}

function accountOf({ curtailedWh, exportableWh, gridWh }: Split, site: Site, facts: SlotFacts): Account {
  const intensity = facts.carbonIntensity;
  const price = facts.importPrice;
  return {
    surplusWh: wattHours(curtailedWh + exportableWh),
    gridWh,
    locationMg: intensity === undefined ? 0 : carbonOf(gridWh, intensity),
    marginalMg: facts.marginalIntensity === undefined ? undefined : carbonOf(gridWh, facts.marginalIntensity),
    matchedMg: intensity === undefined ? 0 : carbonOf(gridWh, intensity),
    energyCost: moneyOf(exportableWh, site.feedInTariff) + (price === undefined ? 0n : moneyOf(gridWh, price)),
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
