/** Pooled model: what its members say, for sites it never learned from, with and without weather, and when it refuses. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { MemberForecast } from '../../../../energy-oracle/forecast/model/member-forecast.ts';
import { forecastMembers, type PooledModel } from '../../../../energy-oracle/forecast/model/pooled-model.ts';
import { openBackend } from '../../../../energy-oracle/forecast/model/tfjs-backend.ts';
import { fitPooledModel, pooledModelOf } from '../../../../energy-oracle/forecast/model/tfjs-pooled-fit.ts';
import { type Archive, type Known, knownAt } from '../../../../energy-oracle/forecast/target.ts';
import type { HistoryRefusal } from '../../../../energy-oracle/forecast/trust/thinness.ts';
import { DAY, HOUR } from '../../../../units/time.ts';
import { begin, madeArchive, tinyFit } from './synthetic-archive.ts';

const issuedAt = begin + 50 * DAY;
const unseen = madeArchive({ seed: 3, peakKw: 25 });
const steps = 48;
let model: PooledModel;

beforeAll(async () => {
  await openBackend();
  const archives = [1, 2].map((seed) => knownAt(madeArchive({ seed }), issuedAt));
  model = pooledModelOf(await fitPooledModel(archives, tinyFit));
});

const one = (known: Known): MemberForecast => {
  const [answer] = forecastMembers(model, [{ known, steps }]);
  if (answer === undefined || 'kind' in answer) throw new RangeError(`refused: ${(answer as HistoryRefusal | undefined)?.detail}`);
  return answer;
};
const rowsOf = (values: Float64Array) => Array.from({ length: steps }, (_, step) => [...values.subarray(3 * step, 3 * step + 3)]);
const blind = (archive: Archive): Archive => ({ ...archive, signals: {} });

/** What the law of every forecast is: finite, in order, between floor and ceiling. */
function check({ members, target, isLit, repeated }: MemberForecast): void {
  for (const values of Object.values(members))
    for (const row of rowsOf(values)) {
      expect(row.every(Number.isFinite)).toBe(true);
      expect([...row].sort((a, b) => a - b)).toEqual(row);
      expect(row[0]).toBeGreaterThanOrEqual(target.floor as number);
      expect(row[2]).toBeLessThanOrEqual(target.ceiling as number);
    }
  expect(isLit.some((lit) => lit === 1) && isLit.some((lit) => lit === 0)).toBe(true);
  expect(repeated.every(Number.isFinite)).toBe(true);
}

describe('a pooled model', () => {
  test('speaks of a site that it never learned from, by all members', () => {
    const forecast = one(knownAt(unseen, issuedAt));
    check(forecast);
    expect(Object.keys(forecast.members).sort()).toEqual(['cliper', 'net', 'ridge']);
    expect(forecast).toMatchObject({ issuedAt, start: issuedAt, steps, stepMs: HOUR });
    expect(Math.max(...(forecast.members.net as Float64Array))).toBeGreaterThan(5);
  });

  test('keeps its word for any hour of issue, torn record and ceiling', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9 * 24 }),
        fc.double({ min: 0, max: 0.3, noNaN: true }),
        fc.double({ min: 1, max: 50, noNaN: true }),
        (hour, share, ceiling) => {
          let state = hour + 1;
          const values = unseen.history.values.map((value) => {
            state = (state * 48271) % 2147483647;
            return state / 2147483647 < share ? Number.NaN : value;
          });
          const archive = { ...unseen, target: { ...unseen.target, ceiling }, history: { ...unseen.history, values } };
          const [answer] = forecastMembers(model, [{ known: knownAt(archive, begin + 45 * DAY + hour * HOUR), steps }]);
          if (answer && !('kind' in answer)) check(answer);
          else expect(answer?.reason).toBe('thin-history');
        },
      ),
      { numRuns: 40 },
    ));

  test('cannot see past the issue: any future gives the same forecast', () => {
    const changed = unseen.history.values.slice();
    changed.fill(1e6, 50 * 24);
    expect(one(knownAt({ ...unseen, history: { ...unseen.history, values: changed } }, issuedAt))).toEqual(one(knownAt(unseen, issuedAt)));
  });

  test('answers blind where the weather ends, and with it before', () => {
    const signals = Object.fromEntries(
      Object.entries(unseen.signals).map(([name, dense]) => [name, { ...dense, values: dense.values.slice(0, 51 * 24) }]),
    );
    const [whole, half, none] = [unseen, { ...unseen, signals }, blind(unseen)].map((archive) => one(knownAt(archive, issuedAt)));
    check(half as MemberForecast);
    const net = (forecast: MemberForecast | undefined) => rowsOf(forecast?.members.net as Float64Array);
    expect(net(half).slice(24)).toEqual(net(none).slice(24));
    expect(net(half).slice(0, 12)).toEqual(net(whole).slice(0, 12));
    expect(net(half).slice(0, 24)).not.toEqual(net(none).slice(0, 24));
  });

  test('gives a site without any record its physics', () => {
    const values = unseen.history.values.slice().fill(Number.NaN);
    const cold = one(knownAt({ ...unseen, history: { ...unseen.history, values } }, issuedAt));
    check(cold);
    const noon = rowsOf(cold.members.net as Float64Array)[12] as number[];
    const truth = unseen.history.values[50 * 24 + 12] as number;
    expect(noon[1]).toBeGreaterThan(0.4 * truth);
    expect(noon[1]).toBeLessThan(1.8 * truth);
    expect((cold.members.cliper as Float64Array)[0]).toBeLessThan(1);
  });

  test('refuses a history that is too thin, and answers the others in order', () => {
    const values = unseen.history.values.slice();
    for (let i = 0; i < values.length; i++) if (i > 20 && i % 24 < 16) values[i] = Number.NaN;
    const thin = knownAt({ ...unseen, history: { ...unseen.history, values } }, issuedAt);
    const [first, second, third] = forecastMembers(
      model,
      [thin, knownAt(unseen, issuedAt), thin].map((known) => ({ known, steps })),
    );
    expect([first, third]).toEqual([
      expect.objectContaining({ kind: 'refused', reason: 'thin-history' }),
      expect.objectContaining({ kind: 'refused', reason: 'thin-history' }),
    ]);
    expect(second).toEqual(one(knownAt(unseen, issuedAt)));
  });

  test('says the same of a site alone and among many', () => {
    const asks = Array.from({ length: 70 }, (_, i) => ({ known: knownAt(unseen, issuedAt - i * HOUR), steps }));
    const all = forecastMembers(model, asks);
    expect(all).toHaveLength(70);
    for (const i of [0, 31, 32, 69]) expect(all[i]).toEqual(one(knownAt(unseen, issuedAt - i * HOUR)));
  });

  test('starts the day after a silence where the issue is, not where the record ended', () => {
    const short = { ...unseen, history: { ...unseen.history, values: unseen.history.values.slice(0, 49 * 24) } };
    const forecast = one(knownAt(short, issuedAt));
    check(forecast);
    expect(forecast.start).toBe(issuedAt);
    expect(forecast.repeated[12]).toBe(unseen.history.values[48 * 24 + 12]);
  });
});
