/**
 * The series store on InfluxDB against the one suite: a real influxd beside an embedded PostgreSQL.
 *
 * Once as it is, once with an outbox that is drained before every question, so that all that is asked of InfluxDB comes
 * from it, and once with the server killed in the middle of each test.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createInfluxClient, type InfluxTarget } from '../../energy-oracle/store/influx-client.ts';
import { type Drain, startDrain } from '../../energy-oracle/store/influx-drain.ts';
import { createInfluxOutbox, outboxSchema } from '../../energy-oracle/store/influx-outbox.ts';
import { createInfluxSeriesStore } from '../../energy-oracle/store/influx-series-store.ts';
import { createPostgresSeriesStore, seriesSchema } from '../../energy-oracle/store/postgres-series-store.ts';
import { everStored, type SeriesStore } from '../../energy-oracle/store/series-store.ts';
import type { Reading } from '../../energy-oracle/telemetry/reading.ts';
import { wallClock } from '../../units/clock.ts';
import { HOUR, MINUTE, SECOND, SLOT } from '../../units/time.ts';
import { hasInfluxd, startTestInflux, type TestInflux } from '../fixtures/influxd.ts';
import { startTestPostgres, type TestPostgres } from '../fixtures/postgres.ts';
import { seriesStoreSuite } from './series-store.suite.ts';

const midnight = Date.UTC(2026, 5, 1);
const whole = { start: 0, end: Date.UTC(2100, 0, 1) };
const nothing = { readings: [], curves: [], weather: [], quarantined: [] };
const wait = async (durationMs: number) => void (await sleep(durationMs, undefined, { ref: false }));

function reading(seq: number, site = 'evora') {
  const metered = { start: midnight + seq * SECOND, end: midnight + (seq + 1) * SECOND };
  const value: Reading = {
    provider: 'p',
    site,
    stream: 'pv_power',
    metered,
    value: seq / 7,
    seq,
    quality: 'measured',
    signature: `s${seq}`,
  };
  return { value, evidence: { topic: 't', payload: new Uint8Array([1]), receivedAt: metered.end } };
}

describe.runIf(hasInfluxd)('the series store on InfluxDB', () => {
  let postgres: TestPostgres;
  let influxd: TestInflux;
  const drains = new Set<Drain>();
  beforeAll(async () => {
    [postgres, influxd] = await Promise.all([startTestPostgres(), startTestInflux()]);
  }, MINUTE);
  afterEach(async () => {
    await Promise.all([...drains].map((drain) => drain.stop()));
    drains.clear();
  });
  afterAll(async () => {
    await Promise.all([postgres?.stop(), influxd?.stop()]);
  }, MINUTE);

  async function open(pool: pg.Pool, target: InfluxTarget) {
    await pool.query(outboxSchema);
    const outbox = createInfluxOutbox(pool);
    const influx = createInfluxClient(target);
    await outbox.openTo(`${target.url} ${target.database}`);
    const told: string[] = [];
    await influx.reach().catch(() => undefined);
    const drain = startDrain({ pool, outbox, influx, clock: wallClock, wait, tell: (text) => told.push(text) });
    drains.add(drain);
    const books = createPostgresSeriesStore(pool, outbox.beside);
    const store = createInfluxSeriesStore({ books, outbox, influx, onWritten: () => drain.wake() });
    const close = async () => {
      drains.delete(drain);
      await drain.stop();
    };
    return { store, books, outbox, influx, drain, told, close };
  }
  const opened = async () => {
    const { pool } = await postgres.database(seriesSchema);
    return { pool, ...(await open(pool, influxd.target())) };
  };

  describe('while the outbox drains as it comes', () =>
    seriesStoreSuite(async () => {
      const { store, pool, outbox, influx } = await opened();
      return {
        store,
        reopen: () => createInfluxSeriesStore({ books: createPostgresSeriesStore(pool), outbox, influx, onWritten: () => {} }),
      };
    }));

  describe('asked only when nothing waits', () =>
    seriesStoreSuite(async () => {
      const { store, books, drain, outbox, influx } = await opened();
      /** Of what InfluxDB is asked, nothing can come from the books: they are told to know nothing of it. */
      const forgetful: SeriesStore = { ...books, samples: gone, energy: gone, fleetEnergy: gone, latest: gone };
      const asked = createInfluxSeriesStore({ books: forgetful, outbox, influx, onWritten: () => drain.wake() });
      const drainedFirst =
        <Args extends unknown[], T>(question: (...args: Args) => Promise<T>) =>
        async (...args: Args): Promise<T> => {
          await drain.drained();
          return question(...args);
        };
      const { samples, energy, fleetEnergy, latest } = asked;
      return {
        store: {
          ...store,
          samples: drainedFirst(samples),
          energy: drainedFirst(energy),
          fleetEnergy: drainedFirst(fleetEnergy),
          latest: drainedFirst(latest),
        },
      };
    }));

  describe('killed and started again all the while', () => {
    let goesOn = true;
    let killing: Promise<void> | undefined;
    let kills = 0;
    beforeAll(() => {
      killing = (async () => {
        while (goesOn) {
          await sleep(150);
          await influxd.kill();
          kills += 1;
          await sleep(100);
          await influxd.restart();
        }
      })();
    });
    afterAll(async () => {
      goesOn = false;
      await killing;
      expect(kills).toBeGreaterThan(5);
    });
    seriesStoreSuite(async () => ({ store: (await opened()).store }));
  });

  test('loses nothing and holds nothing twice when it is killed in a stream of writes', async () => {
    const { store, books, drain, influx, outbox, pool, told, close } = await opened();
    const [perCommit, commits] = [200, 60];
    const killed = (async () => {
      for (let kill = 0; kill < 4; kill++) {
        await sleep(120);
        await influxd.kill();
        await sleep(150);
        await influxd.restart();
      }
    })();
    for (let commit = 0; commit < commits; commit++) {
      const seqs = Array.from({ length: perCommit }, (_, i) => commit * perCommit + i);
      await store.commit({ ...nothing, readings: seqs.map((seq) => reading(seq)) });
      await sleep(15);
    }
    await killed;
    await drain.drained();
    expect(told.some((text) => text.includes('waits'))).toBe(true);
    const [{ count } = {}] = await influx.query('select count(value) as count from readings');
    expect(count).toBe(perCommit * commits); // a second one of a point would be the same point: its time holds its number
    expect(await store.samples('evora', 'pv_power', whole, everStored)).toEqual(
      await books.samples('evora', 'pv_power', whole, everStored),
    );
    expect((await outbox.backlog()).points).toBe(0);
    await close();
    expect((await pool.query('select count(*)::int as n from influx_outbox')).rows[0].n).toBe(0);
  }, 60_000);

  test('takes readings and answers at once while it is away, and catches up afterwards', async () => {
    const { store, drain, influx, outbox } = await opened();
    await influxd.kill();
    const began = performance.now();
    await store.commit({ ...nothing, readings: [0, 1, 2].map((seq) => reading(seq)) });
    await store.putRollups([
      { site: 'evora', stream: 'pv_power', slot: midnight, energyWh: 3, coveredMs: SLOT, signedMs: SLOT, availableAt: midnight + HOUR },
    ]);
    expect(await store.samples('evora', 'pv_power', whole, everStored)).toHaveLength(3);
    expect(await store.latest(midnight + HOUR)).toHaveLength(1);
    expect(await store.energy('evora', 'pv_power', whole, 'day', everStored)).toHaveLength(1);
    expect(performance.now() - began).toBeLessThan(5 * SECOND);
    expect((await outbox.backlog()).entries).toBeGreaterThan(0);
    await expect.poll(() => influx.away()).toContain('InfluxDB at');
    await influxd.restart();
    await drain.drained();
    expect(influx.away()).toBeUndefined();
    expect((await influx.query('select energy_wh from rollups.energy_day'))[0]?.['energy_wh']).toBe(3);
  }, 60_000);

  test('never hangs on a server that holds connections and says nothing', async () => {
    const { store, influx, drain } = await opened();
    await store.commit({ ...nothing, readings: [reading(0)] });
    await drain.drained();
    influxd.pause();
    const began = performance.now();
    expect(await store.samples('evora', 'pv_power', whole, everStored)).toHaveLength(1); // from the books, after its deadline
    expect(performance.now() - began).toBeLessThan(8 * SECOND);
    const again = performance.now();
    expect(await store.samples('evora', 'pv_power', whole, everStored)).toHaveLength(1);
    expect(performance.now() - again).toBeLessThan(SECOND); // known to be away by now
    influxd.resume();
    await drain.drained();
    expect(influx.away()).toBeUndefined();
  }, 60_000);

  test('copies what was there before it, and anew after it was left for a while', async () => {
    const { pool } = await postgres.database(seriesSchema);
    const alone = createPostgresSeriesStore(pool);
    await alone.commit({ ...nothing, readings: Array.from({ length: 50 }, (_, seq) => reading(seq)) });
    await alone.importReadings({
      site: 'faro',
      stream: 'load_power',
      samples: Array.from({ length: 600 }, (_, i) => ({
        metered: { start: midnight - 2e9 + i * 5 * MINUTE, end: midnight - 2e9 + (i + 1) * 5 * MINUTE },
        value: i,
      })),
      availableAt: midnight,
    });
    const { store, drain, influx, outbox } = await open(pool, influxd.target());
    expect(await store.samples('evora', 'pv_power', whole, everStored)).toHaveLength(50); // waiting or not
    await drain.drained();
    expect((await outbox.backlog()).span).toBeUndefined();
    expect((await influx.query('select count(value) as count from readings'))[0]?.['count']).toBe(650);
    expect(await store.energy('faro', 'load_power', whole, 'day', everStored)).toEqual(
      await alone.energy('faro', 'load_power', whole, 'day', everStored),
    );
    expect(await store.samples('faro', 'load_power', whole, everStored)).toEqual(
      await alone.samples('faro', 'load_power', whole, everStored),
    );
  }, 60_000);

  test('keeps a bounded outbox: what is too much waits as days of the books', async () => {
    const { pool } = await postgres.database(seriesSchema);
    const { store, outbox, drain, influx } = await open(pool, influxd.target());
    await drain.drained();
    await influxd.kill();
    for (let commit = 0; commit < 20; commit++)
      await store.commit({ ...nothing, readings: Array.from({ length: 10 }, (_, i) => reading(commit * 10 + i)) });
    await outbox.bound(100);
    const backlog = await outbox.backlog();
    expect(backlog.points).toBeLessThan(140);
    expect(backlog.days).toBe(1);
    expect(await store.samples('evora', 'pv_power', whole, everStored)).toHaveLength(200);
    await influxd.restart();
    await drain.drained();
    expect((await influx.query('select count(value) as count from readings'))[0]?.['count']).toBe(200);
  }, 60_000);

  test('sets aside what it will not have, says why, and goes on', async () => {
    const { store, drain, influx, outbox, told } = await opened();
    await influx.write(`readings,provider=q,site=lagos,stream=pv_power value="a word" ${midnight}000000`);
    await store.commit({ ...nothing, readings: [reading(0)] });
    await store.putRollups([
      { site: 'evora', stream: 'pv_power', slot: midnight, energyWh: 3, coveredMs: SLOT, signedMs: SLOT, availableAt: midnight + HOUR },
    ]);
    await drain.drained();
    const { refused, refusal } = await outbox.backlog();
    expect(refused).toBe(1);
    expect(refusal).toMatch(/field type conflict/);
    expect(told.some((text) => text.includes('will not have 1 points'))).toBe(true);
    expect((await influx.query('select last(count) from totals'))[0]?.['last']).toBe(1);
    expect(await influx.query('select energy_wh from rollups.energy_day')).toHaveLength(1);
    expect(await store.samples('evora', 'pv_power', whole, everStored)).toHaveLength(1); // from the books
  }, 60_000);

  test('counts a write as stored only when the server says 204', async () => {
    const { createServer } = await import('node:http');
    const polite = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"results":[]}');
    });
    await new Promise<void>((resolve) => polite.listen(0, '127.0.0.1', resolve));
    const address = polite.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const client = createInfluxClient({ url: `http://127.0.0.1:${port}`, database: 'x' });
    await expect(client.write('a value=1 1')).rejects.toThrow(/answered a write with 200, not 204/);
    polite.close();
  });
});

const gone = async (): Promise<never> => {
  throw new Error('the books were asked for what InfluxDB should know');
};
