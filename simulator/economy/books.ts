/**
 * Books: a day's trades as metered runs, booked by the scheduler's own `book`: certification, charge, postings.
 *
 * Each share of a job at a provider is one run, metered over the whole day. Owners pay the day's one price, told in the
 * scheduler's terms: energy at its cost, computing by the tariff, surplus up to what it would have cost from the grid,
 * and the rest for accelerators. Sun goes to the runs in order, first come, as in the ledger.
 */
import type { SlotFacts } from '../../energy-oracle/outlook.ts';
import type { RunState } from '../../scheduler/dispatch/lease.ts';
import { type Bookable, book, type Taken } from '../../scheduler/ledger/book.ts';
import type { Chargeable, Tariff } from '../../scheduler/ledger/charge.ts';
import type { EntryBody } from '../../scheduler/ledger/entry.ts';
import { gramsPerKilowattHour, pricePerMegawattHour, wattHours } from '../../units/quantity.ts';
import { DAY, HOUR, type Instant } from '../../units/time.ts';
import type { Bid } from './market.ts';
import type { Capacity } from './offer.ts';
import type { Provider } from './population.ts';

/** A provider on a day: what it can do, and under which terms it sells. */
export interface Seller {
  readonly provider: Provider;
  readonly capacity: Capacity;
  /** Accelerator-hours sold on the market. */
  readonly soldHours: number;
}

/** A job of the day that is over: what was booked for it, and how its runs ended. */
export interface DoneJob {
  readonly id: string;
  readonly entries: readonly EntryBody[];
  readonly runs: readonly { readonly id: string; readonly state: RunState }[];
  /** Index of the seller who bought it from itself; `undefined` for work of others. */
  readonly washSeller: number | undefined;
}

/** What of a seller's surplus its accelerators can use, whole Wh: verified in full. */
export function factsOf({ provider, capacity }: Seller, start: Instant): SlotFacts {
  const { curtailedHours, exportableHours, importPrice } = capacity;
  const energyWh = (hours: number) => wattHours(hours * provider.kwEach * 1_000);
  return {
    site: provider.site.id,
    slot: start,
    surplusWh: energyWh(curtailedHours + exportableHours),
    curtailedWh: energyWh(curtailedHours),
    importPrice: pricePerMegawattHour(importPrice),
    carbonIntensity: gramsPerKilowattHour(0), // money is what is looked at; carbon has its own accounts
    marginalIntensity: undefined,
  };
}

/**
 * The terms under which an owner pays `price` SUN for each accelerator-hour a seller sold that day, on average over its runs.
 *
 * Surplus is contested as far as that takes, up to all of it; what is still missing is the price of accelerators. Both are
 * rounded down, as the ledger rounds.
 */
export function sellingTerms(
  { provider, capacity, soldHours }: Seller,
  price: number,
  computing: number,
): NonNullable<Chargeable['run']['prices']> {
  const { kwEach, site } = provider;
  const curtailed = Math.min(soldHours, capacity.curtailedHours);
  const exportable = Math.min(soldHours - curtailed, capacity.exportableHours);
  const grid = soldHours - curtailed - exportable;
  const perHour = (perMwh: number) => (perMwh * kwEach) / 1_000;
  const sold = perHour(site.feedInTariff) * exportable;
  const missing = price * soldHours - sold - perHour(capacity.importPrice) * grid - computing * kwEach * soldHours;
  const worth = perHour(capacity.importPrice) * (curtailed + exportable) - Math.max(0, sold);
  const contestedPerMille = worth > 0 ? Math.floor(1_000 * Math.min(1, Math.max(0, missing / worth))) : 0;
  const left = missing - (contestedPerMille / 1_000) * Math.max(0, worth);
  const microsPerAcceleratorHour = soldHours > 0 ? Math.floor((1e6 * Math.max(0, left)) / soldHours) : 0;
  return [{ from: 0, microsPerAcceleratorHour, contestedPerMille }];
}

/** Accelerator-hours of one run; less than a Wh at any accelerator is nothing. */
const HOURS_LEAST = 0.003;

interface RunSketch {
  readonly job: string;
  readonly owner: string;
  readonly number: number;
  readonly hours: number;
  readonly seller: Seller;
  readonly prices: NonNullable<Chargeable['run']['prices']> | undefined;
}

