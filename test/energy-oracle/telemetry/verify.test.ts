import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCurve } from '../../../energy-oracle/grid/grid-feed.ts';
import { decodeReading, type Reading, type Stream } from '../../../energy-oracle/telemetry/reading.ts';
import { rememberedMax } from '../../../energy-oracle/telemetry/stream-memory.ts';
import type { RawMessage } from '../../../energy-oracle/telemetry/telemetry-source.ts';
import { createVerifier, type Past, type Verifier } from '../../../energy-oracle/telemetry/verify.ts';
import { DAY, MINUTE, SLOT } from '../../../units/time.ts';
import { curveMessage, curveOf, feedKey, keyOf, messageOf, noon, readingOf, signed, siteOf, unsignedMessage } from './messages.ts';

const sites = [siteOf(0), siteOf(1), siteOf(2), siteOf(3)];
const fresh = (heads: Parameters<typeof createVerifier>[0]['heads'] = []) =>
  createVerifier({ sites, feedKeys: { 'DE-LU': feedKey.publicKey }, heads });

function decoded(message: RawMessage): Reading {
  const result = decodeReading(message.topic, message.payload);
  if (result.kind !== 'reading') throw new Error(`${result.reason}: ${result.detail}`);
  return result.reading;
}
const tell = (verifier: Verifier, message: RawMessage, past?: Past) => verifier.verifyReading(decoded(message), message.receivedAt, past);
const accepted = { kind: 'accepted', gapFrom: undefined };
const repeat = { kind: 'repeat', refused: undefined };
const quarantined = (reason: string) => expect.objectContaining({ kind: 'quarantined', reason, authentic: true });
const forged = (reason: string) => expect.objectContaining({ kind: 'quarantined', reason, authentic: false });

