/**
 * The reader below all served APIs: measured or forecast, and never later than it was asked for.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Curve } from '../../../energy-oracle/grid/grid-feed.ts';
import { lenientInstant } from '../../../energy-oracle/served/asked.ts';
import { createPlaces, distanceKm } from '../../../energy-oracle/served/places.ts';
import { createZoneReader, feedForecast, measuredSteps } from '../../../energy-oracle/served/zone-signal.ts';
import { createMemorySeriesStore } from '../../../energy-oracle/store/memory-series-store.ts';
import { DAY, HOUR, MINUTE, SLOT, toIso } from '../../../units/time.ts';
import { berlin, knownStore, london, now, sites } from './served-world.ts';

const at = Date.UTC(2026, 5, 21);
const curve = (issuedAt: number, start: number, stepMs: number, values: readonly (number | undefined)[]): Curve => ({
  zone: 'DE',
  signal: 'carbon_intensity',
  issuedAt,
  start,
  stepMs,
  values,
  unit: 'gCO2eq/kWh',
  seq: issuedAt,
  signature: '',
});

describe('what is measured', () => {
  test('is of a curve what was over at its issue; the rest is its forecast', () => {
    const both = curve(at + 2 * HOUR + 30 * MINUTE, at, HOUR, [1, 2, 3, 4]);
    const span = { start: at, end: at + 4 * HOUR };
    expect(measuredSteps([both], span, HOUR).map(({ value }) => value)).toEqual([1, 2]);
    expect(feedForecast([both], span)?.series.values.filter((value) => value !== undefined)).toEqual([
      ...Array(12).fill(3),
      ...Array(12).fill(4),
    ]);
  });

  test('is the newest word, and remembers when the first was said', () => {
    const steps = measuredSteps(
      [curve(at + HOUR, at, HOUR, [10]), curve(at + 3 * HOUR, at, HOUR, [12])],
      { start: at, end: at + HOUR },
      HOUR,
    );
    expect(steps).toEqual([{ start: at, end: at + HOUR, value: 12, createdAt: at + HOUR, updatedAt: at + 3 * HOUR }]);
  });

  test('is the mean of finer steps, and nothing where one of them is missing', () => {
    const fine = curve(at + DAY, at, 5 * MINUTE, [
      ...Array(12)
        .fill(0)
        .map((_, i) => i),
      1,
      undefined,
    ]);
    expect(measuredSteps([fine], { start: at, end: at + 2 * HOUR }, HOUR)).toMatchObject([{ start: at, value: 5.5 }]);
  });

  test('does not depend on what was issued later than asked for', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ issued: fc.integer({ min: 0, max: 40 }), from: fc.integer({ min: 0, max: 20 }), value: fc.nat(500) }), {
          maxLength: 20,
        }),
        fc.integer({ min: 0, max: 40 }),
        async (told, asOf) => {
          const curves = told.map(({ issued, from, value }, seq) => ({
            ...curve(at + issued * SLOT, at + from * SLOT, SLOT, [value, value + 1]),
            seq,
          }));
          const reading = async (known: readonly Curve[]) => {
            const store = createMemorySeriesStore();
            const evidence = { topic: '', payload: new Uint8Array(), receivedAt: at };
            await store.commit({ readings: [], curves: known.map((value) => ({ value, evidence })), weather: [], quarantined: [] });
            const reader = createZoneReader({ store, sites: [] });
            const span = { start: at, end: at + 24 * SLOT };
            const until = at + asOf * SLOT;
            return [
              await reader.measured('DE', 'carbon_intensity', span, SLOT, until),
              await reader.forecast('DE', 'carbon_intensity', span, until),
            ];
          };
          expect(await reading(curves)).toEqual(await reading(curves.filter(({ issuedAt }) => issuedAt <= at + asOf * SLOT)));
        },
      ),
    ));
});

describe('a forecast', () => {
  const span = { start: now, end: now + DAY };
  test('is of the newest outlook as of the instant, and says so', async () => {
    const reader = createZoneReader({ store: await knownStore(), sites });
    expect((await reader.forecast('DE', 'carbon_intensity', span, now))?.provenance).toEqual({
      kind: 'outlook',
      id: 'berlin@2026-06-21T12:00:00Z',
      model: 'test-1',
      issuedAt: Date.UTC(2026, 5, 21, 12),
    });
    expect((await reader.forecast('DE', 'carbon_intensity', span, now - 6 * HOUR))?.provenance).toMatchObject({
      id: 'berlin@2026-06-21T06:00:00Z',
    });
  });

  test('is the feed’s where no outlook says a word, and where the outlook is old and the feed is newer', async () => {
    const store = await knownStore();
    const evidence = { topic: '', payload: new Uint8Array(), receivedAt: now };
    const fed = curve(now + 8 * HOUR, now + 8 * HOUR, HOUR, [77, 78]);
    await store.commit({ readings: [], curves: [{ value: fed, evidence }], weather: [], quarantined: [] });
    const later = { start: now + 8 * HOUR, end: now + 10 * HOUR };
    const said = (theirs: typeof sites, asOf: number) =>
      createZoneReader({ store, sites: theirs }).forecast('DE', 'carbon_intensity', later, asOf);
    expect((await said([], now + 8 * HOUR))?.provenance).toEqual({ kind: 'feed', issuedAt: now + 8 * HOUR });
    expect((await said(sites, now + 8 * HOUR))?.provenance.kind).toBe('feed');
    expect((await said(sites, now + 7 * HOUR))?.provenance.kind).toBe('outlook');
    expect(await said([], now)).toBeUndefined();
  });
});

describe('places', () => {
  const places = createPlaces(sites, { 'own/cellar': { latitude: 52.5, longitude: 13.4 } });
  test('are so far apart as the great circle says', () => {
    expect(distanceKm(berlin, london)).toBeGreaterThan(925); // 930 km by the published distance of the two cities
    expect(distanceKm(berlin, london)).toBeLessThan(935);
    expect(distanceKm({ latitude: 0, longitude: 0 }, { latitude: 0, longitude: 180 })).toBeCloseTo(Math.PI * 6371.0088, 6);
  });
  test('of an operator’s own are known', () => expect(places.dataCentre('OWN', 'Cellar')).toMatchObject({ zone: { zone: 'DE' } }));
  test('of a country with several zones are refused with their names', () => {
    const danish = createPlaces([
      { ...berlin, id: 'a', zone: 'DK-DK1' },
      { ...berlin, id: 'b', zone: 'DK-DK2' },
    ]);
    expect(danish.country('DK')).toEqual({ kind: 'nowhere', why: 'DK has the zones DK-DK1, DK-DK2; ask for one by zone' });
  });
  test('are of the nearest site, or too far', () =>
    fc.assert(
      fc.property(fc.double({ min: -90, max: 90, noNaN: true }), fc.double({ min: -180, max: 180, noNaN: true }), (latitude, longitude) => {
        const [nearest] = sites
          .map((site) => ({ zone: site.zone, km: distanceKm(site, { latitude, longitude }) }))
          .sort((a, b) => a.km - b.km);
        const found = places.at(latitude, longitude);
        if ((nearest?.km ?? 0) > 500) expect(found.kind).toBe('nowhere');
        else expect(found).toMatchObject({ zone: { zone: nearest?.zone } });
      }),
    ));
});

describe('an instant in a query', () => {
  test.each([
    { text: '2026-06-21 12:30:00+02:00', iso: '2026-06-21T10:30:00Z' },
    { text: '2026-06-21T12:30:00 02:00', iso: '2026-06-21T10:30:00Z' }, // a plus that became a space
    { text: '2026-06-21T12:30', iso: '2026-06-21T12:30:00Z' },
    { text: '2026-06-21', iso: '2026-06-21T00:00:00Z' },
    { text: '2026-06-21T12:30:00.1234567Z', iso: '2026-06-21T12:30:00.123Z' },
    { text: '2026-06-21T12:30:00-0500', iso: '2026-06-21T17:30:00Z' },
  ])('may be written $text', ({ text, iso }) => expect(toIso(lenientInstant(text) ?? 0)).toBe(iso));
  test.each(['', 'now', '2026-13-01', '2026-02-30', '2026-06-21T25:00Z', '1750500000'])('may not be written %j', (text) =>
    expect(lenientInstant(text)).toBeUndefined(),
  );
  test('is the same after it was written as ISO 8601', () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), (instant) => {
        expect(lenientInstant(new Date(instant).toISOString())).toBe(instant);
      }),
    ));
});
