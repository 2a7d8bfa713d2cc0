/** Own policies: what authors are given, what they may answer, and how a wrong answer is told. */
import { describe, expect, test } from 'vitest';
import { readScenarioFile } from '../../../simulator/scenario-file.ts';
import { perfect, persistence } from '../../../simulator/study/belief.ts';
import { type OwnJob, type OwnMoment, type OwnPolicy, type OwnSite, ownPolicy } from '../../../simulator/study/own-policy.ts';
import { type Policy, PolicyFault, policies } from '../../../simulator/study/policy.ts';
import { jobsOf, prepare, recordsNeeded, zonesOf } from '../../../simulator/study/prepare.ts';
import { runStudy } from '../../../simulator/study/run.ts';
import type { Study } from '../../../simulator/study/study.ts';
import { calibratedStatistics, syntheticYear } from '../../../simulator/traces/synthetic.ts';
import { DAY, HOUR } from '../../../units/time.ts';

/** A day of hours at the demo sites. */
function studyOf(jobs: Record<string, unknown> = {}, seed = 1): Study {
  const reading = readScenarioFile({ name: 'own', for: '1d', slot: '1h', jobs });
  if (reading.kind === 'refused') throw new Error(JSON.stringify(reading.fields));
  const { scenario } = reading;
  const trace = jobsOf(scenario, undefined, seed);
  const { start, end } = recordsNeeded(scenario, trace);
  const days = Math.ceil((end - start) / DAY);
  const traces = syntheticYear({ zones: zonesOf(scenario), start, days, seed, statistics: calibratedStatistics() });
  return prepare(scenario, traces, trace, seed).study;
}
const study = studyOf();
const pausing = studyOf({ interruptible: 1 });

const earliestAt = (site: OwnSite, job: OwnJob): number => {
  for (let start = site.earliest; start + job.slots <= site.end; start++) if (site.hasRoom(start)) return start;
  return Number.POSITIVE_INFINITY;
};
/** As the built-in policy is documented: at home as soon as there is room; without room there, wherever it can start first. */
const runNow: OwnPolicy = (job, sites) => {
  const home = sites.filter(({ id }) => id === job.home);
  const [best] = [home, sites].flatMap((of) => {
    const starts = of.map((site) => ({ site: site.id, start: earliestAt(site, job) }));
    const first = Math.min(...starts.map(({ start }) => start));
    return starts.filter(({ start }) => start === first && start < Number.POSITIVE_INFINITY).slice(0, 1);
  });
  return best;
};

/** Runs a policy that notes what it is given of its first job. */
function firstAsked(of: Study): { job: OwnJob; sites: readonly OwnSite[]; now: OwnMoment } {
  const seen: { job: OwnJob; sites: readonly OwnSite[]; now: OwnMoment }[] = [];
  const place: OwnPolicy = (job, sites, now) => {
    if (seen.length === 0) seen.push(structuredClone({ job, now, sites: sites.map(({ hasRoom: _, ...plain }) => plain) }) as never);
    return runNow(job, sites, now);
  };
  runStudy(of, ownPolicy('noting', place), perfect);
  return seen[0] as (typeof seen)[number];
}

const faultOf = (policy: Policy, of = study): PolicyFault => {
  try {
    runStudy(of, policy, perfect);
  } catch (fault) {
    if (fault instanceof PolicyFault) return fault;
    throw fault;
  }
  throw new Error('ran without a fault');
};

