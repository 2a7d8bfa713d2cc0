/**
 * Forecast run: a forecast task with its real parts: files, TensorFlow.js, and a state that survives an interruption.
 *
 * The walk is `backtest.ts`, the tasks are `forecast-tasks.ts`. Models are kept for the life of a runner, so that tasks
 * that learn the same share one fit. A saved state belongs to a digest of task, data and settings, and to nothing else.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { PooledModel } from '../energy-oracle/forecast/model/pooled-model.ts';
import { openBackend } from '../energy-oracle/forecast/model/tfjs-backend.ts';
import { fitPooledModel, type PooledFitConfig, pooledFitDefaults, pooledModelOf } from '../energy-oracle/forecast/model/tfjs-pooled-fit.ts';
import { calibratorOf } from '../energy-oracle/forecast/model-calibrator.ts';
import { type BacktestProgress, type BacktestReport, type BacktestState, backtest } from '../energy-oracle/forecast/score/backtest.ts';
import type { Archive } from '../energy-oracle/forecast/target.ts';
import type { ForecastTask, ReadRecord } from '../simulator/experiments/forecast-tasks.ts';

/** A data folder or a saved state that cannot be used. */
export class ForecastDataFault extends Error {
  override readonly name = 'ForecastDataFault';
}

/** Reads records of a folder, plain or gzipped. */
export const recordReader =
  (folder: string): ReadRecord =>
  (path) => {
    try {
      const bytes = readFileSync(join(folder, path));
      return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const why = code === 'ENOENT' ? 'no such file' : message;
      throw new ForecastDataFault(`${join(folder, path)}: ${why}; --data or SUNWARD_DATA names the folder that holds it`, { cause });
    }
  };

export interface RunOptions {
  /** One net each. */
  readonly seeds?: readonly number[] | undefined;
  /** Where the state is kept; nowhere when absent. */
  readonly stateFile?: string | undefined;
  readonly onProgress?: (progress: BacktestProgress & { readonly detail: string }) => void;
}

export interface ForecastRunner {
  /** CPU seconds of the fits so far, in order. */
  readonly fitSeconds: readonly number[];
  run(task: ForecastTask, options?: RunOptions): Promise<BacktestReport>;
}

/** Runs tasks one after another in this thread. Throws `BackendMissing` when TensorFlow.js does not start. */
export async function createForecastRunner(): Promise<ForecastRunner> {
  await openBackend();
  const models = new Map<string, PooledModel>();
  const fitSeconds: number[] = [];
  return {
    fitSeconds,
    run: async (task, { seeds, stateFile, onProgress = () => {} } = {}) => {
      const settings = settingsOf(task, seeds);
      const file = stateFile === undefined ? undefined : stateOf(stateFile, digestOf(task, settings));
      const seesWeather = new Set(
        task.targets.flatMap(({ archive: { target, signals } }) => (Object.keys(signals).length > 0 ? [target.id] : [])),
      );
      let at: BacktestProgress = { phase: 'fit', target: '', month: '', done: 0, total: 1 };
      const report = await backtest(
        task,
        {
          fit: async (archives, until) => {
            const key = JSON.stringify([settings, until, archives.map(fingerprint)]);
            const kept = models.get(key);
            if (kept) return kept;
            const before = process.cpuUsage();
            const stored = await fitPooledModel(archives, settings, ({ variant, seed, epoch, epochs }) =>
              onProgress({
                ...at,
                detail: `${variant} net ${settings.seeds.indexOf(seed) + 1} of ${settings.seeds.length}, epoch ${epoch} of ${epochs}`,
              }),
            );
            const { user, system } = process.cpuUsage(before);
            fitSeconds.push((user + system) / 1e6);
            const model = pooledModelOf(stored);
            if (task.refit === 'never') models.set(key, model);
            return model;
          },
          calibrator: (model, { id }, from) => calibratorOf(model, { targetId: id, seesWeather: seesWeather.has(id) }, from),
        },
        {
          from: file?.read(),
          onState: (state) => file?.write(state),
          onProgress: (progress) => {
            at = progress;
            onProgress({ ...progress, detail: progress.phase === 'fit' ? 'drawing rows' : '' });
          },
        },
      );
      file?.forget();
      return report;
    },
  };
}

function settingsOf({ settings: { kind, rowsRoughly, but } }: ForecastTask, seeds: readonly number[] | undefined): PooledFitConfig {
  return { ...pooledFitDefaults(kind, rowsRoughly), ...but, ...(seeds ? { seeds } : {}) };
}

/** Digest of every number of an archive. */
function fingerprint({ target, history, signals, companions }: Archive): string {
  const hash = createHash('sha256').update(JSON.stringify(target));
  for (const [name, { start, stepMs, values }] of [['', history] as const, ...Object.entries(signals), ...Object.entries(companions)])
    hash.update(`${name} ${start} ${stepMs} ${values.length}`).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return hash.digest('hex').slice(0, 16);
}

/** What a saved state belongs to. */
function digestOf(task: ForecastTask, settings: PooledFitConfig): string {
  const { learnFrom, targets, about: _, ...rest } = task;
  const shape = {
    ...rest,
    settings,
    learnFrom: learnFrom.map(fingerprint),
    targets: targets.map(({ archive, ...span }) => ({ ...span, archive: fingerprint(archive) })),
  };
  return createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 16);
}

/** Where states are kept unless a file is named. */
export const defaultStateFolder = (env: Readonly<Record<string, string | undefined>>): string =>
  join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'sunward', 'backtest');

interface StateFile {
  /** What was saved for the same task, data and settings. */
  read(): BacktestState | undefined;
  write(state: BacktestState): void;
  /** The walk is over: the next one starts anew. */
  forget(): void;
}

/** A name that ends in a slash is a folder, with a file a digest. */
function stateOf(path: string, digest: string): StateFile {
  const file = path.endsWith('/') ? join(path, `${digest}.json`) : path;
  return {
    read: () => {
      let text: string;
      try {
        text = readFileSync(file, 'utf8');
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw new ForecastDataFault(`${file}: ${(cause as Error).message}`, { cause });
      }
      const saved = parsed(text, file);
      if (saved.digest !== digest)
        throw new ForecastDataFault(
          `${file} belongs to another task, other data or other settings; remove it, or name another with --state`,
        );
      return saved.state;
    },
    write: (state) => {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.part`, JSON.stringify({ digest, state }));
      renameSync(`${file}.part`, file); // whole or not at all
    },
    forget: () => rmSync(file, { force: true }),
  };
}

function parsed(text: string, file: string): { readonly digest: unknown; readonly state: BacktestState } {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ForecastDataFault(`${file} is no saved state; remove it, or name another with --state`, { cause });
  }
}
