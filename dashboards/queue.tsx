/**
 * The queue: how many jobs are in each state, and for each job where, when, at what believed cost, and why.
 *
 * Owns the order of the list (what moves first, then what waits, then what is over, newest first) and its filter.
 * Beliefs come from the placement, against the same job run now; what was metered is in the job's receipts.
 */
import { useState } from 'react';
import type { JobWire } from '../scheduler/wire.ts';
import { formatChange, formatGrams, formatMoment, formatMoney, formatNumber, formatWindow, MISSING, savedShare } from './format.ts';
import { isOver, type State, StateTag, sectionOf, stateOrder } from './job-state.tsx';

const ROWS_FIRST = 12;

/** What moves, by start; what waits, by planned start; what is over as the API lists it, newest first; ties by id. */
function inOrder(jobs: readonly JobWire[]): readonly JobWire[] {
  const startOf = (job: JobWire): string => job.startedAt ?? job.placement?.start ?? job.deadline;
  return [...jobs].sort((a, b) => {
    const sections = sectionOf(a.state) - sectionOf(b.state);
    if (sections !== 0 || isOver(a.state)) return sections;
    return startOf(a).localeCompare(startOf(b)) || a.id.localeCompare(b.id);
  });
}

/** A believed figure beside its run-now twin: "1.2 kg −62 %". */
export function Believed(props: {
  value: number | null | undefined;
  runNow: number | null | undefined;
  show: (value: number | null | undefined) => string;
}) {
  const share = savedShare(props.value, props.runNow);
  if (props.value === null || props.value === undefined) return <>{MISSING}</>;
  return (
    <span className="believed" title={`run now: ${props.show(props.runNow)}`}>
      {props.show(props.value)}{' '}
      {share !== undefined && <em className={share < -0.005 ? 'tone-bad' : share > 0.005 ? 'tone-good' : ''}>{formatChange(share)}</em>}
    </span>
  );
}

function When({ job }: { job: JobWire }) {
  if (job.startedAt)
    return <>{isOver(job.state) && !job.endedAt ? formatMoment(job.startedAt) : formatWindow(job.startedAt, job.endedAt)}</>;
  if (job.endedAt) return <>{formatMoment(job.endedAt)}</>;
  if (job.placement && !isOver(job.state)) return <span className="planned">{formatWindow(job.placement.start, job.placement.end)}</span>;
  return <>{MISSING}</>;
}

function JobRow(props: { job: JobWire; siteName: (site: string) => string; currency: string | undefined; onOpen: () => void }) {
  const { job } = props;
  const { placement } = job;
  const progress = Math.min(1, job.progressMs / Math.max(1, job.maxDurationMs));
  return (
    <tr data-testid="job-row" data-job={job.id} data-state={job.state}>
      <th scope="row">
        <button type="button" className="row-button" onClick={props.onOpen} aria-haspopup="dialog">
          <span>
            {job.name}
            <small>
              {job.owner} · {job.optimize}
            </small>
          </span>
        </button>
      </th>
      <td data-label="State">
        <StateTag state={job.state} />
        {(job.state === 'RUNNING' || job.state === 'PAUSED') && progress > 0 && (
          <progress
            className="progress"
            value={progress}
            max={1}
            aria-label="Progress saved"
            title={`${Math.round(progress * 100)} % of its longest duration is saved`}
          />
        )}
      </td>
      <td data-label="Where">{placement ? props.siteName(placement.site) : MISSING}</td>
      <td data-label="When, UTC" className="when">
        <When job={job} />
      </td>
      <td data-label="Carbon" className="number">
        <Believed value={placement?.carbonG} runNow={placement?.runNowCarbonG} show={formatGrams} />
      </td>
      <td data-label="Cost" className="number">
        <Believed value={placement?.energyCost} runNow={placement?.runNowEnergyCost} show={(value) => formatMoney(value, props.currency)} />
      </td>
      <td data-label="Why" className="reason">
        {job.reason || placement?.reason || MISSING}
      </td>
    </tr>
  );
}

export function Queue(props: {
  jobs: readonly JobWire[];
  byState: Readonly<Record<string, number>> | undefined;
  siteName: (site: string) => string;
  currency: string | undefined;
  onOpen: (job: string) => void;
}) {
  const [filter, setFilter] = useState<State | undefined>();
  const [rows, setRows] = useState(ROWS_FIRST);
  const countOf = (state: State): number => props.byState?.[state] ?? props.jobs.filter((job) => job.state === state).length;
  const total = stateOrder.reduce((sum, state) => sum + countOf(state), 0);
  const matching = inOrder(props.jobs.filter((job) => filter === undefined || job.state === filter));
  const shown = matching.slice(0, rows);
  const chip = (label: string, count: number, state: State | undefined) => (
    <li key={label}>
      <button
        type="button"
        className="chip"
        aria-pressed={filter === state}
        onClick={() => setFilter(state)}
        data-testid={`jobs-${label}`}
        disabled={count === 0 && filter !== state}
      >
        {state && <i className={`dot dot-${label}`} />}
        {label} <b>{formatNumber(count)}</b>
      </button>
    </li>
  );
  return (
    <>
      <ul className="chips" aria-label="Jobs by state">
        {chip('all', total, undefined)}
        {stateOrder.map((state) => chip(state.toLowerCase(), countOf(state), state))}
      </ul>
      {shown.length === 0 ? (
        <p className="quiet">
          {filter ? `No ${filter.toLowerCase()} job among the newest ${props.jobs.length}.` : 'No job was submitted yet.'}
        </p>
      ) : (
        <div className="scroll">
          <table className="jobs">
            <caption>
              Carbon and cost are believed, the change is against running now; open a job for what was metered. Italic times are planned.
            </caption>
            <thead>
              <tr>
                {['Job', 'State', 'Where', 'When, UTC', 'Carbon', 'Cost', 'Why'].map((head) => (
                  <th key={head} scope="col" className={head === 'Carbon' || head === 'Cost' ? 'number' : ''}>
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((job) => (
                <JobRow key={job.id} job={job} siteName={props.siteName} currency={props.currency} onOpen={() => props.onOpen(job.id)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {matching.length > shown.length && (
        <button type="button" className="button" onClick={() => setRows(rows + 4 * ROWS_FIRST)}>
          Show more ({formatNumber(matching.length - shown.length)})
        </button>
      )}
      {total > props.jobs.length && (
        <p className="quiet">
          The list holds {formatNumber(props.jobs.length)} of {formatNumber(total)} jobs; the counts are of all.
        </p>
      )}
    </>
  );
}
