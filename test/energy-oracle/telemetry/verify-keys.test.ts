/** Whose word counts when: rotation and revocation in the verifier, and every mix of five kinds of lie (campaign 13). */
import { describe, expect, test } from 'vitest';
import { decodeBatch } from '../../../energy-oracle/telemetry/batch.ts';
import { applied, firstHistory, type KeyHistory, validAt } from '../../../energy-oracle/telemetry/keys/key-history.ts';
import type { KeyAction } from '../../../energy-oracle/telemetry/keys/key-statement.ts';
import type { MeterKeys } from '../../../energy-oracle/telemetry/meter-keys.ts';
import { decodeReading, encodeReading, type Reading } from '../../../energy-oracle/telemetry/reading.ts';
import type { RawMessage } from '../../../energy-oracle/telemetry/telemetry-source.ts';
import { createVerifier, type Verifier } from '../../../energy-oracle/telemetry/verify.ts';
import { type Instant, MINUTE, SLOT } from '../../../units/time.ts';
import { batchMessage, keyOf, noon, readingOf, signed, siteOf } from './messages.ts';

/** Site 0 under its owner's statements; site 1 under its file's. Rotation and revocation are changed live, as in the registry. */
function make() {
  let history = firstHistory(siteOf(0).meterKey);
  const histories = (id: string): KeyHistory => (id === 'site-0' ? history : firstHistory(siteOf(1).meterKey));
  const keys: MeterKeys = {
    validAt: (site, at) => validAt(histories(site.id), at),
    known: (site) => histories(site.id).keys.map(({ meterKey }) => meterKey),
  };
  const say = (action: KeyAction, key: number, from: Instant) => {
    const statement = { action, meterKey: keyOf(key).publicKey, from, nonce: history.nonce + 1 };
    const verdict = applied(history, statement, noon);
    if (verdict.kind === 'refused') throw new Error(verdict.detail);
    history = verdict.history;
  };
  return { verifier: createVerifier({ sites: [siteOf(0), siteOf(1)], feedKeys: {}, heads: [], keys }), say };
}
function reasonOf(verifier: Verifier, message: RawMessage, receivedAt = message.receivedAt): string {
  const decoded = decodeReading(message.topic, message.payload);
  if (decoded.kind !== 'reading') return decoded.reason;
  const verdict = verifier.verifyReading(decoded.reading, receivedAt);
  return verdict.kind === 'quarantined' ? verdict.reason : verdict.kind;
}
const at = (minute: number, key: number) => signed(readingOf(0, minute), keyOf(key));

describe('a reading', () => {
  test('is verified by the key that is valid for its slot, also when it comes late', () => {
    const { verifier, say } = make();
    say('rotate', 50, noon + SLOT);
    const later = noon + 30 * MINUTE;
    expect(reasonOf(verifier, at(15, 50), later)).toBe('accepted');
    expect(reasonOf(verifier, at(14, 0), later)).toBe('accepted');
    expect(reasonOf(verifier, at(13, 50), later)).toBe('revoked-key');
    expect(reasonOf(verifier, at(16, 0), later)).toBe('revoked-key');
  });

  test('that a revoked key signed is quarantined from the slot on, even when received later; earlier ones stand', () => {
    const { verifier, say } = make();
    expect(reasonOf(verifier, at(0, 0))).toBe('accepted');
    expect(reasonOf(verifier, at(15, 0))).toBe('accepted'); // before anybody knew
    say('revoke', 0, noon + SLOT);
    const later = noon + 60 * MINUTE;
    for (const minute of [1, 14]) expect(reasonOf(verifier, at(minute, 0), later)).toBe('accepted');
    for (const minute of [16, 17, 44]) expect(reasonOf(verifier, at(minute, 0), later)).toBe('revoked-key');
  });

  test('that ends in a revoked slot counts as of that slot', () => {
    const { verifier, say } = make();
    say('revoke', 0, noon + SLOT);
    const across = signed(readingOf(0, 0, { metered: { start: noon + 14 * MINUTE, end: noon + 16 * MINUTE } }), keyOf(0));
    expect(reasonOf(verifier, across)).toBe('revoked-key');
  });

  test('of a revoked key gets no receipt and bans nothing: its thief cannot make a meter forget', () => {
    const { verifier, say } = make();
    reasonOf(verifier, at(0, 0));
    say('revoke', 0, noon);
    const decoded = decodeReading(at(0, 0).topic, encodeReading(readingOf(0, 0, { value: 1 }), keyOf(0)));
    if (decoded.kind !== 'reading') throw new Error(decoded.detail);
    expect(verifier.verifyReading(decoded.reading, noon + MINUTE)).toMatchObject({ reason: 'revoked-key', authentic: false });
    expect(verifier.bannedSlots()).toEqual([]);
  });
});

