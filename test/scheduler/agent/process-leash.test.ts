import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { spawnLeashed } from '../../../scheduler/agent/process-leash.ts';

/** True while the process runs; a zombie waiting for its reaper does not. */
const alive = (pid: number): boolean => {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z');
  } catch {
    return false;
  }
};
async function until(what: () => boolean, msMax: number): Promise<boolean> {
  for (const end = Date.now() + msMax; Date.now() < end; await sleep(20)) if (what()) return true;
  return what();
}
const pidIn = (file: string): number => Number(readFileSync(file, 'utf8'));
const written = (file: string) => () => {
  try {
    return pidIn(file) > 0;
  } catch {
    return false;
  }
};
/** The pids of the leashes that we hold. */
const leashesOf = (parent: number): number[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, ppid, ...args]) => Number(ppid) === parent && args.join(' ').includes('left=$2'))
    .map(([pid]) => Number(pid));

describe('a leashed command', () => {
  test('passes its exit code, its output and its signal through', async () => {
    let said = '';
    const failing = spawnLeashed('/bin/sh', ['-c', 'echo out; echo err >&2; exit 7'], { onOutput: (chunk) => (said += chunk) });
    expect(await failing.exited).toEqual({ code: 7, signal: null });
    expect(said.split('\n').sort()).toEqual(['', 'err', 'out']);
    const sleeping = spawnLeashed('sleep', ['60']);
    sleeping.signal('SIGTERM');
    expect(await sleeping.exited).toEqual({ code: null, signal: 'SIGTERM' });
    sleeping.signal('SIGTERM'); // harmless afterwards
  });

  test('is refused at once when it does not exist', () => {
    expect(() => spawnLeashed('/no/such/command', [])).toThrow('/no/such/command did not start');
  });

  test.each([
    { name: 'kill -9 of its parent', whole: false },
    { name: 'kill -9 of the whole process group of its parent', whole: true },
  ])(
    'dies with all its descendants within 2 s of $name',
    async ({ whole }) => {
      const folder = mkdtempSync(join(tmpdir(), 'sunward-leash-'));
      const parent = spawn(
        process.execPath,
        [
          '--import',
          'tsx',
          '-e',
          `import('${join(process.cwd(), 'scheduler/agent/process-leash.ts')}').then(({ spawnLeashed }) =>
        spawnLeashed('/bin/sh', ['-c', 'sleep 100 & echo $! > child; echo $$ > command; wait'], { cwd: '${folder}', graceMs: 500 }))`,
        ],
        { detached: true, stdio: 'inherit' },
      );
      const [command, child] = [join(folder, 'command'), join(folder, 'child')];
      expect(await until(() => written(command)() && written(child)(), 10_000)).toBe(true);
      expect([alive(pidIn(command)), alive(pidIn(child))]).toEqual([true, true]);
      process.kill(whole ? -(parent.pid ?? 0) : (parent.pid ?? 0), 'SIGKILL');
      expect(await until(() => !alive(pidIn(command)) && !alive(pidIn(child)), 2_000)).toBe(true);
    },
    20_000,
  );

  test('is killed after the grace when it ignores the stop signal', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sunward-leash-'));
    const stubborn = spawnLeashed('/bin/sh', ['-c', `trap '' TERM; echo $$ > command; while :; do sleep 1; done`], {
      cwd: folder,
      graceMs: 300,
    });
    await until(written(join(folder, 'command')), 5_000);
    const before = Date.now();
    await stubborn.stop();
    expect(await stubborn.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(Date.now() - before).toBeGreaterThanOrEqual(290);
  });

  test('leaves nobody of its group behind when it exits by itself', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sunward-leash-'));
    await spawnLeashed('/bin/sh', ['-c', 'sleep 100 & echo $! > child'], { cwd: folder }).exited;
    expect(await until(() => !alive(pidIn(join(folder, 'child'))), 1_000)).toBe(true);
  });

  test('may have a child that finishes its checkpoint after the shell above it is gone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sunward-leash-'));
    const script = `sh -c 'trap "sleep 0.4; echo 1 > saved; exit 143" TERM; echo 1 > up; while :; do sleep 0.05; done'; echo never`;
    const leashed = spawnLeashed('/bin/sh', ['-c', script], { cwd: folder });
    await until(written(join(folder, 'up')), 5_000);
    await leashed.stop();
    expect(await leashed.exited).toEqual({ code: null, signal: 'SIGTERM' });
    expect(pidIn(join(folder, 'saved'))).toBe(1);
  });

  test('gets a new leash when its leash is killed', async () => {
    const leashed = spawnLeashed('sleep', ['60']);
    const [first] = leashesOf(process.pid);
    process.kill(first ?? 0, 'SIGKILL');
    expect(await until(() => leashesOf(process.pid).some((pid) => pid !== first), 1_000)).toBe(true);
    leashed.signal('SIGKILL');
    await leashed.exited;
    expect(await until(() => leashesOf(process.pid).length === 0, 1_000)).toBe(true);
  });
});
