/**
 * Embedded PostgreSQL: a real server of our own in the data folder, on loopback, that lives exactly as long as we do.
 *
 * Owns starting (first, warm, after a crash), clearing away what a killed run left, and stopping. Where it lives is
 * `postgres-home.ts`; the leash that ends it with us is the agent's. It listens on 127.0.0.1 with a random password,
 * syncs to disk, and one session of ours holds a lock that tells a second start that the folder is taken.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Leashed, spawnLeashed } from '../../scheduler/agent/process-leash.ts';
import { handTo, isAlive, PostgresFault, type PostgresHome, postgresHome, sweepDrafts } from './postgres-home.ts';

export interface PostgresOptions {
  /** Ours alone; made if missing. */
  readonly folder: string;
  /** Takes each line that the server or the launcher says. */
  readonly log?: (line: string) => void;
}

export interface EmbeddedPostgres {
  /** With the password in it: never print it. */
  readonly url: string;
  /** As the server says it, `18.4`. */
  readonly version: string;
  /** True when a living server of a killed run was found here and taken over: ended cleanly and replaced by one on our leash. */
  readonly adopted: boolean;
  /** Fast shutdown: open transactions are rolled back, committed ones are on disk. */
  stop(): Promise<void>;
}

/** Crash recovery replays the log since the last checkpoint; longer than this is no longer a start. */
const START_MS_MAX = 60_000;
const STOP_MS_MAX = 3_000;
/** How long an unanswering server of a killed run is given before it is ended the hard way. */
const SILENCE_MS_MAX = 2_000;
const POLL_MS = 20;
const CONNECT_MS_MAX = 1_000;
const LOG_TAIL_LINES = 20;
/** In the life of one launcher. A server that dies more often has a reason that starting it does not cure. */
const RELAUNCHES_MAX = 20;
/** Key of the session lock ("sun", "ward"); a launcher holds it while it lives. */
const ownerLock = [0x73756e, 0x77617264];

const settings = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'shared_buffers=64MB',
  'max_connections=60',
  'max_wal_size=512MB',
  'jit=off',
  'io_method=sync',
  'max_logical_replication_workers=0',
  'log_checkpoints=off',
];

/**
 * Starts the server of a folder, making the cluster at the first start; resolves when it accepts connections.
 *
 * @throws PostgresFault when it cannot run here, does not come up in 60 s, or another living process holds the folder
 */
export async function startPostgres({ folder, log = () => {} }: PostgresOptions): Promise<EmbeddedPostgres> {
  const home = postgresHome(folder);
  const deadline = Date.now() + START_MS_MAX;
  const adopted = await clearOrphan(folder, home, deadline, log);
  if (!existsSync(home.cluster)) await makeCluster(folder, home);
  const server = await keepUp(folder, home, deadline, log);
  const { rows } = await server.query(`select split_part(current_setting('server_version'), ' ', 1) as version`);
  return { url: server.url, version: String(rows[0]?.['version'] ?? 'unknown'), adopted, stop: server.stop };
}

/** The URL of the server that runs in a folder, somebody's or ours; `undefined` when none does. Starts and ends nothing. */
export async function runningPostgres(folder: string): Promise<string | undefined> {
  const port = keptPort(folder);
  if (port === undefined) return undefined;
  const url = urlOf(postgresHome(folder), port);
  const session = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS_MAX });
  session.on('error', () => undefined); // it answered, which is all that is asked
  return session.connect().then(
    async () => {
      await session.end();
      return url;
    },
    () => undefined,
  );
}

/** A server process, our session on it, and where it listens. */
interface Instance {
  readonly server: Leashed;
  readonly owner: pg.Client;
  readonly url: string;
}

