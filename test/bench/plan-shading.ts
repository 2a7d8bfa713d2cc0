/**
 * Shading: what a provider gains by asking more or less than its accelerators cost it, or by holding some back.
 *
 * Random markets, a provider drawn in each; the others bid the truth. The same plan is paid by four rules: the clearing
 * price (the dual price), as bid, the critical ask, the pivot payment. The best of all bids, found after the fact, is
 * more than a provider that must bid first could gain; what re-searching alone gains is measured by bids that differ in
 * nothing that matters.
 */
import { type Clearing, clear } from '../../scheduler/placement/clear.ts';
import { pivotPayment, providerEarnings, withoutSite } from '../../scheduler/placement/clearing-price.ts';
import { loadOf } from '../../scheduler/placement/load.ts';
import type { Market } from '../../scheduler/placement/market.ts';
import { type RandomStream, randomStream } from '../../simulator/kernel/random.ts';
import { marketOf, type RequestSketch } from '../scheduler/placement/markets.ts';
import type { Bar } from './main.ts';

/** How large a market is drawn. */
export interface Thickness {
  /** Default 8. */
  readonly providers?: number;
  /** Default 15 a provider. */
  readonly requests?: number;
  /** Hourly; default 24. */
  readonly slots?: number;
  /** Accelerator-slots asked for ÷ offered, about; default 0.6. */
  readonly utilisation?: number;
}

const trueAsk = { median: 1.2, spread: 0.15 };
/** What a buyer pays at most per accelerator-hour: a request is left out rather than served for more. */
const valuePerHour = 6;
const kwPerAccelerator = 0.7;

/** A market of one pool a provider, in which every ask is what an accelerator-hour truly costs; the currency is euro-like. */
export function thickMarket(
  seed: number,
  { providers = 8, requests = 15 * providers, slots = 24, utilisation = 0.6 }: Thickness = {},
): Market {
  const draw = randomStream(seed, 'thick-market');
  const sketches = Array.from({ length: requests }, () => drawRequest(draw, slots, providers));
  const asked = sketches.reduce((sum, { length = 1, accelerators = 1 }) => sum + length * accelerators, 0);
  const mean = asked / (utilisation * providers * slots);
  const sites = Array.from({ length: providers }, () => {
    const noon = draw.uniform() * slots;
    const peakKw = draw.uniform() < 0.5 ? 0 : draw.uniform() * mean * kwPerAccelerator;
    const price = 30 + 90 * draw.uniform();
    const surplusKw = Array.from({ length: slots }, (_, slot) => peakKw * Math.max(0, Math.cos(((slot - noon) / 24) * 2 * Math.PI)));
    return {
      curtailedKw: surplusKw.map((kw) => 0.3 * kw),
      exportableKw: surplusKw.map((kw) => 0.7 * kw),
      importPrice: Array.from({ length: slots }, () => price + 60 * draw.uniform()),
      carbonIntensity: Array.from({ length: slots }, () => 100 + 500 * draw.uniform()),
      feedInTariff: 40,
      pools: [
        {
          capacity: Math.max(4, Math.round(mean * (0.7 + 0.6 * draw.uniform()))),
          ask: trueAsk.median * Math.exp(trueAsk.spread * draw.normal()),
        },
      ],
    };
  });
  return marketOf({ slots, sites, carbonPricePerKg: [0, 0.1], requests: sketches });
}

function drawRequest(draw: RandomStream, slots: number, providers: number): RequestSketch {
  const length = draw.int(1, 7);
  const accelerators = draw.pick([1, 1, 2, 2, 4]);
  const earliest = draw.int(0, slots - length + 1);
  const kind = draw.uniform() < 0.7 ? 'contiguous' : 'interruptible';
  return {
    kind,
    length,
    accelerators,
    earliest,
    end: Math.min(slots, earliest + length + draw.int(0, slots / 2)),
    weightClass: draw.int(0, 2),
    kwPerAccelerator,
    waitPrice: 0.02 * draw.uniform(),
    restartCost: kind === 'interruptible' ? 0.05 : 0,
    unplacedCost: valuePerHour * length * accelerators,
    options: Array.from({ length: providers }, (_, pool) => ({ pool, transferCost: 0.2 * draw.uniform() })),
  };
}

