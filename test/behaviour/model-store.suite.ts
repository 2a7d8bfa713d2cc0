/**
 * What every model store promises, as tests: run it against each one. `open` gives an empty store.
 */
import { expect, test } from 'vitest';
import type { LearnedState } from '../../energy-oracle/forecast/learned.ts';
import type { StoredModel } from '../../energy-oracle/forecast/model/tfjs-pooled-fit.ts';
import type { ModelStore } from '../../energy-oracle/forecast/model-store.ts';
import { emptyPage } from '../../energy-oracle/forecast/score/outlook-score.ts';

/** Weights that text would round, and an array that lies askew in its buffer. */
const modelOf = (id: string, kind: StoredModel['kind']): StoredModel =>
  ({
    id,
    kind,
    quantiles: [0.1, 0.5, 0.9],
    horizonMs: 345_600_000,
    trainedUntil: 5,
    variants: [
      {
        nets: [new Uint8Array([9, 0, 255, 128, 7]).subarray(1)],
        ridge: { intercept: 0.1 + 0.2, coefficients: Float64Array.of(Math.PI, -0, 1e-320, Number.MAX_VALUE) },
        persistenceWeights: [1 / 3],
      },
    ],
  }) as unknown as StoredModel;

const memoryOf = (days: number): LearnedState =>
  ({
    tracks: { 'net/evora': { days }, 'net/faro': { days: 1 } },
    findings: { evora: [{ kind: 'stuck', since: days }] },
  }) as unknown as LearnedState;

export function modelStoreSuite(open: () => Promise<ModelStore>): void {
  test('begins with nothing', async () => {
    const store = await open();
    expect(await store.models()).toEqual([]);
    expect(await store.memory()).toEqual({ tracks: {}, findings: {} });
    expect(await store.scores()).toEqual([]);
  });

  test('gives a model back to the bit, by kind, and the newest of each', async () => {
    const store = await open();
    await store.putModel(modelOf('old', 'net'));
    await store.putModel(modelOf('carbon', 'carbon-intensity'));
    await store.putModel(modelOf('new', 'net'));
    const models = await store.models();
    expect(models).toStrictEqual([modelOf('carbon', 'carbon-intensity'), modelOf('new', 'net')]);
    const [, net] = models;
    expect(Object.is(net?.variants[0]?.ridge.coefficients[1], -0)).toBe(true);
    expect([...(net?.variants[0]?.nets[0] ?? [])]).toEqual([0, 255, 128, 7]);
  });

  test('writes what was learned over what stood there, and leaves other targets alone', async () => {
    const store = await open();
    await store.putMemory(memoryOf(1));
    await store.putMemory({ tracks: { 'net/evora': { days: 2 } }, findings: {} } as unknown as LearnedState);
    expect(await store.memory()).toEqual({
      tracks: { 'net/evora': { days: 2 }, 'net/faro': { days: 1 } },
      findings: { evora: [{ kind: 'stuck', since: 1 }] },
    });
  });

  test('keeps one page of scores a site and month, in order', async () => {
    const store = await open();
    const page = { ...emptyPage('evora', '2026-06'), scoredUntil: [1, 2, 3, 4] };
    for (const each of [emptyPage('evora-2', '2026-05'), emptyPage('evora', '2026-07'), emptyPage('evora', '2026-06'), page])
      await store.putScores(each);
    expect(await store.scores('evora')).toStrictEqual([page, emptyPage('evora', '2026-07')]);
    expect((await store.scores()).map(({ site, month }) => `${site} ${month}`)).toEqual([
      'evora 2026-06',
      'evora 2026-07',
      'evora-2 2026-05',
    ]);
  });
}
