/**
 * GAIA jobs: the minimal CSV `arrival_time,length,cpus` that job traces are passed around in.
 *
 * Owns the reading of its columns. The unit of time differs between files of one collection (seconds, hours) and stands
 * nowhere in them, so the caller says it. Jobs without length are left out and counted.
 */
import { type DurationMs, HOUR, MINUTE, SECOND } from '../../../units/time.ts';
import type { TracedJob } from '../job-trace.ts';
import { type ImportedJobs, ImportFault, readNumber, readTable, tallied } from './import-note.ts';

const timeUnits = { seconds: SECOND, minutes: MINUTE, hours: HOUR } as const satisfies Record<string, DurationMs>;
export type TimeUnit = keyof typeof timeUnits;

const what = 'jobs' as const;

/** Jobs sorted by arrival, times in whole ms; a CPU of the record counts as one accelerator, parts rounded up. An ImportFault for anything else. */
export function importGaiaJobs(text: string, unit: TimeUnit): ImportedJobs {
  const { rows, column } = readTable(what, text);
  const columns = { arrival_time: column('arrival_time'), length: column('length'), cpus: column('cpus') };
  const jobs: TracedJob[] = [];
  rows.forEach((row, i) => {
    const read = (name: keyof typeof columns): number => {
      const value = readNumber(what, row[columns[name]], i + 2);
      if (value === undefined || value < 0) throw new ImportFault(what, i + 2, `expected ${name} ≥ 0, found ${row[columns[name]]}`);
      return value;
    };
    const [at, lengthMs] = [Math.round(read('arrival_time') * timeUnits[unit]), Math.round(read('length') * timeUnits[unit])];
    if (lengthMs > 0) jobs.push({ at, lengthMs, accelerators: Math.max(1, Math.ceil(read('cpus'))) });
  });
  if (jobs.length === 0) throw new ImportFault(what, 0, 'no job with a length');
  jobs.sort((a, b) => a.at - b.at); // stable: jobs of one instant keep the order of the file
  const empty = rows.length - jobs.length;
  const corrections = [
    `times read as ${unit}`,
    'one cpu read as one accelerator',
    ...tallied([empty, 'jobs without length were left out']),
  ];
  return { jobs, note: { what, zone: '', unit, timeZone: 'none', resolutionMs: 0, records: rows.length, gaps: 0, corrections } };
}
