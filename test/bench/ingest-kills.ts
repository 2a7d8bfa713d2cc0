/**
 * Kills: what fifty sites lose while oracle and broker are killed -9 and the databases are away. Nothing, it should be.
 *
 * Real Mosquitto, PostgreSQL and InfluxDB, an oracle in a process of its own; sites are real senders with their spools. A relay
 * stands before the database, so that it can be away for an oracle that lives. Counted at the end: every number that a
 * receipt named must be stored, once, with the value that was sent; and nothing else.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startPostgres } from '../../cli/embedded/postgres.ts';
import { seriesSchema } from '../../energy-oracle/store/postgres-series-store.ts';
import { randomStream } from '../../simulator/kernel/random.ts';
import { SECOND } from '../../units/time.ts';
import { startTestInflux, type TestInflux } from '../fixtures/influxd.ts';
import { type Mosquitto, startMosquitto } from '../fixtures/mosquitto.ts';
import type { SendersTold } from './ingest-senders.ts';
import type { Bar } from './main.ts';

const sites = 50;
const kills = 20;
/** Between kills: long enough to connect, judge and commit, short enough to be hit in the middle of it. */
const lifeMs = { min: 600, max: 3_000 };
/** What was measured live beside the backlog is drained at no less than this many times its rate. */
const drainTarget = 5;
const livePerS = sites * 4;

interface Relay {
  readonly port: number;
  /** Cuts every connection and refuses new ones while `away`. */
  away(away: boolean): void;
  close(): void;
}

