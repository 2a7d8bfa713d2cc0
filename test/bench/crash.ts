/**
 * Crash: a live river is killed -9 at drawn moments, started again each time, and asked what it still knows.
 *
 * Jobs are shell scripts that mark a file ten times a second, so that two runs of one job at a time would show in the
 * order of the marks. Everything is counted from outside: HTTP, the marks, the process list. Timings are of this
 * machine and moment; the counts are not.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomStream } from '../../simulator/kernel/random.ts';
import { dataFolder, type LiveRiver, noArrivals, runsAlive, startRiver, untilGone } from '../fixtures/river.ts';
import type { Bar } from './main.ts';

/** A quarter hour in one and a half seconds. */
const speed = 600;
const submitEveryMs = 250;
const livesMs = { min: 1_500, max: 6_000 };
/** Long enough for every lost run to run again. */
const finishMsMax = 120_000;
/** How long orphans are watched before they are counted. */
const orphanMsMax = 10_000;
export const orphanMsTarget = 3_000;
export const stopMsTarget = 5_000;

export interface CrashReport {
  readonly kills: number;
  readonly acknowledged: number;
  /** Acknowledged jobs that a later life did not know. */
  readonly forgotten: readonly string[];
  /** Acknowledged jobs that were not over when everything had time to end. */
  readonly unfinished: readonly string[];
  readonly succeeded: number;
  /** Runs of one job that were alive together, by the marks or by the process list. */
  readonly overlaps: readonly string[];
  /** Runs that began in one life and again in a later one. */
  readonly repeatedRuns: number;
  /** Per kill: how long until nothing of that life was left, and what was left at the limit. */
  readonly orphans: readonly { readonly whom: string; readonly tookMs: number; readonly left: readonly string[] }[];
  readonly balanced: boolean;
  readonly resumeMs: readonly number[];
  readonly stop: { readonly code: number | null; readonly tookMs: number; readonly left: readonly string[] };
}

/** A job of some seconds that marks its beats; a stubborn one will not be told to stop. */
const beating = (name: string, marks: string, seconds: number, stubborn: boolean) => ({
  name,
  resources: { accelerators: 'A100:1' },
  envs: { MARKS: marks, BEATS: seconds * 10 },
  run: [
    stubborn ? "trap '' TERM" : '',
    'mark() { echo "$1 $SUNWARD_JOB $SUNWARD_RUN $$" >> "$MARKS"; }',
    'mark start',
    'for beat in $(seq 1 "$BEATS"); do sleep 0.1; mark beat; done',
    'mark stop',
  ].join('\n'),
  max_duration: '1h',
  policy: { optimize: { carbon_price_per_kg: 0, wait_price_per_hour: 10 }, deadline: '+10d' },
});

/** Pairs of runs of one job whose marks are mixed: the second began before the first was heard for the last time. */
export function mixedRuns(marks: string): string[] {
  const lines = marks.split('\n').filter(Boolean);
  const last = new Map<string, number>();
  const runsOf = new Map<string, Map<string, number>>(); // job → run → first mark
  for (const [index, line] of lines.entries()) {
    const [, job = '', run = ''] = line.split(' ');
    last.set(run, index);
    const runs = runsOf.get(job) ?? new Map<string, number>();
    runsOf.set(job, runs);
    if (!runs.has(run)) runs.set(run, index);
  }
  return [...runsOf.values()].flatMap((runs) => {
    const inOrder = [...runs].sort((a, b) => a[1] - b[1]);
    return inOrder.flatMap(([run], i) => {
      const next = inOrder[i + 1];
      return next && (last.get(run) ?? 0) > next[1] ? [`${run} and ${next[0]}`] : [];
    });
  });
}

