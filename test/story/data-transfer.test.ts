/** A job whose data lie elsewhere: they are moved once, it starts when they are there, and not before. */
import { afterEach, expect, test } from 'vitest';
import type { Arrival } from '../../simulator/scenario.ts';
import { DAY, HOUR, MINUTE, SLOT } from '../../units/time.ts';
import { createMemoryWorld, type MemoryWorld, storyStart } from '../fixtures/world.ts';

const siteIds = ['eu-rhine', 'za-rand'];
const far = (gigabytes: number, more: object = {}): Arrival => ({
  at: storyStart + HOUR,
  id: 'far',
  owner: 'ada',
  file: {
    name: 'far',
    resources: { accelerators: 'A100:4', infra: 'eu-rhine' },
    data: { size: `${gigabytes}GB`, at: 'za-rand' },
    max_duration: '1h',
    policy: { optimize: { carbon_price_per_kg: 0, wait_price_per_hour: 10 }, deadline: '+20h' },
    ...more,
  },
});
const moves = () => world.events.filter(({ text }) => text.includes('set out for')).map(({ at, text }) => `${at} ${text}`);
let world: MemoryWorld;
afterEach(() => world?.close());

test.each([
  { gigabytes: 90, minutes: 12, startsAfter: 15 },
  { gigabytes: 450, minutes: 60, startsAfter: 60 },
  { gigabytes: 900, minutes: 120, startsAfter: 120 },
])('$gigabytes GB take $minutes min at 450 GB an hour: it starts in the first cycle after that', async ({ gigabytes, startsAfter }) => {
  world = await createMemoryWorld({ siteIds, arrivals: [far(gigabytes)] });
  await world.run(storyStart + DAY);
  expect(await world.jobs.get('far')).toMatchObject({ state: 'SUCCEEDED' });
  expect(world.ran().map(({ site, start }) => [site, (start - storyStart - HOUR) / MINUTE])).toEqual([['eu-rhine', startsAfter]]);
  expect(moves()).toHaveLength(1);
});

test('a job that may wait has its data moved when it is time, not before', async () => {
  const notBefore = storyStart + 10 * HOUR;
  const policy = { optimize: 'cost', not_before: new Date(notBefore).toISOString(), deadline: '+20h' };
  world = await createMemoryWorld({ siteIds, arrivals: [far(450, { policy })] });
  await world.run(notBefore - HOUR - 2 * SLOT);
  expect(moves()).toEqual([]);
  await world.run(storyStart + DAY);
  expect(moves()).toHaveLength(1);
  const [run] = world.ran();
  expect(run?.start).toBeGreaterThanOrEqual(notBefore);
  const there = (await world.jobs.get('far'))?.staged?.['eu-rhine'] ?? Number.POSITIVE_INFINITY;
  expect(there).toBeLessThanOrEqual(run?.start ?? 0);
  expect((run?.start ?? 0) - there).toBeLessThan(2 * SLOT);
});

test('where its data were moved they stay: a job that comes back does not wait for them again', async () => {
  world = await createMemoryWorld({ siteIds, arrivals: [far(450, { max_duration: '3h' })] });
  await world.run(storyStart + 3 * HOUR);
  world.killAgent('eu-rhine');
  await world.run(storyStart + 3 * HOUR + 5 * MINUTE);
  await world.bringBack('eu-rhine');
  await world.run(storyStart + DAY);
  const [first, second] = world.ran();
  expect((first?.start ?? 0) - storyStart).toBe(2 * HOUR);
  expect((second?.start ?? 0) - (first?.end ?? 0)).toBeLessThanOrEqual(2 * SLOT);
  expect(moves()).toHaveLength(1);
  expect(await world.jobs.get('far')).toMatchObject({ state: 'SUCCEEDED' });
});

test('a job whose data lie where it runs starts at once', async () => {
  world = await createMemoryWorld({ siteIds, arrivals: [far(450, { data: { size: '450GB', at: 'eu-rhine' } })] });
  await world.run(storyStart + 2 * HOUR);
  expect(world.ran().map(({ start }) => start)).toEqual([storyStart + HOUR]);
  expect(moves()).toEqual([]);
});
