/**
 * Oracle under measure: ingest as `serve` composes it, in a process of its own, for a broker and a database that are given.
 *
 * The parent kills it at will; a new one goes on from the store. `INFLUX_URL` and its companions put InfluxDB beside the
 * database, as they do in `serve`. On a word it tells its counters and CPU time.
 */
import pg from 'pg';
import { openSeries } from '../../cli/influx.ts';
import { createIngest } from '../../energy-oracle/telemetry/ingest.ts';
import { createMqttTelemetrySource } from '../../energy-oracle/telemetry/mqtt-telemetry.ts';
import { createVerifier } from '../../energy-oracle/telemetry/verify.ts';
import { wallClock } from '../../units/clock.ts';
import { siteOf } from '../energy-oracle/telemetry/messages.ts';

const [mqttUrl = '', databaseUrl = '', sites = '0'] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
pool.on('error', () => undefined);
const { series: store } = await openSeries(pool, process.env, () => undefined);
const ingest = createIngest({
  source: createMqttTelemetrySource({ line: { url: mqttUrl }, clock: wallClock }),
  store,
  verifier: createVerifier({
    sites: Array.from({ length: Number(sites) }, (_, i) => siteOf(i)),
    feedKeys: {},
    heads: await store.heads(),
    banned: await store.bannedSlots(),
    checksAhead: true,
  }),
  wait: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
});
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ ...ingest.stats(), cpuS: (user + system) / 1e6 });
});
process.once('disconnect', () => process.exit(0));
await ingest.open();
process.send?.('ready');
