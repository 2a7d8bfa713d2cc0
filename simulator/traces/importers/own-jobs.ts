/**
 * Own jobs: the one CSV that imported job traces are written to and read back from, `arrival_s,length_s,accelerators`.
 *
 * Owns the column names, which carry the units. Times keep their milliseconds as decimals.
 */
import { SECOND } from '../../../units/time.ts';
import type { JobTrace, TracedJob } from '../job-trace.ts';
import { type ImportedJobs, ImportFault, readNumber, readTable } from './import-note.ts';

const what = 'jobs' as const;
export const ownJobColumns = ['arrival_s', 'length_s', 'accelerators'] as const;

/** The trace as our CSV: a header and a row a job. Reading it gives the same trace again. */
export const ownJobsText = (jobs: JobTrace): string =>
  `${[ownJobColumns.join(','), ...jobs.map(({ at, lengthMs, accelerators }) => `${at / SECOND},${lengthMs / SECOND},${accelerators}`)].join('\n')}\n`;

/** Jobs sorted by arrival; an ImportFault for what a trace cannot hold: no length, part of an accelerator. */
export function importOwnJobs(text: string): ImportedJobs {
  const { rows, column } = readTable(what, text);
  const columns = ownJobColumns.map((name) => column(name));
  const jobs = rows.map((row, i): TracedJob => {
    const [arrivalS, lengthS, accelerators] = columns.map((at) => readNumber(what, row[at], i + 2) ?? Number.NaN) as [
      number,
      number,
      number,
    ];
    const job = { at: Math.round(arrivalS * SECOND), lengthMs: Math.round(lengthS * SECOND), accelerators };
    if (job.at >= 0 && job.lengthMs > 0 && Number.isInteger(accelerators) && accelerators >= 1) return job;
    throw new ImportFault(what, i + 2, `expected an arrival ≥ 0 s, a length > 0 s and whole accelerators ≥ 1, found ${row.join(',')}`);
  });
  if (jobs.length === 0) throw new ImportFault(what, 0, 'no job');
  jobs.sort((a, b) => a.at - b.at); // stable: jobs of one instant keep the order of the file
  return {
    jobs,
    note: { what, zone: '', unit: 'seconds', timeZone: 'none', resolutionMs: 0, records: rows.length, gaps: 0, corrections: [] },
  };
}
