/**
 * Economy: a year of days and settlement periods over a drawn population: one pass, no port and no clock.
 *
 * Each day: sun and prices, offers, work, one price; runs booked by the ledger, jobs owed by the settlement's rules and settled
 * each period; then providers look at their money and leave or come. The rules are the scheduler's functions on its integers; the people
 * and their market are the model. Laws are checked as it goes.
 */
import type { Settlement } from '../../scheduler/settlement/chain.ts';
import { DAY, type Instant, parseInstant } from '../../units/time.ts';
import { noiseAt } from '../kernel/random.ts';
import { bookDay, type DoneJob, factsOf, type Seller } from './books.ts';
import { drawClimate, type ZoneClimate } from './climate.ts';
import { checkCertified } from './laws.ts';
import { clearDay, drawBids } from './market.ts';
import { closeDay, comingOf, isLeaving, lookersOn, type Member, memberOf } from './members.ts';
import { capacityOf, tiersOf } from './offer.ts';
import { drawProvider, type Provider, type ProviderKind } from './population.ts';
import { type EconomyScenario, factorOn, termsOf } from './scenario.ts';
import { createTreasury, type DayMoney } from './treasury.ts';

/** What the market did on a day. */
interface MarketDay {
  /** What a SUN is worth, EUR. */
  readonly tokenPrice: number;
  /** SUN per accelerator-hour, everything in it; 0 when nothing was sold. */
  readonly price: number;
  readonly soldHours: number;
  readonly capacityHours: number;
}

/** One day of the year. */
export interface EconomyDay extends MarketDay, DayMoney {
  /** From 1. */
  readonly day: number;
  readonly at: Instant;
  readonly providers: number;
  readonly byKind: Readonly<Record<ProviderKind, number>>;
  readonly entries: number;
  readonly exits: number;
  /** Since the beginning, base units: minted into the contract, promised by its root, paid out; and what it holds. */
  readonly minted: bigint;
  readonly promised: bigint;
  readonly paid: bigint;
  readonly escrow: bigint;
  /** `washGain` in EUR, less the sun that wash traders did not sell and their wear. */
  readonly washNetEur: number;
}

export interface EconomyYear {
  readonly seed: number;
  readonly days: readonly EconomyDay[];
  readonly providers: readonly Member[];
  /** Jobs that were held against law 5. */
  readonly jobsChecked: number;
  /** One per settlement period. */
  readonly settlements: readonly Settlement[];
}

/**
 * The year of one seed. O(days × (providers + jobs)); `onDay` is told after each day.
 *
 * @throws LawBreach when a law does not hold: such a year has no result
 */
export function simulateEconomy(scenario: EconomyScenario, seed: number, onDay: (day: number) => void = () => {}): EconomyYear {
  const start = parseInstant(`${scenario.start}T00:00Z`) as Instant;
  const climate = drawClimate(seed, start, scenario.days);
  const first = Array.from({ length: scenario.providers }, (_, index) => drawProvider(seed, index, scenario.washShare));
  const accelerators = first.reduce((sum, provider) => sum + provider.accelerators, 0);
  const members: Member[] = first.map((provider) => memberOf(provider, 0, scenario.days));
  const treasury = createTreasury({ ...scenario, start, reward: termsOf(scenario).reward, budget: BigInt(scenario.budget) * 1_000_000n });
  const days: EconomyDay[] = [];
  let looked = scenario.providers;
  let jobsChecked = 0;
  for (let day = 0; day < scenario.days; day++) {
    const at = start + day * DAY;
    const active = members.filter(({ until }) => until === undefined);
    const { sellers, jobs, market } = tradeDay({ scenario, seed, day, start: at, climate, accelerators }, active);
    jobsChecked += jobs.length;
    const { money, owedBy } = treasury.owe(jobs);
    const everyone = members.map(({ provider }) => provider);
    treasury.settle(everyone, day + 1 === scenario.days);
    const trades = active.map((member, index) => ({
      member,
      seller: sellers[index] as Seller,
      owed: owedBy.get(member.provider.site.provider) ?? 0n,
    }));
    const washOutlay = closeDay(day, trades, jobs, market.tokenPrice);
    const leaving = active.filter((member) => isLeaving(member, day));
    const lookers = lookersOn(scenario, seed, day, looked);
    looked += lookers.length;
    const coming = comingOf(lookers, scenario, seed, day, members);
    for (const member of leaving) member.until = day + 1;
    members.push(...coming.map((provider) => memberOf(provider, day + 1, scenario.days)));
    const { funded: minted, promised, paid, balance: escrow } = treasury.status();
    days.push({
      day: day + 1,
      at,
      ...market,
      ...money,
      minted,
      promised,
      paid,
      escrow,
      providers: active.length,
      byKind: countByKind(active),
      entries: coming.length,
      exits: leaving.length,
      washNetEur: (Number(money.washGain) / 1e6) * market.tokenPrice - washOutlay,
    });
    onDay(day + 1);
  }
  return { seed, days, providers: members, jobsChecked, settlements: treasury.settlements() };
}

