/** What trained models tell of a study: fitted on its lead, honest about when they were issued. */
import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../../energy-oracle/forecast/model/tfjs-backend.ts';
import { fitPooledModel, pooledFitDefaults, pooledModelOf } from '../../../energy-oracle/forecast/model/tfjs-pooled-fit.ts';
import { randomStream } from '../../../simulator/kernel/random.ts';
import { type Belief, persistence } from '../../../simulator/study/belief.ts';
import type { Study } from '../../../simulator/study/study.ts';
import { type Fit, trainForecaster } from '../../../simulator/study/trained-belief.ts';
import { studyOf } from './studies.ts';

const [leadDays, days] = [60, 4];
const hours = (leadDays + days + 4) * 24;
/** A daily wave that grows and shrinks from day to day, with noise on every hour. */
function waves(seed: number): number[] {
  const random = randomStream(seed, 'waves');
  let size = 1;
  return Array.from({ length: hours }, (_, hour) => {
    if (hour % 24 === 0) size = 0.6 * size + 0.4 * (1 + 0.5 * random.normal());
    return 300 + 150 * size * Math.sin((2 * Math.PI * hour) / 24) + 10 * random.normal();
  });
}
const studyWith = (values: readonly number[]): Study =>
  studyOf({
    sites: [
      { carbonIntensity: values, price: values.map(() => 40) },
      { carbonIntensity: waves(2), price: values.map(() => 40) },
    ],
    jobs: [],
    lead: leadDays * 24,
    tail: 96,
  });
const fitted: Fit = async (kind, known) =>
  pooledModelOf(await fitPooledModel(known, { ...pooledFitDefaults(kind, 10_000), rowsMax: 6_000, seeds: [1] }));
const tell = (belief: Belief, now: number, length: number, signal: 'price' | 'carbonIntensity' = 'carbonIntensity') => {
  const told = new Float64Array(length);
  belief(signal, 0, now, told);
  return told;
};

describe('a trained forecaster', () => {
  const truth = waves(1);
  let study: Study;
  let belief: Belief;
  beforeAll(async () => {
    await openBackend();
    study = studyWith(truth);
    belief = (await trainForecaster(study, fitted)).of(study);
  }, 60_000);

  test('errs less than persistence over the days ahead', () => {
    const errorOf = (of: Belief) => {
      let sum = 0;
      for (let now = 0; now < 72; now += 6)
        tell(of, now, 24).forEach((value, i) => {
          sum += Math.abs(value - (truth[leadDays * 24 + now + i] as number));
        });
      return sum;
    };
    expect(errorOf(belief)).toBeLessThan(0.95 * errorOf(persistence.of(study)));
  });

  test('is not moved by what happens after it was issued', async () => {
    const other = studyWith(truth.map((value, hour) => (hour < leadDays * 24 + 30 ? value : 5_000)));
    const elsewhere = (await trainForecaster(other, fitted)).of(other);
    expect(tell(elsewhere, 30, 48)).toEqual(tell(belief, 30, 48));
    expect(tell(elsewhere, 40, 48)).not.toEqual(tell(belief, 40, 48));
  }, 60_000);

  test('takes what never changed to stay as it is, and repeats its last day beyond its horizon', () => {
    expect([...tell(belief, 5, 3, 'price')]).toEqual([40, 40, 40]);
    const long = tell(belief, 0, 120);
    expect(long.subarray(96, 120)).toEqual(long.subarray(72, 96));
  });
});
