/**
 * Ingest: from messages as they arrive to one durable commit, and only then the receipts.
 *
 * Owns the queue and the group commit: what arrives while a commit is under way is the next batch. Every message ends up
 * accepted, known already, or quarantined whole; what a full queue turns away is still in its sender's spool. A receipt
 * names a number only when the sender signed it, so a forger cannot make a meter forget what was never stored.
 */
import type { DurationMs } from '../../units/time.ts';
import { type Curve, decodeCurve } from '../grid/grid-feed.ts';
import type { Accepted, IngestBatch, Quarantined, SeriesStore } from '../store/series-store.ts';
import { decodeReading, type Reading } from './reading.ts';
import type { RawMessage, Receipt, TelemetrySource } from './telemetry-source.ts';
import type { Past, Verdict, Verifier } from './verify.ts';

/** Messages in one commit. */
export const batchMax = 1_000;
/** Messages that wait; beyond it they are turned away, unacknowledged. */
export const queueMax = 20_000;
/** Numbers in one receipt, so that it stays far below a broker's packet limit. */
const receiptEntriesMax = 400;
const backoffMsMin: DurationMs = 100;
const backoffMsMax: DurationMs = 10_000;

export type IngestEvent =
  | { readonly kind: 'committed'; readonly batch: IngestBatch }
  | { readonly kind: 'store-fault'; readonly error: unknown; readonly attempt: number }
  | { readonly kind: 'receipt-fault'; readonly error: unknown; readonly sender: string }
  /** Numbers `from` to `to − 1` have not come before `to`; they may still. */
  | { readonly kind: 'gap'; readonly sender: string; readonly stream: string; readonly from: number; readonly to: number }
  | { readonly kind: 'turned-away'; readonly topic: string };

export interface IngestPorts {
  readonly source: TelemetrySource;
  readonly store: SeriesStore;
  /** Several ingests may share one verifier when their topics differ. */
  readonly verifier: Verifier;
  readonly wait: (durationMs: DurationMs) => Promise<void>;
  readonly onEvent?: (event: IngestEvent) => void;
}

export interface IngestStats {
  readonly received: number;
  readonly accepted: number;
  readonly repeats: number;
  readonly quarantined: number;
  readonly turnedAway: number;
  readonly commits: number;
  readonly queued: number;
}

export interface Ingest {
  /** Opens the source; faults of opening are the source's. */
  open(): Promise<void>;
  /** Resolves when everything received so far is stored and its receipts are with the broker (or have failed). */
  settled(): Promise<void>;
  stats(): IngestStats;
  /** Stops receiving, lets the batch under way finish, leaves the rest to the senders. */
  close(): Promise<void>;
}

/** What becomes of one message, before the commit. */
type Fate =
  | { readonly kind: 'reading'; readonly reading: Accepted<Reading> }
  | { readonly kind: 'curve'; readonly curve: Accepted<Curve> }
  | { readonly kind: 'quarantined'; readonly quarantined: Quarantined }
  | { readonly kind: 'repeat' };
interface Answer {
  readonly sender: string;
  readonly stream: string;
  readonly seq: number;
  readonly refused: string | undefined;
}

