/**
 * Forgery: a million ways to say what a meter did not, each made from an honest signed message.
 *
 * Runs them through the decoding and verification of ingest, between honest readings, and counts what passes. Every
 * attempt differs from the message it was made from; most keep the canonical form, so that only the rules can tell.
 */
import { isDeepStrictEqual } from 'node:util';
import { decodeReading, encodeReading } from '../../energy-oracle/telemetry/reading.ts';
import type { RawMessage } from '../../energy-oracle/telemetry/telemetry-source.ts';
import { createVerifier } from '../../energy-oracle/telemetry/verify.ts';
import { MINUTE, toIso } from '../../units/time.ts';
import { keyOf, messageOf, readingOf, siteOf } from '../energy-oracle/telemetry/messages.ts';

type Fields = Record<string, unknown> & { ts: string; value: number; seq: number; sig: string };

/** What an attempt may use: the message it starts from, honest ones of the same and of another meter, and dice. */
interface Material {
  readonly base: RawMessage;
  readonly site: number;
  readonly seq: number;
  readonly sibling: RawMessage;
  readonly stranger: RawMessage;
  /** Uniform in [0, below). */
  readonly roll: (below: number) => number;
}
export type Attempt = (material: Material) => RawMessage;

const text = ({ payload }: RawMessage) => new TextDecoder().decode(payload);
const fieldsOf = (message: RawMessage) => JSON.parse(text(message)) as Fields;
const say = (base: RawMessage, words: string): RawMessage => ({ ...base, payload: new TextEncoder().encode(words) });
const change = (base: RawMessage, fields: Record<string, unknown>) => say(base, JSON.stringify({ ...fieldsOf(base), ...fields }));
const pick = <T>(roll: Material['roll'], of: readonly [T, ...T[]]): T => of[roll(of.length)] ?? of[0];
const atRandom = (roll: Material['roll'], base: RawMessage, edit: (bytes: number[], at: number) => void): RawMessage => {
  const bytes = [...base.payload];
  edit(bytes, roll(bytes.length));
  return { ...base, payload: Uint8Array.from(bytes) };
};
const resign = (base: RawMessage, edit: (signature: Buffer) => Buffer) =>
  change(base, { sig: edit(Buffer.from(fieldsOf(base).sig, 'base64')).toString('base64') });

/** Order of the group of Ed25519 (RFC 8032 §5.1), little-endian: S + L signs the same text where S is not checked. */
const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;
function malleated(signature: Buffer): Buffer {
  let s = 0n;
  for (let i = 63; i >= 32; i--) s = (s << 8n) | BigInt(signature[i] ?? 0);
  s += groupOrder;
  const out = Buffer.from(signature);
  for (let i = 32; i < 64; i++, s >>= 8n) out[i] = Number(s & 255n);
  return out;
}

