/**
 * Series store on PostgreSQL ≥ 15.
 *
 * Raw readings lie in monthly partitions by start of metering. A partitioned key would have to contain that start, so
 * (provider, site, stream, seq) is kept unique in `reading_keys`, and a reading is stored only if its key was new. One commit
 * is one transaction; heads and counts are kept in step by it, so that neither is ever a scan. What it writes is in
 * `postgres-series-writes.ts`.
 */
import type pg from 'pg';
import { type DurationMs, HOUR, type Instant, type Interval, SLOT } from '../../units/time.ts';
import type { Curve } from '../grid/grid-feed.ts';
import type { SignalProvenance } from '../grid/signal-provenance.ts';
import type { Outlook, OutlookSlot } from '../outlook.ts';
import { batchStream } from '../telemetry/batch.ts';
import { meteredMsMax, type Reading, streams } from '../telemetry/reading.ts';
import type { WeatherForecast } from '../weather/weather-feed.ts';
import type { Beside } from './postgres-beside.ts';
import { retentionSchema } from './postgres-retention.ts';
import { energySchema, putEnergy, selectEnergy, selectFleetEnergy } from './postgres-series-energy.ts';
import { importBulk } from './postgres-series-import.ts';
import {
  addCounts,
  ensurePartitions,
  insertBanned,
  insertBatches,
  insertCurves,
  insertQuarantined,
  insertReadings,
  insertWeather,
  raiseHeads,
  schemaLock,
} from './postgres-series-writes.ts';
import { inTransaction } from './postgres-transaction.ts';
import { checkBatch, type IngestBatch, type Rollup, type Sample, type SeriesStore } from './series-store.ts';

/** Idempotent; run it whole before the first use, as one query (which makes it one transaction). */
export const seriesSchema = `
select pg_advisory_xact_lock(${schemaLock});
create table if not exists readings (
  provider text not null, site text not null, stream text not null, seq bigint not null,
  start_ms bigint not null, end_ms bigint not null, value double precision not null, quality text not null, signature text not null,
  topic text not null, payload bytea not null, received_at_ms bigint not null
) partition by range (start_ms);
create index if not exists readings_by_site on readings (site, stream, start_ms);
create table if not exists reading_keys (
  provider text not null, site text not null, stream text not null, seq bigint not null, start_ms bigint not null,
  primary key (provider, site, stream, seq)
);
create table if not exists batches ( -- a member's row holds no message of its own: its signature is this one's, a dot and its index
  provider text not null, site text not null, seq bigint not null, end_ms bigint not null, signature text not null,
  topic text not null, payload bytea not null, received_at_ms bigint not null,
  primary key (provider, site, seq)
);
create index if not exists batches_by_signature on batches (signature);
create table if not exists banned_slots (site text not null, slot_ms bigint not null, primary key (site, slot_ms));
${retentionSchema}create table if not exists curves (
  zone text not null, signal text not null, seq bigint not null, issued_at_ms bigint not null,
  start_ms bigint not null, step_ms bigint not null, end_ms bigint not null, step_values double precision[] not null,
  unit text not null, signature text not null, topic text not null, payload bytea not null, received_at_ms bigint not null,
  primary key (zone, signal, seq)
);
create index if not exists curves_by_end on curves (zone, signal, end_ms);
alter table curves add column if not exists provenance jsonb;
create table if not exists weather_forecasts (
  provider text not null, site text not null, variable text not null, seq bigint not null, issued_at_ms bigint not null,
  start_ms bigint not null, step_ms bigint not null, end_ms bigint not null, step_values double precision[] not null,
  unit text not null, signature text not null, topic text not null, payload bytea not null, received_at_ms bigint not null,
  primary key (provider, site, variable, seq)
);
create index if not exists weather_by_site on weather_forecasts (site, end_ms);
create table if not exists quarantined (
  id bigint generated always as identity primary key, received_at_ms bigint not null, reason text not null, detail text not null,
  topic bytea not null, payload bytea not null, digest bytea not null,
  unique (received_at_ms, digest)
);
alter table quarantined add column if not exists sender text not null default '';
alter table quarantined add column if not exists lasting boolean not null default false;
create index if not exists quarantined_by_sender on quarantined (sender, reason, id) where not lasting;
create table if not exists rollups (
  site text not null, stream text not null, slot_ms bigint not null,
  energy_wh double precision not null, covered_ms bigint not null, signed_ms bigint not null,
  available_at_ms bigint not null,
  primary key (site, stream, slot_ms)
);
do $$ begin -- rollups of before there were unsigned readings
  alter table rollups add column signed_ms bigint;
  update rollups set signed_ms = covered_ms;
  alter table rollups alter column signed_ms set not null;
exception when duplicate_column then null; end $$;
${energySchema}
create table if not exists outlooks (
  id text primary key, site text not null, issued_at_ms bigint not null, model text not null,
  start_ms bigint not null, step_ms bigint not null, slots jsonb not null, beside jsonb
);
alter table outlooks add column if not exists beside jsonb;
create index if not exists outlooks_by_site on outlooks (site, issued_at_ms);
create table if not exists sequence_heads (
  sender text not null, stream text not null, seq bigint not null, end_ms bigint not null, signature text not null,
  primary key (sender, stream)
);
create table if not exists series_counts (kind text not null, reason text not null, count bigint not null, primary key (kind, reason));
`;

