/**
 * One retrain beside a main loop that does nothing else, run as a process of its own by `forecast-cost.ts`.
 *
 * Reads archives from the file it is given, trains twice in a worker, prints one line of JSON with what it cost.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { deserialize, serialize } from 'node:v8';
import { pooledFitDefaults } from '../../energy-oracle/forecast/model/tfjs-pooled-fit.ts';
import { trainInWorker } from '../../energy-oracle/forecast/model/tfjs-training.ts';
import type { Archive } from '../../energy-oracle/forecast/target.ts';

export interface RetrainCost {
  readonly cpuSeconds: number;
  readonly lagMsMax: number;
  readonly lagMsP99: number;
  readonly residentMbMax: number;
  /** Of the whole stored model, weights and tables. */
  readonly digest: string;
}

const sampleMs = 50;

async function retrain(archives: readonly Archive[]): Promise<RetrainCost> {
  let resident = process.memoryUsage.rss();
  const sampling = setInterval(() => {
    resident = Math.max(resident, process.memoryUsage.rss());
  }, sampleMs);
  const delay = monitorEventLoopDelay({ resolution: 2 });
  delay.enable();
  const before = process.cpuUsage();
  const model = await trainInWorker(archives, pooledFitDefaults('renewables', 1_000_000), {
    onProgress: ({ variant, seed, epoch, epochs }) => {
      if (epoch === epochs) process.stderr.write(`  ${variant} net ${seed}\n`);
    },
  });
  const { user, system } = process.cpuUsage(before);
  delay.disable();
  clearInterval(sampling);
  return {
    cpuSeconds: (user + system) / 1e6,
    lagMsMax: delay.max / 1e6,
    lagMsP99: delay.percentile(99) / 1e6,
    residentMbMax: resident / 1e6,
    digest: createHash('sha256').update(serialize(model)).digest('hex').slice(0, 16),
  };
}

const archives = deserialize(readFileSync(process.argv[2] as string)) as Archive[];
process.stdout.write(`${JSON.stringify([await retrain(archives), await retrain(archives)])}\n`);
