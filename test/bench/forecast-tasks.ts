/**
 * Forecast tasks under measure: every bar of the development tasks, each figure beside SN24, CLIPER and the ridge of the
 * same run. Reads the public records of `SUNWARD_DATA`; the numbers are the same on every machine, the seconds are not.
 */
import { createForecastRunner, recordReader } from '../../cli/forecast-run.ts';
import { createChance } from '../../energy-oracle/forecast/model/seeded.ts';
import type { BacktestReport } from '../../energy-oracle/forecast/score/backtest.ts';
import { type CoverageReport, coverageOf, type Judged, type JudgedReport } from '../../energy-oracle/forecast/score/tally.ts';
import { forecastTask } from '../../simulator/experiments/forecast-tasks.ts';
import { rounded } from './forecast-grids.ts';
import type { Bar } from './main.ts';

type Figure = (report: JudgedReport) => number | undefined;

const nmae: Figure = ({ overall }) => overall.nmaePercent;
const pinballPercent: Figure = ({ overall }) => overall.pinballPercent;
const pinball: Figure = ({ overall }) => overall.pinball;
const coverage: Figure = ({ lit }) => (lit.cov80 === undefined ? undefined : 100 * lit.cov80);
const mapeOf =
  (day: number): Figure =>
  ({ leadDays }) =>
    leadDays[day - 1]?.[1].mapePercent;

