/** Whether a site's sun has grown against its neighbours', on a made-up sky that is common to them. */
import { describe, expect, test } from 'vitest';
import {
  acceptLevel,
  afterDay,
  alarmOver,
  distanceKm,
  type NeighbourState,
  weightedMedian,
  withinReach,
} from '../../../energy-oracle/verdict/neighbours.ts';
import { DAY, HOUR } from '../../../units/time.ts';

const first = Date.UTC(2026, 0, 1);
const places = Array.from({ length: 6 }, (_, i) => ({ id: `s${i}`, provider: `p${i}`, latitude: 48 + i * 0.02, longitude: 0 }));
/** Repeatable numbers in [0, 1). */
const noise = (day: number, site: number) => Math.abs((Math.sin(day * 127.1 + site * 311.7) * 43_758.5453) % 1);
const skyOf = (day: number) => 0.65 + 0.25 * noise(day, 99);

interface Run {
  readonly days?: number;
  readonly among?: typeof places;
  /** What site 0 tells over what it made, by day. */
  readonly told?: (day: number) => number;
}
function run({ days = 200, among = places, told = () => 1 }: Run): Record<string, NeighbourState> {
  let states: Record<string, NeighbourState> = {};
  for (let day = 0; day < days; day++) {
    const indices = new Map(
      among.map(({ id }, i) => [id, skyOf(day) * (1 - 0.04 * i) * (1 + 0.03 * noise(day, i)) * (i === 0 ? told(day) : 1)]),
    );
    states = afterDay(states, { day: first + day * DAY, lookedAt: first + day * DAY + 38 * HOUR, places: among, indices });
  }
  return states;
}
const alarmsOf = (options: Run) => run(options)['s0']?.alarms ?? [];

describe('neighbours', () => {
  test('say nothing against an honest site, whatever the sky does', () =>
    expect(Object.values(run({ days: 360 })).flatMap(({ alarms }) => alarms)).toEqual([]));

  test.each([1.15, 1.5, 3])('find a sun that grew by a factor of %s within a fortnight, its day and its size', (factor) => {
    const [alarm, ...others] = alarmsOf({ told: (day) => (day >= 100 ? factor : 1) });
    expect(others).toEqual([]);
    expect(alarm?.kind).toBe('change');
    expect(Math.abs(((alarm?.since ?? 0) - first) / DAY - 100)).toBeLessThanOrEqual(2);
    expect(((alarm?.raisedAt ?? 0) - first) / DAY - 100).toBeLessThan(15);
    expect((alarm?.factor ?? 0) / factor).toBeCloseTo(1, 1);
    expect(alarm?.until).toBeUndefined();
  });

  test('end their alarm when the sun is as before for ten days', () => {
    const [alarm] = alarmsOf({ told: (day) => (day >= 100 && day < 130 ? 1.5 : 1) });
    expect(alarm?.until).toBeGreaterThan(first + 139 * DAY);
    expect(alarm?.until).toBeLessThan(first + 165 * DAY);
  });

  test('do not take it amiss that a site makes less', () => expect(alarmsOf({ told: (day) => (day >= 100 ? 0.6 : 1) })).toEqual([]));

  test('see by its level what was grossly inflated before anybody watched, and a small inflation not at all', () => {
    expect(alarmsOf({ told: () => 1.7 })[0]?.kind).toBe('level');
    expect(alarmsOf({ told: () => 1.1 })).toEqual([]);
  });

  test.each([
    { name: 'fewer than three', among: places.slice(0, 3) },
    { name: 'none nearby', among: places.map((place, i) => ({ ...place, latitude: 48 + i * 2 })) },
    { name: 'only sites of the same provider', among: places.map((place) => ({ ...place, provider: 'one' })) },
  ])('are silent when there are $name', ({ among }) => {
    expect(alarmsOf({ among, told: (day) => (day >= 100 ? 3 : 1) })).toEqual([]);
    expect(withinReach(among[0] as (typeof places)[number], among)).toBe(false);
  });

  test('are not moved by one liar among them: only the liar is held', () => {
    const states = run({ told: (day) => (day >= 100 ? 2 : 1) });
    expect(
      Object.entries(states)
        .filter(([, { alarms }]) => alarms.length > 0)
        .map(([id]) => id),
    ).toEqual(['s0']);
  });

  test('believe a new level once an operator has looked: the alarm reaches no further, and the next change is found', () => {
    const before = run({ days: 130, told: (day) => (day >= 100 ? 1.5 : 1) })['s0'] as NeighbourState;
    const from = first + 100 * DAY;
    const after = acceptLevel(before, from);
    expect(alarmOver(before.alarms, from + DAY, first + 130 * DAY)?.factor).toBeGreaterThan(1.4);
    expect(alarmOver(after.alarms, from + DAY, first + 130 * DAY)).toBeUndefined();
    expect(acceptLevel(after, from)).toBe(after);
  });

  test('hold nothing against a slot before the change, nor before they knew', () => {
    const alarm = { kind: 'change', since: first, raisedAt: first + 5 * DAY, factor: 1.2 } as const;
    expect(alarmOver([alarm], first + DAY, first + 6 * DAY)).toBe(alarm);
    expect(alarmOver([alarm], first - HOUR, first + 6 * DAY)).toBeUndefined();
    expect(alarmOver([alarm], first + DAY, first + 4 * DAY)).toBeUndefined();
  });
});

describe('their arithmetic', () => {
  test.each([
    { name: 'is the middle of equal weights', items: [1, 2, 9].map((value) => ({ value, weight: 1 })), want: 2 },
    { name: 'is between the two middles of an even number', items: [1, 2, 4, 9].map((value) => ({ value, weight: 1 })), want: 3 },
    {
      name: 'follows the weight',
      items: [
        { value: 1, weight: 3 },
        { value: 8, weight: 1 },
        { value: 9, weight: 1 },
      ],
      want: 1,
    },
  ])('the weighted median $name', ({ items, want }) => expect(weightedMedian(items)).toBe(want));

  test('the distance from Berlin to Paris is 878 km', () =>
    expect(distanceKm({ latitude: 52.52, longitude: 13.405 }, { latitude: 48.8566, longitude: 2.3522 })).toBeCloseTo(878, -1));
});
