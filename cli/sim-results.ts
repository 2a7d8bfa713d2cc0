/**
 * Sim results: the files of a run, written cell by cell as policies and seeds are done.
 *
 * Owns which rows are kept and in which order they are written: seed by seed, the baseline first, whatever order cells come in,
 * so that a run on many cores gives the same bytes. What a row says is said in `simulator/report/`. A cell's rows are written
 * as soon as those before it are, and let go.
 */
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { stringify } from 'yaml';
import { type ImpactRun, impactManifest, impactOf, impactStepOf } from '../simulator/report/impact-manifest.ts';
import { jobColumns, jobRows } from '../simulator/report/job-rows.ts';
import { pictureOfRun, pictureOfStudy, type RunPicture, type StudyPicture } from '../simulator/report/run-picture.ts';
import { runReport } from '../simulator/report/run-report.ts';
import { csvLine, slotColumns, slotRows } from '../simulator/report/slot-rows.ts';
import type { ScenarioFile } from '../simulator/scenario-file.ts';
import type { RunMetrics, Standing, StudyRun } from '../simulator/study/run.ts';
import type { Study } from '../simulator/study/study.ts';
import { toIso, toIsoDuration } from '../units/time.ts';
import type { Cell as PlannedCell } from './cells.ts';

/** One policy with one seed. */
export type Cell = Pick<PlannedCell, 'policy' | 'seed'>;

/** Which seeds' rows are kept: of all, of the first, of none. */
export type RowsKept = 'all' | 'first' | 'none';

/** What came of a run, as `summary.json` has it. */
export interface RunSummary {
  readonly name: string;
  readonly baseline: string;
  readonly currency: string;
  readonly seeds: readonly number[];
  readonly rows: RowsKept;
  /** Cells that were not run to their end. */
  readonly missing: readonly Cell[];
  /** What was run, and marks of the records it read. */
  readonly scenario: ScenarioFile;
  readonly inputs: Readonly<Record<string, string>>;
  readonly standings: readonly Standing[];
  readonly runs: readonly RunMetrics[];
}

/** Where finished cells go. */
export interface ResultSink {
  /** Takes a finished cell with the study it ran; in any order, each once. */
  cell(run: StudyRun, study: Study): void;
  /** Writes what is whole only at the end, and says which rows were kept; nothing may follow. */
  close(summary: Omit<RunSummary, 'rows'>): RunSummary;
}

/** Rows that are written without asking. */
const rowsMost = 2_000_000;
/** Rows of a group of a Parquet file. */
const groupRows = 100_000;
const rowFiles = ['timeseries.csv', 'jobs.parquet'];

export interface ResultsOf {
  readonly folder: string;
  readonly scenario: ScenarioFile;
  /** The scenario as it was written. */
  readonly text: string;
  /** All cells of the run, in the order their rows are written in. */
  readonly cells: readonly Cell[];
  /** Unless told: all rows of a small run, those of the first seed of a large one. */
  readonly rows?: RowsKept;
}

