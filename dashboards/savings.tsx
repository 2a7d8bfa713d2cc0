/**
 * What it was good for: energy by source, carbon and money against the same jobs run at once, deadlines kept.
 *
 * Every figure is a sum of ledger entries as the summary gives it; the counterfactual is metered energy at the site and
 * time each job would have had. More than the counterfactual is said as plainly as less.
 */
import type { ReactNode } from 'react';
import type { SummaryWire } from '../scheduler/wire.ts';
import { formatGrams, formatMoney, formatNumber, formatShare, formatWh, savedShare } from './format.ts';

function Figure(props: { title: string; value: string; unit: string; tone: string; testId: string; children: ReactNode }) {
  return (
    <article className="figure">
      <h3>{props.title}</h3>
      <p className={`figure-value ${props.tone}`}>
        <span data-testid={props.testId}>{props.value}</span> <small>{props.unit}</small>
      </p>
      {props.children}
    </article>
  );
}

/** Two bars on one scale: what was, and what would have been. */
function Against(props: { actual: number; counterfactual: number; show: (value: number) => string; testId: string }) {
  const largest = Math.max(props.actual, props.counterfactual, 1e-9);
  const bar = (value: number) => ({ width: `${Math.max(0, (value / largest) * 100)}%` });
  return (
    <dl className="against">
      <dt>Sunward</dt>
      <dd>
        <i className="bar bar-actual" style={bar(props.actual)} />
        <span data-testid={`${props.testId}-actual`}>{props.show(props.actual)}</span>
      </dd>
      <dt>Run now</dt>
      <dd>
        <i className="bar bar-counterfactual" style={bar(props.counterfactual)} />
        <span data-testid={`${props.testId}-counterfactual`}>{props.show(props.counterfactual)}</span>
      </dd>
    </dl>
  );
}

function Saved(props: { title: string; testId: string; actual: number; counterfactual: number; show: (value: number) => string }) {
  const share = savedShare(props.actual, props.counterfactual);
  const more = share !== undefined && share < 0;
  return (
    <Figure
      title={props.title}
      testId={props.testId}
      value={formatShare(share === undefined ? undefined : Math.abs(share))}
      unit={
        share === undefined
          ? 'nothing to compare yet'
          : more
            ? 'more than run-now'
            : `less · ${props.show(props.counterfactual - props.actual)}`
      }
      tone={share === undefined ? 'tone-none' : more ? 'tone-bad' : 'tone-good'}
    >
      <Against actual={props.actual} counterfactual={props.counterfactual} show={props.show} testId={props.testId} />
    </Figure>
  );
}

function EnergyBySource({ energyWh, surplusWh }: SummaryWire) {
  const total = energyWh.surplus + energyWh.grid;
  const share = total > 0 ? energyWh.surplus / total : undefined;
  return (
    <Figure
      title="Energy from surplus"
      testId="surplus-share"
      value={formatShare(share)}
      unit={share === undefined ? 'nothing metered yet' : `of ${formatWh(total)}`}
      tone={share === undefined ? 'tone-none' : 'tone-surplus'}
    >
      <div className="split" aria-hidden="true">
        <i className="split-surplus" style={{ flexGrow: energyWh.surplus }} />
        <i className="split-grid" style={{ flexGrow: energyWh.grid }} />
      </div>
      <dl className="pairs">
        <dt>
          <i className="key key-surplus" />
          Surplus
        </dt>
        <dd data-testid="energy-surplus">{formatWh(energyWh.surplus)}</dd>
        <dt>
          <i className="key key-grid" />
          Grid
        </dt>
        <dd data-testid="energy-grid">{formatWh(energyWh.grid)}</dd>
        <dt>Surplus left unused</dt>
        <dd>{formatWh(surplusWh.left)}</dd>
      </dl>
    </Figure>
  );
}

function Deadlines({ deadlines, jobs, ledger }: SummaryWire) {
  const due = deadlines.met + deadlines.missed;
  return (
    <Figure
      title="Deadlines kept"
      testId="deadlines-met"
      value={due > 0 ? formatNumber(deadlines.met) : '–'}
      unit={due > 0 ? `of ${formatNumber(due)} due` : 'none due yet'}
      tone={due === 0 ? 'tone-none' : deadlines.missed > 0 ? 'tone-bad' : 'tone-good'}
    >
      <dl className="pairs">
        <dt>Jobs submitted</dt>
        <dd data-testid="jobs-submitted">{formatNumber(jobs.submitted)}</dd>
        <dt>Succeeded</dt>
        <dd data-testid="jobs-succeeded">{formatNumber(jobs.succeeded)}</dd>
        <dt>Failed · refused</dt>
        <dd>
          {formatNumber(jobs.failed)} · {formatNumber(jobs.refused)}
        </dd>
        <dt>Ledger</dt>
        <dd className={ledger.balanced ? '' : 'tone-bad'} data-testid="ledger-balance">
          {formatNumber(ledger.entries)} entries, {ledger.balanced ? 'sums to zero ✓' : 'does not balance'}
        </dd>
      </dl>
    </Figure>
  );
}

export function Savings({ summary }: { summary: SummaryWire }) {
  const money = (value: number) => formatMoney(value, summary.cost.currency);
  return (
    <div className="figures">
      <Saved
        title="Carbon"
        testId="carbon-saved"
        actual={summary.carbonG.actual}
        counterfactual={summary.carbonG.counterfactual}
        show={(value) => `${formatGrams(value)} CO₂e`}
      />
      <Saved
        title="Energy cost"
        testId="cost-saved"
        actual={summary.cost.actual}
        counterfactual={summary.cost.counterfactual}
        show={money}
      />
      <EnergyBySource {...summary} />
      <Deadlines {...summary} />
    </div>
  );
}
