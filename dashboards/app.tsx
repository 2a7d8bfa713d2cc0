/**
 * The page: one river, seen by the job owner, the provider and the operator.
 *
 * Owns which site and which job are looked at, and what is asked of the API how often; each part draws itself. Order on
 * the page is the order of questions: what did it save, where is the surplus, what comes, what waits and why, who is paid.
 */
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { OracleWire, OutlookWire, QuarantineWire, SiteWire } from '../energy-oracle/wire.ts';
import type { ClaimsWire, JobWire, StatusWire, SummaryWire } from '../scheduler/wire.ts';
import { type Connection, lastKnown, type Resource, revisionOf, useEventStream, useResource } from './api.ts';
import { Claims } from './claims.tsx';
import { EventLog } from './event-log.tsx';
import { formatClock, formatDay, formatMoment, formatSpeed } from './format.ts';
import { JobDetails } from './job-details.tsx';
import { WorldMap } from './map.tsx';
import { OutlookChart } from './outlook-chart.tsx';
import { Held, Panel } from './panel.tsx';
import { Parts, Readings } from './parts.tsx';
import { Queue } from './queue.tsx';
import { Savings } from './savings.tsx';
import { SiteTable } from './sites.tsx';

const STATUS_POLL_MS = 1_000;
const SLOW_POLL_MS = 5_000;
const JOBS_LIMIT = 200;

const connectionWords: Readonly<Record<Connection, string>> = { connecting: 'connecting', live: 'live', reconnecting: 'reconnecting' };

function Header({ status, connection }: { status: StatusWire | undefined; connection: Connection }) {
  return (
    <header className="top">
      <a className="brand" href="#savings">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path className="brand-rays" d="M16 2v5M4.7 6.7l3.5 3.5M27.3 6.7l-3.5 3.5" />
          <path className="brand-sun" d="M7 19a9 9 0 0 1 18 0z" />
          <path className="brand-sea" d="M3 22h26M7 26h18M12 30h8" />
        </svg>
        <h1>Sunward</h1>
      </a>
      <p className="now">
        <time dateTime={status?.now} data-testid="virtual-now">
          <b>{formatClock(status?.now)}</b> {formatDay(status?.now)} UTC
        </time>
        {status && (
          <span
            className="pill"
            data-testid="speed"
            title={status.speed === 1 ? 'The clock of the machine' : 'A virtual clock: this many seconds in one'}
          >
            {formatSpeed(status.speed)}
          </span>
        )}
        <span className={`pill pill-${connection}`} role="status" data-testid="connection">
          <i aria-hidden="true" />
          {connectionWords[connection]}
        </span>
      </p>
      <nav aria-label="Parts of the page">
        {['Savings', 'Sites', 'Outlook', 'Jobs', 'Claims', 'Events'].map((name) => (
          <a key={name} href={`#${name.toLowerCase()}`}>
            {name}
          </a>
        ))}
      </nav>
    </header>
  );
}

function Stale({ resources }: { resources: readonly Resource<unknown>[] }) {
  const fault = resources.map((resource) => ('fault' in resource ? resource.fault : undefined)).find((text) => text !== undefined);
  if (fault === undefined) return null;
  return (
    <p className="stale" role="alert" data-testid="stale">
      Not everything can be reached ({fault}). What is shown below is the last that was known; asking again.
    </p>
  );
}

/** Running jobs per site. */
function runningBySite(jobs: readonly JobWire[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { state, placement } of jobs)
    if (state === 'RUNNING' && placement) counts.set(placement.site, (counts.get(placement.site) ?? 0) + 1);
  return counts;
}

