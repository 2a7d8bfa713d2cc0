/**
 * Merkle: one root over many texts, and the proof that a text is one of them.
 *
 * The tree of RFC 6962 §2.1 over SHA-256: leaves are hashed behind 0x00 and nodes behind 0x01, so that no node can be
 * shown as a leaf. Hashes are hex here. The number of leaves is not in the root: whoever signs a root signs it beside.
 */
import { hash } from 'node:crypto';

/** 0x01 and the two halves of a node; one for all calls, which are synchronous. */
const node = Buffer.alloc(65, 1);

/** Hash of a leaf, hex: SHA-256(0x00 ‖ UTF-8 of the text). */
export const leafHash = (text: string): string => hash('sha256', `\0${text}`);

/** Hash of a node, hex: SHA-256(0x01 ‖ left ‖ right). */
function nodeHash(left: string, right: string): string {
  node.write(left, 1, 'hex');
  node.write(right, 33, 'hex');
  return hash('sha256', node);
}

/** The level above: neighbours joined, the last one of an odd number raised as it is. */
const above = (level: readonly string[]): string[] => {
  const joined: string[] = [];
  for (let i = 0; i + 1 < level.length; i += 2) joined.push(nodeHash(level[i] as string, level[i + 1] as string));
  if (level.length % 2 === 1) joined.push(level.at(-1) as string);
  return joined;
};

/** Root over leaf hashes (hex), MTH of RFC 6962 §2.1; of no leaves SHA-256 of nothing. O(leaves). */
export function merkleRoot(leaves: readonly string[]): string {
  let level = leaves;
  while (level.length > 1) level = above(level);
  return level[0] ?? hash('sha256', '');
}

/** Audit path of a leaf, lowest neighbour first, PATH of RFC 6962 §2.1.1. @throws RangeError when there is no such leaf */
export function merklePath(leaves: readonly string[], index: number): string[] {
  if (!(Number.isInteger(index) && index >= 0 && index < leaves.length))
    throw new RangeError(`a leaf is one of 0 to ${leaves.length - 1}, found ${index}`);
  const path: string[] = [];
  for (let [level, at] = [leaves, index]; level.length > 1; [level, at] = [above(level), at >> 1]) {
    const beside = level[at ^ 1];
    if (beside !== undefined) path.push(beside);
  }
  return path;
}

/** True when `path` leads from the leaf hash at `index` of `size` leaves to the root; false for anything malformed. RFC 9162 §2.1.3.2. */
export function leadsToRoot(leaf: string, index: number, size: number, path: readonly string[], root: string): boolean {
  const isHash = (text: string) => /^[0-9a-f]{64}$/.test(text);
  if (!(Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size)) return false;
  if (![leaf, root, ...path].every(isHash)) return false;
  let [at, last, reached] = [index, size - 1, leaf];
  for (const beside of path) {
    if (last === 0) return false; // longer than the tree is high
    while (at === last && at % 2 === 0 && last > 0) [at, last] = [at / 2, Math.floor(last / 2)]; // raised, with nobody beside
    reached = at % 2 === 1 ? nodeHash(beside, reached) : nodeHash(reached, beside);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  while (at === last && at % 2 === 0 && last > 0) [at, last] = [at / 2, Math.floor(last / 2)];
  return last === 0 && reached === root;
}
