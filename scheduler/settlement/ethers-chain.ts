/**
 * Ethers chain: the chain port on any EVM JSON-RPC, with the contracts beside this file.
 *
 * Both contracts come from one deployer key at two fixed nonces, so that their addresses are known before they exist
 * and nothing about them is stored. Whatever is missing is deployed again on the next write. One signer is treasury,
 * settler and relayer; a claim pays the account in its leaf, so that no provider's key is needed here.
 */
import { getCreateAddress, HDNodeWallet, Interface, type InterfaceAbi, type TransactionReceipt, Wallet } from 'ethers';
import { type Chain, ChainFault, claimOne, energyCredit, type Payment, REWARD_PER_WH_MAX, type Settlement } from './chain.ts';
import credit from './contracts/EnergyCredit.json' with { type: 'json' };
import rewards from './contracts/EnergyRewards.json' with { type: 'json' };
import { createSender, type Sender } from './ethers-sender.ts';
import { type EntitlementTree, entitlementTree } from './leaf.ts';
import { hashWords, WORD_MAX } from './merkle-sum.ts';

export interface EthersChainOptions {
  readonly rpcUrl: string;
  readonly chainId: bigint;
  /** Deployer, treasury, settler and relayer: a 0x-prefixed private key, or a mnemonic whose first account is meant. */
  readonly key: string;
  /** The key's transaction count when this deployment began: 0 for a fresh key. */
  readonly deployNonce?: number;
  /** Law 4, token base units per certified Wh; fixed for ever at deployment. */
  readonly rewardPerWhMax?: bigint;
  /** Between two looks for a receipt, ms; 5 suits loopback, 1000 a real chain. */
  readonly pollMs?: number;
  readonly receiptWaitMsMax?: number;
}

const creditAbi = new Interface(credit.abi as InterfaceAbi);
const rewardsAbi = new Interface(rewards.abi as InterfaceAbi);

/** The chain behind an RPC URL; asks it nothing until it is used. @throws TypeError when `key` is neither key nor mnemonic */
export function createEthersChain(options: EthersChainOptions): Chain {
  const signer = options.key.startsWith('0x') ? new Wallet(options.key) : HDNodeWallet.fromPhrase(options.key.trim());
  const sender = createSender({ ...options, signer, errors: rewardsAbi });
  const contracts = createContracts(sender, { ...options, deployer: signer.address });
  const domain = { chainId: options.chainId, contract: contracts.rewards };
  let busy: Promise<unknown> = Promise.resolve();

  /** One at a time, as nonces follow each other; every error of the outside becomes a ChainFault. */
  const exclusive = <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const turn = busy.then(() => faulted(what, work));
    busy = turn.catch(() => undefined);
    return turn;
  };
  const write = <T>(what: string, work: () => Promise<T>): Promise<T> => exclusive(what, () => contracts.ensure().then(work));

  const chain: Chain = {
    domain,
    token: energyCredit,
    status: () =>
      exclusive('the contract did not say where it stands', async () => {
        if (!(await contracts.exist())) return { period: 0, funded: 0n, promised: 0n, paid: 0n, balance: 0n };
        const values = await sender.read(contracts.rewards, rewardsAbi, 'status');
        const [period, funded, promised, paid, balance] = values as [bigint, bigint, bigint, bigint, bigint];
        return { period: Number(period), funded, promised, paid, balance };
      }),
    fundUpTo: (amount) => write(`the contract could not be funded up to ${amount}`, () => contracts.fundUpTo(amount)),
    publish: (settlement) =>
      write(`period ${settlement.period} was not published`, async () => {
        const [known] = await sender.read(contracts.rewards, rewardsAbi, 'commitmentOf', [settlement.period]);
        if (known === commitmentOf(settlement)) return;
        if (BigInt(known as string) !== 0n) {
          throw new ChainFault(`period ${settlement.period} is on the chain with other totals or another root`);
        }
        const { period, root, cumulativeTotal, cumulativeRewards, cumulativeCertifiedWh, leavesHash } = settlement;
        const args = [period, root, cumulativeTotal, cumulativeRewards, cumulativeCertifiedWh, leavesHash];
        await sender.transact({ to: contracts.rewards, data: rewardsAbi.encodeFunctionData('settle', args) });
      }),
    claim: (settlement, account) => claimOne(chain, settlement, account),
    claimAll: (settlement, accounts) =>
      write(`claims of period ${settlement.period} failed`, async () => {
        const tree = entitlementTree(domain, settlement.entitlements);
        const before = await Promise.all(accounts.map(contracts.claimed));
        const claims = accounts.map((account, index) =>
          claimCall(domain.contract, settlement.root, tree.proofOf(account), before[index] ?? 0n),
        );
        const due = claims.filter((claim) => claim !== undefined);
        const outcomes = await sender.transactAll(due);
        return claims.map((claim, index): Payment => {
          const outcome = claim && outcomes[due.indexOf(claim)];
          const account = accounts[index] ?? '';
          if (!outcome) return { account, amount: 0n };
          return 'receipt' in outcome ? { account, amount: claimedIn(outcome.receipt) } : { account, amount: 0n, refusal: outcome.refusal };
        });
      }),
    paidTo: (account) =>
      exclusive(`what ${account} was paid is not known`, async () => ((await contracts.exist()) ? contracts.claimed(account) : 0n)),
    async close() {
      await busy;
      sender.close();
    },
  };
  return chain;
}

