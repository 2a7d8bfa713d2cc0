import { readFileSync } from 'node:fs';
import {
  type Contract,
  ContractFactory,
  type InterfaceAbi,
  type JsonRpcSigner,
  type TransactionReceipt,
  type TransactionResponse,
} from 'ethers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Domain, Entitlement } from '../../../scheduler/settlement/chain.ts';
import credit from '../../../scheduler/settlement/contracts/EnergyCredit.json' with { type: 'json' };
import rewards from '../../../scheduler/settlement/contracts/EnergyRewards.json' with { type: 'json' };
import { entitlementTree, leafOf } from '../../../scheduler/settlement/leaf.ts';
import { verifyProof } from '../../../scheduler/settlement/merkle-sum.ts';
import { startTestAnvil, type TestAnvil } from '../../fixtures/anvil.ts';
import { compileContracts } from '../../make/contracts.ts';

const folder = new URL('../../../scheduler/settlement/contracts/', import.meta.url);
const leavesHash = `0x${'1'.repeat(64)}`;
const accountOf = (index: number) => `0x${(0xacc0_0000 + index).toString(16).padStart(40, '0')}`;

let anvil: TestAnvil;
let owner: JsonRpcSigner;
beforeAll(async () => {
  anvil = await startTestAnvil();
  owner = await anvil.provider.getSigner();
});
afterAll(() => anvil.stop());

/** Calls a method: a view's value, or a transaction that `mined` waits for. */
const invoke = (contract: Contract, name: string, ...args: readonly unknown[]): Promise<unknown> => contract.getFunction(name)(...args);
async function mined(sent: Promise<unknown>): Promise<TransactionReceipt> {
  const receipt = await ((await sent) as TransactionResponse).wait();
  if (!receipt) throw new Error('not mined');
  return receipt;
}

async function deploy(json: { abi: unknown; bytecode: string }, args: readonly unknown[], from = owner): Promise<Contract> {
  const made = await new ContractFactory(json.abi as InterfaceAbi, json.bytecode, from).deploy(...args);
  await made.waitForDeployment();
  return made as Contract;
}
/** The contract's error, or that of the library it uses. */
async function revertOf(contract: Contract, call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    const { data } = error as { data?: string };
    return (data && contract.interface.parseError(data)?.name) || String(error);
  }
}
/** A funded pair; the token may be another one than EnergyCredit. */
async function pair(funded: bigint, token?: Contract): Promise<{ token: Contract; vault: Contract; domain: Domain }> {
  const used = token ?? (await deploy(credit, [owner.address]));
  if (!token) await mined(invoke(used, 'mint', owner.address, funded));
  const vault = await deploy(rewards, [owner.address, await used.getAddress(), 10n]);
  const contract = (await vault.getAddress()).toLowerCase();
  await mined(invoke(used, 'approve', contract, 2n ** 256n - 1n));
  await mined(invoke(vault, 'fund', funded));
  return { token: used, vault, domain: { chainId: anvil.chainId, contract } };
}
const settle = (vault: Contract, period: number, root: string, total: bigint) =>
  invoke(vault, 'settle', period, root, total, 0n, 0n, leavesHash);
function claimArgs(domain: Domain, entitlements: readonly Entitlement[], account: string): unknown[] {
  const tree = entitlementTree(domain, entitlements);
  const found = tree.proofOf(account);
  if (!found) throw new RangeError(`no ${account}`);
  return [account, found.entitlement.cumulative, found.proof.path, found.proof.siblings, tree.root];
}

describe('the committed contract files', () => {
  test('are what the committed Solidity compiles to', () => {
    for (const [name, text] of compileContracts()) {
      expect(text === readFileSync(new URL(`${name}.json`, folder), 'utf8'), `${name}.json is stale: npm run contracts`).toBe(true);
    }
  }, 120_000);
});

