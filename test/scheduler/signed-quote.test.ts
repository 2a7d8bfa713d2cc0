/** Signed quotes: a price that holds for one job of one owner, for a quarter of an hour, and for nothing else. */
import { describe, expect, test } from 'vitest';
import { signingKey } from '../../energy-oracle/site.ts';
import type { Alternative } from '../../scheduler/quote.ts';
import { fileHash, isQuoteOf, quoteLifeMs, readQuote, signQuote } from '../../scheduler/signed-quote.ts';
import type { SignedQuoteWire } from '../../scheduler/wire.ts';
import { HOUR } from '../../units/time.ts';
import { noon, specOf } from './nouns.ts';

const key = signingKey(Buffer.alloc(32, 7));
const stranger = signingKey(Buffer.alloc(32, 8));
const file = { name: 'train', max_duration: '1h', policy: { promise: 'firm', deadline: '+24h' } };
const parts = { energy: 0.1, computing: 0.48, ask: 0, scarcity: 0, transfer: 0, restarts: 0 };
const run: Alternative = {
  site: 'rhine',
  zone: 'DE-LU',
  model: 'A100',
  accelerators: 4,
  start: noon + HOUR,
  end: noon + 2 * HOUR,
  segments: [],
  energyKwh: 1.6,
  priced: { parts, cost: 0.58, insuredCost: 0.7300004, surplusKwh: 0, carbonG: 640.12345, comparableCost: 0.6 },
  isRunNow: false,
  isChosen: true,
};
const matter = { id: 'quote-1', file, spec: specOf({ promise: 'firm' }), job: 'job-1', run, currency: 'EUR', issuedAt: noon };
const quote = signQuote(matter, key) as SignedQuoteWire;
const asked = { publicKey: key.publicKey, owner: 'ada', file, job: undefined, now: noon };
const refusalOf = (json: string, changes: Partial<typeof asked> | { job: string }) => {
  const read = readQuote(json, { ...asked, ...changes });
  return read.kind === 'refused' ? read.field.found : 'held';
};

describe('a signed quote', () => {
  test('names the file, the run, whole micros rounded up, and a quarter of an hour', () =>
    expect(quote).toMatchObject({
      owner: 'ada',
      promise: 'firm',
      file: fileHash(file),
      costMicros: '580000',
      insuredCostMicros: '730001',
      carbonG: 640.123,
      issuedAt: '2026-06-21T12:00:00Z',
      expiresAt: '2026-06-21T12:15:00Z',
    }));
  test('is read back while it stands', () => expect(readQuote(JSON.stringify(quote), asked)).toEqual({ kind: 'quote', quote }));
  test('is not made where there is no price', () =>
    expect(signQuote({ ...matter, run: { ...run, priced: undefined } }, key)).toBeUndefined());
  test('is of the key alone', () => {
    expect(isQuoteOf(key.publicKey, quote)).toBe(true);
    expect(isQuoteOf(stranger.publicKey, quote)).toBe(false);
    expect(isQuoteOf(key.publicKey, { ...(signQuote(matter, stranger) as SignedQuoteWire), publicKey: key.publicKey })).toBe(false);
  });
  test.each(Object.keys(quote) as (keyof SignedQuoteWire)[])('is broken by a change of its %s', (field) => {
    const value = quote[field];
    const other =
      typeof value === 'number'
        ? value + 1
        : field === 'promise'
          ? 'best-effort'
          : value.replace(/.$/, (last) => (last === '1' ? '2' : '1'));
    const altered = { ...quote, [field]: other };
    expect(isQuoteOf(key.publicKey, altered)).toBe(false);
    expect(readQuote(JSON.stringify(altered), asked).kind).toBe('refused');
  });
  test('does not let two fields be read as one', () => {
    const moved = { ...quote, id: `${quote.id}","${quote.file}`, file: quote.owner };
    expect(isQuoteOf(key.publicKey, moved)).toBe(false);
  });
  test.each([
    { name: 'no JSON', json: '{', changes: {}, found: /no signed quote/ },
    { name: 'a field more', json: JSON.stringify({ ...quote, more: 1 }), changes: {}, found: /no signed quote/ },
    { name: 'a scheduler without a key', json: JSON.stringify(quote), changes: { publicKey: undefined as never }, found: /stranger/ },
    { name: 'another owner', json: JSON.stringify(quote), changes: { owner: 'bob' }, found: /for ada/ },
    { name: 'another file', json: JSON.stringify(quote), changes: { file: { ...file, max_duration: '2h' } }, found: /another job file/ },
    { name: 'another job', json: JSON.stringify(quote), changes: { job: 'job-2' }, found: /for job-1/ },
    {
      name: 'the instant it expires',
      json: JSON.stringify(quote),
      changes: { now: noon + quoteLifeMs },
      found: /expired at 2026-06-21T12:15:00Z/,
    },
  ])('is refused with $name', ({ json, changes, found }) => expect(refusalOf(json, changes)).toMatch(found));
  test('holds for the same file in another order, to the last millisecond', () => {
    const { policy, ...rest } = file;
    const turned = { policy: { deadline: policy.deadline, promise: policy.promise }, ...rest };
    expect(refusalOf(JSON.stringify(quote), { file: turned as typeof file, now: noon + quoteLifeMs - 1 })).toBe('held');
  });
});
