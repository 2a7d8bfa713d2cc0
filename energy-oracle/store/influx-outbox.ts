/**
 * Outbox: what InfluxDB has not been told yet, in the PostgreSQL that the books are in.
 *
 * An entry is written in the transaction of what it tells of, so it is there if and only if that was committed. Entries go
 * in order and are deleted once stored. Bounded: beyond `outboxPointsMax` the oldest are replaced by the days they lie in,
 * which are then copied from the books. What is left says which span InfluxDB must not be asked about.
 */
import type pg from 'pg';
import { DAY, type Instant, type Interval } from '../../units/time.ts';
import type { Curve } from '../grid/grid-feed.ts';
import { rollupsPolicy } from './influx-client.ts';
import { curveLines, energyLine, outlookLines, readingLine, totalLine } from './influx-lines.ts';
import type { Beside, SeriesEnergy } from './postgres-beside.ts';
import { type EnergyStep, energyStepMs } from './series-store.ts';

/** Idempotent; after the series schema. */
export const outboxSchema = `
create table if not exists influx_outbox (
  id bigint generated always as identity primary key, policy text, from_ms bigint, to_ms bigint,
  points int not null, lines text not null, refused text
);
alter table influx_outbox alter column lines set storage external;
create table if not exists influx_days (day_ms bigint primary key, asked int not null default 1);
create table if not exists influx_target (only_one boolean primary key default true check (only_one), name text not null);
`;

/** Points that wait as lines; what is more waits as days. About 300 MB. */
export const outboxPointsMax = 2_000_000;
/** Lines in one entry. */
const entryLinesMax = 5_000;

export interface OutboxEntry {
  readonly id: string;
  readonly policy: string | null;
  readonly points: number;
  readonly lines: string;
}

export interface Backlog {
  readonly entries: number;
  readonly points: number;
  /** Whole days that are to be copied. */
  readonly days: number;
  /** Entries that InfluxDB would not have, and why the newest was not. */
  readonly refused: number;
  readonly refusal: string | undefined;
  /** Nothing that was measured outside this span waits; `undefined` when nothing waits. */
  readonly span: Interval | undefined;
}

export interface InfluxOutbox {
  readonly beside: Beside;
  /** Has the whole store copied when the target is another one than last time. */
  openTo(target: string): Promise<void>;
  backlog(): Promise<Backlog>;
  /** Raw readings that start before it were dropped here by retention; 0 when none were. */
  rawFloor(): Promise<Instant>;
  /** The oldest entries, in order. */
  take(entriesMax: number): Promise<readonly OutboxEntry[]>;
  done(entries: readonly OutboxEntry[]): Promise<void>;
  /** It stays, and so does the span it lies in. */
  refuse(entry: OutboxEntry, why: string): Promise<void>;
  /** The newest day that waits to be copied, and how often that was asked for. */
  nextDay(): Promise<{ readonly day: Instant; readonly asked: number } | undefined>;
  /** It stays when it was asked for again meanwhile. */
  dayDone(copied: { readonly day: Instant; readonly asked: number }): Promise<void>;
  /** Turns the oldest entries into days when there are too many. */
  bound(pointsMax?: number): Promise<void>;
}

export function createInfluxOutbox(pool: pg.Pool): InfluxOutbox {
  return {
    beside: outboxBeside,
    openTo: (target) => openTarget(pool, target),
    async backlog() {
      const { rows } = await pool.query(
        `select count(o.id)::int as entries, coalesce(sum(o.points), 0)::int as points, count(o.refused)::int as refused,
                (array_agg(o.refused order by o.id desc) filter (where o.refused is not null))[1] as refusal,
                (select count(*)::int from influx_days) as days,
                least(min(o.from_ms), (select min(day_ms) from influx_days))::float8 as start,
                greatest(max(o.to_ms), (select max(day_ms) + ${DAY} from influx_days))::float8 as "end"
         from influx_outbox o`,
      );
      const [{ start, end, refusal, ...counts }] = rows as [Record<string, never>];
      return {
        ...(counts as unknown as Backlog),
        refusal: refusal ?? undefined,
        span: start === null ? undefined : { start, end },
      } as Backlog;
    },
    async rawFloor() {
      const { rows } = await pool.query<{ before: number }>('select before_ms::float8 as before from raw_floor');
      return rows[0]?.before ?? 0;
    },
    async take(entriesMax) {
      const { rows } = await pool.query<OutboxEntry>(
        'select id::text, policy, points, lines from influx_outbox where refused is null order by influx_outbox.id limit $1',
        [entriesMax],
      );
      return rows;
    },
    async done(entries) {
      await pool.query('delete from influx_outbox where id = any($1::bigint[])', [entries.map(({ id }) => id)]);
    },
    async refuse({ id }, why) {
      await pool.query('update influx_outbox set refused = $2 where id = $1', [id, why]);
    },
    async nextDay() {
      const { rows } = await pool.query<{ day: Instant; asked: number }>(
        'select day_ms::float8 as day, asked from influx_days order by day_ms desc limit 1',
      );
      return rows[0];
    },
    async dayDone({ day, asked }) {
      await pool.query('delete from influx_days where day_ms = $1 and asked = $2', [day, asked]);
    },
    async bound(pointsMax = outboxPointsMax) {
      await pool.query(
        `with newer as (select id, from_ms, sum(points) over (order by id desc) as upto from influx_outbox),
              gone as (delete from influx_outbox o using newer n where o.id = n.id and n.upto > $1 and n.from_ms is not null
                       returning o.from_ms, o.to_ms)
         insert into influx_days (day_ms) select distinct day from gone, ${daysWithin('from_ms', 'to_ms')} ${orAgain}`,
        [pointsMax],
      );
    },
  };
}

