/**
 * Members: providers as people with money: what a day left them, when they give up, when others come.
 *
 * A provider leaves when it earned less than it spent over as many days as it has patience. A newcomer comes when those of its
 * kind earned enough above what they spent; who looks at the market on which day is drawn beforehand, so that two
 * scenarios of one seed differ only by who stays.
 */
import { randomStream } from '../kernel/random.ts';
import type { DoneJob, Seller } from './books.ts';
import { drawProvider, type Provider, type ProviderKind } from './population.ts';
import type { EconomyScenario } from './scenario.ts';

/** One provider's year. */
export interface Member {
  readonly provider: Provider;
  /** First day it took part, from 0. */
  readonly from: number;
  /** The first day it did not any more; `undefined` while it stays. */
  until: number | undefined;
  /** Owed for the work of others, EUR at the day's token price; 0 on days it took no part. */
  readonly incomeEur: Float64Array;
  /** The same less energy, wear and fixed costs, since its first day. */
  readonly marginSoFarEur: Float64Array;
}

export const memberOf = (provider: Provider, from: number, days: number): Member => ({
  provider,
  from,
  until: undefined,
  incomeEur: new Float64Array(days),
  marginSoFarEur: new Float64Array(days),
});

/** A running sum's part over the `length` days that end with `day`. */
export const sumOver = (soFar: Float64Array, day: number, length: number): number =>
  (soFar[day] as number) - (day >= length ? (soFar[day - length] as number) : 0);

/** What a member does on a day, as a seller, and what it is owed for it. */
export interface MemberDay {
  readonly member: Member;
  readonly seller: Seller;
  /** Base units. */
  readonly owed: bigint;
}

/** Outlays of a day, EUR: of each seller for the work of others, and of all wash traders for their own. */
interface Outlays {
  readonly bySeller: Float64Array;
  readonly wash: number;
}

/** Energy bought, sun not sold, and wear. */
function outlaysOf(days: readonly MemberDay[], jobs: readonly DoneJob[]): Outlays {
  const indexOf = new Map(days.map(({ seller }, index) => [seller.provider.site.id, index]));
  const bySeller = Float64Array.from(days, ({ seller }) => seller.soldHours * seller.provider.reservePerHour);
  let wash = 0;
  for (const { entries, washSeller } of jobs) {
    for (const { site, actual, meteredWh } of entries) {
      const index = indexOf.get(site) as number;
      const energy = Number(actual.energyCost) / 1e6;
      if (washSeller === undefined) bySeller[index] = (bySeller[index] as number) + energy;
      else {
        const { kwEach, reservePerHour } = (days[index] as MemberDay).seller.provider;
        wash += energy + (meteredWh / 1_000 / kwEach) * reservePerHour;
      }
    }
  }
  return { bySeller, wash };
}

/** Writes the day into each member's books; returns what wash traders spent on their own jobs beside fees, EUR. */
export function closeDay(day: number, days: readonly MemberDay[], jobs: readonly DoneJob[], tokenPrice: number): number {
  const { bySeller, wash } = outlaysOf(days, jobs);
  for (const [index, { member, owed }] of days.entries()) {
    const { provider, incomeEur, marginSoFarEur } = member;
    const income = (Number(owed) / 1e6) * tokenPrice;
    incomeEur[day] = income;
    const before = day > 0 ? (marginSoFarEur[day - 1] as number) : 0;
    marginSoFarEur[day] = before + income - (bySeller[index] as number) - provider.fixedPerDay;
  }
  return wash;
}

/** Whether it earned less than it spent over as many days as it has patience. */
export const isLeaving = ({ provider, from, marginSoFarEur }: Member, day: number): boolean =>
  day + 1 - from >= provider.patienceDays && sumOver(marginSoFarEur, day, provider.patienceDays) < 0;

/** Days that newcomers look back; none come before there are so many. */
export const LOOK_BACK_DAYS = 28;

/** Who looks at the market on a day: indexes of providers that were not drawn before. `next` is the first of them. */
export function lookersOn({ newcomersPerDay, providers }: EconomyScenario, seed: number, day: number, next: number): readonly number[] {
  const rate = newcomersPerDay * providers;
  const count = Math.floor(rate) + (randomStream(seed, `economy/lookers/${day}`).uniform() < rate % 1 ? 1 : 0);
  return Array.from({ length: count }, (_, index) => next + index);
}

/** Those of the lookers who come: their kind earned enough above what it spent over the last days. */
export function comingOf(
  lookers: readonly number[],
  { washShare }: EconomyScenario,
  seed: number,
  day: number,
  members: readonly Member[],
): readonly Provider[] {
  if (day + 1 < LOOK_BACK_DAYS || lookers.length === 0) return [];
  const margins = marginsByKind(members, day);
  return lookers
    .map((index) => drawProvider(seed, index, washShare))
    .filter(({ kind, entryMargin }) => (margins.get(kind) ?? Number.NEGATIVE_INFINITY) > entryMargin);
}

/** What members of a kind earned over the last days above what they spent, as a part of what they spent. */
export function marginsByKind(members: readonly Member[], day: number): ReadonlyMap<ProviderKind, number> {
  const sums = new Map<ProviderKind, { margin: number; spent: number }>();
  for (const { provider, from, until, marginSoFarEur, incomeEur } of members) {
    if (until !== undefined || day + 1 - from < LOOK_BACK_DAYS) continue;
    const margin = sumOver(marginSoFarEur, day, LOOK_BACK_DAYS);
    let income = 0;
    for (let each = day + 1 - LOOK_BACK_DAYS; each <= day; each++) income += incomeEur[each] as number;
    const { margin: others, spent } = sums.get(provider.kind) ?? { margin: 0, spent: 0 };
    sums.set(provider.kind, { margin: others + margin, spent: spent + income - margin });
  }
  return new Map([...sums].map(([kind, { margin, spent }]) => [kind, spent > 0 ? margin / spent : 0]));
}