describe('an own policy', () => {
  test.each([1, 2, 3])('that does what run-now does gives the same runs and numbers, seed %i', (seed) => {
    const crowded = studyOf({ drawn: { per_hour: 40, accelerators: [4, 8, 16] } }, seed); // homes are full, deadlines missed
    const builtin = runStudy(crowded, policies.get('run-now') as Policy, persistence);
    const own = runStudy(crowded, ownPolicy('run-now', runNow), persistence);
    expect(own.metrics.moved).toBeGreaterThan(0);
    expect(own).toEqual(builtin);
  });

  test('is given the job in hours, instants and names', () => {
    const { job, now } = firstAsked(study);
    const { workload } = study;
    expect(job).toEqual({
      id: workload.id[0],
      accelerators: workload.accelerators[0],
      slots: workload.length[0],
      hours: workload.length[0], // a slot is an hour
      interruptible: false,
      deadline: study.start + (workload.end[0] as number) * HOUR,
      home: study.sites[workload.home[0] as number]?.id,
      gigabytes: 0,
    });
    expect(now.at).toBe(study.start + Math.max(0, workload.release[0] as number) * HOUR);
    expect(now).toMatchObject({ slotHours: 1, cycleSlots: 1, slots: study.horizonSlots });
  });

  test('is given what each site is believed to have from now on', () => {
    const { sites, now } = firstAsked(study);
    const first = (now.at - study.start) / HOUR;
    const { truth } = study;
    sites.forEach((site, at) => {
      const from = at * truth.slots + truth.lead + first;
      expect(site).toMatchObject({ id: study.sites[at]?.id, zone: study.sites[at]?.zone });
      expect(site.price).toEqual([...truth.price.subarray(from, from + now.slots)]);
      expect(site.carbonIntensity).toEqual([...truth.carbonIntensity.subarray(from, from + now.slots)]);
      expect(site.surplusKw).toEqual([...truth.netKw.subarray(from, from + now.slots)].map((kw) => Math.max(0, kw)));
      expect(site.free[0]).toBe(study.sites[at]?.accelerators);
    });
  });

  test('is asked again for a job it lets wait, cycle by cycle', () => {
    const asked = new Map<string, number>();
    const third: OwnPolicy = (job, sites, now) => {
      asked.set(job.id, (asked.get(job.id) ?? 0) + 1);
      return asked.get(job.id) === 3 ? runNow(job, sites, now) : undefined;
    };
    const roomy = studyOf({ drawn: { per_hour: 0.5, accelerators: [1] } });
    const { runs } = runStudy(roomy, ownPolicy('third', third), perfect);
    expect(new Set(asked.values())).toEqual(new Set([3]));
    expect([...runs.start]).toEqual([...roomy.workload.release].map((release) => Math.max(0, release) + 2));
  });

  test('may plan ahead and think again, when it says so', () => {
    const asked: string[] = [];
    const late: OwnPolicy = (job, sites) => {
      asked.push(job.id);
      return { site: job.home, start: (sites[0]?.end as number) - job.slots };
    };
    const small = studyOf({ drawn: { per_hour: 0.2, accelerators: [1] } });
    runStudy(small, ownPolicy('late', late), perfect);
    expect(asked).toHaveLength(small.workload.count);
    asked.length = 0;
    const { runs } = runStudy(small, ownPolicy('late', late, true), perfect);
    expect(asked.length).toBeGreaterThan(small.workload.count);
    expect([...runs.start]).toEqual([...small.workload.end].map((end, job) => end - (small.workload.length[job] as number)));
  });

  test('may name every slot of a job that pauses', () => {
    const everyOther: OwnPolicy = (job, sites) => {
      const home = sites.find(({ id }) => id === job.home) as OwnSite;
      return { site: job.home, slots: Array.from({ length: job.slots }, (_, i) => home.earliest + 2 * i) };
    };
    const roomy = studyOf({ interruptible: 1, drawn: { per_hour: 0.5, length: '2h', length_spread: 0, accelerators: [1] } });
    const { metrics, runs } = runStudy(roomy, ownPolicy('every-other', everyOther), perfect);
    expect(metrics.stops).toBe(roomy.workload.count);
    expect([...runs.pattern.values()].every((pattern) => [...pattern].join() === '1,0,1')).toBe(true);
  });

  const narrow: OwnPolicy = (_job, sites) => {
    for (const site of sites) (site.free as number[]).fill(1_000); // what authors do to their arrays moves no accelerator
    return { site: sites[0]?.id as string, start: 0 };
  };
  test.each<{ name: string; place: (job: OwnJob, sites: readonly OwnSite[]) => unknown; says: RegExp; of?: Study }>([
    { name: 'a number', place: () => 42, says: /answered for job-\d+: found 42; allowed: \{site, start\}/ },
    { name: 'null', place: () => null, says: /found null; allowed/ },
    { name: 'a promise', place: async () => undefined, says: /found a promise \(place answers at once, without async\)/ },
    { name: 'a site alone', place: ({ home }) => ({ site: home }), says: /found \{"site":"[^"]+"\}; allowed/ },
    { name: 'a start and slots', place: ({ home }) => ({ site: home, start: 0, slots: [0] }), says: /allowed: \{site, start\}, / },
    { name: 'half a slot', place: ({ home }) => ({ site: home, start: 0.5 }), says: /found .*0\.5.*; allowed/ },
    { name: 'no such site', place: () => ({ site: 'moon', start: 0 }), says: /found site "moon"; allowed: eu-rhine, / },
    {
      name: 'the past',
      place: ({ home }) => ({ site: home, start: -1 }),
      says: /found start -1 at .*; allowed: \d+ slots within 0 to \d+/,
    },
    { name: 'beyond the deadline', place: ({ home }) => ({ site: home, start: 10_000 }), says: /found start 10000 at .*within 0 to/ },
    {
      name: 'too few slots',
      place: ({ home }) => ({ site: home, slots: [] }),
      says: /found slots \[\]; allowed: \d+ different slots in order/,
    },
    {
      name: 'a pause that is not allowed',
      place: ({ home, slots }) => ({ site: home, slots: Array.from({ length: slots }, (_, i) => (i === 0 ? 0 : i + 1)) }),
      says: /allowed: slots without a break: this job is not interruptible/,
      of: studyOf({ drawn: { length: '3h', length_spread: 0 } }),
    },
    {
      name: 'slots out of order',
      place: ({ home, slots }) => ({ site: home, slots: Array.from({ length: slots }, (_, i) => slots - i) }),
      says: /different slots in order/,
      of: studyOf({ interruptible: 1, drawn: { length: '3h', length_spread: 0 } }),
    },
    {
      name: 'what nobody has free',
      place: narrow as never,
      says: /found slot \d+ at .*, where \d+ accelerators are free; allowed: slots with \d+ free/,
      of: studyOf({ drawn: { per_hour: 60 } }),
    },
  ])('is refused $name', ({ place, says, of }) => expect(faultOf(ownPolicy('mine', place as OwnPolicy), of).message).toMatch(says));

  test('that throws is named, with the job and the cause', () => {
    const cause = new TypeError('x is not a function');
    const fault = faultOf(
      ownPolicy('./mine.ts', () => {
        throw cause;
      }),
      pausing,
    );
    expect(fault.message).toMatch(/^policy \.\/mine\.ts: threw on job-\d+: x is not a function$/);
    expect(fault).toMatchObject({ policy: './mine.ts', cause });
  });
});
