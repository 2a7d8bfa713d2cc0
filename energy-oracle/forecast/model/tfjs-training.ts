/**
 * Training in a worker: a pooled model, fitted beside the main loop.
 *
 * One thread per training, ended with it, because the WebAssembly heap never shrinks. The main loop pays for a copy of
 * the archives, a few megabytes, and for nothing else: rows, line, nets and tables are made over there. What is learned
 * is the same as by `fitPooledModel` in this thread; where to keep it, and when to train again, is left to the caller.
 */
import { Worker } from 'node:worker_threads';
import type { Archive, Dense } from '../target.ts';
import type { BackendName } from './tfjs-backend.ts';
import type { FitProgress, PooledFitConfig, StoredModel } from './tfjs-pooled-fit.ts';

/** What the worker is given. */
export interface TrainingOrder {
  readonly archives: readonly Archive[];
  readonly config: PooledFitConfig;
  readonly backend: BackendName | undefined;
}

/** What it says, in order: lines and epochs, then the model. */
export type TrainingMessage =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'progress'; readonly progress: FitProgress }
  | { readonly kind: 'trained'; readonly model: StoredModel }
  | { readonly kind: 'failed'; readonly fault: unknown };

/** Room for short-lived objects in the worker: tensors come and go quickly, and a full nursery of 48 MB is no quicker. */
const youngMegabytes = 4;

/** The training ended without a model; the cause says why. */
export class TrainingFailed extends Error {
  readonly modelKind: PooledFitConfig['kind'];
  readonly targets: readonly string[];
  constructor(modelKind: PooledFitConfig['kind'], targets: readonly string[], cause: unknown) {
    const shown = targets.slice(0, 3).join(', ') + (targets.length > 3 ? ` and ${targets.length - 3} more` : '');
    super(`training of a ${modelKind} model from ${shown} failed: ${cause instanceof Error ? cause.message : cause}`, { cause });
    this.modelKind = modelKind;
    this.targets = targets;
  }
}

export interface TrainingWatch {
  readonly onProgress?: (progress: FitProgress) => void;
  /** Told which backend runs in the worker. */
  readonly tell?: (line: string) => void;
  readonly force?: BackendName;
  /** Ends the worker at once; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Fits a pooled model in a thread of its own. The archives are copied, cut to the span of their histories, and stay with
 * the caller. Rejects with `TrainingFailed`, or with the reason of an abort.
 */
export function trainInWorker(
  archives: readonly Archive[],
  config: PooledFitConfig,
  { onProgress, tell, force, signal }: TrainingWatch = {},
): Promise<StoredModel> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const cut = createCut();
    const order: TrainingOrder = { archives: archives.map((archive) => trainedOn(archive, cut)), config, backend: force };
    // a thread does not inherit the loader of TypeScript sources: it registers its own, then runs the worker's file
    const urls = [import.meta.resolve('tsx/esm/api'), new URL('./tfjs-training-worker.ts', import.meta.url)];
    const [loader, file] = urls.map((url) => JSON.stringify(url));
    const worker = new Worker(`import(${loader}).then(({ register }) => (register(), import(${file})))`, {
      eval: true,
      execArgv: [],
      workerData: order,
      resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes },
      transferList: cut.buffers,
    });
    const end = (settle: () => void) => {
      signal?.removeEventListener('abort', abort);
      worker.removeAllListeners();
      void worker.terminate().then(settle, settle); // settled only when the heap is released
    };
    const abort = () => end(() => reject(signal?.reason));
    const fail = (cause: unknown) =>
      end(() =>
        reject(
          new TrainingFailed(
            config.kind,
            archives.map(({ target }) => target.id),
            cause,
          ),
        ),
      );
    signal?.addEventListener('abort', abort, { once: true });
    worker.on('message', (message: TrainingMessage) => {
      if (message.kind === 'progress') onProgress?.(message.progress);
      else if (message.kind === 'line') tell?.(message.line);
      else if (message.kind === 'failed') fail(message.fault);
      else end(() => resolve(message.model));
    });
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`the worker ended with code ${code} before it was done`)));
  });
}

interface Cut {
  /** The steps that touch `[from, to)`, copied once for each grid and span. */
  copy(dense: Dense, from: number, to: number): Dense;
  /** All copies, to be given away. */
  readonly buffers: ArrayBuffer[];
}

/** Views of one record share a buffer, and a clone of any of them would carry all of it: so each is cut out, once. */
function createCut(): Cut {
  const buffers: ArrayBuffer[] = [];
  const copies = new Map<ArrayBufferLike, { readonly of: Float64Array; readonly at: number; readonly values: Float64Array }[]>();
  const copy: Cut['copy'] = ({ start, stepMs, values }, from, to) => {
    const first = Math.max(0, Math.min(values.length, Math.floor((from - start) / stepMs)));
    const of = values.subarray(first, Math.max(first, Math.min(values.length, Math.ceil((to - start) / stepMs))));
    const known = copies.get(values.buffer) ?? [];
    const found = known.find((one) => one.of.byteOffset === of.byteOffset && one.of.length === of.length);
    if (found) return { start: start + first * stepMs, stepMs, values: found.values };
    const own = Float64Array.from(of);
    buffers.push(own.buffer);
    copies.set(values.buffer, [...known, { of, at: first, values: own }]);
    return { start: start + first * stepMs, stepMs, values: own };
  };
  return { copy, buffers };
}

/** What training reads of an archive: nothing of its signals or companions that lies outside its history. */
function trainedOn({ target, history, signals, companions }: Archive, { copy }: Cut): Archive {
  const end = history.start + history.values.length * history.stepMs;
  const all = (named: Readonly<Record<string, Dense>>) =>
    Object.fromEntries(Object.entries(named).map(([name, dense]) => [name, copy(dense, history.start, end)]));
  return { target, history: copy(history, history.start, end), signals: all(signals), companions: all(companions) };
}
