/**
 * Sim paper: published results recomputed from their authors' records: theirs, ours, the difference.
 *
 * Owns which files each paper needs and where they are published; the experiments are `simulator/experiments/`. The records
 * are not part of Sunward: the user names the folder that holds them.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { eurosys24Results } from '../simulator/experiments/eurosys24.ts';
import { gaiaResults, workloadOf } from '../simulator/experiments/gaia.ts';
import { letsWaitAwhileResults, slotsOf2020, trainingJobsIn } from '../simulator/experiments/lets-wait-awhile.ts';
import { agrees, differenceOf, type PublishedResult } from '../simulator/experiments/published-result.ts';
import { importGaiaJobs } from '../simulator/traces/importers/gaia-jobs.ts';
import { importHalfHourlyCarbon } from '../simulator/traces/importers/half-hourly-carbon.ts';
import { importZoneTable } from '../simulator/traces/importers/zone-table.ts';
import { SECOND } from '../units/time.ts';
import { readPacked } from './packed-file.ts';
import { table } from './table.ts';

interface Paper {
  readonly title: string;
  /** Names of the records, with `.gz` or without, and where they come from. */
  readonly files: Readonly<Record<string, string>>;
  readonly results: (read: (file: string) => string) => Iterable<PublishedResult>;
}

const zones = 'eurosys_ci_2022_123zones.csv';
const zonesSource = 'the year 2022 of github.com/umassos/decarbonization-potential, a column a zone, a row an hour, from 2022-01-01T00Z';
const [germany, france] = ['DE_15min.csv', 'FR_30min.csv'] as const;
const lwaSource = 'github.com/dos-group/lets-wait-awhile, data/';

export const papers: Readonly<Record<string, Paper>> = {
  eurosys24: {
    title: 'On the Limitations of Carbon-Aware Temporal and Spatial Workload Shifting in the Cloud (EuroSys 2024)',
    files: { [zones]: zonesSource },
    results: (read) => eurosys24Results(importZoneTable(read(zones))),
  },
  gaia: {
    title: 'Going Green for Less Green: Optimizing the Cost of Reducing Cloud Carbon Emissions (ASPLOS 2024)',
    files: { [zones]: zonesSource, 'pai_1k.csv': 'github.com/umassos/GAIA, src/cluster_traces/' },
    results: (read) => {
      const { jobs } = importGaiaJobs(read('pai_1k.csv'), 'seconds');
      const workload = workloadOf(
        jobs.map(({ at, lengthMs, accelerators }) => ({ arrivalS: at / SECOND, lengthS: lengthMs / SECOND, cpus: accelerators })),
      );
      return gaiaResults(importZoneTable(read(zones)), workload);
    },
  },
  'lets-wait-awhile': {
    title: 'Let’s Wait Awhile: How Temporal Workload Shifting Can Reduce Carbon Emissions in the Cloud (Middleware 2021)',
    files: {
      [germany]: lwaSource,
      [france]: lwaSource,
      'lwa_scenario2_ml_jobs.csv': 'the 3,387 jobs its simulate.py draws, as id, arrival_min_since_2020, duration_min',
    },
    results: (read) => {
      const slots = (file: string) => slotsOf2020(importHalfHourlyCarbon(read(file)).series);
      return letsWaitAwhileResults({ DE: slots(germany), FR: slots(france) }, trainingJobsIn(read('lwa_scenario2_ml_jobs.csv')));
    },
  },
};

/** Folders below the named one are searched so deep. */
const depthMax = 3;

/** The file of that name, packed or not, in the folder or below it. */
function findFile(folder: string, name: string, depth = 0): string | undefined {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  const here = entries.find((entry) => entry.isFile() && (entry.name === name || entry.name === `${name}.gz`));
  if (here) return join(folder, here.name);
  if (depth === depthMax) return undefined;
  for (const entry of entries) {
    const below = entry.isDirectory() ? findFile(join(folder, entry.name), name, depth + 1) : undefined;
    if (below) return below;
  }
  return undefined;
}

function readRecord(folder: string, name: string, source: string): string {
  const file = findFile(folder, name);
  if (!file) throw new Error(`no ${name} (nor ${name}.gz) in ${folder} or below; it is ${source}`);
  return readPacked(file);
}

/** Recomputes a paper's numbers; lines of progress as they come. @throws Error that names the missing record and its source */
export function recompute(name: string, folder: string, progress: (line: string) => void = () => {}): PublishedResult[] {
  const paper = papers[name];
  if (!paper) throw new Error(`no paper ${name}; there are ${Object.keys(papers).join(', ')}`);
  const results: PublishedResult[] = [];
  for (const result of paper.results((file) => readRecord(folder, file, paper.files[file] ?? 'a record of the paper'))) {
    results.push(result);
    progress(result.what);
  }
  return results;
}

const digits = (value: number | undefined): string => (value === undefined ? '–' : value.toFixed(6));

/** Prints the comparison; sets the exit code to 1 when a number does not agree. */
export function simPaper(
  name: string,
  { data, mode, json }: { readonly data: string; readonly mode?: string; readonly json: boolean },
): void {
  const isTty = process.stderr.isTTY && !json;
  const progress = (line: string) => void (isTty && process.stderr.write(`\r\x1b[K${line}`));
  const results = recompute(name, data, progress).filter((result) => mode === undefined || result.mode === mode);
  if (isTty) process.stderr.write('\r\x1b[K');
  const told = results.map((result) => ({
    ...result,
    theirs: result.theirs ?? null,
    difference: differenceOf(result) ?? null,
    agrees: agrees(result),
  }));
  const failed = told.filter((result) => !result.agrees).length;
  if (failed > 0) process.exitCode = 1;
  if (json) return void process.stdout.write(`${JSON.stringify(told, null, 2)}\n`);
  const rows = results.map((result) => [
    result.what,
    result.mode,
    digits(result.theirs),
    digits(result.ours),
    result.theirs === undefined ? '–' : (differenceOf(result) ?? 0).toExponential(1),
    result.unit,
    result.theirs === undefined ? '–' : agrees(result) ? 'yes' : 'NO',
  ]);
  process.stdout.write(`${papers[name]?.title}\n\n${table(['WHAT', 'MODE', '>THEIRS', '>OURS', '>DIFFERENCE', 'UNIT', 'AGREES'], rows)}\n`);
  const reasons = [...new Set(results.flatMap(({ why }) => why ?? []))];
  for (const why of reasons) process.stdout.write(`\nstrict: ${why}.`);
  const compared = results.filter(({ theirs }) => theirs !== undefined).length;
  const alone = results.length - compared;
  const rest = alone > 0 ? `; ${alone} have nothing to compare with` : '';
  process.stdout.write(`${reasons.length > 0 ? '\n' : ''}\n${compared - failed} of ${compared} agree${rest}\n`);
}
