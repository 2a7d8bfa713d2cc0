/** What every executor promises; run against each of them by `executor.test.ts`. */
import { afterEach, describe, expect, test } from 'vitest';
import { EXIT_CHECKPOINTED, type Executor, type WorkOrder } from '../../scheduler/agent/executor.ts';

export interface ExecutorCase {
  readonly executor: Executor;
  /** Work that ends well within `pass`. */
  short(run: string, job: string): WorkOrder;
  /** Work that is still running after `pass`, and saves a checkpoint when told to stop. */
  long(run: string, job: string): WorkOrder;
  /** Lets time go by. */
  pass(): Promise<void>;
}

export function executorBehaviour(name: string, create: () => ExecutorCase): void {
  describe(`an executor (${name})`, () => {
    let current: ExecutorCase | undefined;
    const made = () => {
      current = create();
      return current;
    };
    afterEach(async () => current?.executor.close());

    test('does not know a run that was never started', async () => {
      const { executor } = made();
      expect(executor.state('a#1')).toEqual({ kind: 'unknown' });
      await executor.stop('a#1');
    });

    test('runs work to its end and counts it as done', async () => {
      const { executor, short, pass } = made();
      const order = short('a#1', 'a');
      await executor.start(order);
      expect(executor.state('a#1').kind).toBe('running');
      await pass();
      expect(executor.state('a#1')).toMatchObject({ kind: 'exited', code: 0, progress: order.remaining });
    });

    test('starts a run once, however often it is told to', async () => {
      const { executor, short, pass } = made();
      await executor.start(short('a#1', 'a'));
      await executor.start(short('a#1', 'a'));
      await pass();
      const end = executor.state('a#1');
      await executor.start(short('a#1', 'a'));
      expect(executor.state('a#1')).toEqual(end);
    });

    test('refuses a second run of a job while the first is alive, and takes it afterwards', async () => {
      const { executor, long } = made();
      await executor.start(long('a#1', 'a'));
      await expect(executor.start(long('a#2', 'a'))).rejects.toThrow('a#1 of the same job is alive');
      expect(executor.state('a#2').kind).toBe('unknown');
      await executor.stop('a#1');
      await executor.start(long('a#2', 'a'));
      expect(executor.state('a#2').kind).toBe('running');
    });

    test('runs different jobs side by side', async () => {
      const { executor, long } = made();
      await executor.start(long('a#1', 'a'));
      await executor.start(long('b#1', 'b'));
      expect([executor.state('a#1').kind, executor.state('b#1').kind]).toEqual(['running', 'running']);
    });

    test('lets stopped work save a checkpoint, and knows how far it came', async () => {
      const { executor, long, pass } = made();
      const order = long('a#1', 'a');
      await executor.start(order);
      await pass();
      await executor.stop('a#1');
      const state = executor.state('a#1');
      expect(state).toMatchObject({ kind: 'exited', code: EXIT_CHECKPOINTED });
      expect(state.kind === 'exited' && state.progress).toBeGreaterThan(0);
      expect(state.kind === 'exited' && state.progress).toBeLessThan(order.remaining);
      await executor.stop('a#1');
      expect(executor.state('a#1')).toEqual(state);
    });

    test('stops everything when it closes', async () => {
      const { executor, long } = made();
      await executor.start(long('a#1', 'a'));
      await executor.start(long('b#1', 'b'));
      await executor.close();
      expect([executor.state('a#1').kind, executor.state('b#1').kind]).toEqual(['exited', 'exited']);
    });
  });
}
