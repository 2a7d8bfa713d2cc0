/**
 * Economy page: the years of some seeds, with and without shocks, as one HTML file.
 *
 * Lines are means over seeds, bands run from the lowest seed to the highest. Numbers are those of the tables and files.
 */

import { DAY } from '../../units/time.ts';
import { areaChart } from '../report/area-chart.ts';
import { numberText } from '../report/axis.ts';
import { histogram } from '../report/histogram.ts';
import { intervalChart } from '../report/interval-chart.ts';
import { type Line, lineChart, type Span } from '../report/line-chart.ts';
import { type Figure, pageHtml, type Section, type Table } from '../report/page.ts';
import { rampColour, seriesColour } from '../report/svg.ts';
import type { EconomyDay, EconomyYear } from './economy.ts';
import { meanInterval, pairedInterval } from './interval.ts';
import { decileMeans, incomesIn, type Metric, metrics, summariesOf } from './outcome.ts';
import { type EconomyScenario, shockText } from './scenario.ts';

/** Years of the scenario, and of the same seeds without its shocks; `base` is absent where there are none. */
export interface EconomyRun {
  readonly scenario: EconomyScenario;
  readonly years: readonly EconomyYear[];
  readonly base: readonly EconomyYear[] | undefined;
}

/** Days that are drawn as one point: weeks, so that weekends do not hatch the lines. */
const POINT_DAYS = 7;
/** Days over which incomes are sorted into tenths. */
const DECILE_DAYS = 28;

/** The page's text. */
export function economyPage(run: EconomyRun): string {
  const { scenario, years, base } = run;
  const shocks = scenario.shocks.map((shock) => `${shockText(shock)} from day ${shock.fromDay} to ${shock.toDay}`).join(', ');
  const lead =
    `${scenario.days} days from ${scenario.start}, ${scenario.providers} providers on the first day, ${years.length} ${years.length === 1 ? 'seed' : 'seeds'}. ` +
    (base ? `Shocks: ${shocks}; dashed lines are the same seeds without them.` : 'No shocks.');
  const sections: Section[] = [
    { heading: 'Money', figures: [protocolFigure(run), feesFigure(run), priceFigure(run), washFigure(run)] },
    { heading: 'Providers', figures: [activeFigure(run), kindsFigure(run), decilesFigure(run), incomeFigure(run)] },
    ...(base ? [{ heading: 'What the shocks changed', figures: [changeFigure(years, base)], table: changeTable(years, base) }] : []),
    { heading: 'By quarter', text: ['Means over seeds.'], table: quarterTable(years) },
    { heading: 'What held', text: [lawsText(run)] },
  ];
  return pageHtml({ title: 'A simulated year of settlement', lead, sections });
}

/** How often the laws were held against the years; a breach would have left no page. */
export function lawsText({ years, base = [] }: Pick<EconomyRun, 'years' | 'base'>): string {
  const all = [...years, ...base];
  const count = (of: (year: EconomyYear) => number) =>
    numberText(
      all.reduce((sum, year) => sum + of(year), 0),
      0,
    );
  return (
    `Law 5 held for ${count(({ jobsChecked }) => jobsChecked)} jobs, laws 1, 2, 4 and 6 on ${count(({ days }) => days.length)} days, ` +
    `laws 4, 6 and 7 against the contract’s rules in ${count(({ settlements }) => settlements.length)} periods.`
  );
}

const inSun = (micros: bigint): number => Number(micros) / 1e6;

/** Instants of the points, and the marks of shocks. */
function timeOf({ years, scenario }: EconomyRun): { readonly x: { kind: 'time'; at: readonly number[] }; readonly spans: readonly Span[] } {
  const days = years[0]?.days ?? [];
  const start = days[0]?.at ?? 0;
  return {
    x: { kind: 'time', at: days.flatMap(({ at }, day) => (day % POINT_DAYS === 0 ? [at] : [])) },
    spans: scenario.shocks
      .filter(({ fromDay }) => fromDay <= days.length)
      .map((shock) => ({
        from: start + (shock.fromDay - 1) * DAY,
        to: start + Math.min(shock.toDay, days.length) * DAY,
        label: shockText(shock),
      })),
  };
}

