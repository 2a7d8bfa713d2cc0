/** Scenarios that ask their zones to be otherwise: what-ifs, calls on demand, and fleets that move their own prices. */
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createCellStore } from '../../cli/cell-store.ts';
import { keptOf, planCells } from '../../cli/cells.ts';
import { loadScenario } from '../../cli/scenario-yaml.ts';
import type { Study } from '../../simulator/study/study.ts';
import { runnerOf } from '../fixtures/cells.ts';
import { scenarioIn, zoneFolder } from '../fixtures/zone-files.ts';

const studyOf = async (file: string) => (await (await loadScenario(file)).studyOf(1)).study;
const zone = (fields = 'price: price.csv, region: region.csv') => `grid: {zones: {DE-LU: {${fields}}}}`;
const signalsOnly = zone('price: price.csv, carbon: carbon.csv');
const fleet = (count: number, draw = '4kW') => `sites: [{id: a, zone: DE-LU, accelerators: "A100:${count}", draw: ${draw}}]`;
/** Values of the study's own slots at the first site. */
const seen = ({ truth, slots }: Study, signal: 'price' | 'carbonIntensity' | 'marginalIntensity') => [
  ...truth[signal].subarray(truth.lead, truth.lead + slots),
];

describe('a zone with its generation by source', () => {
  test('is its record while nothing is asked of it, and tells marginal carbon too', async () => {
    const [region, signals] = [
      await studyOf(scenarioIn(zoneFolder(), `${fleet(8)}\n${zone()}`)),
      await studyOf(scenarioIn(zoneFolder(), `${fleet(8)}\n${signalsOnly}`)),
    ];
    expect(seen(region, 'price')).toEqual(seen(signals, 'price'));
    for (const [slot, carbon] of seen(signals, 'carbonIntensity').entries())
      expect(seen(region, 'carbonIntensity')[slot]).toBeCloseTo(carbon, 6);
    for (const marginal of seen(region, 'marginalIntensity')) expect(marginal).toBeGreaterThan(450); // coal and gas answer, nothing else
  });
});

