/**
 * Score report: pages of scores as figures for people, the issued quantiles beside CLIPER's and SN24's.
 *
 * Merges the months of a site; sums are merged, never figures. What was not kept is `null`.
 */
import type { FiguresWire, ForecastScoreWire, ScoredWire } from '../../wire.ts';
import { type Judged, judgedNames, type ScorePage } from './outlook-score.ts';
import { createScoreBoard, hourBands, type ScoreBoard, type ScoreReport } from './score.ts';

const levels = [0.1, 0.5, 0.9];

/** One row per site, signal and kind of model, in that order. */
export function scoreReport(pages: readonly ScorePage[]): ForecastScoreWire[] {
  const groups = new Map<string, Pick<ForecastScoreWire, 'site' | 'signal' | 'model'> & { boards: Partial<Record<Judged, ScoreBoard>> }>();
  for (const { site, rows } of pages)
    for (const { signal, model, judged, sums } of rows) {
      const key = `${site}|${signal}|${model}`;
      const group = groups.get(key) ?? { site, signal, model, boards: {} };
      groups.set(key, group);
      const board = createScoreBoard(levels, sums);
      if (group.boards[judged]) group.boards[judged].merge(board);
      else group.boards[judged] = board;
    }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { boards, ...group }]) => ({ ...group, ...tablesOf(boards) }));
}

type Tables = Pick<ForecastScoreWire, 'leadDays' | 'months' | 'hourBands'>;

function tablesOf(boards: Partial<Record<Judged, ScoreBoard>>): Tables {
  const rowsBy = <Key extends string | number>(of: (board: ScoreBoard) => [Key, ScoreReport][]): (readonly [Key, ScoredWire])[] => {
    const [issued, cliper, repeated] = judgedNames.map((name) => new Map(boards[name] ? of(boards[name]) : []));
    return [...(issued ?? [])].map(([key, report]) => [
      key,
      {
        count: report.count,
        issued: figuresOf(report),
        cliper: known(cliper?.get(key)),
        repeated: known(repeated?.get(key)),
      },
    ]);
  };
  const bands = rowsBy((board) => board.hourBand.report());
  return {
    leadDays: rowsBy((board) => board.leadDay.report()).map(([leadDay, scored]) => ({ leadDay, ...scored })),
    months: rowsBy((board) => board.month.report()).map(([month, scored]) => ({ month, ...scored })),
    hourBands: hourBands.flatMap((hourBand) => bands.filter(([band]) => band === hourBand).map(([, scored]) => ({ hourBand, ...scored }))),
  };
}

const known = (report: ScoreReport | undefined): FiguresWire | null => (report ? figuresOf(report) : null);

const figuresOf = ({ pinballPercent, nmaePercent, cov80 }: ScoreReport): FiguresWire => ({
  pinballPercent: pinballPercent ?? null,
  nmaePercent: nmaePercent ?? null,
  cov80: cov80 ?? null,
});
