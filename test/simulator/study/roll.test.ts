/** A study from slot to slot, by hand: who waits, what is committed, and what a deadline that was missed comes to. */
import { describe, expect, test } from 'vitest';
import type { Assignment } from '../../../scheduler/placement/market.ts';
import { perfect } from '../../../simulator/study/belief.ts';
import { type Asked, type Policy, PolicyFault, policies } from '../../../simulator/study/policy.ts';
import { foresee, roll } from '../../../simulator/study/roll.ts';
import { type PlainStudy, studyOf } from './studies.ts';

const policy = (name: string) => policies.get(name) as Policy;
const startsOf = (name: string, plain: PlainStudy) => [...roll(studyOf(plain), { policy: policy(name), forecaster: perfect }).start];
const valley = { carbonIntensity: [500, 400, 100, 100, 400, 500] };

describe('a policy', () => {
  test.each([
    { name: 'run-now', want: [0] },
    { name: 'lowest-window', want: [2] },
    { name: 'planner', want: [2] },
  ])('$name starts a job of two slots in slot $want of a valley', ({ name, want }) => {
    expect(startsOf(name, { sites: [valley], jobs: [{ release: 0, length: 2, end: 6 }] })).toEqual(want);
  });

  test('waits for accelerators that another job holds', () => {
    const jobs = [
      { release: 0, length: 2, end: 6 },
      { release: 0, length: 2, end: 6 },
    ];
    expect(startsOf('run-now', { sites: [{ ...valley, accelerators: 1 }], jobs }).sort()).toEqual([0, 2]);
  });

  test.each(['planner', 'lowest-window'])('%s runs a job however dear it is in the accounting currency', (name) => {
    const sites = [{ ...valley, price: new Array(6).fill(1e9) }]; // of 1 kW: a million a slot
    const runs = roll(studyOf({ sites, jobs: [{ release: 0, length: 2, end: 6 }] }), { policy: policy(name), forecaster: perfect });
    expect([...runs.site]).toEqual([0]);
  });

  test('is not told of a job before its release', () => {
    const seen: number[][] = [];
    const jobs = [
      { release: 0, length: 1, end: 6 },
      { release: 3, length: 1, end: 6 },
    ];
    const study = studyOf({ sites: [valley], jobs });
    const decide = policy('run-now').open(study);
    const open = () => (asked: Asked) => {
      seen.push([asked.first, ...asked.jobs]);
      return decide(asked);
    };
    roll(study, { policy: { name: 'spy', isReplanned: false, open }, forecaster: perfect });
    expect(seen).toEqual([
      [0, 0],
      [3, 1],
    ]);
  });

  test('does not run in a slot that the record does not have', () => {
    const sites = [{ carbonIntensity: [Number.NaN, 400, Number.NaN, 100, 100, 500] }];
    expect(startsOf('run-now', { sites, jobs: [{ release: 0, length: 2, end: 6 }] })).toEqual([3]);
  });

  test('is asked again about what has not started when it replans, and only then', () => {
    const askedOf = (name: string) => {
      const study = studyOf({ sites: [valley], jobs: [{ release: 0, length: 2, end: 6 }] });
      const firsts: number[] = [];
      const { isReplanned, open } = policy(name);
      const spied = (asked: Asked) => {
        firsts.push(asked.first);
        return open(study)(asked);
      };
      roll(study, { policy: { name, isReplanned, open: () => spied }, forecaster: perfect });
      return firsts;
    };
    expect(askedOf('planner')).toEqual([0, 1, 2]);
    expect(askedOf('lowest-window')).toEqual([0]);
  });

  test('gives a job that cannot keep its deadline its grace, and every policy the same work', () => {
    const jobs = [
      { release: 0, length: 3, end: 3 },
      { release: 0, length: 3, end: 3 },
    ];
    const runs = roll(studyOf({ sites: [{ carbonIntensity: [1, 1, 1, 1, 1, 1, 1, 1], accelerators: 1 }], jobs, tail: 4, graceSlots: 4 }), {
      policy: policy('planner'),
      forecaster: perfect,
    });
    expect([...runs.start].sort()).toEqual([0, 3]);
    expect([...runs.site]).toEqual([0, 0]);
  });
});

describe('a plan that cannot be', () => {
  const planned = (assignment: Partial<Record<keyof Assignment, unknown>>): Policy => ({
    name: 'wild',
    isReplanned: false,
    open: () => () => ({ option: Int32Array.of(0), start: Int32Array.of(0), pattern: [undefined], ...assignment }) as Assignment,
  });
  const run = (wild: Policy, accelerators = 1) =>
    roll(studyOf({ sites: [{ ...valley, accelerators }], jobs: [{ release: 0, length: 2, end: 4, accelerators: 2 }] }), {
      policy: wild,
      forecaster: perfect,
    });

  test('is refused when it takes more accelerators than there are', () => {
    expect(() => run(planned({}))).toThrow(/wild: job-0 would make 2 of 1 accelerators held at site-0/);
  });
  test('is refused when it leaves the window', () => {
    expect(() => run(planned({ start: Int32Array.of(3) }), 2)).toThrow(PolicyFault);
    expect(() => run(planned({ start: Int32Array.of(3) }), 2)).toThrow(/slots 3 to 5, outside its window/);
  });
});

describe('the clairvoyant', () => {
  test('leaves room for a job that nobody has heard of yet', () => {
    const sites = [{ carbonIntensity: [300, 100, 100, 300], accelerators: 1 }];
    const jobs = [
      { release: 0, length: 2, end: 4 },
      { release: 1, length: 1, end: 2 },
    ];
    const { runs, bound } = foresee(studyOf({ sites, jobs }));
    expect([...runs.start]).toEqual([2, 1]);
    expect(bound).toBeLessThanOrEqual(0.5 + 1e-9); // kg at 1 a kg: 100 + 300 and 100 g
  });

  test('does the same work as a policy when grace is not enough for all', () => {
    const jobs = [0, 0, 0].map((release) => ({ release, length: 3, end: 3 }));
    const study = studyOf({ sites: [{ carbonIntensity: new Array(12).fill(1), accelerators: 1 }], jobs, tail: 9, graceSlots: 3 });
    const starts = [0, 3, 6];
    expect([...roll(study, { policy: policy('planner'), forecaster: perfect }).start].sort()).toEqual(starts);
    const { runs } = foresee(study);
    expect([...runs.site]).toEqual([0, 0, 0]);
    expect([...runs.start].sort()).toEqual(starts);
  });
});