/** Launches, and launches again on the same port when the server dies under us: whoever uses it sees a pause, not an end. */
async function keepUp(folder: string, home: PostgresHome, deadline: number, log: (line: string) => void) {
  let instance = await launch(folder, home, deadline, log);
  const { url } = instance;
  let relaunching: Promise<void> = Promise.resolve();
  let stopping: Promise<void> | undefined;
  let relaunches = 0;
  const relaunch = async () => {
    if (stopping) return;
    if (relaunches++ >= RELAUNCHES_MAX) return log(`PostgreSQL died ${relaunches} times; not started again`);
    log('PostgreSQL died; it is started again');
    try {
      instance = await launch(folder, home, Date.now() + START_MS_MAX, log);
      if (instance.url !== url) log('PostgreSQL found its port taken and is out of reach until the next start');
      watch();
    } catch (fault) {
      log(String(fault)); // every query says so from now on
    }
  };
  const watch = () => {
    void instance.server.exited.then(() => {
      relaunching = relaunch();
    });
  };
  watch();
  return {
    url,
    query: (text: string) => instance.owner.query<Record<string, unknown>>(text),
    stop: () => {
      stopping ??= relaunching.then(() => shutDown(instance));
      return stopping;
    },
  };
}

async function shutDown({ server, owner }: Instance): Promise<void> {
  server.signal('SIGINT');
  const harder = setTimeout(() => server.signal('SIGQUIT'), STOP_MS_MAX);
  const hardest = setTimeout(() => server.signal('SIGKILL'), 2 * STOP_MS_MAX);
  await server.exited;
  clearTimeout(harder);
  clearTimeout(hardest);
  await owner.end().catch(() => undefined); // the server is gone, and so is the session
}

/** initdb into a draft that is renamed when whole, so that a start killed half-way leaves no half a cluster. */
async function makeCluster(folder: string, home: PostgresHome): Promise<void> {
  sweepDrafts(home.cluster);
  const draft = join(dirname(home.cluster), `draft-${process.pid}`);
  mkdirSync(draft, { mode: 0o700 });
  const secret = join(draft, 'secret');
  writeFileSync(secret, home.password, { mode: 0o600 });
  for (const path of [draft, secret]) handTo(path, home.account);
  const args = ['-D', join(draft, 'cluster'), '-U', 'sunward', `--pwfile=${secret}`, '--auth=scram-sha-256'];
  const { tail, onOutput } = listen(() => {}); // told only when it fails
  const initdb = spawnLeashed(join(home.native, 'bin/initdb'), [...args, '--encoding=UTF8', '--no-locale', '--no-instructions'], {
    ...spawnPlace(home),
    onOutput,
  });
  const { code } = await initdb.exited;
  if (code !== 0) throw new PostgresFault(folder, `initdb ended with ${code}`, tail);
  renameSync(join(draft, 'cluster'), home.cluster);
  rmSync(draft, { recursive: true, force: true });
}

