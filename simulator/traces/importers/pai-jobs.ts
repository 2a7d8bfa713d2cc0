/**
 * PAI jobs: the task table of Alibaba's GPU cluster of 2020, a CSV without a header.
 *
 * Owns the ten columns: job, task, instances, status, start, end, plan_cpu, plan_mem, plan_gpu, gpu_type. `plan_gpu` is
 * PERCENT of a GPU and of each instance. Tasks of one job run together, so a job holds their sum from its first start to
 * its last end. The table knows no submission: an arrival here is a start, and no wait can be compared.
 */
import { SECOND } from '../../../units/time.ts';
import type { TracedJob } from '../job-trace.ts';
import { type ImportedJobs, ImportFault, readNumber, readTable, tallied } from './import-note.ts';

const what = 'jobs' as const;
export const paiColumns = [
  'job_name',
  'task_name',
  'inst_num',
  'status',
  'start_time',
  'end_time',
  'plan_cpu',
  'plan_mem',
  'plan_gpu',
  'gpu_type',
];
const at = Object.fromEntries(paiColumns.map((name, i) => [name, i])) as Record<string, number>;
export const paiStatuses = ['Terminated', 'Failed', 'Waiting', 'Running', 'Interrupted'];

interface Gathered {
  startS: number;
  endS: number;
  percent: number;
  isOpen: boolean;
  isFailed: boolean;
}

/** Jobs sorted by arrival, counted from the first one; GPUs of a job added up and rounded up. An ImportFault for anything else. */
export function importPaiJobs(text: string): ImportedJobs {
  const { header, rows: rest } = readTable(what, text);
  const isNamed = header[0] === paiColumns[0];
  const rows = isNamed ? rest : header.length > 0 ? [header, ...rest] : rest;
  const gathered = new Map<string, Gathered>();
  for (const [i, row] of rows.entries()) gather(gathered, row, i + (isNamed ? 2 : 1));
  let [open, gpuless, failed, shared] = [0, 0, 0, 0];
  const jobs: TracedJob[] = [];
  for (const { startS, endS, percent, isOpen, isFailed } of gathered.values()) {
    if (isOpen || !(endS > startS)) open++;
    else if (!(percent > 0)) gpuless++;
    else {
      if (isFailed) failed++;
      if (percent % 100 !== 0) shared++;
      jobs.push({
        at: Math.round(startS * SECOND),
        lengthMs: Math.round((endS - startS) * SECOND),
        accelerators: Math.ceil(percent / 100),
      });
    }
  }
  if (jobs.length === 0) throw new ImportFault(what, 0, `no job with GPUs, a start and an end, among ${rows.length} tasks`);
  jobs.sort((a, b) => a.at - b.at);
  const first = jobs[0]?.at ?? 0;
  const corrections = [
    `tasks of one job were joined: ${rows.length} tasks, ${gathered.size} jobs`,
    'percents of a GPU were added up over instances and rounded up',
    `arrivals are starts (the table has no submission), counted from the first one at ${first / SECOND} s`,
    ...tallied(
      [shared, 'jobs held a part of a GPU and count as holding the whole'],
      [failed, 'jobs with a failed task ran and were kept'],
      [gpuless, 'jobs without a GPU were left out'],
      [open, 'jobs without a start or an end were left out'],
    ),
  ];
  const moved = jobs.map((job) => ({ ...job, at: job.at - first }));
  return {
    jobs: moved,
    note: { what, zone: '', unit: 'seconds', timeZone: 'none', resolutionMs: 0, records: rows.length, gaps: 0, corrections },
  };
}

function gather(jobs: Map<string, Gathered>, row: readonly string[], line: number): void {
  if (row.length !== paiColumns.length) throw new ImportFault(what, line, `expected ${paiColumns.join(',')}; found ${row.length} columns`);
  const status = row[at['status'] as number] ?? '';
  if (!paiStatuses.includes(status)) throw new ImportFault(what, line, `expected the status ${paiStatuses.join(', ')}, found ${status}`);
  const read = (name: string) => {
    const value = readNumber(what, row[at[name] as number], line);
    if (value !== undefined && value < 0) throw new ImportFault(what, line, `expected ${name} ≥ 0, found ${value}`);
    return value;
  };
  const [startS, endS] = [read('start_time'), read('end_time')];
  const job = jobs.get(row[0] as string) ?? {
    startS: Number.POSITIVE_INFINITY,
    endS: Number.NEGATIVE_INFINITY,
    percent: 0,
    isOpen: false,
    isFailed: false,
  };
  job.startS = Math.min(job.startS, startS ?? job.startS);
  job.endS = Math.max(job.endS, endS ?? job.endS);
  job.percent += (read('inst_num') ?? 1) * (read('plan_gpu') ?? 0);
  job.isOpen ||= startS === undefined || endS === undefined;
  job.isFailed ||= status === 'Failed';
  jobs.set(row[0] as string, job);
}