/** Lives `kills` lives that end by kill -9 and one that ends by Ctrl-C, in one data folder. */
export async function crash({ kills, seed, tell }: { kills: number; seed: number; tell: (line: string) => void }): Promise<CrashReport> {
  const draw = randomStream(seed, 'crash');
  const data = dataFolder();
  const [folder, marks] = [join(data.path, 'data'), join(data.path, 'marks')];
  const acknowledged: string[] = [];
  const forgotten = new Set<string>();
  const overlaps = new Set<string>();
  const orphans: CrashReport['orphans'][number][] = [];
  const resumeMs: number[] = [];
  const args = ['--jobs', noArrivals(data.path)];
  const live = async (): Promise<LiveRiver> => {
    const began = performance.now();
    const river = await startRiver({ folder, speed, args });
    resumeMs.push(performance.now() - began);
    for (const id of acknowledged) if (!(await river.job(id))) forgotten.add(id);
    return river;
  };
  const look = () => {
    for (const [job, runs] of runsAlive(folder)) if (runs.size > 1) overlaps.add(`${job}: ${[...runs].join(' and ')}`);
  };
  let river: LiveRiver | undefined;
  try {
    for (let kill = 0; kill < kills; kill++) {
      river = await live();
      const current = river;
      let living = true;
      const submitting = (async () => {
        for (let n = 0; living; n++) {
          const id = await current.submit(beating(`beat-${kill}-${n}`, marks, draw.pick([1, 2, 4]), n % 5 === 4));
          if (id) acknowledged.push(id);
          look();
          await sleep(submitEveryMs);
        }
      })();
      const lifeMs = livesMs.min + draw.uniform() * (livesMs.max - livesMs.min);
      await sleep(lifeMs);
      const family = current.family();
      const whom = draw.pick(['group', 'main'] as const);
      await current.kill(whom);
      river = undefined;
      living = false;
      const { tookMs, left } = await untilGone(family, folder, orphanMsMax);
      await submitting;
      orphans.push({ whom, tookMs, left: left.map(({ pid, command }) => `${pid} ${command}`) });
      tell(
        `kill ${kill + 1} of ${kills}: ${whom} after ${lifeMs.toFixed(0)} ms, ${acknowledged.length} jobs so far, gone in ${tookMs.toFixed(0)} ms`,
      );
    }
    river = await live();
    const open = await finish(river, acknowledged, look);
    const summary = await river.summary();
    const states = await Promise.all(acknowledged.map(async (id) => (await river?.job(id))?.state));
    const family = river.family();
    const stopped = await river.interrupt();
    river = undefined;
    const left = await untilGone(family, folder, orphanMsTarget);
    const marked = existsSync(marks) ? readFileSync(marks, 'utf8') : '';
    for (const pair of mixedRuns(marked)) overlaps.add(pair);
    const starts = marked.split('\n').filter((line) => line.startsWith('start '));
    return {
      kills,
      acknowledged: acknowledged.length,
      forgotten: [...forgotten],
      unfinished: open,
      succeeded: states.filter((state) => state === 'SUCCEEDED').length,
      overlaps: [...overlaps],
      repeatedRuns: starts.length - new Set(starts.map((line) => line.split(' ')[1])).size,
      orphans,
      balanced: summary.ledger.balanced && summary.ledger.entries > 0,
      resumeMs,
      stop: { ...stopped, left: left.left.map(({ pid, command }) => `${pid} ${command}`) },
    };
  } finally {
    await river?.kill('group').catch(() => undefined);
    await untilGone([], folder, orphanMsMax);
    data.remove();
  }
}

/** Waits until every acknowledged job is over; those that are not in time. */
async function finish(river: LiveRiver, ids: readonly string[], look: () => void): Promise<string[]> {
  let open = [...ids];
  for (const deadline = Date.now() + finishMsMax; open.length > 0 && Date.now() < deadline; await sleep(500)) {
    look();
    const jobs = await Promise.all(open.map((id) => river.job(id)));
    open = jobs.flatMap((job) => (job && !['SUCCEEDED', 'FAILED', 'CANCELLED', 'EXPIRED'].includes(job.state) ? [job.id] : []));
  }
  return open;
}

/** The bars of five kills. `json` keeps stderr quiet. */
export async function benchCrash({ json, seed = 1 }: { json: boolean; seed?: number }): Promise<Bar[]> {
  const tell = (line: string) => {
    if (!json) process.stderr.write(`${line}\n`);
  };
  const report = await crash({ kills: 5, seed, tell });
  const none = (bar: string, value: number): Bar => ({ bar, value, unit: '', target: '0', holds: value === 0 });
  const slowest = Math.max(...report.orphans.map(({ tookMs }) => tookMs));
  return [
    { bar: 'jobs acknowledged before kill -9', value: report.acknowledged, unit: 'jobs', target: '> 0', holds: report.acknowledged > 0 },
    none('acknowledged jobs forgotten', report.forgotten.length),
    none('acknowledged jobs that did not end', report.unfinished.length),
    none('runs of one job alive together', report.overlaps.length),
    none('orphans left', report.orphans.reduce((sum, { left }) => sum + left.length, 0) + report.stop.left.length),
    {
      bar: 'last orphan gone after kill -9',
      value: Math.round(slowest),
      unit: 'ms',
      target: `≤ ${orphanMsTarget}`,
      holds: slowest <= orphanMsTarget,
    },
    { bar: 'ledger balanced after five kills', value: report.balanced ? 1 : 0, unit: '', target: '1', holds: report.balanced },
    {
      bar: 'Ctrl-C to exit 0',
      value: Math.round(report.stop.tookMs),
      unit: 'ms',
      target: `≤ ${stopMsTarget}`,
      holds: report.stop.code === 0 && report.stop.tookMs <= stopMsTarget,
    },
  ];
}
