/**
 * The ledger in memory: the reference of what the port means, and the simulator's ledger.
 *
 * Keeps entries in one list with an index by job and running sums by site and slot. Nothing survives the process.
 */
import type { Instant } from '../../units/time.ts';
import { chained, type EntryBody, genesisHash, type LedgerEntry } from './entry.ts';
import { checkBalanced, type LedgerStore } from './ledger-store.ts';

const keyOf = (name: string, slot: Instant): string => `${slot} ${name}`;

export function createMemoryLedgerStore(): LedgerStore {
  const entries: LedgerEntry[] = []; // sequence n is at n − 1
  const entriesOf = new Map<string, LedgerEntry[]>();
  const booked = new Set<string>();
  const actualWh = new Map<string, number>();
  const counterfactualWh = new Map<string, number>();
  const head = () => entries.at(-1) ?? { sequence: 0, hash: genesisHash };

  function put(body: EntryBody): readonly LedgerEntry[] {
    const key = keyOf(body.run, body.slot);
    if (booked.has(key)) return [];
    const entry = chained(body, head());
    booked.add(key);
    entries.push(entry);
    const own = entriesOf.get(body.job);
    if (own) own.push(entry);
    else entriesOf.set(body.job, [entry]);
    const { actual, counterfactual } = body;
    const at = keyOf(body.site, body.slot);
    const elsewhere = keyOf(counterfactual.site, counterfactual.slot);
    actualWh.set(at, (actualWh.get(at) ?? 0) + actual.surplusWh);
    counterfactualWh.set(elsewhere, (counterfactualWh.get(elsewhere) ?? 0) + counterfactual.surplusWh);
    return [entry];
  }

  return {
    async append(bodies) {
      checkBalanced(bodies);
      return bodies.flatMap(put);
    },
    async head() {
      const { sequence, hash } = head();
      return { sequence, hash };
    },
    entries: async (after, limit) => entries.slice(after, after + limit),
    entriesOf: async (job) => entriesOf.get(job)?.slice() ?? [],
    bookedOf: async (job) =>
      (entriesOf.get(job) ?? []).map(({ run, slot }) => ({ run, slot })).sort((a, b) => a.slot - b.slot || (a.run < b.run ? -1 : 1)),
    async taken(site, slot) {
      const key = keyOf(site, slot);
      return { actualWh: actualWh.get(key) ?? 0, counterfactualWh: counterfactualWh.get(key) ?? 0 };
    },
  };
}
