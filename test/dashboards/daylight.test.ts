/**
 * The shade on the map against what almanacs say of the sun.
 */
import { describe, expect, test } from 'vitest';
import { antisolarPoint, subsolarPoint } from '../../dashboards/daylight.ts';

describe('the sun overhead', () => {
  test.each([
    { when: 'stands on the tropic at the June solstice of 2020', at: Date.UTC(2020, 5, 20, 21, 43), latitude: 23.44 },
    { when: 'crosses the equator at the March equinox of 2020', at: Date.UTC(2020, 2, 20, 3, 50), latitude: 0 },
    { when: 'stands on the southern tropic at the December solstice of 2021', at: Date.UTC(2021, 11, 21, 15, 59), latitude: -23.44 },
  ])('$when', ({ at, latitude }) => expect(Math.abs(subsolarPoint(at)[1] - latitude)).toBeLessThan(0.05));

  test.each([
    { when: 'is 16.4 min early over Greenwich in the first days of November', at: Date.UTC(2020, 10, 3, 12), longitude: -4.1 },
    { when: 'is 14.2 min late over Greenwich on 11 February', at: Date.UTC(2021, 1, 11, 12), longitude: 3.55 },
  ])('$when (equation of time)', ({ at, longitude }) => expect(Math.abs(subsolarPoint(at)[0] - longitude)).toBeLessThan(0.1));

  test('has the middle of the night exactly on the other side', () => {
    const [longitude, latitude] = subsolarPoint(Date.UTC(2021, 5, 18, 9, 45));
    const [nightLongitude, nightLatitude] = antisolarPoint(Date.UTC(2021, 5, 18, 9, 45));
    expect(Math.abs(longitude - nightLongitude)).toBeCloseTo(180);
    expect(nightLatitude).toBeCloseTo(-latitude);
  });
});
