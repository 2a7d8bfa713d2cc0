/**
 * Cell engines: who runs the cells of a sweep that are not finished. This process, or worker threads over all cores.
 *
 * An engine tells of each cell when it is done and goes on past one that fails. It starts none once it is asked to stop.
 * Which engine ran a cell makes no difference to its result.
 */
import { Piscina } from 'piscina';
import type { RunMetrics } from '../simulator/study/run.ts';
import type { CellTask } from './cell-worker.ts';
import { type Cell, type CellPlan, createCellRunner, keptOf } from './cells.ts';

/** Told of what is over. */
export interface CellReports {
  finished(cell: Cell, run: RunMetrics): void;
  failed(cell: Cell, fault: Error): void;
}

export type CellEngine = (plan: CellPlan, pending: readonly Cell[], reports: CellReports, stop: AbortSignal) => Promise<void>;

const asError = (fault: unknown): Error => (fault instanceof Error ? fault : new Error(String(fault)));

/** One after another, in this process. */
export const inThisProcess: CellEngine = async (plan, pending, { finished, failed }, stop) => {
  const runner = createCellRunner(plan);
  for (const cell of pending) {
    if (stop.aborted) return;
    try {
      const ran = await runner.run(cell, { stop });
      if (ran) finished(cell, keptOf(ran.run));
    } catch (fault) {
      failed(cell, asError(fault));
    }
    await new Promise(setImmediate); // lets Ctrl-C be heard
  }
};

/** So many at once, each in a worker thread. */
export const onWorkers =
  (workers: number): CellEngine =>
  async ({ file, variants }, pending, { finished, failed }, stop) => {
    const threads = Math.min(workers, pending.length);
    if (threads === 0 || stop.aborted) return;
    const filename = new URL('./cell-worker.mjs', import.meta.url).href;
    const pool = new Piscina<CellTask, RunMetrics>({ filename, minThreads: threads, maxThreads: threads, idleTimeout: 60_000 });
    const end = () => void pool.destroy();
    stop.addEventListener('abort', end);
    const queue = pending.values(); // shared by the lanes: each takes the next one
    const lane = async () => {
      for (const cell of queue) {
        if (stop.aborted) return;
        try {
          finished(cell, await pool.run({ file, variant: variants[cell.variant] as CellTask['variant'], cell }));
        } catch (fault) {
          if (!stop.aborted) failed(cell, asError(fault));
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: threads }, lane));
    } finally {
      stop.removeEventListener('abort', end);
      await pool.destroy();
    }
  };
