/**
 * Training worker: the far side of `tfjs-training.ts`, run as a thread and by nothing else.
 *
 * Trains the nets it was ordered one after the other, tells every epoch, hands the nets back as bytes. Whatever fails is
 * told as a message, because an error that crosses over uncaught loses its cause.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { openBackend } from './tfjs-backend.ts';
import { trainQuantileNet } from './tfjs-quantile.ts';
import type { TrainingMessage, TrainingOrder } from './tfjs-training.ts';

const tell = (message: TrainingMessage, transferred: ArrayBuffer[] = []) => parentPort?.postMessage(message, transferred);

try {
  const { rows, config, seeds, backend } = workerData as TrainingOrder;
  await openBackend({ force: backend, tell: (line) => tell({ kind: 'line', line }) });
  const nets: Uint8Array<ArrayBuffer>[] = [];
  for (const seed of seeds) {
    const net = await trainQuantileNet(rows, { ...config, seed }, { onEpoch: (report) => tell({ kind: 'epoch', report }) });
    nets.push(net.toBytes());
  }
  tell(
    { kind: 'trained', nets },
    nets.map(({ buffer }) => buffer),
  );
} catch (fault) {
  tell({ kind: 'failed', fault });
}
