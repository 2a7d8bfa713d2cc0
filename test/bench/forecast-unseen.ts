/**
 * A grid that the model never saw: learned from three grids, asked of the fourth.
 *
 * With its own past, with nothing but place and nameplate, and with two weeks of it. The first is the bar: what leaving a
 * grid out of training costs while the model reads the same past as CLIPER does. The second is what a new site meets on
 * its first day; it is dearer, has no bar, and stands in the bar's own text. The nameplate is what a register would say:
 * the largest hour of the year before the issue. Beside it the model of all four, and CLIPER.
 */
import type { PooledModel } from '../../energy-oracle/forecast/model/pooled-model.ts';
import type { Known } from '../../energy-oracle/forecast/target.ts';
import { DAY, HOUR } from '../../units/time.ts';
import { lossesOf, mean, middle, modelOf, rounded, type TestedGrid, type Walked, walk } from './forecast-grids.ts';
import type { Bar } from './main.ts';

const everyMs = 30 * HOUR;
const unseenMax = 1.3;

/** Two bars and a figure, each the mean of the four grids with every grid named. Trains four models: two minutes. */
export async function unseenBars(full: PooledModel, grids: readonly TestedGrid[], progress: (line: string) => void): Promise<Bar[]> {
  const rows: { name: string; own: number; dayZero: number; twoWeeks: number }[] = [];
  for (const grid of grids) {
    progress(`  without ${grid.name}`);
    const others = grids.filter((other) => other !== grid).map(({ archive }) => archive);
    const model = await modelOf(others, grid.from, progress);
    const errorOf = (walked: readonly Walked[], said = ({ quantiles }: Walked) => quantiles) => lossesOf(grid.archive, walked, said).nmae;
    const seen = (by: PooledModel, see?: (known: Known) => Known) => walk(by, grid, { everyMs, isCalibrated: false, ...(see && { see }) });
    const trained = seen(full);
    const cliper = errorOf(trained, ({ forecast }) => middle(forecast, forecast.members.cliper as Float64Array));
    const error = errorOf(trained);
    rows.push({
      name: grid.name,
      own: errorOf(seen(model)) / error,
      dayZero: errorOf(seen(model, youngOf(grid, 0))) / error,
      twoWeeks: errorOf(seen(model, youngOf(grid, 14))) / cliper,
    });
  }
  const rowOf = (
    what: string,
    ratioOf: (row: (typeof rows)[number]) => number,
    judge: (ratio: number) => Pick<Bar, 'target' | 'holds'>,
  ): Bar => {
    const value = mean(rows.map(ratioOf));
    const each = rows.map((row) => `${row.name} ${ratioOf(row).toFixed(2)}`).join(', ');
    return { bar: `${what} (${each})`, value: rounded(value, 3), unit: '×', ...judge(value) };
  };
  const alone = mean(rows.map(({ dayZero }) => dayZero)).toFixed(2);
  return [
    rowOf(
      `a grid never learned from, its own past at hand: error over that of the model of all four; on day 0, without a past, ${alone}`,
      ({ own }) => own,
      (ratio) => ({ target: `<= ${unseenMax}`, holds: ratio <= unseenMax }),
    ),
    rowOf(
      'the same on day 0, without a past: from place and nameplate alone',
      ({ dayZero }) => dayZero,
      (ratio) => ({ target: `<= ${unseenMax}`, holds: ratio <= unseenMax }),
    ),
    rowOf(
      'the same on day 14: error over CLIPER, which has its 7 days',
      ({ twoWeeks }) => twoWeeks,
      (ratio) => ({ target: '< 1', holds: ratio < 1 }),
    ),
  ];
}

/** As a new site is known: its last days only, and what a register says of its size. */
const youngOf =
  ({ archive: { history } }: TestedGrid, days: number) =>
  (known: Known): Known => {
    const { values } = known.history;
    const now = Math.round((known.issuedAt - history.start) / history.stepMs);
    let ceiling = 0;
    for (let i = Math.max(0, now - (365 * DAY) / history.stepMs); i < now; i++)
      if ((history.values[i] as number) > ceiling) ceiling = history.values[i] as number;
    const first = values.length - (days * DAY) / history.stepMs;
    const young = values.map((value, i) => (i >= first ? value : Number.NaN));
    return { ...known, target: { ...known.target, ceiling }, history: { ...known.history, values: young } };
  };
