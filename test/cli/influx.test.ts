/**
 * InfluxDB by config, and the retention command: what an operator sees of the stores.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSeries } from '../../cli/influx.ts';
import { seriesSchema } from '../../energy-oracle/store/postgres-series-store.ts';
import { everStored } from '../../energy-oracle/store/series-store.ts';
import type { Reading } from '../../energy-oracle/telemetry/reading.ts';
import { MINUTE } from '../../units/time.ts';
import { hasInfluxd, startTestInflux, type TestInflux } from '../fixtures/influxd.ts';
import { startTestPostgres, type TestPostgres } from '../fixtures/postgres.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
}, MINUTE);
afterAll(() => postgres.stop());

const start = Date.UTC(2024, 1, 3);
const whole = { start: 0, end: Date.UTC(2100, 0, 1) };
const value: Reading = {
  ...{ provider: 'p', site: 'evora', stream: 'pv_power', metered: { start, end: start + MINUTE }, value: 1, seq: 0 },
  ...{ quality: 'measured', signature: 's' },
};
const batch = {
  readings: [{ value, evidence: { topic: 't', payload: new Uint8Array(), receivedAt: start + MINUTE } }],
  curves: [],
  weather: [],
  quarantined: [],
};

describe('the series store as the environment says', () => {
  test('is PostgreSQL alone without INFLUX_URL', async () => {
    const { pool } = await postgres.database(seriesSchema);
    const opened = await openSeries(pool, {}, () => {});
    await opened.series.commit(batch);
    expect([opened.part, opened.away(), opened.backlog]).toEqual([undefined, undefined, undefined]);
    await opened.stop();
  });

  test('refuses a URL that is none', async () => {
    const { pool } = await postgres.database(seriesSchema);
    await expect(openSeries(pool, { INFLUX_URL: 'influx.local:8086' }, () => {})).rejects.toThrow(/INFLUX_URL: found "influx.local:8086"/);
  });

  test('goes on without an InfluxDB that never answers, and says so', async () => {
    const { pool } = await postgres.database(seriesSchema);
    const said: string[] = [];
    const opened = await openSeries(pool, { INFLUX_URL: 'http://127.0.0.1:9' }, (line) => said.push(line));
    await opened.series.commit(batch);
    expect(await opened.series.samples('evora', 'pv_power', whole, everStored)).toHaveLength(1);
    expect(opened.away()).toContain('http://127.0.0.1:9');
    expect(await opened.backlog?.()).toBeGreaterThan(0);
    expect(opened.part?.address).toBe('http://127.0.0.1:9/sunward');
    await expect.poll(() => said.join()).toContain('waits');
    await opened.stop();
  });

  describe.runIf(hasInfluxd)('with an InfluxDB', () => {
    let influxd: TestInflux;
    beforeAll(async () => {
      influxd = await startTestInflux();
    });
    afterAll(() => influxd.stop());

    test(
      'tells it what is committed, and all of it anew after a time without',
      async () => {
        const { pool } = await postgres.database(seriesSchema);
        const env = { INFLUX_URL: influxd.url, INFLUX_USER: influxd.username, INFLUX_PASSWORD: influxd.password, INFLUX_DATABASE: 'ours' };
        const count = async () => {
          const asked = new URL(`${influxd.url}/query`);
          asked.search = new URLSearchParams({
            u: influxd.username,
            p: influxd.password,
            db: 'ours',
            q: 'select count(value) from readings',
          }).toString();
          const { results } = (await (await fetch(asked)).json()) as { results: { series?: { values: number[][] }[] }[] };
          return results[0]?.series?.[0]?.values[0]?.[1] ?? 0;
        };
        const first = await openSeries(pool, env, () => {});
        await first.series.commit(batch);
        await expect.poll(count, { timeout: 10_000 }).toBe(1);
        await first.stop();
        const alone = await openSeries(pool, {}, () => {});
        const metered = { start: start + MINUTE, end: start + 2 * MINUTE };
        await alone.series.commit({
          ...batch,
          readings: batch.readings.map((each) => ({ ...each, value: { ...value, seq: 1, metered } })),
        });
        await alone.stop();
        const again = await openSeries(pool, env, () => {});
        await expect.poll(count, { timeout: 10_000 }).toBe(2);
        expect(again.away()).toBeUndefined();
        await again.stop();
      },
      MINUTE,
    );

    test('names what is wrong with an account', async () => {
      const { pool } = await postgres.database(seriesSchema);
      const opened = await openSeries(pool, { INFLUX_URL: influxd.url, INFLUX_USER: 'nobody', INFLUX_PASSWORD: 'x' }, () => {});
      expect(opened.away()).toMatch(/401.*authorization failed/);
      await opened.stop();
    });
  });
});

describe('sunward oracle retention', () => {
  const run = async (env: Readonly<Record<string, string>>, ...args: string[]) =>
    promisify(execFile)(process.execPath, ['--import', 'tsx', 'cli/main.ts', 'oracle', 'retention', ...args], {
      env: { ...process.env, ...env },
    });

  test(
    'says what would go, and drops it when asked to',
    async () => {
      const { url, pool } = await postgres.database(seriesSchema);
      const { series, stop } = await openSeries(pool, {}, () => {});
      await series.commit(batch);
      await stop();
      const planned = JSON.parse((await run({ DATABASE_URL: url }, '--dry-run', '--json')).stdout);
      expect(planned).toMatchObject({ dryRun: true, drop: [{ month: '2024-02' }], keep: [], evidenceKept: 0 });
      expect((await run({ DATABASE_URL: url }, '--dry-run')).stdout).toMatch(/2024-02 +would go/);
      expect(await series.samples('evora', 'pv_power', whole, everStored)).toHaveLength(1);
      expect((await run({ DATABASE_URL: url })).stdout).toMatch(/2024-02 +gone/);
      expect(await series.samples('evora', 'pv_power', whole, everStored)).toEqual([]);
      expect((await run({ DATABASE_URL: url })).stdout).toContain('There are none.');
    },
    MINUTE,
  );

  test('refuses less than a month', async () => {
    await expect(run({ DATABASE_URL: 'postgres://127.0.0.1:9/x' }, '--keep-months', '0')).rejects.toThrow(
      /found 0; allowed: whole months, at least 1/,
    );
  });
});