/** A TCP relay to a port of this machine. */
async function relayTo(target: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let isAway = false;
  const server = createServer((socket) => {
    if (isAway) return void socket.destroy();
    const onward = connect(target, '127.0.0.1');
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  return {
    port: address.port,
    away: (away) => {
      isAway = away;
      if (away) for (const socket of sockets) socket.destroy();
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const answer = <T>(child: ChildProcess): Promise<T> => new Promise((resolve) => child.once('message', (told) => resolve(told as T)));
const run = (file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  fork(join(import.meta.dirname, file), args, {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });

/** A child that is killed -9 and started anew; resolves when the new one works. */
async function mortal(start: () => ChildProcess) {
  let child = start();
  await answer(child);
  return {
    kill: async () => {
      child.kill('SIGKILL');
      child = start();
      await answer(child);
    },
    end: () => void child.kill('SIGKILL'),
  };
}

export interface KillsReport {
  readonly measured: number;
  readonly acknowledged: number;
  readonly lost: readonly string[];
  readonly twice: number;
  readonly falsified: number;
  readonly neverArrived: number;
  /** Backlog drained ÷ live rate, after the database came back. */
  readonly drainFactor: number;
  /** Readings measured less those that InfluxDB has at the end. */
  readonly influxMissing: number;
  /** Readings a second that InfluxDB was told when it was back ÷ live rate. */
  readonly influxDrainFactor: number;
}

/** @param awayMs  how long the database is away */
export async function kill({ awayMs, seed, tell }: { awayMs: number; seed: number; tell: (line: string) => void }): Promise<KillsReport> {
  const draw = randomStream(seed, 'ingest-kills');
  const folder = mkdtempSync(join(tmpdir(), 'sunward-kills-'));
  const postgres = await startPostgres({ folder: join(folder, 'postgres') });
  const influx = await startTestInflux();
  const { database, ...target } = influx.target('kills');
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
  const relay = await relayTo(Number(new URL(postgres.url).port));
  const databaseUrl = Object.assign(new URL(postgres.url), { port: String(relay.port) }).href;
  let broker: Mosquitto | undefined;
  let oracle: Awaited<ReturnType<typeof mortal>> | undefined;
  let senders: ChildProcess | undefined;
  const ask = async (word: 'stop' | 'told' | 'flush'): Promise<SendersTold> => {
    senders?.send(word);
    return answer<SendersTold>(senders as ChildProcess);
  };
  try {
    await pool.query(seriesSchema);
    broker = await startMosquitto();
    const { url, port } = broker;
    const env = { INFLUX_URL: target.url, INFLUX_USER: influx.username, INFLUX_PASSWORD: influx.password, INFLUX_DATABASE: database };
    oracle = await mortal(() => run('ingest-oracle.ts', [url, databaseUrl, String(sites)], env));
    senders = run('ingest-senders.ts', [url, String(sites)]);
    await answer(senders);
    await sleep(5 * SECOND);
    await influx.kill();
    const influxGone = performance.now();
    const life = () => sleep(lifeMs.min + draw.uniform() * (lifeMs.max - lifeMs.min));
    for (let n = 1; n <= kills; n++) {
      await life();
      await oracle.kill();
      await life();
      await broker.kill();
      broker = await startMosquitto({ port });
      const { measured, pending } = await ask('told');
      tell(`ingest --kills: ${n} of ${kills} kills of oracle and broker; ${measured} measured, ${pending} pending`);
    }
    await sleep(Math.max(0, awayMs - (performance.now() - influxGone)));
    await influx.restart();
    const influxTold = await drained(pool, influx, database, tell);
    relay.away(true);
    for (let gone = 0; gone < awayMs; gone += 30 * SECOND) {
      await sleep(Math.min(30 * SECOND, awayMs - gone));
      tell(
        `ingest --kills: the database is away for ${Math.round((gone + 30 * SECOND) / SECOND)} s; ${(await ask('told')).pending} pending`,
      );
    }
    relay.away(false);
    const backlog = (await ask('told')).pending;
    const back = performance.now();
    while ((await ask('told')).pending > 2 * livePerS) await sleep(200);
    const tookS = (performance.now() - back) / SECOND;
    tell(`ingest --kills: a backlog of ${backlog} was gone after ${tookS.toFixed(1)} s`);
    await ask('stop');
    await ask('flush');
    const told = await ask('told');
    await drained(pool, influx, database, tell);
    const counted = await count(pool, told);
    const influxMissing = told.measured - (await readingsIn(influx, database));
    return { ...counted, influxMissing, drainFactor: backlog / tookS / livePerS, influxDrainFactor: influxTold / livePerS };
  } finally {
    oracle?.end();
    senders?.kill('SIGKILL');
    await broker?.stop();
    relay.close();
    await pool.end();
    await postgres.stop();
    await influx.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readingsIn({ url, username, password }: TestInflux, database: string): Promise<number> {
  const asked = new URL(`${url}/query`);
  asked.search = new URLSearchParams({ db: database, q: 'select count(value) from readings', u: username, p: password }).toString();
  const told = (await (await fetch(asked)).json()) as { results: { series?: { values: [string, number][] }[] }[] };
  return told.results[0]?.series?.[0]?.values[0]?.[1] ?? 0;
}

/** Waits until InfluxDB has what the database has; readings a second that it was told meanwhile. */
async function drained(pool: pg.Pool, influx: TestInflux, database: string, tell: (line: string) => void): Promise<number> {
  const stored = async () => Number((await pool.query('select count(*) from readings')).rows[0]?.count);
  const [begun, before] = [performance.now(), await readingsIn(influx, database)];
  for (;;) {
    const [has, all] = [await readingsIn(influx, database), await stored()];
    if (has >= all - 3 * livePerS || performance.now() - begun > 120 * SECOND) {
      const rate = (has - before) / ((performance.now() - begun) / SECOND);
      tell(`ingest --kills: InfluxDB was told ${has - before} readings in ${((performance.now() - begun) / SECOND).toFixed(1)} s`);
      return rate;
    }
    await sleep(200);
  }
}

async function count(
  pool: pg.Pool,
  { measured, acknowledged }: SendersTold,
): Promise<Omit<KillsReport, 'drainFactor' | 'influxMissing' | 'influxDrainFactor'>> {
  const { rows } = await pool.query<{ key: string; times: number; value: number; seq: number }>(
    `select provider || '/' || site || '/' || stream || '#' || seq as key, count(*)::int as times, min(value) as value, min(seq)::int as seq
     from readings group by provider, site, stream, seq`,
  );
  const stored = new Set(rows.map(({ key }) => key));
  return {
    measured,
    acknowledged: acknowledged.length,
    lost: acknowledged.filter((key) => !stored.has(key)),
    twice: rows.filter(({ times }) => times > 1).length,
    falsified: rows.filter(({ value, seq }) => value !== 1_000 + (seq % 7_919)).length,
    neverArrived: measured - stored.size,
  };
}

/** The bars of the campaign. */
export async function benchKills({ seed, tell }: { seed: number; tell: (line: string) => void }): Promise<Bar[]> {
  const report = await kill({ awayMs: 300 * SECOND, seed, tell });
  const none = (bar: string, value: number): Bar => ({ bar, value, unit: 'readings', target: '0', holds: value === 0 });
  return [
    {
      bar: `readings acknowledged to ${sites} sites through ${kills} kill -9 of the oracle, ${kills} of the broker, 5 min without database, 5 min without InfluxDB`,
      value: report.acknowledged,
      unit: 'readings',
      target: '> 0',
      holds: report.acknowledged > 0,
    },
    none('acknowledged readings lost', report.lost.length),
    none('readings stored twice', report.twice),
    none('readings stored otherwise than measured', report.falsified),
    none('readings measured that are not stored at the end', report.neverArrived),
    none('readings measured that InfluxDB does not have at the end', report.influxMissing),
    {
      bar: 'what InfluxDB missed, told to it ÷ live rate',
      value: Math.round(report.influxDrainFactor * 10) / 10,
      unit: '×',
      target: `≥ ${drainTarget}`,
      holds: report.influxDrainFactor >= drainTarget,
    },
    {
      bar: 'backlog of the database’s absence drained ÷ live rate',
      value: Math.round(report.drainFactor * 10) / 10,
      unit: '×',
      target: `≥ ${drainTarget}`,
      holds: report.drainFactor >= drainTarget,
    },
  ];
}
