/**
 * Energy sums on PostgreSQL: slots as they are put, and the hours and days that follow them in the same transaction.
 *
 * An hour is summed anew from its slots and a day from its hours whenever one of them changes, so a late reading moves
 * all three together and no sum is ever added to. Writers take turns: two slots of one hour cannot each miss the other.
 */
import type pg from 'pg';
import { DAY, HOUR, type Interval } from '../../units/time.ts';
import type { Stream } from '../telemetry/reading.ts';
import { stepOf } from './energy-steps.ts';
import type { SeriesEnergy } from './postgres-beside.ts';
import { type EnergyStep, energyStepMs, type Rollup, type StepEnergy } from './series-store.ts';

/** Serialises writers of rollups ("rol"); ends with its transaction. */
const rollupLock = 0x72_6f_6c;

const sumColumns = `site text not null, stream text not null, start_ms bigint not null, energy_wh double precision not null,
  covered_ms bigint not null, signed_ms bigint not null, available_at_ms bigint not null, primary key (site, stream, start_ms)`;

/** Part of the series schema, after `rollups`; a database of before there were sums has them filled once. */
export const energySchema = `
do $$ begin
  if to_regclass('energy_hours') is null then
    create table energy_hours (${sumColumns});
    insert into energy_hours select site, stream, slot_ms - slot_ms % ${HOUR}, sum(energy_wh order by slot_ms), sum(covered_ms),
      sum(signed_ms), max(available_at_ms) from rollups group by 1, 2, 3;
    create table energy_days (${sumColumns});
    insert into energy_days select site, stream, start_ms - start_ms % ${DAY}, sum(energy_wh order by start_ms), sum(covered_ms),
      sum(signed_ms), max(available_at_ms) from energy_hours group by 1, 2, 3;
  end if;
end $$;
`;

const sumNames = 'energy_wh, covered_ms, signed_ms, available_at_ms';
const replace =
  'energy_wh = excluded.energy_wh, covered_ms = excluded.covered_ms, signed_ms = excluded.signed_ms, available_at_ms = excluded.available_at_ms';
const asEnergy = (start: string) =>
  `${start}::float8 as start, energy_wh as "energyWh", covered_ms::float8 as "coveredMs", signed_ms::float8 as "signedMs",
   available_at_ms::float8 as "availableAt"`;

/**
 * Writes slots and brings their hours and days in step; the last of a key stands. The transaction is the caller's.
 * @returns what was written, by step
 */
export async function putEnergy(
  client: pg.PoolClient,
  rollups: readonly Rollup[],
): Promise<Readonly<Record<EnergyStep, readonly SeriesEnergy[]>>> {
  const last = new Map(rollups.map((rollup) => [`${rollup.site}/${rollup.stream}/${rollup.slot}`, rollup]));
  const given = [...last.values()];
  await client.query('select pg_advisory_xact_lock($1)', [rollupLock]);
  await client.query(
    `insert into rollups (site, stream, slot_ms, ${sumNames})
     select * from unnest($1::text[], $2::text[], $3::bigint[], $4::float8[], $5::bigint[], $6::bigint[], $7::bigint[])
     on conflict (site, stream, slot_ms) do update set ${replace}`,
    [
      given.map(({ site }) => site),
      given.map(({ stream }) => stream),
      given.map(({ slot }) => slot),
      given.map(({ energyWh }) => energyWh),
      given.map(({ coveredMs }) => coveredMs),
      given.map(({ signedMs }) => signedMs),
      given.map(({ availableAt }) => availableAt),
    ],
  );
  const slots = given.map(({ slot, ...rest }): SeriesEnergy => ({ ...rest, start: slot }));
  const hour = await sumAnew(client, 'hour', slots);
  return { slot: slots, hour, day: await sumAnew(client, 'day', hour) };
}

const tables = {
  hour: { into: 'energy_hours', from: 'rollups', start: 'slot_ms' },
  day: { into: 'energy_days', from: 'energy_hours', start: 'start_ms' },
} as const;

