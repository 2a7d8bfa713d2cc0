/**
 * Hostile traffic: all the ways to lie to ingest that we know, between honest meters, through the real ingest.
 *
 * Honest meters tell single readings and batches, which the line reorders. Between them come forged, replayed,
 * equivocating, revoked, malformed and oversized messages, single and in batches. What the store holds in the end is
 * compared with what was honestly said, reading by reading; so are the numbers that receipts named.
 */
import { createMemorySeriesStore } from '../../energy-oracle/store/memory-series-store.ts';
import type { SeriesStore } from '../../energy-oracle/store/series-store.ts';
import { everStored } from '../../energy-oracle/store/series-store.ts';
import { batchTopic, encodeBatch } from '../../energy-oracle/telemetry/batch.ts';
import { createIngest } from '../../energy-oracle/telemetry/ingest.ts';
import type { MeterKeys } from '../../energy-oracle/telemetry/meter-keys.ts';
import type { Reading } from '../../energy-oracle/telemetry/reading.ts';
import type { RawMessage } from '../../energy-oracle/telemetry/telemetry-source.ts';
import { createVerifier } from '../../energy-oracle/telemetry/verify.ts';
import { MINUTE } from '../../units/time.ts';
import { keyOf, messageOf, readingOf, signed, siteOf } from '../energy-oracle/telemetry/messages.ts';
import { dice, forgeries, lies } from './forgery.ts';

/** Readings of an honest batch. */
const batchSize = 20;
/** Honest messages that the line may shuffle among themselves. */
const windowSize = 8;
/** Batches of a site that contradict its own are numbered from here on: they are told, though nothing of them is stored. */
const liesFrom = 70_000;
/** Every fifth site had a key that was revoked at noon. */
const revokedEvery = 5;
const oldKeyOf = (site: number) => keyOf(site + 100);

export const hostileKinds = ['forged', 'replayed', 'equivocating', 'revoked', 'malformed', 'oversized'] as const;
export type HostileKind = (typeof hostileKinds)[number];

export interface HostileCount {
  readonly tried: Record<HostileKind, number>;
  readonly inBatches: number;
  readonly honest: number;
  readonly reordered: number;
  /** Stored readings that nobody honestly told, readings stored twice, and receipts for numbers that were never told. */
  readonly acceptedWrongly: number;
  /** Honest readings that are not stored. */
  readonly falselyRejected: number;
  readonly quarantined: Readonly<Record<string, number>>;
  /** Messages kept in quarantine at the end. */
  readonly kept: number;
}

export interface HostileWork {
  readonly sites: readonly number[];
  readonly rounds: number;
  /** Hostile messages after every round. */
  readonly perRound: number;
  readonly seed: number;
}

type Roll = (below: number) => number;
const text = ({ payload }: RawMessage) => new TextDecoder().decode(payload);
const bytes = (words: string) => new TextEncoder().encode(words);
const pick = <T>(roll: Roll, of: readonly T[]): T => of[roll(of.length)] as T;

/** The load of minute `seq` and of those after it, in batches: batch n tells n × 20 and the nineteen that follow. */
const loadsOf = (site: number, batch: number, value = 2_000): Omit<Reading, 'signature'>[] =>
  Array.from({ length: batchSize }, (_, i) => readingOf(site, batch * batchSize + i, { stream: 'load_power', value: value + i }));
function batchOf(site: number, seq: number, readings = loadsOf(site, seq), key = keyOf(site)): RawMessage {
  const { provider, id } = siteOf(site);
  const end = readings.reduce((most, { metered }) => Math.max(most, metered.end), 0);
  return { topic: batchTopic(provider, id), payload: encodeBatch({ provider, site: id, seq, readings }, key), receivedAt: end + 1_000 };
}

/** What was told already: what may be replayed, forged and contradicted. */
interface Told {
  readonly site: number;
  readonly seq: number;
  readonly single: RawMessage;
  /** The last batch that was told, and its number; none in the first rounds. */
  readonly batch: RawMessage | undefined;
  readonly batchSeq: number;
  readonly sibling: RawMessage;
  readonly other: RawMessage;
  readonly roll: Roll;
}

