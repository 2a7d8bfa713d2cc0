import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Executor, WorkOrder } from '../../../scheduler/agent/executor.ts';
import { createProcessEngine, LOG_BYTES_MAX } from '../../../scheduler/agent/process-engine.ts';
import { signalGroup } from '../../../scheduler/agent/process-leash.ts';
import { manualClock, wallClock } from '../../../units/clock.ts';
import { HOUR, MINUTE } from '../../../units/time.ts';

function made(news: Partial<Parameters<typeof createProcessEngine>[0]> = {}) {
  const folder = news.folder ?? mkdtempSync(join(tmpdir(), 'sunward-engine-'));
  const engine = createProcessEngine({ folder, clock: wallClock, graceMs: 1_000, ...news });
  onTestFinished(() => engine.close());
  return { folder, engine };
}
const order = (script: string, news: Partial<WorkOrder> = {}): WorkOrder => ({
  run: 'a#1',
  job: 'a',
  script,
  envs: {},
  remaining: HOUR,
  ...news,
});
async function ended(engine: Executor, run = 'a#1') {
  for (;;) {
    const state = engine.state(run);
    if (state.kind !== 'running') return state;
    await sleep(10);
  }
}
async function appears(path: string) {
  for (const end = Date.now() + 10_000; !existsSync(path) && Date.now() < end; ) await sleep(10);
}

describe('the process engine', () => {
  test('gives a job its own words and PATH, and nothing else of our environment', async () => {
    process.env['SUNWARD_TEST_SECRET'] = 'key';
    onTestFinished(() => {
      delete process.env['SUNWARD_TEST_SECRET'];
    });
    const { folder, engine } = made({ env: { SUNWARD_HOME: '/home/of/sunward' } });
    await engine.start(order('env -0 > env; pwd > where', { envs: { MODEL: 'bert base', SUNWARD_JOB: 'forged' } }));
    await ended(engine);
    const given = Object.fromEntries(
      readFileSync(join(folder, 'a', 'env'), 'utf8')
        .split('\0')
        .filter(Boolean)
        .map((line) => line.split('=', 2)),
    );
    const { PWD: _, OLDPWD: __, SHLVL: ___, _: ____, ...words } = given; // a shell's own
    expect(words).toEqual({
      PATH: process.env['PATH'],
      SUNWARD_HOME: '/home/of/sunward',
      SUNWARD_CHECKPOINT_DIR: join(folder, 'a'),
      SUNWARD_JOB: 'a',
      SUNWARD_RUN: 'a#1',
      MODEL: 'bert base',
    });
    expect(readFileSync(join(folder, 'a', 'where'), 'utf8').trim()).toBe(join(folder, 'a'));
  });

  test('keeps the folder of a job over its attempts, and counts progress from where an attempt began', async () => {
    const { engine } = made();
    const script = 'test -e progress && { echo 0.8 > progress; exit 143; }; echo 0.5 > progress; exit 143';
    await engine.start(order(script));
    expect(await ended(engine)).toMatchObject({ code: 143, progress: 30 * MINUTE });
    await engine.start(order(script, { run: 'a#2', remaining: 30 * MINUTE }));
    expect(await ended(engine, 'a#2')).toMatchObject({ code: 143, progress: 18 * MINUTE }); // (0.8 − 0.5) ÷ (1 − 0.5) of 30
  });

  test.each([
    { name: 'nothing while it runs and nothing when it fails', script: 'exit 3', code: 3, progress: 0 },
    { name: 'the time it ran when it says that it saved', script: 'exit 143', code: 143, progress: 20 * MINUTE },
  ])('takes a job without a progress file to have done $name', async ({ script, code, progress }) => {
    const clock = manualClock(0);
    const { folder, engine } = made({ clock });
    await engine.start(order(`while ! test -e go; do sleep 0.02; done; ${script}`));
    clock.set(20 * MINUTE);
    expect(engine.state('a#1')).toEqual({ kind: 'running', progress: 0, startedAt: 0 });
    writeFileSync(join(folder, 'a', 'go'), '');
    expect(await ended(engine)).toMatchObject({ code, progress, endedAt: 20 * MINUTE });
  });

  test('keeps what a job printed, the newest of it within two limits', async () => {
    const { folder, engine } = made();
    await engine.start(order(`yes 'a line of a talkative job' | head -c 4000000; echo last >&2`));
    await ended(engine);
    const size = (name: string) => statSync(join(folder, 'a', name)).size;
    expect(size('log') + size('log.1')).toBeLessThanOrEqual(2 * LOG_BYTES_MAX + 65_536);
    expect(readFileSync(join(folder, 'a', 'log'), 'utf8').endsWith('last\n')).toBe(true);
  });

  test.each(['../b', '.', 'a/b', ''])('refuses a job named %j, which would leave its folder', async (job) => {
    const { engine } = made();
    await expect(engine.start(order('true', { job }))).rejects.toThrow('cannot name a folder');
    expect(engine.state('a#1').kind).toBe('unknown');
  });

  test('kills what ignores SIGTERM after the grace, and does not count its time', async () => {
    const { folder, engine } = made({ graceMs: 300 });
    await engine.start(order(`trap '' TERM; echo 1 > up; while :; do sleep 0.05; done`));
    await appears(join(folder, 'a', 'up'));
    await engine.stop('a#1');
    expect(engine.state('a#1')).toMatchObject({ kind: 'exited', code: 137, progress: 0 });
  });

  test('kills at its start what a previous life left running, and nobody who only has that number now', async () => {
    const { folder, engine: previous } = made({ graceMs: 100 });
    await previous.start(order('sleep 100'));
    await appears(join(folder, 'a', 'pid'));
    const note = readFileSync(join(folder, 'a', 'pid'), 'utf8');
    await sleep(50); // start times are told in hundredths of a second
    const bystander = spawn('sleep', ['100'], { detached: true, stdio: 'ignore' });
    onTestFinished(() => void signalGroup(bystander.pid ?? 0, 'SIGKILL'));
    await previous.start(order('true', { run: 'b#1', job: 'b' }));
    await ended(previous, 'b#1');
    writeFileSync(join(folder, 'b', 'pid'), JSON.stringify({ ...JSON.parse(note), pid: bystander.pid }));
    const said: string[] = [];
    const { engine } = made({ folder, log: (line) => said.push(line) });
    expect(said).toEqual(['a: killed what a previous life left running']);
    expect(engine.state('a#1')).toEqual({ kind: 'unknown' });
    expect(await ended(previous)).toMatchObject({ code: 137 });
    expect(signalGroup(bystander.pid ?? 0, 0)).toBe(true);
  });
});
