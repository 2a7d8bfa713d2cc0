/**
 * Judge: one message from its bytes to its fate, before anything is stored.
 *
 * Joins decoding, verification and the question to the store about what lies before the verifier's memory. Gives an
 * answer for the sender only when the sender signed the message; keeps the whole message whatever its fate.
 */
import type { Instant } from '../../units/time.ts';
import { type Curve, decodeCurve } from '../grid/grid-feed.ts';
import type { Accepted, IngestBatch, Quarantined } from '../store/series-store.ts';
import { decodeWeather, type WeatherForecast } from '../weather/weather-feed.ts';
import { batchStream, decodeBatch, type ReadingBatch, spanOfBatch } from './batch.ts';
import { decodeReading, type Reading } from './reading.ts';
import type { RawMessage } from './telemetry-source.ts';
import type { Past, Verdict, Verifier } from './verify.ts';

/** A message's number, as receipts name it. */
interface MessageNumber {
  readonly sender: string;
  readonly stream: string;
  readonly seq: number;
}

/** What a receipt will say of one number: stored, or refused for a reason. */
export interface Answer extends MessageNumber {
  readonly refused: string | undefined;
}

/** Numbers `from` to `to − 1` have not come before `to`. */
export interface Gap {
  readonly sender: string;
  readonly stream: string;
  readonly from: number;
  readonly to: number;
}

/** What one message adds to a commit, and what its sender will be told after it. All empty: told before, and nobody asks. */
export interface Judged {
  readonly commit: Partial<IngestBatch>;
  readonly answers: readonly Answer[];
  readonly gaps: readonly Gap[];
}

export interface JudgePorts {
  readonly verifier: Verifier;
  /** What the store knows of this number and, for a reading, its interval; `undefined` when ingest closes meanwhile. */
  readonly pastOf: (number: MessageNumber, reading: Reading | undefined) => Promise<Past | undefined>;
}

/** A message that was decoded when it came, and whose signature is being checked while it waits. */
export interface Prepared {
  readonly message: RawMessage;
  readonly decoded: ReturnType<typeof decode>;
  /** Resolves when judging need not wait for the signature; absent when it need not anyway. */
  readonly foreseen: Promise<void> | undefined;
}

export function prepare(message: RawMessage, verifier: Verifier): Prepared {
  const decoded = decode(message);
  if (decoded.kind === 'reading') return { message, decoded, foreseen: verifier.foresee(decoded.reading) };
  if (decoded.kind === 'batch') return { message, decoded, foreseen: verifier.foresee(decoded.batch) };
  return { message, decoded, foreseen: undefined };
}

/** Judges messages one after another; `undefined` only when `pastOf` gave up. The verifier remembers what was accepted. */
export function createJudge(ports: JudgePorts): (prepared: Prepared) => Promise<Judged | undefined> {
  return async ({ message, decoded, foreseen }) => {
    if (foreseen) await foreseen;
    if (decoded.kind === 'undecodable') {
      const sender = ports.verifier.senderOf(message.topic);
      return quarantinedOnly({ evidence: message, reason: decoded.reason, detail: decoded.detail, sender });
    }
    if (decoded.kind === 'batch') return judgeBatch(ports, message, decoded.batch);
    const number = numberOf(decoded);
    const verdict = await settled(
      (past) => verdictOf(ports.verifier, decoded, message.receivedAt, past),
      () => ports.pastOf(number, decoded.kind === 'reading' ? decoded.reading : undefined),
    );
    switch (verdict?.kind) {
      case undefined:
        return undefined;
      case 'accepted':
        return { commit: acceptedPart(decoded, message), answers: [{ ...number, refused: undefined }], gaps: gapsOf(number, verdict) };
      case 'repeat':
        return { commit: {}, answers: [{ ...number, refused: verdict.refused }], gaps: [] };
      case 'quarantined':
        return refusedWhole(ports.verifier, message, number, verdict);
      default:
        return verdict satisfies never;
    }
  };
}

/** Asks once more, with the store's answer, where the verifier's own memory does not reach. */
async function settled<V extends { readonly kind: string }>(
  verify: (past?: Past) => V | { readonly kind: 'older' },
  ask: () => Promise<Past | undefined>,
): Promise<Exclude<V, { kind: 'older' }> | undefined> {
  let verdict = verify();
  if (verdict.kind === 'older') {
    const past = await ask();
    if (!past) return undefined;
    verdict = verify(past);
    if (verdict.kind === 'older') throw new RangeError('a message is unsettled although the store has answered');
  }
  return verdict as Exclude<V, { kind: 'older' }>;
}

type Refused = Extract<Verdict, { kind: 'quarantined' }>;

const quarantinedOnly = (quarantined: Quarantined): Judged => ({ commit: { quarantined: [quarantined] }, answers: [], gaps: [] });

/** A forger gets no answer, and its message stands to no sender's account but that of its name. */
function refusedWhole(verifier: Verifier, evidence: RawMessage, number: MessageNumber, refused: Refused): Judged {
  const { reason, detail, authentic, bans = [] } = refused;
  const sender = verifier.senderOf(evidence.topic);
  const { commit } = quarantinedOnly({ evidence, reason, detail, sender, lasting: bans.length > 0 });
  const site = number.sender.slice(number.sender.indexOf('/') + 1);
  return {
    commit: { ...commit, banned: bans.map((slot) => ({ site, slot })) },
    answers: authentic ? [{ ...number, refused: reason }] : [],
    gaps: [],
  };
}

