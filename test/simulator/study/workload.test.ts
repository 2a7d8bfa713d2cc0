/** From job traces to the jobs of a study. */
import { describe, expect, test } from 'vitest';
import { drawWork, type WorkloadRule, workloadOf } from '../../../simulator/study/workload.ts';
import { DAY, HOUR, MINUTE } from '../../../units/time.ts';
import { studyOf } from './studies.ts';

const { sites } = studyOf({
  sites: [
    { carbonIntensity: [1], accelerators: 4 },
    { carbonIntensity: [1], accelerators: 8 },
  ],
  jobs: [],
});
const grid = { seed: 1, slotMs: HOUR, slots: 24, sites };
const rule: WorkloadRule = {
  slack: { shortUnderMs: 2 * HOUR, shortMs: 6 * HOUR, longMs: 24 * HOUR },
  interruptibleShare: 0,
  dataGbMedian: 0,
  dataGbSpread: 0,
  homes: 'drawn',
};
const job = (at: number, lengthMs: number, accelerators = 1) => ({ at, lengthMs, accelerators });

describe('a workload', () => {
  test('releases a job with the first slot after its arrival and holds whole slots', () => {
    const { workload } = workloadOf([job(0, HOUR), job(1, HOUR + 1), job(90 * MINUTE, 10 * MINUTE)], 'job', grid, rule);
    expect([...workload.release]).toEqual([0, 1, 2]);
    expect([...workload.length]).toEqual([1, 2, 1]);
  });
  test('lets short jobs wait less than long ones', () => {
    const { workload } = workloadOf([job(0, 2 * HOUR - 1), job(0, 2 * HOUR)], 'job', grid, rule);
    expect([...workload.end]).toEqual([2 + 6, 2 + 24]);
  });
  test('leaves out what arrives after the study, and counts what is wider than any site', () => {
    const { workload, tooWide } = workloadOf([job(0, HOUR, 8), job(0, HOUR, 9), job(23 * HOUR + 1, HOUR)], 'job', grid, rule);
    expect([workload.count, tooWide]).toEqual([1, 1]);
    expect(workload.id).toEqual(['job-000000']);
  });
  test('leaves out a job that is wider than plans can count', () => {
    const wide = studyOf({ sites: [{ carbonIntensity: [1], accelerators: 100_000 }], jobs: [] }).sites;
    const { workload, tooWide } = workloadOf([job(0, HOUR, 65_535), job(0, HOUR, 65_536)], 'job', { ...grid, sites: wide }, rule);
    expect([workload.count, tooWide]).toEqual([1, 1]);
  });
  test('keeps homes as they are when other things are drawn', () => {
    const trace = Array.from({ length: 20 }, (_, at) => job(at * HOUR, HOUR));
    const plain = workloadOf(trace, 'job', grid, rule).workload;
    const more = workloadOf(trace, 'job', grid, { ...rule, interruptibleShare: 0.5, dataGbMedian: 1, dataGbSpread: 1 }).workload;
    expect([...more.home]).toEqual([...plain.home]);
    expect(new Set(plain.home)).toEqual(new Set([0, 1]));
    expect([...workloadOf(trace, 'job', { ...grid, seed: 2 }, rule).workload.home]).not.toEqual([...plain.home]);
  });
});

describe('drawn work', () => {
  const work = { jobsPerHour: 6, lengthMedianMs: HOUR, lengthSpread: 1, lengthMaxMs: DAY, accelerators: [1, 2] };

  test('arrives as often as it should, in order, within its limits', () => {
    const trace = drawWork(work, 100 * DAY, 7);
    expect(trace.length / (100 * 24 * 6)).toBeCloseTo(1, 1);
    expect(trace.every(({ at }, i) => at >= (trace[i - 1]?.at ?? 0) && at < 100 * DAY)).toBe(true);
    const lengths = trace.map(({ lengthMs }) => lengthMs).sort((a, b) => a - b);
    expect((lengths[lengths.length >> 1] as number) / HOUR).toBeCloseTo(1, 1);
    expect(lengths.at(-1)).toBeLessThanOrEqual(DAY);
  });
  test('is the same for the same seed, and its first days do not depend on how long it goes on', () => {
    const week = drawWork(work, 7 * DAY, 3);
    expect(drawWork(work, 14 * DAY, 3).slice(0, week.length)).toEqual(week);
  });
});
