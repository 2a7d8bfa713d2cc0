/**
 * GFS radiation: hourly light from a daily run's running means in blocks of three hours.
 *
 * The model says the mean since the last six-hour mark, so every second block repeats the first half of its mark; a
 * file that spreads blocks over hours shows a saw-tooth. The blocks are taken apart, turned into a clearness index,
 * and the index is drawn between their centres over the cloudless light of each hour.
 */
import type { Dense } from '../../../energy-oracle/forecast/target.ts';
import { clearSkyGlobal } from '../../../energy-oracle/sun/clear-sky.ts';
import { sunPosition } from '../../../energy-oracle/sun/position.ts';
import { DAY, HOUR, type Instant } from '../../../units/time.ts';

/** Blocks of a day: start and end, UTC hours; the stamp whose value tells it; whether that value covers the three hours before too. */
const blocks = [
  { start: 0, end: 3, stamp: 1, since: undefined },
  { start: 3, end: 6, stamp: 4, since: 1 },
  { start: 6, end: 12, stamp: 10, since: undefined },
  { start: 12, end: 15, stamp: 13, since: undefined },
  { start: 15, end: 18, stamp: 16, since: 13 },
  { start: 18, end: 21, stamp: 19, since: undefined },
  { start: 21, end: 24, stamp: 22, since: 19 },
] as const;
/** Cloudless light below which a block's own index is mostly noise, W/m2. */
const dimWatts = 60;

/** @param running  hourly, W/m2; stamps end their hour, whole days from midnight UTC */
export function radiationFromRunningMeans(running: Dense, latitude: number, longitude: number): Dense {
  if (running.stepMs !== HOUR || running.start % DAY !== 0)
    throw new RangeError(`running means come by the hour from midnight UTC, found a step of ${running.stepMs} ms from ${running.start}`);
  const days = Math.floor(running.values.length / 24);
  const clear = Float64Array.from({ length: running.values.length }, (_, hour) =>
    cloudless(running.start + hour * HOUR, latitude, longitude),
  );
  const centres: number[] = [];
  const indices: number[] = [];
  for (let day = 0; day < days; day++) {
    const value = (stamp: number) => running.values[day * 24 + stamp] as number;
    const light = blocks.map(({ stamp, since }) => Math.max(0, since === undefined ? value(stamp) : 2 * value(stamp) - value(since)));
    const possible = blocks.map(({ start, end }) => meanOf(clear, day * 24 + start, day * 24 + end));
    const hours = (i: number) => (blocks[i] as (typeof blocks)[number]).end - (blocks[i] as (typeof blocks)[number]).start;
    const sum = (values: readonly number[]) => values.reduce((total, v, i) => total + v * hours(i), 0);
    const ofDay = Math.min(1.2, sum(light) / Math.max(sum(possible), 1));
    blocks.forEach(({ start, end }, i) => {
      const most = possible[i] as number;
      const weight = most / (most + dimWatts);
      centres.push(day * 24 + (start + end) / 2);
      indices.push(weight * Math.min(1.3, (light[i] as number) / Math.max(most, 20)) + (1 - weight) * ofDay);
    });
  }
  let k = 0;
  const values = clear.map((most, hour) => {
    while (k < centres.length - 2 && (centres[k + 1] as number) < hour + 0.5) k++;
    const [a, b] = [centres[k] as number, centres[k + 1] as number];
    const share = Math.max(0, Math.min(1, (hour + 0.5 - a) / (b - a)));
    return most * ((1 - share) * (indices[k] as number) + share * (indices[k + 1] as number));
  });
  return { start: running.start, stepMs: HOUR, values };
}

/** Mean cloudless light of an hour, W/m2. */
const cloudless = (start: Instant, latitude: number, longitude: number): number =>
  (clearSkyGlobal(sunPosition(start + HOUR / 4, latitude, longitude)) +
    clearSkyGlobal(sunPosition(start + (3 * HOUR) / 4, latitude, longitude))) /
  2;

function meanOf(values: Float64Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += values[i] ?? 0;
  return sum / (end - start);
}
