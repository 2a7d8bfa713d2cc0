/**
 * Leaf: how an entitlement becomes 32 bytes, and the file of all leaves that is published with a root.
 *
 * A leaf binds chain, contract, account and cumulative amount, so that it is good nowhere else (law 7). Leaves are
 * sorted by account, so that one set of entitlements has one root and one file, whatever order it came in.
 */
import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { Domain, Entitlement } from './chain.ts';
import { buildTree, hashWords, keccakHex, type SumNode, type SumProof, tag } from './merkle-sum.ts';

export const leafTag = tag('sunward/settlement/leaf/1');

/** The leaf of an entitlement. @throws RangeError when account or contract is no EVM address, or the amount is negative. */
export function leafOf({ chainId, contract }: Domain, { account, cumulative }: Entitlement): SumNode {
  return { hash: hashWords([leafTag, chainId, addressOf(contract), addressOf(account), cumulative]), sum: cumulative };
}

/** The tree over all entitlements, with proofs by account. */
export interface EntitlementTree {
  readonly root: string;
  readonly total: bigint;
  /** `undefined` when the account has no entitlement. */
  proofOf(account: string): { readonly entitlement: Entitlement; readonly proof: SumProof } | undefined;
}

/** Builds the tree. O(n log n) by the sort. @throws RangeError when an account occurs twice. */
export function entitlementTree(domain: Domain, entitlements: readonly Entitlement[]): EntitlementTree {
  const sorted = sortedByAccount(entitlements);
  const tree = buildTree(sorted.map((entitlement) => leafOf(domain, entitlement)));
  const indexOf = new Map(sorted.map(({ account }, index) => [account, index]));
  return {
    root: tree.root,
    total: tree.total,
    proofOf(account) {
      const index = indexOf.get(account.toLowerCase());
      const entitlement = index === undefined ? undefined : sorted[index];
      return index === undefined || !entitlement ? undefined : { entitlement, proof: tree.proof(index) };
    },
  };
}

/** The root that a settlement of these entitlements has on the chain of `domain`. */
export const settlementRoot = (domain: Domain, entitlements: readonly Entitlement[]): string => entitlementTree(domain, entitlements).root;

/** The published file: all a stranger needs to recompute the root. Canonical: one set of entitlements, one text. */
export function leafFile({ chainId, contract }: Domain, entitlements: readonly Entitlement[]): string {
  const leaves = sortedByAccount(entitlements).map(({ account, cumulative }) => ({ account, cumulative: String(cumulative) }));
  return `${JSON.stringify({ format: 'sunward/leaves/1', chainId: String(chainId), contract: addressOf(contract), leaves })}\n`;
}

/** keccak256 of the leaf file's UTF-8 bytes, 0x-prefixed: what a settlement carries as `leavesHash` (law 8). */
export const leafFileHash = (domain: Domain, entitlements: readonly Entitlement[]): string =>
  keccakHex(utf8ToBytes(leafFile(domain, entitlements)));

function sortedByAccount(entitlements: readonly Entitlement[]): Entitlement[] {
  const sorted = entitlements
    .map(({ account, cumulative }) => ({ account: addressOf(account), cumulative }))
    .sort((a, b) => (a.account < b.account ? -1 : 1));
  for (const [index, { account }] of sorted.entries()) {
    if (sorted[index + 1]?.account === account) throw new RangeError(`${account} has two entitlements; add them up first`);
  }
  return sorted;
}

function addressOf(text: string): string {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) throw new RangeError(`${text} is not an EVM address: 0x and 40 hex digits`);
  return text.toLowerCase();
}
