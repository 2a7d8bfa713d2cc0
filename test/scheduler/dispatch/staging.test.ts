/** Staging: a move begins when it must, once. */
import { describe, expect, test } from 'vitest';
import { stagedBy } from '../../../scheduler/dispatch/staging.ts';
import type { Job } from '../../../scheduler/job.ts';
import { distanceNetwork, placesOf } from '../../../scheduler/network.ts';
import { HOUR, MINUTE } from '../../../units/time.ts';
import { jobOf, noon, siteOf } from '../nouns.ts';

const [here, there] = [siteOf('here', { zone: 'DE' }), siteOf('there', { zone: 'FR' })];
const network = { places: placesOf([here, there]), network: distanceNetwork({ gbPerHour: 100 }) };
const data = { gigabytes: 100, at: 'here' };

describe('data that have to be moved for an hour', () => {
  const moved = (start: number, job: Partial<Job> = {}, spec = { data }, site = there) =>
    stagedBy(jobOf('a', spec, job), { start: noon + start * MINUTE }, site, network, noon);
  test.each([
    { name: 'set out when the start is as near as that', start: 60, want: noon + HOUR },
    { name: 'set out when the next slot would be too late', start: 74, want: noon + HOUR },
    { name: 'wait when the next slot is early enough', start: 75, want: undefined },
  ])('$name', ({ start, want }) => expect(moved(start)).toBe(want));
  test('are moved once, and not while they are under way', () => {
    expect(moved(60, { staged: { there: noon + 30 * MINUTE } })).toBeUndefined();
    expect(moved(60, { staged: { elsewhere: noon } })).toBe(noon + HOUR);
  });
  test('are not moved to where they lie', () => expect(moved(0, {}, { data }, here)).toBeUndefined());
  test('are not there when nobody knows where they lie', () =>
    expect(moved(60, {}, { data: { ...data, at: 'atlantis' } })).toBeUndefined());
});
test('a job without data moves nothing', () => expect(stagedBy(jobOf('a'), { start: noon }, there, network, noon)).toBeUndefined());