/**
 * The adapter; the caller owns the pool and has run `seriesSchema`. What is `beside` writes in the same transactions.
 *
 * Its promises reject with the driver's own errors when the database is away; a commit that rejected may be repeated.
 */
export function createPostgresSeriesStore(pool: pg.Pool, beside?: Beside): SeriesStore {
  const partitions = new Set<string>();
  return {
    async commit(batch) {
      checkBatch(batch);
      await ensurePartitions(pool, partitions, batch.readings);
      try {
        await inTransaction(pool, (client) => writeBatch(client, batch, beside));
      } catch (fault) {
        partitions.clear(); // one may have been dropped under us
        throw fault;
      }
    },
    async signatureOf(sender, stream, seq) {
      const { rows } = await pool.query<{ signature: string }>(
        `select r.signature from reading_keys k join readings r using (provider, site, seq, start_ms)
         where provider = split_part($1, '/', 1) and site = split_part($1, '/', 2) and seq = $3
           and k.stream = $2 and r.stream = regexp_replace($2, '^unsigned/', '') and (r.signature = '') = ($2 like 'unsigned/%')
         union all select signature from batches
         where $2 = '${batchStream}' and provider = split_part($1, '/', 1) and site = split_part($1, '/', 2) and seq = $3
         union all select signature from curves where zone = $1 and signal = $2 and seq = $3
         union all select signature from weather_forecasts
         where provider = split_part($1, '/', 1) and site = split_part($1, '/', 2) and variable = $2 and seq = $3`,
        [sender, stream, seq],
      );
      return rows[0]?.signature;
    },
    async heads() {
      const { rows } = await pool.query(
        `select sender, stream, seq::float8, end_ms::float8 as "end", signature from sequence_heads
         order by sender collate "C", stream collate "C"`,
      );
      return rows;
    },
    async bannedSlots() {
      const { rows } = await pool.query('select site, slot_ms::float8 as slot from banned_slots order by site collate "C", slot_ms');
      return rows;
    },
    async readings(site, stream, { start, end }, asOf) {
      const { rows } = await pool.query<ReadingRow>(
        `select provider, site, stream, start_ms::float8, end_ms::float8, value, seq::float8, quality, signature from readings
         ${meeting} order by start_ms, seq, provider collate "C"`,
        [site, stream, start, end, asOf],
      );
      return rows.map(({ start_ms, end_ms, ...rest }) => ({ ...rest, metered: { start: start_ms, end: end_ms } }));
    },
    async samples(site, stream, { start, end }, asOf) {
      const { rows } = await pool.query<SampleRow>(`${selectSamples} ${meeting} order by start_ms, seq, provider collate "C"`, [
        site,
        stream,
        start,
        end,
        asOf,
      ]);
      return rows.map(sampleFrom);
    },
    async latest(asOf) {
      const { rows } = await pool.query<SampleRow>(
        `select last.* from
           (select distinct split_part(sender, '/', 2) as site, stream
            from (select sender, regexp_replace(stream, '^unsigned/', '') as stream from sequence_heads) heads where stream = any($2)) known,
           lateral (${selectSamples} where site = known.site and stream = known.stream
                    and received_at_ms <= $1 and start_ms < $1::bigint + ${aheadMsMax}
                    order by start_ms desc, seq desc, provider collate "C" desc limit 1) last
         order by last.site collate "C", last.stream collate "C"`,
        [asOf, streams],
      );
      return rows.map(sampleFrom);
    },
    importReadings: (imported) => importBulk(pool, partitions, imported, beside),
    async putRollups(rollups) {
      if (rollups.length === 0) return;
      await inTransaction(pool, async (client) => {
        const energy = await putEnergy(client, rollups);
        await beside?.rolledUp(client, energy);
      });
    },
    energy: (site, stream, interval, step, asOf) => selectEnergy(pool, { site, stream, interval, step, asOf }),
    fleetEnergy: (stream, interval, step, asOf) => selectFleetEnergy(pool, { stream, interval, step, asOf }),
    async rollups(site, stream, { start, end }, asOf) {
      const { rows } = await pool.query<Rollup>(
        `select site, stream, slot_ms::float8 as slot, energy_wh as "energyWh", covered_ms::float8 as "coveredMs",
                signed_ms::float8 as "signedMs",
                available_at_ms::float8 as "availableAt"
         from rollups where site = $1 and stream = $2 and slot_ms > $3::bigint - ${SLOT} and slot_ms < $4 and $3 < $4 and available_at_ms <= $5
         order by slot_ms`,
        [site, stream, start, end, asOf],
      );
      return rows;
    },
    async curves(zone, signal, { start, end }, asOf) {
      const { rows } = await pool.query<CurveRow>(
        `select zone, signal, issued_at_ms::float8 as "issuedAt", start_ms::float8 as start, step_ms::float8 as "stepMs",
                step_values as values, unit, seq::float8, signature, provenance
         from curves where zone = $1 and signal = $2 and end_ms > $3 and start_ms < $4 and $3 < $4 and issued_at_ms <= $5
         order by issued_at_ms, seq`,
        [zone, signal, start, end, asOf],
      );
      return rows.map(({ provenance, ...row }) => ({
        ...row,
        values: row.values.map((value) => value ?? undefined),
        ...(provenance ? { provenance } : {}),
      }));
    },
    async weather(site, { start, end }, asOf) {
      // many issues overlap, so their values come as text: the driver reads an array's elements one by one
      const { rows } = await pool.query<WeatherRow>(
        `select provider, site, variable, issued_at_ms::float8 as "issuedAt", start_ms::float8 as start, step_ms::float8 as "stepMs",
                array_to_string(step_values, ',', '') as values, unit, seq::float8, signature
         from weather_forecasts
         where site = $1 and end_ms > $2 and start_ms < $3 and $2 < $3 and greatest(issued_at_ms, received_at_ms) <= $4
         order by issued_at_ms, provider collate "C", variable collate "C", weather_forecasts.seq`,
        [site, start, end, asOf],
      );
      return rows.map((row) => ({ ...row, values: row.values.split(',').map((value) => (value === '' ? undefined : Number(value))) }));
    },
    async putOutlook(outlook) {
      await inTransaction(pool, (client) => writeOutlook(client, outlook, beside));
    },
    async outlook(site, asOf) {
      const { rows } = await pool.query<OutlookRow>(
        `${selectOutlooks} where site = $1 and issued_at_ms <= $2 order by issued_at_ms desc, id collate "C" desc limit 1`,
        [site, asOf],
      );
      return rows[0] && outlookFrom(rows[0]);
    },
    async outlooks(site, { start, end }) {
      const { rows } = await pool.query<OutlookRow>(
        `${selectOutlooks} where site = $1 and issued_at_ms >= $2 and issued_at_ms < $3 order by issued_at_ms, id collate "C"`,
        [site, start, end],
      );
      return rows.map(outlookFrom);
    },
    async counts() {
      const { rows } = await pool.query<{ kind: string; reason: string; count: number }>(
        'select kind, reason, count::float8 from series_counts order by reason collate "C"',
      );
      const of = (kind: string) => rows.filter((row) => row.kind === kind);
      return {
        readings: of('readings')[0]?.count ?? 0,
        curves: of('curves')[0]?.count ?? 0,
        weather: of('weather')[0]?.count ?? 0,
        quarantined: Object.fromEntries(of('quarantined').map(({ reason, count }) => [reason, count])),
      };
    },
    async quarantine(limit, reason) {
      const { rows } = await pool.query<{ reason: string; detail: string; topic: Buffer; payload: Buffer; at: Instant }>(
        `select reason, detail, topic, payload, received_at_ms::float8 as at from quarantined
         where $2::text is null or reason = $2
         order by received_at_ms desc, id desc limit $1`,
        [limit, reason ?? null],
      );
      return rows.map(({ reason, detail, topic, payload, at }) => ({
        evidence: { topic: topic.toString(), payload: new Uint8Array(payload), receivedAt: at },
        reason,
        detail,
      }));
    },
  };
}

