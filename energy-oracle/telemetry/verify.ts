/**
 * Verify: whether a decoded message is its sender's word, new, possible and in order.
 *
 * Owns the rules and the memory they need; storing, receipts and evidence are `ingest.ts`'s. The signature is checked
 * before anything else that costs or remembers, so a forger can neither fill the memory nor call anybody's readings in
 * doubt. Messages may come late and out of order: a gap in the numbers is reported, never a reason to refuse.
 */
import { DAY, type Instant, type Interval, MINUTE, overlap, slotsTouching, toIso } from '../../units/time.ts';
import { type Curve, type Signal, signedCurveText } from '../grid/grid-feed.ts';
import { isSignedBy, type Site } from '../site.ts';
import type { SequenceHead } from '../store/series-store.ts';
import { signedWeatherText, type WeatherForecast, type WeatherVariable } from '../weather/weather-feed.ts';
import type { CurveBody } from './curve-message.ts';
import { implausibleCurve, implausibleReading, implausibleWeather } from './plausibility.ts';
import { type Reading, type Stream, signedText } from './reading.ts';
import { createStreamMemory, type StreamMemory, type Told } from './stream-memory.ts';

/** How far a sender's clock may run ahead of ours. */
const aheadMsMax = 2 * MINUTE;
/** How late a message may come. */
const lateMsMax = 7 * DAY;

export type VerifyRefusal =
  | 'unknown-site'
  | 'unknown-zone'
  | 'wrong-provider'
  | 'bad-signature'
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
  | { readonly kind: 'quarantined'; readonly reason: VerifyRefusal; readonly detail: string; readonly authentic: boolean }
  /** Reaches back before what is remembered: ask the store, then verify again with its answer. */
  | { readonly kind: 'older' };

/** What the store knows of an older message's number and interval. */
export interface Past {
  /** Signature stored under the same number. */
  readonly signature: string | undefined;
  /** Stored readings of the stream that meet the interval; empty for curves. */
  readonly meeting: readonly Reading[];
}

export interface VerifierPorts {
  readonly sites: readonly Site[];
  /** Public key (hex) of each zone's feed. */
  readonly feedKeys: Readonly<Record<string, string>>;
  /** The newest stored number of each stream, from the store. */
  readonly heads: readonly SequenceHead[];
  /** Intervals of readings that were quarantined as equivocations before: a ban outlives the process. */
  readonly equivocations?: readonly { readonly site: string; readonly metered: Interval }[];
}

export interface Verifier {
  verifyReading(reading: Reading, receivedAt: Instant, past?: Past): Verdict;
  verifyCurve(curve: Curve, receivedAt: Instant, past?: Past): Verdict;
  verifyWeather(forecast: WeatherForecast, receivedAt: Instant, past?: Past): Verdict;
  /** Slots for which a site signed two different things; nothing of them may be certified. */
  bannedSlots(): readonly { readonly site: string; readonly slot: Instant }[];
}

const refuse = (reason: VerifyRefusal, detail: string, authentic: boolean): Verdict => ({ kind: 'quarantined', reason, detail, authentic });
const sameInterval = (a: Interval, b: Interval) => a.start === b.start && a.end === b.end;
const spanOf = ({ start, end }: Interval) => `[${toIso(start)}, ${toIso(end)})`;
const claimOf = ({ value, quality }: Reading) => `${value} ${quality}`;
const isRegister = (stream: Stream) => stream === 'energy_import' || stream === 'energy_export';

export function createVerifier({ sites, feedKeys, heads, equivocations = [] }: VerifierPorts): Verifier {
  const siteById = new Map(sites.map((site) => [site.id, site]));
  const memories = new Map<string, StreamMemory>();
  const memoryOf = (sender: string, stream: Stream | Signal | WeatherVariable): StreamMemory => {
    const key = `${sender}/${stream}`;
    let memory = memories.get(key);
    if (!memory) {
      const head = heads.find((stored) => stored.sender === sender && stored.stream === stream);
      memory = createStreamMemory(head && { seq: head.seq, end: head.end });
      memories.set(key, memory);
    }
    return memory;
  };
  const banned = new Map<string, Set<Instant>>();
  const ban = (site: string, ...intervals: Interval[]) => {
    const slots = banned.get(site) ?? new Set();
    for (const slot of intervals.flatMap(slotsTouching)) slots.add(slot);
    banned.set(site, slots);
  };
  for (const { site, metered } of equivocations) ban(site, metered);
  /** The site a message is of, when its provider owns it and its meter's key signed the text; else why not. */
  const enrolled = (message: { provider: string; site: string; signature: string }, text: () => string): Site | Verdict => {
    const site = siteById.get(message.site);
    if (!site) return refuse('unknown-site', `no site ${message.site} is enrolled`, false);
    if (site.provider !== message.provider)
      return refuse('wrong-provider', `${site.id} belongs to ${site.provider}, found ${message.provider}`, false);
    if (!isSignedBy(site.meterKey, text(), message.signature))
      return refuse('bad-signature', `not signed by the meter of ${site.id}`, false);
    return site;
  };

  return {
    verifyReading: (reading, receivedAt, past) => {
      const { stream, metered, value, seq, signature } = reading;
      const site = enrolled(reading, () => signedText(reading));
      if ('kind' in site) return site;
      const told: Told = { ...metered, seq, signature, claim: claimOf(reading), register: isRegister(stream) ? value : undefined };
      const memory = memoryOf(`${reading.provider}/${site.id}`, stream);
      const place = placeOf(told, memory, past);
      if (place.kind === 'quarantined' && place.reason === 'equivocation') ban(site.id, metered, ...place.against);
      return conclude(place, told, memory, receivedAt, () => implausibleReading(reading, site));
    },
    verifyCurve: (curve, receivedAt, past) => {
      const { zone, signal, signature } = curve;
      const key = Object.hasOwn(feedKeys, zone) ? feedKeys[zone] : undefined;
      if (key === undefined) return refuse('unknown-zone', `no feed is enrolled for ${zone}`, false);
      if (!isSignedBy(key, signedCurveText(curve), signature)) return refuse('bad-signature', `not signed by the feed of ${zone}`, false);
      const told = issued(curve);
      const memory = memoryOf(zone, signal);
      return conclude(placeOf(told, memory, past), told, memory, receivedAt, () => implausibleCurve(curve));
    },
    verifyWeather: (forecast, receivedAt, past) => {
      const site = enrolled(forecast, () => signedWeatherText(forecast));
      if ('kind' in site) return site;
      const told = issued(forecast);
      const memory = memoryOf(`${forecast.provider}/${site.id}`, forecast.variable);
      return conclude(placeOf(told, memory, past), told, memory, receivedAt, () => implausibleWeather(forecast, site));
    },
    bannedSlots: () => [...banned].flatMap(([site, slots]) => [...slots].map((slot) => ({ site, slot }))),
  };
}

