/**
 * Outlook score: issued outlooks against what happened, beside the yardsticks that were kept with them.
 *
 * Owns which steps are judged: surplus by day only (the dark is no merit), prices that were not published yet, and of
 * model, CLIPER and SN24 the very same steps. A page is one site and one month of issues, plain JSON of bounded size; it
 * is a pure function of outlooks and facts, so it can be made anew at any time, after a late reading too.
 */
import { DAY, type DurationMs, HOUR, type Instant } from '../../../units/time.ts';
import { type Outlook, type OutlookSignal, outlookSignals, type SlotFacts } from '../../outlook.ts';
import type { Site } from '../../site.ts';
import { createScoreBoard, hourBandOf, type ScoreBoard, type ScoreBoardSums, utcMonthOf } from './score.ts';

/** Whose quantiles were judged: the ones issued, or a yardstick's. */
export const judgedNames = ['issued', 'cliper', 'repeated'] as const;
export type Judged = (typeof judgedNames)[number];

export interface ScoreRow {
  readonly signal: OutlookSignal;
  /** Of the model that answered, without its date and digest: `pooled-net`, `cliper/pooled-net`, `persistence-1`. */
  readonly model: string;
  readonly judged: Judged;
  readonly sums: ScoreBoardSums;
}

export interface ScorePage {
  readonly site: string;
  /** UTC month of the issues, `2026-06`. */
  readonly month: string;
  /** Per lead day: outlooks issued before this instant were judged on that day. */
  readonly scoredUntil: readonly Instant[];
  readonly rows: readonly ScoreRow[];
}

export const leadDays = 4;
const levels = [0.1, 0.5, 0.9];

/** First instant of a UTC month and of the next one. */
export function monthSpan(month: string): { readonly start: Instant; readonly end: Instant } {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return { start: Date.UTC(year, number - 1), end: Date.UTC(year, number) };
}

export const emptyPage = (site: string, month: string): ScorePage => ({
  site,
  month,
  scoredUntil: new Array(leadDays).fill(monthSpan(month).start),
  rows: [],
});

/** Without date and digest: models are retrained every night, what they are stays. */
export const familyOf = (model: string): string => model.split('@', 1)[0] as string;

/** What the judge is given of one lead day of some outlooks. */
export interface Evidence {
  /** Lead day, 0 for the first. */
  readonly leadDay: number;
  /** Issued in the month of the page, oldest first. */
  readonly outlooks: readonly Outlook[];
  /** Facts of every slot that they speak of on that day, in order, without holes. */
  readonly facts: readonly SlotFacts[];
  /** Outlooks issued before this instant are all among the outlooks. */
  readonly until: Instant;
}

/** The page with some more outlooks judged on one lead day. O(outlooks × slots of a day). */
export function judgedPage(page: ScorePage, site: Pick<Site, 'latitude' | 'longitude'>, evidence: Evidence): ScorePage {
  const { leadDay, outlooks, facts, until } = evidence;
  const boards = new Map<string, { readonly row: Omit<ScoreRow, 'sums'>; readonly board: ScoreBoard }>();
  for (const { sums, ...row } of page.rows) boards.set(keyOf(row), { row, board: createScoreBoard(levels, sums) });
  const boardOf = (row: Omit<ScoreRow, 'sums'>): ScoreBoard => {
    const known = boards.get(keyOf(row)) ?? { row, board: createScoreBoard(levels) };
    boards.set(keyOf(row), known);
    return known.board;
  };
  for (const outlook of outlooks) judge(outlook, site, leadDay, facts, boardOf);
  return {
    ...page,
    scoredUntil: page.scoredUntil.map((before, day) => (day === leadDay ? Math.max(before, until) : before)),
    rows: [...boards.values()].map(({ row, board }) => ({ ...row, sums: board.toJSON() })).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
  };
}

const keyOf = ({ signal, model, judged }: Omit<ScoreRow, 'sums'>): string => `${signal}|${model}|${judged}`;

function judge(
  outlook: Outlook,
  { latitude, longitude }: Pick<Site, 'latitude' | 'longitude'>,
  leadDay: number,
  facts: readonly SlotFacts[],
  boardOf: (row: Omit<ScoreRow, 'sums'>) => ScoreBoard,
): void {
  const { start, stepMs, slots, issuedAt } = outlook;
  const perDay = DAY / stepMs;
  const month = utcMonthOf(issuedAt);
  const first = facts[0]?.slot ?? 0;
  for (let i = leadDay * perDay; i < Math.min(slots.length, (leadDay + 1) * perDay); i++) {
    const at = start + i * stepMs;
    const fact = facts[(at - first) / stepMs];
    const slot = slots[i];
    if (!fact || !slot) continue;
    const hourBand = hourBandOf(at, stepMs, latitude, longitude);
    for (const signal of outlookSignals) {
      if (signal === 'surplus' && hourBand === 'night') continue;
      const said = slot[fieldOf[signal]];
      const actual = truthOf(signal, fact, stepMs);
      if (said === undefined || actual === undefined) continue;
      const tags = { leadDay: leadDay + 1, month, hourBand };
      const model = familyOf(outlook.sources?.[signal].model ?? outlook.model);
      const beside = outlook.baselines?.[signal];
      const step = beside ? Math.floor((at - beside.start) / beside.stepMs) : 0;
      if (step < 0 || (beside && step >= beside.repeated.length)) continue;
      if (signal === 'import-price' && said.p10 === said.p90) continue; // published: nobody's merit
      boardOf({ signal, model, judged: 'issued' }).add(actual, [said.p10, said.p50, said.p90], tags);
      if (!beside) continue;
      boardOf({ signal, model, judged: 'cliper' }).add(actual, beside.cliper, tags, 3 * step);
      const repeated = beside.repeated[step] as number;
      boardOf({ signal, model, judged: 'repeated' }).add(actual, [repeated, repeated, repeated], tags);
    }
  }
}

const fieldOf = { surplus: 'surplusKw', 'import-price': 'importPrice', 'carbon-intensity': 'carbonIntensity' } as const;

/** What happened, in the signal's own unit; `undefined` when it is not known. */
function truthOf(signal: OutlookSignal, { surplusWh, importPrice, carbonIntensity }: SlotFacts, stepMs: DurationMs): number | undefined {
  if (signal === 'import-price') return importPrice;
  if (signal === 'carbon-intensity') return carbonIntensity;
  return surplusWh === undefined ? undefined : surplusWh / 1_000 / (stepMs / HOUR);
}
