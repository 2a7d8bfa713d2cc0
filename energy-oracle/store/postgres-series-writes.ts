/**
 * Writing half of the series store on PostgreSQL: the statements of one commit, and the months they need.
 *
 * Each takes many rows in one statement and is idempotent by key. Rows go in one order for all writers, so that two of
 * them wait for each other rather than deadlock. The transaction is the store's (`postgres-series-store.ts`).
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Instant } from '../../units/time.ts';
import type { Curve } from '../grid/grid-feed.ts';
import { batchStream, rootSignature } from '../telemetry/batch.ts';
import type { CurveBody } from '../telemetry/curve-message.ts';
import { numberedAs, type Reading } from '../telemetry/reading.ts';
import type { RawMessage } from '../telemetry/telemetry-source.ts';
import type { WeatherForecast } from '../weather/weather-feed.ts';
import type { Total } from './postgres-beside.ts';
import {
  type Accepted,
  type BannedSlot,
  type BatchMark,
  type IngestBatch,
  type Quarantined,
  quarantinedBytesMax,
  quarantinedMax,
  type SequenceHead,
} from './series-store.ts';

/** Serialises making of tables and partitions between processes ("ser"); ends with its transaction. */
export const schemaLock = 0x736572;

/** Makes the months that a batch needs, in a transaction of their own: an empty month harms nobody. */
export async function ensurePartitions(pool: pg.Pool, known: Set<string>, readings: readonly Accepted<Reading>[]): Promise<void> {
  const missing = new Map<string, { from: Instant; to: Instant }>();
  for (const { value } of readings) {
    const start = new Date(value.metered.start);
    const [year, month] = [start.getUTCFullYear(), start.getUTCMonth()];
    const name = `readings_${year}_${String(month + 1).padStart(2, '0')}`;
    if (!known.has(name)) missing.set(name, { from: Date.UTC(year, month), to: Date.UTC(year, month + 1) });
  }
  if (missing.size === 0) return;
  const statements = [...missing].map(
    ([name, { from, to }]) => `create table if not exists ${name} partition of readings for values from (${from}) to (${to});`,
  );
  await pool.query(`select pg_advisory_xact_lock(${schemaLock}); ${statements.join('\n')}`);
  for (const name of missing.keys()) known.add(name);
}

/** Postgres text cannot hold NUL; a message that contains one must still be storable. */
const printable = (text: string): string => text.replaceAll('\0', '\u{fffd}');

/** An array as PostgreSQL reads one, of numbers and of words that need no quotes; far quicker than the driver's own. */
const plainArray = (values: readonly (number | string)[]): string => `{${values.join(',')}}`;

/**
 * What retention dropped is not stored again. A message's own fields go once, however many readings it brought.
 *
 * @returns those that were new
 */
export async function insertReadings(client: pg.PoolClient, readings: readonly Accepted<Reading>[]): Promise<readonly Accepted<Reading>[]> {
  const given = onceInOrder(readings);
  if (given.length === 0) return [];
  const messages = new Map<RawMessage, number>();
  const senders: Accepted<Reading>[] = [];
  const messageOf = given.map((accepted) => {
    const known = messages.get(accepted.evidence);
    if (known !== undefined) return known;
    messages.set(accepted.evidence, senders.push(accepted));
    return senders.length;
  });
  const { rows } = await client.query<{ place: number }>({
    name: 'insert-readings',
    text: insertReadingsText,
    values: [
      senders.map(({ value }) => value.provider),
      senders.map(({ value }) => value.site),
      senders.map(({ value }) => rootSignature(value.signature) ?? value.signature),
      senders.map(({ evidence }) => evidence.topic),
      senders.map(({ value, evidence }) => (rootSignature(value.signature) === undefined ? Buffer.from(evidence.payload) : nothing)),
      plainArray(senders.map(({ evidence }) => evidence.receivedAt)),
      plainArray(messageOf),
      plainArray(given.map(({ value }) => (value.signature === '' ? -2 : memberIndex(value.signature)))),
      plainArray(given.map(({ value }) => value.stream)),
      plainArray(given.map(({ value }) => value.seq)),
      plainArray(given.map(({ value }) => value.metered.start)),
      plainArray(given.map(({ value }) => value.metered.end)),
      plainArray(given.map(({ value }) => value.value)),
      plainArray(given.map(({ value }) => value.quality)),
    ],
  });
  if (rows.length === 0) return given;
  const old = new Set(rows.map(({ place }) => place));
  return given.filter((_, i) => !old.has(i + 1));
}

