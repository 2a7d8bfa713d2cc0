/**
 * Ingest: from messages as they arrive to one durable commit, and only then the receipts.
 *
 * Owns the queue and the group commit: what arrives while a commit is under way is the next one. Senders are served in
 * turn. Every message ends up accepted, known already, or quarantined whole; what a full queue turns away is still in its sender's spool. A receipt
 * names a number only when the sender signed it, so a forger cannot make a meter forget what was never stored.
 */
import { DAY, type DurationMs, type Interval } from '../../units/time.ts';
import { everStored, type IngestBatch, type SeriesStore } from '../store/series-store.ts';
import { batchReadingsMax } from './batch.ts';
import { createFairQueue } from './fair-queue.ts';
import { type Answer, createJudge, type Judged, type Prepared, prepare } from './judge.ts';
import { registerOf } from './place.ts';
import type { Reading } from './reading.ts';
import { rememberedMax } from './stream-memory.ts';
import type { RawMessage, Receipt, TelemetrySource } from './telemetry-source.ts';
import type { Verifier } from './verify.ts';

/** Messages in one commit, and readings in all of them where that is reached first. */
export const batchMax = 1_000;
const commitReadingsMax = 6_000;
/** Readings in one commit that one site told in batches: all that a commit tells is remembered until it is stored. */
const siteReadingsMax = rememberedMax - batchReadingsMax - batchMax;
/** Messages that wait, and bytes of them; beyond it the longest lane's newest is turned away, unacknowledged. */
export const queueMax = 20_000;
const queueBytesMax = 64_000_000;
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

export function createIngest({ source, store, verifier, wait, onEvent = () => {} }: IngestPorts): Ingest {
  const queue = createFairQueue({ countMax: queueMax, bytesMax: queueBytesMax });
  let pump: Promise<void> | undefined;
  /** False once a commit gave up: what was judged after it may be known only by what it did not store. */
  let committing: Promise<boolean> = Promise.resolve(true);
  let closed = false;
  const acknowledging = new Set<Promise<void>>();
  const count = { received: 0, accepted: 0, repeats: 0, quarantined: 0, turnedAway: 0, commits: 0 };

  const onMessage = (message: RawMessage) => {
    if (closed) return;
    count.received += 1;
    const away = queue.push(verifier.senderOf(message.topic) ?? '', message);
    if (away) {
      count.turnedAway += 1;
      onEvent({ kind: 'turned-away', topic: away.topic });
    }
    pump ??= Promise.resolve().then(drain);
  };
  /** The next messages in turn that make one commit, their signatures being checked. */
  const prepareNext = (): readonly Prepared[] => {
    const prepared: Prepared[] = [];
    const ofSite = new Map<string, number>();
    for (let [readings, most] = [0, 0]; prepared.length < batchMax && readings < commitReadingsMax && most < siteReadingsMax; ) {
      const message = queue.take();
      if (!message) break;
      const one = prepare(message, verifier);
      prepared.push(one);
      if (one.decoded.kind !== 'batch') readings += 1;
      else {
        const { site, readings: members } = one.decoded.batch;
        const told = (ofSite.get(site) ?? 0) + members.length;
        ofSite.set(site, told);
        readings += members.length;
        most = Math.max(most, told);
      }
    }
    return prepared;
  };
  /** What is judged while the commit before it is under way. Only one is: receipts keep their order, and so does the store. */
  const drain = async () => {
    let next = prepareNext();
    while (next.length > 0 && !closed) {
      const judged = await judgeAll(next);
      next = prepareNext(); // their signatures are checked while these are committed
      if (!(await committing) || !judged) break; // closed while the store was away
      committing = commitAndAnswer(judged);
      if (next.length > 0) continue;
      await committing;
      next = prepareNext();
    }
    if (closed) await committing;
    pump = undefined; // at once: what comes in between would wait for the message after it
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
  const judge = createJudge({
    verifier,
    pastOf: ({ sender, stream, seq }, reading) =>
      persist(async () => {
        await committing; // what was accepted before may be neither remembered nor stored yet
        const signature = await store.signatureOf(sender, stream, seq);
        return { signature, meeting: reading ? await store.readings(reading.site, reading.stream, around(reading), everStored) : [] };
      }),
  });
  const judgeAll = async (messages: readonly Prepared[]): Promise<readonly Judged[] | undefined> => {
    const judged: Judged[] = [];
    for (const message of messages) {
      const one = await judge(message);
      if (!one) return undefined;
      judged.push(one);
      for (const gap of one.gaps) onEvent({ kind: 'gap', ...gap });
    }
    return judged;
  };
  /** False when we closed before it could be stored. */
  const commitAndAnswer = async (judged: readonly Judged[]): Promise<boolean> => {
    const batch: Required<IngestBatch> = {
      readings: judged.flatMap(({ commit }) => commit.readings ?? []),
      curves: judged.flatMap(({ commit }) => commit.curves ?? []),
      weather: judged.flatMap(({ commit }) => commit.weather ?? []),
      quarantined: judged.flatMap(({ commit }) => commit.quarantined ?? []),
      batches: judged.flatMap(({ commit }) => commit.batches ?? []),
      banned: judged.flatMap(({ commit }) => commit.banned ?? []),
    };
    const fresh = batch.readings.length + batch.curves.length + batch.weather.length;
    if (fresh + batch.quarantined.length + batch.batches.length > 0) {
      if (!(await persist(() => store.commit(batch).then(() => true)))) return false;
      count.commits += 1;
      onEvent({ kind: 'committed', batch });
    }
    count.accepted += fresh;
    count.quarantined += batch.quarantined.length;
    count.repeats += judged.filter(({ commit }) => Object.keys(commit).length === 0).length;
    for (const receipt of receiptsOf(judged.flatMap(({ answers }) => answers))) acknowledge(receipt);
    return true;
  };
  const acknowledge = (receipt: Receipt) => {
    const told: Promise<void> = source
      .acknowledge(receipt)
      .catch((error: unknown) => onEvent({ kind: 'receipt-fault', error, sender: receipt.sender }))
      .finally(() => acknowledging.delete(told));
    acknowledging.add(told);
  };

  return {
    open: () => source.open(onMessage),
    settled: async () => {
      while (pump || acknowledging.size > 0) await Promise.all([pump, ...acknowledging]);
    },
    stats: () => ({ ...count, queued: queue.size() }),
    close: async () => {
      closed = true;
      await pump;
      await Promise.all(acknowledging);
      await source.close();
    },
  };
}

/** Where a reading's neighbours in the store lie: of a register also the last one before it. */
const around = ({ metered, ...reading }: Reading): Interval =>
  registerOf(reading) === undefined ? metered : { start: metered.start - DAY, end: metered.end + DAY };

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
