/**
 * TensorFlow.js backend: which engine multiplies the matrices here, found once by trying.
 *
 * Native (`@tensorflow/tfjs-node`, an optional package whose binary may be missing), else WebAssembly, else plain
 * JavaScript. The same code and the same weights run on all three; only the speed differs. Training and prediction live
 * in `tfjs-quantile.ts`, which takes whatever is open.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { loadTfjs, tf } from './tfjs-packages.ts';

/** Quickest first. */
export const backendNames = ['tensorflow', 'wasm', 'cpu'] as const;
export type BackendName = (typeof backendNames)[number];

/** The asked-for backend does not run here. */
export class BackendMissing extends Error {
  readonly backend: BackendName;
  constructor(backend: BackendName, cause: unknown) {
    super(`TensorFlow.js backend ${backend} does not run here`, { cause });
    this.backend = backend;
  }
}

export interface BackendChoice {
  /** Only this one; without it the quickest that runs. */
  readonly force?: BackendName | undefined;
  /** Told once per process which backend runs, and why the quicker ones do not. */
  readonly tell?: (line: string) => void;
  /** How a backend's package is loaded; replaced in tests. */
  readonly load?: Readonly<Record<BackendName, () => Promise<unknown>>>;
}

/**
 * Opens the quickest backend that runs and returns its name; the choice holds for the whole thread until the next call.
 * Throws `BackendMissing` when the forced one, or none at all, runs.
 */
export async function openBackend({ force, tell = () => {}, load = packages }: BackendChoice = {}): Promise<BackendName> {
  tf.enableProdMode(); // no banner that recommends another backend
  const refusals: string[] = [];
  const faults: unknown[] = [];
  for (const backend of force === undefined ? backendNames : [force]) {
    try {
      await load[backend]();
      await started(backend);
      if (told !== backend) tell([`TensorFlow.js runs on ${backend}`, ...refusals].join('; '));
      told = backend;
      return backend;
    } catch (fault) {
      faults.push(fault);
      refusals.push(`${backend} does not (${firstLine(fault)})`);
    }
  }
  throw new BackendMissing(force ?? 'cpu', force === undefined ? new AggregateError(faults) : faults[0]);
}

let told: BackendName | undefined;

/** Starts a registered backend, and takes back what its start listens to. */
async function started(backend: BackendName): Promise<void> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set<unknown>(process.rawListeners(event)));
  if (!(await tf.setBackend(backend))) throw new Error('it registered and did not start');
  await tf.ready();
  // Emscripten's start-up rethrows every fault of the process from its own 100 kB line: a crash is to show our stack
  for (const [i, event] of events.entries())
    for (const listener of process.rawListeners(event))
      if (!before[i]?.has(listener)) process.removeListener(event, listener as (...facts: unknown[]) => void);
}

const require = createRequire(import.meta.url);
/** Optional: it may be absent, or there without the binary that its install script fetches; so nothing names it but this. */
const nativePackage = '@tensorflow/tfjs-node';
const nativeBinding = `${nativePackage}/lib/napi-v8/tfjs_binding.node`;

const packages = {
  tensorflow: async () => {
    require(nativeBinding); // fails at once, where the package would first read itself into 50 MB
    return loadTfjs(nativePackage);
  },
  wasm: async () => {
    const { setWasmPaths } = loadTfjs<typeof import('@tensorflow/tfjs-backend-wasm')>('@tensorflow/tfjs-backend-wasm');
    if (!wasmFound) setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`); // refused after the first start
    wasmFound = true;
  },
  cpu: async () => loadTfjs('@tensorflow/tfjs-backend-cpu'),
};

let wasmFound = false;

const firstLine = (fault: unknown) => (fault instanceof Error ? fault.message : String(fault)).split('\n', 1)[0]?.slice(0, 120);
