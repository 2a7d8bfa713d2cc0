/**
 * openb pods: the pod list of Alibaba's GPU cluster of 2023, one row a pod, seconds since the start of the trace.
 *
 * Owns the columns. A pod arrives when it is created and runs from its scheduling to its deletion. `gpu_milli` is the
 * share of each of its GPUs. Pods that outlived the trace have its end as their deletion: their lengths are cut off.
 */
import { SECOND } from '../../../units/time.ts';
import type { TracedJob } from '../job-trace.ts';
import { type ImportedJobs, ImportFault, readNumber, readTable, tallied } from './import-note.ts';

const what = 'jobs' as const;

/** Jobs sorted by arrival; GPUs rounded up; pods without a GPU or never scheduled are left out and counted. An ImportFault for anything else. */
export function importOpenbJobs(text: string): ImportedJobs {
  const { rows, column } = readTable(what, text);
  const names = ['num_gpu', 'gpu_milli', 'creation_time', 'deletion_time', 'scheduled_time'] as const;
  const [gpus, milli, created, deleted, scheduled] = names.map((name) => column(name)) as [number, number, number, number, number];
  const [qos, phase] = [column('qos'), column('pod_phase')];
  const jobs: TracedJob[] = [];
  const classes = new Map<string, number>();
  const tally = { gpuless: 0, unscheduled: 0, shared: 0, failed: 0 };
  const deletions: number[] = [];
  rows.forEach((row, i) => {
    const read = (at: number) => {
      const value = readNumber(what, row[at], i + 2);
      if (value !== undefined && value < 0) throw new ImportFault(what, i + 2, `expected numbers ≥ 0, found ${row[at]}`);
      return value;
    };
    const [createdS, scheduledS, deletedS] = [read(created), read(scheduled), read(deleted)];
    if (createdS === undefined) throw new ImportFault(what, i + 2, 'no creation_time');
    const share = ((read(gpus) ?? 0) * (read(milli) ?? 0)) / 1_000;
    if (!(share > 0)) tally.gpuless++;
    else if (scheduledS === undefined || deletedS === undefined || !(deletedS > scheduledS)) tally.unscheduled++;
    else {
      if (!Number.isInteger(share)) tally.shared++;
      if (/^failed$/i.test(row[phase] ?? '')) tally.failed++;
      classes.set(row[qos] ?? '', (classes.get(row[qos] ?? '') ?? 0) + 1);
      deletions.push(deletedS);
      jobs.push({
        at: Math.round(createdS * SECOND),
        lengthMs: Math.round((deletedS - scheduledS) * SECOND),
        accelerators: Math.ceil(share),
      });
    }
  });
  if (jobs.length === 0) throw new ImportFault(what, 0, `no pod with a GPU that ran, among ${rows.length}`);
  jobs.sort((a, b) => a.at - b.at);
  const last = deletions.reduce((latest, each) => Math.max(latest, each), 0);
  const outlived = deletions.filter((each) => each === last).length;
  const corrections = [
    `classes of service: ${[...classes].map(([name, count]) => `${count} ${name}`).join(', ')}`,
    ...tallied(
      [tally.shared, 'pods held a part of a GPU and count as holding the whole'],
      [outlived > 1 ? outlived : 0, `pods were deleted at the very end of the trace (${last} s): their lengths are cut off there`],
      [tally.failed, 'failed pods ran and were kept'],
      [tally.gpuless, 'pods without a GPU were left out'],
      [tally.unscheduled, 'pods were never scheduled, or gone at once, and were left out'],
    ),
  ];
  return { jobs, note: { what, zone: '', unit: 'seconds', timeZone: 'none', resolutionMs: 0, records: rows.length, gaps: 0, corrections } };
}
