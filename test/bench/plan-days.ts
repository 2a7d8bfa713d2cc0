/**
 * Days: seven real days planned by the planner and by every baseline, and what came of it under the true signals.
 *
 * All jobs of a run share one `optimize` setting; whoever forecasts is believed by the planner and by the baselines alike.
 * Models are fitted on what was before the week. The clairvoyant knows signals and arrivals. The study itself, its beliefs
 * and its accounts are the simulator's.
 */
import { openBackend } from '../../energy-oracle/forecast/model/tfjs-backend.ts';
import { fitPooledModel, pooledFitDefaults, pooledModelOf } from '../../energy-oracle/forecast/model/tfjs-pooled-fit.ts';
import { baselineNames } from '../../scheduler/placement/baselines.ts';
import { settings } from '../../scheduler/queue/admission.ts';
import { perfect, persistence } from '../../simulator/study/belief.ts';
import type { Metrics } from '../../simulator/study/metrics.ts';
import { type Policy, planner, policies } from '../../simulator/study/policy.ts';
import { runClairvoyant, runStudy, type StudyRun } from '../../simulator/study/run.ts';
import type { Study } from '../../simulator/study/study.ts';
import { trainForecaster } from '../../simulator/study/trained-belief.ts';
import { rounded } from './forecast-grids.ts';
import type { Bar } from './main.ts';
import { weekStudies } from './plan-week.ts';

/** What a policy came to under one setting. */
interface Account extends Metrics {
  readonly name: string;
}

const heads = ['policy', 'comparable', 'EUR', 'kgCO2', 'surplus %', 'missed', '% of clairvoyant saving'];
const columnWidths = [34, 11, 9, 9, 10, 7, 24];
const line = (cells: readonly string[]) =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(columnWidths[i] ?? 0) : cell.padStart(columnWidths[i] ?? 0))).join(' ');

/** Half a minute a signal. */
async function trainedOn(study: Study, progress: (line: string) => void) {
  await openBackend();
  return trainForecaster(study, async (kind, known) => {
    const model = pooledModelOf(await fitPooledModel(known, { ...pooledFitDefaults(kind, 1_000_000), rowsMax: 40_000, seeds: [1, 2] }));
    progress(`${model.id} learned, issued hour by hour`);
    return model;
  });
}

const came = (name: string, { metrics }: Pick<StudyRun, 'metrics'>): Account => ({ name, ...metrics });

/** Bars of the seven days; some minutes. */
export async function dayBars(seed: number, progress: (line: string) => void): Promise<Bar[]> {
  const weekOf = weekStudies(seed);
  const first = weekOf(settings.cost);
  progress(`${first.workload.count} pods on ${first.sites.length} sites of ${first.sites[0]?.accelerators} accelerators`);
  const trained = await trainedOn(first, progress);
  const bars: Bar[] = [];
  for (const [setting, weights] of Object.entries(settings)) {
    const study = weekOf(weights);
    const rivals = baselineNames.map((name) => came(name, runStudy(study, policies.get(name) as Policy, trained)));
    const ours = came('planner, forecasts', runStudy(study, planner(), trained));
    const persisting = came('planner, persistence', runStudy(study, planner(), persistence));
    const seeing = came('planner, true signals', runStudy(study, planner(), perfect));
    const all = came('clairvoyant, of arrivals too', runClairvoyant(study));
    const runNow = rivals.find(({ name }) => name === 'run-now') as Account;
    const shareOf = ({ comparable }: Account) => (100 * (runNow.comparable - comparable)) / (runNow.comparable - all.comparable);
    progress(`optimize: ${setting}`);
    progress(line(heads));
    for (const account of [...rivals, persisting, ours, seeing, all]) progress(rowOf(account, shareOf(account)));
    bars.push(...barsOf(setting, { runNow, rivals, persisting, ours, seeing, all }, shareOf));
  }
  return bars;
}

function rowOf({ name, comparable, money, locationKg, gridKwh, energyKwh, deadlineMisses }: Account, share: number): string {
  return line([
    name,
    comparable.toFixed(2),
    money.toFixed(2),
    locationKg.toFixed(1),
    (100 * (1 - gridKwh / energyKwh)).toFixed(1),
    `${deadlineMisses}`,
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
  const versus = (metric: 'locationKg' | 'money', account: Account) => `${((100 * ours[metric]) / account[metric] - 100).toFixed(1)} %`;
  const against = (name: string, account: Account) => `${name}: carbon ${versus('locationKg', account)}, cost ${versus('money', account)}`;
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
      bar: `days, ${setting}: deadlines missed (run-now ${runNow.deadlineMisses}, ${best.name} ${best.deadlineMisses}, clairvoyant ${all.deadlineMisses}; ${against(`against ${best.name}`, best)})`,
      value: ours.deadlineMisses,
      unit: 'jobs',
      target: `<= ${best.deadlineMisses}, the best baseline's`,
      holds: ours.deadlineMisses <= best.deadlineMisses,
    },
  ];
}