/** Starts the server and opens our session on it; tries again for a port that was taken or a crashed server still unwinding. */
async function launch(folder: string, home: PostgresHome, deadline: number, log: (line: string) => void): Promise<Instance> {
  let port = await freePort(keptPort(folder));
  for (;;) {
    const { tail, onOutput } = listen(log);
    const args = ['-D', home.cluster, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
    const place = spawnPlace(home);
    const server = spawnLeashed(join(home.native, 'bin/postgres'), args, {
      ...place,
      stopSignal: 'SIGINT',
      graceMs: STOP_MS_MAX,
      onOutput,
    });
    let running = true;
    void server.exited.then(() => {
      running = false;
    });
    const url = urlOf(home, port);
    while (running && Date.now() < deadline) {
      const answer = await claim(url);
      if (answer.kind === 'ours') {
        writeFileSync(join(folder, 'port'), `${port}\n`);
        return { server, owner: answer.session, url };
      }
      await sleep(POLL_MS);
    }
    if (running) {
      server.signal('SIGQUIT');
      throw new PostgresFault(folder, `did not accept connections within ${START_MS_MAX / 1_000} s`, tail);
    }
    const said = tail.join('\n');
    if (/could not bind|Address already in use/.test(said)) port = await freePort(undefined);
    else if (!/pre-existing shared memory block/.test(said) || Date.now() > deadline)
      throw new PostgresFault(folder, 'ended while starting', tail);
    await sleep(POLL_MS * 5);
  }
}

/**
 * Ends a server that a killed run left alive: cleanly when it answers to our password, at once when it does not.
 *
 * @returns true when there was one
 * @throws PostgresFault when a living process holds the folder: two servers of ours on one folder would be two truths
 */
async function clearOrphan(folder: string, home: PostgresHome, deadline: number, log: (line: string) => void): Promise<boolean> {
  const orphan = postmasterOf(home.cluster);
  if (!orphan) return false;
  log(`a PostgreSQL of an earlier run is alive here, process ${orphan.pid}`);
  const patience = Date.now() + SILENCE_MS_MAX;
  while (isAlive(orphan.pid) && Date.now() < deadline) {
    const answer = await claim(urlOf(home, orphan.port));
    if (answer.kind === 'ours') {
      process.kill(orphan.pid, 'SIGINT');
      answer.session.end().catch(() => undefined); // it is on its way out
      await goneWithin(orphan.pid, STOP_MS_MAX);
      break;
    }
    if (answer.kind === 'taken' && Date.now() > patience) throw new PostgresFault(folder, 'another running process holds this folder');
    if (answer.kind === 'silent' && Date.now() > patience) break;
    await sleep(POLL_MS);
  }
  for (const signal of ['SIGQUIT', 'SIGKILL'] as const) {
    if (!isAlive(orphan.pid)) break;
    log(`it does not end: ${signal}`);
    process.kill(orphan.pid, signal);
    process.kill(orphan.pid, 'SIGCONT'); // a frozen process takes no other signal
    await goneWithin(orphan.pid, STOP_MS_MAX);
  }
  return true;
}

/** The living server of this cluster by its own note; a note whose process is gone, or is something else, is swept away. */
function postmasterOf(cluster: string): { pid: number; port: number } | undefined {
  const note = join(cluster, 'postmaster.pid');
  if (!existsSync(note)) return undefined;
  const [pidText, , , portText] = readFileSync(note, 'utf8').split('\n');
  const pid = Number(pidText);
  const commandOf = () =>
    existsSync(`/proc/${pid}/cmdline`)
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      : execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
  if (pid > 0 && isAlive(pid) && /postgres/.test(commandOf()) && commandOf().includes(cluster)) return { pid, port: Number(portText) };
  rmSync(note, { force: true }); // or the next server would mistake whoever has that number now for a rival
  return undefined;
}

type Answer = { readonly kind: 'ours'; readonly session: pg.Client } | { readonly kind: 'taken' | 'busy' | 'silent' };

/** Opens a session and takes the owner's lock; `busy` is a server that is starting up or shutting down. */
async function claim(url: string): Promise<Answer> {
  const session = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS_MAX, keepAlive: true });
  session.on('error', () => undefined); // a query tells for itself; a death of the server is seen at its process
  try {
    await session.connect();
    const { rows } = await session.query<{ ours: boolean }>('select pg_try_advisory_lock($1, $2) as ours', ownerLock);
    if (rows[0]?.ours) return { kind: 'ours', session };
    await session.end();
    return { kind: 'taken' };
  } catch (fault) {
    session.end().catch(() => undefined); // it never opened
    return { kind: (fault as { code?: string }).code === '57P03' ? 'busy' : 'silent' };
  }
}

async function goneWithin(pid: number, ms: number): Promise<void> {
  for (const end = Date.now() + ms; isAlive(pid) && Date.now() < end; ) await sleep(POLL_MS);
}

const urlOf = ({ password }: PostgresHome, port: number) => `postgres://sunward:${password}@127.0.0.1:${port}/postgres`;

const spawnPlace = ({ account, cluster }: PostgresHome) => ({
  cwd: dirname(cluster),
  env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
  ...account,
});

/** Splits output into lines, passes them on and keeps the last ones for a fault. */
function listen(log: (line: string) => void): { readonly tail: string[]; onOutput(chunk: Buffer): void } {
  const tail: string[] = [];
  return {
    tail,
    onOutput: (chunk) => {
      for (const line of chunk.toString().split('\n').filter(Boolean)) {
        log(line);
        tail.push(line);
        if (tail.length > LOG_TAIL_LINES) tail.shift();
      }
    },
  };
}

/** The port of the last start, so that a tool pointed at it still works; `undefined` at the first. */
function keptPort(folder: string): number | undefined {
  const file = join(folder, 'port');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) || undefined : undefined;
}

/** The wanted port if it is free, else one that the system gives. */
function freePort(wanted: number | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (fault) => (wanted === undefined ? reject(fault) : resolve(freePort(undefined))));
    probe.listen(wanted ?? 0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new RangeError('no TCP address'))));
    });
  });
}
