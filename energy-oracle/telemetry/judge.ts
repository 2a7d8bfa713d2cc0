/**
 * Judge: one message from its bytes to its fate, before anything is stored.
 *
 * Joins decoding, verification and the question to the store about what lies before the verifier's memory. Gives an
 * answer for the sender only when the sender signed the message; keeps the whole message whatever its fate.
 */
import type { Instant } from '../../units/time.ts';
import { type Curve, decodeCurve } from '../grid/grid-feed.ts';
import type { Accepted, Quarantined } from '../store/series-store.ts';
import { decodeWeather, type WeatherForecast } from '../weather/weather-feed.ts';
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

export interface Judged {
  readonly fate:
    | { readonly kind: 'reading'; readonly reading: Accepted<Reading> }
    | { readonly kind: 'curve'; readonly curve: Accepted<Curve> }
    | { readonly kind: 'weather'; readonly forecast: Accepted<WeatherForecast> }
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
    const decoded = decode(message);
    const quarantined = (reason: string, detail: string): Judged['fate'] => ({
      kind: 'quarantined',
      quarantined: { evidence: message, reason, detail },
    });
    if (decoded.kind === 'undecodable') return { fate: quarantined(decoded.reason, decoded.detail) };
    const number = numberOf(decoded);
    const verify = (past?: Past) => verdictOf(verifier, decoded, message.receivedAt, past);
    let verdict = verify();
    if (verdict.kind === 'older') {
      const past = await pastOf(number, decoded.kind === 'reading' ? decoded.reading : undefined);
      if (!past) return undefined;
      verdict = verify(past);
    }
    switch (verdict.kind) {
      case 'accepted': {
        const fate = acceptedFate(decoded, message);
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

type Decoded =
  | { readonly kind: 'reading'; readonly reading: Reading }
  | { readonly kind: 'curve'; readonly curve: Curve }
  | { readonly kind: 'weather'; readonly forecast: WeatherForecast };

/** The first level of the topic says what a message is; whatever is of no kind is refused as a reading. */
function decode({ topic, payload }: RawMessage) {
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

function acceptedFate(decoded: Decoded, evidence: RawMessage): Judged['fate'] {
  switch (decoded.kind) {
    case 'reading':
      return { kind: 'reading', reading: { value: decoded.reading, evidence } };
    case 'curve':
      return { kind: 'curve', curve: { value: decoded.curve, evidence } };
    case 'weather':
      return { kind: 'weather', forecast: { value: decoded.forecast, evidence } };
    default:
      return decoded satisfies never;
  }
}

function numberOf(decoded: Decoded): MessageNumber {
  switch (decoded.kind) {
    case 'reading': {
      const { provider, site, stream, seq } = decoded.reading;
      return { sender: `${provider}/${site}`, stream, seq };
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
