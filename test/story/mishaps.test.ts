/**
 * Everything that goes wrong with a site, one mishap after the other, in a whole river: what each does, and what it cannot do.
 *
 * The witness of the engines says what ran, the plant what the sun gave; the books only say what was believed.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { everStored } from '../../energy-oracle/store/series-store.ts';
import { verifyChain } from '../../scheduler/ledger/verify.ts';
import type { Mishaps, TelemetryFault } from '../../simulator/mishaps.ts';
import { wronglyCertified } from '../../simulator/plant/truth.ts';
import { type Arrival, type Scenario, withBattery } from '../../simulator/scenario.ts';
import { meteringMs } from '../../simulator/world.ts';
import { DAY, HOUR, type Instant, MINUTE, SLOT } from '../../units/time.ts';
import { createMemoryWorld, entriesOf, type MemoryWorld, overlapsOf, storyStart } from '../fixtures/world.ts';

const siteIds = ['eu-rhine', 'za-rand'];
const victim = 'eu-rhine';
const nothing: Mishaps = { outages: [], meanTimeToFailure: undefined, telemetry: [] };
const withMishaps = (mishaps: Partial<Mishaps>) => (scenario: Scenario) => ({ ...scenario, mishaps: { ...nothing, ...mishaps } });
const hours = (from: number, to: number) => ({ start: storyStart + from * HOUR, end: storyStart + to * HOUR });

const at = (hour: number, id: string, file: object): Arrival => ({
  at: storyStart + hour * HOUR,
  id,
  owner: 'ada',
  file: { name: id, policy: { optimize: { carbon_price_per_kg: 0, wait_price_per_hour: 10 }, deadline: '+40h' }, ...file },
});
/** Work for all A100s of the victim from the first hour to the evening: whatever surplus there is is certified. */
const day = [at(1, 'day', { resources: { accelerators: 'A100:8', infra: victim }, max_duration: '16h' })];

let world: MemoryWorld;
afterEach(() => world?.close());

async function live(mishaps: Partial<Mishaps> | undefined, until: Instant, more: Parameters<typeof createMemoryWorld>[0] = {}) {
  world = await createMemoryWorld({ siteIds, ...(mishaps ? { change: withMishaps(mishaps) } : {}), ...more });
  await world.run(until);
  return world;
}
const certifiedOf = async (lived: MemoryWorld) =>
  wronglyCertified(
    (await entriesOf(lived)).map(({ site, slot, actual }) => ({ site, slot, surplusWh: actual.surplusWh })),
    lived.plants,
    meteringMs,
  );
const toldOf = async ({ series }: MemoryWorld, interval = hours(0, 48)) =>
  Promise.all(
    siteIds.flatMap((site) => (['pv_power', 'load_power'] as const).map((stream) => series.readings(site, stream, interval, everStored))),
  );
async function booksOf(lived: MemoryWorld) {
  const { quarantined } = await lived.series.counts();
  return { told: await toldOf(lived), head: await lived.ledger.head(), quarantined };
}

