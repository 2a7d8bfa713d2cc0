/**
 * Backtest: what the forecasts of a record would have been, issue by issue, and how they came true.
 *
 * Owns the walk: fit on what had ended, ask on what was known, learn what ended since, score everybody alike. It cannot
 * look ahead: whatever was known passes `refuseForesight`. Models come in by a port, so the walk is pure. After each
 * month of a target its whole state is plain JSON, and a walk that goes on from it ends in the same report.
 */
import { type DurationMs, HOUR, type Instant, toIso } from '../../../units/time.ts';
import { forecastMembers, type PooledModel } from '../model/pooled-model.ts';
import { type Archive, endedBy, type Known, knownAt, type Target } from '../target.ts';
import { type Calibrating, createTrack, type TrackState } from '../track.ts';
import { isHistoryRefusal } from '../trust/thinness.ts';
import { refuseForesight, type SignalIssues } from './foresight.ts';
import { utcMonthOf } from './score.ts';
import { createTally, type TallyReport, type TallySums } from './tally.ts';

export interface BacktestTarget {
  readonly archive: Archive;
  /** Issues lie in `[from, to − horizon]`. */
  readonly from: Instant;
  readonly to: Instant;
  /** Nothing later is learned from for this target; `from` when absent. */
  readonly trainUntil?: Instant;
  /** Instants of issue, ascending, where they are no even grid: a market's midnights. */
  readonly issues?: readonly Instant[];
}

export interface BacktestTask {
  readonly name: string;
  /** What is asked, in a sentence. */
  readonly about: string;
  /** Levels in (0, 1), ascending. */
  readonly quantiles: readonly number[];
  readonly horizonMs: DurationMs;
  readonly issueEveryMs: DurationMs;
  readonly targets: readonly BacktestTarget[];
  /** What one pooled model learns from, cut at `trainUntil`. */
  readonly learnFrom: readonly Archive[];
  /** `monthly`: anew on the first of each UTC month, from all that had ended by then. */
  readonly refit: 'never' | 'monthly';
  /** `surplus`: forecasts and truth of a net are judged above zero only. */
  readonly scoredAs: 'value' | 'surplus';
}

/** What was known, and when the signals in it were issued where that is known too. */
export type Recalled = Known & { readonly signalIssuedAt?: SignalIssues };

export interface BacktestPorts {
  /** A model of all that the archives hold; they end at `until`. */
  fit(archives: readonly Archive[], until: Instant): Promise<PooledModel>;
  /** Calibrates forecasts of a target, going on from a saved state of its own. */
  calibrator(model: PooledModel, target: Target, from: unknown): Calibrating;
  /** What an archive held at an instant; `knownAt` when absent. */
  readonly recall?: (archive: Archive, issuedAt: Instant) => Recalled;
}

export interface BacktestProgress {
  readonly phase: 'fit' | 'forecast';
  readonly target: string;
  readonly month: string;
  /** Months of targets that are done, of how many. */
  readonly done: number;
  readonly total: number;
}

interface TargetState {
  /** Months that are done, in order. */
  readonly months: readonly string[];
  readonly issues: number;
  readonly refused: number;
  readonly refusal: string | undefined;
  readonly byCliper: number;
  readonly tally: TallySums;
  readonly track: TrackState | undefined;
}

/** Where a backtest stands: plain JSON. */
export interface BacktestState {
  readonly task: string;
  /** Ids of the models that were asked so far. */
  readonly models: readonly string[];
  readonly targets: Readonly<Record<string, TargetState>>;
}

export interface TargetReport extends TallyReport {
  readonly target: string;
  readonly issues: number;
  /** Issues at which history was too thin, and what the first one said. */
  readonly refused: number;
  readonly refusal: string | undefined;
  /** Issues at which CLIPER spoke because the model had drifted. */
  readonly byCliper: number;
}

export interface BacktestReport {
  readonly task: string;
  readonly about: string;
  readonly quantiles: readonly number[];
  readonly horizonMs: DurationMs;
  readonly scoredAs: BacktestTask['scoredAs'];
  readonly models: readonly string[];
  readonly targets: readonly TargetReport[];
}

export interface BacktestRun {
  /** Go on from here. */
  readonly from?: BacktestState | undefined;
  /** Told after each month of a target; what it is given may be saved. */
  readonly onState?: (state: BacktestState) => void | Promise<void>;
  readonly onProgress?: (progress: BacktestProgress) => void;
}

/** Pending forecasts of the track are kept on this grid. */
const learnEveryMs: DurationMs = 6 * HOUR;

/**
 * Walks a task and scores it.
 *
 * @throws RangeError when a known value was not available at its issue, when a model learned from what came after an
 * issue that it is asked about, or when a saved state belongs to another task
 */
export async function backtest(task: BacktestTask, ports: BacktestPorts, run: BacktestRun = {}): Promise<BacktestReport> {
  const { onState = () => {}, onProgress = () => {} } = run;
  const chunks = chunksOf(task);
  const states = new Map(Object.entries(statesOf(task, run.from)));
  const models = createModels(task, ports, run.from?.models);
  for (const [done, chunk] of chunks.entries()) {
    const { id } = chunk.target.archive.target;
    const before = states.get(id) ?? emptyState(task);
    if (before.months.includes(chunk.month)) continue;
    const tell = (phase: BacktestProgress['phase']) => onProgress({ phase, target: id, month: chunk.month, done, total: chunks.length });
    const until = trainUntilOf(task, chunk);
    if (!models.has(until)) tell('fit');
    const model = await models.at(until);
    tell('forecast');
    states.set(id, walk(task, chunk, model, ports, before));
    await onState({ task: task.name, models: models.ids(), targets: Object.fromEntries(states) });
  }
  onProgress({ phase: 'forecast', target: '', month: '', done: chunks.length, total: chunks.length });
  return {
    task: task.name,
    about: task.about,
    quantiles: task.quantiles,
    horizonMs: task.horizonMs,
    scoredAs: task.scoredAs,
    models: models.ids(),
    targets: task.targets.map(({ archive }) => reportOf(task, archive.target.id, states.get(archive.target.id) ?? emptyState(task))),
  };
}

