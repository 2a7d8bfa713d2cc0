import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createProcessEngine } from '../../scheduler/agent/process-engine.ts';
import { createSimEngine } from '../../simulator/plant/sim-engine.ts';
import { manualClock, wallClock } from '../../units/clock.ts';
import { HOUR, MINUTE } from '../../units/time.ts';
import { executorBehaviour } from './executor.suite.ts';

executorBehaviour('child processes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sunward-engine-'));
  const order = (script: string) => (run: string, job: string) => ({ run, job, script, envs: {}, remaining: HOUR });
  return {
    executor: createProcessEngine({ folder, clock: wallClock, graceMs: 2_000 }),
    short: order('sleep 0.1'),
    long: order(`trap 'exit 143' TERM; echo 0.25 > progress; while :; do sleep 0.05; done`),
    pass: () => sleep(500),
  };
});

executorBehaviour('simulated', () => {
  const clock = manualClock(0);
  const order = (remaining: number) => (run: string, job: string) => ({ run, job, script: undefined, envs: {}, remaining });
  return {
    executor: createSimEngine(clock),
    short: order(10 * MINUTE),
    long: order(5 * HOUR),
    pass: async () => clock.set(clock.now() + HOUR),
  };
});
