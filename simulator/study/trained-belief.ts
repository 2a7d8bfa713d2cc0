/**
 * Trained belief: what the oracle's own models would have said, fitted on what was before the study and nothing else.
 *
 * One pooled model each of the sites' net power, the zones' prices and carbon, by the hour and without weather; calibrated
 * along the way as live. A forecast is issued with what had ended by then; its last day stands for what lies behind it.
 * Fitting is a port: whoever composes names the engine.
 */
import { forecastMembers, type PooledModel } from '../../energy-oracle/forecast/model/pooled-model.ts';
import { calibratorOf } from '../../energy-oracle/forecast/model-calibrator.ts';
import { medianIndex } from '../../energy-oracle/forecast/score/score.ts';
import { type Archive, type Dense, endedBy, type Known, knownAt, type TargetKind } from '../../energy-oracle/forecast/target.ts';
import { createTrack } from '../../energy-oracle/forecast/track.ts';
import { isHistoryRefusal } from '../../energy-oracle/forecast/trust/thinness.ts';
import { DAY, type DurationMs, HOUR, type Instant } from '../../units/time.ts';
import { type Belief, type Forecaster, knownUntilIn, perfect, type Signal, signals } from './belief.ts';
import { type Study, slotStart } from './study.ts';

/** Fits a pooled model of a kind on what was known of its targets. */
export type Fit = (kind: TargetKind, known: readonly Known[]) => Promise<PooledModel>;

const kinds = { price: 'import-price', carbonIntensity: 'carbon-intensity', netKw: 'net' } as const satisfies Record<Signal, TargetKind>;
/** Hours of a forecast. */
const leadHours = 96;
/** Calibrators learn so often, and begin so long before the study. */
const learnEveryMs: DurationMs = 6 * HOUR;
const calibrationMs: DurationMs = 7 * DAY;

/** Medians of one target by the hour they were issued at. */
type Issued = ReadonlyMap<Instant, Float64Array>;

/**
 * Fits on the study's lead and issues every hour of it; some seconds to a minute a signal.
 *
 * @throws RangeError when the lead is too short to learn from
 */
export async function trainForecaster(study: Study, learn: Fit): Promise<Forecaster> {
  const issued = new Map<Signal, readonly Issued[]>();
  for (const signal of signals) issued.set(signal, await issueAll(study, signal, learn));
  return { name: 'trained', of: () => believing(study, issued) };
}

async function issueAll(study: Study, signal: Signal, learn: Fit): Promise<Issued[]> {
  const archives = study.sites.map((_, site) => archiveOf(study, signal, site));
  const moves = archives.map((_, site) => constantOf(study, signal, site) === undefined);
  const known = archives.map((archive) => knownAt(archive, study.start)).filter((_, site) => moves[site]);
  if (known.length === 0) return archives.map(() => new Map());
  const model = await learn(kinds[signal], known);
  return archives.map((archive, site) => (moves[site] ? issuedBy(model, archive, study) : new Map()));
}

/** A signal of a site by the hour, lead included. */
function archiveOf({ truth, sites, start, slotMs }: Study, signal: Signal, site: number): Archive {
  const perHour = HOUR / slotMs;
  const row = truth[signal].subarray(site * truth.slots, (site + 1) * truth.slots);
  const values = Float64Array.from({ length: Math.floor(truth.slots / perHour) }, (_, hour) => {
    let sum = 0;
    for (let i = 0; i < perHour; i++) sum += row[hour * perHour + i] as number;
    return sum / perHour;
  });
  const history: Dense = { start: start - truth.lead * slotMs, stepMs: HOUR, values };
  const { id, plant } = sites[site] as Study['sites'][number];
  const pv = signal === 'netKw' ? plant.pv : [];
  const ceiling = signal === 'netKw' ? pv.reduce((sum, { peakKw }) => sum + peakKw, 0) : undefined;
  const target = { id, kind: kinds[signal], ...plant, pv, ceiling, floor: signal === 'carbonIntensity' ? 0 : undefined };
  return { target, history, signals: {}, companions: {} };
}

/** Every hour's forecast from a week before the study to its end, calibrated on what had ended. */
function issuedBy(model: PooledModel, archive: Archive, { start, slots, tail, slotMs }: Study): Issued {
  const asks: { known: Known; steps: number }[] = [];
  for (let at = start - calibrationMs; at < start + (slots + tail) * slotMs; at += HOUR)
    asks.push({ known: knownAt(archive, at), steps: leadHours });
  const calibrator = calibratorOf(model, { targetId: archive.target.id, seesWeather: false });
  const track = createTrack({ calibrator, learnEveryMs });
  const issued = new Map<Instant, Float64Array>();
  forecastMembers(model, asks).forEach((forecast, i) => {
    if (isHistoryRefusal(forecast)) return;
    const { issuedAt, history } = (asks[i] as (typeof asks)[number]).known;
    track.learn(endedBy(history, issuedAt), issuedAt);
    const { quantiles } = track.issue(forecast);
    const levels = forecast.quantiles.length;
    const middle = medianIndex(forecast.quantiles);
    issued.set(
      issuedAt,
      quantiles.filter((_, at) => at % levels === middle),
    );
  });
  return issued;
}

/** What is published or over as it is; beyond it the newest forecast, then its last day again. */
function believing(study: Study, issued: ReadonlyMap<Signal, readonly Issued[]>): Belief {
  const tellTruth = perfect.of(study);
  const knownUntil = knownUntilIn(study);
  return (signal, site, now, told) => {
    tellTruth(signal, site, now, told);
    const until = slotStart(study, knownUntil(signal, site, now));
    const issuedAt = Math.floor(until / HOUR) * HOUR;
    const medians = issued.get(signal)?.[site]?.get(issuedAt);
    for (let i = Math.max(0, Math.ceil((until - slotStart(study, now)) / study.slotMs)); i < told.length; i++) {
      const hour = Math.floor((slotStart(study, now + i) - issuedAt) / HOUR);
      if (medians) told[i] = medians[hour < leadHours ? hour : leadHours - 24 + (hour % 24)] as number;
      else told[i] = constantOf(study, signal, site) ?? Number.NaN;
    }
  };
}

/** What a signal always was before the study, where it never changed; such a one is taken to stay as it is. */
function constantOf({ truth }: Study, signal: Signal, site: number): number | undefined {
  const row = site * truth.slots;
  const lead = truth[signal].subarray(row, row + truth.lead);
  return lead.every((value) => value === lead[0]) ? lead[0] : undefined;
}