/** A curve takes the instant it was issued as its place in time: several may share it, later numbers are never issued earlier. */
const issued = ({ seq, issuedAt, signature }: CurveBody): Told => ({
  seq,
  start: issuedAt,
  end: issuedAt,
  signature,
  claim: signature,
  register: undefined,
});

type Place =
  | { readonly kind: 'fits' }
  | Extract<Verdict, { kind: 'repeat' | 'older' }>
  | { readonly kind: 'quarantined'; readonly reason: VerifyRefusal; readonly detail: string; readonly against: readonly Interval[] };

/** Where an authentic message stands among those told before it. */
function placeOf(told: Told, memory: StreamMemory, past: Past | undefined): Place {
  const refusedFor = memory.refusedFor(told.signature);
  if (refusedFor !== undefined) return { kind: 'repeat', refused: refusedFor };
  const known = memory.find(told.seq);
  if (known) return known.signature === told.signature ? { kind: 'repeat', refused: undefined } : equivocation(told, [known]);
  const floor = memory.floor();
  if (told.seq <= floor.seq || told.start < floor.end) {
    if (!past) return { kind: 'older' };
    if (past.signature === told.signature) return { kind: 'repeat', refused: undefined };
    if (past.signature !== undefined)
      return equivocation(
        told,
        past.meeting.map(({ metered }) => metered),
      );
    for (const stored of past.meeting) {
      const clash = clashOf(told, { ...stored.metered, seq: stored.seq, claim: claimOf(stored) });
      if (clash) return clash;
    }
    if (told.seq > floor.seq) return misplaced('overlap', told, `starts before ${toIso(floor.end)}, the end of seq ${floor.seq}`);
    if (told.end > floor.end) return misplaced('sequence-rewound', told, `is later than seq ${floor.seq}, which ends ${toIso(floor.end)}`);
  }
  const { before, after } = memory.neighbours(told.seq);
  if (before && before.end > told.start)
    return clashOf(told, before) ?? misplaced('sequence-rewound', told, `is earlier than seq ${before.seq}`);
  if (after && after.start < told.end) return clashOf(told, after) ?? misplaced('sequence-rewound', told, `is later than seq ${after.seq}`);
  if (told.register !== undefined && (before?.register ?? told.register) > told.register)
    return misplaced('register-rewound', told, `tells ${told.register} after ${before?.register}`);
  if (told.register !== undefined && (after?.register ?? told.register) < told.register)
    return misplaced('register-rewound', told, `tells ${told.register} before ${after?.register}`);
  return { kind: 'fits' };
}

const misplaced = (reason: VerifyRefusal, told: Told, what: string): Place => ({
  kind: 'quarantined',
  reason,
  detail: `seq ${told.seq} ${spanOf(told)} ${what}`,
  against: [],
});

const equivocation = (told: Told, against: readonly Interval[]): Place => ({
  kind: 'quarantined',
  reason: 'equivocation',
  detail: `seq ${told.seq} ${spanOf(told)}: the sender signed something else for this number or interval`,
  against,
});

/** How two messages of one stream contradict each other in time; `undefined` when they do not meet. */
function clashOf(told: Told, other: Interval & { readonly seq: number; readonly claim: string }): Place | undefined {
  if (overlap(told, other) === 0) return undefined;
  if (sameInterval(told, other) && told.claim !== other.claim) return equivocation(told, [other]);
  return misplaced('overlap', told, `overlaps seq ${other.seq} ${spanOf(other)}`);
}

/** The rules that follow once the place is known; remembers what was decided for good. */
function conclude(place: Place, told: Told, memory: StreamMemory, receivedAt: Instant, implausible: () => string | undefined): Verdict {
  if (place.kind === 'repeat' || place.kind === 'older') return place;
  const verdict = ((): Verdict => {
    if (place.kind === 'quarantined') return refuse(place.reason, place.detail, true);
    const why = implausible();
    if (why) return refuse('out-of-range', why, true);
    if (told.end > receivedAt + aheadMsMax) return refuse('future', `ends ${toIso(told.end)}, received ${toIso(receivedAt)}`, true);
    if (told.end < receivedAt - lateMsMax) return refuse('too-late', `ended ${toIso(told.end)}, received ${toIso(receivedAt)}`, true);
    const expected = memory.highest() + 1;
    return { kind: 'accepted', gapFrom: expected > 0 && told.seq > expected ? expected : undefined };
  })();
  if (verdict.kind === 'accepted') memory.remember(told);
  else if (verdict.kind === 'quarantined') memory.refuse(told.signature, verdict.reason);
  return verdict;
}
