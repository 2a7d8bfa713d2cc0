/**
 * Rates of ingest: signed readings from MQTT QoS 1 to committed in PostgreSQL with their receipt, beside the raw broker.
 *
 * Meters, Mosquitto, the oracle and an embedded PostgreSQL that syncs to disk are processes of their own on this machine's
 * cores. Signing is done before the clock starts: it is the meters' work.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import pg from 'pg';
import { startPostgres } from '../../cli/embedded/postgres.ts';
import { seriesSchema } from '../../energy-oracle/store/postgres-series-store.ts';
import { startMosquitto } from '../fixtures/mosquitto.ts';
import type { MetersTold, MetersWork } from './ingest-meters.ts';
import type { Bar } from './main.ts';

const sites = 100;
type Load = Omit<MetersWork, 'url' | 'sites' | 'raw'>;
/** Messages for more than the seconds at the target, so that a faster machine has work to the end. */
const single: Load = { perMessage: 1, ratePerS: 0, seconds: 60, messages: 420_000 };
const steady: Load = { perMessage: 1, ratePerS: 2_000, seconds: 30, messages: 60_000 };
const batched: Load = { perMessage: 60, ratePerS: 0, seconds: 30, messages: 26_000 };
/** Signing hundreds of thousands of readings takes a while; nothing else does. */
const readyMsMax = 300_000;

const program = (file: string, args: readonly string[]) =>
  fork(join(import.meta.dirname, file), args, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });

function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('a process of the bench does not answer')), readyMsMax);
    child.once('message', (told) => {
      clearTimeout(late);
      resolve(told as T);
    });
    child.once('exit', (code) => reject(new Error(`a process of the bench ended with ${code}`)));
  });
}

/** Signs, waits for `before`, runs, and tells. */
async function measure(work: MetersWork, before: () => Promise<() => Promise<void>>): Promise<MetersTold> {
  const meters = program('ingest-meters.ts', []);
  meters.send(work);
  await answer(meters);
  const after = await before();
  meters.send('go');
  const told = await answer<MetersTold>(meters);
  await after();
  meters.kill();
  return told;
}

/** The load on the broker alone, with one subscriber that does nothing. */
const rawly = async (url: string, load: Load): Promise<MetersTold> =>
  measure({ ...load, url, sites, raw: true }, async () => {
    const listener = await connectAsync(url, { protocolVersion: 4 });
    await listener.subscribeAsync('energy/v1/#', { qos: 1 });
    return () => listener.endAsync(true);
  });

/** The load through the oracle into a new database. */
async function throughOracle(url: string, databaseUrl: string, load: Load): Promise<MetersTold> {
  return measure({ ...load, url, sites, raw: false }, async () => {
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
    await pool.query(`drop schema public cascade; create schema public; ${seriesSchema}`);
    await pool.end();
    const oracle = program('ingest-oracle.ts', [url, databaseUrl, String(sites)]);
    await answer(oracle);
    return async () => {
      oracle.disconnect();
    };
  });
}

const perS = ({ readings, seconds }: MetersTold) => Math.round(readings / seconds);
/** Everything that was sent had a receipt, and none was refused. */
const isWhole = ({ refused, unanswered, readings }: MetersTold) => refused === 0 && unanswered === 0 && readings > 0;

/** The bars of rates. */
export async function benchRates(tell: (line: string) => void): Promise<Bar[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sunward-rates-'));
  const [broker, postgres] = await Promise.all([startMosquitto(), startPostgres({ folder })]);
  try {
    const run = async (what: string, load: Load) => {
      tell(`ingest: signing ${load.messages} messages, then ${what}`);
      const told = await throughOracle(broker.url, postgres.url, load);
      tell(`ingest: ${what}: ${perS(told)} readings/s, p50 ${told.p50Ms} ms, p99 ${told.p99Ms} ms`);
      return told;
    };
    const alone = await run('as many as come, each signed', single);
    const steadily = await run('2,000/s, each signed', steady);
    const many = await run('as many as come, 60 under a signature', batched);
    tell('ingest: the same on the broker alone');
    const raw = await rawly(broker.url, { ...single, seconds: 15, messages: 120_000 });
    return [
      {
        bar: 'signed readings, MQTT QoS 1 to committed with receipt, sustained',
        value: perS(alone),
        unit: 'readings/s',
        target: '≥ 5,000 for 60 s, none refused or lost',
        holds: perS(alone) >= 5_000 && isWhole(alone),
      },
      {
        bar: 'the same at 2,000/s, publish to receipt, p99',
        value: steadily.p99Ms,
        unit: 'ms',
        target: '≤ 250',
        holds: steadily.p99Ms <= 250 && isWhole(steadily) && perS(steadily) >= 1_900,
      },
      {
        bar: 'batches of 60 under a signature, the same way',
        value: perS(many),
        unit: 'readings/s',
        target: '≥ 30,000',
        holds: perS(many) >= 30_000 && isWhole(many),
      },
      {
        bar: 'the raw broker: messages of one reading, QoS 1 both ways',
        value: perS(raw),
        unit: 'messages/s',
        target: 'told',
        holds: true,
      },
    ];
  } finally {
    await Promise.all([broker.stop(), postgres.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}
