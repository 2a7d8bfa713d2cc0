/**
 * Retention: raw readings older than a number of whole months go, month by month; sums, outlooks and proofs stay.
 *
 * Before a month is dropped, what it holds of a site that said two things of one interval is copied to
 * `reading_evidence`, and the keys of its readings are forgotten: what old message comes again is refused as too late, and
 * `raw_floor` keeps it from being stored anew. A killed run is finished by the next one.
 */
import type pg from 'pg';
import { type Instant, type Interval, MINUTE, SLOT } from '../../units/time.ts';
import { inTransaction } from './postgres-transaction.ts';

/** Keys forgotten in one statement. */
const keysMax = 50_000;

/** Part of the series schema. */
export const retentionSchema = `
create table if not exists raw_floor (only_one boolean primary key default true check (only_one), before_ms bigint not null);
create table if not exists reading_evidence (
  provider text not null, site text not null, stream text not null, seq bigint not null,
  start_ms bigint not null, end_ms bigint not null, value double precision not null, quality text not null, signature text not null,
  topic text not null, payload bytea not null, received_at_ms bigint not null,
  primary key (provider, site, stream, seq)
);
`;

/** A month of raw readings. */
export interface RawMonth extends Interval {
  /** `readings_2026_06`. */
  readonly table: string;
  /** As the database last counted them. */
  readonly readings: number;
  readonly bytes: number;
}

export interface RetentionPlan {
  /** Raw readings that start before it go. */
  readonly before: Instant;
  readonly drop: readonly RawMonth[];
  readonly keep: readonly RawMonth[];
  /** Older than that, but not yet with the engine that they are copied to. */
  readonly waiting: readonly RawMonth[];
}

/** Start of the month that lies `months` before the one of `now`, UTC. @throws RangeError for less than one month */
export function rawFloor(now: Instant, months: number): Instant {
  if (!Number.isInteger(months) || months < 1) throw new RangeError(`raw readings are kept for 1 month at least, found ${months}`);
  const today = new Date(now);
  return Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - months);
}

/** What retention would do; nothing is changed. @param waitingFrom  nothing from here on may go yet */
export async function planRetention(pool: pg.Pool, before: Instant, waitingFrom = Number.POSITIVE_INFINITY): Promise<RetentionPlan> {
  const { rows } = await pool.query<{ table: string; readings: number; bytes: number }>(
    `select c.relname as table, greatest(c.reltuples, 0)::float8 as readings, pg_total_relation_size(c.oid)::float8 as bytes
     from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'readings'::regclass order by c.relname`,
  );
  const months = rows.map((row): RawMonth => {
    const [, year, month] = /^readings_(\d+)_(\d+)$/.exec(row.table) ?? [];
    return { ...row, start: Date.UTC(Number(year), Number(month) - 1), end: Date.UTC(Number(year), Number(month)) };
  });
  const old = months.filter(({ end }) => end <= before);
  return {
    before,
    drop: old.filter(({ end }) => end <= waitingFrom),
    keep: months.filter(({ end }) => end > before),
    waiting: old.filter(({ end }) => end > waitingFrom),
  };
}

/** Drops the months of a plan, oldest first. @returns readings kept as evidence */
export async function applyRetention(pool: pg.Pool, { drop }: Pick<RetentionPlan, 'drop'>): Promise<number> {
  let kept = 0;
  for (const month of drop) kept += await dropMonth(pool, month);
  return kept;
}

async function dropMonth(pool: pg.Pool, { table, start, end }: RawMonth): Promise<number> {
  await pool.query(
    'insert into raw_floor (before_ms) values ($1) on conflict (only_one) do update set before_ms = greatest(raw_floor.before_ms, $1)',
    [end],
  );
  const kept = await keepEvidence(pool, table, { start, end });
  for (;;) {
    const { rowCount } = await pool.query(
      `delete from reading_keys where ctid = any(array(select ctid from reading_keys where start_ms < $1 limit ${keysMax}))`,
      [end],
    );
    if ((rowCount ?? 0) < keysMax) break;
  }
  await inTransaction(pool, async (client) => {
    await client.query(`set local lock_timeout = ${MINUTE}`); // writers go first; a run that waited in vain comes again
    await client.query(`drop table if exists ${table}`);
  });
  await dropBatches(pool, end);
  return kept;
}

/** Both sides of every equivocation are evidence: the refused one is in quarantine, what stands of a banned slot is copied here. */
async function keepEvidence(pool: pg.Pool, table: string, { start, end }: Interval): Promise<number> {
  const { rowCount } = await pool.query(
    `insert into reading_evidence
     select distinct r.* from ${table} r
     join banned_slots b on b.site = r.site and r.start_ms < b.slot_ms + ${SLOT} and r.end_ms > b.slot_ms
     where r.start_ms >= $1 and r.start_ms < $2
     on conflict do nothing`,
    [start, end],
  );
  return rowCount ?? 0;
}

/** Messages of batches whose readings are all gone; one that is evidence stays. */
const dropBatches = (pool: pg.Pool, end: Instant) =>
  pool.query(
    `delete from batches b where end_ms <= $1
     and not exists (select from reading_evidence e where e.provider = b.provider and e.site = b.site and split_part(e.signature, '.', 1) = b.signature)`,
    [end],
  );
