/**
 * Scenario YAML: a scenario file with everything it names (records, job traces, policies) becomes studies that can be run.
 *
 * Paths in a scenario count from the scenario's own folder. Whoever runs one cell of a sweep in another process loads the
 * same file and gets the same study: nothing here depends on what was loaded before.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { openBackend } from '../energy-oracle/forecast/model/tfjs-backend.ts';
import { fitPooledModel, pooledFitDefaults, pooledModelOf } from '../energy-oracle/forecast/model/tfjs-pooled-fit.ts';
import { isWhollyOwn, movedZones } from '../simulator/grid-file.ts';
import type { ScenarioFile } from '../simulator/scenario-file.ts';
import { type Forecaster, noisy, perfect, persistence } from '../simulator/study/belief.ts';
import { policies as named, type Policy } from '../simulator/study/policy.ts';
import { drawnLeadMs, jobsOf, type Prepared, prepare, ratesOf, recordsNeeded, zonesOf } from '../simulator/study/prepare.ts';
import type { Study } from '../simulator/study/study.ts';
import { trainForecaster } from '../simulator/study/trained-belief.ts';
import { type Asked, type ZoneRecords, zonesAsked } from '../simulator/study/zones.ts';
import { readSweep, type SweepReading } from '../simulator/sweep.ts';
import type { GridTrace } from '../simulator/traces/grid-trace.ts';
import { detectFormat } from '../simulator/traces/importers/detect.ts';
import { readTrace } from '../simulator/traces/importers/read-trace.ts';
import type { JobTrace } from '../simulator/traces/job-trace.ts';
import { calibratedStatistics, syntheticYear } from '../simulator/traces/synthetic.ts';
import { DAY } from '../units/time.ts';
import { isPolicyFile, loadOwnPolicy } from './own-policy-file.ts';
import { readNamed } from './record-faults.ts';
import { readGridRecords } from './records.ts';
import { readZoneRecords } from './zone-records.ts';

/** A scenario that cannot be run: what is wrong with it, line by line. */
export class ScenarioFault extends Error {
  override readonly name = 'ScenarioFault';
  readonly file: string;

  constructor(file: string, problems: readonly string[], cause?: unknown) {
    super(`${file}: ${problems.join('\n  ')}`, cause === undefined ? undefined : { cause });
    this.file = file;
  }
}

/** A scenario ready to run, cell by cell. */
export interface LoadedScenario {
  readonly file: string;
  readonly scenario: ScenarioFile;
  /** A policy of the scenario, as new: what one of the user's own remembers ends with the run. */
  policyOf(name: string): Promise<Policy>;
  /** The study of one seed; reads records anew only where the seed draws them. */
  studyOf(seed: number): Promise<Prepared>;
  /** Who forecasts in a study; a trained one is fitted here, half a minute. */
  forecasterOf(study: Study): Promise<Forecaster>;
}

/**
 * A scenario with what it names.
 *
 * @param scenario  what the file says, or a variant of it
 * @throws ScenarioFault, RecordsFault, ImportFault or PolicyFault, each with what to do
 */
export async function loadScenario(file: string, scenario: ScenarioFile = readScenarioYaml(file).scenario): Promise<LoadedScenario> {
  const at = (path: string) => resolve(dirname(file), path);
  const policyOf = async (name: string) => named.get(name) ?? loadOwnPolicy(name, policyPath(name, file));
  for (const name of scenario.policies) await policyOf(name); // a policy that does not load is told before anything runs
  const { jobs } = scenario;
  const read = jobs.file === undefined ? undefined : readJobs(at(jobs.file), jobs);
  const records = scenario.grid.records === undefined || baseZonesOf(scenario).length === 0 ? undefined : at(scenario.grid.records);
  const recorded = records === undefined ? undefined : await readGrid(scenario, records, jobsOf(scenario, read, scenario.seeds[0] ?? 0));
  const own = readOwnZones(scenario, recorded ?? [], dirname(file));
  return {
    file,
    scenario,
    policyOf,
    studyOf: async (seed) => {
      const trace = jobsOf(scenario, read, seed);
      const base = recorded ?? drawGrid(scenario, trace, seed, file);
      const { traces, zones } = gridOf(scenario, [...own, ...base.map((each) => ({ trace: each }))], trace, file);
      const moved = movedZones(scenario, zonesOf(scenario));
      const making = moved.length > 0 && { zones: new Map([...zones].filter(([zone]) => moved.includes(zone))), rates: ratesOf(scenario) };
      return { ...prepare(scenario, traces, trace, seed), ...(making ? { making } : {}) };
    },
    forecasterOf: (study) => forecasterOf(scenario, study),
  };
}

/**
 * What a scenario file says, with the variants of its sweep; nothing that it names is read.
 *
 * @throws ScenarioFault that tells every refused field: its path, what was found, what is allowed
 */
