/** A river in memory: what its record must say whoever plans. Two days of example jobs, and what is left of them. */
import { beforeAll, describe, expect, test } from 'vitest';
import { readScenario } from '../../cli/scenario-files.ts';
import { byPrices } from '../../scheduler/placement/clearing-rule.ts';
import { type RiverPolicy, riverPolicies, runRiver } from '../../simulator/river.ts';
import type { JobRecord, RiverRecord } from '../../simulator/river-record.ts';
import type { Scenario } from '../../simulator/scenario.ts';
import { DAY, HOUR, SLOT } from '../../units/time.ts';

const start = Date.UTC(2026, 5, 1);
async function scenarioOf(days: number, siteIds?: readonly string[]): Promise<Scenario> {
  const lengthMs = (days + 2) * DAY;
  const whole = await readScenario({ seed: 7, start, lengthMs, grid: undefined, jobs: undefined, optimize: 'balanced' });
  const sites = whole.sites.filter(({ site }) => siteIds?.includes(site.id) ?? true);
  return { ...whole, sites, traces: whole.traces.filter(({ zone }) => sites.some(({ site }) => site.zone === zone)) };
}
const wattHours = (kWh: number) => Math.round(kWh * 1_000);
const sum = <T>(items: readonly T[], of: (item: T) => number) => items.reduce((total, item) => total + of(item), 0);
const ran = ({ jobs }: RiverRecord) => jobs.filter(({ runs }) => runs.length > 0);
const nextSlot = (instant: number) => Math.ceil(instant / SLOT) * SLOT;

describe('two days of the river', () => {
  let scenario: Scenario;
  let record: RiverRecord;
  beforeAll(async () => {
    scenario = await scenarioOf(2);
    record = await runRiver(scenario, { days: 2 });
  }, 120_000);

  test('end when every job is over, booked and paid', () => {
    const { jobs, counters, arrivalsUntil, end, summary } = record;
    expect(arrivalsUntil).toBe(start + 2 * DAY);
    expect(end).toBeLessThan(arrivalsUntil + 2 * DAY);
    expect(counters.arrivals).toBe(48);
    expect(jobs.length + counters.refusedAtSubmission).toBe(counters.arrivals);
    expect(new Set(jobs.map(({ state }) => state))).toEqual(new Set(['SUCCEEDED']));
    expect(summary.jobs).toMatchObject({ submitted: 48, succeeded: 48, waiting: 0 });
    expect(counters.readings).toBe((6 * 2 * (end - start)) / (5 * 60_000));
    expect(counters.outlooks).toBe(6 * ((end - start) / HOUR + 1));
    expect(counters).toMatchObject({ quarantined: 0, periodsSettled: record.settlement.periods, ledgerEntries: summary.ledger.entries });
    expect(counters.leases).toBe(sum(jobs, ({ runs }) => runs.length));
  });

  test('ran each job in its time, in one place at a time', () => {
    expect(ran(record)).toHaveLength(48);
    for (const { release, deadline, start: from, end, runs, lengthMs } of record.jobs) {
      expect(from).toBeGreaterThanOrEqual(release);
      expect(end).toBeLessThanOrEqual(deadline);
      expect(sum(runs, (run) => (run.end ?? 0) - run.start)).toBeGreaterThanOrEqual(Math.min(lengthMs, (end ?? 0) - (from ?? 0)) / 4); // an elastic one is up to four times as fast
      for (const [i, run] of runs.slice(1).entries()) expect(run.start).toBeGreaterThanOrEqual(runs[i]?.end ?? Number.POSITIVE_INFINITY);
    }
  });

  test('balance: postings sum to zero, and jobs, slots and books tell of the same energy', () => {
    const { jobs, slots, summary } = record;
    expect(summary.ledger).toEqual({ entries: record.counters.ledgerEntries, balanced: true });
    const used = sum(slots, ({ drawKwh }) => wattHours(drawKwh.curtailed + drawKwh.exportable));
    expect(used).toBe(summary.energyWh.surplus);
    expect(sum(slots, ({ drawKwh }) => wattHours(drawKwh.grid))).toBe(summary.energyWh.grid);
    expect(sum(jobs, ({ actual }) => wattHours(actual?.kWh.surplus ?? 0))).toBe(summary.energyWh.surplus);
    expect(sum(jobs, ({ actual }) => wattHours(actual?.kWh.grid ?? 0))).toBe(summary.energyWh.grid);
    const metered = ({ kWh }: { kWh: { surplus: number; grid: number } }) => wattHours(kWh.surplus + kWh.grid);
    for (const { actual, counterfactual } of jobs) expect(metered(counterfactual ?? fail())).toBe(metered(actual ?? fail()));
    expect(sum(jobs, ({ actual }) => actual?.gCO2eq.location ?? 0)).toBeCloseTo(summary.carbonG.actual, 6);
    expect(summary.energyWh.surplus).toBeGreaterThan(10_000);
    expect(summary.energyWh.grid).toBeGreaterThan(1_000);
  });

  test('keep law 1: no slot gives more surplus than its meters vouch for, nor more than its panels could', () => {
    let curtailedUsed = 0;
    for (const { site: id, drawKwh, surplusKwh, curtailedKwh } of record.slots) {
      const { site } = scenario.sites.find((each) => each.site.id === id) ?? fail();
      const peakKw = sum(site.pv, (array) => array.peakKw);
      expect(wattHours(drawKwh.curtailed + drawKwh.exportable)).toBeLessThanOrEqual(wattHours(surplusKwh ?? 0));
      expect(surplusKwh ?? 0).toBeLessThanOrEqual((peakKw * SLOT) / HOUR);
      expect(curtailedKwh ?? 0).toBeLessThanOrEqual(surplusKwh ?? 0);
      expect(drawKwh.curtailed).toBeLessThanOrEqual(curtailedKwh ?? 0);
      curtailedUsed += drawKwh.curtailed;
    }
    expect(curtailedUsed).toBeGreaterThan(0);
    expect(record.slots).toHaveLength((6 * (record.end - start)) / SLOT);
  });

  test('keep law 2: no slot draws more than what was held in it can', () => {
    const runs = record.jobs.flatMap((job) => job.runs);
    for (const { site: id, start: slot, drawKwh } of record.slots) {
      const { site } = scenario.sites.find((each) => each.site.id === id) ?? fail();
      const held = runs.filter((run) => run.site === id && run.start < slot + SLOT && (run.end ?? record.end) > slot);
      const mostKw = sum(held, ({ model, accelerators }) => {
        const drawKw = site.accelerators.find((own) => own.model === model)?.drawKw ?? 0;
        return accelerators * (drawKw + site.idleKw) * site.pue;
      });
      expect(drawKwh.curtailed + drawKwh.exportable + drawKwh.grid).toBeLessThanOrEqual((mostKw * SLOT) / HOUR + 0.001 * held.length);
    }
  });

  test('keep law 6: paid is promised, promised is funded, and nobody is promised more than owners pay', () => {
    const { settlement, jobs } = record;
    const [funded, promised, paid, balance] = [settlement.funded, settlement.promised, settlement.paid, settlement.balance].map(BigInt) as [
      bigint,
      bigint,
      bigint,
      bigint,
    ];
    expect(paid).toBe(promised);
    expect(promised <= funded && balance === funded - paid).toBe(true);
    expect(settlement.providers.reduce((total, provider) => total + BigInt(provider.promised), 0n)).toBe(promised);
    expect(Number(promised)).toBeLessThanOrEqual(Math.round(sum(jobs, ({ price }) => price) * 1e6));
    expect(promised).toBeGreaterThan(0n);
  });
});