describe('a batch', () => {
  const open = (verifier: Verifier, message: RawMessage) => {
    const decoded = decodeBatch(message.topic, message.payload);
    if (decoded.kind !== 'batch') throw new Error(decoded.detail);
    const verdict = verifier.verifyBatch(decoded.batch, message.receivedAt);
    if (verdict.kind !== 'opened') return verdict.kind === 'quarantined' ? verdict.reason : verdict.kind;
    return decoded.batch.readings.map((member: Reading) => {
      const one = verifier.verifyMember(member, verdict.key, message.receivedAt);
      return one.kind === 'quarantined' ? one.reason : one.kind;
    });
  };
  const readings = [13, 14, 15, 16].map((minute) => readingOf(0, minute));

  test('over a rotation keeps the members of the slots its key is valid for', () => {
    const { verifier, say } = make();
    say('rotate', 50, noon + SLOT);
    expect(open(verifier, batchMessage(0, 0, { readings }))).toEqual(['accepted', 'accepted', 'revoked-key', 'revoked-key']);
    expect(open(verifier, batchMessage(0, 1, { readings, key: keyOf(50) }))).toEqual([
      'revoked-key',
      'revoked-key',
      'accepted',
      'accepted',
    ]);
  });

  test('of a key that is valid for none of its slots is refused whole, and its number stays free', () => {
    const { verifier, say } = make();
    say('revoke', 0, noon);
    expect(open(verifier, batchMessage(0, 0, { readings }))).toBe('revoked-key');
    say('enrol', 50, noon + SLOT);
    expect(open(verifier, batchMessage(0, 0, { readings: readings.slice(2), key: keyOf(50) }))).toEqual(['accepted', 'accepted']);
  });
});

describe('of 32 mixes of forged value, wrong site, revoked key, cut signature and rotation amid the stream', () => {
  /** Sixty minutes each; where keys are rotated, the truth changes its key at a quarter past. */
  const mixes = Array.from({ length: 32 }, (_, bits) => ({
    forged: (bits & 1) > 0,
    wrongSite: (bits & 2) > 0,
    revoked: (bits & 4) > 0,
    cut: (bits & 8) > 0,
    rotated: (bits & 16) > 0,
  }));
  test.each(mixes)('%o only the truth is accepted, and always', ({ forged, wrongSite, revoked, cut, rotated }) => {
    const { verifier, say } = make();
    if (rotated) say('rotate', 50, noon + SLOT);
    for (let minute = 0; minute < 60; minute++) {
      const right = rotated && minute >= 15 ? 50 : 0;
      const wrong = rotated ? 50 - right : 60; // not valid yet, no longer valid, or of nobody
      const reading = readingOf(0, minute);
      let message = signed(reading, keyOf(revoked ? wrong : right));
      const edit = (change: (fields: Record<string, unknown>) => Record<string, unknown>) => {
        const fields = JSON.parse(new TextDecoder().decode(message.payload)) as Record<string, unknown>;
        message = { ...message, payload: new TextEncoder().encode(JSON.stringify({ ...fields, ...change(fields) })) };
      };
      if (forged) edit(({ value }) => ({ value: Number(value) + 1 }));
      if (cut) edit(({ sig }) => ({ sig: String(sig).slice(0, 60) }));
      if (wrongSite) message = { ...message, topic: 'energy/v1/provider-1/site-1/pv_power' };
      const reason = reasonOf(verifier, message, noon + 60 * MINUTE);
      if (forged || wrongSite || revoked || cut) expect(['bad-signature', 'revoked-key', 'schema', 'not-canonical']).toContain(reason);
      else expect(reason).toBe('accepted');
    }
  });
});
