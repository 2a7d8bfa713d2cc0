/**
 * Bookkeeper: gathers what `book` needs, and stores what it returns. The shell of the ledger.
 *
 * A slot is booked only once it is over by `delayMs`, so that its readings and signals have arrived; what is late
 * by more does not earn. Booking again changes nothing.
 */
import type { OracleView, SlotFacts } from '../../energy-oracle/outlook.ts';
import type { Site } from '../../energy-oracle/site.ts';
import type { Clock } from '../../units/clock.ts';
import { type DurationMs, type Instant, slotInterval } from '../../units/time.ts';
import type { JobStore, RunSlot } from '../queue/job-store.ts';
import { book, counterfactualSlot, type Taken, type Tariff } from './book.ts';
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
  const facts = memo((key: string) => factsOf(oracle, key, now));
  const jobOf = memo((id: string) => jobs.get(id));
  const entriesOf = memo((id: string) => ledger.entriesOf(id));
  const indexOf = new Map<string, number>();
  const taken: Taken = { actual: new Map(), counterfactual: new Map() };
  const load = memo(async (key: string) => {
    const [site = '', slot = ''] = key.split('@');
    const { actualWh, counterfactualWh } = await ledger.taken(site, Number(slot));
    taken.actual.set(key, actualWh);
    taken.counterfactual.set(key, counterfactualWh);
  });
  const bodies: EntryBody[] = [];
  for (const metered of due) {
    const booked = await entriesOf(metered.job);
    if (booked.some(({ run, slot }) => run === metered.run && slot === metered.slot)) continue; // appended before a crash, not yet marked
    const job = await jobOf(metered.job);
    const site = sites.get(metered.site);
    const homeSite = sites.get(job?.homeSite ?? '');
    if (!job || !site || !homeSite) throw new RangeError(`${metered.run} names a job or site that is not known`);
    const index = indexOf.get(job.id) ?? booked.length;
    indexOf.set(job.id, index + 1);
    const keys = [`${site.id}@${metered.slot}`, `${homeSite.id}@${counterfactualSlot(job, index)}`] as const;
    for (const key of keys) await load(key);
    bodies.push(book({ metered, job, site, homeSite, facts: await facts(keys[0]), homeFacts: await facts(keys[1]) }, taken, tariff, now));
  }
  const entries = await ledger.append(bodies);
  await jobs.markBooked(due.map(({ run, slot }: RunSlot) => ({ run, slot })));
  return entries;
}

async function factsOf(oracle: OracleView, key: string, asOf: Instant): Promise<SlotFacts> {
  const [site = '', slot = ''] = key.split('@');
  const [facts] = await oracle.facts(site, slotInterval(Number(slot)), asOf);
  if (!facts) throw new RangeError(`the oracle has no facts of ${key}`);
  return facts;
}

/** Asks once per key. */
function memo<T>(ask: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const asked = new Map<string, Promise<T>>();
  return (key) => {
    const answer = asked.get(key) ?? ask(key);
    asked.set(key, answer);
    return answer;
  };
}