/** The first of each number, in one order for all writers: no deadlock. */
function onceInOrder(readings: readonly Accepted<Reading>[]): readonly Accepted<Reading>[] {
  const first = new Map<string, Accepted<Reading>>();
  for (const accepted of readings) {
    const { provider, site, seq } = accepted.value;
    const key = `${provider}/${site}/${numberedAs(accepted.value)}/${seq}`;
    if (!first.has(key)) first.set(key, accepted);
  }
  return [...first.keys()].sort().map((key) => first.get(key) as Accepted<Reading>);
}

/** Where a reading stands in its batch; −1 of one that was signed alone. */
const memberIndex = (signature: string): number => {
  const dot = signature.indexOf('.');
  return dot < 0 ? -1 : Number(signature.slice(dot + 1));
};

/** `member` is −2 of an unsigned reading, −1 of one that was signed alone. Answers with the places of those that were there already. */
const insertReadingsText = `
  with message as (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bigint[]) with ordinality
      as m(provider, site, signature, topic, payload, received_at_ms, message)
  ), given as materialized (
    select m.provider, m.site, g.stream, case when member = -2 then 'unsigned/' || g.stream else g.stream end as numbered, g.seq,
           g.start_ms, g.end_ms, g.value, g.quality,
           case when member < 0 then m.signature else m.signature || '.' || member end as signature,
           m.topic, m.payload, m.received_at_ms, g.place
    from unnest($7::bigint[], $8::int[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::float8[], $14::text[]) with ordinality
      as g(message, member, stream, seq, start_ms, end_ms, value, quality, place)
    join message m using (message)
  ), floor as (
    select coalesce(max(before_ms), -9223372036854775808) as before_ms from raw_floor
  ), fresh as (
    insert into reading_keys (provider, site, stream, seq, start_ms)
    select provider, site, numbered, seq, start_ms from given where start_ms >= (select before_ms from floor) order by place
    on conflict do nothing returning provider, site, stream as numbered, seq
  ), stored as (
    insert into readings (provider, site, stream, seq, start_ms, end_ms, value, quality, signature, topic, payload, received_at_ms)
    select provider, site, stream, seq, start_ms, end_ms, value, quality, signature, topic, payload, received_at_ms from given
    where (select count(*) from fresh) = (select count(*) from given) or (provider, site, numbered, seq) in (select provider, site, numbered, seq from fresh)
  )
  select place::int from given
  where (select count(*) from fresh) < (select count(*) from given)
    and (provider, site, numbered, seq) not in (select provider, site, numbered, seq from fresh)`;

/** A batch's message is kept in `batches`, not with each of its members. */
const nothing = Buffer.alloc(0);

/** The messages of batches, once each. */
export async function insertBatches(client: pg.PoolClient, batches: readonly Accepted<BatchMark>[]): Promise<void> {
  if (batches.length === 0) return;
  const rankOf = ({ value }: Accepted<BatchMark>) => `${value.provider}/${value.site}/${value.seq}`;
  const given = [...batches].sort((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1)); // one order for all writers: no deadlock
  await client.query({
    name: 'insert-batches',
    text: `insert into batches (provider, site, seq, end_ms, signature, topic, payload, received_at_ms)
           select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bytea[], $8::bigint[])
           on conflict do nothing`,
    values: [
      given.map(({ value }) => value.provider),
      given.map(({ value }) => value.site),
      given.map(({ value }) => value.seq),
      given.map(({ value }) => value.end),
      given.map(({ value }) => value.signature),
      given.map(({ evidence }) => evidence.topic),
      given.map(({ evidence }) => Buffer.from(evidence.payload)),
      given.map(({ evidence }) => evidence.receivedAt),
    ],
  });
}

export async function insertBanned(client: pg.PoolClient, banned: readonly BannedSlot[]): Promise<void> {
  if (banned.length === 0) return;
  const given = [...banned].sort((a, b) => (a.site < b.site ? -1 : a.site > b.site ? 1 : a.slot - b.slot));
  await client.query('insert into banned_slots (site, slot_ms) select * from unnest($1::text[], $2::bigint[]) on conflict do nothing', [
    given.map(({ site }) => site),
    given.map(({ slot }) => slot),
  ]);
}