describe('a telemetry fault', () => {
  const until = storyStart + 20 * HOUR;
  const fault = (of: object): Partial<Mishaps> => ({ telemetry: [{ site: victim, ...hours(6, 16), ...of } as TelemetryFault] });

  test('of the line gets nothing accepted, forged or replayed, and keeps nothing honest out', async () => {
    const honest = await booksOf(await live({}, until, { arrivals: day }));
    await world.close();
    const telemetry: Mishaps['telemetry'] = [
      { site: victim, fault: 'forgery', factor: 2, ...hours(6, 12) },
      { site: victim, fault: 'replay', copies: 2, ...hours(10, 16) },
    ];
    const attacked = await booksOf(await live({ telemetry }, until, { arrivals: day }));
    const { forged, replayed } = world.injected.get(victim) ?? expect.fail('nothing was injected');
    const told = (spanH: number) => (spanH * HOUR * 2) / meteringMs; // two streams
    expect([forged, replayed]).toEqual([told(6), 2 * told(6)]);
    expect(attacked.quarantined).toEqual({ 'bad-signature': forged });
    expect(attacked.told).toEqual(honest.told);
    expect(attacked.head).toEqual(honest.head);
    expect((await entriesOf(world)).reduce((sum, { actual }) => sum + actual.surplusWh, 0)).toBeGreaterThan(10_000);
  });

  test('of the line (gap) loses nothing: the spool drains when it is over, and what was booked meanwhile was certified to nobody', async () => {
    const honest = await booksOf(await live({}, until, { arrivals: day }));
    await world.close();
    await live(fault({ fault: 'gap' }), storyStart + 16 * HOUR - 1, { arrivals: day });
    const during = await world.series.readings(victim, 'pv_power', hours(6, 16), everStored);
    expect(during).toEqual([]);
    expect(world.injected.get(victim)?.held).toBe((10 * HOUR * 2) / meteringMs);
    await world.run(until);
    expect((await booksOf(world)).told).toEqual(honest.told);
    expect((await booksOf(world)).quarantined).toEqual({});
    const blind = (await entriesOf(world)).filter(
      ({ site, slot }) => site === victim && slot >= storyStart + 6 * HOUR && slot < storyStart + 14 * HOUR,
    );
    expect(blind).toHaveLength(8 * 4);
    expect(blind.map(({ actual }) => actual.surplusWh)).toEqual(blind.map(() => 0));
    expect((await certifiedOf(world)).energyWh).toBe(0);
  });

  test('of the sensor (scale) is signed by an honest key: what was certified wrongly can be counted', async () => {
    await live(fault({ fault: 'scale', stream: 'pv_power', factor: 1.2 }), until, { arrivals: day });
    const wrong = await certifiedOf(world);
    expect(wrong.slots).toBeGreaterThan(2);
    expect(wrong.energyWh).toBeGreaterThan(100);
    expect((await booksOf(world)).quarantined).toEqual({});
    await world.close();
    await live({}, until, { arrivals: day });
    expect(await certifiedOf(world)).toEqual({ energyWh: 0, slots: 0 });
  });

  test.each([
    {
      name: 'a lie beyond the nameplate is refused, and its slots are unknown',
      of: { fault: 'scale', stream: 'pv_power', factor: 3 },
      reason: 'out-of-range',
    },
    {
      name: 'a clock that is an hour ahead is not believed',
      of: { fault: 'drift', clockMs: HOUR, gainPercentPerDay: 0 },
      reason: 'future',
    },
  ])('of the sensor: $name', async ({ of, reason }) => {
    await live(fault(of), until, { arrivals: [] });
    const { quarantined } = await booksOf(world);
    expect(Object.keys(quarantined)).toEqual([reason]);
    expect(quarantined[reason]).toBeGreaterThan(20);
  });

  test('of the sensor (stuck) tells one value until it is over', async () => {
    await live(fault({ fault: 'stuck', stream: 'pv_power' }), until, { arrivals: [] });
    const values = async (from: number, to: number) =>
      new Set((await world.series.readings(victim, 'pv_power', hours(from, to), everStored)).map(({ value }) => value));
    expect((await values(6, 16)).size).toBe(1);
    expect((await values(16, 19)).size).toBeGreaterThan(20);
  });

  test('of the sensor (drift) gains a little every day, and moves what it tells by its clock', async () => {
    const drifting = { site: victim, fault: 'drift', ...hours(0, 48), clockMs: -MINUTE, gainPercentPerDay: 50 } as const;
    const noon = storyStart + 12 * HOUR;
    await live({ telemetry: [drifting] }, noon + HOUR, { arrivals: [] });
    const [reading] = await world.series.readings(victim, 'load_power', { start: noon, end: noon + MINUTE }, everStored);
    const interval = { start: (reading?.metered.start ?? 0) + MINUTE, end: (reading?.metered.end ?? 0) + MINUTE };
    expect(interval.start % meteringMs).toBe(0);
    const truth = Math.round((world.plants.get(victim)?.loadKw(interval) ?? 0) * 1_000);
    expect(reading?.value).toBe(Math.round(truth * (1 + (0.5 * (interval.start - storyStart)) / DAY)));
  });
});