describe('a policy', () => {
  const days = 0.5;
  let scenario: Scenario;
  beforeAll(async () => {
    scenario = await scenarioOf(days, ['eu-rhine', 'us-bay']); // who between them run every example
  });
  const run = (policy: RiverPolicy) => runRiver(scenario, { days, policy });
  const runs = new Map<RiverPolicy, Promise<RiverRecord>>();
  const runOnce = (policy: RiverPolicy): Promise<RiverRecord> => {
    const known = runs.get(policy) ?? run(policy);
    runs.set(policy, known);
    return known;
  };
  const placesOf = ({ jobs }: RiverRecord) => jobs.map(({ id, runs }) => ({ id, runs }));

  test.each(riverPolicies)('%s takes every job to its end, with books that balance', { timeout: 60_000 }, async (policy) => {
    const record = await runOnce(policy);
    expect(record.policy).toBe(policy);
    expect(record.jobs.map(({ state }) => state)).toEqual(record.jobs.map(() => 'SUCCEEDED'));
    expect(record.summary).toMatchObject({ ledger: { balanced: true }, deadlines: { met: record.jobs.length, missed: 0 } });
  });

  test('gives the same bytes again, and another policy other runs of the same jobs', { timeout: 60_000 }, async () => {
    const [first, again, other] = [await runOnce('wait-awhile'), await run('wait-awhile'), await runOnce('planner')];
    expect(JSON.stringify(again)).toBe(JSON.stringify(first));
    expect(other.jobs.map(({ id, release }) => ({ id, release }))).toEqual(first.jobs.map(({ id, release }) => ({ id, release })));
    expect(placesOf(other)).not.toEqual(placesOf(first));
    expect(other.ledgerHead).not.toBe(first.ledgerHead);
  });

  test('that runs now starts each job at home, in the cycle behind its arrival, and so saves nothing', { timeout: 60_000 }, async () => {
    const { jobs, summary } = await runOnce('run-now');
    expect(summary.carbonG.actual / summary.carbonG.counterfactual).toBeCloseTo(1, 1);
    const began = ({ start: from, runs, counterfactual }: JobRecord) => ({ from, sites: runs.map(({ site }) => site), counterfactual });
    expect(jobs.length).toBeGreaterThan(8);
    for (const job of jobs) expect(began(job)).toMatchObject({ from: nextSlot(job.release), sites: [job.counterfactual?.site] });
  });

  test('of one’s own takes the planner’s seat', { timeout: 60_000 }, async () => {
    let asked = 0;
    const own: RiverPolicy = {
      name: 'own',
      clearing: (...market) => {
        asked++;
        return byPrices(...market);
      },
    };
    const [record, planned] = [await run(own), await runOnce('planner')];
    expect(record.policy).toBe('own');
    expect(asked).toBeGreaterThan(40);
    expect(record.ledgerHead).toBe(planned.ledgerHead);
  });
});

test('a river that is stopped records what was finished, and tells how far it is', async () => {
  const scenario = await scenarioOf(1);
  const seen: number[] = [];
  const record = await runRiver(scenario, { days: 1, progress: ({ at }) => seen.push(at), stopped: () => seen.length >= 3 });
  expect(seen).toEqual([1, 2, 3].map((hour) => start + hour * HOUR));
  expect(record).toMatchObject({ end: start + 3 * HOUR, summary: { ledger: { balanced: true } } });
  expect(record.counters).toMatchObject({ arrivals: 3, refusedAtSubmission: 0 }); // one an hour
});

const fail = (): never => {
  throw new Error('not there');
};
