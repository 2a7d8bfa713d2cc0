/** The demo's forecasts: as wrong as they say, more so the further they look, and the same whenever they are asked. */
import { describe, expect, test } from 'vitest';
import { coverErrorAt, issueEveryMs, skyIssuesIn } from '../../../simulator/plant/weather-desk.ts';
import { DAY, HOUR, type Instant } from '../../../units/time.ts';
import { createMemoryWorld, storyStart } from '../../fixtures/world.ts';

const start = Date.UTC(2026, 5, 1);
const site = { id: 'farm-1', latitude: 52.5, longitude: 13.4 };
const year = { start, end: start + 180 * DAY };
const half = () => 0.5;
/** A sky that changes over days, within what errors do not cut off at either end. */
const slow = (instant: Instant) => 0.5 + 0.1 * Math.sin((instant / DAY) * 1.7);

/** Root of the mean squared error of cover over leads of [from, to) hours. */
function errorOver(truth: (instant: Instant) => number, from: number, to: number, seed = 1): number {
  let [sum, count] = [0, 0];
  for (const { issuedAt, cloudCover } of skyIssuesIn(site, year, truth, seed))
    for (const [hour, cover] of cloudCover.values.entries())
      if (hour >= from && hour < to && cover !== undefined) {
        sum += (cover - truth(issuedAt + (hour + 0.5) * HOUR)) ** 2;
        count += 1;
      }
  return Math.sqrt(sum / count);
}

describe('a forecast of the sky', () => {
  test('comes every six hours and reaches four days', () => {
    const issues = skyIssuesIn(site, { start: start + 1, end: start + DAY + 1 }, half, 1);
    expect(issues.map(({ issuedAt }) => (issuedAt - start) / issueEveryMs)).toEqual([1, 2, 3, 4]);
    for (const { issuedAt, cloudCover, shortwaveRadiation } of issues)
      for (const series of [cloudCover, shortwaveRadiation])
        expect(series).toMatchObject({ start: issuedAt, stepMs: HOUR, values: { length: 96 } });
  });

  test('is wrong by what it says, and more each day ahead', () => {
    const days = [0, 1, 2, 3].map((day) => errorOver(slow, day * 24, day * 24 + 24));
    for (const [day, error] of days.entries()) {
      const said = coverErrorAt((day + 0.5) * DAY);
      expect(error).toBeGreaterThan(said * 0.85); // what is cut off at 0 and 1 makes it smaller
      expect(error).toBeLessThan(said * 1.05);
      expect(error).toBeGreaterThan(days[day - 1] ?? 0);
    }
    expect(errorOver(slow, 0, 1)).toBeLessThan(0.15);
  });

  test('has no bias where nothing is cut off', () => {
    const errors = skyIssuesIn(site, year, half, 3).map(({ cloudCover }) => (cloudCover.values[0] ?? 0) - 0.5);
    expect(Math.abs(errors.reduce((a, b) => a + b, 0) / errors.length)).toBeLessThan(0.02);
  });

  test('is mended by the next one, but only in part: issues agree with each other more than with the sky', () => {
    const at = (hour: number) => skyIssuesIn(site, year, half, 5).map(({ cloudCover }) => (cloudCover.values[hour] ?? 0) - 0.5);
    const [later, earlier] = [at(24), at(30)]; // the second was issued six hours before, for the same hour
    let [both, ones, others] = [0, 0, 0];
    for (let i = 1; i < later.length; i++) {
      const [a, b] = [later[i] ?? 0, earlier[i - 1] ?? 0];
      both += a * b;
      ones += a * a;
      others += b * b;
    }
    expect(both / Math.sqrt(ones * others)).toBeGreaterThan(0.35);
    expect(both / Math.sqrt(ones * others)).toBeLessThan(0.65);
  });

  test('tells the light of its own sky, none at night, and gaps where the sky is not known', () => {
    const [issue] = skyIssuesIn(site, { start, end: start + 1 }, (instant) => (instant < start + 2 * DAY ? 0.5 : undefined), 1);
    expect(issue?.cloudCover.values.slice(48)).toEqual(new Array(48).fill(undefined));
    expect(issue?.shortwaveRadiation.values.slice(48)).toEqual(new Array(48).fill(undefined));
    expect(issue?.shortwaveRadiation.values[0]).toBe(0);
    expect(issue?.shortwaveRadiation.values[11]).toBeGreaterThan(150);
  });

  test('is the same whenever it is asked, and another for another seed or site', () => {
    const issue = (at: Instant, seed = 1, id = 'farm-1') => skyIssuesIn({ ...site, id }, { start: at, end: at + 1 }, half, seed);
    expect(issue(start + DAY)).toEqual(skyIssuesIn(site, year, half, 1).slice(4, 5));
    expect(issue(start, 2)).not.toEqual(issue(start));
    expect(issue(start, 1, 'farm-2')).not.toEqual(issue(start));
  });
});

describe('the virtual world', () => {
  test('sends them: none is refused, and each is known from its issue on', { timeout: 60_000 }, async () => {
    const world = await createMemoryWorld({ arrivals: [], siteIds: ['eu-rhine', 'au-yarra'] });
    await world.run(storyStart + DAY);
    const { weather, quarantined } = await world.series.counts();
    // two sites, two variables, every six hours from two days before the start to the end of the first day, both ends counted
    expect({ weather, quarantined }).toEqual({ weather: 2 * 2 * 13, quarantined: {} });
    const ahead = { start: storyStart + DAY, end: storyStart + 2 * DAY };
    const newest = async (asOf: Instant) => (await world.series.weather('eu-rhine', ahead, asOf)).at(-1)?.issuedAt;
    expect(await newest(storyStart + DAY)).toBe(storyStart + DAY);
    expect(await newest(storyStart + DAY - 1)).toBe(storyStart + DAY - issueEveryMs);
    expect(await newest(storyStart - 1)).toBeUndefined();
    await world.close();
  });
});