/** Six hours of work that start at once and save every twenty minutes. */
const long = at(1, 'long', {
  resources: { accelerators: 'A100:4' },
  max_duration: '6h',
  policy: { optimize: { carbon_price_per_kg: 0, wait_price_per_hour: 10 }, deadline: '+40h', interruptible: true },
  checkpoint: { every: '20m', restore_cost: '4m' },
});
const outages = (kind: 'grid' | 'network', from: number, to: number): Partial<Mishaps> => ({
  outages: siteIds.slice(0, 1).map((site) => ({ site, kind, ...hours(from, to) })),
});
describe('an outage', () => {
  /** Where the job starts when nothing goes wrong; mishaps that are later do not change it. */
  const startsAt = async (): Promise<string> => {
    const home = (await live({}, storyStart + 2 * HOUR, { arrivals: [long] })).ran()[0]?.site ?? expect.fail('nothing ran');
    await world.close();
    return home;
  };

  test('of power ends what runs at its last checkpoint; the job goes on elsewhere, one run at a time', async () => {
    const home = await startsAt();
    const out = { site: home, kind: 'grid', ...hours(3.75, 9) } as const;
    await live({ outages: [out] }, storyStart + DAY, { arrivals: [long] });
    const runs = await world.jobs.runsOf('long');
    expect(runs.map(({ site, state }) => [site === home, state])).toEqual([
      [true, 'lost'],
      [false, 'succeeded'],
    ]);
    const second = world.ran().find(({ run }) => run === 'long#2');
    const first = world.ran().find(({ run }) => run === 'long#1');
    expect(first?.end).toBe(out.start);
    // what was saved at the last beat before the cut is not done again, but restored
    const saved = Math.floor((out.start - SLOT - (first?.start ?? 0)) / (20 * MINUTE)) * 20 * MINUTE;
    expect(saved).toBe(2 * HOUR + 20 * MINUTE);
    expect((second?.end ?? 0) - (second?.start ?? 0)).toBe(6 * HOUR - saved + 4 * MINUTE);
    expect(overlapsOf(world.ran(), world.clock.now())).toEqual([]);
    expect(await world.jobs.get('long')).toMatchObject({ state: 'SUCCEEDED' });
    expect(verifyChain(await entriesOf(world))).toMatchObject({ kind: 'intact' });
    expect((await world.jobs.heard()).get(home)?.at).toBe(world.clock.now());
  });

  test('of power is a gap in its telemetry that nobody fills', async () => {
    await live(outages('grid', 3, 9), storyStart + 12 * HOUR, { arrivals: [] });
    expect(await world.series.readings(victim, 'pv_power', hours(3, 9), everStored)).toEqual([]);
    expect(await world.series.readings(victim, 'pv_power', hours(9, 12), everStored)).toHaveLength((3 * HOUR) / meteringMs);
    const facts = await world.oracle.view.facts(victim, hours(2, 10), world.clock.now());
    expect(facts.map(({ surplusWh }) => surplusWh !== undefined)).toEqual(
      facts.map(({ slot }) => slot < hours(3, 9).start || slot >= hours(3, 9).end),
    );
  });

  test('of the network that an agent can wait out goes unnoticed: the run goes on, and every reading comes', async () => {
    const home = await startsAt();
    const honest = await toldOf(await live({}, storyStart + 12 * HOUR, { arrivals: [long] }));
    await world.close();
    await live({ outages: [{ site: home, kind: 'network', ...hours(2.9, 3.1) }] }, storyStart + 12 * HOUR, { arrivals: [long] });
    expect((await world.jobs.runsOf('long')).map(({ state }) => state)).toEqual(['succeeded']);
    expect(await toldOf(world)).toEqual(honest);
  });

  test('of the network that is longer lets the lease run out: the agent stops by itself before another starts', async () => {
    const home = await startsAt();
    await live({ outages: [{ site: home, kind: 'network', ...hours(3, 8) }] }, storyStart + DAY, { arrivals: [long] });
    const [first, second] = world.ran().sort((a, b) => a.start - b.start);
    expect(first?.site).toBe(home);
    expect(first?.end).toBeGreaterThan(storyStart + 3 * HOUR);
    expect(first?.end).toBeLessThanOrEqual(second?.start ?? 0);
    expect(overlapsOf(world.ran(), world.clock.now())).toEqual([]);
    expect(await world.jobs.get('long')).toMatchObject({ state: 'SUCCEEDED' });
    expect((await booksOf(world)).quarantined).toEqual({});
  });
});

test('accelerators that fail every few hours: each job ends once, done or given up, and never runs twice at once', async () => {
  await live({ meanTimeToFailure: 30 * HOUR }, storyStart + 2 * DAY, { arrivalDays: 1 });
  const { jobs, ledger } = await world.summary();
  const states = (await world.jobs.list()).map(({ state }) => state);
  const failed = world.ran().length - states.filter((state) => state === 'SUCCEEDED').length;
  expect(failed).toBeGreaterThan(0);
  expect(jobs).toMatchObject({ submitted: world.scenario.arrivals.length, waiting: 0 });
  expect(states.filter((state) => !['SUCCEEDED', 'FAILED', 'EXPIRED'].includes(state))).toEqual([]);
  expect(overlapsOf(world.ran(), world.clock.now())).toEqual([]);
  expect(ledger.balanced).toBe(true);
});

