/** What-ifs: each change reckoned by hand on a made-up zone, their order, and what is refused. */
import { describe, expect, test } from 'vitest';
import type { Source } from '../../../simulator/grid/emission-factors.ts';
import { outcomeOf } from '../../../simulator/grid/outcome.ts';
import { applyWhatIfs, heatAt, type WhatIf } from '../../../simulator/grid/what-if.ts';
import { zoneOfSignals } from '../../../simulator/grid/zone.ts';
import { handZone, hourAt, hours, sum, zoneAfter } from './zones.ts';

/** What becomes of the hand zone. */
const having = (...changes: WhatIf[]) => outcomeOf(zoneAfter(applyWhatIfs(handZone(), changes)));
const battery = { kind: 'battery', powerMw: 50, energyMwh: 200, roundTrip: 0.8 } as const;

describe('a zone', () => {
  test.each<{ name: string; change: WhatIf; hour: number; mix: Partial<Record<Source, number>>; price: number; curtailed?: number }>([
    {
      name: 'with half as much sun again burns less gas by day',
      change: { kind: 'scale', source: 'solar', by: 1.5 },
      hour: 10,
      mix: { solar: 120, gas: 10, coal: 100 },
      price: 40 - 40 * 0.2,
    },
    {
      name: 'with half as much sun again is as before at night',
      change: { kind: 'scale', source: 'solar', by: 1.5 },
      hour: 2,
      mix: { solar: 0, gas: 50, coal: 100 },
      price: 40,
    },
    {
      name: 'with three times the sun throws 50 MW away, at a price of 0',
      change: { kind: 'scale', source: 'solar', by: 3 },
      hour: 10,
      mix: { solar: (240 * 210) / 260, wind: (20 * 210) / 260, gas: 0, coal: 40, nuclear: 100 },
      price: 0,
      curtailed: 50,
    },
    {
      name: 'with twice the sun for half an hour has half of it more',
      change: { kind: 'scale', source: 'solar', by: 2, interval: { start: hourAt(10.5), end: hourAt(11) } },
      hour: 10,
      mix: { solar: 120, gas: 10 },
      price: 32,
    },
    {
      name: 'without wind burns gas for it',
      change: { kind: 'scale', source: 'wind', by: 0 },
      hour: 2,
      mix: { wind: 0, gas: 70 },
      price: 44,
    },
    {
      name: 'without half its nuclear capacity burns gas for it',
      change: { kind: 'outage', source: 'nuclear', mw: 50, interval: hours(2, 3) },
      hour: 2,
      mix: { nuclear: 50, gas: 100 },
      price: 50,
    },
    {
      name: 'without half its gas capacity runs the other half harder, at the price of 25 MW more',
      change: { kind: 'outage', source: 'gas', mw: 100 },
      hour: 2,
      mix: { gas: 50, coal: 100 },
      price: 45,
    },
    {
      name: 'without half its panels has half its sun',
      change: { kind: 'outage', source: 'solar', mw: 40 },
      hour: 10,
      mix: { solar: 40, gas: 90 },
      price: 48,
    },
    {
      name: 'in a heat wave draws half of the share more at 23:00, six hours from the hottest',
      change: { kind: 'heat-wave', demandShare: 0.1, solarDerate: 0, interval: hours(0, 24) },
      hour: 22, // 22:30 in the middle
      mix: { gas: 50 + 27 * heatAt('UTC', hourAt(22.5)) },
      price: 40 + 27 * heatAt('UTC', hourAt(22.5)) * 0.2,
    },
    {
      name: 'called on to draw a tenth less burns less gas',
      change: { kind: 'demand-response', maxDrawShare: 0.9, interval: hours(2, 3) },
      hour: 2,
      mix: { gas: 23 },
      price: 40 - 27 * 0.2,
    },
  ])('$name', ({ change, hour, mix, price, curtailed = 0 }) => {
    const outcome = having(change);
    for (const [source, mw] of Object.entries(mix)) expect(outcome.mix?.bySource[source as Source]?.[hour], source).toBeCloseTo(mw, 6);
    expect(outcome.price.values[hour]).toBeCloseTo(price, 6);
    expect(outcome.curtailedMw[hour]).toBeCloseTo(curtailed, 6);
  });

  test('short of all its coal and more load than gas can carry tells what is missing', () => {
    const { unservedMw, price } = having(
      { kind: 'outage', source: 'coal', mw: 200, interval: hours(2, 3) },
      { kind: 'heat-wave', demandShare: 4, solarDerate: 0, interval: hours(2, 3) },
    );
    const demand = 270 * (1 + 4 * heatAt('UTC', hourAt(2.5)));
    expect(unservedMw[2]).toBeCloseTo(demand - 120 - 200, 6);
    expect(price.values[2]).toBe(3_000);
  });

  test('keeps its calls for the sites in it', () => {
    const { calls, price } = having({ kind: 'demand-response', priceAdder: 25, interval: hours(2, 3) });
    expect(calls).toEqual([{ interval: hours(2, 3), maxDrawShare: undefined, priceAdder: 25 }]);
    expect(price.values.slice(1, 4)).toEqual([40, 65, 40]);
  });

  test('is hottest at 17:00 of its own clocks', () =>
    expect([17, 11, 5, 23].map((hour) => heatAt('Europe/Berlin', hourAt(hour - 2)))).toEqual(
      [1, 0.5, 0, 0.5].map((share) => expect.closeTo(share)),
    ));
});

