/**
 * Start bench: what a newcomer waits for. The demo of two days, twice; and a recorded week where the records are.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SummaryWire } from '../../scheduler/wire.ts';
import type { Bar } from './main.ts';

const records = process.env['SUNWARD_DATA'] ?? '../shared/data';

interface Finished {
  readonly code: number | null;
  readonly seconds: number;
  readonly text: string;
}

/** Runs `start` with these arguments to its end; what it prints on standard error goes to ours. */
function startRun(...args: string[]): Promise<Finished> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'cli/main.ts', 'start', ...args, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.on('error', reject);
    child.on('exit', (code) => resolve({ code, seconds: (performance.now() - began) / 1_000, text }));
  });
}

const summaryOf = ({ code, text }: Finished): SummaryWire | undefined => (code === 0 ? (JSON.parse(text) as SummaryWire) : undefined);
const bar = (name: string, value: number, unit: string, target: string, holds: boolean): Bar => ({
  bar: name,
  value: Math.round(value * 1_000) / 1_000,
  unit,
  target,
  holds,
});

/** The bars of a first start: time, success, determinism, and carbon against run-now on records. */
export async function benchStart(): Promise<Bar[]> {
  const first = await startRun('--for', '2d');
  const second = await startRun('--for', '2d');
  const demo = summaryOf(first);
  const bars = [
    bar('newcomer: two virtual days', first.seconds, 's', '< 90, exit 0', first.code === 0 && first.seconds < 90),
    bar('newcomer: jobs succeeded', demo?.jobs.succeeded ?? 0, 'jobs', '> 0', (demo?.jobs.succeeded ?? 0) > 0),
    bar('newcomer: tokens claimed', demo?.settlement.claimed ?? 0, 'tokens', '> 0', (demo?.settlement.claimed ?? 0) > 0),
    bar('newcomer: ledger balanced', demo?.ledger.balanced ? 1 : 0, 'yes = 1', '1', demo?.ledger.balanced === true),
    bar(
      'determinism: the same JSON twice',
      first.text === second.text && first.text !== '' ? 1 : 0,
      'yes = 1',
      '1',
      first.text === second.text && first.text !== '',
    ),
  ];
  if (!existsSync(join(records, 'markets-2022-23'))) return bars;
  const run = await startRun(
    '--for',
    '7d',
    '--from',
    '2022-06-06',
    '--grid',
    join(records, 'markets-2022-23'),
    '--jobs',
    join(records, 'jobs/pai_1k.csv'),
  );
  const week = summaryOf(run);
  const jobs = week?.jobs ?? { submitted: 0, succeeded: 0, failed: 0, refused: 0, waiting: 0 };
  const accounted = jobs.succeeded + jobs.failed + jobs.refused + jobs.waiting;
  const carbon = week ? (100 * (week.carbonG.actual - week.carbonG.counterfactual)) / week.carbonG.counterfactual : 0;
  return [
    ...bars,
    bar('real input: seven recorded days', run.seconds, 's', '< 300, exit 0', run.code === 0 && run.seconds < 300),
    bar('real input: jobs not accounted for', jobs.submitted - accounted, 'jobs', '0', jobs.submitted > 0 && jobs.submitted === accounted),
    bar('real input: carbon versus run-now', carbon, '%', '< 0', carbon < 0),
  ];
}
