/**
 * Days: seven real days planned by the planner and by every baseline, and what came of it under the true signals.
 *
 * All jobs of a run share one `optimize` setting; whoever forecasts is believed by the planner and by the baselines alike.
 * Accounts are of the whole span at once, in the planner's comparable cost. The clairvoyant knows signals and arrivals.
 */
import { baselineNames } from '../../scheduler/placement/baselines.ts';
import { assess, type PlanCost } from '../../scheduler/placement/cost.ts';
import { settings } from '../../scheduler/queue/admission.ts';
import { rounded } from './forecast-grids.ts';
import type { Bar } from './main.ts';
import { type Belief, learned, persistence, truth } from './plan-beliefs.ts';
import { assignmentOf, baseline, foreseen, live, offersFrom, type Run, requestsFrom, warmPlanner } from './plan-rolling.ts';
import { readWeek, type WeekJob, weekSlots } from './plan-week.ts';

/** What a policy came to under one setting. */
interface Account {
  readonly name: string;
  readonly cost: PlanCost;
  /** Comparable cost of all work, accounting currency. */
  readonly comparable: number;
  /** Jobs that ended after their deadline, or found no room at all. */
  readonly missed: number;
}

const isMissed = ({ length, end }: WeekJob, run: Run | undefined) => !run || run.start + (run.pattern?.length ?? length) > end;
const money = ({ energy, ask, transfer, restarts }: PlanCost) => energy + ask + transfer + restarts;

const heads = ['policy', 'comparable', 'EUR', 'kgCO2', 'surplus %', 'missed', '% of clairvoyant saving'];
const columnWidths = [34, 11, 9, 9, 10, 7, 24];
const line = (cells: readonly string[]) =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(columnWidths[i] ?? 0) : cell.padStart(columnWidths[i] ?? 0))).join(' ');

/** Bars of the seven days; some minutes. */
export async function dayBars(seed: number, progress: (line: string) => void): Promise<Bar[]> {
  const week = readWeek(seed);
  const sites = week.sites.length;
  progress(`${week.jobs.length} pods on ${sites} sites of ${week.capacity} accelerators`);
  const beliefs = { truth: truth(week), persistence: persistence(week), forecasts: await learned(week, progress) };
  const offers = offersFrom(week, beliefs.truth, 0, weekSlots, new Int32Array(sites * weekSlots));
  const baselines = baselineNames.map((name) => {
    const policy = { name, belief: beliefs.forecasts, planner: baseline(name, sites), isReplanned: false };
    return { name, runs: live(week, policy, settings.cost) }; // they know no weights
  });
  progress('baselines done');
  const bars: Bar[] = [];
  for (const [setting, weights] of Object.entries(settings)) {
    const market = { offers, requests: requestsFrom(sites, week.jobs, weights, 0, weekSlots) };
    const came = (name: string, runs: readonly (Run | undefined)[]): Account => {
      const cost = assess(market, assignmentOf(sites, runs, 0));
      return { name, cost, comparable: cost.total, missed: week.jobs.filter((job) => isMissed(job, runs[job.id])).length };
    };
    const planned = (name: string, belief: Belief) =>
      came(name, live(week, { name, belief, planner: warmPlanner(sites), isReplanned: true }, weights));
    const rivals = baselines.map(({ name, runs }) => came(name, runs));
    const ours = planned('planner, forecasts', beliefs.forecasts);
    const persisting = planned('planner, persistence', beliefs.persistence);
    const seeing = planned('planner, true signals', beliefs.truth);
    const all = came('clairvoyant, of arrivals too', foreseen(week, beliefs.truth, weights));
    const runNow = rivals.find(({ name }) => name === 'run-now') as Account;
    const shareOf = ({ comparable }: Account) => (100 * (runNow.comparable - comparable)) / (runNow.comparable - all.comparable);
    progress(`optimize: ${setting}`);
    progress(line(heads));
    for (const account of [...rivals, persisting, ours, seeing, all]) progress(rowOf(account, shareOf(account)));
    bars.push(...barsOf(setting, { runNow, rivals, persisting, ours, seeing, all }, shareOf));
  }
  return bars;
}

function rowOf({ name, cost, comparable, missed }: Account, share: number): string {
  const surplus = (100 * cost.surplusKwh) / cost.energyKwh;
  return line([
    name,
    comparable.toFixed(2),
    money(cost).toFixed(2),
    (cost.carbonG / 1_000).toFixed(1),
    surplus.toFixed(1),
    `${missed}`,
    share.toFixed(1),
  ]);
}

interface Accounts {
  readonly runNow: Account;
  readonly rivals: readonly Account[];
  readonly persisting: Account;
  readonly ours: Account;
  readonly seeing: Account;
  readonly all: Account;
}

function barsOf(
  setting: string,
  { runNow, rivals, persisting, ours, seeing, all }: Accounts,
  shareOf: (account: Account) => number,
): Bar[] {
  const best = rivals.reduce((least, rival) => (rival.comparable < least.comparable ? rival : least));
  const versus = (of: (cost: PlanCost) => number, { cost }: Account) => `${((100 * of(ours.cost)) / of(cost) - 100).toFixed(1)} %`;
  const carbon = ({ carbonG }: PlanCost) => carbonG;
  const against = (name: string, account: Account) => `${name}: carbon ${versus(carbon, account)}, cost ${versus(money, account)}`;
  const shares = [
    `persistence ${shareOf(persisting).toFixed(1)}`,
    `true signals ${shareOf(seeing).toFixed(1)}`,
    `${best.name} ${shareOf(best).toFixed(1)}`,
  ];
  const share = shareOf(ours);
  return [
    {
      bar: `days, ${setting}: saving of run-now's comparable cost, of the clairvoyant's (${shares.join(', ')}; ${against('against run-now', runNow)})`,
      value: rounded(share, 1),
      unit: '%',
      target: `above the best baseline's ${shareOf(best).toFixed(1)}`,
      holds: ours.comparable < best.comparable,
    },
    {
      bar: `days, ${setting}: deadlines missed (run-now ${runNow.missed}, ${best.name} ${best.missed}, clairvoyant ${all.missed}; ${against(`against ${best.name}`, best)})`,
      value: ours.missed,
      unit: 'jobs',
      target: `<= ${best.missed}, the best baseline's`,
      holds: ours.missed <= best.missed,
    },
  ];
}
