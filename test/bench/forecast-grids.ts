/**
 * The four grids of the forecast bench: records, one model of them all, and the walk that every bar is measured on.
 *
 * Owns what is learned from and what is tested on; the rule is that of the backtest: an issue sees what had ended by
 * then, and a calibrator learns a step after it ended. Models are kept for the run, for they take half a minute each.
 */
import { recordReader } from '../../cli/forecast-run.ts';
import type { MemberForecast } from '../../energy-oracle/forecast/model/member-forecast.ts';
import { forecastMembers, type PooledModel } from '../../energy-oracle/forecast/model/pooled-model.ts';
import { openBackend } from '../../energy-oracle/forecast/model/tfjs-backend.ts';
import { fitPooledModel, pooledFitDefaults, pooledModelOf } from '../../energy-oracle/forecast/model/tfjs-pooled-fit.ts';
import { calibratorOf } from '../../energy-oracle/forecast/model-calibrator.ts';
import { medianIndex, pinballLoss } from '../../energy-oracle/forecast/score/score.ts';
import { type Archive, endedBy, type Known, knownAt } from '../../energy-oracle/forecast/target.ts';
import { createTrack } from '../../energy-oracle/forecast/track.ts';
import { isHistoryRefusal } from '../../energy-oracle/forecast/trust/thinness.ts';
import { forecastTask, type ReadRecord } from '../../simulator/experiments/forecast-tasks.ts';
import { DAY, type DurationMs, HOUR, type Instant } from '../../units/time.ts';

export interface TestedGrid {
  readonly name: string;
  readonly archive: Archive;
  /** Issues lie in `[from, to − horizon]`. */
  readonly from: Instant;
  readonly to: Instant;
}

export const readRecord: ReadRecord = recordReader(process.env['SUNWARD_DATA'] ?? '../shared/data');
export const leadSteps = 96;
export const issueEveryMs = 6 * HOUR;

/** Solar generation of the four grids, hourly; learned from until `from`, tested from there on. */
export const testedGrids = (): TestedGrid[] =>
  forecastTask('T2', readRecord).targets.map(({ archive, from, to }) => ({
    name: archive.target.id.split('/')[0] as string,
    archive,
    from,
    to,
  }));

export const fitSettings = pooledFitDefaults('renewables', 1_000_000);

/** A model of what the archives held at the instant. */
export async function modelOf(archives: readonly Archive[], until: Instant, progress: (line: string) => void): Promise<PooledModel> {
  await openBackend();
  const stored = await fitPooledModel(
    archives.map((archive) => knownAt(archive, until)),
    fitSettings,
    ({ variant, seed, epoch, epochs }) => {
      if (epoch === epochs) progress(`  ${variant} net ${seed} of ${fitSettings.seeds.length}`);
    },
  );
  return pooledModelOf(stored);
}

/** A forecast with what it became after calibration; `undefined` where the history was refused. */
export interface Walked {
  readonly issuedAt: Instant;
  readonly forecast: MemberForecast;
  readonly quantiles: Float64Array;
}

export interface WalkOptions {
  readonly everyMs?: DurationMs;
  /** What the asker saw, of what was known. */
  readonly see?: (known: Known) => Known;
  /** Calibrated along the way; `false` takes the net's own quantiles. */
  readonly isCalibrated?: boolean;
}

/** All issues of a test, in order; refused ones are left out. The truth that is learned from is what the asker saw. */
export function walk(model: PooledModel, { archive, from, to }: TestedGrid, options: WalkOptions = {}): Walked[] {
  const { everyMs = issueEveryMs, see = (known) => known, isCalibrated = true } = options;
  const asks: { known: Known; steps: number }[] = [];
  for (let at = Math.ceil(from / everyMs) * everyMs; at + 4 * DAY <= to; at += everyMs)
    asks.push({ known: see(knownAt(archive, at)), steps: leadSteps });
  const of = { targetId: archive.target.id, seesWeather: Object.keys(archive.signals).length > 0 };
  const track = createTrack({ calibrator: calibratorOf(model, of), learnEveryMs: issueEveryMs });
  return forecastMembers(model, asks).flatMap((forecast, i): Walked[] => {
    if (isHistoryRefusal(forecast)) return [];
    const { issuedAt, history } = (asks[i] as (typeof asks)[number]).known;
    const said = forecast.members.net as Float64Array;
    if (!isCalibrated) return [{ issuedAt, forecast, quantiles: said }];
    track.learn(endedBy(history, issuedAt), issuedAt);
    return [{ issuedAt, forecast, quantiles: track.issue(forecast).quantiles }];
  });
}

/** What came true of a forecast, one per step; NaN for a gap. */
export function truthOf({ history }: Archive, { start, steps }: MemberForecast): Float64Array {
  const first = Math.round((start - history.start) / history.stepMs);
  return Float64Array.from({ length: steps }, (_, step) => history.values[first + step] ?? Number.NaN);
}

export interface Losses {
  /** Of the median, % of the mean truth. */
  readonly nmae: number;
  /** Mean pinball loss, % of the mean truth. */
  readonly pinball: number;
}

/** Losses of any quantiles over the walked issues; one column is a line, and its own median. */
export function lossesOf(archive: Archive, walked: readonly Walked[], said: (one: Walked) => Float64Array): Losses {
  let [errors, pinballs, sum] = [0, 0, 0];
  for (const one of walked) {
    const { quantiles, steps } = one.forecast;
    const truth = truthOf(archive, one.forecast);
    const values = said(one);
    const columns = values.length / steps;
    for (let step = 0; step < steps; step++) {
      const y = truth[step] as number;
      if (Number.isNaN(y)) continue;
      const at = (j: number) => values[step * columns + (columns === 1 ? 0 : j)] as number;
      sum += Math.abs(y);
      errors += Math.abs(y - at(medianIndex(quantiles)));
      quantiles.forEach((level, j) => {
        pinballs += pinballLoss(level, y, at(j)) / quantiles.length;
      });
    }
  }
  return { nmae: (100 * errors) / sum, pinball: (100 * pinballs) / sum };
}

/** Mean of the same hour over the seven days known at the issue, one per step. */
export function meanOfWeek({ history }: Archive, { start, steps, stepMs }: MemberForecast): Float64Array {
  const perDay = Math.round(DAY / stepMs);
  const now = Math.round((start - history.start) / stepMs);
  return Float64Array.from({ length: steps }, (_, step) => {
    const newest = now + (step % perDay) - perDay;
    let [sum, count] = [0, 0];
    for (let day = 0; day < 7; day++) {
      const value = history.values[newest - day * perDay] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    return count > 0 ? sum / count : 0;
  });
}

/** The middle column of a member. */
export function middle({ quantiles, steps }: MemberForecast, values: Float64Array): Float64Array {
  const levels = quantiles.length;
  return Float64Array.from({ length: steps }, (_, step) => values[step * levels + medianIndex(quantiles)] as number);
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));
