/**
 * Import: readings of before Sunward was there, in bulk, with their energy.
 *
 * They are unsigned and carry no message, so they get no key: what an import meets in the store is left out instead, and
 * imports take turns. One call is one transaction, a stream of one site at a time.
 */
import type pg from 'pg';
import { MINUTE } from '../../units/time.ts';
import { meteredMsMax, type Reading } from '../telemetry/reading.ts';
import { mergeImport, rollUpLong, spanOfImport } from './energy-steps.ts';
import type { Beside } from './postgres-beside.ts';
import { putEnergy } from './postgres-series-energy.ts';
import { addCounts, ensurePartitions, raiseHeads } from './postgres-series-writes.ts';
import { inTransaction } from './postgres-transaction.ts';
import { type Accepted, checkBatch, type ImportedReadings, importProvider } from './series-store.ts';

/** Imports take turns ("imp"); the lock ends with its transaction. */
const importLock = 0x69_6d_70;
/** Rows in one statement. */
const rowsMax = 20_000;

/** @returns how many were new. @throws RangeError for samples that no store takes, and for none at all */
export async function importBulk(
  pool: pg.Pool,
  partitions: Set<string>,
  imported: ImportedReadings,
  beside: Beside | undefined,
): Promise<number> {
  const { site, stream, availableAt } = imported;
  const span = spanOfImport(imported);
  const evidence = { topic: '', payload: new Uint8Array(), receivedAt: availableAt };
  const accepted = (readings: readonly Reading[]) => readings.map((value): Accepted<Reading> => ({ value, evidence }));
  const given = accepted(mergeImport(imported, []).fresh);
  checkBatch({ readings: given, curves: [], weather: [], quarantined: [] });
  await ensurePartitions(pool, partitions, given);
  return inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [importLock]);
    await client.query(`set local statement_timeout = ${10 * MINUTE}`);
    const { rows } = await client.query<Omit<Reading, 'metered'> & { start: number; end: number }>(
      `select provider, site, stream, seq::float8, start_ms::float8 as start, end_ms::float8 as end, value, quality, signature from readings
       where site = $1 and stream = $2 and start_ms > $3::bigint - ${meteredMsMax} and start_ms < $4 and end_ms > $3 order by start_ms`,
      [site, stream, span.start, span.end],
    );
    const { rows: floor } = await client.query<{ before: number }>('select before_ms::float8 as before from raw_floor');
    const known = imported.samples.filter(({ metered }) => metered.start >= (floor[0]?.before ?? 0));
    const stored = rows.map(({ start, end, ...rest }) => ({ ...rest, metered: { start, end } }));
    const { fresh, whole } = mergeImport({ ...imported, samples: known }, stored);
    if (fresh.length === 0) return 0;
    for (let at = 0; at < fresh.length; at += rowsMax) await insertRows(client, imported, fresh.slice(at, at + rowsMax));
    const rollups = rollUpLong({ site, stream, readings: whole }, availableAt);
    if (rollups.length > 0) await putEnergy(client, rollups);
    await raiseHeads(client, { readings: accepted(fresh.slice(-1)), curves: [], weather: [], quarantined: [] });
    await addCounts(client, { readings: fresh.length, curves: 0, weather: 0 }, new Map());
    await beside?.imported(client, span);
    return fresh.length;
  });
}

async function insertRows(client: pg.PoolClient, { site, stream, availableAt }: ImportedReadings, rows: readonly Reading[]): Promise<void> {
  await client.query({
    name: 'import-readings',
    text: `insert into readings (provider, site, stream, seq, start_ms, end_ms, value, quality, signature, topic, payload, received_at_ms)
           select '${importProvider}', $1, $2, start_ms, start_ms, end_ms, value, 'measured', '', '', '', $3
           from unnest($4::bigint[], $5::bigint[], $6::float8[]) as g(start_ms, end_ms, value)`,
    values: [
      site,
      stream,
      availableAt,
      rows.map(({ metered }) => metered.start),
      rows.map(({ metered }) => metered.end),
      rows.map(({ value }) => value),
    ],
  });
}