describe('a site with a battery and a meter at the grid', () => {
  const battery = { capacityKwh: 20, powerKw: 8, roundTripEfficiency: 0.9, controller: 'self-consumption' } as const;
  const change = (scenario: Scenario): Scenario => ({
    ...scenario,
    sites: scenario.sites.map((place) => ({ ...withBattery(place, battery), gridMeter: { idleAccelerators: 'powered' } })),
  });
  test('tells powers that sum to zero and registers that count just those, and none is refused', async () => {
    await live(undefined, storyStart + DAY, { change, arrivals: day });
    const whole = hours(0, 24);
    const read = (stream: Parameters<MemoryWorld['series']['readings']>[1]) => world.series.readings(victim, stream, whole, everStored);
    const [pv, load, grid, stored, soc, bought, sold] = await Promise.all([
      read('pv_power'),
      read('load_power'),
      read('grid_power'),
      read('battery_power'),
      read('battery_soc'),
      read('energy_import'),
      read('energy_export'),
    ]);
    expect((await booksOf(world)).quarantined).toEqual({});
    let [importWs, exportWs, drawn, curtailed] = [0, 0, 0, 0];
    for (const [i, { metered, value }] of grid.entries()) {
      const left = (pv[i]?.value ?? 0) + (stored[i]?.value ?? 0) + value - (load[i]?.value ?? 0);
      expect(left).toBeGreaterThanOrEqual(0); // what the accelerators drew
      drawn += left;
      const available = Math.round((world.plants.get(victim)?.pvKw(metered) ?? 0) * 1_000);
      curtailed += available - (pv[i]?.value ?? 0);
      expect(-value).toBeLessThanOrEqual(15_000);
      importWs += (Math.max(0, value) * meteringMs) / 1_000;
      exportWs += (Math.max(0, -value) * meteringMs) / 1_000;
      expect(Math.abs((bought[i]?.value ?? 0) - importWs / 3_600)).toBeLessThan(1);
      expect(Math.abs((sold[i]?.value ?? 0) - exportWs / 3_600)).toBeLessThan(1);
      expect(soc[i]?.value).toBeGreaterThanOrEqual(0);
    }
    expect(grid).toHaveLength(24 * 12);
    expect(drawn).toBeGreaterThan(0);
    expect(curtailed).toBeGreaterThanOrEqual(0);
    expect(exportWs).toBeGreaterThan(0);
    expect(new Set(soc.map(({ value }) => value)).size).toBeGreaterThan(50);
  });
  test('is certified for no more than the sun left beside load and battery', async () => {
    await live(undefined, storyStart + DAY, { change, arrivals: day });
    const certified = (await entriesOf(world)).reduce((sum, { actual }) => sum + actual.surplusWh, 0);
    expect(certified).toBeGreaterThan(0);
    expect(await certifiedOf(world)).toEqual({ energyWh: 0, slots: 0 });
  });
});

test('the same mishaps by the same seed give the same life, to the last hash', async () => {
  const all: Partial<Mishaps> = {
    outages: [
      { kind: 'grid', meanTimeBetween: 8 * HOUR, duration: HOUR },
      { kind: 'network', meanTimeBetween: 5 * HOUR, duration: 40 * MINUTE },
    ],
    meanTimeToFailure: 100 * HOUR,
    telemetry: [
      { site: victim, fault: 'gap', ...hours(5, 7) },
      { site: victim, fault: 'forgery', ...hours(8, 10), factor: 2 },
      { site: victim, fault: 'replay', ...hours(9, 12), copies: 1 },
    ],
  };
  const life = async () => {
    const lived = await live(all, storyStart + DAY);
    expect((await certifiedOf(lived)).energyWh).toBe(0); // law 1, down to the sun
    expect(verifyChain(await entriesOf(lived))).toMatchObject({ kind: 'intact' });
    const seen = {
      ...(await booksOf(lived)),
      jobs: await lived.jobs.list(),
      events: lived.events.map(({ at, text }) => `${at} ${text}`),
      ran: lived.ran(),
    };
    expect(overlapsOf(lived.ran(), lived.clock.now())).toEqual([]);
    await lived.close();
    return seen;
  };
  expect(await life()).toEqual(await life());
});

test('a battery that its site does not declare is refused: what it takes would be sold again', async () => {
  const hidden = { capacityKwh: 20, powerKw: 8, roundTripEfficiency: 0.9, controller: 'self-consumption' } as const;
  const change = (scenario: Scenario): Scenario => ({ ...scenario, sites: scenario.sites.map((place) => ({ ...place, battery: hidden })) });
  await expect(createMemoryWorld({ siteIds, change })).rejects.toThrow('does not declare it');
});

test('mishaps of a site that is not there are refused', async () => {
  const somewhere = { site: 'eu-mars', kind: 'grid', ...hours(1, 2) } as const;
  await expect(createMemoryWorld({ siteIds, change: withMishaps({ outages: [somewhere] }) })).rejects.toThrow('mishaps name eu-mars');
});
