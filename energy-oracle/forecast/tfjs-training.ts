/**
 * Training in a worker: an ensemble of quantile nets, learned beside the main loop.
 *
 * One thread per training, ended with it, because the WebAssembly heap never shrinks. Rows cross over without a copy and
 * nets come back as bytes. What is learned is the same as by `trainQuantileNet` in this thread; where to keep the nets,
 * and when to train again, is left to the caller.
 */
import { Worker } from 'node:worker_threads';
import type { TrainingRows } from './quantile-rows.ts';
import type { BackendName } from './tfjs-backend.ts';
import { type EpochReport, type QuantileNet, type QuantileNetConfig, quantileNetFrom } from './tfjs-quantile.ts';

/** What the worker is given. */
export interface TrainingOrder {
  readonly rows: TrainingRows;
  readonly config: QuantileNetConfig;
  readonly seeds: readonly number[];
  readonly backend: BackendName | undefined;
}

/** What it says, in order: lines and epochs, then the nets in the order of the seeds. */
export type TrainingMessage =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'epoch'; readonly report: EpochReport }
  | { readonly kind: 'trained'; readonly nets: readonly Uint8Array[] }
  | { readonly kind: 'failed'; readonly fault: unknown };

/** Room for short-lived objects in the worker: tensors come and go quickly, and a full nursery of 48 MB is no quicker. */
const youngMegabytes = 4;

/** The training ended without nets; the cause says why. */
export class TrainingFailed extends Error {
  readonly seeds: readonly number[];
  constructor(seeds: readonly number[], cause: unknown) {
    super(`training of seeds ${seeds.join(', ')} failed: ${cause instanceof Error ? cause.message : cause}`, { cause });
    this.seeds = seeds;
  }
}

export interface TrainingWatch {
  readonly onEpoch?: (report: EpochReport) => void;
  /** Told which backend runs in the worker. */
  readonly tell?: (line: string) => void;
  readonly force?: BackendName;
  /** Ends the worker at once; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Trains one net per seed in a thread of its own. The rows are *given away*: their arrays are empty afterwards, unless
 * they lie in a SharedArrayBuffer. Rejects with `TrainingFailed`, or with the reason of an abort.
 */
export function trainInWorker(
  rows: TrainingRows,
  config: Omit<QuantileNetConfig, 'seed'>,
  seeds: readonly number[],
  { onEpoch, tell, force, signal }: TrainingWatch = {},
): Promise<QuantileNet[]> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const order: TrainingOrder = { rows, config: { ...config, seed: 0 }, seeds, backend: force };
    // a thread does not inherit the loader of TypeScript sources: it registers its own, then runs the worker's file
    const urls = [import.meta.resolve('tsx/esm/api'), new URL('./tfjs-training-worker.ts', import.meta.url)];
    const [loader, file] = urls.map((url) => JSON.stringify(url));
    const worker = new Worker(`import(${loader}).then(({ register }) => (register(), import(${file})))`, {
      eval: true,
      execArgv: [],
      workerData: order,
      resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes },
      transferList: buffersOf(rows),
    });
    const end = (settle: () => void) => {
      signal?.removeEventListener('abort', abort);
      worker.removeAllListeners();
      void worker.terminate().then(settle, settle); // settled only when the heap is released
    };
    const abort = () => end(() => reject(signal?.reason));
    const fail = (cause: unknown) => end(() => reject(new TrainingFailed(seeds, cause)));
    signal?.addEventListener('abort', abort, { once: true });
    worker.on('message', (message: TrainingMessage) => {
      if (message.kind === 'epoch') onEpoch?.(message.report);
      else if (message.kind === 'line') tell?.(message.line);
      else if (message.kind === 'failed') fail(message.fault);
      else end(() => resolve(message.nets.map(quantileNetFrom)));
    });
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`the worker ended with code ${code} before it was done`)));
  });
}

/** The buffers to hand over, each once; shared ones stay with both. */
const buffersOf = ({ features, targets, weights }: TrainingRows): ArrayBuffer[] => [
  ...new Set([features.buffer, targets.buffer, ...(weights ? [weights.buffer] : [])].filter((buffer) => buffer instanceof ArrayBuffer)),
];