/** What a provider does with its offer: asks so many times its true cost, offers this share of its accelerators (whole ones). */
export interface Bid {
  readonly factor: number;
  readonly share: number;
}
const truth: Bid = { factor: 1, share: 1 };
const asking = (...factors: readonly number[]): readonly Bid[] => factors.map((factor) => ({ factor, share: 1 }));
const offering = (...shares: readonly number[]): readonly Bid[] => shares.map((share) => ({ factor: 1, share }));

const bids = [...asking(0.5, 0.8, 0.95, 1.05, 1.1, 1.2, 1.35, 1.5, 2, 3), ...offering(0.75, 0.5)];
/** Differ from the truth in nothing but the path of the search. */
const idleBids = asking(1 - 1e-4, 1 + 1e-4);
const ringBids = [...asking(1.1, 1.2, 1.5, 2, 3), ...offering(0.5)];
const ringSize = 3;
/** A ring is asked of one market in so many: each of its bids needs the market without each of its members. */
const ringEvery = 5;

/** The market in which some sites bid otherwise than the truth. */
export function withBid({ offers, requests }: Market, sites: readonly number[], { factor, share }: Bid): Market {
  const isBidding = (pool: number) => sites.includes(offers.poolSite[pool] as number);
  const ask = offers.ask.map((asked, pool) => (isBidding(pool) ? asked * factor : asked));
  const capacity = offers.capacity.map((free, cell) => (isBidding(Math.floor(cell / offers.slots)) ? Math.floor(free * share) : free));
  return { offers: { ...offers, ask, capacity }, requests };
}

export interface Outcome {
  /** Accelerator-hours of the site's that are held. */
  readonly heldHours: number;
  /** What the site is paid at clearing prices, as bid (surplus at its opportunity price), by the pivot rule. */
  readonly atClearingPrice: number;
  readonly asBid: number;
  readonly byPivot: number;
  /** What its part of the plan truly cost it. */
  readonly trueCost: number;
}

/** A site's outcome under a clearing of bids, accounting currency; `market` is the truth, of one ask a site. */
export function outcomeOf(market: Market, bidding: Market, clearing: Clearing, site: number, costWithout: number): Outcome {
  const { ask, poolSite, slotHours, slots } = market.offers;
  const load = loadOf(bidding, clearing.assignment);
  const { paid, ownCost, opportunity } = providerEarnings(bidding, clearing);
  let heldHours = 0;
  let heldCost = 0;
  load.accelerators.forEach((held, cell) => {
    const pool = Math.floor(cell / slots);
    if (poolSite[pool] !== site) return;
    heldHours += held * slotHours;
    heldCost += held * slotHours * (ask[pool] as number);
  });
  return {
    heldHours,
    atClearingPrice: paid[site] as number,
    asBid: ownCost[site] as number,
    byPivot: pivotPayment(bidding, clearing, site, { costWithout }),
    trueCost: heldCost + (opportunity[site] as number),
  };
}

const rules = ['clearing price', 'as bid', 'critical ask', 'pivot'] as const;
type Rule = (typeof rules)[number];
type Profits = Readonly<Record<Rule, number>>;

/** What a bid leaves a provider, or a ring together, under each rule; NaN where a rule was not asked. */
const profitsOf = (outcomes: readonly Outcome[], critical = Number.NaN): Profits => {
  const sum = (part: (one: Outcome) => number) => outcomes.reduce((total, one) => total + part(one) - one.trueCost, 0);
  return {
    'clearing price': sum((one) => one.atClearingPrice),
    'as bid': sum((one) => one.asBid),
    'critical ask': critical,
    pivot: sum((one) => one.byPivot),
  };
};

/**
 * Profit of each bid when every accelerator-hour is paid the ask at which it would have been lost: the area beside the
 * curve of hours held over asks (Myerson 1981), here a staircase over the asks that were tried; the last is the reserve.
 */
