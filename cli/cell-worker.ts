/**
 * Cell worker: what a worker thread does with a cell that it is sent.
 */
import type { RunMetrics } from '../simulator/study/run.ts';
import { type Cell, type CellPlan, type CellRunner, createCellRunner, keptOf } from './cells.ts';

export interface CellTask {
  /** The scenario's file: the paths it names count from its folder. */
  readonly file: string;
  readonly variant: CellPlan['variants'][number];
  readonly cell: Cell;
}

/** The runner of the last variant: it keeps what it prepared. */
let last: { readonly variant: number; readonly runner: CellRunner } | undefined;

export default async function runTask({ file, variant, cell }: CellTask): Promise<RunMetrics> {
  if (last?.variant !== cell.variant) last = { variant: cell.variant, runner: createCellRunner({ file, variants: [variant] }) };
  const ran = await last.runner.run({ ...cell, variant: 0 });
  if (!ran) throw new RangeError('a worker is ended, never stopped');
  return keptOf(ran.run);
}
