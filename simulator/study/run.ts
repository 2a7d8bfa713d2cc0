/**
 * Run: one study under one policy and one forecaster, from decisions to numbers; and several policies against a baseline.
 */

import type { Convergence } from '../grid/price-maker.ts';
import { type Accounts, accountsOf } from './account.ts';
import type { Forecaster } from './belief.ts';
import { type Interval95, intervalOf, pairedChange, pairedSaving } from './confidence.ts';
import { type Metric, type Metrics, metricsOf, type SavedMetric, savedMetrics } from './metrics.ts';
import type { Policy } from './policy.ts';
import { foresee, roll } from './roll.ts';
import type { Runs, Study } from './study.ts';

/** What came of one study under one policy. */
export interface StudyRun {
  readonly policy: string;
  readonly forecaster: string;
  readonly seed: number;
  readonly runs: Runs;
  readonly accounts: Accounts;
  readonly metrics: Metrics;
  /** Of a fleet that moves its signals: how the search for a load that stands on them ended. */
  readonly convergence?: Convergence;
}

/** As `roll`, with its accounts and its metrics. */
export function runStudy(study: Study, policy: Policy, forecaster: Forecaster, progress?: (slots: number) => void): StudyRun {
  const runs = roll(study, { policy, forecaster, ...(progress ? { progress } : {}) });
  return ran(study, runs, policy.name, forecaster.name);
}

/** Name under which the plan with full knowledge stands beside the policies. */
export const clairvoyant = 'clairvoyant';

/** The plan with full knowledge of signals and arrivals, as a run to measure regret against. */
export const runClairvoyant = (study: Study): StudyRun => ran(study, foresee(study).runs, clairvoyant, 'perfect');

/** Runs with their accounts and metrics. O(slots held + sites × slots). */
export function ran(study: Study, runs: Runs, policy: string, forecaster: string): StudyRun {
  const accounts = accountsOf(study, runs);
  return { policy, forecaster, seed: study.seed, runs, accounts, metrics: metricsOf(study, runs, accounts) };
}

/** A policy over all seeds, beside the baseline on the same ones. */
export interface Standing {
  readonly policy: string;
  readonly forecaster: string;
  /** Means over seeds with their 95 % intervals. */
  readonly metrics: Readonly<Record<Metric, Interval95>>;
  /** Saved against the baseline, %, paired by seed. */
  readonly savings: Readonly<Record<SavedMetric, Interval95>>;
  /** More (+) or less (−) than the baseline, in the metric's own unit, paired by seed. */
  readonly changes: Readonly<Record<SavedMetric, Interval95>>;
  /** Comparable cost above the clairvoyant plan's, accounting currency; absent when there is none, or when either left jobs out. */
  readonly regret?: Interval95;
  /** As regret, % of the clairvoyant plan's cost; absent, too, when that is not above 0. */
  readonly regretPercent?: Interval95;
}

/** The metrics of one run, as they are kept. */
export type RunMetrics = Pick<StudyRun, 'policy' | 'forecaster' | 'seed' | 'metrics' | 'convergence'>;

/** Every policy in the order of its first run, over its seeds; a RangeError when the baseline lacks a seed of theirs. */
export function standingsOf(runs: readonly RunMetrics[], baseline: string): Standing[] {
  const names = [...new Set(runs.map(({ policy }) => policy))];
  const bySeed = (policy: string) => new Map(runs.filter((run) => run.policy === policy).map((run) => [run.seed, run.metrics]));
  const [base, best] = [bySeed(baseline), bySeed(clairvoyant)];
  return names.map((policy) => {
    const own = [...bySeed(policy)];
    const paired = own.map(([seed]) => {
      const metrics = base.get(seed);
      if (!metrics) throw new RangeError(`${baseline} was not run with seed ${seed}, which ${policy} was`);
      return metrics;
    });
    const metrics = Object.fromEntries(
      Object.keys(own[0]?.[1] ?? {}).map((metric) => [metric, intervalOf(own.map(([, each]) => each[metric as Metric]))]),
    ) as Standing['metrics'];
    const compared = (by: typeof pairedSaving) =>
      Object.fromEntries(
        savedMetrics.map((metric) => {
          const ours = own.map(([, each]) => each[metric]);
          return [
            metric,
            by(
              ours,
              paired.map((each) => each[metric]),
            ),
          ];
        }),
      ) as Standing['savings'];
    const foreseen = own.flatMap(([seed, each]) => {
      const metrics = best.get(seed);
      return metrics ? [{ cost: each.comparable, least: metrics.comparable, unplaced: each.unplaced + metrics.unplaced }] : [];
    });
    const isSameWork = foreseen.length > 0 && foreseen.every(({ unplaced }) => unplaced === 0);
    const regret = isSameWork && { regret: intervalOf(foreseen.map(({ cost, least }) => cost - least)) };
    const isShare = regret && foreseen.every(({ least }) => least > 0);
    const regretPercent = isShare && { regretPercent: intervalOf(foreseen.map(({ cost, least }) => 100 * (cost / least - 1))) };
    const forecaster = runs.find((run) => run.policy === policy)?.forecaster ?? '';
    return { policy, forecaster, metrics, savings: compared(pairedSaving), changes: compared(pairedChange), ...regret, ...regretPercent };
  });
}