function criticalProfits(tried: readonly { readonly bid: Bid; readonly outcome: Outcome }[], trueAsk: number): Map<Bid, number> {
  const steps = tried.filter(({ bid }) => bid.share === 1).sort((a, b) => b.bid.factor - a.bid.factor);
  const profits = new Map<Bid, number>();
  let rent = 0;
  let above: { factor: number; hours: number } | undefined;
  for (const { bid, outcome } of steps) {
    if (above) rent += (above.factor - bid.factor) * trueAsk * above.hours;
    profits.set(bid, (bid.factor - 1) * trueAsk * outcome.heldHours + rent);
    above = { factor: bid.factor, hours: outcome.heldHours };
  }
  return profits;
}

interface Trial {
  readonly honest: Profits;
  readonly byBid: readonly Profits[];
  /** As `byBid`, for bids that are as good as the truth. */
  readonly byIdleBid: readonly Profits[];
  /** What the provider is paid at clearing prices and by the pivot rule when it tells the truth, and what the market costs then. */
  readonly paid: number;
  readonly paidByPivot: number;
  readonly paidByCriticalAsk: number;
  readonly marketCost: number;
  readonly gap: number;
  /** Part of what accelerators earn above their asks that is earned in slots that have one to spare. */
  readonly unsupported: number;
}

/** Clears the truth, then every bid from its prices, the truth again among them: all have searched alike. */
function trialsOf(seed: number, thickness: Thickness, withRing: boolean): { readonly single: Trial; readonly ring: Trial | undefined } {
  const market = thickMarket(seed, thickness);
  const draw = randomStream(seed, 'shading-provider');
  const providers = Array.from({ length: market.offers.siteCount }, (_, site) => site);
  const ring = Array.from({ length: ringSize }, () => providers.splice(draw.int(0, providers.length), 1)[0] as number);
  const from = clear(market);
  const honest = clear(market, { from });
  const without = (bidding: Market, site: number) => clear(withoutSite(bidding, site), { from }).cost.total;
  const trial = (sites: readonly number[], tried: readonly Bid[], outcomes: (bid: Bid) => readonly Outcome[]): Trial => {
    const atTruth = outcomes(truth);
    const others = tried.map((bid) => ({ bid, all: outcomes(bid) }));
    const ask = market.offers.ask[sites[0] as number] as number;
    const critical =
      sites.length === 1
        ? criticalProfits(
            [{ bid: truth, all: atTruth }, ...others].map(({ bid, all }) => ({ bid, outcome: all[0] as Outcome })),
            ask,
          )
        : new Map<Bid, number>();
    const sum = (part: (one: Outcome) => number) => atTruth.reduce((total, one) => total + part(one), 0);
    return {
      honest: profitsOf(atTruth, critical.get(truth)),
      byBid: others.map(({ bid, all }) => profitsOf(all, critical.get(bid))),
      byIdleBid: sites.length > 1 ? [] : idleBids.map((bid) => profitsOf(outcomes(bid))),
      paid: sum((one) => one.atClearingPrice),
      paidByPivot: sum((one) => one.byPivot),
      paidByCriticalAsk: (critical.get(truth) ?? Number.NaN) + sum((one) => one.trueCost),
      marketCost: honest.cost.total,
      gap: honest.gap,
      unsupported: unsupportedShare(market, honest),
    };
  };
  const plan = (bid: Bid, sites: readonly number[]) => {
    const bidding = withBid(market, sites, bid);
    return { bidding, clearing: bid === truth ? honest : clear(bidding, { from }) };
  };
  const alone = ring.slice(0, 1);
  const costWithout = without(market, alone[0] as number);
  return {
    single: trial(alone, bids, (bid) => {
      const { bidding, clearing } = plan(bid, alone);
      return alone.map((site) => outcomeOf(market, bidding, clearing, site, costWithout));
    }),
    ring: withRing
      ? trial(ring, ringBids, (bid) => {
          const { bidding, clearing } = plan(bid, ring);
          return ring.map((site) => outcomeOf(market, bidding, clearing, site, without(bidding, site)));
        })
      : undefined,
  };
}

