/**
 * Backtest text: the report of a backtest as tables for people: everybody side by side, one row a figure.
 */
import type { BacktestReport, TargetReport } from '../energy-oracle/forecast/score/backtest.ts';
import { type Judged, type JudgedReport, judged } from '../energy-oracle/forecast/score/tally.ts';
import type { TargetKind } from '../energy-oracle/forecast/target.ts';
import { DAY, HOUR } from '../units/time.ts';
import { table } from './table.ts';

interface Figure {
  readonly title: string;
  readonly of: (report: JudgedReport) => number | undefined;
  readonly digits: number;
}

const percent = (share: number | undefined) => (share === undefined ? undefined : 100 * share);
const pinballPercent: Figure = { title: 'pinball %', of: ({ overall }) => overall.pinballPercent, digits: 2 };
const coverage: Figure = { title: 'cov80 %', of: ({ lit }) => percent(lit.cov80), digits: 1 };
const nmae: Figure = { title: 'nMAE %', of: ({ overall }) => overall.nmaePercent, digits: 2 };
const pinball: Figure = { title: 'pinball', of: ({ overall }) => overall.pinball, digits: 4 };

/** What a kind is judged by; carbon intensity day by day, as it is published. */
function figuresOf(kind: TargetKind, leadDays: number): Figure[] {
  if (kind === 'import-price') return [{ title: 'MAE', of: ({ overall }) => overall.mae, digits: 3 }, { ...pinball, digits: 3 }, coverage];
  if (kind !== 'carbon-intensity') return [nmae, pinballPercent, pinball, coverage];
  const byDay = Array.from({ length: leadDays }, (_, day): Figure => {
    return { title: `MAPE % day ${day + 1}`, of: ({ leadDays: days }) => days[day]?.[1].mapePercent, digits: 2 };
  });
  return [...byDay, pinballPercent, coverage];
}

/** One block of rows per target, the mean of the targets last, and what a reader should know of the run. */
export function backtestText(report: BacktestReport, kind: TargetKind): string {
  const { task, about, targets, horizonMs, models } = report;
  const figures = figuresOf(kind, Math.round(horizonMs / DAY));
  const block = (name: string, of: (figure: Figure, who: Judged) => number | undefined) =>
    figures.map((figure, i) => [i === 0 ? name : '', figure.title, ...judged.map((who) => of(figure, who)?.toFixed(figure.digits) ?? '–')]);
  const rows = targets.flatMap((target) => block(target.target, (figure, who) => figure.of(target.judged[who])));
  const mean = block('mean', (figure, who) => meanOf(targets.map((target) => figure.of(target.judged[who]))));
  const titles = ['TARGET', 'FIGURE', ...judged.map((who) => `>${who.toUpperCase()}`)];
  const issues = targets.reduce((sum, target) => sum + target.issues, 0);
  return [
    `${task}: ${about}`,
    `${issues} issues of ${horizonMs / HOUR} h, ${models.length === 1 ? `model ${models[0]}` : `${models.length} models`}`,
    '',
    table(titles, targets.length > 1 ? [...rows, ...mean] : rows),
    '',
    ...targets.map(remarkOf),
  ].join('\n');
}

function meanOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === values.length ? known.reduce((sum, value) => sum + value, 0) / known.length : undefined;
}

function remarkOf({ target, issues, refused, refusal, byCliper, coverage: { least, most }, outOfBounds }: TargetReport): string {
  const share = (value: number | undefined) => (100 * (value ?? 0)).toFixed(0);
  const notes = [
    least === undefined ? 'shorter than 30 days' : `cov80 over any 30 days ${share(least)} to ${share(most)} %`,
    ...(byCliper > 0 ? [`CLIPER spoke at ${byCliper} of ${issues} issues, the model had drifted`] : []),
    ...(refused > 0 ? [`${refused} issues refused (${refusal})`] : []),
    ...(outOfBounds > 0 ? [`${outOfBounds} quantiles out of bounds`] : []),
  ];
  return `${target}: ${notes.join('; ')}`;
}
