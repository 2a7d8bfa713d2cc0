/**
 * Verification of the ledger: an honest chain passes, whole or in stretches; any changed bit is found where it is.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, chained, type EntryBody, type LedgerEntry } from '../../../scheduler/ledger/entry.ts';
import { bodyOfText } from '../../../scheduler/ledger/entry-text.ts';
import { genesis, type Head, verifyChain } from '../../../scheduler/ledger/verify.ts';
import { bodyOf } from '../../behaviour/ledger-store.suite.ts';

function chainOf(bodies: readonly EntryBody[], from: Head = genesis): LedgerEntry[] {
  let head = from;
  return bodies.map((body) => {
    const entry = chained(body, head);
    head = entry;
    return entry;
  });
}

const COUNT = 8;
const entries = chainOf(Array.from({ length: COUNT }, (_, slot) => bodyOf(slot % 2 ? 'ada#1' : 'bob#1', slot, slot * 100)));
const head = { sequence: COUNT, hash: entries.at(-1)?.hash };

/** An entry as a store keeps it: its place, two hashes and the text of its body. */
const textsOf = ({ sequence, previousHash, hash, ...body }: LedgerEntry) => ({
  sequence: `${sequence}`,
  previousHash,
  hash,
  body: canonical(body),
});
/** Read back as a store does; a text that no body has is an entry that cannot be read. */
function readBack(texts: ReturnType<typeof textsOf>): LedgerEntry | 'unreadable' {
  const body = bodyOfText(texts.body);
  return body ? { ...body, sequence: Number(texts.sequence), previousHash: texts.previousHash, hash: texts.hash } : 'unreadable';
}
const flipped = (text: string, at: number, bit: number): string =>
  text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << bit)) + text.slice(at + 1);

describe('an honest ledger', () => {
  test('is intact, and so is no ledger at all', () => {
    expect(verifyChain(entries)).toEqual({ kind: 'intact', entries: COUNT, head });
    expect(verifyChain([])).toEqual({ kind: 'intact', entries: 0, head: genesis });
  });

  test('is intact after a reload from its text', () => {
    expect(entries.map(textsOf).map(readBack)).toEqual(entries);
  });

  test('is intact in stretches, each from the head of the one before', () => {
    const first = verifyChain(entries.slice(0, 3));
    expect(first.kind === 'intact' && verifyChain(entries.slice(3), first.head)).toEqual({ kind: 'intact', entries: COUNT - 3, head });
    expect(verifyChain(entries.slice(3))).toMatchObject({ kind: 'broken', sequence: 1 });
  });
});

describe('a ledger in which', () => {
  test('any one bit of any stored entry is flipped is broken at that entry, or cannot be read there', { timeout: 30_000 }, () => {
    const place = fc.tuple(fc.nat(COUNT - 1), fc.constantFrom('sequence', 'previousHash', 'hash', 'body'), fc.nat(), fc.nat(6));
    let read = 0;
    fc.assert(
      fc.property(place, ([index, field, at, bit]) => {
        const texts = entries.map(textsOf);
        const victim = texts[index] as ReturnType<typeof textsOf>;
        texts[index] = { ...victim, [field]: flipped(victim[field], at % victim[field].length, bit) };
        const reloaded = texts.map(readBack);
        const unreadable = reloaded.indexOf('unreadable');
        if (unreadable < 0) read++;
        if (unreadable >= 0) expect(unreadable).toBe(index);
        else expect(verifyChain(reloaded as LedgerEntry[])).toMatchObject({ kind: 'broken', sequence: index + 1 });
      }),
      { numRuns: 1_000 },
    );
    expect(read).toBeGreaterThan(300); // most flips leave an entry that reads well and lies
  });

  test('one entry is left out, repeated or swapped is broken there', () => {
    fc.assert(
      fc.property(fc.nat(COUNT - 2), (i) => {
        const at = { kind: 'broken', sequence: i + 1 };
        expect(verifyChain(entries.toSpliced(i, 1))).toMatchObject(at);
        expect(verifyChain(entries.toSpliced(i, 0, entries[i + 1] as LedgerEntry))).toMatchObject(at);
        expect(verifyChain(entries.toSpliced(i, 2, entries[i + 1] as LedgerEntry, entries[i] as LedgerEntry))).toMatchObject(at);
      }),
    );
  });

  test.each([
    {
      name: 'postings do not balance',
      body: bodyOf('eve#1', 0, 0, { postings: [{ account: 'owner:eve', unit: 'micro', amount: 1n }] }),
      why: /sum to zero/,
    },
    {
      name: 'more energy is accounted than was metered',
      body: bodyOf('eve#1', 0, 1000, { meteredWh: 1299 }),
      why: /1000 Wh .* 300 Wh .* 1299 Wh/,
    },
  ])('$name is broken there, however well it is hashed', ({ body, why }) => {
    const forged = chainOf([bodyOf('ada#1', 0), body, bodyOf('ada#1', 1)]);
    expect(verifyChain(forged)).toEqual({ kind: 'broken', sequence: 2, why: expect.stringMatching(why) });
  });

  test('an entry was rewritten with a hash of its own is broken at its successor', () => {
    const rewritten = chained(bodyOf('eve#1', 3, 1300), entries[2] as LedgerEntry);
    expect(verifyChain(entries.with(3, rewritten))).toMatchObject({ kind: 'broken', sequence: 5 });
  });
});
