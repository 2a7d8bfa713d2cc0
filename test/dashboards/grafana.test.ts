/**
 * The Grafana dashboard against a real InfluxDB that the oracle's own stores filled with a day of two sites: every query
 * of every panel is run as Grafana would run it, and an outside client reads the same values.
 */
import { execFile, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Curve } from '../../energy-oracle/grid/grid-feed.ts';
import type { Outlook } from '../../energy-oracle/outlook.ts';
import { createInfluxClient, type InfluxClient, type InfluxTarget } from '../../energy-oracle/store/influx-client.ts';
import { type Drain, startDrain } from '../../energy-oracle/store/influx-drain.ts';
import { createInfluxOutbox, outboxSchema } from '../../energy-oracle/store/influx-outbox.ts';
import { createPostgresSeriesStore, seriesSchema } from '../../energy-oracle/store/postgres-series-store.ts';
import { rollUp } from '../../energy-oracle/store/rollup.ts';
import { everStored, type SeriesStore } from '../../energy-oracle/store/series-store.ts';
import type { Reading, Stream } from '../../energy-oracle/telemetry/reading.ts';
import { DAY, HOUR, MINUTE, SLOT, slotsTouching } from '../../units/time.ts';
import { hasInfluxd, startTestInflux, type TestInflux } from '../fixtures/influxd.ts';
import { startTestPostgres, type TestPostgres } from '../fixtures/postgres.ts';

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly refId: string; readonly query: string }[];
}
const folder = 'dashboards/grafana';
const { panels, templating } = JSON.parse(readFileSync(`${folder}/dashboards/sunward.json`, 'utf8')) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
};

const midnight = Date.UTC(2026, 5, 1);
const sites = ['evora', 'faro'];
const evidenceAt = (receivedAt: number, text = 'x') => ({ topic: 't', payload: new TextEncoder().encode(text), receivedAt });

/** Sun from six to eighteen, a steady load; one message an hour is not believed. */
async function fillDay(store: SeriesStore): Promise<void> {
  const powerW = (stream: Stream, start: number) =>
    stream === 'load_power' ? 800 : Math.max(0, 5_000 * Math.sin(((start - midnight) / DAY) * 2 * Math.PI - Math.PI / 2));
  for (let hour = 0; hour < 24; hour++) {
    const start = midnight + hour * HOUR;
    const interval = { start, end: start + HOUR };
    const readings = sites.flatMap((site) =>
      (['pv_power', 'load_power'] as const).flatMap((stream) =>
        Array.from({ length: 12 }, (_, i) => {
          const metered = { start: start + i * 5 * MINUTE, end: start + (i + 1) * 5 * MINUTE };
          const value: Reading = {
            provider: 'p',
            site,
            stream,
            metered,
            value: powerW(stream, metered.start),
            seq: hour * 12 + i,
            quality: 'measured',
            signature: `s${hour}-${i}`,
          };
          return { value, evidence: evidenceAt(metered.end) };
        }),
      ),
    );
    const curves = (['day_ahead_price', 'carbon_intensity'] as const).map(
      (signal): { value: Curve; evidence: ReturnType<typeof evidenceAt> } => {
        const unit = signal === 'day_ahead_price' ? 'EUR/MWh' : 'gCO2eq/kWh';
        const value = {
          zone: 'PT',
          signal,
          issuedAt: start,
          start,
          stepMs: HOUR,
          values: [40 + hour],
          unit,
          seq: hour,
          signature: `c${hour}`,
        };
        return { value, evidence: evidenceAt(start) };
      },
    );
    const quarantined = [{ evidence: evidenceAt(interval.end, `odd ${hour}`), reason: 'schema', detail: 'odd' }];
    await store.commit({ readings, curves, weather: [], quarantined });
    for (const site of sites)
      for (const stream of ['pv_power', 'load_power'] as const)
        await store.putRollups(
          rollUp(
            { site, stream, readings: await store.readings(site, stream, interval, everStored) },
            slotsTouching(interval),
            interval.end,
          ),
        );
  }
  for (const site of sites) {
    const slots = slotsTouching({ start: midnight, end: midnight + DAY }).map(() => {
      const quantiles = { p10: 1, p50: 2, p90: 3 };
      return { surplusKw: quantiles, importPrice: quantiles, carbonIntensity: quantiles, marginalIntensity: undefined };
    });
    await store.putOutlook({ id: site, site, issuedAt: midnight, model: 'm', start: midnight, stepMs: SLOT, slots } satisfies Outlook);
  }
}

/** Variables as Grafana fills them in: several sites as a regular expression's alternatives. */
const filled = (query: string): string =>
  query
    .replaceAll('$timeFilter', `time >= ${midnight}ms and time < ${midnight + DAY}ms`)
    .replaceAll('$__interval', '10m')
    .replaceAll('$site', `(${sites.join('|')})`);

