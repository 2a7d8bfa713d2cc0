/** Outcomes and responses of a zone: by hand, and the laws for any zone. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { outcomeOf, responseOf } from '../../../simulator/grid/outcome.ts';
import { applyWhatIfs, type WhatIf } from '../../../simulator/grid/what-if.ts';
import { type Zone, zoneOfSignals, zoneWithin } from '../../../simulator/grid/zone.ts';
import { all, anyZone, handZone, hourAt, hours, sum, zoneAfter } from './zones.ts';

/** Grams per kWh of the hand zone at night: 100 coal, 50 gas, 100 nuclear, 20 wind. */
const nightKg = 100 * 820 + 50 * 490 + 100 * 12 + 20 * 11;

const anyChanges: fc.Arbitrary<WhatIf[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('scale' as const),
      source: fc.constantFrom('solar' as const, 'wind' as const),
      by: fc.double({ min: 0, max: 5, noNaN: true }),
    }),
    fc.record({
      kind: fc.constant('battery' as const),
      powerMw: fc.double({ min: 1, max: 200, noNaN: true }),
      energyMwh: fc.double({ min: 1, max: 800, noNaN: true }),
      roundTrip: fc.double({ min: 0.3, max: 1, noNaN: true }),
    }),
    fc.record({
      kind: fc.constant('price-shock' as const),
      by: fc.double({ min: 0, max: 3, noNaN: true }),
      add: fc.double({ min: -100, max: 100, noNaN: true }),
      interval: fc.constantFrom(hours(0, 48), hours(3, 7)),
    }),
    fc.record({
      kind: fc.constant('heat-wave' as const),
      demandShare: fc.double({ min: 0, max: 0.5, noNaN: true }),
      solarDerate: fc.double({ min: 0, max: 1, noNaN: true }),
      interval: fc.constant(hours(10, 40)),
    }),
    fc.record({
      kind: fc.constant('outage' as const),
      source: fc.constantFrom('coal' as const, 'nuclear' as const, 'solar' as const),
      mw: fc.double({ min: 1, max: 400, noNaN: true }),
      interval: fc.constant(hours(5, 30)),
    }),
    fc.record({
      kind: fc.constant('demand-response' as const),
      maxDrawShare: fc.double({ min: 0, max: 1, noNaN: true }),
      interval: fc.constant({ start: hourAt(12) + 1_800_000, end: hourAt(15) }),
    }),
  ),
  { maxLength: 4 },
);
const anyLoad = fc.double({ min: -300, max: 500, noNaN: true });
const fossil = (zone: Zone) => {
  const { mix } = outcomeOf(zone);
  return Array.from({ length: zone.count }, (_, h) => (mix?.bySource.coal?.[h] as number) + (mix?.bySource.gas?.[h] as number));
};

describe('a zone of which nothing is asked', () => {
  test('is its record to the last bit', () =>
    fc.assert(
      fc.property(anyZone, (zone) => {
        const { price, carbonIntensity, mix, curtailedMw, unservedMw } = outcomeOf(zoneAfter(applyWhatIfs(zone, [])));
        expect(price.values).toEqual([...zone.price]);
        expect(carbonIntensity.values).toEqual([...zone.carbon]);
        expect(mix).toEqual(zone.supply?.mix);
        expect(sum(curtailedMw) + sum(unservedMw)).toBe(0);
      }),
      { numRuns: 30 },
    ));
  test('tells the carbon of its mix where the record has none', () =>
    expect(outcomeOf(handZone()).carbonIntensity.values[0]).toBeCloseTo(nightKg / 270, 9));
  test('tells its marginal source: gas above the joint', () =>
    expect(outcomeOf(handZone()).marginalIntensity?.values[0]).toBeCloseTo(490, 6));
  test('has a gap where the mix has one, and goes on behind it', () => {
    const zone = handZone();
    zone.supply?.mix.bySource.gas?.fill(Number.NaN, 3, 4);
    zone.carbon.fill(Number.NaN, 3, 4);
    const { price, carbonIntensity } = outcomeOf(zone);
    expect([2, 3, 4].map((h) => [price.values[h] === undefined, carbonIntensity.values[h] === undefined])).toEqual([
      [false, false],
      [true, true],
      [false, false],
    ]);
  });
});

