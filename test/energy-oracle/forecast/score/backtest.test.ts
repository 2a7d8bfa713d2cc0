/** Backtest: it cannot look ahead, judges everybody on the same steps, and goes on where it was. */
import { describe, expect, test } from 'vitest';
import type { MemberForecast } from '../../../../energy-oracle/forecast/model/member-forecast.ts';
import {
  type BacktestPorts,
  type BacktestState,
  type BacktestTask,
  backtest,
  issuesOf,
  type Recalled,
} from '../../../../energy-oracle/forecast/score/backtest.ts';
import { judged } from '../../../../energy-oracle/forecast/score/tally.ts';
import { type Archive, type Dense, denseAt, knownAt } from '../../../../energy-oracle/forecast/target.ts';
import { DAY, HOUR, type Instant } from '../../../../units/time.ts';
import { plainCalibrator, plainPorts, plant, plantTask, quickModel, start } from './backtest-world.ts';

const may = Date.UTC(2022, 4, 1);
const june = Date.UTC(2022, 5, 1);

/** Every forecast that was asked for, by target and issue. */
async function forecastsOf(task: BacktestTask): Promise<Map<string, MemberForecast>> {
  const seen = new Map<string, MemberForecast>();
  const calibrator: BacktestPorts['calibrator'] = () => ({
    ...plainCalibrator(),
    apply: (forecast) => {
      seen.set(`${forecast.target.id} ${forecast.issuedAt}`, forecast);
      return forecast.members.net as Float64Array;
    },
  });
  await backtest(task, { ...plainPorts(), calibrator });
  return seen;
}

const spoiledAfter = ({ start, stepMs, values }: Dense, instant: Instant): Dense => ({
  start,
  stepMs,
  values: values.map((value, i) => (start + (i + 1) * stepMs > instant ? 1e6 - 7 * i : value)),
});