export function createIngest({ source, store, verifier, wait, onEvent = () => {} }: IngestPorts): Ingest {
  let queue: RawMessage[] = [];
  let pump: Promise<void> | undefined;
  let closed = false;
  const acknowledging = new Set<Promise<void>>();
  const count = { received: 0, accepted: 0, repeats: 0, quarantined: 0, turnedAway: 0, commits: 0 };

  const onMessage = (message: RawMessage) => {
    if (closed) return;
    count.received += 1;
    if (queue.length >= queueMax) {
      count.turnedAway += 1;
      onEvent({ kind: 'turned-away', topic: message.topic });
      return;
    }
    queue.push(message);
    pump ??= Promise.resolve().then(drain);
  };
  const drain = async () => {
    while (queue.length > 0 && !closed) {
      const batch = queue.slice(0, batchMax);
      queue = queue.slice(batchMax);
      await ingestBatch(batch);
    }
    pump = undefined;
  };
  /** Tries again until it works or we close: nothing else can be done with what is in hand, and nothing was acknowledged. */
  const persist = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        onEvent({ kind: 'store-fault', error, attempt });
        if (closed) return undefined;
        await wait(Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(attempt - 1, 10)));
      }
    }
  };
  const ingestBatch = async (messages: readonly RawMessage[]) => {
    const fates: Fate[] = [];
    const answers: Answer[] = [];
    for (const message of messages) {
      const judged = await judge(message);
      if (!judged) return; // closed while the store was away
      fates.push(judged.fate);
      if (judged.answer) answers.push(judged.answer);
    }
    const batch: IngestBatch = {
      readings: fates.flatMap((fate) => (fate.kind === 'reading' ? [fate.reading] : [])),
      curves: fates.flatMap((fate) => (fate.kind === 'curve' ? [fate.curve] : [])),
      quarantined: fates.flatMap((fate) => (fate.kind === 'quarantined' ? [fate.quarantined] : [])),
    };
    const fresh = batch.readings.length + batch.curves.length;
    if (fresh + batch.quarantined.length > 0) {
      if (!(await persist(() => store.commit(batch).then(() => true)))) return;
      count.commits += 1;
      onEvent({ kind: 'committed', batch });
    }
    count.accepted += fresh;
    count.quarantined += batch.quarantined.length;
    count.repeats += messages.length - fresh - batch.quarantined.length;
    for (const receipt of receiptsOf(answers)) acknowledge(receipt);
  };
  const acknowledge = (receipt: Receipt) => {
    const told: Promise<void> = source
      .acknowledge(receipt)
      .catch((error: unknown) => onEvent({ kind: 'receipt-fault', error, sender: receipt.sender }))
      .finally(() => acknowledging.delete(told));
    acknowledging.add(told);
  };
  const judge = async (message: RawMessage): Promise<{ readonly fate: Fate; readonly answer?: Answer } | undefined> => {
    const decoded = message.topic.startsWith('grid/')
      ? decodeCurve(message.topic, message.payload)
      : decodeReading(message.topic, message.payload);
    if (decoded.kind === 'undecodable')
      return { fate: { kind: 'quarantined', quarantined: { evidence: message, reason: decoded.reason, detail: decoded.detail } } };
    const { sender, stream, seq } = numberOf(decoded);
    const verify = (past?: Past): Verdict =>
      decoded.kind === 'reading'
        ? verifier.verifyReading(decoded.reading, message.receivedAt, past)
        : verifier.verifyCurve(decoded.curve, message.receivedAt, past);
    let verdict = verify();
    if (verdict.kind === 'older') {
      const past = await persist(async (): Promise<Past> => {
        const signature = await store.signatureOf(sender, stream, seq);
        const meeting =
          decoded.kind === 'reading' ? await store.readings(decoded.reading.site, decoded.reading.stream, decoded.reading.metered) : [];
        return { signature, meeting };
      });
      if (!past) return undefined;
      verdict = verify(past);
    }
    const answer = (refused: string | undefined): Answer => ({ sender, stream, seq, refused });
    switch (verdict.kind) {
      case 'accepted':
        if (verdict.gapFrom !== undefined) onEvent({ kind: 'gap', sender, stream, from: verdict.gapFrom, to: seq });
        return {
          fate:
            decoded.kind === 'reading'
              ? { kind: 'reading', reading: { value: decoded.reading, evidence: message } }
              : { kind: 'curve', curve: { value: decoded.curve, evidence: message } },
          answer: answer(undefined),
        };
      case 'repeat':
        return { fate: { kind: 'repeat' }, answer: answer(verdict.refused) };
      case 'quarantined': {
        const fate: Fate = { kind: 'quarantined', quarantined: { evidence: message, reason: verdict.reason, detail: verdict.detail } };
        return verdict.authentic ? { fate, answer: answer(verdict.reason) } : { fate };
      }
      case 'older':
        throw new RangeError(`${sender}/${stream} seq ${seq}: still unsettled with the store's answer`);
      default:
        return verdict satisfies never;
    }
  };

  return {
    open: () => source.open(onMessage),
    settled: async () => {
      while (pump || acknowledging.size > 0) await Promise.all([pump, ...acknowledging]);
    },
    stats: () => ({ ...count, queued: queue.length }),
    close: async () => {
      closed = true;
      await pump;
      await Promise.all(acknowledging);
      await source.close();
    },
  };
}

function numberOf(decoded: { kind: 'reading'; reading: Reading } | { kind: 'curve'; curve: Curve }) {
  if (decoded.kind === 'curve') return { sender: decoded.curve.zone, stream: decoded.curve.signal, seq: decoded.curve.seq };
  const { provider, site, stream, seq } = decoded.reading;
  return { sender: `${provider}/${site}`, stream, seq };
}

/** One receipt per sender and `receiptEntriesMax` numbers. */
function receiptsOf(answers: readonly Answer[]): Receipt[] {
  const bySender = new Map<string, Answer[]>();
  for (const answer of answers) {
    const told = bySender.get(answer.sender);
    if (told) told.push(answer);
    else bySender.set(answer.sender, [answer]);
  }
  const receipts: Receipt[] = [];
  for (const [sender, told] of bySender)
    for (let i = 0; i < told.length; i += receiptEntriesMax) {
      const part = told.slice(i, i + receiptEntriesMax);
      receipts.push({
        sender,
        committed: part.flatMap(({ stream, seq, refused }) => (refused === undefined ? [{ stream, seq }] : [])),
        refused: part.flatMap(({ stream, seq, refused }) => (refused === undefined ? [] : [{ stream, seq, reason: refused }])),
      });
    }
  return receipts;
}
