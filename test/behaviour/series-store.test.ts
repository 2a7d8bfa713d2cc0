/**
 * The series stores, each against the one suite; and what only a database has to show.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Curve } from '../../energy-oracle/grid/grid-feed.ts';
import { createMemorySeriesStore } from '../../energy-oracle/store/memory-series-store.ts';
import { createPostgresSeriesStore, seriesSchema } from '../../energy-oracle/store/postgres-series-store.ts';
import { type Accepted, everStored } from '../../energy-oracle/store/series-store.ts';
import { type Reading, readingTopic } from '../../energy-oracle/telemetry/reading.ts';
import { MINUTE, SECOND } from '../../units/time.ts';
import { postgresServers, type TestPostgres } from '../fixtures/postgres.ts';
import { seriesStoreSuite } from './series-store.suite.ts';

describe('the series store in memory', () => seriesStoreSuite(async () => ({ store: createMemorySeriesStore() })));

describe.each(postgresServers)('the series store on $name', ({ start }) => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await start();
  }, MINUTE);
  afterAll(() => server.stop());

  seriesStoreSuite(async () => {
    const { pool } = await server.database(seriesSchema);
    return { store: createPostgresSeriesStore(pool), reopen: () => createPostgresSeriesStore(pool) };
  });

  test('takes its schema twice, and from two processes at once', async () => {
    const { pool } = await server.database();
    await Promise.all([pool.query(seriesSchema), pool.query(seriesSchema), pool.query(seriesSchema)]);
    expect((await createPostgresSeriesStore(pool).counts()).readings).toBe(0);
  });

  test('keeps the message of a reading as evidence', async () => {
    const { pool } = await server.database(seriesSchema);
    const { value, evidence } = reading(0);
    await createPostgresSeriesStore(pool).commit({ readings: [{ value, evidence }], curves: [], weather: [], quarantined: [] });
    const { rows } = await pool.query('select topic, payload, received_at_ms::int from readings');
    expect(rows).toEqual([{ topic: evidence.topic, payload: Buffer.from(evidence.payload), received_at_ms: 42 }]);
  });

  test('keeps the message of a batch once, and leads from a member to it', async () => {
    const { pool } = await server.database(seriesSchema);
    const evidence = { topic: 'energy/v1/sunco/evora/batch', payload: new Uint8Array([123, 0, 255]), receivedAt: 42 };
    const readings = [0, 1].map((seq) => ({ value: { ...reading(seq).value, signature: `root.${seq}` }, evidence }));
    const mark = { value: { provider: 'sunco', site: 'evora', seq: 0, signature: 'root', end: 2_000 }, evidence };
    await createPostgresSeriesStore(pool).commit({ readings, curves: [], weather: [], quarantined: [], batches: [mark] });
    const { rows } = await pool.query(
      `select r.seq::int, length(r.payload) as own, b.payload from readings r
       join batches b on b.signature = split_part(r.signature, '.', 1) order by r.seq`,
    );
    expect(rows).toEqual([0, 1].map((seq) => ({ seq, own: 0, payload: Buffer.from(evidence.payload) })));
  });

  test('undoes the readings when a later part of the commit fails in the database', async () => {
    const { pool } = await server.database(seriesSchema);
    const store = createPostgresSeriesStore(pool);
    const unstorable: Curve = {
      zone: 'PT',
      signal: 'carbon_intensity',
      issuedAt: 0,
      start: 0,
      stepMs: MINUTE,
      values: [1],
      unit: 'gCO2eq/kWh',
      seq: 0,
      signature: 'no text holds \0',
    };
    const batch = { readings: [reading(0)], curves: [{ value: unstorable, evidence: reading(0).evidence }], weather: [], quarantined: [] };
    await expect(store.commit(batch)).rejects.toThrow(/invalid byte sequence/);
    expect(await store.counts()).toEqual({ readings: 0, curves: 0, weather: 0, quarantined: {} });
    expect(await store.signatureOf('sunco/evora', 'pv_power', 0)).toBeUndefined();
    expect(await store.heads()).toEqual([]);
    await store.commit({ ...batch, curves: [] });
    expect((await store.counts()).readings).toBe(1);
  });

  test('goes on after its connection was cut in the middle of a commit', async () => {
    const { pool, url } = await server.database(seriesSchema);
    const store = createPostgresSeriesStore(pool);
    const rival = new pg.Client({ connectionString: url });
    await rival.connect();
    await rival.query('begin; lock table reading_keys in access exclusive mode');
    const cut = store.commit({ readings: [reading(0)], curves: [], weather: [], quarantined: [] });
    const waiting = `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await vi.waitUntil(async () => (await rival.query(waiting)).rowCount);
    await rival.query(`select pg_terminate_backend(pid) from (${waiting}) as waiting`);
    await expect(cut).rejects.toThrow();
    await rival.query('rollback');
    await store.commit({ readings: [reading(0)], curves: [], weather: [], quarantined: [] });
    expect((await store.counts()).readings).toBe(1);
    await rival.end();
  });

  test('goes on after a month was dropped under it', async () => {
    const { pool } = await server.database(seriesSchema);
    const store = createPostgresSeriesStore(pool);
    await store.commit({ readings: [reading(0)], curves: [], weather: [], quarantined: [] });
    await pool.query('drop table readings_1970_01');
    await expect(store.commit({ readings: [reading(1)], curves: [], weather: [], quarantined: [] })).rejects.toThrow(/no partition/);
    await store.commit({ readings: [reading(1)], curves: [], weather: [], quarantined: [] });
    expect((await store.readings('evora', 'pv_power', { start: 0, end: MINUTE }, everStored)).map(({ seq }) => seq)).toEqual([1]);
  });
});

function reading(seq: number): Accepted<Reading> {
  const metered = { start: seq * SECOND, end: (seq + 1) * SECOND };
  return {
    value: {
      provider: 'sunco',
      site: 'evora',
      stream: 'pv_power',
      metered,
      value: 1,
      seq,
      quality: 'measured',
      signature: `signature ${seq}`,
    },
    evidence: { topic: readingTopic('sunco', 'evora', 'pv_power'), payload: new Uint8Array([123, 0, 255]), receivedAt: 42 },
  };
}
