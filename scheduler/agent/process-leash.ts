/**
 * Process leash: child processes that never outlive us, not even a kill -9.
 *
 * The command runs in a process group of its own. Beside it stands a leash: a small shell in another session that
 * reads a pipe whose only write end we hold. When we die, however we die, the pipe ends and the leash stops the
 * command's whole group: stop signal, grace, SIGKILL. A leash that is killed is replaced at once; only whoever kills
 * the leash and then us within that moment, or a descendant that left the group by `setsid`, escapes. POSIX only.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export const GRACE_MS = 5_000;
/** After the command's exit, how long its last output may take to arrive. */
const DRAIN_MS_MAX = 250;
const GROUP_POLL_MS = 30;
const LEASH_REPLACEMENTS_MAX = 100;

/**
 * Line 1 is the group, a further line means "over, go"; the end of the pipe means we are dead. Arguments: signal
 * name without SIG, tenths of a second of grace. A few hundred kB of memory, up in 2 ms; a node would be 45 MB, 35 ms.
 */
const leashScript = `trap '' INT HUP TERM
read -r group || exit 0
read -r over && exit 0
kill -s "$1" -- "-$group" 2>/dev/null
kill -s CONT -- "-$group" 2>/dev/null
left=$2
while [ "$left" -gt 0 ] && kill -s 0 -- "-$group" 2>/dev/null; do sleep 0.1; left=$((left - 1)); done
kill -s KILL -- "-$group" 2>/dev/null`;

export interface LeashOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Of the command; the leash stays with our own rights so that it can signal it. */
  readonly uid?: number;
  readonly gid?: number;
  /** Sent to the group when we are gone; SIGTERM unless told. */
  readonly stopSignal?: NodeJS.Signals;
  /** From the stop signal to SIGKILL, ms. */
  readonly graceMs?: number;
  /** Standard output and error as they come, in one stream; without it both go nowhere. */
  readonly onOutput?: (chunk: Buffer) => void;
}

export interface Leashed {
  /** Of the command, and of its process group. */
  readonly pid: number;
  /** Resolves once the command and whatever it left in its group (stop signal, grace, SIGKILL) is gone; never rejects. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** To the whole process group; nothing once the command is gone. */
  signal(name: NodeJS.Signals): void;
  /** Stop signal, grace, SIGKILL; resolves like `exited`. */
  stop(): Promise<void>;
}

/** The command could not be started at all. */
export class LeashFault extends Error {
  readonly command: string;
  constructor(command: string, cwd: string | undefined) {
    super(`${command} did not start: not found, not executable, or no such folder as ${cwd ?? process.cwd()}`);
    this.name = 'LeashFault';
    this.command = command;
  }
}

/** Signals a whole process group; false when nobody is left in it. */
export function signalGroup(group: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, name);
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code !== 'ESRCH'; // EPERM: somebody is, out of our reach
  }
}

/** Whether anybody of a group still runs; the dead that a slow init has not buried yet do not count. */
async function isGroupAlive(group: number): Promise<boolean> {
  if (!signalGroup(group, 0)) return false;
  try {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pgid=,stat=']);
    return stdout.split('\n').some((line) => new RegExp(`^\\s*${group}\\s+[^Z\\s]`).test(line));
  } catch {
    return true; // a ps that cannot tell leaves it to the grace
  }
}

/**
 * Starts a command on a leash; what it leaves in its group when it exits is stopped too.
 *
 * @throws LeashFault when the command cannot be started
 */
export function spawnLeashed(command: string, args: readonly string[], options: LeashOptions = {}): Leashed {
  const { cwd, env, uid, gid, onOutput, stopSignal = 'SIGTERM', graceMs = GRACE_MS } = options;
  // The leash is up before the command, so that no moment has a command without one: it waits for the group's id.
  let leash = spawnLeash(stopSignal, graceMs);
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', onOutput ? 'pipe' : 'ignore', onOutput ? 'pipe' : 'ignore'],
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
  child.on('error', () => undefined); // told by the missing pid below; later ones belong to kill(), which we never call
  const pid = child.pid;
  if (pid === undefined) {
    leash.stdin?.end();
    throw new LeashFault(command, cwd);
  }
  let over = false;
  let stopping = false;
  let replacements = 0;
  const signalIfAlive = (name: NodeJS.Signals) => {
    stopping ||= name === stopSignal;
    if (!over) signalGroup(pid, name);
  };
  const hold = () => {
    leash.stdin?.write(`${pid}\n`);
    leash.once('exit', () => {
      if (over) return;
      if (replacements++ >= LEASH_REPLACEMENTS_MAX) return signalIfAlive('SIGKILL'); // never unleashed
      leash = spawnLeash(stopSignal, graceMs);
      hold();
    });
  };
  hold();
  if (onOutput) for (const stream of [child.stdout, child.stderr]) stream?.on('data', onOutput);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));

  /** The command is gone; a shell that dies of the stop signal may leave a child that is writing its checkpoint. */
  const clearGroup = async () => {
    if (!stopping) signalIfAlive(stopSignal);
    for (const end = Date.now() + graceMs; Date.now() < end && (await isGroupAlive(pid)); ) await sleep(GROUP_POLL_MS);
    signalIfAlive('SIGKILL');
    over = true;
    leash.stdin?.end('over\n');
    await Promise.race([closed, sleep(DRAIN_MS_MAX)]);
  };
  const exited: Leashed['exited'] = new Promise((resolve) => {
    child.once('exit', (code, signal) => void clearGroup().then(() => resolve({ code, signal })));
  });
  return {
    pid,
    exited,
    signal: signalIfAlive,
    async stop() {
      signalIfAlive(stopSignal);
      const kill = setTimeout(() => signalIfAlive('SIGKILL'), graceMs);
      await exited;
      clearTimeout(kill);
    },
  };
}

function spawnLeash(stopSignal: NodeJS.Signals, graceMs: number): ChildProcess {
  const args = ['-c', leashScript, 'leash', stopSignal.slice('SIG'.length), String(Math.ceil(graceMs / 100))];
  const leash = spawn('/bin/sh', args, { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/', env: { PATH: '/usr/bin:/bin' } });
  leash.on('error', () => undefined); // its 'exit' is what counts, and that brings the next one
  leash.stdin?.on('error', () => undefined); // likewise: a dead leash cannot be written to
  leash.unref(); // the command keeps us alive, the leash does not
  return leash;
}