describe('the Grafana provisioning', () => {
  test('names one InfluxDB 1.x source that the dashboard and its provider fit', () => {
    const [source] = parse(readFileSync(`${folder}/provisioning/datasources/sunward.yaml`, 'utf8')).datasources;
    expect(source).toMatchObject({ type: 'influxdb', access: 'proxy', jsonData: { dbName: '$INFLUX_DATABASE', httpMode: 'GET' } });
    const text = readFileSync(`${folder}/dashboards/sunward.json`, 'utf8');
    expect([...new Set([...text.matchAll(/"uid": "([^"]+)"/g)].map(([, uid]) => uid))].sort()).toEqual(['sunward', source.uid].sort());
    const [provider] = parse(readFileSync(`${folder}/provisioning/dashboards/sunward.yaml`, 'utf8')).providers;
    expect(provider).toMatchObject({ type: 'file', options: { path: '/etc/grafana/sunward' } });
    expect(readdirSync(`${folder}/dashboards`)).toEqual(['sunward.json']);
  });
});

describe.runIf(hasInfluxd)('a day of two sites in InfluxDB', () => {
  let postgres: TestPostgres;
  let influxd: TestInflux;
  let influx: InfluxClient;
  let target: InfluxTarget;
  let drain: Drain;
  let store: SeriesStore;
  beforeAll(async () => {
    [postgres, influxd] = await Promise.all([startTestPostgres(), startTestInflux()]);
    const { pool } = await postgres.database(`${seriesSchema} ${outboxSchema}`);
    const outbox = createInfluxOutbox(pool);
    target = influxd.target('sunward');
    await outbox.openTo(target.url);
    influx = createInfluxClient(target);
    await influx.reach();
    const wait = async (durationMs: number) => void (await sleep(durationMs, undefined, { ref: false }));
    drain = startDrain({ pool, outbox, influx, clock: { now: () => midnight + 12 * HOUR }, wait });
    store = createPostgresSeriesStore(pool, outbox.beside);
    await fillDay(store);
    await drain.drained();
  }, 2 * MINUTE);
  afterAll(async () => {
    await drain?.stop();
    await Promise.all([postgres?.stop(), influxd?.stop()]);
  }, MINUTE);

  test.each(panels.flatMap(({ title, targets }) => targets.map(({ refId, query }) => ({ name: `${title} ${refId}`, query }))))(
    'fills the panel $name',
    async ({ query }) => {
      const text = filled(query);
      expect(text).not.toMatch(/\$[a-z_]/i); // nothing is left to fill in
      const rows = await influx.query(text);
      expect(rows.length).toBeGreaterThan(0);
      const numbers = rows.flatMap(({ time: _, ...row }) => Object.values(row)).filter((value) => typeof value === 'number');
      expect(numbers.length).toBeGreaterThan(0);
    },
  );

  test('shows the surplus that the slots make, and each site by name', async () => {
    const [panel] = panels.filter(({ title }) => title === 'Surplus');
    const rows = await influx.query(filled(panel?.targets[0]?.query ?? ''));
    const noon = rows.filter(({ time }) => time === midnight + 12 * HOUR);
    const [pv] = await store.rollups('evora', 'pv_power', { start: midnight + 12 * HOUR, end: midnight + 12 * HOUR + SLOT }, everStored);
    expect(noon.map(({ site }) => site)).toEqual(sites);
    expect(noon[0]?.['surplus']).toBeCloseTo((pv?.energyWh ?? 0) * 4 - 800, 6);
    const [variable] = templating.list;
    expect((await influx.query(variable?.query ?? '')).map(({ value }) => value)).toEqual(sites);
  });

  test('counts what was taken in and what was not, never backwards', async () => {
    const totals = await influx.query("select count from totals where kind = 'readings'");
    expect(totals.map(({ count }) => count)).toEqual(Array.from({ length: 24 }, (_, i) => (i + 1) * 48));
    const quarantined = await influx.query("select last(count) from totals where kind = 'quarantined' group by reason");
    expect(quarantined).toMatchObject([{ reason: 'schema', last: 24 }]);
  });

  test('is read alike by python3-influxdb, which nobody here wrote', async ({ skip }) => {
    const python = '/usr/bin/python3';
    try {
      execFileSync(python, ['-c', 'import influxdb'], { stdio: 'ignore' });
    } catch {
      if (process.env['CI']) throw new Error('python3-influxdb is not installed, and CI tests with it');
      skip('python3-influxdb is not installed');
    }
    const script = `
import influxdb, json, sys
host, port, user, password, database = sys.argv[1:6]
client = influxdb.InfluxDBClient(host, int(port), user, password, database)
hours = client.query("select energy_wh from rollups.energy_hour where site = 'evora' and stream = 'pv_power'", epoch='ms')
raw = client.query("select value from readings where site = 'faro' and stream = 'load_power'", epoch='ms')
print(json.dumps([[[p['time'], p['energy_wh']] for p in hours.get_points()], [[p['time'], p['value']] for p in raw.get_points()]]))
`;
    const { hostname, port } = new URL(target.url);
    const { stdout } = await promisify(execFile)(python, [
      '-c',
      script,
      hostname,
      port,
      influxd.username,
      influxd.password,
      target.database,
    ]);
    const [hours, raw] = JSON.parse(stdout) as [[number, number][], [number, number][]];
    const day = { start: midnight, end: midnight + DAY };
    const want = await store.energy('evora', 'pv_power', day, 'hour', everStored);
    expect(hours).toEqual(want.map(({ start, energyWh }) => [start, energyWh]));
    const samples = await store.samples('faro', 'load_power', day, everStored);
    expect(raw).toEqual(samples.map(({ metered, value }) => [metered.start, value]));
    expect(raw).toHaveLength(288);
  });
});
