import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Anvil, startAnvil } from '../../../cli/embedded/anvil.ts';
import { createEthersChain } from '../../../scheduler/settlement/ethers-chain.ts';
import { ada, settlementOf } from '../../behaviour/chain.suite.ts';

let folder: string;
const started: Anvil[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sunward-anvil-'));
});
afterEach(async () => {
  for (const anvil of started.splice(0)) await anvil.stop();
  rmSync(folder, { recursive: true, force: true });
});
const start = async (options: Partial<Parameters<typeof startAnvil>[0]> = {}) => {
  const anvil = await startAnvil({ folder, ...options });
  started.push(anvil);
  return anvil;
};
const chainOn = ({ rpcUrl, chainId, mnemonic }: Anvil) => createEthersChain({ rpcUrl, chainId, key: mnemonic });
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // ESRCH
  }
};

describe('the embedded chain', () => {
  test('answers on loopback as anvil, with the chain id it says', async () => {
    const anvil = await start();
    expect(anvil.version).toMatch(/^anvil\/v\d/);
    expect(anvil.rpcUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] });
    const response = await fetch(anvil.rpcUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(BigInt(((await response.json()) as { result: string }).result)).toBe(anvil.chainId);
    expect(response.headers.get('access-control-allow-origin')).toBeNull(); // no web page may read it
  });

  test('keeps state, port and contract over a stop, which takes at most two seconds', async () => {
    const before = await start();
    const chain = chainOn(before);
    const settlement = settlementOf(chain.domain, 1, { [ada]: 9n });
    await chain.fundUpTo(20n);
    await chain.publish(settlement);
    await chain.claim(settlement, ada);
    const stopping = performance.now();
    await before.stop();
    expect(performance.now() - stopping).toBeLessThan(2_000);
    expect(isAlive(before.pid)).toBe(false);

    const after = await start();
    expect(after.rpcUrl).toBe(before.rpcUrl);
    const again = chainOn(after);
    expect(await again.status()).toEqual({ period: 1, funded: 20n, promised: 9n, paid: 9n, balance: 11n });
    expect(await again.claim(settlement, ada)).toBe(0n);
    const next = settlementOf(chain.domain, 2, { [ada]: 12n });
    await again.publish(next);
    expect(await again.claim(next, ada)).toBe(3n);
  });

  test.each(['{"block": {"numb', '', '[]'])('starts empty from a state file torn to %j, and keeps what it found', async (torn) => {
    writeFileSync(join(folder, 'anvil-state.json'), torn);
    const said: string[] = [];
    const anvil = await start({ log: (line) => said.push(line) });
    expect(said.join()).toContain('starting empty');
    expect(readFileSync(join(folder, 'anvil-state.json.unreadable'), 'utf8')).toBe(torn);
    const chain = chainOn(anvil);
    await chain.fundUpTo(1n);
    expect(await chain.status()).toMatchObject({ period: 0, funded: 1n });
  });

  test('comes back from a kill -9 with what it last saved, or empty', async () => {
    const anvil = await start();
    const chain = chainOn(anvil);
    await chain.fundUpTo(5n);
    process.kill(anvil.pid, 'SIGKILL');
    await anvil.stop();
    const again = chainOn(await start());
    await again.fundUpTo(6n);
    expect(await again.status()).toMatchObject({ funded: 6n, balance: 6n });
  });

  test('takes another port when the kept one was taken', async () => {
    const before = await start();
    await before.stop();
    const squatter = await new Promise<Server>((resolve) => {
      const server = createServer().listen(Number(new URL(before.rpcUrl).port), '127.0.0.1', () => resolve(server));
    });
    const after = await start();
    expect(after.rpcUrl).not.toBe(before.rpcUrl);
    expect(readFileSync(join(folder, 'anvil.port'), 'utf8').trim()).toBe(new URL(after.rpcUrl).port);
    squatter.close();
  });

  test('says what is wrong when it cannot have the port it was told, and leaves the state file alone', async () => {
    const squatter = await new Promise<Server>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
    });
    const address = squatter.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    await expect(start({ folder: inner, port })).rejects.toThrow(/in use/i);
    expect(existsSync(join(inner, 'anvil-state.json.unreadable'))).toBe(false);
    squatter.close();
  });

  test('dies with us, even by kill -9', async () => {
    const module = fileURLToPath(new URL('../../../cli/embedded/anvil.ts', import.meta.url));
    const script = `import { startAnvil } from ${JSON.stringify(module)};
startAnvil({ folder: ${JSON.stringify(folder)} }).then(({ pid }) => { console.log('pid ' + pid); setInterval(() => undefined, 1000); });`;
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((resolve) => {
      parent.stdout.on('data', (chunk: Buffer) => {
        const found = /pid (\d+)/.exec(chunk.toString());
        if (found) resolve(Number(found[1]));
      });
    });
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    for (let waitedMs = 0; waitedMs < 5_000 && isAlive(pid); waitedMs += 25) await sleep(25);
    expect(isAlive(pid)).toBe(false);
  }, 20_000);
});