const daysWithin = (from: string, to: string) =>
  `generate_series(${from}::bigint - ${from}::bigint % ${DAY}, ${to}::bigint - 1, ${DAY}::bigint) as day`;

/** A day that is being copied meanwhile is copied once more. */
const orAgain = 'on conflict (day_ms) do update set asked = influx_days.asked + 1';

/** Whoever leaves InfluxDB and comes back finds all of it copied anew. */
export async function forgetTarget(pool: pg.Pool): Promise<void> {
  await pool.query(`do $$ begin
    if to_regclass('influx_target') is not null then truncate influx_target, influx_outbox, influx_days; end if;
  end $$`);
}

async function openTarget(pool: pg.Pool, target: string): Promise<void> {
  const { rows } = await pool.query<{ name: string }>('select name from influx_target');
  if (rows[0]?.name === target) return;
  await pool.query('truncate influx_outbox, influx_days, influx_target');
  await pool.query(
    `insert into influx_days (day_ms) select day from
       (select least(min(start_ms), min(month_from)) as from_ms, greatest(max(start_ms) + ${DAY}, max(month_to)) as to_ms
        from (select start_ms, null::bigint as month_from, null::bigint as month_to from energy_days
              union all
              select null, (extract(epoch from month) * 1000)::bigint, (extract(epoch from month + interval '1 month') * 1000)::bigint
              from (select to_timestamp(substring(c.relname from '\\d+_\\d+$') || '+00', 'YYYY_MM+TZH') at time zone 'UTC' as month
                    from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'readings'::regclass) m) e) whole,
       ${daysWithin('from_ms', 'to_ms')} on conflict do nothing`,
  );
  await pool.query('insert into influx_target (name) values ($1)', [target]);
}

const outboxBeside: Beside = {
  async committed(client, { readings, curves, totals, receivedAt }) {
    if (readings.length > 0) {
      const starts = readings.map(({ value }) => value.metered.start);
      const ends = readings.map(({ value }) => value.metered.end);
      await put(client, readings.map(readingLine), { span: { start: least(starts), end: -least(ends.map((end) => -end)) } });
    }
    const shown: Curve[] = [];
    for (const { value } of curves) if (await isNewest(client, value)) shown.push(value);
    await put(client, [...shown.flatMap(curveLines), ...totals.map((total) => totalLine(total, receivedAt))], {});
  },
  async rolledUp(client, energy) {
    const of = (step: EnergyStep, sums: readonly SeriesEnergy[]) => sums.map((sum) => energyLine(step, sum));
    const lines = [...of('slot', energy.slot), ...of('hour', energy.hour), ...of('day', energy.day)];
    const days = energy.day.map(({ start }) => start);
    const span = { start: least(days), end: -least(days.map((day) => -day)) + energyStepMs.day };
    await put(client, lines, { policy: rollupsPolicy, span });
  },
  async imported(client, { start, end }) {
    await client.query(`insert into influx_days (day_ms) select day from ${daysWithin('$1', '$2')} ${orAgain}`, [Math.max(0, start), end]);
  },
  async issued(client, outlook) {
    await put(client, outlookLines(outlook), {});
  },
};

const least = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);

async function put(
  client: pg.PoolClient,
  lines: readonly string[],
  about: { readonly policy?: string; readonly span?: Interval },
): Promise<void> {
  for (let at = 0; at < lines.length; at += entryLinesMax) {
    const part = lines.slice(at, at + entryLinesMax);
    await client.query({
      name: 'put-outbox',
      text: 'insert into influx_outbox (policy, from_ms, to_ms, points, lines) values ($1, $2, $3, $4, $5)',
      values: [about.policy ?? null, about.span?.start ?? null, about.span?.end ?? null, part.length, part.join('\n')],
    });
  }
}

/** A late curve does not cover what a newer issue says of the same steps. */
async function isNewest(client: pg.PoolClient, { zone, signal, issuedAt, start, stepMs, values }: Curve): Promise<boolean> {
  const { rowCount } = await client.query(
    'select from curves where zone = $1 and signal = $2 and issued_at_ms > $3 and end_ms > $4 and start_ms < $5 limit 1',
    [zone, signal, issuedAt, start, start + stepMs * values.length],
  );
  return rowCount === 0;
}
