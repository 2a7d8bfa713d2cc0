/** The examples of docs/verification.md are what the code says and accepts, and its tables name every reason. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isSignedBy, signingKey } from '../../energy-oracle/site.ts';
import { batchProof, batchTopic, decodeBatch, encodeBatch, signedBatchText, verifyProof } from '../../energy-oracle/telemetry/batch.ts';
import { decodeReading, encodeReading, readingTopic, signedText, unsignedTopic } from '../../energy-oracle/telemetry/reading.ts';

const page = readFileSync('docs/verification.md', 'utf8');
const block = (info: string) => {
  const [, text] = new RegExp(`\`\`\`${info}\\n([^\`]*)\\n\`\`\``).exec(page) ?? [];
  if (text === undefined) throw new Error(`the page has no block of ${info}`);
  return text;
};
const bytes = (text: string) => new TextEncoder().encode(text);
const key = signingKey(new Uint8Array(32).fill(1));

describe('the page on verification', () => {
  test('shows a reading that the code reads, with the text that is signed', () => {
    const decoded = decodeReading(readingTopic('sunco', 'evora', 'pv_power'), bytes(block('text reading')));
    if (decoded.kind !== 'reading') throw new Error(decoded.detail);
    expect(page).toContain(`\`\`\`text\n${signedText(decoded.reading)}\n\`\`\``);
    expect(page).toContain(key.publicKey);
    expect(isSignedBy(key.publicKey, signedText(decoded.reading), decoded.reading.signature)).toBe(true);
    expect(encodeReading(decoded.reading, key)).toEqual(bytes(block('text reading')));
  });

  test('shows a batch that the code reads, with the text that is signed and proofs that hold', () => {
    const decoded = decodeBatch(batchTopic('sunco', 'evora'), bytes(block('text batch')));
    if (decoded.kind !== 'batch') throw new Error(decoded.detail);
    const { batch } = decoded;
    expect(page).toContain(`\`\`\`text\n${signedBatchText(batch, batch.readings.length)}\n\`\`\``);
    expect(encodeBatch(batch, key)).toEqual(bytes(block('text batch')));
    for (const [i, reading] of batch.readings.entries()) expect(verifyProof(reading, batchProof(batch, i), key.publicKey)).toBe(true);
  });

  test('shows an unsigned reading that the code reads', () => {
    const decoded = decodeReading(unsignedTopic('sunco', 'evora', 'pv_power'), bytes(block('text unsigned')));
    expect(decoded).toMatchObject({ kind: 'reading', reading: { signature: '', value: 5_230.5 } });
  });

  test('names every reason that the code has', () => {
    const reasonsOf = (file: string, type: string) => {
      const text = readFileSync(`energy-oracle/telemetry/${file}`, 'utf8');
      const [, body = ''] = new RegExp(`type ${type} =([\\s\\S]*?);`).exec(text) ?? [];
      return [...body.matchAll(/'([a-z-]+)'/g)].map(([, reason = '']) => reason);
    };
    const reasons = [...reasonsOf('reading.ts', 'DecodeRefusal'), ...reasonsOf('verify.ts', 'VerifyRefusal')];
    expect(reasons.length).toBeGreaterThan(15);
    expect(reasons.filter((reason) => reason !== 'unknown-zone' && !page.includes(`| \`${reason}\``))).toEqual([]); // zones are grid feeds'
    for (const reason of reasonsOf('keys/key-history.ts', 'KeyRefusal')) expect(page).toContain(`\`${reason}\``);
  });
});
