/**
 * Sizes: how long a plan takes, how far from the best it can be and what memory it needs, by instance.
 *
 * Every instance is cleared in a process of its own (`plan-clearing.ts`). Memory is that process' peak resident set after
 * its first clearing, Node and tsx and the market's columns with it (the row tells what an empty process takes); building
 * the instance from records happens here and does not count.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serialize } from 'node:v8';
import type { Effort } from '../../scheduler/placement/clear.ts';
import type { Market } from '../../scheduler/placement/market.ts';
import { rounded } from './forecast-grids.ts';
import type { Bar } from './main.ts';
import type { Measured, Work } from './plan-clearing.ts';
import { type PlanInstance, planInstance } from './plan-instances.ts';

interface Size {
  readonly name: string;
  readonly instance: Omit<PlanInstance, 'seed'>;
  readonly effort: Effort;
  readonly times: number;
  /** Bars; what is absent is shown and not judged. */
  readonly gapMax?: number;
  readonly secondsMax?: number;
  readonly mbMax?: number;
  readonly warmMsMax?: number;
  readonly isUnplacedJudged?: boolean;
}

const contiguous = { jobs: 10_000, utilisation: 0.7, kind: 'contiguous' } as const;
const times = 5;
const sizes: readonly Size[] = [
  { name: '1,000 contiguous, 70 %', instance: { ...contiguous, jobs: 1_000 }, effort: 'quick', times },
  {
    name: '10,000 contiguous, 70 %',
    instance: contiguous,
    effort: 'quick',
    times,
    gapMax: 0.02,
    secondsMax: 2,
    mbMax: 300,
    warmMsMax: 200,
  },
  { name: '10,000 contiguous, 70 %, thorough', instance: contiguous, effort: 'thorough', times, gapMax: 0.01, secondsMax: 5 },
  {
    name: '10,000 contiguous, 90 %',
    instance: { ...contiguous, utilisation: 0.9 },
    effort: 'quick',
    times,
    gapMax: 0.05,
    isUnplacedJudged: true,
  },
  {
    name: '10,000 interruptible, 70 %',
    instance: { ...contiguous, kind: 'interruptible' },
    effort: 'quick',
    times,
    gapMax: 0.005,
    secondsMax: 2,
  },
  { name: '100,000 contiguous, 70 %', instance: { ...contiguous, jobs: 100_000 }, effort: 'quick', times: 3, gapMax: 0.03, secondsMax: 30 },
];

/** From this slot on the changed site's signals are others: its next two hours stay as they were published. */
const changedFrom = 8;
const changedSite = 0;
const changedBy = 1.2;

/** The same market after one site's prices and intensities went up by a fifth. */
function withChangedSignals(market: Market): Market {
  const { offers } = market;
  const { slots } = offers;
  const raised = (values: Float64Array) =>
    values.map((value, cell) => {
      const isChanged = Math.floor(cell / slots) === changedSite && cell % slots >= changedFrom;
      return isChanged ? value * changedBy : value;
    });
  return { ...market, offers: { ...offers, importPrice: raised(offers.importPrice), carbonIntensity: raised(offers.carbonIntensity) } };
}

/** Runs one clearing script; what it measured. */
async function measured(work: Work): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'sunward-plan-'));
  try {
    const file = join(folder, 'work');
    writeFileSync(file, serialize(work));
    const script = new URL('./plan-clearing.ts', import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, file]);
    return JSON.parse(stdout) as Measured;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const atMost = (bar: string, value: number, unit: string, most: number, digits = 2): Bar => ({
  bar,
  value: rounded(value, digits),
  unit,
  target: `<= ${most}`,
  holds: value <= most,
});

function barsOf({ name, gapMax, secondsMax, mbMax, warmMsMax, isUnplacedJudged, times: of }: Size, found: Measured): Bar[] {
  const { cold, warm, unplacedAtBest, peakMb, emptyMb } = found;
  const bars: Bar[] = [];
  if (gapMax !== undefined) bars.push(atMost(`${name}: gap (${cold.unplaced} unplaced)`, 100 * cold.gap, '%', 100 * gapMax));
  if (secondsMax !== undefined) bars.push(atMost(`${name}: cold, median of ${of}`, cold.ms / 1_000, 's', secondsMax));
  if (mbMax !== undefined)
    bars.push(atMost(`${name}: peak resident set of a process that clears it (empty: ${emptyMb.toFixed(0)})`, peakMb, 'MB', mbMax, 0));
  if (isUnplacedJudged) {
    const missed = cold.unplaced - unplacedAtBest;
    bars.push(atMost(`${name}: unplaced that 3 × the time places (${cold.unplaced} unplaced)`, missed, 'jobs', 0, 0));
  }
  if (warm && warmMsMax !== undefined) {
    const gap = `gap ${(100 * warm.gap).toFixed(2)} %, ${warm.unplaced} unplaced`;
    bars.push(atMost(`${name}: again after one zone's signals change (${gap}), median of ${of}`, warm.ms, 'ms', warmMsMax, 0));
  }
  return bars;
}

const heads = ['size', 'cold ms', 'warm ms', 'bound', 'cost', 'gap %', 'warm gap %', 'unplaced*', 'MB'];
const widths = [36, 9, 9, 12, 12, 7, 10, 9, 6];
const line = (cells: readonly string[]) =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' ');

function rowOf({ name }: Size, { cold, warm, peakMb }: Measured): string {
  const percent = (gap: number | undefined) => (gap === undefined ? '–' : (100 * gap).toFixed(2));
  const money = [cold.bound.toFixed(2), cold.cost.toFixed(2)];
  const warmMs = warm ? warm.ms.toFixed(0) : '–';
  const unplaced = warm ? `${cold.unplaced}/${warm.unplaced}` : `${cold.unplaced}`;
  return line([name, cold.ms.toFixed(0), warmMs, ...money, percent(cold.gap), percent(warm?.gap), unplaced, peakMb.toFixed(0)]);
}

/** Bars of every size, one process after another; the 100,000 jobs take some minutes. */
export async function sizeBars(seed: number, progress: (line: string) => void): Promise<Bar[]> {
  const bars: Bar[] = [];
  progress('warm: again from the last prices and runs, after one site became a fifth dearer and dirtier from slot 8 on; * cold/warm');
  progress(line(heads));
  for (const size of sizes) {
    const market = planInstance({ ...size.instance, seed });
    const changed = size.effort === 'quick' ? withChangedSignals(market) : undefined;
    const found = await measured({ market, effort: size.effort, times: size.times, changed, isSearchedOn: size.isUnplacedJudged ?? false });
    progress(rowOf(size, found));
    bars.push(...barsOf(size, found));
  }
  return bars;
}