describe('the contract', () => {
  test('proves exactly what the tree in TypeScript proves, of true, altered and random proofs', async () => {
    const { vault, domain } = await pair(2n ** 100n);
    const amounts = fc.array(fc.bigInt(0n, 2n ** 90n), { minLength: 1, maxLength: 12 });
    const alteration = fc.record({
      amount: fc.constantFrom(0n, 0n, 1n),
      account: fc.boolean(),
      path: fc.nat(15),
      sum: fc.constantFrom(0n, 0n, 1n),
      drop: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(amounts, fc.nat(), alteration, async (sums, some, altered) => {
        const entitlements = sums.map((cumulative, index) => ({ account: accountOf(index), cumulative }));
        const tree = entitlementTree(domain, entitlements);
        const before = await anvil.provider.send('evm_snapshot', []);
        await mined(settle(vault, 1, tree.root, tree.total));
        const of = entitlements[some % entitlements.length] as Entitlement;
        const found = tree.proofOf(of.account);
        if (!found) throw new RangeError(of.account);
        const proves = (entitlement: Entitlement, { siblings, path }: typeof found.proof) =>
          invoke(vault, 'proves', entitlement.account, entitlement.cumulative, path, siblings);
        expect(await proves(of, found.proof)).toBe(true);
        const forged = { account: altered.account ? accountOf(99) : of.account, cumulative: of.cumulative + altered.amount };
        const siblings = found.proof.siblings
          .slice(altered.drop ? 1 : 0)
          .map((each, level) => (level === 0 ? { ...each, sum: each.sum + altered.sum } : each));
        const proof = { siblings, path: found.proof.path ^ BigInt(altered.path) };
        expect(await proves(forged, proof)).toBe(verifyProof(leafOf(domain, forged), proof, tree.root, tree.total));
        await anvil.provider.send('evm_revert', [before]);
      }),
      { numRuns: 25 },
    );
  }, 120_000);

  test('takes roots from the settler alone, credits from the minter alone, and both roles can move', async () => {
    const { vault, token } = await pair(100n);
    const stranger = await richSigner('0x00000000000000000000000000000000000000ee');
    const asStranger = [vault.connect(stranger), token.connect(stranger)] as [Contract, Contract];
    expect(await revertOf(vault, settle(asStranger[0], 1, leavesHash, 1n))).toBe('AccessControlUnauthorizedAccount');
    expect(await revertOf(token, invoke(asStranger[1], 'mint', stranger.address, 1n))).toBe('AccessControlUnauthorizedAccount');
    const role = await invoke(vault, 'SETTLER_ROLE');
    expect(await revertOf(vault, invoke(asStranger[0], 'grantRole', role, stranger.address))).toBe('AccessControlUnauthorizedAccount');
    await mined(invoke(vault, 'grantRole', role, stranger.address));
    await mined(invoke(vault, 'revokeRole', role, owner.address));
    await mined(settle(asStranger[0], 1, leavesHash, 1n));
    expect(await revertOf(vault, settle(vault, 2, leavesHash, 1n))).toBe('AccessControlUnauthorizedAccount');
  });

  test('pays the account in the leaf, whoever submits', async () => {
    const { vault, token, domain } = await pair(100n);
    const owed = [
      { account: accountOf(1), cumulative: 60n },
      { account: accountOf(2), cumulative: 40n },
    ];
    await mined(settle(vault, 1, entitlementTree(domain, owed).root, 100n));
    const stranger = await richSigner('0x00000000000000000000000000000000000000ef');
    await mined(invoke(vault.connect(stranger) as Contract, 'claim', ...claimArgs(domain, owed, accountOf(1))));
    expect(await invoke(token, 'balanceOf', accountOf(1))).toBe(60n);
    expect(await invoke(token, 'balanceOf', stranger.address)).toBe(0n);
  });

  test('counts credits that were sent past it at the next funding', async () => {
    const { vault, token } = await pair(100n);
    await mined(invoke(token, 'mint', await vault.getAddress(), 7n));
    expect(await invoke(vault, 'status')).toEqual([0n, 100n, 0n, 0n, 107n]);
    await mined(invoke(vault, 'fund', 0n));
    expect(await invoke(vault, 'status')).toEqual([0n, 107n, 0n, 0n, 107n]);
  });

  test('costs what is known: a period at most 130,000 gas, a claim among 1,024 at most 110,000', async () => {
    const { vault, domain } = await pair(2n ** 60n);
    const owed = (period: bigint) =>
      Array.from({ length: 1_024 }, (_, index) => ({ account: accountOf(index), cumulative: period * 1_000n }));
    const spent: Record<string, bigint> = {};
    for (const period of [1, 2]) {
      const entitlements = owed(BigInt(period));
      const { root, total } = entitlementTree(domain, entitlements);
      spent[`settle ${period}`] = (await mined(settle(vault, period, root, total))).gasUsed;
      await mined(invoke(vault, 'claim', ...claimArgs(domain, entitlements, accountOf(3))));
      spent[`claim ${period}`] = (await mined(invoke(vault, 'claim', ...claimArgs(domain, entitlements, accountOf(7))))).gasUsed;
    }
    expect(spent['settle 2']).toBeLessThan(1120_000n);
    expect(spent['claim 1']).toBeLessThan(110_000n); // a new holder
    expect(spent['claim 2']).toBeLessThan(80_000n);
  });
});

describe('the contract with a hostile token', () => {
  let hostile: { abi: unknown; bytecode: string };
  beforeAll(() => {
    const source = readFileSync(new URL('../../fixtures/HostileToken.sol', import.meta.url), 'utf8');
    hostile = JSON.parse(compileContracts({ HostileToken: source }).get('HostileToken') ?? '');
  }, 120_000);
  const [none, fee, saysFalse, takesMore, callsBack] = [0, 1, 2, 3, 4];
  const promised = async (malice: number | undefined) => {
    const made = await pair(100n, await deploy(hostile, []));
    const owed = [
      { account: accountOf(1), cumulative: 60n },
      { account: accountOf(2), cumulative: 30n },
    ];
    await mined(settle(made.vault, 1, entitlementTree(made.domain, owed).root, 90n));
    const args = claimArgs(made.domain, owed, accountOf(1));
    await mined(
      invoke(made.token, 'become', malice, await made.vault.getAddress(), made.vault.interface.encodeFunctionData('claim', args)),
    );
    return { ...made, claim: () => mined(invoke(made.vault, 'claim', ...args)) };
  };
  const untouched = [1n, 100n, 90n, 0n, 100n];

  test('that keeps a fee counts what arrived, not what was announced', async () => {
    const { vault } = await promised(fee);
    await mined(invoke(vault, 'fund', 100n));
    expect(await invoke(vault, 'status')).toEqual([1n, 190n, 90n, 0n, 190n]);
  });
  test('that says false instead of paying reverts the claim and changes nothing', async () => {
    const { vault, claim } = await promised(saysFalse);
    expect(await revertOf(vault, claim())).toBe('SafeERC20FailedOperation');
    expect(await invoke(vault, 'status')).toEqual(untouched);
  });
  test('that takes more than was paid reverts the claim (law 6)', async () => {
    const { vault, claim } = await promised(takesMore);
    expect(await revertOf(vault, claim())).toBe('Law6Balance');
    expect(await invoke(vault, 'status')).toEqual(untouched);
  });
  test('that claims again while it is paying is paid once', async () => {
    const { vault, token, claim } = await promised(callsBack);
    await claim();
    expect(await invoke(token, 'calls')).toBe(1n);
    expect(await invoke(token, 'balanceOf', accountOf(1))).toBe(60n);
    expect(await invoke(vault, 'status')).toEqual([1n, 100n, 90n, 60n, 40n]);
  });
  test('that behaves is paid in', async () => {
    const { vault, claim } = await promised(none);
    await claim();
    expect(await invoke(vault, 'status')).toEqual([1n, 100n, 90n, 60n, 40n]);
  });
});

/** A stranger with gas money and no key: anvil signs for it. */
async function richSigner(address: string): Promise<JsonRpcSigner> {
  await anvil.provider.send('anvil_setBalance', [address, '0x56bc75e2d63100000']);
  await anvil.provider.send('anvil_impersonateAccount', [address]);
  return anvil.provider.getSigner(address);
}
