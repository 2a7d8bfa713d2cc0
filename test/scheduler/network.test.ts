/**
 * Network: distances beside known ones, what a transfer comes to, and the model beside published latencies and prices.
 *
 * The last part reads public records (`../shared/data`, or `SUNWARD_DATA`) and is skipped without them, except in CI.
 */
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distanceNetwork, kwhPerGbIn, latencyAdmits, type Place, placeNamed, placesOf, transferOf } from '../../scheduler/network.ts';
import { HOUR } from '../../units/time.ts';
import { siteOf, specOf } from './nouns.ts';

const rhine = siteOf('rhine', { latitude: 50.1, longitude: 8.7 });
const isar = siteOf('isar', { latitude: 48.1, longitude: 11.6 });
const thames = siteOf('thames', { zone: 'GB', latitude: 51.5, longitude: -0.2 });
const yarra = siteOf('yarra', { zone: 'AU-VIC', latitude: -37.8, longitude: 144.9 });
const places = placesOf([rhine, isar, thames, yarra]);
const network = distanceNetwork();
const placeAt = (latitude: number, longitude: number, zone = 'ZZ'): Place => ({ id: zone, zone, latitude, longitude });
/** The model's great circle, km, from its round trip. */
const kmBetween = (a: Place, b: Place) => ((network.roundTripMs(a, b) / 2 / 2.1) * 299.792458 * 2) / 3;

describe('a place', () => {
  test.each([
    { name: 'thames', want: thames },
    { name: 'Thames', want: thames },
    { name: 'gb', want: { id: 'GB', zone: 'GB' } },
    { name: 'nowhere', want: undefined },
  ])('called $name is found, or not', ({ name, want }) =>
    want === undefined ? expect(placeNamed(places, name)).toBeUndefined() : expect(placeNamed(places, name)).toMatchObject(want),
  );

  test('that is a zone lies in the middle of its sites', () => {
    const zone = placeNamed(places, 'DE-LU') as Place;
    expect(zone).toMatchObject({ id: 'DE-LU', zone: 'DE-LU' });
    expect(kmBetween(zone, rhine)).toBeCloseTo(kmBetween(zone, isar), 6);
    expect(kmBetween(zone, rhine) + kmBetween(zone, isar)).toBeCloseTo(kmBetween(rhine, isar), 6);
  });

  test('that is a zone lies between its sites across the date line too', () =>
    expect(
      Math.abs(placeNamed(placesOf([siteOf('w', { longitude: 179 }), siteOf('e', { longitude: -179 })]), 'DE-LU')?.longitude ?? 0),
    ).toBeCloseTo(180, 6));

  test('of a site goes before the zone of the same name', () => {
    const named = siteOf('gb', { zone: 'GB' });
    expect(placeNamed(placesOf([thames, named]), 'GB')).toBe(named);
  });
});

describe('the round trip', () => {
  test.each([
    { name: 'a quarter of a meridian', a: placeAt(0, 0), b: placeAt(90, 0), km: 10_007.56 },
    { name: 'half of the equator', a: placeAt(0, 0), b: placeAt(0, 180), km: 20_015.11 },
    { name: 'Paris to New York', a: placeAt(48.8566, 2.3522), b: placeAt(40.7128, -74.006), km: 5_837.2 },
    { name: 'across the date line', a: placeAt(0, 179), b: placeAt(0, -179), km: 222.39 },
  ])('goes by the great circle: $name', ({ a, b, km }) => {
    expect(kmBetween(a, b)).toBeGreaterThan(km * 0.9999);
    expect(kmBetween(a, b)).toBeLessThan(km * 1.0001);
  });

  test('is the same both ways, nothing to itself, and never shorter by a way round', () => {
    const anywhere = fc
      .tuple(fc.double({ min: -90, max: 90, noNaN: true }), fc.double({ min: -180, max: 180, noNaN: true }))
      .map(([latitude, longitude]) => placeAt(latitude, longitude));
    fc.assert(
      fc.property(anywhere, anywhere, anywhere, (a, b, c) => {
        const direct = network.roundTripMs(a, b);
        expect(network.roundTripMs(b, a)).toBe(direct);
        expect(network.roundTripMs(a, a)).toBe(0);
        expect(network.roundTripMs(a, c) + network.roundTripMs(c, b)).toBeGreaterThanOrEqual(direct - 1e-4);
      }),
    );
  });
});

describe('a limit to the round trip', () => {
  const admits = (from: string, roundTripMsMax: number) =>
    [rhine, isar, thames, yarra]
      .filter((site) => latencyAdmits(specOf({ latency: { from, roundTripMsMax } }), site, places, network))
      .map(({ id }) => id);
  test.each([
    { from: 'rhine', ms: 1, want: ['rhine'] },
    { from: 'DE-LU', ms: 60, want: ['rhine', 'isar', 'thames'] },
    { from: 'de-lu', ms: 400, want: ['rhine', 'isar', 'thames', 'yarra'] },
    { from: 'yarra', ms: 60, want: ['yarra'] },
    { from: 'nowhere', ms: 60_000, want: [] },
  ])('of $ms ms from $from admits $want', ({ from, ms, want }) => expect(admits(from, ms)).toEqual(want));

  test('that is not set admits every site', () => expect(latencyAdmits(specOf(), yarra, places, network)).toBe(true));
});