/** Mean of a figure over the targets of a report. @throws RangeError when a target has none */
function meanOf({ targets, task }: BacktestReport, who: Judged, figure: Figure): number {
  const values = targets.map(({ target, judged }) => {
    const value = figure(judged[who]);
    if (value === undefined) throw new RangeError(`${task}: nothing was measured of ${target} for ${who}`);
    return value;
  });
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What the others got, for the name of a bar. */
const beside = (report: BacktestReport, figure: Figure, digits = 2) =>
  (['net', 'ridge', 'cliper', 'sn24'] as const).map((who) => `${who} ${rounded(meanOf(report, who, figure), digits)}`).join(', ');

function atMost(report: BacktestReport, name: string, figure: Figure, most: number, unit = '%', digits = 2): Bar {
  const value = rounded(meanOf(report, 'final', figure), digits);
  return { bar: `${name} (${beside(report, figure, digits)})`, value, unit, target: `≤ ${most}`, holds: value <= most };
}

function within(name: string, value: number, least: number, most: number): Bar {
  return { bar: name, value: rounded(value, 1), unit: '%', target: `${least} to ${most}`, holds: value >= least && value <= most };
}

function coverageBars(report: BacktestReport, [least, most] = [72, 88]): Bar[] {
  const { task, targets } = report;
  const share = (value: number | undefined) => 100 * (value ?? Number.NaN);
  const together = coverageOf(targets.flatMap(({ coverage: { days } }) => days));
  const chances = targets.map(({ target, coverage }) => ({ target, chance: chanceWithin(coverage, least as number, most as number) }));
  const raw = meanOf(report, 'net', pinballPercent);
  const ratio = (100 * meanOf(report, 'final', pinballPercent)) / raw;
  return [
    ...targets.map(({ target, judged }) => within(`${task} cov80 of ${target}`, coverage(judged.final) ?? Number.NaN, 77, 83)),
    ...targets.flatMap(({ target, coverage: { least: low, most: high } }) => [
      within(`${task} least cov80 of ${target} in any 30 days`, share(low), least as number, 100),
      within(`${task} greatest cov80 of ${target} in any 30 days`, share(high), 0, most as number),
    ]),
    within(`${task} least cov80 of all grids together in any 30 days`, share(together.least), least as number, 100),
    within(`${task} greatest cov80 of all grids together in any 30 days`, share(together.most), 0, most as number),
    {
      bar: `${task} chance that the same days in another order stay within ${least} to ${most} in every 30 days (${chances
        .map(({ target, chance }) => `${target} ${chance}`)
        .join(', ')})`,
      value: Math.min(...chances.map(({ chance }) => chance)),
      unit: 'of 1',
      target: 'shown',
      holds: true,
    },
    { bar: `${task} pinball calibrated, of raw`, value: rounded(ratio), unit: '%', target: '≤ 101', holds: ratio <= 101 },
  ];
}

const orders = 200;

/** How often days of this coverage, dealt out at random, make no stretch of 30 that leaves the bounds: what chance alone does. */
function chanceWithin({ days }: CoverageReport, least: number, most: number): number {
  const chance = createChance(1);
  const order = Uint32Array.from(days.keys());
  let within = 0;
  for (let k = 0; k < orders; k++) {
    chance.shuffle(order);
    const dealt = coverageOf(days.map(([day], i) => [day, ...sumsAt(order[i] as number)] as const));
    if (100 * (dealt.least ?? 1) >= least && 100 * (dealt.most ?? 0) <= most) within++;
  }
  return within / orders;

  function sumsAt(i: number): readonly [inside: number, count: number] {
    const [, inside, count] = days[i] as (typeof days)[number];
    return [inside, count];
  }
}

function solarBars(seeing: BacktestReport, blind: BacktestReport): Bar[] {
  return [
    atMost(seeing, 'T2 W mean nMAE', nmae, 18.2),
    atMost(seeing, 'T2 W mean pinball', pinballPercent, 5.8),
    atMost(blind, 'T2 noW mean nMAE', nmae, 21.8),
    atMost(blind, 'T2 noW mean pinball', pinballPercent, 6.8),
    ...coverageBars(seeing),
    ...coverageBars(blind),
  ];
}

const dayAheadMost: Readonly<Record<string, number>> = { CISO: 9, PJM: 3.1, ERCO: 9.6 };

function carbonBars(report: BacktestReport): Bar[] {
  return report.targets.map(({ target, judged }) => {
    const zone = target.split('/')[0] ?? target;
    const days = (who: Judged) => [1, 2, 3, 4].map((day) => rounded(mapeOf(day)(judged[who]) ?? Number.NaN)).join('/');
    const others = (['ridge', 'cliper', 'sn24'] as const).map((who) => `${who} ${days(who)}`).join(', ');
    const value = rounded(mapeOf(1)(judged.final) ?? Number.NaN);
    const most = dayAheadMost[zone] ?? rounded(0.75 * (mapeOf(1)(judged.sn24) ?? Number.NaN));
    const target_ = dayAheadMost[zone] === undefined ? `≤ ${most} (25 % below sn24)` : `≤ ${most}`;
    return { bar: `T1 ${zone} MAPE day 1 (days ${days('final')}; ${others})`, value, unit: '%', target: target_, holds: value <= most };
  });
}

function surplusBars(report: BacktestReport): Bar[] {
  const ratio = (100 * meanOf(report, 'final', pinball)) / meanOf(report, 'cliper', pinball);
  const out = report.targets.reduce((sum, { outOfBounds }) => sum + outOfBounds, 0);
  return [
    {
      bar: `T3 pinball, of CLIPER's (final ${rounded(meanOf(report, 'final', pinball), 4)} kW; ${beside(report, pinball, 4)})`,
      value: rounded(ratio),
      unit: '%',
      target: '≤ 95',
      holds: ratio <= 95,
    },
    within('T3 cov80 by day', meanOf(report, 'final', coverage), 77, 83),
    { bar: 'T3 forecasts above the nameplate', value: out, unit: 'steps', target: '0', holds: out === 0 },
  ];
}

const reported = (report: BacktestReport, name: string, figure: Figure, unit = '%'): Bar => ({
  bar: `${name} (${beside(report, figure)})`,
  value: rounded(meanOf(report, 'final', figure)),
  unit,
  target: 'reported only',
  holds: true,
});

/** Rows of the bars of T1 to T4, and of two tasks that are reported only. Throws `ForecastDataFault` without the records. */
export async function benchForecastTasks(
  log: (line: string) => void,
  folder: string = process.env['SUNWARD_DATA'] ?? '../shared/data',
): Promise<Bar[]> {
  const read = recordReader(folder);
  const runner = await createForecastRunner();
  const run = async (name: string) => {
    const began = performance.now();
    const report = await runner.run(forecastTask(name, read));
    log(`forecast: ${name} done in ${((performance.now() - began) / 1_000).toFixed(0)} s`);
    return report;
  };
  const seeing = await run('T2');
  const fitSeconds = runner.fitSeconds[0] ?? Number.NaN;
  const blind = await run('T2-noW');
  const untouched = await run('untouched');
  const auction = await run('DAM');
  return [
    ...solarBars(seeing, blind),
    { bar: 'T2 fit of both variants', value: rounded(fitSeconds, 1), unit: 's CPU', target: '≤ 30', holds: fitSeconds <= 30 },
    ...carbonBars(await run('T1')),
    ...surplusBars(await run('T3')),
    atMost(await run('T4'), 'T4 mean pinball', pinball, 0.0138, 'of nameplate', 4),
    reported(untouched, 'untouched PJM solar nMAE', nmae),
    reported(untouched, 'untouched PJM solar pinball', pinballPercent),
    reported(auction, 'German day-ahead MAE 2017-18', ({ overall }) => overall.mae, 'EUR/MWh'),
  ];
}
