/** A river's record as a run of its study, from a record small enough to write down; the rivers themselves are run elsewhere. */
import { describe, expect, test } from 'vitest';
import type { JobRecord, RiverRecord, SlotRecord } from '../../simulator/river-record.ts';
import { studyRunOf } from '../../simulator/river-run.ts';
import { HOUR } from '../../units/time.ts';
import { studyOf } from './study/studies.ts';

const study = studyOf({
  sites: [{ carbonIntensity: Array(12).fill(100) }, { carbonIntensity: Array(12).fill(100) }],
  jobs: [
    { release: 0, length: 2, end: 6, accelerators: 2, isInterruptible: true, gigabytes: 10 },
    { release: 1, length: 4, end: 5, gigabytes: 10 },
    { release: 2, length: 1, end: 5, home: 1 },
  ],
  tail: 4,
  terms: { transferGPerGb: 3, transferPricePerGb: 0.1, restartCost: 0.25, embodiedGPerAcceleratorHour: 7 },
});
const { start } = study;
const at = (hours: number) => start + hours * HOUR;
const runAt = (site: string, from: number, until: number, accelerators: number, state = 'succeeded') => ({
  site,
  model: 'A100',
  accelerators,
  start: at(from),
  end: at(until),
  state,
});
const jobOf = (id: string, parts: Partial<JobRecord>): JobRecord => ({
  id,
  owner: 'ada',
  submittedAt: start,
  release: start,
  deadline: at(6),
  start: null,
  end: null,
  state: 'SUCCEEDED',
  reason: 'done',
  homeSite: 'site-1',
  lengthMs: HOUR,
  runs: [],
  actual: null,
  curtailedKwh: 0,
  price: 0,
  counterfactual: null,
  ...parts,
});
const slotOf = (site: string, hour: number, [curtailed, exportable, grid]: readonly [number, number, number]): SlotRecord => ({
  site,
  start: at(hour),
  drawKwh: { curtailed, exportable, grid },
  surplusKwh: 5,
  curtailedKwh: 2,
  importPrice: 80,
  carbonIntensity: 100,
});
const record = {
  policy: 'planner',
  end: at(20),
  jobs: [
    jobOf('job-0-seed1', {
      runs: [runAt('site-1', 1, 2, 2, 'checkpointed'), runAt('site-0', 3, 4, 2)],
      actual: { kWh: { surplus: 1, grid: 3 }, gCO2eq: { location: 300, marginal: 500, matched: 280 }, energyCost: 0.5 },
      curtailedKwh: 0.4,
    }),
    jobOf('job-1-seed1', {
      state: 'EXPIRED',
      runs: [runAt('site-1', 1, 2.5, 1, 'lost')],
      actual: { kWh: { surplus: 0, grid: 1 }, gCO2eq: { location: 100, marginal: null, matched: 100 }, energyCost: 0.1 },
    }),
  ],
  slots: [slotOf('site-1', 1, [0.4, 0.6, 2]), slotOf('site-0', 3, [0, 0, 2]), slotOf('site-0', 15, [0, 0, 0])],
} as unknown as RiverRecord;
const { run, study: own } = studyRunOf(study, record, 'persistence');
const { jobs, slots } = run.accounts;
const width = study.slots + study.tail;

describe('a record as a run', () => {
  test('has the homes that the river gave, and where it gave none those of the study', () =>
    expect([...own.workload.home]).toEqual([1, 1, 1]));

  test('says where a job ended, and when it held what', () => {
    expect([...run.runs.site]).toEqual([0, -1, -1]);
    expect([run.runs.start[0], [...(run.runs.pattern.get(0) ?? [])]]).toEqual([1, [2, 0, 2]]);
    expect([jobs.waitSlots[0], jobs.lateSlots[0], jobs.stops[0]]).toEqual([2, 1.5, 1]);
  });

  test('counts a job that did not come to its end as unplaced, with what it drew', () => {
    expect(run.metrics).toMatchObject({ jobs: 3, unplaced: 2, deadlineMisses: 2, moved: 1, starts: 3, stops: 1, gridKwh: 4 });
    expect([jobs.gridKwh[1], jobs.locationG[1], jobs.money[1]]).toEqual([1, 100, 0.1]);
  });

  test('keeps the books’ energy and carbon, and adds what they do not hold: transfer, restarts, making', () => {
    expect([jobs.curtailedKwh[0], jobs.exportableKwh[0], jobs.gridKwh[0]]).toEqual([0.4, 0.6, 3]);
    expect([jobs.locationG[0], jobs.marginalG[0], jobs.matchedG[0]]).toEqual([330, 530, 310]);
    expect(jobs.money[0]).toBeCloseTo(0.5 + 10 * 0.1 + 2 * 0.25, 12);
    expect([...jobs.embodiedG]).toEqual([4 * 7, 2 * 7, 0]);
    expect(run.metrics.marginalKg).toBeNaN(); // one job's is not known
  });

  test('lays the slots of the record on those of the study', () => {
    expect([slots.curtailedKw[width + 1], slots.exportableKw[width + 1], slots.gridKw[width + 1]]).toEqual([0.4, 0.6, 2]);
    expect([slots.gridKw[3], slots.curtailableKw[3]]).toEqual([2, 2]);
    expect([...slots.held.subarray(0, 5), ...slots.held.subarray(width, width + 5)]).toEqual([0, 0, 0, 2, 0, 0, 3, 1, 0, 0]);
  });
});
