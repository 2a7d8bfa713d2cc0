/**
 * InfluxDB by config: `INFLUX_URL` puts the time series that people chart into an InfluxDB 1.x beside the database.
 *
 * `INFLUX_USER`, `INFLUX_PASSWORD` and `INFLUX_DATABASE` say as whom and where. Without a URL nothing is told to anyone, and
 * what was told before is forgotten, so that coming back copies everything anew.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { createInfluxClient } from '../energy-oracle/store/influx-client.ts';
import { startDrain } from '../energy-oracle/store/influx-drain.ts';
import { createInfluxOutbox, forgetTarget, outboxSchema } from '../energy-oracle/store/influx-outbox.ts';
import { createInfluxSeriesStore } from '../energy-oracle/store/influx-series-store.ts';
import { createPostgresSeriesStore } from '../energy-oracle/store/postgres-series-store.ts';
import type { SeriesStore } from '../energy-oracle/store/series-store.ts';
import { wallClock } from '../units/clock.ts';

export interface OpenedSeries {
  readonly series: SeriesStore;
  /** Its row in the table of parts; `undefined` when there is no InfluxDB. */
  readonly part:
    | { readonly part: string; readonly engine: string; readonly durable: boolean; readonly address: string; readonly limit: string }
    | undefined;
  /** Why InfluxDB does not answer; `undefined` when it does, or is not there. */
  away(): string | undefined;
  /** Points that wait for InfluxDB; `undefined` when there is none. */
  readonly backlog: (() => Promise<number>) | undefined;
  stop(): Promise<void>;
}

/** The series store as the environment says. @throws RangeError for a URL that is none */
export async function openSeries(
  pool: pg.Pool,
  env: Readonly<Record<string, string | undefined>>,
  tell: (line: string) => void,
): Promise<OpenedSeries> {
  const url = env['INFLUX_URL'];
  if (!url) {
    await forgetTarget(pool);
    return { series: createPostgresSeriesStore(pool), part: undefined, away: () => undefined, backlog: undefined, stop: async () => {} };
  }
  if (!/^https?:$/.test(protocolOf(url)))
    throw new RangeError(`INFLUX_URL: found ${JSON.stringify(url)}; allowed: http(s)://host:port of an InfluxDB 1.x`);
  const database = env['INFLUX_DATABASE'] ?? 'sunward';
  const influx = createInfluxClient({ url, database, username: env['INFLUX_USER'], password: env['INFLUX_PASSWORD'] });
  await pool.query(outboxSchema);
  const outbox = createInfluxOutbox(pool);
  await outbox.openTo(`${url} ${database}`);
  await influx.reach().catch(() => undefined); // it is away: the drain says so and goes on trying
  const wait = async (durationMs: number) => void (await sleep(durationMs, undefined, { ref: false }));
  const drain = startDrain({ pool, outbox, influx, clock: wallClock, wait, tell });
  const books = createPostgresSeriesStore(pool, outbox.beside);
  return {
    series: createInfluxSeriesStore({ books, outbox, influx, onWritten: () => drain.wake() }),
    part: {
      part: 'charted series',
      engine: 'InfluxDB 1.x (INFLUX_URL)',
      durable: true,
      address: `${url}/${database}`,
      limit: 'the server’s own; what it misses waits in the database',
    },
    away: () => influx.away(),
    backlog: async () => (await outbox.backlog()).points,
    stop: () => drain.stop(),
  };
}

const protocolOf = (url: string): string => (URL.canParse(url) ? new URL(url).protocol : '');