const gapsOf = ({ sender, stream, seq }: MessageNumber, { gapFrom }: { readonly gapFrom: number | undefined }): Gap[] =>
  gapFrom === undefined ? [] : [{ sender, stream, from: gapFrom, to: seq }];

/** A batch is answered by its own number, stored when every member is stored or in quarantine; refused members are named beside it. */
async function judgeBatch({ verifier, pastOf }: JudgePorts, message: RawMessage, batch: ReadingBatch): Promise<Judged | undefined> {
  const { provider, site, seq, readings } = batch;
  const number: MessageNumber = { sender: `${provider}/${site}`, stream: batchStream, seq };
  const opened = await settled(
    (past) => verifier.verifyBatch(batch, message.receivedAt, past),
    () => pastOf(number, undefined),
  );
  if (!opened) return undefined;
  if (opened.kind === 'quarantined') return refusedWhole(verifier, message, number, opened);
  const answer: Answer = { ...number, refused: undefined };
  if (opened.kind === 'repeat') {
    const refused = readings.map((member) => ({ ...memberNumber(member), refused: verifier.memberRefusedFor(member) }));
    return { commit: {}, answers: [answer, ...refused.filter((told) => told.refused !== undefined)], gaps: [] };
  }
  const accepted: Accepted<Reading>[] = [];
  const gaps: Gap[] = gapsOf(number, opened);
  const refused: (Refused & { readonly member: Reading })[] = [];
  for (const member of readings) {
    const verdict = await settled(
      (past) => verifier.verifyMember(member, opened.key, message.receivedAt, past),
      () => pastOf(memberNumber(member), member),
    );
    if (!verdict) return undefined;
    if (verdict.kind === 'accepted') {
      accepted.push({ value: member, evidence: message });
      gaps.push(...gapsOf(memberNumber(member), verdict));
    } else if (verdict.kind === 'quarantined') refused.push({ ...verdict, member });
  }
  return {
    commit: {
      readings: accepted,
      // a batch of which nothing is stored needs no number to be known by: it is refused again when it comes again
      batches:
        accepted.length > 0
          ? [{ value: { provider, site, seq, signature: batch.signature, end: spanOfBatch(batch).end }, evidence: message }]
          : [],
      quarantined: quarantinedMembers(message, number.sender, refused),
      banned: refused.flatMap(({ bans = [] }) => bans.map((slot) => ({ site, slot }))),
    },
    answers: [answer, ...refused.map(({ member, reason }) => ({ ...memberNumber(member), refused: reason }))],
    gaps,
  };
}

const memberNumber = ({ provider, site, stream, seq }: Reading): MessageNumber => ({ sender: `${provider}/${site}`, stream, seq });

/** The whole batch once for each reason, however many members it holds against. */
function quarantinedMembers(
  evidence: RawMessage,
  sender: string,
  refused: readonly (Refused & { readonly member: Reading })[],
): Quarantined[] {
  const byReason = new Map<string, (Refused & { readonly member: Reading })[]>();
  for (const one of refused) byReason.get(one.reason)?.push(one) ?? byReason.set(one.reason, [one]);
  return [...byReason].map(([reason, all]) => {
    const [first] = all as [Refused & { readonly member: Reading }];
    const more = all.length > 1 ? `; ${all.length} readings of the batch in all` : '';
    const lasting = all.some(({ bans = [] }) => bans.length > 0);
    return { evidence, reason, detail: `${first.member.stream}: ${first.detail}${more}`, sender, lasting };
  });
}

type Decoded =
  | { readonly kind: 'reading'; readonly reading: Reading }
  | { readonly kind: 'curve'; readonly curve: Curve }
  | { readonly kind: 'weather'; readonly forecast: WeatherForecast };

/** The first level of the topic says what a message is; whatever is of no kind is refused as a reading. */
function decode({ topic, payload }: RawMessage) {
  if (topic.endsWith('/batch') && topic.startsWith('energy/')) return decodeBatch(topic, payload);
  if (topic.startsWith('grid/')) return decodeCurve(topic, payload);
  if (topic.startsWith('weather/')) return decodeWeather(topic, payload);
  return decodeReading(topic, payload);
}

function verdictOf(verifier: Verifier, decoded: Decoded, receivedAt: Instant, past: Past | undefined): Verdict {
  switch (decoded.kind) {
    case 'reading':
      return verifier.verifyReading(decoded.reading, receivedAt, past);
    case 'curve':
      return verifier.verifyCurve(decoded.curve, receivedAt, past);
    case 'weather':
      return verifier.verifyWeather(decoded.forecast, receivedAt, past);
    default:
      return decoded satisfies never;
  }
}

function acceptedPart(decoded: Decoded, evidence: RawMessage): Partial<IngestBatch> {
  switch (decoded.kind) {
    case 'reading':
      return { readings: [{ value: decoded.reading, evidence }] };
    case 'curve':
      return { curves: [{ value: decoded.curve, evidence }] };
    case 'weather':
      return { weather: [{ value: decoded.forecast, evidence }] };
    default:
      return decoded satisfies never;
  }
}

function numberOf(decoded: Decoded): MessageNumber {
  switch (decoded.kind) {
    case 'reading': {
      return memberNumber(decoded.reading);
    }
    case 'curve':
      return { sender: decoded.curve.zone, stream: decoded.curve.signal, seq: decoded.curve.seq };
    case 'weather': {
      const { provider, site, variable, seq } = decoded.forecast;
      return { sender: `${provider}/${site}`, stream: variable, seq };
    }
    default:
      return decoded satisfies never;
  }
}
