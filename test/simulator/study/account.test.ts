/** Accounts of runs: studies small enough for a pencil, and what holds of any. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accountsOf } from '../../../simulator/study/account.ts';
import { runsOf, tinyStudy } from '../../fixtures/study.ts';

const only = (columns: object): Record<string, number> =>
  Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, (values as Float64Array)[0] as number]));

describe('the accounts of a job', () => {
  test('serve its draw by what cannot be exported, then by what can, then by the grid', () => {
    // 2 × 1.5 kW = 3 kW; surplus 2 kW, of which 0.5 kW may be exported: 1.5 kW free, 0.5 kW at 60, 1 kW of grid at 100
    const study = tinyStudy({
      sites: [{ accelerators: 2, kwPerAccelerator: 1.5, exportLimitKw: 0.5, feedInTariff: 60 }],
      slots: 2,
      netKw: [[2]],
      marginalIntensity: [[500]],
      jobs: [{ length: 2, end: 2, accelerators: 2 }],
      terms: { embodiedGPerAcceleratorHour: 10 },
    });
    const { jobs, slots } = accountsOf(study, runsOf([0, 0]));
    expect(only(jobs)).toEqual({
      curtailedKwh: 3,
      exportableKwh: 1,
      gridKwh: 2,
      money: (1 * 60 + 2 * 100) / 1_000,
      locationG: 2 * 200,
      marginalG: 2 * 500,
      matchedG: 2 * 200,
      embodiedG: 2 * 2 * 10,
      waitSlots: 0,
      lateSlots: 0,
      stops: 0,
    });
    expect([...slots.held, ...slots.starts]).toEqual([2, 2, 1, 0]);
    expect([...slots.curtailableKw]).toEqual([1.5, 1.5]);
  });

  test('leave the surplus to the grid where drawing is paid for', () => {
    const study = tinyStudy({ slots: 1, netKw: [[5]], price: [[-40]], jobs: [{ length: 1, end: 1 }] });
    const { jobs } = accountsOf(study, runsOf([0, 0]));
    expect(only(jobs)).toMatchObject({ curtailedKwh: 0, gridKwh: 1, money: -0.04, locationG: 200 });
  });

  test('count waiting, pauses, restarts, and transfer away from home', () => {
    // released at 1, runs in slots 2 and 4 of site 1; its slots lie on average 3 − (1 + 0.5) = 1.5 later than at once
    const study = tinyStudy({
      sites: [{}, { accelerators: 3, askPerAcceleratorHour: 0.5 }],
      slots: 6,
      jobs: [{ release: 1, length: 2, end: 6, accelerators: 3, home: 0, gigabytes: 10 }],
      terms: { transferPricePerGb: 0.02, transferGPerGb: 2, restartCost: 0.004 },
    });
    const { jobs } = accountsOf(study, runsOf([1, 2, [3, 0, 3]]));
    expect(only(jobs)).toMatchObject({ waitSlots: 2, lateSlots: 1.5, stops: 1, locationG: 6 * 200 + 20, matchedG: 6 * 200 + 20 });
    expect(jobs.money[0]).toBeCloseTo(6 * 0.1 + 6 * 0.5 + 10 * 0.02 + 3 * 0.004, 12);
  });

  test('share each source of a slot by draw', () => {
    const study = tinyStudy({
      sites: [{ accelerators: 4 }],
      slots: 1,
      netKw: [[2]],
      jobs: [
        { length: 1, end: 1 },
        { length: 1, end: 1, accelerators: 3 },
      ],
    });
    const { jobs } = accountsOf(study, runsOf([0, 0], [0, 0]));
    expect([...jobs.curtailedKwh, ...jobs.gridKwh]).toEqual([0.5, 1.5, 0.5, 1.5]);
  });

  test('do not know the marginal intensity of a slot that has none, unless its energy was all surplus', () => {
    const study = tinyStudy({
      slots: 2,
      netKw: [[1, 0]],
      jobs: [
        { length: 1, end: 1 },
        { length: 1, end: 2 },
      ],
    });
    expect([...accountsOf(study, runsOf([0, 0], [0, 1])).jobs.marginalG]).toEqual([0, Number.NaN]);
  });

  test('of one that found no room are all 0', () =>
    expect(Object.values(only(accountsOf(tinyStudy({ slots: 1, jobs: [{ length: 1, end: 1 }] }), runsOf(undefined)).jobs))).toEqual(
      Array(11).fill(0),
    ));
});

test('energy, carbon and money of the jobs are those of the slots, whatever runs where', () => {
  const job = fc.record({
    site: fc.nat(1),
    start: fc.nat(5),
    accelerators: fc.integer({ min: 1, max: 3 }),
    holes: fc.array(fc.boolean(), { maxLength: 4 }),
  });
  const signal = (min: number, max: number) =>
    fc.array(fc.array(fc.integer({ min, max }), { minLength: 10, maxLength: 10 }), { minLength: 2, maxLength: 2 });
  const given = fc.record({
    jobs: fc.array(job, { maxLength: 6 }),
    netKw: signal(-5, 20),
    price: signal(-50, 200),
    carbonIntensity: signal(0, 900),
  });
  fc.assert(
    fc.property(given, ({ jobs, ...signals }) => {
      const site = { accelerators: 18, kwPerAccelerator: 0.7, exportLimitKw: 4, feedInTariff: 50 };
      const tiny = jobs.map(({ accelerators, holes }) => ({ length: 1 + holes.filter((hole) => !hole).length, end: 10, accelerators }));
      const study = tinyStudy({ sites: [site, site], slots: 10, jobs: tiny, ...signals });
      const runs = runsOf(
        ...jobs.map(({ site: at, start, accelerators, holes }) => {
          const pattern = [accelerators, ...holes.map((hole) => (hole ? 0 : accelerators))];
          while (pattern.at(-1) === 0) pattern.pop();
          return [at, start, pattern] as const;
        }),
      );
      const { jobs: own, slots } = accountsOf(study, runs);
      const total = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0);
      const cells = Array.from(slots.gridKw.keys());
      expect(total(own.curtailedKwh)).toBeCloseTo(total(slots.curtailedKw), 9);
      expect(total(own.exportableKwh)).toBeCloseTo(total(slots.exportableKw), 9);
      expect(total(own.gridKwh)).toBeCloseTo(total(slots.gridKw), 9);
      for (const cell of cells) {
        const drawKw = (slots.held[cell] as number) * 0.7;
        expect((slots.curtailedKw[cell] as number) + (slots.exportableKw[cell] as number) + (slots.gridKw[cell] as number)).toBeCloseTo(
          drawKw,
          9,
        );
        expect((slots.curtailedKw[cell] as number) + (slots.exportableKw[cell] as number)).toBeLessThanOrEqual(
          Math.max(0, study.truth.netKw[cell] as number),
        );
        expect(slots.curtailedKw[cell]).toBeLessThanOrEqual(slots.curtailableKw[cell] as number);
      }
      const by = (of: (cell: number) => number) => cells.reduce((sum, cell) => sum + of(cell), 0);
      expect(total(own.locationG)).toBeCloseTo(
        by((cell) => (slots.gridKw[cell] as number) * (study.truth.carbonIntensity[cell] as number)),
        6,
      );
      expect(total(own.money)).toBeCloseTo(
        by(
          (cell) =>
            ((slots.gridKw[cell] as number) * (study.truth.price[cell] as number) + (slots.exportableKw[cell] as number) * 50) / 1_000,
        ),
        9,
      );
    }),
  );
});