describe('what_if', () => {
  const whatIf = (changes: string) => `what_if: {DE-LU: [${changes}]}`;
  const during = 'from: 2022-02-01T06:00Z, until: 2022-02-01T09:00Z';

  test('of signals changes what sites see, in its hours alone', async () => {
    const shock = whatIf(`{price_shock: {add: 80, ${during}}}, {outage: {add_carbon: 50, ${during}}}`);
    const [before, after] = [
      await studyOf(scenarioIn(zoneFolder(), `${fleet(8)}\n${signalsOnly}`)),
      await studyOf(scenarioIn(zoneFolder(), `${fleet(8)}\n${signalsOnly}\n${shock}`)),
    ];
    for (let slot = 0; slot < 48; slot++) {
      const isIn = slot >= 6 && slot < 9;
      expect(seen(after, 'price')[slot]).toBeCloseTo((seen(before, 'price')[slot] as number) + (isIn ? 80 : 0), 9);
      expect(seen(after, 'carbonIntensity')[slot]).toBeCloseTo((seen(before, 'carbonIntensity')[slot] as number) + (isIn ? 50 : 0), 9);
    }
  });

  test('of the generation goes by merit order: less sun is dearer and dirtier by day, and nothing else', async () => {
    const [before, after] = [
      await studyOf(scenarioIn(zoneFolder(), `${fleet(8)}\n${zone()}`)),
      await studyOf(scenarioIn(zoneFolder(), `${fleet(8)}\n${zone()}\n${whatIf('{scale: {source: solar, by: 0.5}}')}`)),
    ];
    for (let slot = 0; slot < 24; slot++) {
      const isDay = slot >= 8 && slot < 16;
      const more = (signal: 'price' | 'carbonIntensity') => (seen(after, signal)[slot] as number) - (seen(before, signal)[slot] as number);
      const [dearer, dirtier] = [more('price'), more('carbonIntensity')];
      expect(isDay ? dearer > 5 && dirtier > 30 : dearer === 0 && dirtier === 0, `${slot}: ${dearer}, ${dirtier}`).toBe(true);
    }
  });

  test('of drawn grids holds for every seed', async () => {
    const text = 'sites: demo';
    const [before, after] = [
      scenarioIn(zoneFolder(), text),
      scenarioIn(zoneFolder(), `${text}\nwhat_if: {DE-LU: [{price_shock: {by: 2}}]}`),
    ];
    const [one, other] = [await studyOf(before), await studyOf(after)];
    const at = one.sites.findIndex((site) => site.zone === 'DE-LU') * one.truth.slots + one.truth.lead;
    expect(other.truth.price[at]).toBeCloseTo(2 * (one.truth.price[at] as number), 9);
  });

  test.each([
    {
      name: 'a change that needs the mix',
      text: `${signalsOnly}\n${whatIf('{price_shock: {add: 1}}, {scale: {source: solar, by: 2}}')}`,
      says: /what_if\.DE-LU\.1: found scale; allowed: only price and carbon of the zone are known/,
    },
    {
      name: 'a source that the zone does not have',
      text: `${zone()}\n${whatIf('{scale: {source: wind, by: 2}}')}`,
      says: /what_if\.DE-LU\.0: found scale; allowed: the zone has no wind; it has coal, gas, nuclear, solar/,
    },
    {
      name: 'a change nobody knows',
      text: `${zone()}\n${whatIf('{flood: {}}')}`,
      says: /what_if\.DE-LU\.0: found {"flood":{}}; allowed: one of scale/,
    },
    {
      name: 'a bad value',
      text: `${zone()}\n${whatIf('{scale: {source: coal, by: 2}}')}`,
      says: /what_if\.DE-LU\.0\.scale\.source: found "coal"; allowed: solar or wind/,
    },
    { name: 'a zone without a site', text: `${zone()}\nwhat_if: {FR: []}`, says: /what_if: found FR; allowed: a zone of the sites: DE-LU/ },
    {
      name: 'a price maker without the mix',
      text: `${signalsOnly}\nprice_maker: true`,
      says: /price_maker: found true; allowed: .*grid\.zones\.ZONE\.region/,
    },
    {
      name: 'a price maker in such a zone',
      text: `${signalsOnly}\nprice_maker: [DE-LU]`,
      says: /price_maker: found DE-LU; allowed: .*grid\.zones\.DE-LU\.region/,
    },
  ])('is refused by its path: $name', async ({ text, says }) => {
    await expect(studyOf(scenarioIn(zoneFolder(), `${fleet(8)}\n${text}`))).rejects.toThrow(says);
  });
});

describe('a call on demand', () => {
  const called = `${fleet(8)}\n${zone()}\nwhat_if: {DE-LU: [{demand_response: {max_draw_share: 0.5, add_price: 100, from: 2022-02-01T06:30Z, until: 2022-02-01T09:00Z}}]}
jobs: {drawn: {per_hour: 1, accelerators: [1, 2, 4]}}\npolicies: [run-now, greenest-now, lowest-window, planner]`;

  test('caps what sites of its zone hold, whoever plans, in every slot that it meets', async () => {
    const file = scenarioIn(zoneFolder(), called);
    const { cells, ...plan } = planCells(file, { clairvoyant: true, sweep: false });
    const runner = runnerOf(plan);
    expect(cells).toHaveLength(5);
    for (const cell of cells) {
      const { run, study } = await runner.run(cell);
      const { held } = run.accounts.slots;
      expect(Math.max(...held.subarray(6, 9)), cell.policy).toBeLessThanOrEqual(4);
      if (cell.policy === 'run-now') expect(Math.max(...held)).toBeGreaterThan(4); // the cap bound
      expect(run.metrics.unplaced, cell.policy).toBe(0);
      expect(study.sites[0]?.accelerators).toBe(8);
    }
  });

  test('by price costs what it adds, and caps nobody', async () => {
    const by = 'what_if: {DE-LU: [{demand_response: {add_price: 100, from: 2022-02-01T06:30Z, until: 2022-02-01T09:00Z}}]}';
    const before = await studyOf(scenarioIn(zoneFolder(), `${fleet(8)}\n${zone()}`));
    const after = await studyOf(scenarioIn(zoneFolder(), `${fleet(8)}\n${zone()}\n${by}`));
    const added = seen(after, 'price').map((price, slot) => Math.round(price - (seen(before, 'price')[slot] as number)));
    expect(added.slice(5, 10)).toEqual([0, 50, 100, 100, 0]);
    expect(after.capacity).toBeUndefined();
  });
});