interface Chunk {
  readonly target: BacktestTarget;
  /** UTC, `2021-03`. */
  readonly month: string;
  readonly issues: readonly Instant[];
}

/** All issues of a target: even ones from the first full step on, or its own. */
export function issuesOf({ issueEveryMs, horizonMs }: BacktestTask, { from, to, issues }: BacktestTarget): Instant[] {
  if (issues) return issues.filter((at) => at >= from && at + horizonMs <= to);
  const even: Instant[] = [];
  for (let at = Math.ceil(from / issueEveryMs) * issueEveryMs; at + horizonMs <= to; at += issueEveryMs) even.push(at);
  return even;
}

/** Months in order, every target within each: a model that is fitted monthly is needed for one month only. */
function chunksOf(task: BacktestTask): Chunk[] {
  const ids = task.targets.map(({ archive }) => archive.target.id);
  if (new Set(ids).size < ids.length) throw new RangeError(`targets of ${task.name} need ids of their own, found ${ids.join(', ')}`);
  const chunks = task.targets.flatMap((target): Chunk[] => {
    const byMonth = new Map<string, Instant[]>();
    for (const at of issuesOf(task, target)) byMonth.set(utcMonthOf(at), [...(byMonth.get(utcMonthOf(at)) ?? []), at]);
    return [...byMonth].map(([month, issues]) => ({ target, month, issues }));
  });
  return chunks.sort((a, b) => (a.month < b.month ? -1 : a.month > b.month ? 1 : 0)); // stable: targets keep their order
}

function trainUntilOf({ refit }: BacktestTask, { target, month }: Chunk): Instant {
  const first = target.trainUntil ?? target.from;
  return refit === 'never' ? first : Math.max(first, Date.parse(`${month}-01T00:00:00Z`));
}

/** Models by the instant that their learning ends at, fitted when first needed. */
function createModels(task: BacktestTask, ports: BacktestPorts, before: readonly string[] = []) {
  const fitted = new Map<Instant, PooledModel>();
  const ids = new Set(before);
  return {
    has: (until: Instant) => fitted.has(until),
    ids: () => [...ids],
    at: async (until: Instant): Promise<PooledModel> => {
      const ready = fitted.get(until);
      if (ready) return ready;
      const archives = task.learnFrom.map((archive) => knownAt(archive, until)).filter(({ history }) => history.values.length > 0);
      const model = await ports.fit(archives, until);
      if (model.trainedUntil > until)
        throw new RangeError(`model ${model.id} learned up to ${toIso(model.trainedUntil)}, it may know nothing after ${toIso(until)}`);
      if (task.refit === 'monthly') fitted.clear();
      fitted.set(until, model);
      ids.add(model.id);
      return model;
    },
  };
}

const emptyState = ({ quantiles }: BacktestTask): TargetState => ({
  months: [],
  issues: 0,
  refused: 0,
  refusal: undefined,
  byCliper: 0,
  tally: createTally(quantiles).toJSON(),
  track: undefined,
});

function statesOf(task: BacktestTask, from: BacktestState | undefined): BacktestState['targets'] {
  if (from && from.task !== task.name) throw new RangeError(`the saved state is of task ${from.task}, asked was ${task.name}`);
  return from?.targets ?? {};
}

/** One month of one target: all members at once, then issue by issue as it would have been lived. */
function walk(task: BacktestTask, chunk: Chunk, model: PooledModel, ports: BacktestPorts, before: TargetState): TargetState {
  const { archive } = chunk.target;
  const { recall = knownAt } = ports;
  const steps = Math.round(task.horizonMs / archive.history.stepMs);
  const asks = chunk.issues.map((issuedAt) => {
    const known: Recalled = recall(archive, issuedAt);
    refuseForesight(known, issuedAt + task.horizonMs);
    if (model.trainedUntil > issuedAt)
      throw new RangeError(`model ${model.id} learned up to ${toIso(model.trainedUntil)} and is asked at ${toIso(issuedAt)}`);
    return { known, steps };
  });
  const calibrator = ports.calibrator(model, archive.target, before.track?.calibrator);
  const track = createTrack({ calibrator, learnEveryMs: Math.min(learnEveryMs, task.issueEveryMs) }, archive.target, before.track);
  const tally = createTally(task.quantiles, before.tally);
  let { refused, refusal, byCliper } = before;
  for (const [i, answer] of forecastMembers(model, asks).entries()) {
    const issuedAt = chunk.issues[i] as Instant;
    track.learn(endedBy(archive.history, issuedAt), issuedAt);
    if (isHistoryRefusal(answer)) {
      refused++;
      refusal ??= answer.detail;
      continue;
    }
    const issued = track.issue(answer);
    if (issued.by === 'cliper') byCliper++;
    tally.add(issued, archive.history, task.scoredAs);
  }
  return {
    months: [...before.months, chunk.month],
    issues: before.issues + chunk.issues.length,
    refused,
    refusal,
    byCliper,
    tally: tally.toJSON(),
    track: track.toJSON(),
  };
}

function reportOf(task: BacktestTask, target: string, { issues, refused, refusal, byCliper, tally }: TargetState): TargetReport {
  return { target, issues, refused, refusal, byCliper, ...createTally(task.quantiles, tally).report() };
}