function unsupportedShare({ offers, requests }: Market, { assignment, prices }: Clearing): number {
  const { accelerators } = loadOf({ offers, requests }, assignment);
  let all = 0;
  let spare = 0;
  accelerators.forEach((held, cell) => {
    const rent = held * (prices.accelerator[cell] as number);
    all += rent;
    if (held < (offers.capacity[cell] as number)) spare += rent;
  });
  return all === 0 ? 0 : spare / all;
}

const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
};
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const percent = (value: number): string => (Number.isFinite(value) ? (100 * value).toFixed(2) : '–').padStart(9);
const hindsight = (honest: number, profits: readonly number[]): number => Math.max(0, ...profits.map((profit) => profit - honest));

interface Gains {
  /** Best bid of each market, found afterwards, ÷ what the market costs: median, 95th percentile, most. */
  readonly ofMarket: readonly [number, number, number];
  /** The same summed over the markets ÷ what the provider is paid, and ÷ what it keeps, when it tells the truth. */
  readonly ofPaid: number;
  readonly ofProfit: number;
  /** The one bid that is best on average, what it gains ÷ what the markets cost, and ÷ what the provider is paid. */
  readonly fixedBid: Bid | undefined;
  readonly fixedOfMarket: number;
  readonly fixedOfPaid: number;
}

function gainsOf(trials: readonly Trial[], rule: Rule, tried: readonly Bid[], of: (trial: Trial) => readonly Profits[]): Gains {
  const best = trials.map((trial) =>
    hindsight(
      trial.honest[rule],
      of(trial)
        .map((profits) => profits[rule])
        .filter((profit) => !Number.isNaN(profit)),
    ),
  );
  const ofMarket = best.map((gain, at) => gain / (trials[at] as Trial).marketCost);
  const [paid, cost] = [total(trials.map((trial) => trial.paid)), total(trials.map((trial) => trial.marketCost))];
  const honest = total(trials.map((trial) => trial.honest[rule]));
  const fixed = tried.map((_, at) => total(trials.map((trial) => (of(trial)[at] as Profits)[rule] - trial.honest[rule])));
  const most = Math.max(0, ...fixed.filter((gain) => !Number.isNaN(gain)));
  return {
    ofMarket: [quantile(ofMarket, 0.5), quantile(ofMarket, 0.95), Math.max(...ofMarket)],
    ofPaid: total(best) / paid,
    ofProfit: honest > 1e-6 * paid ? total(best) / honest : Number.NaN,
    fixedBid: most > 0 ? tried[fixed.indexOf(most)] : undefined,
    fixedOfMarket: most / cost,
    fixedOfPaid: most / paid,
  };
}

const said = (bid: Bid | undefined): string =>
  !bid ? 'the truth' : bid.share < 1 ? `offers ${100 * bid.share} %` : `asks × ${bid.factor}`;

function line(name: string, { ofMarket, ofPaid, ofProfit, fixedBid, fixedOfMarket, fixedOfPaid }: Gains): string {
  return `${name.padEnd(30)}${ofMarket.map(percent).join('')}${percent(ofPaid)}${percent(ofProfit)}   ${said(fixedBid).padEnd(14)}${percent(fixedOfMarket)}${percent(fixedOfPaid)}\n`;
}

const heading = `${'gain, %'.padEnd(30)}${['median', 'p95', 'most', 'of paid', 'of profit'].map((name) => name.padStart(9)).join('')}   ${'best on average'.padEnd(14)}${'market'.padStart(8)}${'paid'.padStart(9)}\n`;

interface Study {
  readonly single: readonly Trial[];
  readonly ring: readonly Trial[];
}

function study(markets: number, seed: number, thickness: Thickness): Study {
  const both = Array.from({ length: markets }, (_, at) => trialsOf(seed + at, thickness, at % ringEvery === 0));
  return { single: both.map(({ single }) => single), ring: both.flatMap(({ ring }) => ring ?? []) };
}

