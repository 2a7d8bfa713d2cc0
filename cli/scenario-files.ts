/**
 * Scenario files: what the options of `start` name (records, traces, examples) becomes a scenario.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { type Arrival, demoArrivals, demoRates, demoSites, demoZones, type Scenario, tracedArrivals } from '../simulator/scenario.ts';
import { calibratedStatistics, syntheticYear } from '../simulator/traces/synthetic.ts';
import { DAY, type DurationMs, type Instant } from '../units/time.ts';
import { readGridRecords, readJobTrace } from './records.ts';

const examples = join(import.meta.dirname, '..', 'examples');
/** Records and draws reach back so far before the start, for what was published before. */
const leadMs: DurationMs = 8 * DAY;
const demoDays = 366;
/** Draws reach so far past the last day (which is one more than the run has): weather is forecast four days ahead of the end. */
const aheadDays = 3;

export interface ScenarioOptions {
  readonly seed: number;
  readonly start: Instant;
  /** How long the run may last; `undefined` for a demo year. */
  readonly lengthMs: DurationMs | undefined;
  /** Folder of recorded grids, and file of a recorded job trace (arrival and length in seconds). */
  readonly grid: string | undefined;
  readonly jobs: string | undefined;
  readonly optimize: string;
}

/** @throws RecordsFault when a record is missing */
export async function readScenario({ seed, start, lengthMs, grid, jobs, optimize }: ScenarioOptions): Promise<Scenario> {
  const days = Math.ceil((lengthMs ?? demoDays * DAY) / DAY) + 1;
  const traces = grid
    ? (await readGridRecords(grid, { zones: demoZones, from: start, to: start + days * DAY })).traces
    : syntheticYear({
        zones: demoZones,
        start: start - leadMs,
        days: days + leadMs / DAY + aheadDays,
        seed,
        statistics: calibratedStatistics(),
      });
  return { seed, start, sites: demoSites(seed), traces, arrivals: await arrivalsOf(jobs, start, days, seed, optimize), rates: demoRates };
}

async function arrivalsOf(jobs: string | undefined, start: Instant, days: number, seed: number, optimize: string): Promise<Arrival[]> {
  if (!jobs) return demoArrivals(exampleFiles(), start, days, seed);
  const name = basename(jobs)
    .replace(/\.csv(\.gz)?$/, '')
    .replaceAll('_', '-');
  return tracedArrivals((await readJobTrace(jobs, 'seconds')).jobs, name, start, optimize);
}

/** The job files that ship with the project, by name. */
const exampleFiles = (): { name: string; file: unknown }[] =>
  readdirSync(examples)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => ({ name: basename(file, '.yaml'), file: parse(readFileSync(join(examples, file), 'utf8')) }));
