/**
 * Verify: whether a decoded message is its sender's word, new, possible and in order.
 *
 * Owns the rules and the memory they need; storing, receipts and evidence are `ingest.ts`'s. The signature is checked
 * before anything else that costs or remembers, so a forger can neither fill the memory nor call anybody's readings in
 * doubt. Messages may come late and out of order: a gap in the numbers is reported, never a reason to refuse.
 */
import { DAY, type Instant, type Interval, MINUTE, slotsTouching, toIso } from '../../units/time.ts';
import { type Curve, type Signal, signedCurveText } from '../grid/grid-feed.ts';
import type { Site } from '../site.ts';
import type { BannedSlot, SequenceHead } from '../store/series-store.ts';
import { signedWeatherText, type WeatherForecast, type WeatherVariable } from '../weather/weather-feed.ts';
import { batchStream, type ReadingBatch, rootSignature, signedBatchText, spanOfBatch } from './batch.ts';
import type { CurveBody } from './curve-message.ts';
import { createForeknown } from './foreknown.ts';
import { keyOfSiteFile, type MeterKeys } from './meter-keys.ts';
import { claimOf, equivocation, type Past, type Place, placeOf, registerOf } from './place.ts';
import { implausibleCurve, implausibleReading, implausibleWeather } from './plausibility.ts';
import { isSigned, numberedAs, type Reading, signedText } from './reading.ts';
import { createStreamMemory, type StreamMemory, type Told } from './stream-memory.ts';

export type { Past } from './place.ts';

/** How far a sender's clock may run ahead of ours. */
export const aheadMsMax = 2 * MINUTE;
/** How late a message may come: a week without network, and a day to come back from it. */
export const lateMsMax = 8 * DAY;

export type VerifyRefusal =
  | 'unknown-site'
  | 'unknown-zone'
  | 'wrong-provider'
  | 'bad-signature'
  /** Signed with a key of the site that is not valid for when it was metered. */
  | 'revoked-key'
  /** Unsigned, where nothing vouches for its sender. */
  | 'unsigned'
  | 'equivocation'
  | 'overlap'
  | 'sequence-rewound'
  | 'register-rewound'
  | 'out-of-range'
  | 'future'
  | 'too-late';

export type Verdict =
  /** `gapFrom` is the number that was expected when some before this one have not come (yet). */
  | { readonly kind: 'accepted'; readonly gapFrom: number | undefined }
  /** Told before: stored, or `refused` for this reason. Nothing is stored again; the receipt is. */
  | { readonly kind: 'repeat'; readonly refused: string | undefined }
  /** `authentic` tells that the sender did sign it: only then may a receipt name its number. */
  | {
      readonly kind: 'quarantined';
      readonly reason: VerifyRefusal;
      readonly detail: string;
      readonly authentic: boolean;
      /** Starts of slots that are banned from now on, for good, with this as the evidence. */
      readonly bans?: readonly Instant[];
    }
  /** Reaches back before what is remembered: ask the store, then verify again with its answer. */
  | { readonly kind: 'older' };

/** `accepted` opens a batch: its members are judged one by one, by the key that signed it. */
export type BatchVerdict =
  | Exclude<Verdict, { kind: 'accepted' }>
  | { readonly kind: 'opened'; readonly key: string; readonly gapFrom: number | undefined };

export interface VerifierPorts {
  readonly sites: readonly Site[];
  /** Public key (hex) of each zone's feed. */
  readonly feedKeys: Readonly<Record<string, string>>;
  /** The newest stored number of each stream, from the store. */
  readonly heads: readonly SequenceHead[];
  /** Slots that were banned before: a ban outlives the process. */
  readonly banned?: readonly BannedSlot[];
  /** Which key of a site is valid when; without it the site file's is, for ever. */
  readonly keys?: MeterKeys;
  /** True when whoever delivers unsigned readings vouches for their site; otherwise they are refused. */
  readonly takesUnsigned?: boolean;
  /** Whether signatures are checked on other threads ahead of their turn. Only where time is the wall's: a virtual clock does not wait for a thread. */
  readonly checksAhead?: boolean;
}