describe('a transfer', () => {
  const plain = distanceNetwork({ interZonePricePerGb: 0.05, kwhPerGb: 0.004, gbPerHour: 200 });
  const transfer = (at: string | undefined, site: Place, homeSite = 'rhine') =>
    transferOf(specOf({ data: { gigabytes: 120, at } }), homeSite, site, places, plain);
  const nothing = { gigabytes: 0, money: 0, energyKwh: 0, durationMs: 0 };
  const moved = { gigabytes: 120, energyKwh: 0.48, durationMs: 0.6 * HOUR };
  test.each([
    { name: 'within the site is nothing', at: 'thames', site: thames, want: nothing },
    { name: 'within the zone costs time and energy, no money', at: 'isar', site: rhine, want: { ...moved, money: 0 } },
    { name: 'from a zone to a site in it costs no money', at: 'GB', site: thames, want: { ...moved, money: 0 } },
    { name: 'between zones costs all three', at: 'yarra', site: rhine, want: { ...moved, money: 6 } },
    { name: 'begins at home when nothing else is said', at: undefined, site: thames, want: { ...moved, money: 6 } },
    { name: 'is nothing at home', at: undefined, site: rhine, want: nothing },
  ])('$name', ({ at, site, want }) => {
    const { money, energyKwh, ...rest } = want;
    expect(transfer(at, site)).toMatchObject(rest);
    expect(transfer(at, site)?.money).toBeCloseTo(money, 9);
    expect(transfer(at, site)?.energyKwh).toBeCloseTo(energyKwh, 9);
  });
  test('from a place that nobody knows is not known', () => expect(transfer('atlantis', rhine)).toBeUndefined());
  test('of a job without data is nothing, wherever its home is', () =>
    expect(transferOf(specOf(), 'atlantis', rhine, places, plain)).toEqual(nothing));
});

test.each([
  { year: 2015, want: 0.06 },
  { year: 2005, want: 1.92 },
  { year: 2017, want: 0.03 },
])('a GB draws $want kWh in $year', ({ year, want }) => expect(kwhPerGbIn(year)).toBeCloseTo(want, 12));

const folder = process.env['SUNWARD_DATA'] ?? '../shared/data';
const isThere = existsSync(`${folder}/zones-2022/gcp_latency_matrix.csv`);
const note = isThere ? '' : ` (no ${folder}; SUNWARD_DATA names it)`;
if (!isThere && process.env['CI'] === 'true')
  test('the public records are there', () => expect.fail(`no ${folder}; SUNWARD_DATA names it`));

describe.skipIf(!isThere)(`the model beside published records${note}`, () => {
  const rowsOf = (file: string): string[][] => parse(readFileSync(`${folder}/${file}`), { bom: true });
  /** Where the regions of a cloud are, by the records' names: a few on every continent. */
  const regions = [
    placeAt(24.05, 120.52, 'TW'),
    placeAt(35.68, 139.69, 'JP-TK'),
    placeAt(1.35, 103.82, 'SG'),
    placeAt(19.08, 72.88, 'IN-MH'),
    placeAt(-37.81, 144.96, 'AUS-VIC'),
    placeAt(60.57, 27.2, 'FI'),
    placeAt(51.51, -0.13, 'GB'),
    placeAt(50.11, 8.68, 'DE'),
    placeAt(40.42, -3.7, 'ES'),
    placeAt(43.65, -79.38, 'CA-ON'),
    placeAt(34.05, -118.24, 'US-CAL-CISO'),
    placeAt(32.78, -96.8, 'US-TEX-ERCO'),
    placeAt(-23.55, -46.63, 'BR-CS'),
    placeAt(-33.45, -70.67, 'CL-SEN'),
  ];

  test('is within twice and half of every latency between regions, and rather too long than too short', () => {
    const [header = [], ...rows] = rowsOf('zones-2022/gcp_latency_matrix.csv');
    const published = (from: string, to: string) => Number(rows.find(([origin]) => origin === from)?.[header.indexOf(to)]);
    const ratios = regions.flatMap((from) =>
      regions.filter((to) => to !== from).map((to) => network.roundTripMs(from, to) / published(from.id, to.id)),
    );
    ratios.sort((a, b) => a - b);
    expect(ratios).toHaveLength(14 * 13);
    expect(ratios[0]).toBeGreaterThan(0.5);
    expect(ratios.at(-1)).toBeLessThan(2);
    expect(ratios[91]).toBeGreaterThan(1);
    expect(ratios[91]).toBeLessThan(1.5);
  });

  test('asks for a GB what clouds ask', () => {
    const price = network.pricePerGb(rhine, thames);
    for (const cloud of ['aws', 'azure', 'gcp']) {
      const prices = rowsOf(`network/${cloud}_transmission_cost_matrix.csv`)
        .slice(1)
        .flatMap((row) => row.slice(1).map(Number))
        .filter((each) => each > 0);
      expect(prices.length).toBeGreaterThan(100);
      expect(price).toBeGreaterThanOrEqual(Math.min(...prices));
      expect(price).toBeLessThanOrEqual(Math.max(...prices));
    }
  });
});
