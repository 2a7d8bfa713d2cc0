/**
 * The ledger on PostgreSQL ≥ 15: the canonical text of every entry, chained under one locked head.
 *
 * The body's text is stored exactly as it was hashed (as `text`: an owner's name may hold what `json` refuses), and
 * entries are read from it alone; the other columns repeat what is searched. A trigger refuses update, delete and
 * truncate. Appenders wait for each other at the head row: one chain, however many schedulers.
 */
import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '../postgres-transaction.ts';
import { canonical, chained, type EntryBody, genesisHash, type LedgerEntry } from './entry.ts';
import { bodyOfText } from './entry-text.ts';
import { checkBalanced, LedgerFault, type LedgerStore } from './ledger-store.ts';

/** Idempotent. */
export const ledgerSchema = `
  create table if not exists ledger_head (
    only_row boolean primary key default true check (only_row), sequence bigint not null, hash text not null);
  insert into ledger_head (sequence, hash) values (0, '${genesisHash}') on conflict do nothing;
  create table if not exists ledger_entries (
    sequence bigint primary key, previous_hash text not null, hash text not null, body text not null,
    run text not null, slot bigint not null, job text not null, site text not null, actual_wh bigint not null,
    counterfactual_site text not null, counterfactual_slot bigint not null, counterfactual_wh bigint not null,
    unique (run, slot));
  create index if not exists ledger_entries_by_job on ledger_entries (job, sequence);
  create index if not exists ledger_entries_by_place on ledger_entries (site, slot) include (actual_wh);
  create index if not exists ledger_entries_by_counterfactual
    on ledger_entries (counterfactual_site, counterfactual_slot) include (counterfactual_wh);
  create or replace function ledger_is_append_only() returns trigger language plpgsql as $$
    begin raise exception 'the ledger is append-only: % refused', tg_op; end $$;
  create or replace trigger ledger_entries_append_only before update or delete or truncate on ledger_entries
    for each statement execute function ledger_is_append_only();
`;

interface EntryRow {
  readonly sequence: string;
  readonly previous_hash: string;
  readonly hash: string;
  readonly body: string;
}

function fromRow(row: EntryRow): LedgerEntry {
  const sequence = Number(row.sequence);
  const body = bodyOfText(row.body);
  if (!body) throw new LedgerFault(sequence);
  return { ...body, sequence, previousHash: row.previous_hash, hash: row.hash };
}

/** The bodies whose (run, slot) is neither booked nor earlier in the batch. */
async function unbooked(client: PoolClient, bodies: readonly EntryBody[]): Promise<readonly EntryBody[]> {
  const { rows } = await client.query<{ run: string; slot: string }>(
    'select run, slot from ledger_entries join unnest($1::text[], $2::bigint[]) as b (run, slot) using (run, slot)',
    [bodies.map(({ run }) => run), bodies.map(({ slot }) => slot)],
  );
  const booked = new Set(rows.map(({ run, slot }) => `${slot} ${run}`));
  return bodies.filter(({ run, slot }) => booked.size !== booked.add(`${slot} ${run}`).size);
}

async function appendIn(client: PoolClient, bodies: readonly EntryBody[]): Promise<readonly LedgerEntry[]> {
  const { rows } = await client.query<{ sequence: string; hash: string }>('select sequence, hash from ledger_head for update');
  if (!rows[0]) throw new LedgerFault(0);
  let head = { sequence: Number(rows[0].sequence), hash: rows[0].hash };
  const added: LedgerEntry[] = [];
  const texts: string[] = [];
  for (const body of await unbooked(client, bodies)) {
    const entry = chained(body, head);
    added.push(entry);
    texts.push(canonical(body));
    head = entry;
  }
  if (added.length === 0) return [];
  await client.query(
    `insert into ledger_entries (sequence, previous_hash, hash, body, run, slot, job, site, actual_wh,
       counterfactual_site, counterfactual_slot, counterfactual_wh)
     select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[],
       $9::bigint[], $10::text[], $11::bigint[], $12::bigint[])`,
    [
      added.map(({ sequence }) => sequence),
      added.map(({ previousHash }) => previousHash),
      added.map(({ hash }) => hash),
      texts,
      added.map(({ run }) => run),
      added.map(({ slot }) => slot),
      added.map(({ job }) => job),
      added.map(({ site }) => site),
      added.map(({ actual }) => actual.surplusWh),
      added.map(({ counterfactual }) => counterfactual.site),
      added.map(({ counterfactual }) => counterfactual.slot),
      added.map(({ counterfactual }) => counterfactual.surplusWh),
    ],
  );
  await client.query('update ledger_head set sequence = $1, hash = $2', [head.sequence, head.hash]);
  return added;
}

export function createPostgresLedgerStore(pool: Pool): LedgerStore {
  const where = async (condition: string, values: readonly unknown[]): Promise<readonly LedgerEntry[]> => {
    const { rows } = await pool.query<EntryRow>(`select sequence, previous_hash, hash, body from ledger_entries where ${condition}`, [
      ...values,
    ]);
    return rows.map(fromRow);
  };
  return {
    async append(bodies) {
      checkBalanced(bodies);
      return bodies.length === 0 ? [] : inTransaction(pool, (client) => appendIn(client, bodies));
    },
    async head() {
      const { rows } = await pool.query<{ sequence: string; hash: string }>('select sequence, hash from ledger_head');
      if (!rows[0]) throw new LedgerFault(0);
      return { sequence: Number(rows[0].sequence), hash: rows[0].hash };
    },
    entries: (after, limit) => where('sequence > $1 order by sequence limit $2', [after, limit]),
    entriesOf: (job) => where('job = $1 order by sequence', [job]),
    async bookedOf(job) {
      const { rows } = await pool.query<{ run: string; slot: string }>(
        'select run, slot from ledger_entries where job = $1 order by slot, run collate "C"',
        [job],
      );
      return rows.map(({ run, slot }) => ({ run, slot: Number(slot) }));
    },
    async taken(site, slot) {
      const { rows } = await pool.query<{ actual: string; counterfactual: string }>(
        `select
           (select coalesce(sum(actual_wh), 0) from ledger_entries where site = $1 and slot = $2) as actual,
           (select coalesce(sum(counterfactual_wh), 0) from ledger_entries
              where counterfactual_site = $1 and counterfactual_slot = $2) as counterfactual`,
        [site, slot],
      );
      return { actualWh: Number(rows[0]?.actual ?? 0), counterfactualWh: Number(rows[0]?.counterfactual ?? 0) };
    },
  };
}