describe('the answer of a zone to load', () => {
  // residual load 150 MW at 40; the curve rises by 0.2 currency/MWh per MW up to 200 MW, 0.8 up to 300, 0.4 beyond
  test.each([
    { name: 'gas carries 20 MW more', extraMw: 20, price: 4, marginal: 490, unserved: 0 },
    { name: 'the curve is steeper above 200 MW', extraMw: 100, price: 50 * 0.2 + 50 * 0.8, marginal: 490, unserved: 0 },
    {
      name: 'at gas’s limit coal helps',
      extraMw: 200,
      price: 10 + 100 * 0.8 + 50 * 0.4,
      marginal: (150 * 490 + 50 * 820) / 200,
      unserved: 0,
    },
    {
      name: 'beyond both the price is that of scarcity',
      extraMw: 300,
      price: 2_960,
      marginal: (150 * 490 + 100 * 820) / 250,
      unserved: 50,
    },
    { name: '50 MW less is gas not burnt', extraMw: -50, price: -10, marginal: 490, unserved: 0 },
    { name: '80 MW less is coal not burnt too', extraMw: -80, price: -16, marginal: (50 * 490 + 30 * 820) / 80, unserved: 0 },
  ])('$name', ({ extraMw, price, marginal, unserved }) => {
    const found = responseOf(handZone())(hourAt(0), extraMw * 1_000);
    expect(found.priceDelta).toBeCloseTo(price, 6);
    expect(found.marginalIntensity).toBeCloseTo(marginal, 6);
    expect(found.unservedKw).toBeCloseTo(unserved * 1_000, 6);
    expect(found.averageIntensity).toBeCloseTo((nightKg + marginal * (extraMw - unserved)) / (270 + extraMw - unserved), 6);
  });

  test('is nothing for no load', () => {
    const zone = handZone();
    expect(responseOf(zone)(hourAt(9), 0)).toEqual({
      priceDelta: 0,
      marginalIntensity: expect.closeTo(490, 6),
      averageIntensity: zone.carbon[9],
      unservedKw: 0,
    });
  });
  test('is thrown away sun first, where there is some, at a price of at most 0', () => {
    // solar 80 more at noon: 150 - 160 leaves 10 below nothing; coal stays at 40, so 50 are curtailed
    const respond = responseOf(zoneAfter(applyWhatIfs(handZone(), [{ kind: 'scale', source: 'solar', by: 3 }])));
    const { priceDelta, marginalIntensity } = respond(hourAt(10), 30_000);
    expect(priceDelta).toBe(0);
    expect(marginalIntensity).toBeCloseTo((45 * 240 + 11 * 20) / 260, 6);
  });
  test('is dearer than scarcity where the price already was', () => {
    const zone = zoneAfter(applyWhatIfs(handZone(), [{ kind: 'price-shock', by: 1, add: 5_000 }]));
    expect(responseOf(zone)(hourAt(0), 300_000).priceDelta).toBeCloseTo(10 + 100 * 0.8 + 150 * 0.4, 6);
  });
  test('of a zone of signals alone is none', () => {
    const { trace } = handZone();
    expect(responseOf(zoneOfSignals({ ...trace, marginalIntensity: trace.carbonIntensity }))(hourAt(0), 1e6)).toMatchObject({
      priceDelta: 0,
      marginalIntensity: trace.carbonIntensity.values[0],
      unservedKw: 0,
    });
  });
  test('is asked for inside the zone only', () => expect(() => responseOf(handZone())(hourAt(24), 1)).toThrow(/the zone's 24 hours/));

  test('never lowers the price with load, whatever was asked of the zone', () =>
    fc.assert(
      fc.property(anyZone, anyChanges, fc.nat(47), fc.array(anyLoad, { minLength: 2, maxLength: 12 }), (zone, changes, hour, loads) => {
        const respond = responseOf(zoneAfter(applyWhatIfs(zone, changes)));
        const deltas = loads.sort((a, b) => a - b).map((mw) => respond(hourAt(hour), mw * 1_000).priceDelta as number);
        deltas.slice(1).forEach((value, i) => void expect(value).toBeGreaterThanOrEqual((deltas[i] as number) - 1e-9));
      }),
    ));
  test('is that of a fleet’s load on the traces', () =>
    fc.assert(
      fc.property(anyZone, anyChanges, anyLoad, fc.nat(47), (zone, changes, mw, hour) => {
        const after = zoneAfter(applyWhatIfs(zone, changes));
        const [before, under] = [outcomeOf(after), outcomeOf(after, all(48, 0).fill(mw, hour, hour + 1))];
        const { priceDelta, averageIntensity } = responseOf(after)(hourAt(hour), mw * 1_000);
        expect(under.price.values[hour]).toBeCloseTo((before.price.values[hour] as number) + (priceDelta as number), 6);
        expect(under.carbonIntensity.values[hour]).toBeCloseTo(averageIntensity as number, 6);
      }),
    ));
});

describe('any zone under any changes', () => {
  test('conserves energy: generation, discharge and what is missing are demand, charge and the fleet', () =>
    fc.assert(
      fc.property(anyZone, anyChanges, anyLoad, (zone, changes, mw) => {
        const { mix, demandMw, unservedMw, chargeMw, dischargeMw, curtailedMw } = outcomeOf(
          zoneAfter(applyWhatIfs(zone, changes)),
          all(48, mw),
        );
        for (let h = 0; h < 48; h++) {
          const generated = sum(Object.values(mix?.bySource ?? {}).map((values) => values[h] as number));
          const drawn = (demandMw?.[h] as number) + (chargeMw[h] as number);
          const given = dischargeMw[h] as number; // batteries alone may give more than a zone draws that wants nothing
          expect(generated + given + (unservedMw[h] as number)).toBeCloseTo(Math.max(drawn, given), 5);
          expect(curtailedMw[h]).toBeGreaterThanOrEqual(0);
          for (const values of Object.values(mix?.bySource ?? {})) expect(values[h]).toBeGreaterThanOrEqual(0);
        }
      }),
    ));
  test('has no carbon below nothing', () =>
    fc.assert(
      fc.property(anyZone, anyChanges, anyLoad, (zone, changes, mw) => {
        const { carbonIntensity, marginalIntensity } = outcomeOf(zoneAfter(applyWhatIfs(zone, changes)), all(48, mw));
        for (const value of [...carbonIntensity.values, ...(marginalIntensity?.values ?? [])])
          if (value !== undefined) expect(value).toBeGreaterThanOrEqual(0);
      }),
    ));
  test('burns no more when the sun gives more', () =>
    fc.assert(
      fc.property(anyZone, anyChanges, fc.double({ min: 1, max: 4, noNaN: true }), (zone, changes, by) => {
        const withoutBatteries = changes.filter(({ kind }) => kind !== 'battery');
        const before = fossil(zoneAfter(applyWhatIfs(zone, withoutBatteries)));
        const after = fossil(zoneAfter(applyWhatIfs(zone, [...withoutBatteries, { kind: 'scale', source: 'solar', by }])));
        after.forEach((mw, h) => void expect(mw).toBeLessThanOrEqual((before[h] as number) + 1e-6));
      }),
    ));
  test('is cut like its traces', () =>
    fc.assert(
      fc.property(anyZone, fc.double({ min: 0, max: 3, noNaN: true }), anyLoad, (zone, by, mw) => {
        const after = zoneAfter(applyWhatIfs(zone, [{ kind: 'scale', source: 'solar', by }]));
        const [whole, part] = [outcomeOf(after, all(48, mw)), outcomeOf(zoneWithin(after, hours(10, 34)), all(24, mw))];
        for (const name of ['price', 'carbonIntensity', 'marginalIntensity'] as const)
          expect(part[name]).toEqual({ ...whole[name], start: hourAt(10), values: whole[name]?.values.slice(10, 34) });
        expect(part.mix?.bySource.gas).toEqual(whole.mix?.bySource.gas?.slice(10, 34));
      }),
      { numRuns: 30 },
    ));
});