/** A reading may claim to start so long after it was received, and is still looked for as the last. */
const aheadMsMax: DurationMs = HOUR;

/** Of site $1 and stream $2, received by $5, whose metered interval meets [$3, $4). */
const meeting = `where site = $1 and stream = $2 and start_ms < $4 and end_ms > $3 and $3 < $4 and start_ms > $3::bigint - ${meteredMsMax}
  and received_at_ms <= $5`;

const selectSamples = `select site, stream, start_ms::float8 as start, end_ms::float8 as end, value, received_at_ms::float8 as "availableAt"
  from readings`;

interface SampleRow extends Omit<Sample, 'metered'>, Interval {}
const sampleFrom = ({ start, end, ...rest }: SampleRow): Sample => ({ ...rest, metered: { start, end } });

async function writeBatch(client: pg.PoolClient, batch: IngestBatch, beside: Beside | undefined): Promise<void> {
  const readings = await insertReadings(client, batch.readings);
  await insertBatches(client, batch.batches ?? []);
  await insertBanned(client, batch.banned ?? []);
  const curves = await insertCurves(client, batch.curves);
  const weather = await insertWeather(client, batch.weather);
  const reasons = await insertQuarantined(client, batch.quarantined);
  await raiseHeads(client, batch);
  // last: its rows are shared by all writers
  const totals = await addCounts(client, { readings: readings.length, curves: curves.length, weather: weather.length }, reasons);
  if (!beside || totals.length === 0) return;
  const all = [...batch.readings, ...batch.curves, ...batch.weather, ...batch.quarantined];
  const receivedAt = all.reduce((newest, { evidence }) => Math.max(newest, evidence.receivedAt), 0);
  await beside.committed(client, { readings, curves, totals, receivedAt });
}

