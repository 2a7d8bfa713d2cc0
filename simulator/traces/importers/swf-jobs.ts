/**
 * SWF: jobs of the Parallel Workloads Archive in its Standard Workload Format, version 2.2.
 *
 * Owns the eighteen fields, −1 for what a log does not know, and the header comments. A job counts when it ran, whatever
 * became of it: a failed or cancelled job held its processors too. Partial executions (status 2, 3, 4) are told by their
 * job's own line as well and would count twice. A processor is read as one accelerator.
 */
import { SECOND, toIso } from '../../../units/time.ts';
import type { TracedJob } from '../job-trace.ts';
import { type ImportedJobs, ImportFault, tallied } from './import-note.ts';

const what = 'jobs' as const;
const fieldCount = 18;
/** Fields by their place in the line, from 0. */
const field = { submit: 1, run: 3, allocated: 4, requested: 7, status: 10 } as const;
const [failed, cancelled] = [0, 5];
const partial = [2, 3, 4];

/** Jobs sorted by arrival, times in whole ms since the start of the log; those that never ran are left out and counted. */
export function importSwfJobs(text: string): ImportedJobs {
  const jobs: TracedJob[] = [];
  const header = new Map<string, string>();
  const tally = { failed: 0, cancelled: 0, partial: 0, neverRan: 0, unsized: 0, requested: 0 };
  let records = 0;
  text.split(/\r?\n/).forEach((whole, i) => {
    const line = whole.replace(/^\ufeff/, '').trim();
    const comment = /^;\s*(\w+):\s*(.*)$/.exec(line);
    if (comment) header.set(comment[1] as string, comment[2] as string);
    if (line === '' || line.startsWith(';')) return;
    records++;
    const job = jobOf(line.split(/\s+/), i + 1, tally);
    if (job) jobs.push(job);
  });
  if (jobs.length === 0) throw new ImportFault(what, 0, `no job that ran, among ${records} lines`);
  jobs.sort((a, b) => a.at - b.at); // stable: jobs of one instant keep the order of the file
  const startS = Number(header.get('UnixStartTime') || Number.NaN);
  const knowsStart = startS > 0 && startS < 1e11;
  const corrections = [
    'one processor read as one accelerator',
    ...(knowsStart ? [`the log starts at ${toIso(startS * SECOND)}; arrivals count from there`] : []),
    ...tallied(
      [tally.failed, 'failed jobs ran and were kept'],
      [tally.cancelled, 'cancelled jobs had begun to run and were kept'],
      [tally.requested, 'jobs do not say what they were given; what they asked for was read'],
      [tally.neverRan, 'jobs never ran, or nobody knows how long, and were left out'],
      [tally.unsized, 'jobs without processors were left out'],
      [tally.partial, 'partial executions were left out; their jobs stand whole in lines of their own'],
    ),
  ];
  const zone = header.get('Computer') ?? header.get('Installation') ?? '';
  const timeZone = header.get('TimeZoneString') ?? 'none';
  return { jobs, note: { what, zone, unit: 'seconds', timeZone, resolutionMs: 0, records, gaps: 0, corrections } };
}

function jobOf(
  cells: readonly string[],
  line: number,
  tally: Record<'failed' | 'cancelled' | 'partial' | 'neverRan' | 'unsized' | 'requested', number>,
) {
  if (cells.length !== fieldCount) throw new ImportFault(what, line, `expected ${fieldCount} fields, found ${cells.length}`);
  const read = (name: keyof typeof field): number => {
    const value = Number(cells[field[name]]);
    if (!Number.isFinite(value))
      throw new ImportFault(what, line, `expected a number in field ${field[name] + 1}, found ${cells[field[name]]}`);
    return value;
  };
  const [submitS, runS, status] = [read('submit'), read('run'), read('status')];
  if (submitS < 0) throw new ImportFault(what, line, `expected a submit time ≥ 0, found ${submitS}`);
  if (partial.includes(status)) return void tally.partial++;
  const lengthMs = Math.round(runS * SECOND);
  if (!(lengthMs > 0)) return void tally.neverRan++;
  const [allocated, requested] = [read('allocated'), read('requested')];
  const accelerators = Math.ceil(allocated > 0 ? allocated : requested);
  if (!(accelerators > 0)) return void tally.unsized++;
  if (!(allocated > 0)) tally.requested++;
  if (status === failed) tally.failed++;
  if (status === cancelled) tally.cancelled++;
  return { at: Math.round(submitS * SECOND), lengthMs, accelerators };
}
