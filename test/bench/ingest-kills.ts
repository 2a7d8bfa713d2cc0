/**
 * Kills: what fifty sites lose while oracle and broker are killed -9 and the database is away. Nothing, it should be.
 *
 * Real Mosquitto, real PostgreSQL, an oracle in a process of its own; sites are real senders with their spools. A relay
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
const run = (file: string, args: readonly string[]) =>
  fork(join(import.meta.dirname, file), args, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });

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
}

/** @param awayMs  how long the database is away */
export async function kill({ awayMs, seed, tell }: { awayMs: number; seed: number; tell: (line: string) => void }): Promise<KillsReport> {
  const draw = randomStream(seed, 'ingest-kills');
  const folder = mkdtempSync(join(tmpdir(), 'sunward-kills-'));
  const postgres = await startPostgres({ folder: join(folder, 'postgres') });
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
    oracle = await mortal(() => run('ingest-oracle.ts', [url, databaseUrl, String(sites)]));
    senders = run('ingest-senders.ts', [url, String(sites)]);
    await answer(senders);
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
    return { ...(await count(pool, told)), drainFactor: backlog / tookS / livePerS };
  } finally {
    oracle?.end();
    senders?.kill('SIGKILL');
    await broker?.stop();
    relay.close();
    await pool.end();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function count(pool: pg.Pool, { measured, acknowledged }: SendersTold): Promise<Omit<KillsReport, 'drainFactor'>> {
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
      bar: `readings acknowledged to ${sites} sites through ${kills} kill -9 of the oracle, ${kills} of the broker, 5 min without database`,
      value: report.acknowledged,
      unit: 'readings',
      target: '> 0',
      holds: report.acknowledged > 0,
    },
    none('acknowledged readings lost', report.lost.length),
    none('readings stored twice', report.twice),
    none('readings stored otherwise than measured', report.falsified),
    none('readings measured that are not stored at the end', report.neverArrived),
    {
      bar: 'backlog of the database’s absence drained ÷ live rate',
      value: Math.round(report.drainFactor * 10) / 10,
      unit: '×',
      target: `≥ ${drainTarget}`,
      holds: report.drainFactor >= drainTarget,
    },
  ];
}
