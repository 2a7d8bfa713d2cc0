/**
 * Merkle-sum tree: a root that commits to every leaf and to the sum of their amounts.
 *
 * A node hashes both children's hashes and both children's sums, so that a leaf beyond the declared total cannot be
 * proven (law 7). A node without a neighbour is promoted unchanged. The tag of inner nodes differs from that of
 * leaves (`leaf.ts`). `EnergyRewards.proves` computes the same; the differential test holds both together.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

export interface SumNode {
  /** 0x-prefixed, 32 bytes. */
  readonly hash: string;
  /** Sum of all amounts below, 0 … 2^256 − 1. */
  readonly sum: bigint;
}

export interface SumProof {
  /** Siblings from the leaf upwards. */
  readonly siblings: readonly SumNode[];
  /** Bit i is 1 when `siblings[i]` stands on the left. */
  readonly path: bigint;
}

export interface SumTree {
  readonly root: string;
  readonly total: bigint;
  /** Proof of the leaf at `index` in the order given. O(log n). @throws RangeError when there is no such leaf. */
  proof(index: number): SumProof;
}

export const WORD_MAX = 2n ** 256n - 1n;
/** keccak256 of the text, as Solidity's `keccak256("…")`. */
export const tag = (text: string): string => keccakHex(utf8ToBytes(text));
const nodeTag = tag('sunward/settlement/node/1');
/** Root over no leaves: nothing hashes to it, nothing can be claimed. */
export const emptyRoot = tag('sunward/settlement/empty/1');

/** 0x-prefixed keccak256. */
export function keccakHex(bytes: Uint8Array): string {
  return `0x${bytesToHex(keccak_256(bytes))}`;
}

/** keccak256 of 32-byte words, as Solidity's `keccak256(abi.encode(…))` of static values. @throws RangeError beyond 256 bits. */
export function hashWords(words: readonly (string | bigint)[]): string {
  return keccakHex(concatBytes(...words.map(word)));
}

/** A text of 32 bytes, as every hash is. */
const WORD_TEXT_LENGTH = 2 + 64;

function word(value: string | bigint): Uint8Array {
  if (typeof value === 'string' && value.length === WORD_TEXT_LENGTH) return hexToBytes(value.slice(2));
  const number = typeof value === 'bigint' ? value : BigInt(value);
  if (number < 0n || number > WORD_MAX) throw new RangeError(`${number} is not an unsigned 256-bit word`);
  return hexToBytes(number.toString(16).padStart(64, '0'));
}

function parent(left: SumNode, right: SumNode): SumNode {
  return { hash: hashWords([nodeTag, left.hash, left.sum, right.hash, right.sum]), sum: left.sum + right.sum };
}

/** The tree over the leaves in the order given. O(n). @throws RangeError when a sum does not fit 256 bits. */
export function buildTree(leaves: readonly SumNode[]): SumTree {
  const levels: (readonly SumNode[])[] = [leaves];
  let level = leaves;
  while (level.length > 1) {
    const above: SumNode[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = [level[index], level[index + 1]];
      if (left) above.push(right ? parent(left, right) : left);
    }
    level = above;
    levels.push(level);
  }
  const top = level[0] ?? { hash: emptyRoot, sum: 0n };
  if (top.sum > WORD_MAX) throw new RangeError(`the sum ${top.sum} does not fit 256 bits`);
  const proof = (index: number): SumProof => {
    if (!leaves[index]) throw new RangeError(`no leaf ${index} among ${leaves.length}`);
    const siblings: SumNode[] = [];
    let path = 0n;
    for (const nodes of levels) {
      const sibling = nodes[index ^ 1];
      if (sibling) {
        if (index & 1) path |= 1n << BigInt(siblings.length);
        siblings.push(sibling);
      }
      index >>= 1;
    }
    return { siblings, path };
  };
  return { root: top.hash, total: top.sum, proof };
}

/** True when the leaf lies under `root` and everything under `root` sums to exactly `total`. */
export function verifyProof(leaf: SumNode, { siblings, path }: SumProof, root: string, total: bigint): boolean {
  let node = leaf;
  for (const [level, sibling] of siblings.entries()) {
    if (sibling.sum < 0n || node.sum + sibling.sum > WORD_MAX) return false;
    node = (path >> BigInt(level)) & 1n ? parent(sibling, node) : parent(node, sibling);
  }
  return node.hash === root.toLowerCase() && node.sum === total;
}