function tableOf(name: string, { single, ring }: Study): string {
  const mean = (part: (trial: Trial) => number, trials = single) => total(trials.map(part)) / trials.length;
  const ratio = (part: (trial: Trial) => number) => mean(part) / mean((trial) => trial.paid);
  return [
    `${name}: ${single.length} markets, gap ${percent(mean((trial) => trial.gap)).trim()} %; a provider is paid ${percent(mean((trial) => trial.paid) / mean((trial) => trial.marketCost)).trim()} % of what its market costs and keeps ${percent(ratio((trial) => trial.honest['clearing price'])).trim()} % of it\n`,
    `  to pivot payments: × ${ratio((trial) => trial.paidByPivot).toFixed(3)} of the clearing price, critical asks × ${ratio((trial) => trial.paidByCriticalAsk).toFixed(3)}; of the rent, ${percent(mean((trial) => trial.unsupported)).trim()} % in slots with an accelerator to spare\n`,
    heading,
    ...rules.map((rule) =>
      line(
        rule,
        gainsOf(single, rule, bids, (trial) => trial.byBid),
      ),
    ),
    line(
      'clearing price, bids idle',
      gainsOf(single, 'clearing price', idleBids, (trial) => trial.byIdleBid),
    ),
    line(
      'pivot, bids idle',
      gainsOf(single, 'pivot', idleBids, (trial) => trial.byIdleBid),
    ),
    ...(ring.length === 0
      ? []
      : rules
          .filter((rule) => rule !== 'critical ask')
          .map((rule) =>
            line(
              `ring of ${ringSize}, ${rule}`,
              gainsOf(ring, rule, ringBids, (trial) => trial.byBid),
            ),
          )),
    '\n',
  ].join('');
}

const rounded = (share: number): number => Math.round(share * 10_000) / 100;
const gainMax = 1;

/** Some twenty minutes of one core at 1,000 markets. The tables go to stderr. */
export async function benchShading({
  seed = 1,
  markets = 1_000,
}: {
  readonly seed?: number;
  readonly markets?: number;
} = {}): Promise<Bar[]> {
  const studyOf = (providers: number, count: number): Study => {
    const found = study(count, seed, { slots: 12, providers, requests: 10 * providers });
    process.stderr.write(tableOf(`${providers} providers`, found));
    return found;
  };
  const main = studyOf(8, markets);
  const few = Math.ceil(markets / 20);
  studyOf(4, few);
  studyOf(6, few);
  const thick = studyOf(16, few);
  studyOf(32, Math.ceil(few / 2));
  const gains = ({ single }: Study, rule: Rule) => gainsOf(single, rule, bids, (trial) => trial.byBid);
  const ring = (rule: Rule) => gainsOf(main.ring, rule, ringBids, (trial) => trial.byBid);
  const bar = (name: string, value: number, isTarget = true): Bar => ({
    bar: name,
    value: rounded(value),
    unit: "% of the market's cost",
    target: isTarget ? `<= ${gainMax}` : 'reported',
    holds: !isTarget || rounded(value) <= gainMax,
  });
  const over = `${markets} markets of 8 providers`;
  const afterwards = 'best bid found afterwards, 95th percentile';
  return [
    bar(`one provider shades at clearing prices, best bid on average (${over})`, gains(main, 'clearing price').fixedOfMarket),
    bar(`one provider shades at clearing prices, ${afterwards} (${over})`, gains(main, 'clearing price').ofMarket[1]),
    bar(`one provider shades at clearing prices, ${afterwards} (${few} of 16 providers)`, gains(thick, 'clearing price').ofMarket[1]),
    bar(`one provider shades at critical asks, ${afterwards} (${over})`, gains(main, 'critical ask').ofMarket[1]),
    bar(`one provider shades at pivot payments, ${afterwards} (${over})`, gains(main, 'pivot').ofMarket[1]),
    bar(
      `a ring of three at clearing prices, best bid on average (${main.ring.length} markets of 8 providers)`,
      ring('clearing price').fixedOfMarket,
      false,
    ),
    bar(
      `a ring of three at pivot payments, best bid on average (${main.ring.length} markets of 8 providers)`,
      ring('pivot').fixedOfMarket,
      false,
    ),
  ];
}
