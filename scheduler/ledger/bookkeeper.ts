/**
 * Bookkeeper: gathers what `book` needs, and stores what it returns. The shell of the ledger.
 *
 * A slot is booked only once it is over by `delayMs`, so that its readings and signals have arrived; what is late
 * by more does not earn. Booking again changes nothing.
 */
import type { OracleView } from '../../energy-oracle/outlook.ts';
import type { Site } from '../../energy-oracle/site.ts';
import type { Clock } from '../../units/clock.ts';
import { type DurationMs, type Instant, slotInterval } from '../../units/time.ts';
import type { JobStore } from '../queue/job-store.ts';
import { book, counterfactualSlot, type Taken } from './book.ts';
import type { Tariff } from './charge.ts';
import type { EntryBody, LedgerEntry } from './entry.ts';
import type { LedgerStore } from './ledger-store.ts';

export interface BookkeeperPorts {
  readonly clock: Clock;
  readonly jobs: JobStore;
  readonly ledger: LedgerStore;
  readonly oracle: OracleView;
  readonly sites: ReadonlyMap<string, Site>;
  readonly tariff: Tariff;
  readonly delayMs: DurationMs;
}

/** Books every metered run-slot that is due, in order of slot, site and run; returns the new entries. */
export async function bookDue({ clock, jobs, ledger, oracle, sites, tariff, delayMs }: BookkeeperPorts): Promise<readonly LedgerEntry[]> {
  const now = clock.now();
  const due = await jobs.unbookedRunSlots(now - delayMs);
  if (due.length === 0) return [];
  const found = await byKey(
    due.map(({ job }) => job),
    async (id) => ({ job: await jobs.get(id), runs: await jobs.runsOf(id), booked: await ledger.bookedOf(id) }),
  );
  const planned = due.flatMap((metered) => {
    const { job, runs, booked } = found.get(metered.job) ?? {};
    const run = runs?.find(({ id }) => id === metered.run);
    const site = sites.get(metered.site);
    const homeSite = sites.get(job?.homeSite ?? '');
    if (!job || !run || !site || !homeSite || !booked) throw new RangeError(`${metered.run} names a job, run or site that is not known`);
    if (booked.some(({ run, slot }) => run === metered.run && slot === metered.slot)) return []; // booked, but killed before it was marked
    // the n-th distinct slot in which the job drew energy, counted over what is booked and what is due
    const before = new Set(
      [...booked, ...due.filter((other) => other.job === job.id)].map(({ slot }) => slot).filter((slot) => slot < metered.slot),
    );
    return [
      {
        metered,
        run,
        job,
        site,
        homeSite,
        key: `${site.id}@${metered.slot}`,
        homeKey: `${homeSite.id}@${counterfactualSlot(job, before.size)}`,
      },
    ];
  });
  const known = await byKey(
    planned.flatMap(({ key, homeKey }) => [key, homeKey]),
    (key) => knownOf(key, oracle, ledger, now),
  );
  const taken: Taken = {
    actual: new Map([...known].map(([key, { actualWh }]) => [key, actualWh])),
    counterfactual: new Map([...known].map(([key, { counterfactualWh }]) => [key, counterfactualWh])),
  };
  const bodies = planned.map(({ key, homeKey, ...rest }): EntryBody => {
    const [facts, homeFacts] = [known.get(key)?.facts, known.get(homeKey)?.facts];
    if (!facts || !homeFacts) throw new RangeError(`the oracle has no facts of ${key} or ${homeKey}`);
    return book({ ...rest, facts, homeFacts }, taken, tariff, now);
  });
  const entries = await ledger.append(bodies);
  await jobs.markBooked(due.map(({ run, slot }) => ({ run, slot })));
  return entries;
}

/** What is known of one `<site>@<slot>`: its facts, and how much of its surplus the ledger has given out. */
async function knownOf(key: string, oracle: OracleView, ledger: LedgerStore, asOf: Instant) {
  const [site = '', start = ''] = key.split('@');
  const slot = Number(start);
  const [[facts], taken] = await Promise.all([oracle.facts(site, slotInterval(slot), asOf), ledger.taken(site, slot)]);
  return { facts, ...taken };
}

/** Asks once for each distinct key, all at once. */
async function byKey<T>(keys: readonly string[], ask: (key: string) => Promise<T>): Promise<ReadonlyMap<string, T>> {
  return new Map(await Promise.all([...new Set(keys)].map(async (key) => [key, await ask(key)] as const)));
}
