/**
 * Cell store: finished cells as files of a folder, one each, so that whoever asks again need not run them again.
 *
 * A file appears whole or not at all, whoever writes it: this process, a worker's result, a task on another machine. Its
 * name says what it is the result of; a changed scenario has other names, and the old files stay beside the new ones.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunMetrics } from '../simulator/study/run.ts';
import type { Settings } from '../simulator/sweep.ts';
import type { Cell } from './cells.ts';

export interface CellStore {
  /** What came of a cell; `undefined` when it is not finished, or its file cannot be read as one. */
  read(cell: Cell): RunMetrics | undefined;
  write(cell: Cell, settings: Settings, run: RunMetrics): void;
  /** Finished cells that are none of these: of another state of the scenario. */
  othersThan(cells: readonly Cell[]): number;
}

/** JSON has no NaN: what nobody knows is null in a file. */
const cellFile = z.object({
  policy: z.string(),
  forecaster: z.string(),
  seed: z.number(),
  metrics: z.record(z.string(), z.number().nullable()),
  convergence: z.object({ kind: z.enum(['settled', 'unsettled']), iterations: z.number(), residualKw: z.number() }).optional(),
});

export function createCellStore(folder: string): CellStore {
  const cells = join(folder, 'cells');
  const fileOf = ({ key }: Cell) => join(cells, `${key}.json`);
  mkdirSync(cells, { recursive: true });
  return {
    read: (cell) => {
      let text: string;
      try {
        text = readFileSync(fileOf(cell), 'utf8');
      } catch (fault) {
        if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw fault;
      }
      return parsedCell(text);
    },
    write: (cell, settings, run) => {
      const part = join(cells, `.${cell.key}.${hostname()}.${process.pid}.part`);
      writeFileSync(part, `${JSON.stringify({ settings, ...run }, null, 2)}\n`);
      renameSync(part, fileOf(cell));
    },
    othersThan: (known) => {
      const keys = new Set(known.map(({ key }) => `${key}.json`));
      return readdirSync(cells).filter((name) => name.endsWith('.json') && !keys.has(name)).length;
    },
  };
}

function parsedCell(text: string): RunMetrics | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined; // cut off by a full disk or by hand: it is run again
  }
  const parsed = cellFile.safeParse(json);
  if (!parsed.success) return undefined;
  const { metrics, convergence, ...cell } = parsed.data;
  const numbers = Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, value ?? Number.NaN]));
  return { ...cell, metrics: numbers as unknown as RunMetrics['metrics'], ...(convergence ? { convergence } : {}) };
}
