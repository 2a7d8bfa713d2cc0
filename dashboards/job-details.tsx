/**
 * One job in full: what was asked, what was believed, what happened, and its receipts from the ledger.
 *
 * A native dialog, so Escape and focus behave as everywhere. Receipts are metered and per slot; their sums are made
 * here from the rows shown, so that a reader can check them.
 */
import { useEffect, useRef } from 'react';
import type { JobEventWire, JobWire, ReceiptWire } from '../scheduler/wire.ts';
import { useResource } from './api.ts';
import { formatDuration, formatGrams, formatMoment, formatMoney, formatWh, formatWindow, MISSING, shortened } from './format.ts';
import { StateTag } from './job-state.tsx';
import { Held } from './panel.tsx';
import { Believed } from './queue.tsx';

const sumOf = <T,>(rows: readonly T[], pick: (row: T) => number): number => rows.reduce((sum, row) => sum + pick(row), 0);

function Asked({ job, siteName, currency }: { job: JobWire; siteName: (site: string) => string; currency: string | undefined }) {
  const { placement } = job;
  return (
    <dl className="pairs pairs-wide">
      <dt>Submitted</dt>
      <dd>
        {formatMoment(job.submittedAt)} by {job.owner}
      </dd>
      <dt>Deadline</dt>
      <dd>{formatMoment(job.deadline)}</dd>
      <dt>Asked for</dt>
      <dd>
        {formatDuration(job.maxDurationMs)} at most, optimise {job.optimize}
      </dd>
      <dt>Placed</dt>
      <dd>
        {placement
          ? `${siteName(placement.site)}, ${placement.accelerators} × ${placement.model}, ${formatWindow(placement.start, placement.end)}`
          : MISSING}
      </dd>
      <dt>Would have run at</dt>
      <dd>{siteName(job.homeSite)}, at once</dd>
      <dt>Ran</dt>
      <dd>{formatWindow(job.startedAt, job.endedAt)}</dd>
      <dt>Believed energy</dt>
      <dd>{placement ? `${formatWh(placement.energyKwh * 1_000)}, ${formatWh(placement.surplusKwh * 1_000)} of it surplus` : MISSING}</dd>
      <dt>Believed carbon</dt>
      <dd>
        <Believed value={placement?.carbonG} runNow={placement?.runNowCarbonG} show={formatGrams} />{' '}
        <small>run now {formatGrams(placement?.runNowCarbonG)}</small>
      </dd>
      <dt>Believed energy cost</dt>
      <dd>
        <Believed value={placement?.energyCost} runNow={placement?.runNowEnergyCost} show={(value) => formatMoney(value, currency)} />{' '}
        <small>run now {formatMoney(placement?.runNowEnergyCost, currency)}</small>
      </dd>
      {placement && (
        <>
          <dt>Why there, why then</dt>
          <dd>{placement.reason}</dd>
        </>
      )}
    </dl>
  );
}

function Receipts({
  receipts,
  siteName,
  currency,
}: {
  receipts: readonly ReceiptWire[];
  siteName: (site: string) => string;
  currency: string | undefined;
}) {
  const money = (value: number) => formatMoney(value, currency);
  return (
    <div className="scroll">
      <table className="numbers" data-testid="receipts">
        <caption>Metered, one row per slot; carbon is location-based. In brackets: the same job run at once.</caption>
        <thead>
          <tr>
            {['Slot (UTC)', 'Site', 'Energy', 'Surplus', 'Carbon', 'Energy money', 'Charged', 'Certified', 'Hash'].map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {receipts.map((row) => (
            <tr key={row.sequence} data-testid="receipt-row">
              <th scope="row">{formatMoment(row.slot)}</th>
              <td>{siteName(row.site)}</td>
              <td>{formatWh(row.meteredWh)}</td>
              <td>{formatWh(row.surplusWh)}</td>
              <td>
                {formatGrams(row.locationG)} <small>({formatGrams(row.counterfactualLocationG)})</small>
              </td>
              <td>
                {money(row.energyCost)} <small>({money(row.counterfactualEnergyCost)})</small>
              </td>
              <td title={row.parts ? partsText(row.parts, money) : undefined}>{money(row.price)}</td>
              <td>{row.certification}</td>
              <td>
                <code title={row.hash}>{shortened(row.hash)}</code>
              </td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Sum</th>
            <td />
            <td>{formatWh(sumOf(receipts, (row) => row.meteredWh))}</td>
            <td>{formatWh(sumOf(receipts, (row) => row.surplusWh))}</td>
            <td>
              {formatGrams(sumOf(receipts, (row) => row.locationG))}{' '}
              <small>({formatGrams(sumOf(receipts, (row) => row.counterfactualLocationG))})</small>
            </td>
            <td>
              {money(sumOf(receipts, (row) => row.energyCost))}{' '}
              <small>({money(sumOf(receipts, (row) => row.counterfactualEnergyCost))})</small>
            </td>
            <td>{money(sumOf(receipts, (row) => row.price))}</td>
            <td colSpan={2} />
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

const partsText = ({ energy, computing, accelerators, surplus }: NonNullable<ReceiptWire['parts']>, money: (value: number) => string) =>
  `energy ${money(energy)}, computing ${money(computing)}, accelerators ${money(accelerators)}, scarce surplus ${money(surplus)}`;

export function JobDetails(props: {
  id: string;
  revision: number;
  siteName: (site: string) => string;
  currency: string | undefined;
  onClose: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const path = `v1/jobs/${encodeURIComponent(props.id)}`;
  const job = useResource<JobWire>(path, props.revision);
  const events = useResource<readonly JobEventWire[]>(`${path}/events`, props.revision);
  const receipts = useResource<readonly ReceiptWire[]>(`${path}/receipts`, props.revision);
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the click on the backdrop is beside Escape and the close button
    <dialog
      ref={dialog}
      className="details"
      aria-labelledby="details-title"
      onClose={props.onClose}
      onClick={(event) => event.target === dialog.current && dialog.current.close()}
      data-testid="job-details"
    >
      <div className="details-body">
        <header className="panel-head">
          <h2 id="details-title">{job.kind === 'ready' ? job.value.name : 'Job'}</h2>
          {job.kind === 'ready' && <StateTag state={job.value.state} />}
          <div className="panel-aside">
            <button type="button" className="button" onClick={() => dialog.current?.close()}>
              Close
            </button>
          </div>
        </header>
        <p className="quiet">
          <code>{props.id}</code>
        </p>
        <Held resource={job} what="job">
          {(value) => (
            <>
              <p className="sentence">{value.reason}</p>
              <Asked job={value} siteName={props.siteName} currency={props.currency} />
            </>
          )}
        </Held>
        <h3>Receipts</h3>
        <Held
          resource={receipts}
          what="receipts"
          isEmpty={(rows) => rows.length === 0}
          empty="Nothing metered yet: a receipt appears when a slot of the run is settled."
        >
          {(rows) => <Receipts receipts={rows} siteName={props.siteName} currency={props.currency} />}
        </Held>
        <h3>What happened</h3>
        <Held resource={events} what="history" isEmpty={(rows) => rows.length === 0} empty="No transition yet.">
          {(rows) => (
            <ol className="timeline">
              {rows.map((row, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a history only grows at its end
                <li key={index}>
                  <time dateTime={row.at}>{formatMoment(row.at)}</time> <StateTag state={row.to} /> <span>{row.reason}</span>
                </li>
              ))}
            </ol>
          )}
        </Held>
      </div>
    </dialog>
  );
}
