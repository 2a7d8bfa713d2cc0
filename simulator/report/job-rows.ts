/**
 * Job rows: a run job by job, as typed columns for a table of jobs.
 *
 * A job that found no room has no site, start, end, wait nor savings, and zeros on its accounts. Savings are those of the same
 * job with the same seed under the baseline. Times are UTC; carbon stays on four accounts.
 */
import { HOUR, type Instant } from '../../units/time.ts';
import type { StudyRun } from '../study/run.ts';
import { endOf, type Study, slotStart } from '../study/study.ts';
import type { ColumnMeaning } from './slot-rows.ts';

type CellType = 'STRING' | 'INT32' | 'DOUBLE' | 'BOOLEAN' | 'TIMESTAMP';
type Cell = string | number | boolean | Date | null;

/** One column of jobs: what it holds, and its cell of each job. */
export interface JobColumn extends ColumnMeaning {
  readonly type: CellType;
}

interface Job {
  readonly study: Study;
  readonly run: StudyRun;
  readonly baseline: StudyRun | undefined;
  readonly job: number;
  readonly isPlaced: boolean;
}

type Told = JobColumn & { readonly of: (job: Job) => Cell };

const number = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value);
const instant = (at: Instant): Date => new Date(at);
const placed = (of: (job: Job) => Cell) => (job: Job) => (job.isPlaced ? of(job) : null);

/** Less than under the baseline; nothing where either found no room. */
const saved = (account: 'locationG' | 'money') =>
  placed(({ run, baseline, job }) =>
    baseline && (baseline.runs.site[job] as number) >= 0
      ? number((baseline.accounts.jobs[account][job] as number) - (run.accounts.jobs[account][job] as number))
      : null,
  );

const columns = (currency: string): readonly Told[] => {
  const told = (name: string, type: CellType, unit: string, meaning: string, of: Told['of']): Told => ({ name, type, unit, meaning, of });
  const account = (name: string, unit: string, meaning: string, column: 'curtailedKwh' | 'exportableKwh' | 'gridKwh' | 'money' | CarbonG) =>
    told(name, 'DOUBLE', unit, meaning, ({ run, job }) => number(run.accounts.jobs[column][job]));
  const siteOf = (study: Study, index: number | undefined) => study.sites[index ?? -1]?.id ?? null;
  const money = currency.toLowerCase();
  return [
    told('job', 'STRING', '', 'id of the job', ({ study, job }) => study.workload.id[job] as string),
    told('policy', 'STRING', '', 'policy of the run', ({ run }) => run.policy),
    told('seed', 'INT32', '', 'seed of the run', ({ run }) => run.seed),
    told('site', 'STRING', '', 'where it ran', ({ study, run, job }) => siteOf(study, run.runs.site[job])),
    told('home', 'STRING', '', 'where its data lie and where it would have run', ({ study, job }) =>
      siteOf(study, study.workload.home[job]),
    ),
    told('release', 'TIMESTAMP', 'UTC', 'first slot after its arrival', ({ study, job }) =>
      instant(slotStart(study, study.workload.release[job] as number)),
    ),
    told(
      'start',
      'TIMESTAMP',
      'UTC',
      'start of its first slot',
      placed(({ study, run, job }) => instant(slotStart(study, run.runs.start[job] as number))),
    ),
    told(
      'end',
      'TIMESTAMP',
      'UTC',
      'end of its last slot',
      placed(({ study, run, job }) => instant(slotStart(study, endOf(study.workload, run.runs, job)))),
    ),
    told('deadline', 'TIMESTAMP', 'UTC', 'when it should have ended', ({ study, job }) =>
      instant(slotStart(study, study.workload.end[job] as number)),
    ),
    told('accelerators', 'INT32', '1', 'accelerators it holds', ({ study, job }) => study.workload.accelerators[job] as number),
    told('is_interruptible', 'BOOLEAN', '', 'whether it may pause', ({ study, job }) => study.workload.isInterruptible[job] === 1),
    account('curtailed_kwh', 'kWh', 'energy of surplus that could not be exported', 'curtailedKwh'),
    account('exportable_kwh', 'kWh', 'energy of surplus that could be exported', 'exportableKwh'),
    account('grid_kwh', 'kWh', 'energy of the grid', 'gridKwh'),
    account(`money_${money}`, currency, 'energy, what accelerators ask, transfer and restarts', 'money'),
    account('location_g', 'gCO2eq', 'account (a): grid energy × average intensity, transfer with it', 'locationG'),
    account('marginal_g', 'gCO2eq', 'account (b): grid energy × marginal intensity, transfer with it', 'marginalG'),
    account('matched_g', 'gCO2eq', 'account (c): energy no surplus of its slot matched × residual intensity, transfer with it', 'matchedG'),
    account('embodied_g', 'gCO2eq', 'account (d): its share of making the accelerators', 'embodiedG'),
    told(
      'wait_hours',
      'DOUBLE',
      'h',
      'hours between release and end in which it did not run',
      placed(({ study, run, job }) => ((run.accounts.jobs.waitSlots[job] as number) * study.slotMs) / HOUR),
    ),
    told('stops', 'INT32', '1', 'times it stopped and went on', ({ run, job }) => run.accounts.jobs.stops[job] as number),
    told(
      'missed',
      'BOOLEAN',
      '',
      'whether it ended after its deadline or found no room',
      ({ study, run, job, isPlaced }) => !isPlaced || endOf(study.workload, run.runs, job) > (study.workload.end[job] as number),
    ),
    told('saved_location_g', 'DOUBLE', 'gCO2eq', 'account (a) of the same job under the baseline, less its own', saved('locationG')),
    told(`saved_money_${money}`, 'DOUBLE', currency, 'money of the same job under the baseline, less its own', saved('money')),
  ];
};
type CarbonG = 'locationG' | 'marginalG' | 'matchedG' | 'embodiedG';

/** The columns of `jobRows`, in order. */
export const jobColumns = (currency: string): readonly JobColumn[] => columns(currency);

/** The cells of a run's jobs in order of arrival, column by column. O(jobs × columns). */
export function jobRows(
  study: Study,
  run: StudyRun,
  baseline: StudyRun | undefined,
): readonly { readonly name: string; readonly data: Cell[] }[] {
  return columns(study.currency).map(({ name, of }) => {
    const data = new Array<Cell>(study.workload.count);
    for (let job = 0; job < data.length; job++)
      data[job] = of({ study, run, baseline, job, isPlaced: (run.runs.site[job] as number) >= 0 });
    return { name, data };
  });
}
