/**
 * Meter state: what a running gateway leaves in its data folder for `sunward meter status`, and who runs there.
 *
 * One block of fixed size that is written over in place: it needs no room on a disk that is full, and a kill leaves the
 * old block or the new one. It is a look at the gateway, never its memory: that is the spool.
 */
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const blockBytes = 4_096;
const fileName = 'meter-state.json';

const schema = z.object({
  pid: z.int(),
  /** Ticks since boot, so that a later process of the same number is told apart. */
  startTime: z.string(),
  writtenAt: z.string(),
  sender: z.string(),
  intervalMs: z.number(),
  toldReadings: z.number(),
  droppedReadings: z.number(),
  spoolFault: z.string().nullable(),
  spoolBytesMax: z.number(),
  committed: z.number(),
  refusals: z.record(z.string(), z.number()),
  notUnderstood: z.number(),
  gaps: z.array(z.string()),
  lastReceiptAt: z.string().nullable(),
  clock: z.enum(['right', 'behind', 'unset', 'ahead']),
  aheadMs: z.number().nullable(),
});
export type MeterState = z.infer<typeof schema>;

/** Another gateway works in the folder. */
export class MeterBusyFault extends Error {
  constructor(folder: string, pid: number) {
    super(`another gateway (process ${pid}) works in ${folder}; stop it, or name another folder with --data`);
    this.name = 'MeterBusyFault';
  }
}

/** When the process began, in ticks since boot; empty where the system does not say, `undefined` when it is gone. */
function startTimeOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return ''; // no /proc: the number alone has to do
  }
}

/** The last state that was left in a folder; `undefined` when none can be read. */
export function readMeterState(folder: string): MeterState | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(join(folder, fileName), 'utf8')));
  } catch {
    return undefined; // none was written yet: the spool tells the rest
  }
}

/** True when the process that wrote the state still lives. */
export const isRunning = ({ pid, startTime }: MeterState): boolean => startTimeOf(pid) === startTime;

export interface MeterStateFile {
  write(state: Omit<MeterState, 'pid' | 'startTime'>): void;
}

/** Claims the folder for this process. @throws MeterBusyFault when another one has it */
export function claimMeterFolder(folder: string): MeterStateFile {
  mkdirSync(folder, { recursive: true });
  const found = readMeterState(folder);
  if (found && found.pid !== process.pid && isRunning(found)) throw new MeterBusyFault(folder, found.pid);
  const own = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '' };
  return {
    write: (state) => {
      const text = JSON.stringify({ ...own, ...state });
      let file: number | undefined;
      try {
        file = openSync(join(folder, fileName), found || readMeterState(folder) ? 'r+' : 'w');
        writeSync(file, text.padEnd(blockBytes), 0);
      } catch {
        // a full disk before the first block: status then knows the spool only
      } finally {
        if (file !== undefined) closeSync(file);
      }
    },
  };
}
