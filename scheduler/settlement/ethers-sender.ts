/**
 * Ethers sender: calls and transactions of one key on an EVM JSON-RPC.
 *
 * Estimates, signs, sends and waits with explicit nonces and no polling pauses of the library's own. Estimating first
 * means that a call the contract refuses costs no gas and says its reason. One caller at a time: nonces follow each other.
 */
import { FetchRequest, type HDNodeWallet, type Interface, isError, JsonRpcProvider, type TransactionReceipt, type Wallet } from 'ethers';
import { ChainFault, type ChainRefusal, chainRefusals } from './chain.ts';

interface SenderOptions {
  readonly rpcUrl: string;
  readonly chainId: bigint;
  readonly signer: Wallet | HDNodeWallet;
  /** Names the refusals. */
  readonly errors: Interface;
  /** Between two looks for a receipt, ms; 5 suits loopback, 1000 a real chain. */
  readonly pollMs?: number | undefined;
  readonly receiptWaitMsMax?: number | undefined;
}

interface Call {
  /** `undefined` deploys. */
  readonly to?: string;
  readonly data: string;
}

type Outcome = { readonly receipt: TransactionReceipt } | { readonly refusal: ChainRefusal | 'unknown'; readonly cause: unknown };

export interface Sender {
  /** Transactions that the key has sent, the pending ones too. */
  nonce(): Promise<number>;
  /** What the chain itself says its id is. */
  chainId(): Promise<bigint>;
  hasCode(address: string): Promise<boolean>;
  /** The values that a view returns. */
  read(address: string, abi: Interface, name: string, args?: readonly unknown[]): Promise<readonly unknown[]>;
  /** Mined when it resolves. @throws ChainFault with the contract's refusal */
  transact(call: Call): Promise<void>;
  /** All calls, sent in order and mined when it resolves; a refused one is not sent and does not stop the others. */
  transactAll(calls: readonly Call[]): Promise<readonly Outcome[]>;
  close(): void;
}

const RPC_MS_MAX = 10_000;
const POLL_MS = 5;
const RECEIPT_WAIT_MS_MAX = 60_000;
/** Gas limit over the estimate, percent: the state may move between the estimate and the block. */
const GAS_PERCENT = 130n;

export function createSender({ rpcUrl, chainId, signer, errors, pollMs = POLL_MS, receiptWaitMsMax }: SenderOptions): Sender {
  const request = new FetchRequest(rpcUrl);
  request.timeout = RPC_MS_MAX;
  const provider = new JsonRpcProvider(request, chainId, { staticNetwork: true, cacheTimeout: -1, batchStallTime: 0 });
  const nonce = () => provider.getTransactionCount(signer.address, 'pending');

  const estimated = async ({ to, data }: Call): Promise<{ readonly gas: bigint } | Extract<Outcome, { refusal: unknown }>> => {
    try {
      return { gas: await provider.estimateGas({ from: signer.address, data, ...(to ? { to } : {}) }) };
    } catch (cause) {
      if (!isError(cause, 'CALL_EXCEPTION')) throw cause;
      return { refusal: refusalIn(errors, cause.data), cause };
    }
  };

  const transactAll = async (calls: readonly Call[]): Promise<readonly Outcome[]> => {
    if (calls.length === 0) return [];
    const [estimates, price, firstNonce] = await Promise.all([Promise.all(calls.map(estimated)), gasPrice(provider), nonce()]);
    let next = firstNonce;
    const sent: (Promise<Outcome> | Outcome)[] = [];
    for (const [index, estimate] of estimates.entries()) {
      if ('refusal' in estimate) {
        sent.push(estimate);
        continue;
      }
      const gasLimit = (estimate.gas * GAS_PERCENT) / 100n;
      const raw = await signer.signTransaction({ ...calls[index], ...price, chainId, nonce: next++, gasLimit });
      const hash = (await provider.send('eth_sendRawTransaction', [raw])) as string;
      const outcome = mined(provider, hash, { pollMs, receiptWaitMsMax: receiptWaitMsMax ?? RECEIPT_WAIT_MS_MAX });
      outcome.catch(() => undefined); // told by the Promise.all below, or by the fault that keeps us from it
      sent.push(outcome);
    }
    return Promise.all(sent);
  };

  return {
    nonce,
    transactAll,
    chainId: async () => BigInt((await provider.send('eth_chainId', [])) as string),
    hasCode: async (address) => (await provider.getCode(address)) !== '0x',
    read: async (to, abi, name, args = []) =>
      abi.decodeFunctionResult(name, await provider.call({ to, data: abi.encodeFunctionData(name, args) })),
    async transact(call) {
      const [outcome] = await transactAll([call]);
      if (!outcome || 'receipt' in outcome) return;
      const { refusal, cause } = outcome;
      throw new ChainFault(`the contract refused: ${refusal}`, { refusal: refusal === 'unknown' ? undefined : refusal, cause });
    },
    close: () => provider.destroy(),
  };
}

/** Fees of this moment, in the form that the chain knows. */
async function gasPrice(provider: JsonRpcProvider) {
  const { maxFeePerGas, maxPriorityFeePerGas, gasPrice: legacy } = await provider.getFeeData();
  return maxFeePerGas !== null && maxPriorityFeePerGas !== null
    ? { type: 2, maxFeePerGas, maxPriorityFeePerGas }
    : { type: 0, gasPrice: legacy };
}

async function mined(
  provider: JsonRpcProvider,
  hash: string,
  { pollMs, receiptWaitMsMax }: { readonly pollMs: number; readonly receiptWaitMsMax: number },
): Promise<Outcome> {
  for (let waitedMs = 0; waitedMs <= receiptWaitMsMax; waitedMs += pollMs) {
    const receipt = await provider.getTransactionReceipt(hash);
    if (receipt?.status === 1) return { receipt };
    if (receipt) return { refusal: 'unknown', cause: new Error(`transaction ${hash} was mined and reverted`) };
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  throw new ChainFault(`transaction ${hash} was not mined in ${receiptWaitMsMax} ms`);
}

function refusalIn(errors: Interface, data: string | null): ChainRefusal | 'unknown' {
  const name = data ? errors.parseError(data)?.name : undefined;
  return chainRefusals.find((refusal) => refusal === name) ?? 'unknown';
}
