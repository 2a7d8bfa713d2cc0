import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { leadsToRoot, leafHash, merklePath, merkleRoot } from '../../../energy-oracle/telemetry/merkle.ts';

/**
 * Leaves and roots of RFC 6962's reference implementation: github.com/google/certificate-transparency,
 * cpp/merkletree/merkle_tree_test.cc (Apache-2.0), read 2026-11. Bytes below 0x80, so that they are texts too.
 */
const bytes = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const leaves = bytes.map((hex) => leafHash(Buffer.from(hex, 'hex').toString('latin1')));
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const paths = [
  {
    index: 0,
    size: 8,
    path: [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  },
  {
    index: 5,
    size: 8,
    path: [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  },
  { index: 2, size: 3, path: ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'] },
  {
    index: 1,
    size: 5,
    path: [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  },
];

describe('a Merkle root', () => {
  test.each(roots.map((root, size) => ({ size, root })))('over $size leaves is RFC 6962’s', ({ size, root }) =>
    expect(merkleRoot(leaves.slice(0, size))).toBe(root),
  );
});

describe('an audit path', () => {
  test.each(paths)('of leaf $index of $size is RFC 6962’s, and leads to the root', ({ index, size, path }) => {
    expect(merklePath(leaves.slice(0, size), index)).toEqual(path);
    expect(leadsToRoot(leaves[index] as string, index, size, path, roots[size] as string)).toBe(true);
  });

  const tree = fc.integer({ min: 1, max: 70 }).chain((size) => fc.record({ size: fc.constant(size), index: fc.nat(size - 1) }));
  const leavesOf = (size: number) => Array.from({ length: size }, (_, i) => leafHash(`leaf ${i}`));

  test('leads every leaf of every tree to its root', () =>
    fc.assert(
      fc.property(tree, ({ size, index }) => {
        const all = leavesOf(size);
        expect(leadsToRoot(all[index] as string, index, size, merklePath(all, index), merkleRoot(all))).toBe(true);
      }),
      { numRuns: 300 },
    ));

  test('leads no other leaf, index, size, path or node there', () =>
    fc.assert(
      fc.property(tree, fc.nat(), ({ size, index }, dice) => {
        const all = leavesOf(size);
        const [leaf, root, path] = [all[index] as string, merkleRoot(all), merklePath(all, index)];
        const other = leafHash('no leaf');
        const at = dice % Math.max(1, path.length);
        expect(leadsToRoot(other, index, size, path, root)).toBe(false);
        if (size > 1) expect(leadsToRoot(leaf, (index + 1 + (dice % (size - 1))) % size, size, path, root)).toBe(false);
        expect(leadsToRoot(leaf, index, size, [...path, other], root)).toBe(false);
        expect(leadsToRoot(leaf, index, size, path.slice(1), root)).toBe(path.length === 0);
        if (path.length > 0) expect(leadsToRoot(leaf, index, size, path.with(at, other), root)).toBe(false);
        expect(leadsToRoot(leaf, index, size, path, other)).toBe(false);
        expect(leadsToRoot(leaf, -1, size, path, root) || leadsToRoot(leaf, size, size, path, root)).toBe(false);
        expect(leadsToRoot(leaf, index + 0.5, size, path, root)).toBe(false);
      }),
      { numRuns: 300 },
    ));

  test('makes no leaf of a node: the halves of a root, told as a text, hash to something else', () => {
    const halves = [leafHash('1'), leafHash('2')];
    expect(leafHash(Buffer.from(halves.join(''), 'hex').toString('latin1'))).not.toBe(merkleRoot(halves));
    expect(merkleRoot([])).not.toBe(leafHash(''));
  });

  test('is asked only of leaves that there are', () => {
    expect(() => merklePath(leaves, 8)).toThrow(RangeError);
    expect(() => merklePath([], 0)).toThrow(RangeError);
  });
});