describe('the verifier', () => {
  test('accepts what a meter signs in order, and knows it again', () => {
    const verifier = fresh();
    for (let seq = 0; seq < 5; seq++) expect(tell(verifier, messageOf(0, seq))).toEqual(accepted);
    for (let seq = 0; seq < 5; seq++) expect(tell(verifier, messageOf(0, seq))).toEqual(repeat);
  });

  test.each([
    { name: 'a site that is not enrolled', message: messageOf(7, 0), reason: 'unknown-site' },
    { name: 'another provider’s claim to a site', message: messageOf(0, 0, { provider: 'provider-2' }), reason: 'wrong-provider' },
    { name: 'another site’s key', message: signed(readingOf(0, 0), keyOf(3)), reason: 'bad-signature' },
    {
      name: 'another site’s reading under this topic',
      message: { ...messageOf(3, 0), topic: messageOf(0, 0).topic },
      reason: 'bad-signature',
    },
    {
      name: 'another stream’s reading under this topic',
      message: { ...messageOf(0, 0), topic: messageOf(0, 0).topic.replace('pv', 'load') },
      reason: 'bad-signature',
    },
  ])('calls $name by its name, and not authentic', ({ message, reason }) => {
    expect(tell(fresh(), message)).toEqual(forged(reason));
  });

  test.each([
    { name: 'negative generation', change: { value: -1 }, reason: 'out-of-range' },
    { name: 'generation 20 % above the nameplate and 1 W', change: { value: 120_001 }, reason: 'out-of-range' },
    { name: 'a negative load', change: { stream: 'load_power' as Stream, value: -0.1 }, reason: 'out-of-range' },
    { name: 'a load above 10 MW', change: { stream: 'load_power' as Stream, value: 1e7 + 1 }, reason: 'out-of-range' },
    { name: 'a battery above full', change: { stream: 'battery_soc' as Stream, value: 100.5 }, reason: 'out-of-range' },
  ])('quarantines $name', ({ change, reason }) => {
    expect(tell(fresh(), messageOf(0, 0, change))).toEqual(quarantined(reason));
  });

  test.each([
    { name: 'two minutes ahead', receivedAt: noon + MINUTE - 2 * MINUTE, want: accepted },
    { name: 'a millisecond further ahead', receivedAt: noon + MINUTE - 2 * MINUTE - 1, want: quarantined('future') },
    { name: 'a week and a day late', receivedAt: noon + MINUTE + 8 * DAY, want: accepted },
    { name: 'a millisecond later', receivedAt: noon + MINUTE + 8 * DAY + 1, want: quarantined('too-late') },
  ])('judges a reading $name', ({ receivedAt, want }) => {
    expect(tell(fresh(), { ...messageOf(0, 0), receivedAt })).toEqual(want);
  });

  test('accepts what comes late in any order, and reports the gap it left', () => {
    const verifier = fresh();
    expect(tell(verifier, messageOf(0, 0))).toEqual(accepted);
    expect(tell(verifier, messageOf(0, 5))).toEqual({ kind: 'accepted', gapFrom: 1 });
    for (const seq of [3, 1, 4, 2]) expect(tell(verifier, messageOf(0, seq))).toEqual(accepted);
    expect(verifier.bannedSlots()).toEqual([]);
  });

  test('quarantines a second value for one number, and bans the slots of both', () => {
    const verifier = fresh();
    tell(verifier, messageOf(0, 0));
    const other = messageOf(0, 0, { value: 99_000, metered: { start: noon + SLOT, end: noon + SLOT + MINUTE } });
    expect(tell(verifier, other)).toEqual(quarantined('equivocation'));
    expect(verifier.bannedSlots()).toEqual([
      { site: 'site-0', slot: noon + SLOT },
      { site: 'site-0', slot: noon },
    ]);
    expect(tell(verifier, messageOf(0, 0))).toEqual(repeat);
    expect(tell(verifier, other)).toEqual({ kind: 'repeat', refused: 'equivocation' });
  });

  test('quarantines a second value for one interval under a new number', () => {
    const verifier = fresh();
    for (let seq = 0; seq < 3; seq++) tell(verifier, messageOf(0, seq));
    expect(tell(verifier, messageOf(0, 3, { metered: readingOf(0, 2).metered, value: 1 }))).toEqual(quarantined('equivocation'));
    expect(verifier.bannedSlots()).toEqual([{ site: 'site-0', slot: noon }]);
  });

  test('does not let a forger ban a slot', () => {
    const verifier = fresh();
    tell(verifier, messageOf(0, 0));
    expect(tell(verifier, signed(readingOf(0, 0, { value: 1 }), keyOf(1)))).toEqual(forged('bad-signature'));
    expect(verifier.bannedSlots()).toEqual([]);
  });

  test.each([
    { name: 'the same value again under a new number', seq: 3, at: [2, 3], value: 50_002, reason: 'overlap' },
    { name: 'an interval that starts before the last one ends', seq: 3, at: [2.5, 3.5], value: 7, reason: 'overlap' },
    { name: 'an interval that encloses what was told', seq: 3, at: [0, 4], value: 7, reason: 'overlap' },
    { name: 'a later number for an earlier time', seq: 3, at: [-2, -1], value: 7, reason: 'sequence-rewound' },
  ])('quarantines $name', ({ seq, at, value, reason }) => {
    const verifier = fresh();
    for (let i = 0; i < 3; i++) tell(verifier, messageOf(0, i));
    const metered = { start: noon + (at[0] ?? 0) * MINUTE, end: noon + (at[1] ?? 0) * MINUTE };
    const message = { ...messageOf(0, seq, { metered, value }), receivedAt: noon + 5 * MINUTE };
    expect(tell(verifier, message)).toEqual(quarantined(reason));
  });

  test('quarantines a register that runs backwards, in whichever order it is told', () => {
    const register = (seq: number, value: number) => messageOf(0, seq, { stream: 'energy_export', value });
    const verifier = fresh();
    expect(tell(verifier, register(0, 1_000))).toEqual(accepted);
    expect(tell(verifier, register(1, 999))).toEqual(quarantined('register-rewound'));
    expect(tell(verifier, register(4, 1_500))).toMatchObject({ kind: 'accepted' });
    expect(tell(verifier, register(3, 1_501))).toEqual(quarantined('register-rewound'));
    expect(tell(verifier, register(2, 1_500))).toEqual(accepted);
  });

  test('never remembers two readings that overlap, whatever is told in whatever order', () => {
    const telling = fc.record({ seq: fc.nat(8), from: fc.nat(12), minutes: fc.integer({ min: 1, max: 3 }), value: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(telling, { maxLength: 25 }), (tellings) => {
        const verifier = fresh();
        const kept: Reading[] = [];
        for (const { seq, from, minutes, value } of tellings) {
          const metered = { start: noon + from * MINUTE, end: noon + (from + minutes) * MINUTE };
          const message = { ...messageOf(0, seq, { metered, value }), receivedAt: noon + 20 * MINUTE };
          const verdict = tell(verifier, message);
          if (verdict.kind === 'accepted') kept.push(decoded(message));
        }
        kept.sort((a, b) => a.seq - b.seq);
        for (const [i, reading] of kept.entries()) {
          const before = kept[i - 1];
          if (before) expect(before.seq < reading.seq && before.metered.end <= reading.metered.start).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('an unsigned reading', () => {
  const binding = () => createVerifier({ sites, feedKeys: {}, heads: [], takesUnsigned: true });

  test('is quarantined where nothing vouches for its sender, and gets no receipt', () =>
    expect(tell(fresh(), unsignedMessage(0, 0))).toEqual(forged('unsigned')));

  test('is accepted where the broker binds connections to sites, and known again', () => {
    const verifier = binding();
    expect(tell(verifier, unsignedMessage(0, 0))).toEqual(accepted);
    expect(tell(verifier, unsignedMessage(0, 2))).toEqual({ kind: 'accepted', gapFrom: 1 });
    expect(tell(verifier, unsignedMessage(0, 0))).toEqual(repeat);
    expect(tell(verifier, unsignedMessage(7, 0))).toEqual(forged('unknown-site'));
    expect(tell(verifier, unsignedMessage(0, 1, { provider: 'provider-2' }))).toEqual(forged('wrong-provider'));
    expect(tell(verifier, unsignedMessage(0, 3, { value: -1 }))).toEqual(quarantined('out-of-range'));
  });

  test('that contradicts another unsigned one is refused, and bans nothing', () => {
    const verifier = binding();
    tell(verifier, unsignedMessage(0, 0));
    expect(tell(verifier, unsignedMessage(0, 0, { value: 1 }))).toMatchObject({ kind: 'quarantined', reason: 'overlap', authentic: true });
    expect(tell(verifier, unsignedMessage(0, 1, { metered: readingOf(0, 0).metered, value: 1 }))).toEqual(quarantined('overlap'));
    expect(tell(verifier, unsignedMessage(0, 0, { value: 1 }))).toEqual({ kind: 'repeat', refused: 'overlap' });
    expect(verifier.bannedSlots()).toEqual([]);
  });

  test.each([
    { name: 'after', order: [unsignedMessage(0, 0, { value: 1 }), messageOf(0, 0)] },
    { name: 'before', order: [messageOf(0, 0), unsignedMessage(0, 0, { value: 1 })] },
  ])('makes no equivocation of a signed one that comes $name it under the same number', ({ order }) => {
    const verifier = binding();
    for (const message of order) expect(tell(verifier, message)).toEqual(accepted);
    expect(verifier.bannedSlots()).toEqual([]);
  });

  test('in the store speaks neither for nor against a signed one', () => {
    const head = { sender: 'provider-0/site-0', stream: 'pv_power', seq: 10, end: noon + 11 * MINUTE, signature: 'x' };
    const past = { signature: undefined, meeting: [decoded(unsignedMessage(0, 4, { value: 1 }))] };
    expect(tell(fresh([head]), messageOf(0, 4), past)).toEqual(accepted);
  });

  test('is told from a signed one by its topic, not by an empty signature', () => {
    const text = new TextDecoder().decode(messageOf(0, 0).payload).replace(/"sig":"[^"]*"/, '"sig":""');
    const payload = new TextEncoder().encode(text);
    expect(decodeReading(messageOf(0, 0).topic, payload)).toMatchObject({ kind: 'undecodable', reason: 'schema' });
    expect(decodeReading(messageOf(0, 0).topic, unsignedMessage(0, 0).payload)).toMatchObject({ reason: 'schema' });
    expect(decodeReading(unsignedMessage(0, 0).topic, messageOf(0, 0).payload)).toMatchObject({ reason: 'schema' });
    expect(decodeReading(unsignedMessage(0, 0).topic, payload)).toMatchObject({ reason: 'schema' });
  });
});

describe('the verifier after a restart', () => {
  const head = { sender: 'provider-0/site-0', stream: 'pv_power', seq: 10, end: noon + 11 * MINUTE, signature: 'x' };
  const stored = (seq: number): Past => ({ signature: decoded(messageOf(0, seq)).signature, meeting: [decoded(messageOf(0, seq))] });
  const unknown: Past = { signature: undefined, meeting: [] };

  test('goes on after the stored head', () => {
    expect(tell(fresh([head]), messageOf(0, 11))).toEqual(accepted);
    expect(tell(fresh([head]), messageOf(0, 13))).toEqual({ kind: 'accepted', gapFrom: 11 });
  });

  test('knows from the store how high a register stood', () => {
    const register = (seq: number, value: number) => messageOf(0, seq, { stream: 'energy_export', value });
    const verifier = fresh([{ ...head, stream: 'energy_export' }]);
    const past = { signature: undefined, meeting: [decoded(register(10, 5_000))] };
    expect(tell(verifier, register(11, 4_999))).toEqual({ kind: 'older' });
    expect(tell(verifier, register(11, 4_999), past)).toEqual(quarantined('register-rewound'));
    expect(tell(verifier, register(12, 5_001), past)).toMatchObject({ kind: 'accepted' });
    expect(tell(verifier, register(13, 5_000))).toEqual(quarantined('register-rewound'));
  });

  test('asks the store about what lies before, and knows a repeat, a late one and a lie by its answer', () => {
    const verifier = fresh([head]);
    expect(tell(verifier, messageOf(0, 10))).toEqual({ kind: 'older' });
    expect(tell(verifier, messageOf(0, 10), stored(10))).toEqual(repeat);
    expect(tell(verifier, messageOf(0, 4), unknown)).toEqual(accepted);
    expect(tell(verifier, messageOf(0, 4))).toEqual(repeat);
    expect(tell(verifier, messageOf(0, 4, { value: 1 }))).toEqual(quarantined('equivocation'));
    expect(tell(verifier, messageOf(0, 5, { value: 1 }), stored(5))).toEqual(quarantined('equivocation'));
    const meeting = [decoded(messageOf(0, 7))];
    expect(tell(verifier, messageOf(0, 6, { metered: readingOf(0, 7).metered, value: 1 }), { signature: undefined, meeting })).toEqual(
      quarantined('equivocation'),
    );
    expect(tell(verifier, messageOf(0, 6, { metered: readingOf(0, 7).metered }), { signature: undefined, meeting })).toEqual(
      quarantined('equivocation'), // 50,006 W is another claim than 50,007 W
    );
  });

  test('quarantines a new number for a time before the head, stored or not', () => {
    expect(tell(fresh([head]), messageOf(0, 11, { metered: readingOf(0, 3).metered }), unknown)).toEqual(quarantined('overlap'));
    const late = { ...messageOf(0, 9, { metered: readingOf(0, 20).metered }), receivedAt: noon + 30 * MINUTE };
    expect(tell(fresh([head]), late, unknown)).toEqual(quarantined('sequence-rewound'));
  });

  test('asks the store also about what its own window has let go', () => {
    const verifier = fresh();
    for (let seq = 0; seq <= rememberedMax; seq++) tell(verifier, messageOf(0, seq));
    expect(tell(verifier, messageOf(0, 1))).toEqual(repeat);
    expect(tell(verifier, messageOf(0, 0))).toEqual({ kind: 'older' });
    expect(tell(verifier, messageOf(0, 0), stored(0))).toEqual(repeat);
  }, 20_000);
});

describe('the verifier of curves', () => {
  const tellCurve = (verifier: Verifier, message: RawMessage, past?: Past) => {
    const result = decodeCurve(message.topic, message.payload);
    if (result.kind !== 'curve') throw new Error(`${result.reason}: ${result.detail}`);
    return verifier.verifyCurve(result.curve, message.receivedAt, past);
  };

  test('accepts curves in order, several of one instant too, and knows them again', () => {
    const verifier = fresh();
    expect(tellCurve(verifier, curveMessage(curveOf(0)))).toEqual(accepted);
    expect(tellCurve(verifier, curveMessage(curveOf(1, { issuedAt: noon })))).toEqual(accepted);
    expect(tellCurve(verifier, curveMessage(curveOf(1, { issuedAt: noon })))).toEqual(repeat);
  });

  test.each([
    { name: 'a zone without a feed', curve: curveOf(1, { zone: 'FR' }), want: forged('unknown-zone') },
    { name: 'a zone named like a part of the language', curve: curveOf(1, { zone: 'CONSTRUCTOR' }), want: forged('unknown-zone') },
    { name: 'a second curve under one number', curve: curveOf(0, { values: [1] }), want: quarantined('equivocation') },
    { name: 'a later number issued earlier', curve: curveOf(1, { issuedAt: noon - MINUTE }), want: quarantined('sequence-rewound') },
    { name: 'a price no market has', curve: curveOf(1, { values: [60_000] }), want: quarantined('out-of-range') },
  ])('quarantines $name', ({ curve, want }) => {
    const verifier = fresh();
    tellCurve(verifier, curveMessage(curveOf(0)));
    expect(tellCurve(verifier, curveMessage(curve))).toEqual(want);
  });
});