async function writeOutlook(client: pg.PoolClient, outlook: Outlook, beside: Beside | undefined): Promise<void> {
  const { id, site, issuedAt, model, start, stepMs, slots, ...rest } = outlook;
  const { rowCount } = await client.query(
    `insert into outlooks (id, site, issued_at_ms, model, start_ms, step_ms, slots, beside) values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict do nothing`,
    [id, site, issuedAt, model, start, stepMs, JSON.stringify(slots), JSON.stringify(rest)],
  );
  if (rowCount) await beside?.issued(client, outlook);
}

interface ReadingRow extends Omit<Reading, 'metered'> {
  readonly start_ms: Instant;
  readonly end_ms: Instant;
}
interface CurveRow extends Omit<Curve, 'values' | 'provenance'> {
  readonly values: readonly (number | null)[];
  readonly provenance: SignalProvenance | null;
}
interface WeatherRow extends Omit<WeatherForecast, 'values'> {
  /** Steps with commas between; a gap is empty. */
  readonly values: string;
}
type OutlookBeside = Pick<Outlook, 'sources' | 'notes' | 'baselines'>;
interface OutlookRow extends Omit<Outlook, 'slots' | keyof OutlookBeside> {
  readonly slots: readonly Partial<OutlookSlot>[];
  /** `null` in rows of before there was anything beside. */
  readonly beside: OutlookBeside | null;
}

const selectOutlooks =
  'select id, site, issued_at_ms::float8 as "issuedAt", model, start_ms::float8 as start, step_ms::float8 as "stepMs", slots, beside from outlooks';

const outlookFrom = ({ beside, ...row }: OutlookRow): Outlook => ({ ...row, slots: row.slots.map(slotFrom), ...beside });

/** JSON leaves out what is `undefined`; the slot says it again. */
const slotFrom = ({ surplusKw, importPrice, carbonIntensity, marginalIntensity }: Partial<OutlookSlot>): OutlookSlot => ({
  surplusKw,
  importPrice,
  carbonIntensity,
  marginalIntensity,
});
