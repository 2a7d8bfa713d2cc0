import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { WorkOrder } from '../scheduler/agent/executor.ts';
import { createProcessEngine } from '../scheduler/agent/process-engine.ts';
import { admit } from '../scheduler/queue/admission.ts';
import { wallClock } from '../units/clock.ts';
import { HOUR } from '../units/time.ts';

const files = readdirSync('examples').filter((file) => file.endsWith('.yaml'));
const folder = mkdtempSync(join(tmpdir(), 'sunward-examples-'));
const engine = createProcessEngine({ folder, clock: wallClock, graceMs: 10_000, env: { SUNWARD_HOME: process.cwd() } });
afterAll(() => engine.close());

function specOf(file: string) {
  const at = { owner: 'ada', submittedAt: Date.parse('2026-06-01T10:00:00Z'), currency: 'EUR' };
  const admission = admit(parse(readFileSync(join('examples', file), 'utf8')), at);
  if (admission.kind === 'refused') throw new Error(`${file}: ${JSON.stringify(admission.fields)}`);
  return { ...admission.spec, submittedAt: at.submittedAt };
}
const orderOf = (file: string, job: string, attempt: number, envs: Record<string, string> = {}): WorkOrder => {
  const spec = specOf(file);
  return { run: `${job}#${attempt}`, job, script: spec.run, envs: { ...spec.envs, ...envs }, remaining: spec.maxDuration };
};
const ended = async (run: string) => {
  for (;;) {
    const state = engine.state(run);
    if (state.kind !== 'running') return state;
    await sleep(20);
  }
};
const inFolder = (job: string, name: string) => readFileSync(join(folder, job, name), 'utf8');

describe('the example job files', () => {
  test('are there', () => expect(files.length).toBeGreaterThanOrEqual(4));

  test.each(files)('%s is admitted, and fits a demonstration of a day', (file) => {
    const spec = specOf(file);
    expect(spec.name).toBe(file.replace('.yaml', ''));
    expect(spec.maxDuration).toBeGreaterThanOrEqual(HOUR);
    expect(spec.maxDuration).toBeLessThanOrEqual(3 * HOUR);
    expect(spec.deadline - spec.submittedAt).toBeGreaterThanOrEqual(12 * HOUR);
    expect(spec.deadline - spec.submittedAt).toBeLessThanOrEqual(24 * HOUR);
  });

  test('differ in what they ask for', () => {
    const specs = files.map(specOf);
    expect(new Set(specs.map(({ optimize }) => optimize)).size).toBeGreaterThanOrEqual(4);
    expect(new Set(specs.map(({ interruptible }) => interruptible)).size).toBe(2);
    expect(specs.some(({ regions }) => regions.allow.length > 0)).toBe(true);
  });

  test.each([
    { file: 'hash-search.yaml', result: 'result.json' },
    { file: 'batch-embeddings.yaml', result: 'vectors.count' },
    { file: 'render-frames.yaml', result: 'frame-24.pgm' },
    { file: 'evaluate-llm.yaml', result: 'answers' },
  ])(
    '$file runs to its end',
    async ({ file, result }) => {
      const order = orderOf(file, file.replace('.yaml', ''), 1);
      await engine.start(order);
      expect(await ended(order.run)).toMatchObject({ code: 0, progress: order.remaining });
      expect(inFolder(order.job, result).length).toBeGreaterThan(0);
    },
    60_000,
  );
});

describe('training with TensorFlow.js', () => {
  test('stopped at a checkpoint, goes on from there and ends with the model it would have had', async () => {
    const envs = { EPOCHS: '4' };
    await engine.start(orderOf('train-tfjs.yaml', 'whole', 1, envs));
    await engine.start(orderOf('train-tfjs.yaml', 'cut', 1, envs));
    while (!existsSync(join(folder, 'cut', 'progress'))) await sleep(10);
    await engine.stop('cut#1');
    const stopped = engine.state('cut#1');
    expect(stopped).toMatchObject({ kind: 'exited', code: 143 });
    const progress = stopped.kind === 'exited' ? stopped.progress / (2 * HOUR) : 0;
    expect(progress).toBeGreaterThanOrEqual(0.25);
    expect(progress).toBeLessThan(1);
    expect(existsSync(join(folder, 'cut', 'model.json'))).toBe(false);

    await engine.start(orderOf('train-tfjs.yaml', 'cut', 2, envs));
    expect(await ended('cut#2')).toMatchObject({ code: 0 });
    expect(inFolder('cut', 'log')).toMatch(/resumed at step \d+ of 160/);
    const losses = [...inFolder('cut', 'log').matchAll(/epoch \d of 4 loss ([\d.]+)/g)].map((match) => Number(match[1]));
    expect(losses).toHaveLength(4);
    expect(losses[3]).toBeLessThan((losses[0] ?? 0) / 2);
    expect(await ended('whole#1')).toMatchObject({ code: 0 });
    const [cut, whole] = ['cut', 'whole'].map((job) => (JSON.parse(inFolder(job, 'model.json')) as { loss: number }).loss);
    expect(cut).toBeCloseTo(whole ?? 0, 5); // Adam's bias correction is recomputed on resume, in other roundings
  }, 120_000);

  test('killed with no chance to save, loses at most what came after its last epoch', async () => {
    const envs = { EPOCHS: '3' };
    await engine.start(orderOf('train-tfjs.yaml', 'killed', 1, envs));
    while (!existsSync(join(folder, 'killed', 'progress'))) await sleep(10);
    const { pid } = JSON.parse(inFolder('killed', 'pid')) as { pid: number };
    process.kill(-pid, 'SIGKILL');
    const state = await ended('killed#1');
    expect(state).toMatchObject({ kind: 'exited', code: 137 });
    expect(state.kind === 'exited' && state.progress / (2 * HOUR)).toBeGreaterThanOrEqual(0.33);
    await engine.start(orderOf('train-tfjs.yaml', 'killed', 2, envs));
    expect(await ended('killed#2')).toMatchObject({ code: 0 });
    expect(inFolder('killed', 'log')).toMatch(/resumed at step (40|80|120) of 120/);
  }, 120_000);
});
