/**
 * Forecast of a site: what is believed of it now, what was believed then, and how such beliefs came true, over the HTTP API.
 */
import { writeFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import type { FiguresWire, ForecastScoreWire, OutlookWire } from '../energy-oracle/wire.ts';
import type { StatusWire } from '../scheduler/wire.ts';
import { DAY, HOUR, type Instant, SLOT, toIso } from '../units/time.ts';
import { type Fan, fanChart, fanOf, fanSignals } from './fan.ts';
import { fanPlot } from './fan-plot.ts';
import { instantArgument } from './instant-argument.ts';
import { ask, body, print } from './jobs.ts';
import { table } from './table.ts';

interface Options {
  readonly api: string;
  readonly json: boolean;
  readonly asOf?: Instant;
  readonly score: boolean;
  readonly hours: number;
  readonly plot?: string;
}

const horizonMs = 4 * DAY;
/** An outlook whose truth is there is looked for so far back, then nearer. */
const judgedBackMs = [horizonMs, DAY, 6 * HOUR, HOUR];

const hoursAhead = (text: string): number => {
  const hours = Number(text);
  if (!Number.isInteger(hours) || hours < 1 || hours > horizonMs / HOUR) throw new InvalidArgumentError('expected 1 to 96 hours');
  return hours;
};

/** Makes `sunward forecast SITE` of the command group. */
export function addSiteForecast(forecast: Command): void {
  forecast
    .argument('[site]', 'show what is believed of this site')
    .option('--as-of <instant>', 'what was believed then, and what happened', instantArgument)
    .option('--score', 'how the site’s outlooks came true, by lead day, beside CLIPER and SN24', false)
    .option('--hours <n>', 'rows of the table', hoursAhead, 24)
    .option('--plot <file>', 'write the fans as SVG')
    .option('--api <url>', 'where the oracle answers', process.env['SUNWARD_API'] ?? 'http://127.0.0.1:7070')
    .option('--json', 'print JSON', false)
    .action((site: string | undefined, options: Options, command: Command) => {
      if (site === undefined) command.help({ error: true });
      else return show(site, options);
    });
}

async function show(site: string, options: Options): Promise<void> {
  const { api, json, score, hours, plot } = options;
  const outlook = score && options.asOf === undefined ? await newestJudged(api, site) : await outlookOf(api, site, options.asOf);
  const scores = score
    ? ((await body(await ask(api, `/v1/forecast/score?site=${encodeURIComponent(site)}`))) as ForecastScoreWire[])
    : undefined;
  if (plot !== undefined) {
    const title = `${site}: outlook issued at ${outlook.issuedAt} by ${outlook.model}`;
    const fans = fanSignals.map((signal) => fanOf(outlook, signal));
    writeFileSync(plot, fanPlot(title, fans));
  }
  if (json) return print(scores ? { outlook, scores } : outlook);
  const text = scores
    ? [
        headOf(outlook),
        chartOf(outlook),
        ...scores.map(scoreText),
        ...(scores.length === 0 ? [unscored] : []),
        ...(scores.some(isAlone) ? [alone] : []),
      ]
    : outlookText(outlook, hours);
  process.stdout.write(`${text.join('\n\n')}\n`);
  if (plot !== undefined) process.stdout.write(`\nwritten: ${plot}\n`);
}

const unscored = 'No outlook was scored yet: a lead day is judged two hours after its end.';

const isAlone = ({ leadDays }: ForecastScoreWire): boolean => leadDays.some(({ cliper }) => cliper === null);
const alone = 'CLIPER and SN24 are kept beside an outlook from the first trained model on; the middle of persistence is SN24 itself.';

const outlookOf = async (api: string, site: string, asOf: Instant | undefined): Promise<OutlookWire> =>
  (await body(await ask(api, pathOf(site, asOf)))) as OutlookWire;

const pathOf = (site: string, asOf: Instant | undefined): string =>
  `/v1/sites/${encodeURIComponent(site)}/outlook${asOf === undefined ? '' : `?asOf=${toIso(asOf)}`}`;

/** The newest outlook that is over, else one that has begun; the river's clock counts, it may be virtual. */
async function newestJudged(api: string, site: string): Promise<OutlookWire> {
  const { now } = (await body(await ask(api, '/v1/status'))) as StatusWire;
  for (const back of judgedBackMs) {
    const answer = await ask(api, pathOf(site, Date.parse(now) - back));
    if (answer.ok) return (await body(answer)) as OutlookWire;
  }
  return outlookOf(api, site, Date.parse(now));
}

const chartOf = (outlook: OutlookWire): string => fanChart(fanOf(outlook, 'surplus', HOUR / SLOT));

function headOf({ site, issuedAt, model, sources, notes = [] }: OutlookWire): string {
  const told = sources
    ? Object.entries(sources).map(([signal, { model, reason }]) => `  ${signal}: ${model}${reason === null ? '' : ` (${reason})`}`)
    : [`  all signals: ${model}`];
  return [`${site}, issued at ${issuedAt}`, ...told, ...notes.map((note) => `  note: ${note}`)].join('\n');
}

/** Everything of an outlook, for people. */
export function outlookText(outlook: OutlookWire, hours: number): string[] {
  const fans = fanSignals.map((signal) => fanOf(outlook, signal, HOUR / SLOT));
  const hasHappened = (outlook.happened ?? []).length > 0;
  const titles = [
    'HOUR',
    ...fans.flatMap(({ title, unit }) => [`>${title.toUpperCase()} ${unit} P10`, '>P50', '>P90', ...(hasHappened ? ['>HAPPENED'] : [])]),
  ];
  const rows = Array.from({ length: Math.min(hours, fans[0]?.steps.length ?? 0) }, (_, i) => [
    toIso(fans[0]?.steps[i]?.at ?? 0).slice(0, 16),
    ...fans.flatMap((fan) => cellsOf(fan, i, hasHappened)),
  ]);
  return [headOf(outlook), chartOf(outlook), table(titles, rows)];
}

function cellsOf({ steps }: Fan, i: number, hasHappened: boolean): string[] {
  const step = steps[i];
  const cell = (value: number | undefined) => (value === undefined ? '–' : value.toFixed(1));
  return [cell(step?.p10), cell(step?.p50), cell(step?.p90), ...(hasHappened ? [cell(step?.happened)] : [])];
}

const percent = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : value.toFixed(1));
const share = (figures: FiguresWire | null): string =>
  figures?.cov80 === null || figures === null ? '–' : percent(100 * (figures.cov80 ?? 0));

/** One signal by one kind of model: by lead day, month and hour band, each beside the yardsticks. */
export function scoreText({ site, signal, model, leadDays, months, hourBands }: ForecastScoreWire): string {
  const rows = [
    ...leadDays.map((row) => [`day ${row.leadDay}`, row] as const),
    ...months.map((row) => [row.month, row] as const),
    ...hourBands.map((row) => [row.hourBand, row] as const),
  ].map(([name, { count, issued, cliper, repeated }]) => [
    name,
    String(count),
    percent(issued.pinballPercent),
    percent(cliper?.pinballPercent),
    percent(repeated?.pinballPercent),
    percent(issued.nmaePercent),
    percent(cliper?.nmaePercent),
    percent(repeated?.nmaePercent),
    share(issued),
    share(cliper),
  ]);
  const heads = ['', '>SLOTS', '>PINBALL %', '>CLIPER', '>SN24', '>nMAE %', '>CLIPER', '>SN24', '>COV80 %', '>CLIPER'];
  return `${site}, ${signal} by ${model}\n${table(heads, rows)}`;
}