/** The pair of contracts of one deployer: where they are, that they are there, and that they are the ones meant. */
function createContracts(sender: Sender, options: Omit<EthersChainOptions, 'key'> & { readonly deployer: string }) {
  const { chainId, deployer, deployNonce = 0, rewardPerWhMax = REWARD_PER_WH_MAX } = options;
  const at = (nonce: number) => getCreateAddress({ from: deployer, nonce }).toLowerCase();
  const [token, vault] = [at(deployNonce), at(deployNonce + 1)];
  const exist = () => sender.hasCode(vault);
  const number = async (address: string, abi: Interface, name: string, args: readonly unknown[] = []) =>
    BigInt((await sender.read(address, abi, name, args))[0] as bigint | string);
  let checked = false;

  const deploy = async () => {
    const nonce = await sender.nonce();
    if (nonce < deployNonce || nonce > deployNonce + 1) {
      const advice = 'give a fresh key, or the count at which it was fresh';
      throw new ChainFault(`${deployer} has sent ${nonce} transactions and deploying begins at ${deployNonce}; ${advice}`);
    }
    const constructions = [
      credit.bytecode + creditAbi.encodeDeploy([deployer]).slice(2),
      rewards.bytecode + rewardsAbi.encodeDeploy([deployer, token, rewardPerWhMax]).slice(2),
    ];
    for (const data of constructions.slice(nonce - deployNonce)) await sender.transact({ data });
  };
  const check = async () => {
    const [rate, used] = await Promise.all([number(vault, rewardsAbi, 'REWARD_PER_WH_MAX'), number(vault, rewardsAbi, 'TOKEN')]);
    if (rate !== rewardPerWhMax) throw new ChainFault(`${vault} was deployed with ${rate} units per Wh, not ${rewardPerWhMax}`);
    if (used !== BigInt(token)) throw new ChainFault(`${vault} is not the contract that ${deployer} deploys at ${deployNonce}`);
    checked = true;
  };

  return {
    rewards: vault,
    exist,
    claimed: (account: string) => number(vault, rewardsAbi, 'claimed', [account.toLowerCase()]),
    /** Deploys what is missing. @throws ChainFault on another chain, a used key or a contract with other terms */
    async ensure(): Promise<void> {
      if (!checked) {
        const found = await sender.chainId();
        if (found !== chainId) throw new ChainFault(`${options.rpcUrl} is chain ${found}, not ${chainId}`);
      }
      if (!(await exist())) await deploy();
      if (!checked) await check();
    },
    async fundUpTo(amount: bigint): Promise<void> {
      const [funded, held, allowed] = await Promise.all([
        number(vault, rewardsAbi, 'funded'),
        number(token, creditAbi, 'balanceOf', [deployer]),
        number(token, creditAbi, 'allowance', [deployer, vault]),
      ]);
      const missing = amount - funded;
      if (missing <= 0n) return;
      // Each step may have been the last one before a crash, so none assumes the one before.
      if (held < missing) await sender.transact({ to: token, data: creditAbi.encodeFunctionData('mint', [deployer, missing - held]) });
      if (allowed < missing) await sender.transact({ to: token, data: creditAbi.encodeFunctionData('approve', [vault, WORD_MAX]) });
      await sender.transact({ to: vault, data: rewardsAbi.encodeFunctionData('fund', [missing]) });
    },
  };
}

/** `undefined` when the account has no entitlement or nothing beyond what it was paid. */
function claimCall(contract: string, root: string, found: ReturnType<EntitlementTree['proofOf']>, before: bigint) {
  if (!found || found.entitlement.cumulative <= before) return undefined;
  const { account, cumulative } = found.entitlement;
  const args = [account, cumulative, found.proof.path, found.proof.siblings, root];
  return { to: contract, data: rewardsAbi.encodeFunctionData('claim', args) };
}

/** What `commitmentOf` holds for this settlement. */
function commitmentOf({ period, root, cumulativeTotal, cumulativeRewards, cumulativeCertifiedWh, leavesHash }: Settlement): string {
  return hashWords([BigInt(period), root, cumulativeTotal, cumulativeRewards, cumulativeCertifiedWh, leavesHash]);
}

/** The amount in the receipt's `Claimed` event; 0 when someone else had claimed it in between. */
function claimedIn(receipt: TransactionReceipt): bigint {
  for (const log of receipt.logs) {
    const event = rewardsAbi.parseLog(log);
    if (event?.name === 'Claimed') return event.args['amount'] as bigint;
  }
  return 0n;
}

async function faulted<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ChainFault || error instanceof RangeError) throw error;
    throw new ChainFault(what, { cause: error });
  }
}
