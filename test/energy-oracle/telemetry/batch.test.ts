import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSignedBy } from '../../../energy-oracle/site.ts';
import {
  batchBytesMax,
  batchProof,
  batchReadingsMax,
  decodeBatch,
  encodeBatch,
  type ReadingBatch,
  rootSignature,
  signedBatchText,
  verifyProof,
} from '../../../energy-oracle/telemetry/batch.ts';
import { leafHash, merkleRoot } from '../../../energy-oracle/telemetry/merkle.ts';
import { signedText, streams } from '../../../energy-oracle/telemetry/reading.ts';
import { MINUTE } from '../../../units/time.ts';
import { batchMessage, keyOf, noon, readingOf, siteOf } from './messages.ts';

const { topic, payload } = batchMessage(0, 7);
const json = new TextDecoder().decode(payload);
const bytes = (text: string) => new TextEncoder().encode(text);
const sender = { provider: 'provider-0', site: 'site-0' };
function decoded(message: { topic: string; payload: Uint8Array }): ReadingBatch {
  const result = decodeBatch(message.topic, message.payload);
  if (result.kind !== 'batch') throw new Error(`${result.reason}: ${result.detail}`);
  return result.batch;
}

const readings = fc.array(
  fc.record({
    stream: fc.constantFrom(...streams),
    value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
    seq: fc.nat(5),
    start: fc.nat(5).map((minute) => noon + minute * MINUTE),
    durationMs: fc.constantFrom(MINUTE, 2 * MINUTE, 1),
    quality: fc.constantFrom('measured' as const, 'estimated' as const),
  }),
  { minLength: 1, maxLength: 40 },
);