/** One run's entry; takes what it certifies out of `taken`. */
function entryOf(
  { job, owner, number, hours, seller, prices }: RunSketch,
  start: Instant,
  taken: Taken,
  facts: SlotFacts,
  tariff: Tariff,
): EntryBody {
  const { site, kwEach } = seller.provider;
  const accelerators = Math.max(1, Math.ceil(hours / 24 - 1e-9));
  const remaining = Math.round((hours / accelerators) * HOUR);
  const run = `${job}#${number}`;
  const bookable: Bookable = {
    metered: { run, job, site: site.id, slot: start, energyWh: wattHours(hours * kwEach * 1_000), reportedAt: start + DAY },
    span: { start, end: start + DAY },
    run: { accelerators, leasedAt: start, endedAt: start + remaining, prices, remaining },
    job: { id: job, spec: { owner } },
    site,
    homeSite: site,
    facts,
    homeFacts: facts,
  };
  return book(bookable, taken, tariff, start + DAY);
}

export interface DayOfTrades {
  readonly start: Instant;
  readonly sellers: readonly Seller[];
  readonly bids: readonly Bid[];
  /** Accelerator-hours each bid got. */
  readonly gotBy: readonly number[];
  readonly price: number;
  readonly tariff: Tariff;
  /** Whether a run leaves its result. */
  readonly succeeds: (run: string) => boolean;
}

/**
 * Books a day: the market's jobs over the sellers in order, then what wash traders buy from themselves.
 *
 * A wash trader's job takes all of its surplus that nobody bought, at the lowest price the rules allow: the best it can do.
 */
export function bookDay({ start, sellers, bids, gotBy, price, tariff, succeeds }: DayOfTrades): readonly DoneJob[] {
  const taken: Taken = { actual: new Map(), counterfactual: new Map() };
  const facts = sellers.map((seller) => factsOf(seller, start));
  const computing = Number(tariff.computeMicrosPerKwh) / 1e6;
  const prices = sellers.map((seller) => sellingTerms(seller, price, computing));
  const jobs: DoneJob[] = [];
  const free = sellers.map(({ soldHours }) => soldHours);
  let at = 0;
  for (const [index, bid] of bids.entries()) {
    const entries: EntryBody[] = [];
    let wanted = gotBy[index] as number;
    while (wanted > HOURS_LEAST && at < sellers.length) {
      const hours = Math.min(wanted, free[at] as number);
      if (hours > HOURS_LEAST) {
        const sketch = {
          job: bid.id,
          owner: 'owners',
          number: entries.length + 1,
          hours,
          seller: sellers[at] as Seller,
          prices: prices[at],
        };
        entries.push(entryOf(sketch, start, taken, facts[at] as SlotFacts, tariff));
      }
      wanted -= hours;
      free[at] = (free[at] as number) - hours;
      if ((free[at] as number) <= HOURS_LEAST) at++;
    }
    if (entries.length === 0) continue;
    const runs = entries.map(({ run }) => ({ id: run, state: succeeds(run) ? ('succeeded' as const) : ('lost' as const) }));
    jobs.push({ id: bid.id, entries, runs, washSeller: undefined });
  }
  return [...jobs, ...washJobs(sellers, start, taken, facts, tariff)];
}

function washJobs(
  sellers: readonly Seller[],
  start: Instant,
  taken: Taken,
  facts: readonly SlotFacts[],
  tariff: Tariff,
): readonly DoneJob[] {
  return sellers.flatMap((seller, index) => {
    const { curtailedHours, exportableHours } = seller.capacity;
    const hours = curtailedHours + exportableHours - seller.soldHours;
    if (!seller.provider.isWashTrader || hours <= HOURS_LEAST) return [];
    const job = `wash-${seller.provider.site.id}@${start}`;
    const sketch = { job, owner: seller.provider.site.provider, number: 1, hours, seller, prices: undefined };
    const entry = entryOf(sketch, start, taken, facts[index] as SlotFacts, tariff);
    return [{ id: job, entries: [entry], runs: [{ id: entry.run, state: 'succeeded' as const }], washSeller: index }];
  });
}