export interface Verifier {
  /** A reading that came alone: signed over its own text, or unsigned. */
  verifyReading(reading: Reading, receivedAt: Instant, past?: Past): Verdict;
  verifyBatch(batch: ReadingBatch, receivedAt: Instant, past?: Past): BatchVerdict;
  /** A member of a batch that `verifyBatch` opened, with the key that it told. */
  verifyMember(member: Reading, key: string, receivedAt: Instant, past?: Past): Verdict;
  /** Why a member was refused when its batch came before; `undefined` when it was not, or is not remembered. */
  memberRefusedFor(member: Reading): string | undefined;
  verifyCurve(curve: Curve, receivedAt: Instant, past?: Past): Verdict;
  verifyWeather(forecast: WeatherForecast, receivedAt: Instant, past?: Past): Verdict;
  bannedSlots(): readonly BannedSlot[];
  /** Begins to check a signature on another thread, so that judging need not; resolves when it is known. Nothing is begun unless `checksAhead`. */
  foresee(message: Reading | ReadingBatch): Promise<void> | undefined;
  /** The enrolled sender that a topic names, as receipts name it; `undefined` when there is none. Says nothing of who sent it. */
  senderOf(topic: string): string | undefined;
}

type Quarantined = Extract<Verdict, { kind: 'quarantined' }>;
const refuse = (reason: VerifyRefusal, detail: string, authentic: boolean): Quarantined => ({
  kind: 'quarantined',
  reason,
  detail,
  authentic,
});

