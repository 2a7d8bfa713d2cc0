import { AbiCoder, id, keccak256 } from 'ethers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entitlement } from '../../../scheduler/settlement/chain.ts';
import { entitlementTree, leafFile, leafFileHash, leafOf, leafTag, settlementRoot } from '../../../scheduler/settlement/leaf.ts';
import { buildTree, type SumNode, verifyProof } from '../../../scheduler/settlement/merkle-sum.ts';

const domain = { chainId: 31_337n, contract: '0x5FbDB2315678afecb367f032d93F642f64180aa3' };
const account = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`);
const entitlements = fc.uniqueArray(fc.record({ account, cumulative: fc.bigInt(0n, 2n ** 96n) }), {
  minLength: 1,
  maxLength: 20,
  selector: (each) => each.account,
});

describe('a leaf', () => {
  test('is what a second implementation of the ABI and of keccak256 says', () => {
    fc.assert(
      fc.property(account, fc.bigInt(0n, 2n ** 256n - 1n), (of, cumulative) => {
        const types = ['bytes32', 'uint256', 'address', 'address', 'uint256'];
        const words = [id('sunward/settlement/leaf/1'), domain.chainId, domain.contract, of, cumulative];
        expect(leafOf(domain, { account: of, cumulative }).hash).toBe(keccak256(AbiCoder.defaultAbiCoder().encode(types, words)));
      }),
    );
  });

  test('is another one on another chain, contract, account or amount', () => {
    const one = { account: `0x${'1'.repeat(40)}`, cumulative: 7n };
    const hashes = [
      leafOf(domain, one),
      leafOf({ ...domain, chainId: 1n }, one),
      leafOf({ ...domain, contract: `0x${'2'.repeat(40)}` }, one),
      leafOf(domain, { ...one, account: `0x${'3'.repeat(40)}` }),
      leafOf(domain, { ...one, cumulative: 8n }),
    ].map(({ hash }) => hash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('is never an inner node: no pair of nodes hashes like a leaf, whatever its words', () => {
    fc.assert(
      fc.property(account, fc.bigInt(0n, 2n ** 96n), (of, cumulative) => {
        // The second-preimage attack: children whose words spell a leaf. Their parent carries the node's tag.
        const pad = (word: string | bigint) => `0x${BigInt(word).toString(16).padStart(64, '0')}`;
        const left: SumNode = { hash: pad(domain.chainId), sum: BigInt(domain.contract) };
        const right: SumNode = { hash: pad(of), sum: cumulative };
        const tree = buildTree([left, right]);
        expect(tree.root).not.toBe(leafOf(domain, { account: of, cumulative }).hash);
        expect(verifyProof(leafOf(domain, { account: of, cumulative }), { siblings: [], path: 0n }, tree.root, tree.total)).toBe(false);
      }),
    );
    expect(leafTag).not.toBe(id('sunward/settlement/node/1'));
  });

  test.each(['0x12', 'sunfarm', `0x${'g'.repeat(40)}`, `0x${'1'.repeat(41)}`])('of %s is refused: no EVM address', (of) => {
    expect(() => leafOf(domain, { account: of, cumulative: 1n })).toThrow(RangeError);
    expect(() => leafOf({ ...domain, contract: of }, { account: domain.contract, cumulative: 1n })).toThrow(RangeError);
  });

  test('of a negative amount is refused', () => {
    expect(() => leafOf(domain, { account: domain.contract, cumulative: -1n })).toThrow(RangeError);
  });
});

describe('a set of entitlements', () => {
  test('has one root and one leaf file, whatever order and letter case it comes in', () => {
    fc.assert(
      fc.property(entitlements, fc.infiniteStream(fc.nat()), (given, salts) => {
        const shuffled: Entitlement[] = given
          .map((each) => ({ each, key: salts.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ each, key }) => ({ ...each, account: key % 2 ? each.account.toUpperCase().replace('0X', '0x') : each.account }));
        expect(settlementRoot(domain, shuffled)).toBe(settlementRoot(domain, given));
        expect(leafFile(domain, shuffled)).toBe(leafFile(domain, given));
      }),
    );
  });

  test('can be recomputed by a stranger from the leaf file alone', () => {
    fc.assert(
      fc.property(entitlements, (given) => {
        const text = leafFile(domain, given);
        const { chainId, contract, leaves } = JSON.parse(text) as {
          chainId: string;
          contract: string;
          leaves: { account: string; cumulative: string }[];
        };
        const read = leaves.map((each) => ({ account: each.account, cumulative: BigInt(each.cumulative) }));
        expect(settlementRoot({ chainId: BigInt(chainId), contract }, read)).toBe(settlementRoot(domain, given));
        expect(leafFileHash(domain, given)).toBe(id(text));
      }),
    );
  });

  test('proves each account its own amount', () => {
    fc.assert(
      fc.property(entitlements, (given) => {
        const tree = entitlementTree(domain, given);
        for (const each of given) {
          const found = tree.proofOf(each.account);
          expect(found?.entitlement).toEqual(each);
          if (found) expect(verifyProof(leafOf(domain, each), found.proof, tree.root, tree.total)).toBe(true);
        }
      }),
    );
  });

  test('with one account twice is refused, however it is spelt', () => {
    const twice = [
      { account: `0x${'a'.repeat(40)}`, cumulative: 1n },
      { account: `0x${'A'.repeat(40)}`, cumulative: 2n },
    ];
    expect(() => settlementRoot(domain, twice)).toThrow(/two entitlements/);
  });
});
