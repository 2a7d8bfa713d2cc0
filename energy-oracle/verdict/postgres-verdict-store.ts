/**
 * The verdict store on PostgreSQL ≥ 15: verdicts by site, slot and instant, watches by site, both as JSON text.
 */
import type { Pool } from 'pg';
import type { SlotVerdict } from '../outlook.ts';
import { type KeptVerdict, type VerdictStore, verdictText } from './verdict-store.ts';

/** Idempotent. */
export const verdictSchema = `
  create table if not exists slot_verdicts (
    site text collate "C" not null, slot bigint not null, judged_at bigint not null, verdict text not null,
    primary key (site, slot, judged_at)
  );
  create table if not exists site_watches (site text collate "C" primary key, watch text not null);
`;

/** Verdicts of one statement, at most. */
const batchMax = 2_000;

export function createPostgresVerdictStore(pool: Pool): VerdictStore {
  const putBatch = (batch: readonly KeptVerdict[]) =>
    pool.query(
      `insert into slot_verdicts
       select given.* from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]) as given (site, slot, judged_at, verdict)
       where not exists (
         select from (
           select judged_at, verdict from slot_verdicts known
           where known.site = given.site and known.slot = given.slot order by judged_at desc limit 1
         ) newest where newest.verdict = given.verdict or newest.judged_at >= given.judged_at
       )
       on conflict do nothing`,
      [
        batch.map(({ site }) => site),
        batch.map(({ slot }) => slot),
        batch.map(({ judgedAt }) => judgedAt),
        batch.map(({ verdict }) => verdictText(verdict)),
      ],
    );
  return {
    put: async (verdicts) => {
      for (let from = 0; from < verdicts.length; from += batchMax) await putBatch(verdicts.slice(from, from + batchMax));
    },
    verdicts: async (site, { start, end }, asOf) => {
      const { rows } = await pool.query<{ slot: string; judged_at: string; verdict: string }>(
        `select distinct on (slot) slot, judged_at, verdict from slot_verdicts
         where site = $1 and slot >= $2 and slot < $3 and judged_at <= $4 order by slot, judged_at desc`,
        [site, start, end, asOf],
      );
      return rows.map((row) => ({
        site,
        slot: Number(row.slot),
        judgedAt: Number(row.judged_at),
        verdict: JSON.parse(row.verdict) as SlotVerdict,
      }));
    },
    putWatches: async (watches) => {
      const held = Object.entries(watches);
      await pool.query(
        `insert into site_watches select * from unnest($1::text[], $2::text[])
         on conflict (site) do update set watch = excluded.watch`,
        [held.map(([site]) => site), held.map(([, watch]) => JSON.stringify(watch))],
      );
    },
    watches: async () => {
      const { rows } = await pool.query<{ site: string; watch: string }>('select site, watch from site_watches order by site');
      return Object.fromEntries(rows.map(({ site, watch }) => [site, JSON.parse(watch)]));
    },
  };
}