/** Opens the results of a run; files of an earlier one go. */
export function createResults({ folder, scenario, text, cells, rows }: ResultsOf): ResultSink {
  for (const file of [...rowFiles, 'metadata.yaml', 'impact.yaml', 'report.html', 'summary.json'])
    rmSync(join(folder, file), { force: true });
  const waiting = new Map<string, { readonly run: StudyRun; readonly study: Study }>();
  const impacts: ImpactRun[] = [];
  const pictures: RunPicture[] = [];
  let picture: StudyPicture | undefined;
  let kept = rows;
  let writer: RowWriter | undefined;
  let next = 0;
  let baseline: StudyRun | undefined;
  const take = ({ run, study }: { readonly run: StudyRun; readonly study: Study }) => {
    if (run.policy === scenario.baseline) baseline = run;
    const paired = baseline?.seed === run.seed ? baseline : undefined;
    const isFirst = run.seed === scenario.seeds[0];
    if (isFirst) {
      impacts.push(impactOf(study, run, impactStepOf(study, cells.length / scenario.seeds.length)));
      picture ??= pictureOfStudy(study);
      pictures.push(pictureOfRun(study, run, paired, picture));
    }
    kept ??= rowsOf(study) * cells.length <= rowsMost ? 'all' : 'first';
    if (kept === 'none' || (kept === 'first' && !isFirst)) return;
    writer ??= createRowWriter(folder, study.currency);
    writer.write(study, run, paired);
  };
  const drain = (isOver: boolean) => {
    for (; next < cells.length; next++) {
      const key = keyOf(cells[next] as Cell);
      const found = waiting.get(key);
      if (!found && !isOver) return;
      waiting.delete(key);
      if (found) take(found);
    }
  };
  return {
    cell: (run, study) => {
      waiting.set(keyOf(run), { run, study });
      drain(false);
    },
    close: (told) => {
      drain(true);
      const summary: RunSummary = { ...told, rows: kept ?? 'none' };
      writer?.close();
      const write = (file: string, content: string) => writeFileSync(join(folder, file), content);
      if (writer) write('metadata.yaml', stringify(metadataOf(scenario, summary), { lineWidth: 0 }));
      if (impacts.length > 0)
        write(
          'impact.yaml',
          stringify(impactManifest(scenario.name, scenario.seeds[0] as number, impacts), { lineWidth: 0, aliasDuplicateObjects: false }),
        );
      const first = picture && { first: { study: picture, runs: pictures } };
      const { from: start, for: durationMs } = scenario;
      const { name, baseline, currency, standings, missing } = summary;
      write(
        'report.html',
        runReport({ name, baseline, currency, standings, missing: missing.length, start, durationMs, scenario: text, ...first }),
      );
      write('summary.json', `${JSON.stringify(summary, null, 2)}\n`);
      return summary;
    },
  };
}

const keyOf = ({ policy, seed }: Cell): string => `${seed} ${policy}`;
const rowsOf = ({ workload, sites, slots }: Study): number => workload.count + sites.length * slots;

interface RowWriter {
  write(study: Study, run: StudyRun, baseline: StudyRun | undefined): void;
  close(): void;
}

function createRowWriter(folder: string, currency: string): RowWriter {
  const csv = openSync(join(folder, 'timeseries.csv'), 'w');
  writeSync(csv, csvLine(slotColumns(currency).map(({ name }) => name)));
  const types = jobColumns(currency).map(({ name, type }) => ({ name, type, data: [] }));
  const writer = fileWriter(join(folder, 'jobs.parquet'));
  const parquet = new ParquetWriter({ writer, schema: schemaFromColumnData({ columnData: types }), createdBy: 'sunward' });
  return {
    write: (study, run, baseline) => {
      let piece = '';
      for (const rows of slotRows(study, run)) {
        piece += rows;
        if (piece.length < 1 << 20) continue;
        writeSync(csv, piece);
        piece = '';
      }
      writeSync(csv, piece);
      parquet.write({ columnData: [...jobRows(study, run, baseline)], rowGroupSize: groupRows });
    },
    close: () => {
      closeSync(csv);
      parquet.finish();
    },
  };
}

/** What the columns of the row files mean, and where they come from. */
function metadataOf(scenario: ScenarioFile, { rows, missing }: RunSummary): object {
  const columns = (of: readonly { readonly name: string; readonly unit: string; readonly meaning: string }[]) =>
    Object.fromEntries(of.map(({ name, unit, meaning }) => [name, unit === '' ? { meaning } : { unit, meaning }]));
  return {
    name: scenario.name,
    origin: 'sunward sim run',
    start: toIso(scenario.from),
    duration: toIsoDuration(scenario.for),
    slot: toIsoDuration(scenario.slot),
    currency: scenario.currency,
    baseline: scenario.baseline,
    seeds: rows === 'all' ? scenario.seeds : scenario.seeds.slice(0, 1),
    missing,
    'timeseries.csv': columns(slotColumns(scenario.currency)),
    'jobs.parquet': columns(jobColumns(scenario.currency)),
  };
}