/** @returns those that were new */
export const insertCurves = (client: pg.PoolClient, curves: readonly Accepted<Curve>[]): Promise<readonly Accepted<Curve>[]> =>
  insertIssued(client, 'curves', ['zone', 'signal'], curves, ({ zone, signal }) => [zone, signal], {
    columns: ['provenance'],
    values: ({ provenance }) => [provenance === undefined ? null : JSON.stringify(provenance)],
  });

/** @returns those that were new */
export const insertWeather = (
  client: pg.PoolClient,
  weather: readonly Accepted<WeatherForecast>[],
): Promise<readonly Accepted<WeatherForecast>[]> =>
  insertIssued(client, 'weather_forecasts', ['provider', 'site', 'variable'], weather, ({ provider, site, variable }) => [
    provider,
    site,
    variable,
  ]);

const bodyColumns = [
  ...['seq', 'issued_at_ms', 'start_ms', 'step_ms', 'end_ms', 'step_values', 'unit', 'signature'],
  ...['topic', 'payload', 'received_at_ms'],
];

/** One by one: curves and forecasts are few, a handful per zone or site and hour. */
async function insertIssued<Issued extends CurveBody>(
  client: pg.PoolClient,
  table: string,
  ownColumns: readonly string[],
  given: readonly Accepted<Issued>[],
  ownValues: (value: Issued) => readonly string[],
  beside: { readonly columns: readonly string[]; readonly values: (value: Issued) => readonly (string | null)[] } = {
    columns: [],
    values: () => [],
  },
): Promise<readonly Accepted<Issued>[]> {
  const fresh: Accepted<Issued>[] = [];
  const columns = [...ownColumns, ...bodyColumns, ...beside.columns];
  const rankOf = ({ value }: Accepted<Issued>) => [...ownValues(value), value.seq].join('/');
  const ordered = [...given].sort((a, b) => (rankOf(a) < rankOf(b) ? -1 : rankOf(a) > rankOf(b) ? 1 : 0)); // one order for all writers
  for (const accepted of ordered) {
    const { value, evidence } = accepted;
    const { seq, issuedAt, start, stepMs, values, unit, signature } = value;
    const { rowCount } = await client.query({
      name: `insert-${table}`,
      text: `insert into ${table} (${columns.join(', ')}) values (${columns.map((_, i) => `$${i + 1}`).join(', ')}) on conflict do nothing`,
      values: [
        ...ownValues(value),
        seq,
        issuedAt,
        start,
        stepMs,
        start + stepMs * values.length,
        values.map((step) => step ?? null),
        printable(unit),
        signature,
        evidence.topic,
        Buffer.from(evidence.payload),
        evidence.receivedAt,
        ...beside.values(value),
      ],
    });
    if (rowCount) fresh.push(accepted);
  }
  return fresh;
}

/** @returns how many were new, by reason */
export async function insertQuarantined(client: pg.PoolClient, messages: readonly Quarantined[]): Promise<ReadonlyMap<string, number>> {
  const byReason = new Map<string, number>();
  if (messages.length === 0) return byReason;
  const digest = ({ reason, evidence }: Quarantined) =>
    createHash('sha256')
      .update(JSON.stringify([reason, evidence.topic]))
      .update(evidence.payload)
      .digest();
  const { rows } = await client.query<{ reason: string }>({
    name: 'insert-quarantined',
    text: `insert into quarantined (received_at_ms, reason, detail, topic, payload, digest, sender, lasting)
           select at, reason, detail, topic, payload, digest, sender, lasting
           from unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[], $7::text[], $8::boolean[])
             with ordinality as g(at, reason, detail, topic, payload, digest, sender, lasting, place)
           order by place on conflict do nothing returning reason`,
    values: [
      messages.map(({ evidence }) => evidence.receivedAt),
      messages.map(({ reason }) => printable(reason)),
      messages.map(({ detail }) => printable(detail)),
      messages.map(({ evidence }) => Buffer.from(evidence.topic)),
      messages.map(({ evidence }) => Buffer.from(evidence.payload)),
      messages.map(digest),
      messages.map(({ sender = '' }) => sender),
      messages.map(({ lasting = false }) => lasting),
    ],
  });
  for (const { reason } of rows) byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
  await makeRoom(client, messages);
  return byReason;
}

