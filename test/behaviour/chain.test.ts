import { getCreateAddress, Interface, Wallet } from 'ethers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Chain, Settlement } from '../../scheduler/settlement/chain.ts';
import credit from '../../scheduler/settlement/contracts/EnergyCredit.json' with { type: 'json' };
import { createEthersChain } from '../../scheduler/settlement/ethers-chain.ts';
import { createMemoryChain } from '../../scheduler/settlement/memory-chain.ts';
import { startTestAnvil, type TestAnvil } from '../fixtures/anvil.ts';
import { ada, bob, cleo, describeChain, refusalOf, settlementOf } from './chain.suite.ts';

let anvil: TestAnvil;
beforeAll(async () => {
  anvil = await startTestAnvil();
});
afterAll(() => anvil.stop());

describeChain('the memory chain', async (options) => createMemoryChain(options));
describeChain('the contracts on anvil', (options) => anvil.chain(options));

describe('a chain behind an RPC URL', () => {
  /** A key of its own, so that several chains can be opened with it. */
  const freshKey = async () => {
    const key = Wallet.createRandom();
    await anvil.provider.send('anvil_setBalance', [key.address, '0x56bc75e2d63100000']);
    return key.privateKey;
  };
  const open = (key: string, rest: Partial<Parameters<typeof createEthersChain>[0]> = {}) =>
    createEthersChain({ rpcUrl: anvil.rpcUrl, chainId: anvil.chainId, key, ...rest });
  const replay = async (chain: Chain, journal: readonly Settlement[]) => {
    const { period } = await chain.status();
    await chain.fundUpTo(journal.at(-1)?.cumulativeTotal ?? 0n);
    for (const settlement of journal.filter((each) => each.period > period)) await chain.publish(settlement);
  };

  test('is the same one after a restart: nothing about it is stored', async () => {
    const key = await freshKey();
    const [before, after] = [open(key), open(key)];
    const settlement = settlementOf(before.domain, 1, { [ada]: 5n });
    await before.fundUpTo(5n);
    await before.publish(settlement);
    expect(after.domain).toEqual(before.domain);
    expect(await after.claim(settlement, ada)).toBe(5n);
  });

  test('that lost its last blocks, or all of them, is rebuilt from the journal', async () => {
    const chain = open(await freshKey());
    const empty = await anvil.provider.send('evm_snapshot', []);
    const journal = [1, 2, 3].map((period) => settlementOf(chain.domain, period, { [ada]: BigInt(period * 10), [bob]: BigInt(period) }));
    const [first, second, third] = journal as [Settlement, Settlement, Settlement];
    await replay(chain, [first, second]);
    await chain.claim(second, ada);
    const shorter = await anvil.provider.send('evm_snapshot', []);
    await replay(chain, journal);
    await chain.claim(third, ada);

    await anvil.provider.send('evm_revert', [shorter]);
    expect(await chain.status()).toMatchObject({ period: 2, paid: 20n });
    await replay(chain, journal);
    expect(await chain.claim(third, ada)).toBe(10n);

    await anvil.provider.send('evm_revert', [empty]);
    expect(await chain.status()).toMatchObject({ period: 0, funded: 0n });
    expect(await chain.paidTo(ada)).toBe(0n);
    await replay(chain, journal);
    expect(await chain.claimAll(third, [ada, bob])).toEqual([
      { account: ada, amount: 30n },
      { account: bob, amount: 3n },
    ]);
  });

  test('goes on where deploying or funding was interrupted', async () => {
    const key = await freshKey();
    const signer = new Wallet(key, anvil.provider);
    const data = credit.bytecode + new Interface(credit.abi).encodeDeploy([signer.address]).slice(2);
    await (await signer.sendTransaction({ data, nonce: 0 })).wait();
    const half = open(key);
    await half.fundUpTo(0n); // the other contract is there now, still unfunded
    const token = getCreateAddress({ from: signer.address, nonce: 0 });
    const mint = new Interface(credit.abi).encodeFunctionData('mint', [signer.address, 2n]);
    await (await signer.sendTransaction({ to: token, data: mint, nonce: 2 })).wait();
    await half.fundUpTo(3n);
    expect(await half.status()).toMatchObject({ funded: 3n, balance: 3n });
    const supply = await anvil.provider.call({ to: token, data: new Interface(credit.abi).encodeFunctionData('totalSupply') });
    expect(BigInt(supply)).toBe(3n);
  });

  test('refuses a key that was used for something else, and takes it with its nonce', async () => {
    const key = await freshKey();
    const signer = new Wallet(key, anvil.provider);
    for (let nonce = 0; nonce < 3; nonce++) await (await signer.sendTransaction({ to: ada, value: 1n, nonce })).wait();
    await expect(open(key).fundUpTo(1n)).rejects.toThrow(/has sent 3 transactions/);
    const chain = open(key, { deployNonce: 3 });
    await chain.fundUpTo(1n);
    expect(await chain.status()).toMatchObject({ funded: 1n });
  });

  test('refuses a contract that was deployed with another reward rate (law 4)', async () => {
    const key = await freshKey();
    await open(key, { rewardPerWhMax: 10n }).fundUpTo(1n);
    await expect(open(key, { rewardPerWhMax: 11n }).fundUpTo(2n)).rejects.toThrow(/deployed with 10 units per Wh, not 11/);
  });

  test('refuses another chain than it was told', async () => {
    await expect(open(await freshKey(), { chainId: 1n }).fundUpTo(1n)).rejects.toThrow(/is chain 31337, not 1/);
  });

  test('is a fault at once when it is away', async () => {
    const gone = open(await freshKey(), { rpcUrl: 'http://127.0.0.1:9' });
    const started = performance.now();
    expect(await refusalOf(gone.publish(settlementOf(gone.domain, 1, {})))).toBe('fault');
    await expect(gone.status()).rejects.toThrow(/did not say where it stands/);
    expect(performance.now() - started).toBeLessThan(5_000);
    await gone.close();
  });

  test('does a period of six claims well within a third of a second', async () => {
    const chain = open(await freshKey());
    await chain.fundUpTo(1_000_000n);
    const accounts = [1, 2, 3, 4, 5, 6].map((digit) => `0x${String(digit).repeat(40)}`);
    const spent: number[] = [];
    for (let period = 1; period <= 5; period++) {
      const owed = Object.fromEntries(accounts.map((account, index) => [account, BigInt(period * (index + 1))]));
      const settlement = settlementOf(chain.domain, period, owed);
      const started = performance.now();
      await chain.publish(settlement);
      const payments = await chain.claimAll(settlement, accounts);
      spent.push(performance.now() - started);
      expect(payments.map(({ amount }) => amount)).toEqual([1n, 2n, 3n, 4n, 5n, 6n]);
    }
    expect(Math.min(...spent)).toBeLessThan(300);
  });

  test('pays whoever is in the leaf, at once for callers that do not wait for each other', async () => {
    const chain = open(await freshKey());
    const settlement = settlementOf(chain.domain, 1, { [ada]: 1n, [bob]: 2n, [cleo]: 3n });
    const work = [
      chain.fundUpTo(6n),
      chain.publish(settlement),
      chain.claim(settlement, ada),
      chain.claim(settlement, ada),
      chain.claim(settlement, cleo),
    ];
    expect(await Promise.all(work)).toEqual([undefined, undefined, 1n, 0n, 3n]);
  });
});
