/**
 * Run report: a run of policies as one page that a researcher decides by.
 *
 * SeedPicture what holds over all seeds with its confidence, then what happened in the first one. Behind every chart stand its numbers.
 * Carbon is account (a) unless a column says otherwise; accounts are never added.
 */
import { DAY, type Instant, toIso } from '../../units/time.ts';
import type { Interval95 } from '../study/confidence.ts';
import type { SavedMetric } from '../study/metrics.ts';
import { clairvoyant, type Standing } from '../study/run.ts';
import { numberText, shortNumber } from './axis.ts';
import type { Size } from './frame.ts';
import { intervalChart } from './interval-chart.ts';
import { type Figure, pageHtml, type Section, type Table } from './page.ts';
import { scatter } from './scatter.ts';
import { type SeedPicture, seedSections } from './seed-sections.ts';

export interface RunReport {
  readonly name: string;
  readonly baseline: string;
  readonly currency: string;
  readonly start: Instant;
  readonly durationMs: number;
  readonly standings: readonly Standing[];
  /** Policies and seeds that were not run to their end. */
  readonly missing: number;
  /** What happened with the first seed; absent when none of it was run. */
  readonly first?: SeedPicture;
  /** The scenario as it was written. */
  readonly scenario: string;
}

/** The page as HTML text that needs nothing else. */
export function runReport(report: RunReport): string {
  const { name, standings, first, scenario, baseline, missing } = report;
  const seeds = Math.max(0, ...standings.map(({ metrics }) => metrics.jobs.seeds));
  const days = numberText(report.durationMs / DAY, report.durationMs % DAY === 0 ? 0 : 1);
  const forecaster = standings.find(({ policy }) => policy !== clairvoyant)?.forecaster ?? '';
  const lead = [
    `${standings.length} policies on ${days} ${days === '1' ? 'day' : 'days'} from ${toIso(report.start).slice(0, 10)}, ${seeds === 1 ? 'one seed' : `${seeds} seeds`} each, against ${baseline} on the same seeds.`,
    `Forecasts: ${forecaster}.`,
    missing > 0 ? `${missing} of the runs were not done when it was stopped: the numbers are of those that were.` : '',
  ];
  const sections = standings.length === 0 ? [] : [policySection(report, seeds), tradeOffSection(report)];
  if (first) sections.push(...seedSections(first, baseline));
  return pageHtml({
    title: name,
    lead: lead.filter((sentence) => sentence !== '').join(' '),
    sections: [...sections, { heading: 'Scenario', details: [{ summary: 'The scenario file', plain: scenario }] }],
  });
}

/** Taller with every row, so that rows keep their distance. */
const rowsTall =
  (rows: number, draw: Figure): Figure =>
  ({ width }: Size) =>
    draw({ width, height: 110 + 28 * rows });

const range = ({ low, high }: Interval95, text: (value: number) => string): string => (low < high ? ` [${text(low)}, ${text(high)}]` : '');
const told = (interval: Interval95, text = shortNumber): string =>
  Number.isNaN(interval.mean) ? '–' : `${text(interval.mean)}${range(interval, text)}`;
const percent = (value: number): string => numberText(value, 1);

function policySection({ standings, baseline, currency }: RunReport, seeds: number): Section {
  const others = standings.filter(({ policy }) => policy !== baseline);
  const estimated = (
    title: string,
    label: string,
    of: (standing: Standing) => Interval95 | undefined,
    among = others,
  ): readonly Figure[] => {
    const rows = among.flatMap((standing) => {
      const interval = of(standing);
      return interval && !Number.isNaN(interval.mean)
        ? [{ name: standing.policy, estimates: [{ value: interval.mean, low: interval.low, high: interval.high }] }]
        : [];
    });
    const reference = { at: 0, label: '' };
    return rows.length === 0
      ? []
      : [rowsTall(rows.length, (size) => intervalChart({ title, x: { label }, series: [''], rows, reference }, size))];
  };
  const saved = (metric: SavedMetric) => (standing: Standing) => standing.savings[metric];
  const judged = standings.filter(({ policy }) => policy !== clairvoyant);
  const isShare = judged.every(({ regretPercent }) => regretPercent);
  const lost = standings.filter(({ metrics }) => metrics.unplaced.mean > 0).map(({ policy }) => policy);
  return {
    heading: 'Policies',
    text: [
      seeds > 1
        ? `Means over ${seeds} seeds with 95 % intervals: Student’s t, differences paired by seed. Intervals of several policies are not corrected for being several.`
        : 'One seed: what differs may be chance, and there are no intervals.',
      ...(lost.length > 0 ? [`${lost.join(', ')} left jobs without room; carbon and cost there are of less work.`] : []),
    ],
    figures: [
      ...estimated(`Carbon saved against ${baseline}`, '% of account (a); more is better', saved('locationKg')),
      ...estimated(`Money saved against ${baseline}`, `% of ${currency}; more is better, below 0 costs more`, saved('money')),
      ...estimated(`Mean wait beyond ${baseline}`, 'h; less is better', ({ changes }) => changes.waitHoursMean),
      ...(isShare
        ? estimated('Regret', '% above the cost of the clairvoyant plan; less is better', ({ regretPercent }) => regretPercent, judged)
        : estimated('Regret', `${currency} above the clairvoyant plan; less is better`, ({ regret }) => regret, judged)),
    ],
    table: standingsTable(standings, baseline, currency),
    details: [{ summary: `Every metric; money and comparable cost in ${currency}`, table: metricsTable(standings) }],
  };
}