export function createVerifier(ports: VerifierPorts): Verifier {
  const { sites, feedKeys, heads, keys = keyOfSiteFile, takesUnsigned = false, checksAhead = false } = ports;
  const siteById = new Map(sites.map((site) => [site.id, site]));
  const headOf = new Map(heads.map((head) => [`${head.sender}/${head.stream}`, head]));
  const memories = new Map<string, StreamMemory>();
  const foreknown = createForeknown();
  const memoryOf = (sender: string, stream: string | Signal | WeatherVariable): StreamMemory => {
    const key = `${sender}/${stream}`;
    let memory = memories.get(key);
    if (!memory) {
      memory = createStreamMemory(headOf.get(key));
      memories.set(key, memory);
    }
    return memory;
  };
  const banned = new Map<string, Set<Instant>>();
  /** Bans every slot of the intervals; returns those that were not banned before. */
  const ban = (site: string, intervals: readonly Interval[]): readonly Instant[] => {
    const slots = banned.get(site) ?? new Set();
    const fresh = intervals.flatMap(slotsTouching).filter((slot) => !slots.has(slot) && slots.add(slot));
    banned.set(site, slots);
    return fresh;
  };
  for (const { site, slot } of ports.banned ?? []) ban(site, [{ start: slot, end: slot + 1 }]);

  /** The site a message speaks of; or why nobody of that name does. */
  const siteOf = (message: { provider: string; site: string }): Site | Quarantined => {
    const site = siteById.get(message.site);
    if (!site) return refuse('unknown-site', `no site ${message.site} is enrolled`, false);
    if (site.provider !== message.provider)
      return refuse('wrong-provider', `${site.id} belongs to ${site.provider}, found ${message.provider}`, false);
    return site;
  };
  /** The key that signed, when it is valid at one of the instants; or why the signature counts for nothing. */
  const keyOf = (site: Site, at: readonly Instant[], text: string, signature: string): string | Quarantined => {
    const valid = new Set(at.map((instant) => keys.validAt(site, instant)));
    for (const key of valid) if (key !== undefined && foreknown.isSigned(key, text, signature)) return key;
    for (const key of keys.known(site))
      if (!valid.has(key) && foreknown.isSigned(key, text, signature))
        return refuse('revoked-key', `key ${key.slice(0, 8)}… of ${site.id} is not valid for ${at.map(toIso)[0]}`, false);
    return refuse('bad-signature', `not signed by the meter of ${site.id}`, false);
  };
  /** Order, plausibility and window of a reading whose sender is known. */
  const placed = (reading: Reading, site: Site, receivedAt: Instant, past: Past | undefined): Verdict => {
    const told = wordOf(reading);
    const memory = memoryOf(`${reading.provider}/${site.id}`, numberedAs(reading));
    const place = placeOf(told, memory, past);
    const verdict = conclude(place, told, memory, receivedAt, () => implausibleReading(reading, site));
    if (place.kind !== 'misplaced' || place.reason !== 'equivocation' || verdict.kind !== 'quarantined') return verdict;
    return { ...verdict, bans: ban(site.id, [reading.metered, ...place.against]) };
  };

  return {
    verifyReading: (reading, receivedAt, past) => {
      const site = siteOf(reading);
      if ('kind' in site) return site;
      if (!isSigned(reading)) {
        if (!takesUnsigned) return refuse('unsigned', `nothing vouches for an unsigned reading of ${site.id} here`, false);
      } else {
        const key = keyOf(site, [lastInstant(reading.metered)], signedText(reading), reading.signature);
        if (typeof key !== 'string') return key;
      }
      return placed(reading, site, receivedAt, past);
    },
    verifyBatch: (batch, receivedAt, past) => {
      const site = siteOf(batch);
      if ('kind' in site) return site;
      const at = batch.readings.map(({ metered }) => lastInstant(metered));
      const key = keyOf(site, at, signedBatchText(batch, batch.readings.length), batch.signature);
      if (typeof key !== 'string') return key;
      const memory = memoryOf(`${batch.provider}/${site.id}`, batchStream);
      const told = { ...batch, ...within(spanOfBatch(batch), receivedAt), claim: batch.root, register: undefined };
      const place = placeOfBatch(told, memory, past);
      if (place.kind === 'repeat' || place.kind === 'older') return place;
      if (place.kind === 'misplaced') return { ...refuse(place.reason, place.detail, true), bans: ban(site.id, [told, ...place.against]) };
      const gapFrom = gapBefore(told, memory);
      memory.remember({
        seq: told.seq,
        start: told.start,
        end: told.end,
        signature: told.signature,
        claim: told.claim,
        register: undefined,
      });
      return { kind: 'opened', key, gapFrom };
    },
    verifyMember: (member, key, receivedAt, past) => {
      const site = siteOf(member);
      if ('kind' in site) return site;
      if (keys.validAt(site, lastInstant(member.metered)) !== key)
        return refuse('revoked-key', `key ${key.slice(0, 8)}… of ${site.id} is not valid for ${toIso(member.metered.start)}`, true);
      return placed(member, site, receivedAt, past);
    },
    memberRefusedFor: (member) => memoryOf(`${member.provider}/${member.site}`, member.stream).refusedFor(member.signature),
    verifyCurve: (curve, receivedAt, past) => {
      const { zone, signal, signature } = curve;
      const key = Object.hasOwn(feedKeys, zone) ? feedKeys[zone] : undefined;
      if (key === undefined) return refuse('unknown-zone', `no feed is enrolled for ${zone}`, false);
      if (!foreknown.isSigned(key, signedCurveText(curve), signature))
        return refuse('bad-signature', `not signed by the feed of ${zone}`, false);
      const told = issued(curve);
      const memory = memoryOf(zone, signal);
      return conclude(placeOf(told, memory, past), told, memory, receivedAt, () => implausibleCurve(curve));
    },
    verifyWeather: (forecast, receivedAt, past) => {
      const site = siteOf(forecast);
      if ('kind' in site) return site;
      const key = keyOf(site, [forecast.issuedAt], signedWeatherText(forecast), forecast.signature);
      if (typeof key !== 'string') return key;
      const told = issued(forecast);
      const memory = memoryOf(`${forecast.provider}/${site.id}`, forecast.variable);
      return conclude(placeOf(told, memory, past), told, memory, receivedAt, () => implausibleWeather(forecast, site));
    },
    foresee: (message) => {
      const site = siteOf(message);
      if (!checksAhead || 'kind' in site || message.signature === '') return undefined;
      const isBatch = 'readings' in message;
      const key = keys.validAt(site, lastInstant(isBatch ? (message.readings[0] as Reading).metered : message.metered));
      const text = isBatch ? signedBatchText(message, message.readings.length) : signedText(message);
      return key === undefined ? undefined : foreknown.check(key, text, message.signature);
    },
    senderOf: (topic) => {
      const [root, , first = '', second = ''] = topic.split('/', 4);
      if (root === 'grid') return Object.hasOwn(feedKeys, first) ? first : undefined;
      return siteById.get(second)?.provider === first ? `${first}/${second}` : undefined;
    },
    bannedSlots: () => [...banned].flatMap(([site, slots]) => [...slots].map((slot) => ({ site, slot }))),
  };
}

