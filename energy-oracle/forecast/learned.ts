/**
 * Learned: the live forecaster. For every signal of an outlook it decides who answers, and says why nobody better did.
 *
 * Asks the pooled models and corrects them on a track per target; falls back to CLIPER when the track has seen drift, to
 * persistence and physics while nothing was learned yet or a meter is suspected, and refuses a surplus whose history is
 * too thin. Surplus lies between 0 and the nameplate and never crosses. Training, and keeping the state, is the caller's.
 */
import { type DurationMs, HOUR, type Instant, SLOT } from '../../units/time.ts';
import type { OutlookSlot } from '../outlook.ts';
import type { Forecaster, ForecastRequest, History, SiteForecast } from './forecaster.ts';
import { forecastMembers, type PooledModel } from './model/pooled-model.ts';
import { calibratorOf } from './model-calibrator.ts';
import { knownUntil, type LiveKind, netArchive, peakOfSite, zoneArchive } from './records.ts';
import { type Answer, siteForecast } from './site-forecast.ts';
import { type Archive, type Known, knownAt } from './target.ts';
import { createTrack, type Track, type TrackState } from './track.ts';
import { believed, type Finding, type Findings, findingsAfter, held, suspicionsOf } from './trust/suspicion.ts';
import { isHistoryRefusal } from './trust/thinness.ts';

/** Forecasts that a track keeps to learn from are so far apart. */
export const learnEveryMs: DurationMs = 6 * HOUR;

export interface LearnedPorts {
  /** Answers where nothing was learned: persistence, and physics for a site without history. */
  readonly cold: Forecaster;
  /** Steps in which a site is forecast: the slot, or an hour, which costs a quarter. */
  readonly siteStepMs?: typeof SLOT | typeof HOUR;
}

/** All that is remembered between issues, plain JSON: one track a target and what was found of each site's meters. */
export interface LearnedState {
  readonly tracks: Readonly<Record<string, TrackState>>;
  readonly findings: Readonly<Record<string, Findings>>;
}

export interface LearnedForecaster extends Forecaster {
  forecastFleet(requests: readonly ForecastRequest[]): Promise<readonly SiteForecast[]>;
  /** Answers for its kind from now on; tracks go on. */
  adopt(model: PooledModel): void;
  /** What was ever found of a site's meters: nobody is to learn from those times. */
  findings(site: string): Findings;
  toJSON(): LearnedState;
}

interface Question {
  readonly known: Known;
  /** Forecast until then. */
  readonly until: Instant;
}