function standingsTable(standings: readonly Standing[], baseline: string, currency: string): Table {
  return {
    titles: [
      'policy',
      '>kgCO2eq (a)',
      '>saved, %',
      `>${currency}`,
      '>saved, %',
      '>mean wait, h',
      '>late or unplaced jobs',
      '>surplus in energy, %',
      '>accelerators used, %',
      '>regret, %',
    ],
    rows: standings.map(({ policy, metrics, savings, regretPercent }) => [
      policy === baseline ? `${policy} (baseline)` : policy,
      told(metrics.locationKg),
      policy === baseline ? '' : told(savings.locationKg, percent),
      told(metrics.money),
      policy === baseline ? '' : told(savings.money, percent),
      told(metrics.waitHoursMean, (value) => numberText(value, 2)),
      shortNumber(metrics.deadlineMisses.mean),
      percent(100 * (1 - metrics.gridKwh.mean / (metrics.energyKwh.mean || 1))),
      percent(metrics.utilisationPercent.mean),
      policy === clairvoyant || !regretPercent ? '' : told(regretPercent, percent),
    ]),
  };
}

const metricsTable = (standings: readonly Standing[]): Table => ({
  titles: ['metric', ...standings.map(({ policy }) => `>${policy}`)],
  rows: Object.keys(standings[0]?.metrics ?? {}).map((metric) => [
    metric,
    ...standings.map(({ metrics }) => told(metrics[metric as keyof Standing['metrics']])),
  ]),
});

function tradeOffSection({ standings, currency }: RunReport): Section {
  const all = standings.map(({ policy, metrics }) => ({
    name: policy,
    carbon: metrics.locationKg.mean,
    cost: metrics.money.mean,
    wait: metrics.waitHoursMean.mean,
  }));
  const points = all.filter(({ name }) => name !== clairvoyant);
  const [carbon, cost, wait] = ['carbon, kgCO2eq', `cost, ${currency}`, 'mean wait, h'];
  const pair = (title: string, x: 'cost' | 'wait', label: string) => (size: Size) =>
    scatter(
      {
        title,
        x: { label, include: [0] },
        y: { label: carbon, include: [0] },
        points: points.map((point) => ({ name: point.name, x: point[x], y: point.carbon })),
      },
      size,
    );
  const three = (size: Size) =>
    scatter(
      {
        title: 'Carbon, cost and wait',
        x: { label: cost, include: [0] },
        y: { label: carbon, include: [0] },
        z: { label: 'wait' },
        points: points.map((point) => ({ name: point.name, x: point.cost, y: point.carbon, z: point.wait })),
      },
      size,
    );
  return {
    heading: 'Trade-offs',
    text: [
      'Means over seeds. A policy is on the front when no other is at least as good in everything shown and better in something. The clairvoyant plan is nobody’s to choose; it stands in the numbers only.',
    ],
    figures: [pair('Carbon and cost', 'cost', cost), pair('Carbon and wait', 'wait', wait), three],
    details: [
      {
        summary: 'The numbers',
        table: {
          titles: ['policy', `>${carbon}`, `>${cost}`, `>${wait}`],
          rows: all.map((point) => [point.name, ...[point.carbon, point.cost, point.wait].map(shortNumber)]),
        },
      },
    ],
  };
}