/** The slot that an interval ends in decides which key must have signed it. */
const lastInstant = ({ end }: Interval): Instant => end - 1;

/** The part of an interval that could be true at all when it is told: what is banned for a lie has a limit. */
const within = ({ start, end }: Interval, receivedAt: Instant): Interval => {
  const from = Math.min(Math.max(start, receivedAt - lateMsMax), receivedAt + aheadMsMax);
  return { start: from, end: Math.max(from, Math.min(end, receivedAt + aheadMsMax)) };
};

const wordOf = (reading: Reading): Told => {
  const { metered, seq, signature } = reading;
  const word = { seq, start: metered.start, end: metered.end, claim: claimOf(reading), register: registerOf(reading) };
  return isSigned(reading) ? { ...word, signature } : { ...word, signature: signedText(reading), vouched: false };
};

/** A curve takes the instant it was issued as its place in time: several may share it, later numbers are never issued earlier. */
const issued = ({ seq, issuedAt, signature }: CurveBody): Told => ({
  seq,
  start: issuedAt,
  end: issuedAt,
  signature,
  claim: signature,
  register: undefined,
});

/** Batches are told apart by number alone: they may come in any order, and their members have places of their own. */
function placeOfBatch(told: Told, memory: StreamMemory, past: Past | undefined): Place {
  const known = memory.find(told.seq);
  if (known) return known.claim === told.claim ? { kind: 'repeat', refused: undefined } : equivocation(told, [known]);
  if (told.seq > memory.floor().seq) return { kind: 'fits' };
  if (!past) return { kind: 'older' };
  if (past.signature === undefined) return { kind: 'fits' };
  return past.signature === told.signature ? { kind: 'repeat', refused: undefined } : equivocation(told, []);
}

const gapBefore = ({ seq }: Told, memory: StreamMemory): number | undefined => {
  const expected = memory.highest() + 1;
  return expected > 0 && seq > expected ? expected : undefined;
};

/** What comes before its time may come again in time; but not in its batch, whose number is spent. */
const isFinal = ({ reason }: Quarantined, { signature, vouched }: Told): boolean =>
  reason !== 'future' || (vouched !== false && rootSignature(signature) !== undefined);

/** The rules that follow once the place is known; remembers what was decided for good. */
function conclude(place: Place, told: Told, memory: StreamMemory, receivedAt: Instant, implausible: () => string | undefined): Verdict {
  if (place.kind === 'repeat' || place.kind === 'older') return place;
  const verdict = ((): Verdict => {
    if (place.kind === 'misplaced') return refuse(place.reason, place.detail, true);
    const why = implausible();
    if (why) return refuse('out-of-range', why, true);
    if (told.end > receivedAt + aheadMsMax) return refuse('future', `ends ${toIso(told.end)}, received ${toIso(receivedAt)}`, true);
    if (told.end < receivedAt - lateMsMax) return refuse('too-late', `ended ${toIso(told.end)}, received ${toIso(receivedAt)}`, true);
    return { kind: 'accepted', gapFrom: gapBefore(told, memory) };
  })();
  if (verdict.kind === 'accepted') memory.remember(told);
  else if (verdict.kind === 'quarantined' && isFinal(verdict, told)) memory.refuse(told.signature, verdict.reason);
  return verdict;
}