describe('a backtest', () => {
  test('sees nothing after an origin: garbage there changes no forecast made before it', async () => {
    const origin = Date.UTC(2022, 4, 20, 6);
    const task = plantTask();
    const spoiled = task.targets.map(({ archive, ...span }) => ({
      ...span,
      archive: { ...archive, history: spoiledAfter(archive.history, origin) },
    }));
    const [honest, other] = [await forecastsOf(task), await forecastsOf({ ...task, targets: spoiled })];
    const before = [...honest].filter(([, { issuedAt }]) => issuedAt <= origin);
    const after = [...honest].filter(([, { issuedAt }]) => issuedAt > origin);
    expect(before.length).toBe(2 * 78);
    for (const [key, forecast] of before) expect(other.get(key)?.members).toEqual(forecast.members);
    expect(after.some(([key, { members }]) => members.net?.[40] !== other.get(key)?.members.net?.[40])).toBe(true);
  });

  const leak = (recall: (archive: Archive, issuedAt: Instant) => Recalled) => backtest(plantTask(), { ...plainPorts(), recall });
  const oneMore = ({ values, ...grid }: Dense, issuedAt: Instant): Dense => ({
    ...grid,
    values: values.subarray(0, Math.round((issuedAt - grid.start) / grid.stepMs) + 1),
  });

  test('refuses a truth from the future, and names it', async () => {
    const value = denseAt(plant('south', 1).history, may);
    await expect(leak((archive, at) => ({ ...knownAt(archive, at), history: oneMore(archive.history, at) }))).rejects.toThrow(
      new RangeError(
        `south: history holds ${value} for 2022-05-01T00:00:00Z, which ended at 2022-05-01T01:00:00Z, after the issue of 2022-05-01T00:00:00Z`,
      ),
    );
  });

  test('refuses a companion from the future, and names it', async () => {
    const load = { start: may - DAY, stepMs: HOUR, values: new Float64Array(25).fill(7) };
    await expect(leak((archive, at) => ({ ...knownAt(archive, at), companions: { load } }))).rejects.toThrow(
      /south: companion load holds 7 for 2022-05-01T00:00:00Z, .* after the issue of 2022-05-01T00:00:00Z/,
    );
  });

  test('refuses a weather forecast that was issued after the origin, and names it', async () => {
    const signal = { start: may, stepMs: HOUR, values: new Float64Array(24).fill(12.5) };
    const issues = { ...signal, values: new Float64Array(24).fill(may + 3 * HOUR) };
    const told = (lateMs: number) =>
      leak((archive, at) => ({
        ...knownAt(archive, at),
        signals: { temperature_2m: signal },
        signalIssuedAt: { temperature_2m: { ...issues, values: issues.values.map((instant) => instant - lateMs) } },
      }));
    await expect(told(0)).rejects.toThrow(
      /south: signal temperature_2m holds 12.5 for 2022-05-01T00:00:00Z, which was issued at 2022-05-01T03:00:00Z, after/,
    );
    await expect(told(3 * HOUR)).resolves.toBeDefined();
  });

  test('refuses a model that learned from what came after its cut', async () => {
    const fit: BacktestPorts['fit'] = async (archives, until) => quickModel(archives, until + HOUR);
    await expect(backtest(plantTask(), { ...plainPorts(), fit })).rejects.toThrow(/it may know nothing after 2022-05-01T00:00:00Z/);
  });

  test('gives the fit what had ended by its cut', async () => {
    const cuts: [Instant, Instant][] = [];
    const fit: BacktestPorts['fit'] = async (archives, until) => {
      for (const { history } of archives) cuts.push([until, history.start + history.stepMs * history.values.length]);
      return quickModel(archives, until);
    };
    await backtest(plantTask({ refit: 'monthly' }), { ...plainPorts(), fit });
    expect(cuts).toEqual([
      [may, may],
      [may, may],
      [june, june],
      [june, june],
    ]);
  });

  test('teaches every step of every forecast once, and only when it is over', async () => {
    const taught = new Map<string, number>();
    let tooSoon = 0;
    const calibrator: BacktestPorts['calibrator'] = () => ({
      ...plainCalibrator(),
      learn: ({ target, issuedAt, start, stepMs }, actual, asOf) => {
        actual.forEach((value, step) => {
          if (Number.isNaN(value)) return;
          if (start + (step + 1) * stepMs > asOf) tooSoon++;
          const key = `${target.id} ${issuedAt} ${step}`;
          taught.set(key, (taught.get(key) ?? 0) + 1);
        });
      },
    });
    const task = plantTask();
    await backtest(task, { ...plainPorts(), calibrator });
    expect(tooSoon).toBe(0);
    expect([...taught.values()].every((times) => times === 1)).toBe(true);
    const issues = issuesOf(task, task.targets[0] as (typeof task.targets)[number]);
    const last = issues.at(-1) as Instant;
    const ended = issues.reduce((sum, at) => sum + Math.min(48, (last - at) / HOUR), 0);
    expect(taught.size).toBe(2 * ended);
  });

  test('judges everybody on the same steps', async () => {
    const task = plantTask();
    const { targets } = await backtest(task, plainPorts());
    expect(targets.map(({ target, issues }) => [target, issues])).toEqual([
      ['south', 153],
      ['north', 153],
    ]);
    for (const { judged: reports } of targets)
      for (const name of judged) {
        expect(reports[name].overall).toMatchObject({ count: 153 * 48, skipped: 0 });
        expect(reports[name].leadDays.map(([day, { count }]) => [day, count])).toEqual([
          [1, 153 * 24],
          [2, 153 * 24],
        ]);
      }
  });

  test('judges a surplus above zero only', async () => {
    const { targets } = await backtest(plantTask({ scoredAs: 'surplus' }, 'net'), plainPorts('net'));
    const { judged: reports, outOfBounds } = targets[0] as (typeof targets)[number];
    expect(outOfBounds).toBe(0);
    expect(reports.final.hourBands.find(([band]) => band === 'night')?.[1].mae).toBeLessThan(1);
  });

  test('asks at the instants a market has, when it has its own', async () => {
    const [first, second] = [may + 22 * HOUR, may + 3 * DAY + 23 * HOUR];
    const task = plantTask();
    const targets = task.targets.map((target) => ({ ...target, issues: [first, second, target.to - HOUR] }));
    const asked = await forecastsOf({ ...task, targets });
    expect([...asked.values()].map(({ issuedAt }) => issuedAt)).toEqual([first, second, first, second]);
  });

  test('counts issues that it had to refuse, and says why', async () => {
    const task = plantTask();
    const torn = task.targets.map(({ archive, ...span }) => {
      const values = archive.history.values.slice();
      values.fill(Number.NaN, (may + 10 * DAY - start) / HOUR, (may + 16 * DAY - start) / HOUR);
      return { ...span, archive: { ...archive, history: { ...archive.history, values } } };
    });
    const [{ refused, refusal, judged: reports }] = (await backtest({ ...task, targets: torn }, plainPorts())).targets as [never];
    expect(refused).toBeGreaterThan(0);
    expect(refusal).toMatch(/^south \(pv\): \d+ of \d+ daylight values of the last 7 days before/);
    expect((reports as Record<string, { overall: { count: number } }>)['final']?.overall.count).toBeLessThan(
      (153 - (refused as number)) * 48,
    );
  });

  test('wants targets it can tell apart', async () => {
    const task = plantTask();
    await expect(backtest({ ...task, targets: [...task.targets, ...task.targets] }, plainPorts())).rejects.toThrow(/ids of their own/);
  });
});

describe('an interrupted backtest', () => {
  const states = async (task: BacktestTask) => {
    const saved: string[] = [];
    const report = await backtest(task, plainPorts(), { onState: (state) => void saved.push(JSON.stringify(state)) });
    return { saved, report };
  };

  test('goes on from any of its states to the same report', async () => {
    const task = plantTask({ refit: 'monthly' });
    const { saved, report } = await states(task);
    expect(saved.length).toBe(4);
    for (const text of saved) {
      const from = JSON.parse(text) as BacktestState;
      expect(await backtest(task, plainPorts(), { from })).toEqual(report);
    }
  });

  test('does not fit for months that are done', async () => {
    const task = plantTask({ refit: 'monthly' });
    const { saved } = await states(task);
    const cuts: Instant[] = [];
    const fit: BacktestPorts['fit'] = async (archives, until) => {
      cuts.push(until);
      return quickModel(archives, until);
    };
    await backtest(task, { ...plainPorts(), fit }, { from: JSON.parse(saved[1] as string) as BacktestState });
    expect(cuts).toEqual([june]);
  });

  test('refuses a state of another task', async () => {
    const { saved } = await states(plantTask());
    const from = JSON.parse(saved[0] as string) as BacktestState;
    await expect(backtest(plantTask({ name: 'others' }), plainPorts(), { from })).rejects.toThrow(/of task plants, asked was others/);
  });
});