export function readScenarioYaml(file: string): Extract<SweepReading, { kind: 'read' }> {
  let parsed: unknown;
  try {
    parsed = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    if (cause instanceof YAMLParseError) throw new ScenarioFault(file, [cause.message], cause);
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new ScenarioFault(file, [code === 'ENOENT' ? 'no such file; `sunward sim new FILE` writes one to begin with' : message], cause);
  }
  const reading = readSweep(parsed);
  if (reading.kind === 'read') return reading;
  throw new ScenarioFault(
    file,
    reading.fields.map(({ path, found, allowed }) => `${path}: found ${found}; allowed: ${allowed}`),
  );
}

/** Where a policy of the user's own lies. @throws ScenarioFault for a name that is neither a policy nor a path */
export function policyPath(name: string, file: string): string {
  if (isPolicyFile(name)) return resolve(dirname(file), name);
  throw new ScenarioFault(file, [
    `policies: found ${JSON.stringify(name)}; allowed: ${[...named.keys()].join(', ')}, or the path of a file such as ./my-policy.ts`,
  ]);
}

async function forecasterOf({ forecaster }: ScenarioFile, study: Study): Promise<Forecaster> {
  if (typeof forecaster !== 'string') return noisy(forecaster.noise);
  if (forecaster !== 'trained') return forecaster === 'perfect' ? perfect : persistence;
  await openBackend();
  return trainForecaster(study, async (kind, known) =>
    pooledModelOf(await fitPooledModel(known, { ...pooledFitDefaults(kind, manyRows), ...fitSettings })),
  );
}
/** Rows that the defaults of a fit are for, and what a study's differs in: two nets on part of the rows, half a minute for three signals. */
const manyRows = 1_000_000;
const fitSettings = { rowsMax: 40_000, seeds: [1, 2] };

/** A river forecasts so far ahead of its last hours, settlement with them. */
const riverAheadMs = 5 * DAY;

/** Jobs of a file in any format; seconds are the times of one that does not say. */
function readJobs(file: string, { format, unit }: ScenarioFile['jobs']): JobTrace {
  return readNamed(file, (text, fileName) => {
    const name = format ?? detectFormat(text, fileName);
    const timeUnit = unit ?? (name === 'gaia' ? 'seconds' : undefined);
    return readTrace('jobs', text, { format: name, fileName, ...(timeUnit ? { timeUnit } : {}) });
  }).jobs;
}

/** Zones whose records are not all the scenario's own. */
const baseZonesOf = (scenario: ScenarioFile): readonly string[] =>
  zonesOf(scenario).filter((zone) => !isWhollyOwn(scenario.grid.zones[zone]));

/** Zones of which the scenario names records, with what the others tell of them. */
function readOwnZones({ grid, from, for: durationMs }: ScenarioFile, base: readonly GridTrace[], folder: string): readonly ZoneRecords[] {
  const studied = { start: from, end: from + durationMs };
  return Object.entries(grid.zones).map(([zone, own]) =>
    readZoneRecords({ zone, own, base: base.find((each) => each.zone === zone), folder, studied }),
  );
}

/** The zones with what is asked of them; of two records of a zone the first stands. @throws ScenarioFault for a change that a zone cannot have */
function gridOf(scenario: ScenarioFile, known: readonly ZoneRecords[], jobs: JobTrace, file: string): Extract<Asked, { kind: 'asked' }> {
  const records = zonesOf(scenario).flatMap((zone) => known.find(({ trace }) => trace.zone === zone) ?? []);
  const asked = zonesAsked(records, scenario.what_if, recordsNeeded(scenario, jobs));
  if (asked.kind === 'asked') return asked;
  throw new ScenarioFault(
    file,
    asked.fields.map(({ path, found, allowed }) => `${path}: found ${found}; allowed: ${allowed}`),
  );
}

async function readGrid(scenario: ScenarioFile, folder: string, trace: JobTrace): Promise<readonly GridTrace[]> {
  const { start, end } = recordsNeeded(scenario, trace);
  const { from } = scenario;
  return (await readGridRecords(folder, { zones: baseZonesOf(scenario), from, to: end, historyMs: from - start })).traces;
}

function drawGrid(scenario: ScenarioFile, trace: JobTrace, seed: number, file: string): readonly GridTrace[] {
  const statistics = calibratedStatistics();
  const drawn = statistics.zones.map(({ zone }) => zone);
  const zones = baseZonesOf(scenario);
  if (zones.length === 0) return [];
  const strange = zones.filter((zone) => !drawn.includes(zone));
  if (strange.length > 0)
    throw new ScenarioFault(file, [
      `sites: no statistics to draw ${strange.join(', ')} from; allowed: ${drawn.join(', ')}, or give grid.records, or records of its own in grid.zones`,
    ]);
  const start = scenario.from - drawnLeadMs;
  const end = recordsNeeded(scenario, trace).end + riverAheadMs; // a longer draw begins with the same hours
  return syntheticYear({ zones, start, days: Math.ceil((end - start) / DAY), seed, statistics });
}