describe('a batch', () => {
  test('comes back from its message as it went in, each reading under the signature of all', () =>
    fc.assert(
      fc.property(readings, fc.nat(), (drawn, seq) => {
        const told = drawn.map(({ start, durationMs, ...rest }) => ({
          ...readingOf(0, 0),
          ...rest,
          metered: { start, end: start + durationMs },
        }));
        const batch = decoded({ topic, payload: encodeBatch({ ...sender, seq, readings: told }, keyOf(0)) });
        expect(batch.seq).toBe(seq);
        expect(batch.readings).toEqual(told.map((reading, i) => ({ ...reading, signature: `${batch.signature}.${i}` })));
        expect(batch.readings.map(({ signature }) => rootSignature(signature))).toEqual(told.map(() => batch.signature));
        expect(batch.root).toBe(merkleRoot(told.map((reading) => leafHash(signedText(reading)))));
        expect(isSignedBy(siteOf(0).meterKey, signedBatchText(batch, told.length), batch.signature)).toBe(true);
      }),
      { numRuns: 200 },
    ));

  test('tells sixty readings of four streams in under a kilobyte', () => {
    const four = streams.slice(0, 4).flatMap((stream) => Array.from({ length: 15 }, (_, i) => readingOf(0, i, { stream, value: 4_321.5 })));
    expect(batchMessage(0, 0, { readings: four }).payload.length).toBeLessThan(1_000);
  });

  test.each([
    { name: 'white space', text: json.replace(':', ': '), reason: 'not-canonical' },
    { name: 'a double key', text: json.replace('{"seq":7', '{"seq":8,"seq":7'), reason: 'not-canonical' },
    { name: 'a key more', text: json.replace('{', '{"more":1,'), reason: 'not-canonical' },
    { name: 'a key that is part of the language', text: json.replace('{', '{"__proto__":{"seq":1},'), reason: 'not-canonical' },
    { name: 'an exponent', text: json.replace('50021', '50021e0'), reason: 'not-canonical' },
    { name: 'a negative zero', text: json.replace('50021', '-0'), reason: 'not-canonical' },
    { name: 'an infinite number', text: json.replace('50021', '1e999'), reason: 'schema' },
    { name: 'no number', text: json.replace('50021', 'NaN'), reason: 'not-json' },
    { name: 'a gap', text: json.replace('50021', 'null'), reason: 'schema' },
    { name: 'a number in a string', text: json.replace('50021', '"50021"'), reason: 'schema' },
    {
      name: 'a run in two',
      text: json.replace(',50023]', ']],["pv_power",23,"2026-06-21T12:23:00Z","PT1M","measured",[50023]'),
      reason: 'not-canonical',
    },
    { name: 'a stream of no site', text: json.replace('pv_power', 'constructor'), reason: 'schema' },
    { name: 'a field of a run less', text: json.replace('"measured",', ''), reason: 'schema' },
    { name: 'another quality', text: json.replace('"measured"', '"sure"'), reason: 'schema' },
    { name: 'a start with an offset', text: json.replace('12:21:00Z', '14:21:00+02:00'), reason: 'not-canonical' },
    { name: 'no start', text: json.replace('2026-06-21T12:21:00Z', 'noon'), reason: 'schema' },
    { name: 'a start that ends after the year 9999', text: json.replace('2026-06-21T12:21', '9999-12-31T23:59'), reason: 'schema' },
    { name: 'a duration of nothing', text: json.replace('PT1M', 'PT0S'), reason: 'schema' },
    { name: 'a duration above an hour', text: json.replace('PT1M', 'PT61M'), reason: 'schema' },
    { name: 'a number no double can count', text: json.replace('"seq":7', '"seq":9007199254740993'), reason: 'schema' },
    { name: 'numbers that run past all counting', text: json.replace('",21,', `",${Number.MAX_SAFE_INTEGER},`), reason: 'schema' },
    { name: 'no reading', text: json.replace(/"runs":\[.*\],"sig"/, '"runs":[],"sig"'), reason: 'schema' },
    { name: 'a run of nothing', text: json.replace(/\[50021.*?\]/, '[]'), reason: 'schema' },
    { name: 'a long signature', text: json.replace('"sig":"', `"sig":"${'A'.repeat(128)}`), reason: 'schema' },
    { name: 'depth', text: `{"seq":0,"runs":${'['.repeat(20_000)}${']'.repeat(20_000)},"sig":""}`, reason: 'schema' },
    { name: 'a byte order mark', text: `\uFEFF${json}`, reason: 'not-json' },
    { name: 'half a message', text: json.slice(0, 60), reason: 'not-json' },
    { name: 'null', text: 'null', reason: 'schema' },
    { name: 'size', text: `${json}${' '.repeat(batchBytesMax)}`, reason: 'oversized' },
    {
      name: 'too many readings',
      text: `{"seq":0,"runs":[["pv_power",0,"2026-06-21T12:00:00Z","PT1M","measured",[${'1,'.repeat(batchReadingsMax)}1]]],"sig":""}`,
      reason: 'oversized',
    },
  ])('is refused for $name', ({ text, reason }) => {
    expect(text).not.toBe(json);
    expect(decodeBatch(topic, bytes(text))).toMatchObject({ kind: 'undecodable', reason });
  });

  test.each(['energy/v1/p/s/batch/', 'energy/v1/P/s/batch', 'energy/v1/p//batch', 'energy/v2/p/s/batch'])('has no topic %j', (strange) =>
    expect(decodeBatch(strange, payload)).toMatchObject({ kind: 'undecodable', reason: 'topic' }),
  );

  test('is refused for bytes that are no UTF-8', () =>
    expect(decodeBatch(topic, Uint8Array.of(...payload.slice(0, 20), 0xff, ...payload.slice(21)))).toMatchObject({ reason: 'not-json' }));

  test('is never made of nothing, of too much, or of two sites', () => {
    const make = (told: Parameters<typeof encodeBatch>[0]['readings']) => () =>
      encodeBatch({ ...sender, seq: 0, readings: told }, keyOf(0));
    expect(make([])).toThrow(/1 to 1000 readings, found 0/);
    expect(make(Array.from({ length: batchReadingsMax + 1 }, (_, i) => readingOf(0, i)))).toThrow(/found 1001/);
    expect(make([readingOf(0, 0), readingOf(1, 1)])).toThrow(/found provider-1\/site-1/);
    const scattered = Array.from({ length: batchReadingsMax }, (_, i) => readingOf(0, i * 2, { value: 1 / 3 + i }));
    expect(make(scattered)).toThrow(/at most 65536 bytes/);
  });
});

describe('the proof of a reading', () => {
  const batch = decoded(batchMessage(0, 7, { size: 11 }));
  const key = siteOf(0).meterKey;

  test('shows a stranger that the meter signed it, with nothing else of the batch', () => {
    for (const [i, reading] of batch.readings.entries()) expect(verifyProof(reading, batchProof(batch, i), key)).toBe(true);
  });

  test.each([
    { name: 'another value', change: { value: 1 } },
    { name: 'another number', change: { seq: 1 } },
    { name: 'another interval', change: { metered: { start: noon, end: noon + MINUTE } } },
    { name: 'another stream', change: { stream: 'load_power' as const } },
    { name: 'another site', change: { site: 'site-3' } },
    { name: 'another quality', change: { quality: 'estimated' as const } },
  ])('shows nothing of $name', ({ change }) => {
    const reading = batch.readings[4];
    if (!reading) throw new Error('the batch has eleven readings');
    const proof = batchProof(batch, 4);
    expect(verifyProof(reading, proof, key)).toBe(true);
    expect(verifyProof({ ...reading, ...change }, proof, key)).toBe(false);
    expect(verifyProof(reading, proof, siteOf(1).meterKey)).toBe(false);
    for (const other of [{ size: 12 }, { seq: 8 }, { index: 5 }, { root: leafHash('') }, { signature: '' }, { path: [] }])
      expect(verifyProof(reading, { ...proof, ...other }, key)).toBe(false);
  });
});