/** The forecaster, new or going on from a saved state. */
export function createLearnedForecaster({ cold, siteStepMs = SLOT }: LearnedPorts, saved?: LearnedState): LearnedForecaster {
  const models = new Map<LiveKind, PooledModel>();
  const tracks = new Map<string, Track>();
  const savedTracks = new Map(Object.entries(saved?.tracks ?? {}));
  const findings = new Map(Object.entries(saved?.findings ?? {}));

  function trackOf(model: PooledModel, { target, signals }: Known): Track {
    const key = `${target.kind}/${target.id}`;
    const before = savedTracks.get(key);
    const of = { targetId: target.id, seesWeather: Object.keys(signals).length > 0 };
    const track = tracks.get(key) ?? createTrack({ calibrator: calibratorOf(model, of, before?.calibrator), learnEveryMs }, target, before);
    savedTracks.delete(key);
    tracks.set(key, track);
    return track;
  }

  /** One pass of a kind's model over all targets that ask. */
  function answers(kind: LiveKind, questions: readonly Question[]): Answer[] {
    const model = models.get(kind);
    if (!model) return questions.map(() => untrained(kind));
    for (const { known } of questions) trackOf(model, known).learn(known.history, known.issuedAt);
    const asks = questions.map(({ known, until }) => ({
      known,
      steps: Math.max(1, Math.ceil((until - known.issuedAt) / known.history.stepMs)),
    }));
    return forecastMembers(model, asks).map((said, i): Answer => {
      if (isHistoryRefusal(said)) return { kind: 'unanswered', reason: `${said.reason}: ${said.detail}`, isRefused: true };
      const issued = trackOf(model, (questions[i] as Question).known).issue(said);
      if (issued.quantiles.every(Number.isFinite)) return { kind: 'issued', issued, model };
      return { kind: 'unanswered', reason: `${model.id} gave no number for ${said.target.id}`, isRefused: false };
    });
  }

  async function forecastFleet(requests: readonly ForecastRequest[]): Promise<readonly SiteForecast[]> {
    const seen = requests.map(({ site, history, issuedAt }) => {
      const after = findingsAfter(findings.get(site.id) ?? [], site, history, issuedAt);
      if (after.length > 0) findings.set(site.id, after);
      return { after, suspicions: suspicionsOf(after, issuedAt) };
    });
    const trusted = requests.map(({ history }, i) => believed(history, (seen[i] as (typeof seen)[number]).suspicions));
    const persisted = await Promise.all(requests.map((request, i) => cold.forecast({ ...request, history: trusted[i] as History })));

    const surplus = surplusAnswers(requests, seen);
    const prices = zoneAnswers('import-price', requests, priceKnown);
    const carbon = zoneAnswers('carbon-intensity', requests, endedKnown);
    return requests.map((request, i) =>
      siteForecast({
        request,
        cold: { model: cold.model, slots: persisted[i] as readonly OutlookSlot[] },
        notes: held((seen[i] as (typeof seen)[number]).after).map(saidOf),
        surplus: surplus[i] as Answer,
        price: prices.get(request.site.zone) as Answer,
        carbon: carbon.get(request.site.zone) as Answer,
      }),
    );
  }

  function surplusAnswers(
    requests: readonly ForecastRequest[],
    seen: readonly { readonly after: Findings; readonly suspicions: ReturnType<typeof suspicionsOf> }[],
  ): Answer[] {
    const asked: { readonly at: number; readonly question: Question }[] = [];
    const all = requests.map((request, i): Answer => {
      const { site, history, issuedAt } = request;
      const { after, suspicions } = seen[i] as (typeof seen)[number];
      const [worst] = held(after);
      if (worst) return { kind: 'unanswered', reason: saidOf(worst), isRefused: false };
      if (peakOfSite(site) === 0) return { kind: 'unanswered', reason: `${site.id} has no panels`, isRefused: false };
      if (models.has('net')) {
        const known = endedKnown(netArchive(site, history, siteStepMs, suspicions), issuedAt);
        asked.push({ at: i, question: { known, until: endOf(request) } });
      }
      return untrained('net');
    });
    const answered = answers(
      'net',
      asked.map(({ question }) => question),
    );
    for (const [k, { at }] of asked.entries()) all[at] = answered[k] as Answer;
    return all;
  }

  /** A zone is asked for once, with the history of the first of its sites; the longest horizon counts. */
  function zoneAnswers(
    kind: 'import-price' | 'carbon-intensity',
    requests: readonly ForecastRequest[],
    knownOf: (archive: Archive, issuedAt: Instant) => Known,
  ): Map<string, Answer> {
    const zones = new Map<string, ForecastRequest[]>();
    for (const request of requests) zones.set(request.site.zone, [...(zones.get(request.site.zone) ?? []), request]);
    if (!models.has(kind)) return new Map([...zones.keys()].map((zone) => [zone, untrained(kind)]));
    const questions = [...zones].map(([zone, own]): Question => {
      const archive = zoneArchive(
        kind,
        zone,
        own.map(({ site }) => site),
        own.map(({ history }) => history),
      );
      return { known: knownOf(archive, (own[0] as ForecastRequest).issuedAt), until: Math.max(...own.map(endOf)) };
    });
    const said = answers(kind, questions);
    return new Map([...zones.keys()].map((zone, i) => [zone, said[i] as Answer]));
  }

  return {
    model: 'learned-1',
    forecast: async (request) => ((await forecastFleet([request]))[0] as SiteForecast).slots,
    forecastFleet,
    adopt: (model) => {
      models.set(model.kind as LiveKind, model);
      for (const [key, track] of tracks) {
        if (!key.startsWith(`${model.kind}/`)) continue;
        savedTracks.set(key, track.toJSON()); // goes on with what it learned, from what the new model's training knows of it
        tracks.delete(key);
      }
    },
    findings: (site) => findings.get(site) ?? [],
    toJSON: () => ({
      tracks: Object.fromEntries([...savedTracks, ...[...tracks].map(([key, track]) => [key, track.toJSON()] as const)]),
      findings: Object.fromEntries(findings),
    }),
  };
}

const endOf = ({ start, stepMs, steps }: ForecastRequest): Instant => start + stepMs * steps;
const untrained = (kind: LiveKind): Answer => ({ kind: 'unanswered', reason: `no ${kind} model has been trained yet`, isRefused: false });
const saidOf = ({ stream, detail }: Finding): string => `the ${stream} meter is not believed: ${detail}`;

/** Known at the last step that was over. */
const endedKnown = (archive: Archive, issuedAt: Instant): Known =>
  knownAt(archive, Math.floor(issuedAt / archive.history.stepMs) * archive.history.stepMs);

/** Published prices are known ahead: the forecast begins where they end, back on the grid that tracks learn on. */
function priceKnown(archive: Archive, issuedAt: Instant): Known {
  const published = Math.floor(knownUntil(archive.history) / learnEveryMs) * learnEveryMs;
  return published > issuedAt ? knownAt(archive, published) : endedKnown(archive, issuedAt);
}
