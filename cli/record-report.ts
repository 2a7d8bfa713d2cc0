/**
 * Record report: what was understood of an imported record, for people and for programs.
 *
 * Owns the wording and the rounding on screen; JSON keeps every digit. Both say the same.
 */
import { formats } from '../simulator/traces/importers/formats.ts';
import type { ReadRecord } from '../simulator/traces/importers/read-trace.ts';
import { type JobQuantiles, summaryOfJobs, summaryOfSeries } from '../simulator/traces/trace-summary.ts';
import { toIso, toIsoDuration } from '../units/time.ts';
import { table } from './table.ts';

/** What was read, as JSON: the note, the summary, and where it was written if it was. */
export function recordJson(file: string, record: ReadRecord, written: string | undefined): object {
  const { format, note } = record;
  const about = { file, format, note, ...(written === undefined ? {} : { written }) };
  if ('jobs' in record) return { ...about, jobs: summaryOfJobs(record.jobs) };
  const { start, end, known, min = null, mean = null, max = null } = summaryOfSeries(record.series);
  return { ...about, series: { start: toIso(start), end: toIso(end), known, min, mean, max }, beside: Object.keys(record.beside ?? {}) };
}

/** The same as a table, the corrections below it. */
export function recordText(file: string, record: ReadRecord, written: string | undefined): string {
  const { format, note } = record;
  const rows = [
    ['file', file],
    ['format', `${format} (${formats[format].title})`],
    ['what', note.basis ? `${note.what}, ${note.basis}` : note.what],
    ...('jobs' in record && !note.zone ? [] : [['zone', note.zone || 'not in the file; --zone names it']]),
    ...('jobs' in record ? jobRows(record) : seriesRows(record)),
  ];
  const corrections = note.corrections.map((correction) => `- ${correction}\n`).join('');
  return [
    `${table(['UNDERSTOOD', 'AS'], rows)}\n`,
    corrections ? `\nRead otherwise than written, or worth knowing:\n${corrections}` : '',
    written === undefined ? '' : `\nWritten to ${written}\n`,
  ].join('');
}

function seriesRows({ series, beside = {}, note }: Exclude<ReadRecord, { jobs: unknown }>): string[][] {
  const { start, end, known, min, mean, max } = summaryOfSeries(series);
  const shown = (value: number | undefined) =>
    value === undefined ? '–' : `${Number(value.toPrecision(6))} ${note.unit === '1' ? '' : note.unit}`.trimEnd();
  const names = Object.keys(beside);
  return [
    ['unit', note.unit === '1' ? 'share, 0 to 1' : note.unit],
    ...(note.currency ? [['currency', note.currency]] : []),
    ['stamps read as', note.timeZone],
    ['resolution', toIsoDuration(note.resolutionMs)],
    ['first', toIso(start)],
    ['last', `${toIso(end - note.resolutionMs)} (to ${toIso(end)})`],
    ['values', `${known} in ${note.records} records`],
    ['gaps', String(note.gaps)],
    ['least', shown(min)],
    ['mean', shown(mean)],
    ['most', shown(max)],
    ...(names.length > 0 ? [['beside it', names.join(', ')]] : []),
  ];
}

function jobRows({ jobs, note }: Extract<ReadRecord, { jobs: unknown }>): string[][] {
  const { count, firstArrivalMs, lastArrivalMs, lengthMs, accelerators, acceleratorHours } = summaryOfJobs(jobs);
  const span = (ms: number) => toIsoDuration(Math.round(ms / 1_000) * 1_000);
  const quantiles = ({ p10, p50, p90, max }: JobQuantiles, shown: (value: number) => string) =>
    `P10 ${shown(p10)}, P50 ${shown(p50)}, P90 ${shown(p90)}, most ${shown(max)}`;
  return [
    ['times read as', note.unit],
    ['clock', note.timeZone === 'none' ? 'none; times count from the start of the trace' : note.timeZone],
    ['jobs', `${count} from ${note.records} records`],
    ['arrivals', `${span(firstArrivalMs)} to ${span(lastArrivalMs)}`],
    ['lengths', quantiles(lengthMs, span)],
    ['accelerators', quantiles(accelerators, String)],
    ['work', `${Math.round(acceleratorHours)} accelerator-hours`],
  ];
}
