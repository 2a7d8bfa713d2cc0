/**
 * Retraining: from all that is stored to models that answer, and what they learned along the way to storage and back.
 *
 * Owns which records are long enough to learn from, and the order: a model is stored before it answers. A training that
 * fails is told of and changes nothing; the model before it goes on. How a net is trained and where (`train`), and how a
 * stored model comes to predict (`load`), are ports: both need an engine.
 */
import type { Clock } from '../../units/clock.ts';
import { DAY, type DurationMs, type HOUR, SLOT } from '../../units/time.ts';
import type { ExchangeRates } from '../grid/price.ts';
import { recordOf } from '../history.ts';
import type { Site } from '../site.ts';
import type { SeriesStore } from '../store/series-store.ts';
import type { History } from './forecaster.ts';
import { createLearnedForecaster, type LearnedForecaster, type LearnedPorts } from './learned.ts';
import type { PooledModel } from './model/pooled-model.ts';
import type { StoredModel } from './model/tfjs-pooled-fit.ts';
import type { ModelStore } from './model-store.ts';
import { knownDays, type LiveKind, liveKinds, netArchive, zoneArchive } from './records.ts';
import type { Archive } from './target.ts';
import { suspicionsOf } from './trust/suspicion.ts';

/** How far back a record is learned from. */
const recordMsMax: DurationMs = 730 * DAY;
/** Known days before a target is learned from: four weeks to know the past of a row, four days of its future, and ten of rows. */
export const trainingDaysMin = 42;

export interface RetrainingPorts extends LearnedPorts {
  readonly clock: Clock;
  readonly sites: readonly Site[];
  readonly store: SeriesStore;
  readonly rates: ExchangeRates;
  readonly models: ModelStore;
  /** Equal archives give equal models. */
  readonly train: (kind: LiveKind, archives: readonly Archive[]) => Promise<StoredModel>;
  readonly load: (stored: StoredModel) => Promise<PooledModel>;
  readonly tell: (text: string) => void;
}

export interface Retraining {
  readonly forecaster: LearnedForecaster;
  /** Trains every kind that there is enough to learn for, one after the other; resolves also when some failed. */
  retrain(): Promise<void>;
  /** Writes down what was learned since. */
  remember(): Promise<void>;
}

/** The live forecaster as it was left, with its stored models; a model that does not load is told of, and goes without. */
export async function openRetraining(ports: RetrainingPorts): Promise<Retraining> {
  const { clock, sites, store, rates, models, tell } = ports;
  const forecaster = createLearnedForecaster(ports, await models.memory());
  for (const stored of await models.models())
    await ports.load(stored).then(forecaster.adopt, (fault) => tell(`${stored.id} cannot be used: ${messageOf(fault)}`));

  async function retrainOne(kind: LiveKind, archives: readonly Archive[]): Promise<void> {
    const long = archives.filter(({ history }) => knownDays(history) >= trainingDaysMin);
    if (long.length === 0) return;
    try {
      const stored = await ports.train(kind, long);
      const model = await ports.load(stored);
      await models.putModel(stored);
      forecaster.adopt(model);
      const days = long.reduce((sum, { history }) => sum + knownDays(history), 0);
      tell(`${stored.id} learned from ${long.length} of ${archives.length} records, ${days} days in all`);
    } catch (fault) {
      tell(`no new ${kind} model, the last one goes on: ${messageOf(fault)}`);
    }
  }

  return {
    forecaster,
    retrain: async () => {
      const asOf = clock.now();
      const histories: History[] = [];
      for (const site of sites) histories.push(await recordOf({ store, site, rates, asOf, behindMs: recordMsMax })); // one at a time: long
      const archives = archivesOf(sites, histories, ports.siteStepMs ?? SLOT, (site) => suspicionsOf(forecaster.findings(site), asOf));
      for (const kind of liveKinds) await retrainOne(kind, archives[kind]);
    },
    remember: () => models.putMemory(forecaster.toJSON()),
  };
}

/** Records of sites with panels, and of every zone once. */
function archivesOf(
  sites: readonly Site[],
  histories: readonly History[],
  siteStepMs: typeof SLOT | typeof HOUR,
  suspicionsIn: (site: string) => ReturnType<typeof suspicionsOf>,
): Readonly<Record<LiveKind, readonly Archive[]>> {
  const zones = [...new Set(sites.map(({ zone }) => zone))];
  const zonal = (kind: 'import-price' | 'carbon-intensity') =>
    zones.map((zone) => {
      const own = sites.map((site, i) => ({ site, history: histories[i] as History })).filter(({ site }) => site.zone === zone);
      const longest = own.toSorted((a, b) => b.history.pvKw.values.length - a.history.pvKw.values.length);
      return zoneArchive(
        kind,
        zone,
        own.map(({ site }) => site),
        longest.map(({ history }) => history),
      );
    });
  return {
    net: sites.flatMap((site, i) =>
      site.pv.length > 0 ? [netArchive(site, histories[i] as History, siteStepMs, suspicionsIn(site.id))] : [],
    ),
    'import-price': zonal('import-price'),
    'carbon-intensity': zonal('carbon-intensity'),
  };
}

const messageOf = (fault: unknown): string => (fault instanceof Error ? fault.message : String(fault));
