/**
 * Learning: the engine of the live forecaster. Nets are trained in a thread of their own and predict in this one.
 *
 * TensorFlow.js is loaded when the first model is, so a river without one never pays for it. Live and virtual river name
 * the same engine.
 */

import { createPersistence } from '../energy-oracle/forecast/persistence.ts';
import type { RetrainingPorts } from '../energy-oracle/forecast/retraining.ts';
import type { Archive } from '../energy-oracle/forecast/target.ts';
import { pvPower } from '../energy-oracle/sun/pv.ts';
import { HOUR } from '../units/time.ts';

type Engine = Pick<RetrainingPorts, 'cold' | 'train' | 'load'>;

/** @param tell  which backend runs, once */
export function learningEngine(tell: (line: string) => void): Engine {
  const told = new Set<string>(); // every thread finds its backend anew
  const tellOnce = (line: string) => {
    if (!told.has(line)) tell(line);
    told.add(line);
  };
  return {
    cold: createPersistence({ clearSkyKw: (site, at) => pvPower(site, at, 0) }),
    train: async (kind, archives) => {
      const [{ trainInWorker }, { pooledFitDefaults }] = await Promise.all([
        import('../energy-oracle/forecast/model/tfjs-training.ts'),
        import('../energy-oracle/forecast/model/tfjs-pooled-fit.ts'),
      ]);
      return trainInWorker(archives, pooledFitDefaults(kind, rowsRoughly(archives)), { tell: tellOnce });
    },
    load: async (stored) => {
      const [{ openBackend }, { pooledModelOf }] = await Promise.all([
        import('../energy-oracle/forecast/model/tfjs-backend.ts'),
        import('../energy-oracle/forecast/model/tfjs-pooled-fit.ts'),
      ]);
      await openBackend({ tell: tellOnce });
      return pooledModelOf(stored);
    },
  };
}

/** Rows that could be drawn: every step of four days, every six hours. */
const rowsRoughly = (archives: readonly Archive[]): number =>
  archives.reduce((sum, { history: { values, stepMs } }) => sum + ((values.length * stepMs) / (6 * HOUR)) * ((96 * HOUR) / stepMs), 0);