/** Without the meter's key. */
export const forgeries: Readonly<Record<string, Attempt>> = {
  'one bit': ({ base, roll }) =>
    atRandom(roll, base, (bytes, at) => {
      bytes[at] = (bytes[at] ?? 0) ^ (1 << roll(8));
    }),
  'one byte more': ({ base, roll }) => atRandom(roll, base, (bytes, at) => bytes.splice(at, 0, roll(256))),
  'one byte less': ({ base, roll }) => atRandom(roll, base, (bytes, at) => bytes.splice(at, 1)),
  'cut short': ({ base, roll }) => ({ ...base, payload: base.payload.slice(0, roll(base.payload.length)) }),
  'another value': ({ base, roll }) => change(base, { value: fieldsOf(base).value + 1 + roll(60_000) }),
  'a value by a hair': ({ base, roll }) => change(base, { value: fieldsOf(base).value * (1 + Number.EPSILON * (1 + roll(8))) }),
  'another minute': ({ base, roll }) => change(base, { ts: toIso(Date.parse(fieldsOf(base).ts) + (1 + roll(500)) * MINUTE) }),
  'a longer interval': ({ base, roll }) => change(base, { duration: `PT${2 + roll(58)}M` }),
  'another number': ({ base, roll }) => change(base, { seq: fieldsOf(base).seq + 1 + roll(5_000) }),
  'another quality': ({ base }) => change(base, { quality: 'estimated' }),
  'another unit': ({ base, roll }) => change(base, { unit: pick(roll, ['Wh', '%', 'kW', 'w', '']) }),
  'a sibling’s signature': ({ base, sibling }) => change(base, { sig: fieldsOf(sibling).sig }),
  'a stranger’s signature': ({ base, stranger }) => change(base, { sig: fieldsOf(stranger).sig }),
  'a bit of the signature': ({ base, roll }) =>
    resign(base, (signature) => {
      const at = roll(64);
      signature[at] = (signature[at] ?? 0) ^ (1 << roll(8));
      return signature;
    }),
  'a shorter signature': ({ base, roll }) => resign(base, (signature) => signature.subarray(0, roll(64))),
  'a longer signature': ({ base, roll }) => resign(base, (signature) => Buffer.concat([signature, Buffer.alloc(1 + roll(8))])),
  'a malleated signature': ({ base, roll }) => change(resign(base, malleated), roll(2) ? {} : { value: roll(100_000) }),
  'a signature of small order': ({ base, roll }) =>
    change(base, { sig: Buffer.concat([Buffer.from([roll(2)]), Buffer.alloc(63)]).toString('base64'), value: roll(100_000) }),
  'another base64': ({ base, roll }) => {
    const { sig } = fieldsOf(base);
    const last = String.fromCharCode(sig.charCodeAt(85) + 1 + roll(10));
    return change(base, {
      sig: pick(roll, [sig.slice(0, 86), `${sig}=`, ` ${sig}`, `${sig}\n`, `${sig.slice(0, 85)}${last}==`, sig.toLowerCase()]),
    });
  },
  'another site’s topic': ({ base, stranger }) => ({ ...base, topic: stranger.topic }),
  'another stream’s topic': ({ base, roll }) => ({
    ...base,
    topic: base.topic.replace('pv_power', pick(roll, ['load_power', 'grid_power', 'battery_power'])),
  }),
  'another provider’s topic': ({ base, roll }) => ({ ...base, topic: base.topic.replace(/provider-\d/, `provider-${3 + roll(9)}`) }),
  'a site of nobody': ({ base, roll }) => ({ ...base, topic: base.topic.replace(/site-\d+/, `site-${1_000 + roll(9_000)}`) }),
  'a topic in disguise': ({ base, roll }) => ({
    ...base,
    topic: pick(roll, [
      base.topic.replace('site', 'ѕite'),
      base.topic.replace('power', 'power\u200b'),
      `${base.topic}\0`,
      `${base.topic}/`,
      base.topic.toUpperCase(),
      base.topic.replace('/pv', '//pv'),
      base.topic.normalize('NFKD').replace('e', 'e\u0301'),
      base.topic.replace('site-', '../site-'),
      'energy/v1/__proto__/constructor/pv_power',
    ]),
  }),
  'a stranger’s message replayed here': ({ base, stranger }) => ({ ...stranger, topic: base.topic, receivedAt: base.receivedAt }),
  'white space': ({ base, roll }) =>
    say(
      base,
      text(base).replace(pick(roll, [':', ',', '{', '}']), (mark) => `${mark}${pick(roll, [' ', '\n', '\t', '\r'])}`),
    ),
  'another field order': ({ base, roll }) => {
    const entries = Object.entries(fieldsOf(base));
    return say(base, JSON.stringify(Object.fromEntries([...entries.slice(1 + roll(6)), ...entries])));
  },
  'a double field': ({ base, roll }) =>
    say(base, text(base).replace('{', `{"${pick(roll, ['value', 'seq', 'ts', 'sig', '__proto__'])}":${roll(99_999)},`)),
  'another spelling of a number': ({ base, roll }) => {
    const { value } = fieldsOf(base);
    const spelling = pick(roll, [
      `${value}.0`,
      `${value}e0`,
      `${value / 10}e1`,
      `0${value}`,
      `+${value}`,
      `"${value}"`,
      `${value}.00000000000000001`,
      '-0',
    ]);
    return say(base, text(base).replace(`"value":${value}`, `"value":${spelling}`));
  },
  'an escaped letter': ({ base, roll }) =>
    say(
      base,
      text(base).replace(
        pick(roll, ['measured', 'value', 'PT1M', 'seq']),
        (word) => `\\u00${word.charCodeAt(0).toString(16)}${word.slice(1)}`,
      ),
    ),
  'strange letters': ({ base, roll }) =>
    say(
      base,
      pick(roll, [
        `\uFEFF${text(base)}`,
        text(base).replace('measured', 'mеasured'),
        text(base).replace('PT1M', 'PT１M'),
        text(base).replace('Z"', 'Z\u200d"'),
        `${text(base)}\0`,
        text(base).replace('ts', 'tѕ'),
      ]),
    ),
  'huge numbers': ({ base, roll }) =>
    say(
      base,
      text(base).replace(
        /"(value|seq)":\d+/,
        (_, name) =>
          `"${name}":${pick(roll, ['1e308', '1e999', '-1', '-1e308', '9007199254740993', '1e-400', '9'.repeat(400), 'NaN', 'null'])}`,
      ),
    ),
  'another key': ({ base, site, seq, roll }) => ({
    ...base,
    payload: encodeReading(readingOf(site, seq, roll(2) ? {} : { value: roll(100_000) }), keyOf(site + 1 + roll(3))),
  }),
  'too much': ({ base, roll }) => say(base, text(base).replace('}', `,"more":"${'x'.repeat(4_096 + roll(60_000))}"}`)),
};