export function App() {
  const stream = useEventStream();
  const { revisions } = stream;
  const status = useResource<StatusWire>('v1/status', 0, STATUS_POLL_MS);
  const summary = useResource<SummaryWire>('v1/summary', revisionOf(revisions, 'ledger', 'settlement', 'claim'));
  const sites = useResource<readonly SiteWire[]>('v1/sites', revisionOf(revisions, 'reading'));
  const jobs = useResource<readonly JobWire[]>(`v1/jobs?limit=${JOBS_LIMIT}`, revisionOf(revisions, 'job', 'plan', 'run'));
  const claims = useResource<ClaimsWire>('v1/claims', revisionOf(revisions, 'settlement', 'claim'));
  const oracle = useResource<OracleWire>('v1/oracle', revisionOf(revisions, 'quarantine'), SLOW_POLL_MS);
  const quarantine = useResource<readonly QuarantineWire[]>('v1/quarantine', revisionOf(revisions, 'quarantine'), SLOW_POLL_MS);

  const [chosen, setChosen] = useState<string | undefined>();
  const [openJob, setOpenJob] = useState<string | undefined>();
  const closeJob = useCallback(() => setOpenJob(undefined), []);
  const siteList = lastKnown(sites);
  const selected = siteList?.find(({ id }) => id === chosen) ?? siteList?.[0];
  const outlook = useResource<OutlookWire>(
    selected && `v1/sites/${encodeURIComponent(selected.id)}/outlook`,
    revisionOf(revisions, 'outlook'),
    SLOW_POLL_MS,
  );
  const jobList = lastKnown(jobs);
  const running = useMemo(() => runningBySite(jobList ?? []), [jobList]);
  const names = useMemo(() => new Map(siteList?.map(({ id, name }) => [id, name])), [siteList]);
  const siteName = (site: string): string => names.get(site) ?? site;
  const now = lastKnown(status)?.now;
  const currency = lastKnown(status)?.currency ?? lastKnown(summary)?.cost.currency;
  const titleClock = formatClock(now);
  useEffect(() => {
    document.title = now === undefined ? 'Sunward' : `Sunward · ${titleClock} UTC`;
  }, [now, titleClock]);

  return (
    <>
      <a className="skip" href="#content">
        Skip to the numbers
      </a>
      <Header status={lastKnown(status)} connection={stream.connection} />
      <main id="content">
        <Stale resources={[status, summary, sites, jobs, claims, oracle]} />
        <Panel
          title="Saved against running now"
          id="savings"
          note={
            summary.kind === 'ready'
              ? `${formatMoment(summary.value.from)} to ${formatMoment(summary.value.to)} UTC, from metered energy`
              : undefined
          }
          className="panel-savings"
        >
          <Held resource={summary} what="summary">
            {(value) => <Savings summary={value} />}
          </Held>
        </Panel>
        <Panel title="Sites" id="sites" note="choose one for its outlook" className="panel-sites">
          <Held resource={sites} what="sites" isEmpty={(list) => list.length === 0} empty="No site is enrolled yet.">
            {(list) => (
              <div className="sites">
                <WorldMap sites={list} selected={selected?.id} at={now} running={running} onSelect={setChosen} />
                <SiteTable sites={list} selected={selected?.id} running={running} currency={currency} onSelect={setChosen} />
              </div>
            )}
          </Held>
        </Panel>
        <Panel
          title={selected ? `Outlook for ${selected.name}` : 'Outlook'}
          id="outlook"
          note={selected && `${selected.provider}, zone ${selected.zone}`}
          className="panel-outlook"
        >
          <Held resource={outlook} what="outlook" isEmpty={({ slots }) => slots.length === 0} empty="No outlook was issued yet.">
            {(value) => <OutlookChart key={value.site} outlook={value} jobs={jobList ?? []} onOpen={setOpenJob} />}
          </Held>
        </Panel>
        <Panel title="Jobs" id="jobs" className="panel-jobs">
          <Held
            resource={jobs}
            what="jobs"
            isEmpty={(list) => list.length === 0}
            empty="No job was submitted yet. Submit one with: sunward submit job.yaml"
          >
            {(list) => (
              <Queue jobs={list} byState={lastKnown(summary)?.jobs.byState} siteName={siteName} currency={currency} onOpen={setOpenJob} />
            )}
          </Held>
        </Panel>
        <Panel title="Claims" id="claims" note="tokens on the chain">
          <Held resource={claims} what="claims">
            {(value) => <Claims claims={value} />}
          </Held>
        </Panel>
        <EventLog stream={stream} />
        <Panel title="Readings" id="readings" note="checked at the gate">
          <Held resource={oracle} what="readings">
            {(value) => <Readings oracle={value} quarantine={lastKnown(quarantine) ?? []} />}
          </Held>
        </Panel>
        <Panel title="Parts" id="parts" note="what this runs on">
          <Held resource={status} what="parts" isEmpty={({ parts }) => parts.length === 0} empty="No part was named.">
            {(value) => <Parts parts={value.parts} />}
          </Held>
        </Panel>
      </main>
      {openJob !== undefined && (
        <JobDetails
          key={openJob}
          id={openJob}
          revision={revisionOf(revisions, 'job', 'run', 'ledger')}
          siteName={siteName}
          currency={currency}
          onClose={closeJob}
        />
      )}
    </>
  );
}
