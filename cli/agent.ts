/**
 * Agent command: the provider's side, at a real site. Takes leases from a broker and runs them as child processes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signingKey } from '../energy-oracle/site.ts';
import { createAgent } from '../scheduler/agent/agent.ts';
import { createFileJournal } from '../scheduler/agent/file-journal.ts';
import { createProcessEngine } from '../scheduler/agent/process-engine.ts';
import { createMqttAgentLink } from '../scheduler/dispatch/mqtt-dispatch.ts';
import { wallClock } from '../units/clock.ts';
import { brokerLine } from './mqtt-line.ts';

export interface AgentOptions {
  readonly site: string;
  readonly mqtt: string;
  /** File with the site's Ed25519 seed: 32 bytes in hex. */
  readonly key: string;
  readonly data: string;
  readonly stop: AbortSignal;
}

/** Well within a third of the lease; what the scheduler allows for stopping after it counts on this. */
const beatEveryMs = 5_000;

/** Runs until `stop`; its jobs are checkpointed and reported then. */
export async function runAgent({ site, mqtt, key, data, stop }: AgentOptions): Promise<void> {
  const seed = secretIn(key);
  if (!/^[0-9a-f]{64}$/.test(seed)) throw new RangeError(`${key} must hold 32 bytes in hex; make one with \`sunward key\``);
  const log = (line: string) => process.stdout.write(`${new Date().toISOString()}  ${line}\n`);
  const agent = createAgent({
    site,
    key: signingKey(Buffer.from(seed, 'hex')),
    link: createMqttAgentLink({ line: brokerLine(mqtt, process.env), onFault: (fault) => log(fault.message) }),
    executor: createProcessEngine({ folder: join(data, 'jobs'), clock: wallClock, log }),
    journal: createFileJournal(join(data, `${site}.json`)),
    clock: wallClock,
    log,
  });
  await agent.open();
  log(`agent of ${site} on ${brokerLine(mqtt, process.env).url}`);
  let broken: unknown; // a journal that cannot be written: without it an agent must not work
  while (!stop.aborted && broken === undefined) {
    // not awaited: a beat without a scheduler waits long for its receipt, and leases must be looked after meanwhile
    agent.beat().catch((fault: unknown) => {
      broken = fault;
    });
    await sleep(beatEveryMs, undefined, { signal: stop }).catch(() => undefined);
  }
  if (broken !== undefined) throw broken;
  await agent.close();
}

function secretIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new RangeError(`${file} cannot be read (${(cause as NodeJS.ErrnoException).code}); make a key with \`sunward key ${file}\``, {
      cause,
    });
  }
}
