/**
 * Judge: one message from its bytes to its fate, before anything is stored.
 *
 * Joins decoding, verification and the question to the store about what lies before the verifier's memory. Gives an
 * answer for the sender only when the sender signed the message; keeps the whole message whatever its fate.
 */
import { type Curve, decodeCurve } from '../grid/grid-feed.ts';
import type { Accepted, Quarantined } from '../store/series-store.ts';
import { decodeReading, type Reading } from './reading.ts';
import type { RawMessage } from './telemetry-source.ts';
import type { Past, Verifier } from './verify.ts';

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

export interface Judged {
  readonly fate:
    | { readonly kind: 'reading'; readonly reading: Accepted<Reading> }
    | { readonly kind: 'curve'; readonly curve: Accepted<Curve> }
    | { readonly kind: 'quarantined'; readonly quarantined: Quarantined }
    | { readonly kind: 'repeat' };
  readonly answer?: Answer;
  /** Numbers `from` to `to − 1` have not come before this one. */
  readonly gap?: { readonly sender: string; readonly stream: string; readonly from: number; readonly to: number };
}

export interface JudgePorts {
  readonly verifier: Verifier;
  /** What the store knows of this number and, for a reading, its interval; `undefined` when ingest closes meanwhile. */
  readonly pastOf: (number: MessageNumber, reading: Reading | undefined) => Promise<Past | undefined>;
}

/** Judges messages one after another; `undefined` only when `pastOf` gave up. The verifier remembers what was accepted. */
export function createJudge({ verifier, pastOf }: JudgePorts): (message: RawMessage) => Promise<Judged | undefined> {
  return async (message) => {
    const decoded = message.topic.startsWith('grid/')
      ? decodeCurve(message.topic, message.payload)
      : decodeReading(message.topic, message.payload);
    const quarantined = (reason: string, detail: string): Judged['fate'] => ({
      kind: 'quarantined',
      quarantined: { evidence: message, reason, detail },
    });
    if (decoded.kind === 'undecodable') return { fate: quarantined(decoded.reason, decoded.detail) };
    const number = numberOf(decoded);
    const verify = (past?: Past) =>
      decoded.kind === 'reading'
        ? verifier.verifyReading(decoded.reading, message.receivedAt, past)
        : verifier.verifyCurve(decoded.curve, message.receivedAt, past);
    let verdict = verify();
    if (verdict.kind === 'older') {
      const past = await pastOf(number, decoded.kind === 'reading' ? decoded.reading : undefined);
      if (!past) return undefined;
      verdict = verify(past);
    }
    switch (verdict.kind) {
      case 'accepted': {
        const fate: Judged['fate'] =
          decoded.kind === 'reading'
            ? { kind: 'reading', reading: { value: decoded.reading, evidence: message } }
            : { kind: 'curve', curve: { value: decoded.curve, evidence: message } };
        const answer: Answer = { ...number, refused: undefined };
        if (verdict.gapFrom === undefined) return { fate, answer };
        return { fate, answer, gap: { sender: number.sender, stream: number.stream, from: verdict.gapFrom, to: number.seq } };
      }
      case 'repeat':
        return { fate: { kind: 'repeat' }, answer: { ...number, refused: verdict.refused } };
      case 'quarantined': {
        const fate = quarantined(verdict.reason, verdict.detail);
        return verdict.authentic ? { fate, answer: { ...number, refused: verdict.reason } } : { fate };
      }
      case 'older':
        throw new RangeError(`${number.sender}/${number.stream} seq ${number.seq}: unsettled although the store has answered`);
      default:
        return verdict satisfies never;
    }
  };
}

function numberOf(decoded: { kind: 'reading'; reading: Reading } | { kind: 'curve'; curve: Curve }): MessageNumber {
  if (decoded.kind === 'curve') return { sender: decoded.curve.zone, stream: decoded.curve.signal, seq: decoded.curve.seq };
  const { provider, site, stream, seq } = decoded.reading;
  return { sender: `${provider}/${site}`, stream, seq };
}
