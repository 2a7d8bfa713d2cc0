/**
 * Outcome: a simulated year in the few numbers people ask about, by quarter and whole: money, prices, providers, inequality.
 *
 * Sums stay exact until they are told in whole SUN. Incomes are per day of taking part, so that a newcomer counts like
 * everyone else; a provider counts in a span when it took part for a day of it.
 */
import type { EconomyDay, EconomyYear } from './economy.ts';
import type { Member } from './members.ts';

/** A stretch of days, from 0, half-open. */
export interface DaySpan {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** Four quarters of nearly equal length, and the whole; the whole alone when there are fewer than four days. */
export function spansOf(days: number): readonly DaySpan[] {
  const edge = (quarter: number) => Math.floor((quarter * days) / 4);
  const quarters = days < 4 ? [] : [0, 1, 2, 3].map((quarter) => ({ name: `Q${quarter + 1}`, from: edge(quarter), to: edge(quarter + 1) }));
  return [...quarters, { name: 'year', from: 0, to: days }];
}

/** Means of ten groups of equal size, poorest first; `undefined` for groups that fewer than ten values leave empty. O(n log n). */
export function decileMeans(values: readonly number[]): readonly (number | undefined)[] {
  const sorted = [...values].sort((a, b) => a - b);
  return Array.from({ length: 10 }, (_, decile) => {
    const group = sorted.slice(Math.floor((decile * sorted.length) / 10), Math.floor(((decile + 1) * sorted.length) / 10));
    return group.length === 0 ? undefined : group.reduce((sum, value) => sum + value, 0) / group.length;
  });
}

/** Gini coefficient of values ≥ 0: 0 when all have the same (or nothing), towards 1 when one has all. O(n log n). */
export function gini(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const total = sorted.reduce((sum, value) => sum + value, 0);
  if (total <= 0) return 0;
  const ranked = sorted.reduce((sum, value, index) => sum + (index + 1) * value, 0);
  return (2 * ranked) / (sorted.length * total) - (sorted.length + 1) / sorted.length;
}

/** Mean income of each provider per day it took part in the span, EUR; divided by its accelerators where asked. */
export function incomesIn(providers: readonly Member[], { from, to }: DaySpan, by: 'provider' | 'accelerator'): readonly number[] {
  return providers.flatMap(({ provider, from: first, until = to, incomeEur }) => {
    const [start, end] = [Math.max(from, first), Math.min(to, until)];
    if (end <= start) return [];
    let sum = 0;
    for (let day = start; day < end; day++) sum += incomeEur[day] as number;
    return [sum / (end - start) / (by === 'accelerator' ? provider.accelerators : 1)];
  });
}

/** A span in numbers. SUN as whole tokens, energy shares 0 to 1. */
export interface EconomySummary {
  readonly span: string;
  readonly fees: number;
  readonly take: number;
  readonly subsidy: number;
  /** Subsidy by take, all jobs. */
  readonly subsidyOfTake: number;
  /** Charged for lost runs, paid to nobody. */
  readonly held: number;
  /** SUN per accelerator-hour, everything in it, by what was sold. */
  readonly price: number;
  /** Accelerator-hours sold by those offered. */
  readonly sold: number;
  /** Certified surplus by metered energy. */
  readonly certified: number;
  /** On the last day. */
  readonly providers: number;
  readonly exits: number;
  readonly entries: number;
  /** EUR per provider and day, poorest tenth first. */
  readonly deciles: readonly (number | undefined)[];
  readonly gini: number;
  readonly washGain: number;
  readonly washNetEur: number;
  /** Since the beginning, at the end of the span, SUN. */
  readonly minted: number;
  readonly paid: number;
  readonly escrow: number;
}

const inSun = (micros: bigint): number => Number(micros) / 1e6;

/** The spans of a year, in order. */
export const summariesOf = (year: EconomyYear): readonly EconomySummary[] => spansOf(year.days.length).map((span) => summaryOf(year, span));

export function summaryOf({ days: all, providers }: EconomyYear, span: DaySpan): EconomySummary {
  const days = all.slice(span.from, span.to);
  const last = days.at(-1) as EconomyDay;
  const sum = (of: (day: EconomyDay) => number) => days.reduce((total, day) => total + of(day), 0);
  const sunOf = (of: (day: EconomyDay) => bigint) => inSun(days.reduce((total, day) => total + of(day), 0n));
  const soldHours = sum((day) => day.soldHours);
  const [subsidy, takeOfAll] = [sunOf((day) => day.subsidy), sunOf((day) => day.takeOfAll)];
  const incomes = incomesIn(providers, span, 'provider');
  const ratio = (part: number, whole: number) => (whole > 0 ? part / whole : 0);
  return {
    span: span.name,
    fees: sunOf((day) => day.fees),
    take: sunOf((day) => day.take),
    subsidy,
    subsidyOfTake: ratio(subsidy, takeOfAll),
    held: sunOf((day) => day.held),
    price: ratio(
      sum((day) => day.price * day.soldHours),
      soldHours,
    ),
    sold: ratio(
      soldHours,
      sum((day) => day.capacityHours),
    ),
    certified: ratio(
      sum((day) => day.certifiedWh),
      sum((day) => day.meteredWh),
    ),
    providers: last.providers,
    exits: sum((day) => day.exits),
    entries: sum((day) => day.entries),
    deciles: decileMeans(incomes),
    gini: gini(incomes),
    washGain: sunOf((day) => day.washGain),
    washNetEur: sum((day) => day.washNetEur),
    minted: inSun(last.minted),
    paid: inSun(last.paid),
    escrow: inSun(last.escrow),
  };
}

/** What is compared between years, with its unit and how many decimals it is told with. */
export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly decimals: number;
  readonly of: (summary: EconomySummary) => number;
}

export const metrics: readonly Metric[] = [
  { name: 'fee income', unit: 'SUN', decimals: 0, of: ({ fees }) => fees },
  { name: 'take', unit: 'SUN', decimals: 0, of: ({ take }) => take },
  { name: 'subsidy', unit: 'SUN', decimals: 0, of: ({ subsidy }) => subsidy },
  { name: 'subsidy of take', unit: '%', decimals: 1, of: ({ subsidyOfTake }) => 100 * subsidyOfTake },
  { name: 'charged for lost runs', unit: 'SUN', decimals: 0, of: ({ held }) => held },
  { name: 'price', unit: 'SUN/h', decimals: 3, of: ({ price }) => price },
  { name: 'sold of what was offered', unit: '%', decimals: 1, of: ({ sold }) => 100 * sold },
  { name: 'certified of what was metered', unit: '%', decimals: 1, of: ({ certified }) => 100 * certified },
  { name: 'providers at the end', unit: '', decimals: 1, of: ({ providers }) => providers },
  { name: 'exits', unit: '', decimals: 1, of: ({ exits }) => exits },
  { name: 'entries', unit: '', decimals: 1, of: ({ entries }) => entries },
  { name: 'income, poorest tenth', unit: 'EUR/day', decimals: 2, of: ({ deciles }) => deciles[0] ?? 0 },
  { name: 'income, richest tenth', unit: 'EUR/day', decimals: 2, of: ({ deciles }) => deciles[9] ?? 0 },
  { name: 'Gini of incomes', unit: '', decimals: 3, of: (summary) => summary.gini },
  { name: 'wash traders’ gain', unit: 'SUN', decimals: 2, of: ({ washGain }) => washGain },
  { name: 'wash traders’ gain, sun and wear counted', unit: 'EUR', decimals: 0, of: ({ washNetEur }) => washNetEur },
];
