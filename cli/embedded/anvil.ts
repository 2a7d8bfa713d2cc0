/**
 * Anvil: the embedded EVM chain, a child process on loopback that never outlives us.
 *
 * Its state file is a cache: written every two seconds and at stop, rebuilt from the journal when it is lost. It keeps
 * every block, some 16 kB per period of six claims, so that it is good for months, not for years. The mnemonic is the
 * public one of every development chain: its keys protect nothing, and must never hold real money. A chain for real
 * use is given by its RPC URL instead.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Leashed, spawnLeashed } from '../../scheduler/agent/process-leash.ts';

interface AnvilOptions {
  /** Holds `anvil-state.json` and `anvil.port`; made when it is missing. */
  readonly folder: string;
  /** 0 or nothing: the port of last time, or a free one. */
  readonly port?: number | undefined;
  readonly log?: (line: string) => void;
}

export interface Anvil {
  readonly rpcUrl: string;
  readonly chainId: bigint;
  readonly mnemonic: string;
  /** As it names itself, e.g. `anvil/v1.7.1`. */
  readonly version: string;
  readonly pid: number;
  /** Saves the state; resolves when the process is gone, in at most two seconds. */
  stop(): Promise<void>;
}

/** Anvil cannot run here, or did not answer. */
export class AnvilFault extends Error {
  readonly folder: string;
  constructor(folder: string, problem: string, cause?: unknown) {
    super(`anvil in ${folder}: ${problem}`, { cause });
    this.name = 'AnvilFault';
    this.folder = folder;
  }
}

/** Known to everybody, on purpose. */
const demoMnemonic = 'test test test test test test test test test test test junk';
const anvilChainId = 31_337n;
const READY_MS_MAX = 15_000;
const READY_POLL_MS = 15;
const STOP_MS_MAX = 1_800;
const STATE_INTERVAL_SECONDS = 2;
/** Blocks whose transactions and receipts are kept: nobody asks for one after its publication. */
const BLOCKS_KEPT = 256;

/** Starts the chain; a state file that it cannot read is moved aside and the chain starts empty. @throws AnvilFault */
export async function startAnvil({ folder, port, log = () => undefined }: AnvilOptions): Promise<Anvil> {
  mkdirSync(folder, { recursive: true });
  const state = join(folder, 'anvil-state.json');
  const chosen = port || (await usablePort(folder));
  const first = await attempt(folder, state, chosen);
  if ('anvil' in first) return first.anvil;
  if (!existsSync(state)) throw new AnvilFault(folder, first.problem);
  const aside = `${state}.unreadable`;
  renameSync(state, aside);
  log(`anvil could not start from its state, which is now ${aside}; starting empty, the journal fills it again (${first.problem})`);
  const second = await attempt(folder, state, chosen);
  if ('anvil' in second) return second.anvil;
  renameSync(aside, state); // it was not the state's fault
  throw new AnvilFault(folder, second.problem);
}

async function attempt(folder: string, state: string, port: number): Promise<{ anvil: Anvil } | { problem: string }> {
  let said = '';
  const args = ['--host', '127.0.0.1', '--port', String(port), '--silent', '--no-cors', '--chain-id', String(anvilChainId)];
  args.push('--mnemonic', demoMnemonic, '--accounts', '1', '--prune-history', '--transaction-block-keeper', String(BLOCKS_KEPT));
  args.push('--state', state, '--state-interval', String(STATE_INTERVAL_SECONDS));
  const child = spawnLeashed(anvilBinary(folder), args, {
    cwd: folder,
    stopSignal: 'SIGINT',
    graceMs: STOP_MS_MAX,
    onOutput: (chunk) => {
      said = (said + chunk.toString()).slice(-2_000);
    },
  });
  const rpcUrl = `http://127.0.0.1:${port}`;
  const version = await Promise.race([answered(rpcUrl, child), child.exited.then(() => undefined)]);
  if (version === undefined) {
    await child.stop();
    return { problem: said.trim().split('\n')[0] || `no answer on port ${port} in ${READY_MS_MAX} ms` };
  }
  return {
    anvil: { rpcUrl, chainId: anvilChainId, mnemonic: demoMnemonic, version, pid: child.pid, stop: async () => void (await child.stop()) },
  };
}

/** The version it answers with; `undefined` when it never does, or when it is not anvil that answers. */
async function answered(rpcUrl: string, child: Leashed): Promise<string | undefined> {
  let gone = false;
  void child.exited.then(() => {
    gone = true;
  });
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'web3_clientVersion', params: [] });
  for (let waitedMs = 0; waitedMs < READY_MS_MAX && !gone; waitedMs += READY_POLL_MS) {
    try {
      const response = await fetch(rpcUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      const { result } = (await response.json()) as { result?: string };
      if (!gone && result?.startsWith('anvil/')) return result;
    } catch {
      // not listening yet
    }
    await sleep(READY_POLL_MS);
  }
  return undefined;
}

/** The binary of this platform's package, found without the façade's install script. */
function anvilBinary(folder: string): string {
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  try {
    const facade = createRequire(createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json'));
    return join(dirname(facade.resolve(`@foundry-rs/anvil-${platform}/package.json`)), 'bin', 'anvil');
  } catch (cause) {
    throw new AnvilFault(folder, `no anvil binary for ${platform} is installed; give the RPC URL of a chain instead`, cause);
  }
}

/** The port of last time when it is still free, so that wallets and notes keep working; else a free one, kept. */
async function usablePort(folder: string): Promise<number> {
  const note = join(folder, 'anvil.port');
  const kept = existsSync(note) ? Number(readFileSync(note, 'utf8')) : 0;
  const port = (Number.isInteger(kept) && kept > 0 && kept < 65_536 && (await freePort(kept))) || (await freePort(0));
  if (!port) throw new AnvilFault(folder, 'no free port on 127.0.0.1');
  writeFileSync(note, `${port}\n`);
  return port;
}

/** The port itself (or any, for 0) when it can be listened on, else `undefined`. */
function freePort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}
