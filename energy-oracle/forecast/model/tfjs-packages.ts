/**
 * TensorFlow.js packages: the library itself, and how any part of it is loaded.
 *
 * A process that maps stack traces back to sources reads the map of every file it loads, and keeps it. Those of
 * TensorFlow.js are larger than its code, some 8 MB once parsed, and name sources that are not in the package: they are
 * left unread. The maps of Sunward's own files are none of this module's business.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Loads a package of TensorFlow.js, or the same instance again. Throws what its loading throws. */
export function loadTfjs<Package>(name: string): Package {
  const areMapped = process.sourceMapsEnabled;
  process.setSourceMapsEnabled(false);
  try {
    return require(name) as Package;
  } finally {
    process.setSourceMapsEnabled(areMapped);
  }
}

/** TensorFlow.js, the one instance of this thread. */
export const tf = loadTfjs<typeof import('@tensorflow/tfjs-core')>('@tensorflow/tfjs-core');
