import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildTree, emptyRoot, hashWords, type SumNode, tag, verifyProof, WORD_MAX } from '../../../scheduler/settlement/merkle-sum.ts';

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`);
const leaf = fc.record({ hash, sum: fc.bigInt(0n, 2n ** 128n) });
const leaves = fc.uniqueArray(leaf, { minLength: 1, maxLength: 33, selector: (each) => each.hash });
const at = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

describe('the Merkle-sum tree', () => {
  test('proves every leaf, and its total is the sum of all of them', () => {
    fc.assert(
      fc.property(leaves, (nodes) => {
        const tree = buildTree(nodes);
        expect(tree.total).toBe(nodes.reduce((sum, node) => sum + node.sum, 0n));
        for (const [index, node] of nodes.entries()) expect(verifyProof(node, tree.proof(index), tree.root, tree.total)).toBe(true);
      }),
    );
  });

  test('proves no leaf with another amount, hash, total, root, sibling sum or place', () => {
    fc.assert(
      fc.property(leaves, fc.nat(), fc.nat(), fc.bigInt(1n, 2n ** 64n), hash, (nodes, some, other, change, alien) => {
        const tree = buildTree(nodes);
        const index = some % nodes.length;
        const node = at(nodes, index);
        const proof = tree.proof(index);
        const proves = (leaf: SumNode, given = proof, root = tree.root, total = tree.total) => verifyProof(leaf, given, root, total);
        expect(proves({ ...node, hash: alien })).toBe(false);
        expect(proves(node, proof, alien)).toBe(false);
        expect(proves(node, proof, tree.root, tree.total + change)).toBe(false);
        // A lone leaf binds its amount by its own hash (leaf.ts), so here the total is what refuses it.
        expect(proves({ ...node, sum: node.sum + change })).toBe(false);
        if (proof.siblings.length === 0) return;
        const level = other % proof.siblings.length;
        const siblings = proof.siblings.map((each, above) => (above === level ? { ...each, sum: each.sum + change } : each));
        expect(proves(node, { ...proof, siblings })).toBe(false);
        expect(proves(node, { ...proof, path: proof.path ^ (1n << BigInt(level)) })).toBe(false);
        expect(proves(node, { ...proof, siblings: proof.siblings.slice(1) })).toBe(false);
      }),
    );
  });

  test('refuses a negative or overflowing sibling, which would let a leaf outgrow the total', () => {
    const [a, b] = [
      { hash: tag('a'), sum: 70n },
      { hash: tag('b'), sum: 30n },
    ];
    const tree = buildTree([a, b]);
    for (const sum of [-40n, WORD_MAX]) expect(verifyProof(a, { siblings: [{ ...b, sum }], path: 0n }, tree.root, 100n)).toBe(false);
    expect(() => buildTree([a, { ...b, sum: WORD_MAX }])).toThrow(RangeError);
    expect(() => buildTree([a, { ...b, sum: -1n }])).toThrow(RangeError);
  });

  test.each([
    { name: 'no leaves', count: 0, root: () => emptyRoot },
    { name: 'one leaf', count: 1, root: ([a]: string[]) => a },
    { name: 'three leaves, the odd one promoted', count: 3, root: ([a, b, c]: string[]) => join(join(a, b, 1n, 2n), c, 3n, 3n) },
    { name: 'five', count: 5, root: ([a, b, c, d, e]: string[]) => join(join(join(a, b, 1n, 2n), join(c, d, 3n, 4n), 3n, 7n), e, 10n, 5n) },
  ])('of $name has the root that the definition gives', ({ count, root }) => {
    const nodes = Array.from({ length: count }, (_, index) => ({ hash: tag(`leaf ${index}`), sum: BigInt(index + 1) }));
    expect(buildTree(nodes).root).toBe(root(nodes.map((node) => node.hash)));
  });

  test('has no proof of a leaf that is not there', () => {
    for (const index of [-1, 1, 0.5]) expect(() => buildTree([{ hash: tag('a'), sum: 1n }]).proof(index)).toThrow(RangeError);
  });

  test('takes time that grows with the leaves and not with their square', () => {
    const nodes = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ hash: `0x${index.toString(16).padStart(64, '0')}`, sum: 1n }));
    const timed = (count: number) => {
      const started = performance.now();
      buildTree(nodes(count)).proof(count - 1);
      return performance.now() - started;
    };
    timed(500);
    const [small, large] = [Math.min(timed(500), timed(500), timed(500)), timed(8_000)];
    expect(large / small).toBeLessThan(16 * 6);
  });
});

function join(left: string | undefined, right: string | undefined, leftSum: bigint, rightSum: bigint): string {
  return hashWords([tag('sunward/settlement/node/1'), left ?? '', leftSum, right ?? '', rightSum]);
}