/** Lets the oldest messages of every sender and reason go that there are too many of; O(`quarantinedMax`) each. */
async function makeRoom(client: pg.PoolClient, messages: readonly Quarantined[]): Promise<void> {
  const given = new Map(
    messages.filter(({ lasting }) => !lasting).map(({ sender = '', reason }) => [`${sender} ${reason}`, { sender, reason }]),
  );
  if (given.size === 0) return;
  await client.query({
    name: 'make-room',
    text: `delete from quarantined q using unnest($1::text[], $2::text[]) as g(sender, reason), lateral (
             select id from (
               select id, row_number() over newest as place, sum(length(payload)) over newest as bytes
               from quarantined where sender = g.sender and reason = g.reason and not lasting window newest as (order by id desc)
             ) ranked where place > $3 or (bytes > $4 and place > 1)
           ) old where q.id = old.id`,
    values: [
      [...given.values()].map(({ sender }) => sender),
      [...given.values()].map(({ reason }) => printable(reason)),
      quarantinedMax,
      quarantinedBytesMax,
    ],
  });
}

/** A number above the head is always a new one, so the batch's highest decide without asking which of them were. */
export async function raiseHeads(client: pg.PoolClient, { readings, curves, weather, batches = [] }: IngestBatch): Promise<void> {
  const highest = new Map<string, SequenceHead>();
  const raise = (sender: string, stream: string, seq: number, end: Instant, signature: string) => {
    const key = `${sender}/${stream}`;
    if (seq > (highest.get(key)?.seq ?? -1)) highest.set(key, { sender, stream, seq, end, signature });
  };
  for (const { value } of readings)
    raise(`${value.provider}/${value.site}`, numberedAs(value), value.seq, value.metered.end, value.signature);
  for (const { value } of batches) raise(`${value.provider}/${value.site}`, batchStream, value.seq, value.end, value.signature);
  for (const { value } of curves.filter(({ value }) => value.signature !== ''))
    raise(value.zone, value.signal, value.seq, value.issuedAt, value.signature);
  for (const { value } of weather) raise(`${value.provider}/${value.site}`, value.variable, value.seq, value.issuedAt, value.signature);
  if (highest.size === 0) return;
  const heads = [...highest.keys()].sort().flatMap((key) => highest.get(key) ?? []); // one order for all writers: no deadlock
  await client.query({
    name: 'raise-heads',
    text: `insert into sequence_heads (sender, stream, seq, end_ms, signature)
           select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[])
           on conflict (sender, stream) do update set seq = excluded.seq, end_ms = excluded.end_ms, signature = excluded.signature
           where excluded.seq > sequence_heads.seq`,
    values: [
      heads.map(({ sender }) => sender),
      heads.map(({ stream }) => stream),
      heads.map(({ seq }) => seq),
      heads.map(({ end }) => end),
      heads.map(({ signature }) => signature),
    ],
  });
}

/** @returns the totals that changed */
export async function addCounts(
  client: pg.PoolClient,
  { readings, curves, weather }: { readonly readings: number; readonly curves: number; readonly weather: number },
  reasons: ReadonlyMap<string, number>,
): Promise<readonly Total[]> {
  const added = [
    { kind: 'curves', reason: '', count: curves },
    ...[...reasons].sort(([a], [b]) => (a < b ? -1 : 1)).map(([reason, count]) => ({ kind: 'quarantined', reason, count })),
    { kind: 'readings', reason: '', count: readings },
    { kind: 'weather', reason: '', count: weather },
  ].filter(({ count }) => count > 0);
  if (added.length === 0) return [];
  const { rows } = await client.query<Total>(
    `insert into series_counts (kind, reason, count) select * from unnest($1::text[], $2::text[], $3::bigint[])
     on conflict (kind, reason) do update set count = series_counts.count + excluded.count
     returning kind, reason, count::float8`,
    [added.map(({ kind }) => kind), added.map(({ reason }) => reason), added.map(({ count }) => count)],
  );
  return rows;
}