describe('price_maker', () => {
  /** Jobs of four hours on a fifth of the fleet, two in three hours; the site draws `accelerators` × 4.8 kW. */
  const scenario = (accelerators: number, rest: string, draw = '4kW') =>
    `${fleet(accelerators, draw)}\n${zone()}\njobs: {drawn: {per_hour: 0.7, length: 4h, length_spread: 0, accelerators: [${accelerators / 5}]}}
policies: [run-now, greenest-now, planner]\n${rest}`;
  const runsOf = async (accelerators: number, rest: string, draw = '4kW') => {
    const { cells, ...plan } = planCells(scenarioIn(zoneFolder(), scenario(accelerators, rest, draw)), {
      clairvoyant: false,
      sweep: false,
    });
    const runner = runnerOf(plan);
    const runs = [];
    for (const cell of cells) runs.push(await runner.run(cell));
    return runs;
  };

  test('of hundreds of MW pays more, and is accounted more carbon, than one that takes prices as given', async () => {
    const [makers, takers] = [await runsOf(100_000, 'price_maker: true'), await runsOf(100_000, '')];
    makers.forEach(({ run, study }, at) => {
      const taker = takers[at] as (typeof takers)[number];
      expect(run.metrics.energyKwh, run.policy).toBeCloseTo(taker.run.metrics.energyKwh, 0);
      expect(run.metrics.locationKg, run.policy).toBeGreaterThan(1.005 * taker.run.metrics.locationKg);
      expect(run.metrics.money, run.policy).toBeGreaterThan(1.02 * taker.run.metrics.money);
      expect(taker.run.convergence).toBeUndefined();
      expect(run.convergence?.iterations, run.policy).toBeGreaterThan(1);
      expect(run.convergence?.iterations, run.policy).toBeLessThanOrEqual(20);
      // the price of every hour is that of the record and of this run's own load: dearer just where it draws
      for (let slot = 0; slot < study.slots; slot++) {
        const dearer = (seen(study, 'price')[slot] as number) - (seen(taker.study, 'price')[slot] as number);
        const drawn = run.accounts.slots.gridKw[slot] as number;
        expect(drawn > 1_000 ? dearer > 0.01 : Math.abs(dearer) < 0.02, `${run.policy} ${slot} ${drawn} ${dearer}`).toBe(true);
      }
    });
    const [ofRunNow, , ofPlanner] = makers.map(({ study }) => seen(study, 'price'));
    expect(ofRunNow).not.toEqual(ofPlanner); // each in a world of its own
  });

  test('of a few hundred watts changes nothing that counts', async () => {
    const [makers, takers] = [await runsOf(10, 'price_maker: true', '40W'), await runsOf(10, '', '40W')];
    makers.forEach(({ run }, at) => {
      const { metrics } = (takers[at] as (typeof takers)[number]).run;
      expect(Math.abs(run.metrics.money / metrics.money - 1), run.policy).toBeLessThan(1e-6);
      expect(Math.abs(run.metrics.locationKg / metrics.locationKg - 1), run.policy).toBeLessThan(1e-6);
      expect(run.convergence).toMatchObject({ kind: 'settled' });
    });
  });

  test('tells placements and residual in what is kept of a run', async () => {
    const file = scenarioIn(zoneFolder(), scenario(100_000, 'price_maker: [DE-LU]'));
    const { cells, ...plan } = planCells(file, { clairvoyant: false, sweep: false });
    const cell = cells[0] as (typeof cells)[number];
    const kept = keptOf((await runnerOf(plan).run(cell)).run);
    expect(kept.convergence).toMatchObject({
      kind: expect.stringMatching(/^(un)?settled$/),
      iterations: expect.any(Number),
      residualKw: expect.any(Number),
    });
    const store = createCellStore(join(dirname(file), 'out'));
    store.write(cell, {}, kept);
    expect(store.read(cell)?.convergence).toEqual(kept.convergence);
  });
});