/** With the meter's own key, after it has told the truth: lies that only memory and physics can tell. */
export const lies: Readonly<Record<string, Attempt>> = {
  'a second value for a number': ({ site, seq, roll }) => messageOf(site, seq, { value: roll(50_000) }),
  'a second value for an interval': ({ site, seq, roll }) =>
    messageOf(site, seq + 10_000 + roll(1_000), { metered: readingOf(site, seq).metered, value: roll(50_000) }),
  'an interval told again': ({ site, seq, roll }) => messageOf(site, seq + 10_000 + roll(1_000), { metered: readingOf(site, seq).metered }),
  'more than the panels': ({ site, seq, roll }) => messageOf(site, seq + 20_000 + roll(1_000), { value: 120_001 + roll(1e9) }),
  'a reading of tomorrow': ({ base, site, seq, roll }) => ({ ...messageOf(site, seq + 1_440 + roll(1_440)), receivedAt: base.receivedAt }),
};

export interface ForgeryCount {
  honest: number;
  /** Honest readings that were not accepted. */
  falselyRefused: number;
  attempts: number;
  /** Attempts that were accepted, or taken for a repeat of something accepted. */
  passed: { readonly how: string; readonly message: string; readonly verdict: string }[];
  /** Attempts that turned out equal to their base; not counted as attempts. */
  vain: number;
  readonly refusedFor: Record<string, number>;
}

/** mulberry32 (public domain, T. Ettinger): 32 bits of state, enough for dice. */
export function dice(seed: number): Material['roll'] {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/**
 * Lets `perReading` attempts follow every honest reading of the given sites, on one verifier; says what passed.
 *
 * One attempt in fifty is a lie with the right key. `onProgress` is called once per honest round.
 */
export function tryForgeries(
  { sites, readings, perReading, seed }: { sites: readonly number[]; readings: number; perReading: number; seed: number },
  onProgress: (count: ForgeryCount) => void = () => {},
): ForgeryCount {
  const roll = dice(seed);
  const verifier = createVerifier({ sites: [...new Set([...sites, 0, 1, 2, 3])].map(siteOf), feedKeys: {}, heads: [] });
  const count: ForgeryCount = { honest: 0, falselyRefused: 0, attempts: 0, passed: [], vain: 0, refusedFor: {} };
  const judge = (message: RawMessage): string => {
    const decoded = decodeReading(message.topic, message.payload);
    if (decoded.kind === 'undecodable') return decoded.reason;
    const verdict = verifier.verifyReading(decoded.reading, message.receivedAt);
    if (verdict.kind === 'quarantined') return verdict.reason;
    return verdict.kind === 'repeat' && verdict.refused !== undefined ? verdict.refused : verdict.kind;
  };
  const [outside, inside] = [Object.entries(forgeries), Object.entries(lies)];
  for (let seq = 0; seq < readings; seq++) {
    for (const [i, site] of sites.entries()) {
      const base = messageOf(site, seq);
      const other = sites[(i + 1) % sites.length] ?? site;
      const material: Material = { base, site, seq, sibling: messageOf(site, seq + 1), stranger: messageOf(other, seq), roll };
      const attack = (kinds: [string, Attempt][]) => {
        const [how, attempt] = kinds[roll(kinds.length)] ?? ['', () => base];
        const message = attempt(material);
        if (message.topic === base.topic && isDeepStrictEqual(message.payload, base.payload)) {
          count.vain += 1;
          return;
        }
        count.attempts += 1;
        const verdict = judge(message);
        if (['accepted', 'repeat', 'older'].includes(verdict))
          count.passed.push({ how, message: `${message.topic} ${text(message)}`, verdict });
        else count.refusedFor[verdict] = (count.refusedFor[verdict] ?? 0) + 1;
      };
      const before = Math.floor(perReading / 2);
      while (count.attempts < count.honest * perReading + before) attack(outside); // before the truth is told, and after
      count.honest += 1;
      if (judge(base) !== 'accepted') count.falselyRefused += 1;
      while (count.attempts < count.honest * perReading) attack(roll(25) === 0 ? inside : outside);
    }
    onProgress(count);
  }
  return count;
}