/** Weekly means of a daily number: mean over seeds, and the lowest and highest seed. */
function weekly(years: readonly EconomyYear[], of: (day: EconomyDay) => number): { mean: number[]; low: number[]; high: number[] } {
  const bySeed = years.map(({ days }) => {
    const weeks: number[] = [];
    for (let from = 0; from < days.length; from += POINT_DAYS) {
      const week = days.slice(from, from + POINT_DAYS);
      weeks.push(week.reduce((sum, day) => sum + of(day), 0) / week.length);
    }
    return weeks;
  });
  const places = bySeed[0]?.map((_, week) => bySeed.map((weeks) => weeks[week] as number)) ?? [];
  return {
    mean: places.map((seeds) => seeds.reduce((sum, value) => sum + value, 0) / seeds.length),
    low: places.map((seeds) => Math.min(...seeds)),
    high: places.map((seeds) => Math.max(...seeds)),
  };
}

/** A line of the years with its band, and one without shocks. */
function linesOf({ years, base }: EconomyRun, name: string, of: (day: EconomyDay) => number, colour = 0): Line[] {
  const { mean, low, high } = weekly(years, of);
  const band = years.length > 1 ? { band: { low, high } } : {};
  const line: Line = { name, values: mean, colour: seriesColour(colour), ...band };
  return base
    ? [line, { name: `${name}, without shocks`, values: weekly(base, of).mean, colour: seriesColour(colour), isDashed: true }]
    : [line];
}

const over = (run: EconomyRun, title: string, label: string, lines: readonly Line[]): Figure => {
  const { x, spans } = timeOf(run);
  return (size) => lineChart({ title, x, y: { label, include: [0] }, lines, spans }, size);
};

const protocolFigure = (run: EconomyRun): Figure =>
  over(run, 'The protocol’s take pays the subsidy', 'SUN/day', [
    ...linesOf(run, 'take', ({ takeOfAll }) => inSun(takeOfAll), 0),
    ...linesOf(run, 'subsidy', ({ subsidy }) => inSun(subsidy), 1),
  ]);

const feesFigure = (run: EconomyRun): Figure =>
  over(
    run,
    'Fee income',
    'SUN/day',
    linesOf(run, 'fees', ({ fees }) => inSun(fees)),
  );

const priceFigure = (run: EconomyRun): Figure =>
  over(
    run,
    'What an accelerator-hour costs',
    'SUN, everything in it',
    linesOf(run, 'price', ({ price }) => price),
  );

const washFigure = (run: EconomyRun): Figure =>
  over(
    run,
    'Wash traders lose by every job',
    'SUN/day',
    linesOf(run, 'reward less take', ({ washGain }) => inSun(washGain), 3),
  );

const activeFigure = (run: EconomyRun): Figure =>
  over(
    run,
    'Active providers',
    'providers',
    linesOf(run, 'active', ({ providers }) => providers),
  );

function kindsFigure(run: EconomyRun): Figure {
  const { x, spans } = timeOf(run);
  const kinds = [
    { name: 'homes', kind: 'home' },
    { name: 'farms', kind: 'farm' },
    { name: 'data halls', kind: 'hall' },
  ] as const;
  const layers = kinds.map(({ name, kind }) => ({ name, values: weekly(run.years, ({ byKind }) => byKind[kind]).mean }));
  return (size) => areaChart({ title: 'Who they are', x, y: { label: 'providers' }, layers, spans }, size);
}

