/**
 * Training worker: the far side of `tfjs-training.ts`, run as a thread and by nothing else.
 *
 * Fits the model it was ordered, tells every epoch, hands the model back as plain data. It gives way to the main loop
 * where threads have a priority. Whatever fails is told as a message, because an error that crosses over uncaught loses
 * its cause.
 */
import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { openBackend } from './tfjs-backend.ts';
import { fitPooledModel } from './tfjs-pooled-fit.ts';
import type { TrainingMessage, TrainingOrder } from './tfjs-training.ts';

const tell = (message: TrainingMessage) => parentPort?.postMessage(message);

/** Linux gives every thread its own niceness; elsewhere it is the whole process's, and stays as it is. */
function giveWay(): void {
  if (process.platform !== 'linux') return;
  const thread = readlinkSync('/proc/thread-self').split('/').at(-1);
  setPriority(Number(thread), constants.priority.PRIORITY_BELOW_NORMAL);
}

try {
  giveWay();
  const { archives, config, backend } = workerData as TrainingOrder;
  await openBackend({ force: backend, tell: (line) => tell({ kind: 'line', line }) });
  const model = await fitPooledModel(archives, config, (progress) => tell({ kind: 'progress', progress }));
  tell({ kind: 'trained', model });
} catch (fault) {
  tell({ kind: 'failed', fault });
}