function countByKind(members: readonly { readonly provider: Provider }[]): Record<ProviderKind, number> {
  const counts = { home: 0, farm: 0, hall: 0 };
  for (const { provider } of members) counts[provider.kind]++;
  return counts;
}

interface DayContext {
  readonly scenario: EconomyScenario;
  readonly seed: number;
  /** From 0. */
  readonly day: number;
  readonly start: Instant;
  readonly climate: ReadonlyMap<string, ZoneClimate>;
  /** Of the first day: what demand is scaled by. */
  readonly accelerators: number;
}

interface TradedDay {
  /** In the order of the members given. */
  readonly sellers: readonly Seller[];
  readonly jobs: readonly DoneJob[];
  readonly market: MarketDay;
}

/** Sun, offers, work and one price; what was sold, as booked runs. Laws 1 and 2 are checked here. */
function tradeDay({ scenario, seed, day, start, climate, accelerators }: DayContext, active: readonly Member[]): TradedDay {
  const { tariff } = termsOf(scenario);
  const factor = (kind: 'energy' | 'token' | 'demand') => factorOn(scenario.shocks, kind, day + 1);
  const [tokenPrice, energyFactor] = [factor('token'), factor('energy')];
  const terms = { computing: Number(tariff.computeMicrosPerKwh) / 1e6, takeShare: Number(tariff.takePerMille) / 1e3, tokenPrice };
  const offers = active.map(({ provider }, seller) => {
    const capacity = capacityOf(provider, climate.get(provider.site.zone) as ZoneClimate, day, energyFactor);
    return { provider, capacity, tiers: tiersOf(provider, capacity, seller, terms) };
  });
  const tiers = offers.flatMap((offer) => offer.tiers);
  const bids = drawBids(scenario, seed, day, accelerators, factor('demand'));
  const { price, soldBy, gotBy, hours: soldHours } = clearDay(bids, tiers, tokenPrice);
  const sellers = offers.map(({ provider, capacity }, seller) => ({ provider, capacity, soldHours: soldBy.get(seller) ?? 0 }));
  const succeeds = (run: string) => noiseAt(seed, `economy/lost/${run}`, 0) >= scenario.lostShare;
  const jobs = bookDay({ start, sellers, bids, gotBy, price, tariff, succeeds });
  checkCertified(
    day + 1,
    jobs.flatMap(({ entries }) => entries),
    new Map(sellers.map((seller) => [seller.provider.site.id, factsOf(seller, start).surplusWh ?? 0])),
  );
  const capacityHours = tiers.reduce((sum, { hours }) => sum + hours, 0);
  return { sellers, jobs, market: { tokenPrice, price, soldHours, capacityHours } };
}