function decilesFigure(run: EconomyRun): Figure {
  const { years } = run;
  const { spans } = timeOf(run);
  const days = years[0]?.days ?? [];
  const starts = days.flatMap((_, day) => (day % DECILE_DAYS === 0 && (day === 0 || day + DECILE_DAYS <= days.length) ? [day] : []));
  const bySeed = years.map(({ providers }) =>
    starts.map((from) =>
      decileMeans(incomesIn(providers, { name: '', from, to: Math.min(days.length, from + DECILE_DAYS) }, 'accelerator')),
    ),
  );
  const lines = Array.from({ length: 10 }, (_, decile): Line => {
    const values = starts.map((_, span) => {
      const known = bySeed.flatMap((spansOfSeed) => spansOfSeed[span]?.[decile] ?? []);
      return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
    });
    return {
      name: decile === 0 ? 'poorest tenth' : decile === 9 ? 'richest tenth' : `${decile + 1}`,
      values,
      colour: rampColour(decile / 9),
    };
  });
  const at = starts.map((day) => (days[day] as EconomyDay).at + (DECILE_DAYS / 2) * DAY);
  const title = 'Income by tenths of providers';
  return (size) =>
    lineChart(
      { title, x: { kind: 'time', at }, y: { label: `EUR per accelerator and day, ${DECILE_DAYS} days each`, include: [0] }, lines, spans },
      size,
    );
}

function incomeFigure({ years, base }: EconomyRun): Figure {
  const all = (of: readonly EconomyYear[]) =>
    of.flatMap(({ providers, days }) => incomesIn(providers, { name: '', from: 0, to: days.length }, 'accelerator'));
  const samples = [
    { name: base ? 'with shocks' : 'providers', values: all(years) },
    ...(base ? [{ name: 'without shocks', values: all(base) }] : []),
  ];
  return (size) => histogram({ title: 'Income over the whole year', x: { label: 'EUR per accelerator and day' }, samples, bins: 25 }, size);
}

const yearly = (years: readonly EconomyYear[], { of }: Metric): readonly number[] =>
  years.flatMap((year) => summariesOf(year).slice(-1).map(of));

/** What is told as a change in %: sums and prices that are above 0. */
function changeFigure(years: readonly EconomyYear[], base: readonly EconomyYear[]): Figure {
  const rows = metrics.flatMap((metric) => {
    const before = yearly(base, metric);
    if (metric.unit === '%' || before.some((value) => value <= 0)) return [];
    const changes = yearly(years, metric).map((value, seed) => (100 * value) / (before[seed] as number) - 100);
    const { mean, half = 0 } = meanInterval(changes);
    return [{ name: metric.name, estimates: [{ value: mean, low: mean - half, high: mean + half }] }];
  });
  return ({ width }) =>
    intervalChart(
      {
        title: 'Change over the whole year',
        x: { label: '% of the same seeds without shocks, 95 % interval over seeds' },
        series: ['change'],
        rows,
        reference: { at: 0, label: 'no change' },
      },
      { width, height: 90 + 26 * rows.length },
    );
}

export const intervalText = ({ mean, half }: { readonly mean: number; readonly half: number | undefined }, decimals: number): string =>
  half === undefined ? numberText(mean, decimals) : `${numberText(mean, decimals)} ± ${numberText(half, decimals)}`;

/** Each measure of the whole year: without, with, and the paired difference. */
export function changeTable(years: readonly EconomyYear[], base: readonly EconomyYear[]): Table {
  const rows = metrics.map((metric) => {
    const [before, after] = [yearly(base, metric), yearly(years, metric)];
    const cells = [meanInterval(before), meanInterval(after), pairedInterval(before, after)];
    return [metric.name, metric.unit, ...cells.map((cell) => intervalText(cell, metric.decimals))];
  });
  return { titles: ['THE YEAR', 'UNIT', '>WITHOUT SHOCKS', '>WITH SHOCKS', '>DIFFERENCE'], rows };
}

/** Each measure by quarter and year; the year with its interval over seeds. */
export function quarterTable(years: readonly EconomyYear[]): Table {
  const bySeed = years.map(summariesOf);
  const spans = bySeed[0]?.map(({ span }) => span) ?? [];
  const rows = metrics.map(({ name, unit, decimals, of }) => {
    const cells = spans.map((span, index) => {
      const { mean, half } = meanInterval(bySeed.map((summaries) => of(summaries[index] as (typeof summaries)[number])));
      return intervalText({ mean, half: span === 'year' ? half : undefined }, decimals);
    });
    return [name, unit, ...cells];
  });
  return { titles: ['', 'UNIT', ...spans.map((span) => `>${span.toUpperCase()}`)], rows };
}
