/**
 * Forecasts under measure: what they cost, what decisions they buy, grids never seen, faults withstood, and the tasks.
 *
 * Every figure is measured in this run, beside the baselines where they can speak. `--only=cost,speed,decision,robust,
 * unseen,tasks` takes a part. Progress goes to stderr.
 */

import { retrainBars, speedBars } from './forecast-cost.ts';
import { decisionBars } from './forecast-decision.ts';
import { modelOf, type TestedGrid, testedGrids } from './forecast-grids.ts';
import { robustBars } from './forecast-robust.ts';
import { benchForecastTasks } from './forecast-tasks.ts';
import { unseenBars } from './forecast-unseen.ts';
import type { Bar } from './main.ts';

const parts = ['cost', 'speed', 'decision', 'robust', 'unseen', 'tasks'] as const;
/** They share a model of the four grids. */
const onOneModel = ['speed', 'decision', 'robust', 'unseen'] as const;

/** Bars of the forecaster; some minutes of one core. `json` keeps stderr quiet. */
export async function benchForecast({ json, seed, only }: { json: boolean; seed: number; only: readonly string[] }): Promise<Bar[]> {
  const unknown = only.filter((part) => !(parts as readonly string[]).includes(part));
  if (unknown.length > 0) throw new RangeError(`no part ${unknown.join(', ')}; there are ${parts.join(', ')}`);
  const begun = performance.now();
  const progress = (line: string) => {
    if (!json) process.stderr.write(`${((performance.now() - begun) / 1_000).toFixed(0).padStart(4)} s  ${line}\n`);
  };
  const asks = (part: (typeof parts)[number]) => only.length === 0 || only.includes(part);
  const bars: Bar[] = [];
  const grids = testedGrids();
  if (asks('cost')) {
    progress('retrain, twice');
    bars.push(...(await retrainBars(grids, progress)));
  }
  if (onOneModel.some(asks)) bars.push(...(await barsOfOneModel(grids, { asks, seed, progress })));
  if (asks('tasks')) {
    progress('the tasks');
    bars.push(...(await benchForecastTasks(progress)));
  }
  return bars;
}

interface Run {
  readonly asks: (part: (typeof onOneModel)[number]) => boolean;
  readonly seed: number;
  readonly progress: (line: string) => void;
}

async function barsOfOneModel(grids: readonly TestedGrid[], { asks, seed, progress }: Run): Promise<Bar[]> {
  const bars: Bar[] = [];
  progress('a model of the four grids');
  const model = await modelOf(
    grids.map(({ archive }) => archive),
    Math.min(...grids.map(({ from }) => from)),
    progress,
  );
  if (asks('speed')) {
    progress('a thousand sites');
    bars.push(...speedBars(model, grids));
  }
  if (asks('decision')) {
    progress('decisions');
    bars.push(...decisionBars(model, grids));
  }
  if (asks('robust')) {
    progress('faults');
    bars.push(...robustBars(model, grids, seed));
  }
  if (asks('unseen')) {
    progress('grids never seen');
    bars.push(...(await unseenBars(model, grids, progress)));
  }
  return bars;
}
