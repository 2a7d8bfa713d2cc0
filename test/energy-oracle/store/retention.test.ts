/**
 * Retention on a real database: what goes, what stays, and that what went does not come back.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { retain } from '../../../cli/retention.ts';
import { signingKey } from '../../../energy-oracle/site.ts';
import { createInfluxOutbox, outboxSchema } from '../../../energy-oracle/store/influx-outbox.ts';
import { applyRetention, planRetention, rawFloor } from '../../../energy-oracle/store/postgres-retention.ts';
import { createPostgresSeriesStore, seriesSchema } from '../../../energy-oracle/store/postgres-series-store.ts';
import { everStored } from '../../../energy-oracle/store/series-store.ts';
import { encodeReading, type Reading, readingTopic } from '../../../energy-oracle/telemetry/reading.ts';
import { HOUR, MINUTE, SLOT } from '../../../units/time.ts';
import { startTestPostgres, type TestPostgres } from '../../fixtures/postgres.ts';

const key = signingKey(new Uint8Array(32).fill(7));
const whole = { start: 0, end: Date.UTC(2100, 0, 1) };
const now = Date.UTC(2026, 5, 20);
const starts = [Date.UTC(2026, 2, 31, 23), Date.UTC(2026, 3, 1), Date.UTC(2026, 4, 9), Date.UTC(2026, 5, 20)];

function accepted(seq: number, start: number, value = 100 + seq) {
  const reading: Omit<Reading, 'signature'> = {
    ...{ provider: 'p', site: 'evora', stream: 'pv_power', metered: { start, end: start + HOUR }, value, seq, quality: 'measured' },
  };
  const payload = encodeReading(reading, key);
  const { sig } = JSON.parse(new TextDecoder().decode(payload)) as { sig: string };
  const evidence = { topic: readingTopic('p', 'evora', 'pv_power'), payload, receivedAt: start + HOUR };
  return { value: { ...reading, signature: sig }, evidence };
}

const batchOf = (seq: number, end: number) => ({
  value: { provider: 'p', site: 'evora', seq, signature: `batch ${seq}`, end },
  evidence: { topic: 'energy/v1/p/evora/batch', payload: new Uint8Array([123]), receivedAt: end },
});

describe('retention', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startTestPostgres();
  }, MINUTE);
  afterAll(() => postgres.stop());

  /** One reading a month from March to June, March's told twice differently, and its rollups. */
  async function filled() {
    const { pool } = await postgres.database(seriesSchema);
    const store = createPostgresSeriesStore(pool);
    const liar = accepted(0, starts[0] as number, 999);
    await store.commit({
      readings: starts.map((start, seq) => accepted(seq, start)),
      curves: [],
      weather: [],
      quarantined: [{ evidence: liar.evidence, reason: 'equivocation', detail: 'two values' }],
      banned: [{ site: 'evora', slot: starts[0] as number }],
      batches: [0, 3].map((month, seq) => batchOf(seq, (starts[month] as number) + SLOT)),
    });
    const rollup = { site: 'evora', stream: 'pv_power' as const, energyWh: 25, coveredMs: SLOT, signedMs: SLOT, availableAt: 1 };
    await store.putRollups(starts.map((slot) => ({ ...rollup, slot })));
    return { pool, store };
  }

  test('drops whole months before the floor and keeps sums, heads, quarantine and both sides of a lie', async () => {
    const { pool, store } = await filled();
    const plan = await retain(pool, now, 1);
    expect(plan.drop.map(({ table }) => table)).toEqual(['readings_2026_03', 'readings_2026_04']);
    expect(plan.keep.map(({ table }) => table)).toEqual(['readings_2026_05', 'readings_2026_06']);
    expect(plan.evidence).toBe(1);
    expect((await store.readings('evora', 'pv_power', whole, everStored)).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(await store.energy('evora', 'pv_power', whole, 'hour', everStored)).toHaveLength(4);
    expect(await store.rollups('evora', 'pv_power', whole, everStored)).toHaveLength(4);
    expect((await store.heads()).map(({ stream, seq }) => [stream, seq])).toEqual([
      ['batch', 1],
      ['pv_power', 3],
    ]);
    expect(await store.quarantine(10, 'equivocation')).toHaveLength(1);
    const { rows } = await pool.query('select seq::int, payload from reading_evidence');
    expect(rows).toEqual([{ seq: 0, payload: Buffer.from(accepted(0, starts[0] as number).evidence.payload) }]);
    expect((await pool.query('select seq::int from reading_keys order by seq')).rows).toEqual([{ seq: 2 }, { seq: 3 }]);
    expect((await pool.query('select seq::int from batches')).rows).toEqual([{ seq: 1 }]);
  });

  test('does not let what went come back, and takes what is new', async () => {
    const { pool, store } = await filled();
    await retain(pool, now, 1);
    const again = [accepted(0, starts[0] as number), accepted(9, Date.UTC(2026, 3, 15)), accepted(10, Date.UTC(2026, 4, 15))];
    await store.commit({ readings: again, curves: [], weather: [], quarantined: [] });
    expect((await store.readings('evora', 'pv_power', whole, everStored)).map(({ seq }) => seq)).toEqual([2, 10, 3]);
    const samples = [{ metered: { start: starts[1] as number, end: (starts[1] as number) + HOUR }, value: 1 }];
    expect(await store.importReadings({ site: 'evora', stream: 'pv_power', samples, availableAt: now })).toBe(0);
    expect((await store.energy('evora', 'pv_power', whole, 'slot', everStored)).map(({ energyWh }) => energyWh)).toEqual([25, 25, 25, 25]);
  });

  test('changes nothing in a dry run, and nothing when run twice', async () => {
    const { pool, store } = await filled();
    const planned = await retain(pool, now, 2, true);
    expect(planned.drop.map(({ table }) => table)).toEqual(['readings_2026_03']);
    expect(await store.readings('evora', 'pv_power', whole, everStored)).toHaveLength(4);
    await retain(pool, now, 2);
    expect((await retain(pool, now, 2)).drop).toEqual([]);
    expect(await store.readings('evora', 'pv_power', whole, everStored)).toHaveLength(3);
  });

  test('is finished by the next run when the first was killed between keys and months', async () => {
    const { pool, store } = await filled();
    const plan = await planRetention(pool, rawFloor(now, 2));
    await pool.query('insert into raw_floor (before_ms) values ($1)', [plan.before]);
    await pool.query('delete from reading_keys where start_ms < $1', [plan.before]);
    await store.commit({ readings: [accepted(0, starts[0] as number)], curves: [], weather: [], quarantined: [] });
    expect(await store.readings('evora', 'pv_power', whole, everStored)).toHaveLength(4); // not twice
    await applyRetention(pool, plan);
    expect(await store.readings('evora', 'pv_power', whole, everStored)).toHaveLength(3);
  });

  test('waits for InfluxDB where readings are copied there', async () => {
    const { pool } = await filled();
    await pool.query(outboxSchema);
    await createInfluxOutbox(pool).openTo('an influxd that never came');
    const plan = await retain(pool, now, 1);
    expect(plan.drop).toEqual([]);
    expect(plan.waiting.map(({ table }) => table)).toEqual(['readings_2026_03', 'readings_2026_04']);
  });

  test('keeps one month at least', () => {
    expect(() => rawFloor(now, 0)).toThrow(/1 month at least, found 0/);
    expect(rawFloor(Date.UTC(2026, 1, 1), 13)).toBe(Date.UTC(2025, 0, 1));
  });
});