describe('a battery in a zone', () => {
  test('rests where every hour is alike', () => expect(sum(having(battery).chargeMw)).toBe(0));
  test('goes by the zone as earlier changes left it, and throws less sun away', () => {
    const [scaled, then, before] = [
      having({ kind: 'scale', source: 'solar', by: 3 }),
      having({ kind: 'scale', source: 'solar', by: 3 }, battery),
      having(battery, { kind: 'scale', source: 'solar', by: 3 }),
    ];
    expect(sum(then.curtailedMw)).toBeCloseTo(sum(scaled.curtailedMw) - sum(then.chargeMw), 6);
    expect(sum(then.chargeMw)).toBeCloseTo(200 / 0.8, 6);
    expect(sum(before.chargeMw)).toBe(0);
  });
  test('gives back what charged it: all carbon that was emitted is drawn by someone (law 9)', () => {
    const { mix, carbonIntensity, demandMw, curtailedMw } = having({ kind: 'scale', source: 'solar', by: 3 }, battery);
    const factors = { coal: 820, gas: 490, nuclear: 12, solar: 45, wind: 11 };
    const emitted = sum(Object.entries(factors).map(([source, grams]) => grams * sum(mix?.bySource[source as Source] ?? [])));
    const drawn = sum(carbonIntensity.values.map((grams, h) => (grams as number) * (demandMw?.[h] as number)));
    expect(sum(curtailedMw)).toBeGreaterThan(0);
    expect(drawn).toBeCloseTo(emitted, 3);
  });
  test('goes by the residual load where no price is known', () => {
    const { chargeMw, dischargeMw } = outcomeOf(
      zoneAfter(
        applyWhatIfs(handZone(24, false), [
          { kind: 'scale', source: 'solar', by: 2 },
          { ...battery, roundTrip: 0.9 },
        ]),
      ),
    );
    expect(sum(chargeMw.slice(8, 16))).toBeCloseTo(200 / 0.9, 6);
    expect(sum(dischargeMw.slice(16))).toBeCloseTo(200, 6);
  });
  test('rests on market days that do not begin in its interval', () => {
    const zone = zoneAfter(
      applyWhatIfs(handZone(48), [
        { kind: 'scale', source: 'solar', by: 3 },
        { ...battery, interval: hours(24, 48) },
      ]),
    );
    const { chargeMw } = outcomeOf(zone);
    expect([sum(chargeMw.slice(0, 24)), sum(chargeMw.slice(24)) > 0]).toEqual([0, true]);
  });
});

describe('shocks of the price', () => {
  const double: WhatIf = { kind: 'price-shock', by: 2, add: 0 };
  const dearer: WhatIf = { kind: 'price-shock', by: 1, add: 80, interval: hours(3, 5) };
  test.each([
    { name: 'add', changes: [dearer], want: [40, 120, 120, 40] },
    { name: 'multiply', changes: [double], want: [80, 80, 80, 80] },
    { name: 'come in the order of the list: doubled, then dearer', changes: [double, dearer], want: [80, 160, 160, 80] },
    { name: 'come in the order of the list: dearer, then doubled', changes: [dearer, double], want: [80, 240, 240, 80] },
    {
      name: 'of a fuel make load dearer too',
      changes: [double, { kind: 'scale', source: 'wind', by: 0 } as const],
      want: [88, 88, 88, 88],
    },
  ])('$name', ({ changes, want }) =>
    expect(having(...changes).price.values.slice(2, 6)).toEqual(want.map((price) => expect.closeTo(price, 6))),
  );
  test('leave load and mix as they were', () => expect(having(double).mix).toEqual(handZone().supply?.mix));
});

describe('a zone of price and carbon alone', () => {
  const signals = zoneOfSignals(handZone().trace);
  test('takes shocks, outages told by their signals, and calls by price', () => {
    const { price, carbonIntensity, mix } = outcomeOf(
      zoneAfter(
        applyWhatIfs(signals, [
          { kind: 'price-shock', by: 1.5, add: 0, interval: hours(0, 1) },
          { kind: 'signal-outage', priceAdder: 30, carbonAdder: 20, interval: hours(0, 2) },
          { kind: 'demand-response', priceAdder: 5, interval: hours(2, 3) },
        ]),
      ),
    );
    expect(price.values.slice(0, 4)).toEqual([90, 70, 45, 40]);
    const [carbon] = signals.carbon;
    expect(carbonIntensity.values.slice(0, 3)).toEqual([(carbon as number) + 20, (carbon as number) + 20, carbon]);
    expect(mix).toBeUndefined();
  });
  test.each<{ change: WhatIf; says: RegExp }>([
    { change: { kind: 'scale', source: 'wind', by: 2 }, says: /needs its generation by source/ },
    { change: battery, says: /needs its generation by source/ },
    { change: { kind: 'heat-wave', demandShare: 0.1, solarDerate: 0, interval: hours(0, 9) }, says: /needs its generation by source/ },
    { change: { kind: 'outage', source: 'gas', mw: 9 }, says: /can be told by what it adds to price and carbon/ },
    { change: { kind: 'demand-response', maxDrawShare: 0.9, interval: hours(0, 1) }, says: /a call by price can be made/ },
  ])('refuses $change.kind', ({ change, says }) =>
    expect(applyWhatIfs(signals, [{ kind: 'price-shock', by: 1, add: 0 }, change])).toEqual({
      kind: 'refused',
      index: 1,
      reason: expect.stringMatching(says),
    }),
  );
});

test('a source that a zone does not have is named, with those it has', () =>
  expect(applyWhatIfs(handZone(), [{ kind: 'outage', source: 'hydro', mw: 1 }])).toEqual({
    kind: 'refused',
    index: 0,
    reason: 'the zone has no hydro; it has coal, gas, nuclear, wind, solar',
  }));