const batchForgeries: readonly ((batch: RawMessage, told: Told) => RawMessage)[] = [
  (batch, { roll }) => ({ ...batch, payload: bytes(text(batch).replace(/\[2\d{3}/, `[${roll(9_000)}.5`)) }),
  (batch) => ({ ...batch, payload: bytes(text(batch).replace(/,\d+\]/, ']')) }),
  (batch, { roll }) => ({ ...batch, payload: bytes(text(batch).replace(/"seq":\d+/, `"seq":${40_000 + roll(1_000)}`)) }),
  (batch, { roll }) => ({ ...batch, payload: bytes(text(batch).replace('measured', pick(roll, ['estimated', 'sure']))) }),
  (batch, { roll }) => ({
    ...batch,
    payload: batch.payload.map((byte, i, all) => (i === roll(all.length) ? byte ^ (1 << roll(8)) : byte)),
  }),
  (batch, { site }) => ({ ...batch, topic: batchTopic(siteOf(site + 1).provider, siteOf(site + 1).id) }),
  (_, { site, batchSeq, roll }) => batchOf(site, batchSeq + 50_000 + roll(1_000), loadsOf(site, batchSeq, 7_000), keyOf(site + 1)),
];
const junk: readonly ((message: RawMessage, roll: Roll) => Uint8Array)[] = [
  () => bytes('['.repeat(4_000)),
  () => bytes(`${'{"a":'.repeat(500)}1${'}'.repeat(500)}`),
  (message) => bytes(text(message).replace(/(,|:|\[)\d+/, '$1NaN')),
  (message) => bytes(text(message).replace(/(,|:|\[)\d+/, '$11e999')),
  (message) => bytes(text(message).replace('{', '{"__proto__":{},')),
  (message) => bytes(text(message).replace('{', '{"seq":1,')),
  (message) => Uint8Array.of(...message.payload.subarray(0, 40), 0xed, 0xa0, 0x80),
  (message) => bytes(text(message).replace('"sig":"', '"sig":"\\ud800')),
  (_, roll) => Uint8Array.from({ length: roll(300) }, () => roll(256)),
];
const giant = new Uint8Array(69_000).fill(0x20);

const makers: Readonly<Record<HostileKind, (told: Told) => RawMessage>> = {
  forged: (told) => {
    const { roll, batch, single, other } = told;
    if (batch && roll(4) === 0) return pick(roll, batchForgeries)(batch, told);
    return pick(roll, Object.values(forgeries))({ ...told, base: single, stranger: other });
  },
  replayed: ({ single, batch, roll }) => (batch && roll(5) === 0 ? batch : single),
  equivocating: ({ site, seq, single, batch, batchSeq, other, roll }) => {
    if (batch && roll(4) === 0)
      return batchOf(site, roll(2) ? batchSeq : batchSeq + liesFrom + roll(1_000), loadsOf(site, batchSeq, 4_000 + roll(1_000)));
    return pick(roll, Object.values(lies))({ base: single, site, seq, sibling: single, stranger: other, roll });
  },
  revoked: ({ site: any, seq, single, roll }) => {
    const site = any - (any % revokedEvery);
    const ahead = seq + 1 + roll(3);
    if (roll(4) === 0) return { ...batchOf(site, ahead, loadsOf(site, ahead), oldKeyOf(site)), receivedAt: single.receivedAt + 3_600_000 };
    return { ...signed(readingOf(site, ahead), oldKeyOf(site)), receivedAt: single.receivedAt + 4 * MINUTE };
  },
  malformed: ({ single, batch, roll }) => {
    const message = batch && roll(3) === 0 ? batch : single;
    return { ...message, payload: pick(roll, junk)(message, roll) };
  },
  oversized: ({ single, batch, roll }) => ({ ...(batch && roll(2) ? batch : single), payload: giant.subarray(0, 66_000 + roll(3_000)) }),
};
/** Of a hundred. */
const shares: Readonly<Record<HostileKind, number>> = {
  forged: 48,
  replayed: 20,
  equivocating: 6,
  revoked: 6,
  malformed: 14,
  oversized: 6,
};
const shuffledKinds = hostileKinds.flatMap((kind) => Array.from({ length: shares[kind] }, () => kind));

/** A hostile message of a kind that is drawn. */
function hostileMessage(told: Told): { readonly kind: HostileKind; readonly message: RawMessage } {
  const kind = pick(told.roll, shuffledKinds);
  return { kind, message: makers[kind](told) };
}

/** Hostile messages about sites that told the truth for a while; of the kinds given, each drawn by its share. */
export function hostilePool(
  sites: readonly number[],
  count: number,
  seed: number,
  kinds: readonly HostileKind[] = hostileKinds,
): RawMessage[] {
  const roll = dice(seed);
  const told = sites.flatMap((site) => [3, 7, 11].map((round) => ({ ...toldIn(site, round), roll })));
  const drawn = shuffledKinds.filter((kind) => kinds.includes(kind));
  return Array.from({ length: count }, () => makers[pick(roll, drawn)](pick(roll, told)));
}

/** Sites of the work, and the neighbours whose names and keys are borrowed. */
export const hostileSites = (sites: readonly number[]) => [...new Set(sites.flatMap((site) => [site, site + 1]))].map(siteOf);
export const revokedBefore: MeterKeys = {
  validAt: ({ meterKey }) => meterKey,
  known: ({ id, meterKey }) => {
    const site = Number(id.slice('site-'.length));
    return site % revokedEvery === 0 ? [oldKeyOf(site).publicKey, meterKey] : [meterKey];
  },
};

/** Runs the work through ingest over a store in memory. `onRound` is told after each round of how many hostile messages came. */
export async function runHostile({ sites, rounds, perRound, seed }: HostileWork, onRound: (tried: number) => void): Promise<HostileCount> {
  const roll = dice(seed);
  const store = createMemorySeriesStore();
  const honestNumbers = new Set<string>();
  let wrongReceipts = 0;
  let deliver: (message: RawMessage) => void = () => {};
  const ingest = createIngest({
    source: {
      open: async (onMessage) => {
        deliver = onMessage;
      },
      acknowledge: async ({ sender, committed }) => {
        wrongReceipts += committed.filter(({ stream, seq }) => !honestNumbers.has(`${sender}/${stream}/${seq}`) && seq < liesFrom).length;
      },
      close: async () => {},
    },
    store,
    verifier: createVerifier({ sites: hostileSites(sites), feedKeys: {}, heads: [], keys: revokedBefore }),
    wait: async () => {},
  });
  await ingest.open();
  const tried: Record<HostileKind, number> = { forged: 0, replayed: 0, equivocating: 0, revoked: 0, malformed: 0, oversized: 0 };
  let [inBatches, reordered] = [0, 0];
  const told: Omit<Told, 'roll'>[] = [];
  for (let round = 0; round < rounds; round++) {
    const honest = sites.flatMap((site) => honestWindow(site, round));
    for (const { sender, stream, seq } of honest) honestNumbers.add(`${sender}/${stream}/${seq}`);
    for (let i = honest.length - 1; i > 0; i--) {
      const j = roll(i + 1);
      if (i !== j) reordered += 1;
      [honest[i], honest[j]] = [honest[j], honest[i]] as [(typeof honest)[0], (typeof honest)[0]];
    }
    for (const { message } of honest) deliver(message);
    await ingest.settled();
    told.splice(0, Math.max(0, told.length - 200));
    for (const site of sites) told.push(toldIn(site, round));
    for (let i = 0; i < perRound; i++) {
      const about = pick(roll, told);
      const { kind, message } = hostileMessage({ ...about, roll });
      tried[kind] += 1;
      if (message.topic.endsWith('/batch')) inBatches += 1;
      deliver(message);
      if (i % 500 === 499) await ingest.settled();
    }
    await ingest.settled();
    onRound(Object.values(tried).reduce((sum, count) => sum + count, 0));
  }
  await ingest.close();
  const { wrong, missing, honest } = await compare(store, sites, rounds);
  const { quarantined } = await store.counts();
  const kept = (await store.quarantine(1e9)).length;
  return { tried, inBatches, honest, reordered, acceptedWrongly: wrong + wrongReceipts, falselyRejected: missing, quarantined, kept };
}

/** What a site tells in a round: eight minutes of sun, one by one; at times a batch of loads. All received when the round is over. */
function honestWindow(site: number, round: number) {
  const { provider, id } = siteOf(site);
  const receivedAt = readingOf(site, (round + 1) * windowSize).metered.end + batchSize * MINUTE;
  const sender = `${provider}/${id}`;
  const singles = Array.from({ length: windowSize }, (_, i) => {
    const seq = round * windowSize + i;
    return { sender, stream: 'pv_power', seq, message: { ...messageOf(site, seq), receivedAt } };
  });
  const batch = batchIn(round);
  return batch === undefined
    ? singles
    : [...singles, { sender, stream: 'batch', seq: batch, message: { ...batchOf(site, batch), receivedAt } }];
}
const roundsPerBatch = 4;
const batchIn = (round: number) => (round % roundsPerBatch === roundsPerBatch - 1 ? Math.floor(round / roundsPerBatch) : undefined);

function toldIn(site: number, round: number): Omit<Told, 'roll'> {
  const seq = round * windowSize + windowSize - 1;
  const receivedAt = readingOf(site, seq).metered.end + batchSize * MINUTE;
  const batchSeq = Math.floor((round + 1) / roundsPerBatch) - 1;
  return {
    site,
    seq,
    single: { ...messageOf(site, seq), receivedAt },
    batch: batchSeq < 0 ? undefined : { ...batchOf(site, batchSeq), receivedAt },
    batchSeq,
    sibling: messageOf(site, seq - 1),
    other: { ...messageOf(site + 1, seq), receivedAt },
  };
}

/** What is stored against what was honestly said, reading by reading. */
async function compare(store: SeriesStore, sites: readonly number[], rounds: number) {
  const whole = { start: 0, end: 4e12 };
  const wordOf = ({ stream, seq, value, quality, metered }: Omit<Reading, 'signature'>) =>
    `${stream} ${seq} ${value} ${quality} ${metered.start} ${metered.end}`;
  let [wrong, missing, honest] = [0, 0, 0];
  for (const { id, provider } of hostileSites(sites)) {
    const site = Number(id.slice('site-'.length));
    const truth = new Set<string>();
    if (sites.includes(site)) {
      for (let seq = 0; seq < rounds * windowSize; seq++) truth.add(wordOf(readingOf(site, seq)));
      for (let batch = 0; batch < Math.floor(rounds / roundsPerBatch); batch++)
        for (const load of loadsOf(site, batch)) truth.add(wordOf(load));
    }
    honest += truth.size;
    for (const stream of ['pv_power', 'load_power', 'grid_power', 'battery_power'] as const)
      for (const reading of await store.readings(id, stream, whole, everStored))
        if (reading.provider !== provider || !truth.delete(wordOf(reading))) wrong += 1;
    missing += truth.size;
  }
  return { wrong, missing, honest };
}