async function sumAnew(client: pg.PoolClient, step: 'hour' | 'day', parts: readonly SeriesEnergy[]): Promise<readonly SeriesEnergy[]> {
  const { into, from, start } = tables[step];
  const changed = new Map(
    parts.map(({ site, stream, start }) => [`${site}/${stream}/${stepOf(start, step)}`, { site, stream, start: stepOf(start, step) }]),
  );
  const steps = [...changed.values()];
  const { rows } = await client.query<SeriesEnergy>(
    `insert into ${into} (site, stream, start_ms, ${sumNames})
     select t.site, t.stream, t.start_ms, p.*
     from unnest($1::text[], $2::text[], $3::bigint[]) t(site, stream, start_ms),
       lateral (select sum(energy_wh order by ${start}), sum(covered_ms), sum(signed_ms), max(available_at_ms) from ${from}
                where site = t.site and stream = t.stream
                  and ${start} >= t.start_ms and ${start} < t.start_ms + ${energyStepMs[step]}) p
     on conflict (site, stream, start_ms) do update set ${replace}
     returning site, stream, ${asEnergy('start_ms')}`,
    [steps.map(({ site }) => site), steps.map(({ stream }) => stream), steps.map(({ start }) => start)],
  );
  return rows;
}

/** Energy of one series per step, as the port says. */
export async function selectEnergy(
  pool: pg.Pool,
  { site, stream, interval, step, asOf }: { site: string; stream: Stream; interval: Interval; step: EnergyStep; asOf: number },
): Promise<readonly StepEnergy[]> {
  const bounds = boundsOf(interval, step);
  const { rows } = await pool.query<StepEnergy>(
    `select start, "energyWh", "coveredMs", "signedMs", "availableAt" from (${known(step, 'site = $5 and')}) one_site order by start`,
    [stream, ...bounds, asOf, site],
  );
  return rows;
}

/** Energy of all sites per step, as the port says. */
export async function selectFleetEnergy(
  pool: pg.Pool,
  { stream, interval, step, asOf }: { stream: Stream; interval: Interval; step: EnergyStep; asOf: number },
): Promise<readonly StepEnergy[]> {
  const { rows } = await pool.query<StepEnergy>(
    `select start, sum("energyWh" order by site collate "C") as "energyWh", sum("coveredMs") as "coveredMs",
            sum("signedMs") as "signedMs", max("availableAt") as "availableAt"
     from (${known(step, '')}) each_site group by start order by start`,
    [stream, ...boundsOf(interval, step), asOf],
  );
  return rows;
}

/** Starts of steps that meet the interval: from, to (exclusive). */
function boundsOf({ start, end }: Interval, step: EnergyStep): readonly [number, number] {
  return end > start ? [stepOf(start, step), end] : [0, 0];
}

/**
 * Steps of stream $1 that start in [$2, $3), as known at $4: the kept sum where all of it was, else a sum of the slots
 * that were. A step that changed since is summed as its readers knew it.
 */
function known(step: EnergyStep, where: string): string {
  const bounds = (start: string) => `stream = $1 and ${start} >= $2::bigint and ${start} < $3::bigint`;
  if (step === 'slot')
    return `select site, ${asEnergy('slot_ms')} from rollups where ${where} ${bounds('slot_ms')} and available_at_ms <= $4`;
  const { into } = tables[step];
  const lengthMs = energyStepMs[step];
  return `
    select site, ${asEnergy('start_ms')} from energy_${step}s where ${where} ${bounds('start_ms')} and available_at_ms <= $4
    union all
    select site, step_ms::float8, sum(wh order by hour_ms), sum(covered)::float8, sum(signed)::float8, max(available)::float8
    from (
      select s.site, s.start_ms as step_ms, r.slot_ms - r.slot_ms % ${HOUR} as hour_ms, sum(r.energy_wh order by r.slot_ms) as wh,
             sum(r.covered_ms) as covered, sum(r.signed_ms) as signed, max(r.available_at_ms) as available
      from (select site, start_ms from ${into} where ${where} ${bounds('start_ms')} and available_at_ms > $4) s
      join rollups r on r.site = s.site and r.stream = $1 and r.slot_ms >= s.start_ms and r.slot_ms < s.start_ms + ${lengthMs}
      where r.available_at_ms <= $4 group by 1, 2, 3
    ) late group by site, step_ms`;
}
