/**
 * Sender: the meter's or feed's side of the line, that gives up nothing before a receipt.
 *
 * Owns numbering, spooling and sending again; keys and meaning of the messages are the caller's. Every entry is durable
 * in the spool before it is sent, and leaves it only on a receipt, committed or refused. What a restarted sender tells
 * again of an interval it has already told is skipped: one interval, one message.
 */
import type { DurationMs, Instant } from '../../units/time.ts';
import type { Spool, SpoolEntry } from '../store/spool.ts';
import { LineFault, type Receipt, type TelemetryUplink } from './telemetry-source.ts';

/** A message that waits for its number. */
export interface Draft {
  readonly stream: string;
  readonly topic: string;
  /** End of what it tells of (`issuedAt` of a curve); must advance within a stream. */
  readonly end: Instant;
  /** The signed bytes under this number. */
  encode(seq: number): Uint8Array;
}

export interface SenderPorts {
  /** `<provider>/<site>` of a meter, `<zone>` of a feed. */
  readonly name: string;
  readonly spool: Spool;
  readonly uplink: TelemetryUplink;
  /** Without a receipt for so long an entry is sent again, for ever. */
  readonly retryMs: DurationMs;
  readonly wait: (durationMs: DurationMs) => Promise<void>;
  /** Told of entries that the oracle refused for good. */
  readonly onRefused?: (refusal: { readonly stream: string; readonly seq: number; readonly reason: string }) => void;
}

export interface Sender {
  /** Opens the line, again where it was away, and sends what is pending from before. @throws LineFault when the line cannot be opened */
  open(): Promise<void>;
  /**
   * Resolves when a receipt has come for every draft, be it after the line was away for days; the drafts are durable long
   * before. Concurrent calls keep their order. Rejects only when the spool cannot keep them.
   */
  send(drafts: readonly Draft[]): Promise<void>;
  /** As `send`, but resolves when the drafts are durable: for a line that is known to be away. */
  spool(drafts: readonly Draft[]): Promise<void>;
  /** Resolves when nothing is pending. @throws LineFault, with all of it still in the spool, after ten rounds of sending again */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Rounds of sending again before `flush` says that the line does not work. */
export const flushRoundsMax = 10;
/** Entries that are under way to the broker at once; the rest waits its turn in the spool. */
export const underWayMax = 1_000;

const keyOf = (stream: string, seq: number) => `${stream}#${seq}`;

export function createSender({ name, spool, uplink, retryMs, wait, onRefused }: SenderPorts): Sender {
  const outbox = new Map<string, SpoolEntry>(); // to be sent, oldest first
  const underWay = new Set<string>();
  const waiting = new Map<string, () => void>();
  let idle: { readonly resolve: () => void; readonly reject: (fault: LineFault) => void; rounds: number }[] = [];
  let spooling: Promise<unknown> = Promise.resolve();
  let opened = false;
  let retrying = false;

  const post = (entries: readonly SpoolEntry[]) => {
    for (const entry of entries) {
      const key = keyOf(entry.stream, entry.seq);
      if (!underWay.has(key)) outbox.set(key, entry);
    }
    for (const [key, entry] of outbox) {
      if (!opened || underWay.size >= underWayMax) return;
      outbox.delete(key);
      underWay.add(key);
      // when the line is away the entry is still in the spool, and comes up again in the next round
      const arrived = uplink.send(entry.topic, entry.payload).catch(() => undefined);
      void arrived.then(() => {
        underWay.delete(key);
        if (outbox.size > 0) post([]);
      });
    }
  };
  const resendWhilePending = async () => {
    if (retrying) return;
    retrying = true;
    while (opened && spool.pending().length > 0) {
      const before = new Set(spool.pending().map(({ stream, seq }) => keyOf(stream, seq)));
      await wait(retryMs);
      if (!opened) break;
      post(spool.pending().filter(({ stream, seq }) => before.has(keyOf(stream, seq))));
      settleIdle(1);
    }
    retrying = false;
  };
  const settleIdle = (rounds: number) => {
    const pending = spool.pending().length;
    const left: typeof idle = [];
    for (const waiter of idle) {
      waiter.rounds += rounds;
      if (pending === 0) waiter.resolve();
      else if (waiter.rounds > flushRoundsMax) waiter.reject(new LineFault(name, `no receipt for ${pending} spooled messages`));
      else left.push(waiter);
    }
    idle = left;
  };
  const forget = (stream: string, seq: number) => {
    const key = keyOf(stream, seq);
    spool.forget(stream, seq);
    outbox.delete(key);
    waiting.get(key)?.();
    waiting.delete(key);
  };
  const onReceipt = (receipt: Receipt) => {
    for (const { stream, seq } of receipt.committed) forget(stream, seq);
    for (const refusal of receipt.refused) {
      if (waiting.has(keyOf(refusal.stream, refusal.seq))) onRefused?.(refusal);
      forget(refusal.stream, refusal.seq);
    }
    settleIdle(0);
  };
  /** Numbers the drafts, makes them durable and sends them; resolves with the receipts to come. */
  const spoolAndPost = (drafts: readonly Draft[]): Promise<readonly Promise<void>[]> => {
    const spooled = spooling.then(async () => {
      const entries = numbered(drafts);
      const receipts = entries.map(({ stream, seq }) => new Promise<void>((resolve) => waiting.set(keyOf(stream, seq), resolve)));
      await spool.append(entries);
      post(entries);
      void resendWhilePending();
      return receipts;
    });
    spooling = spooled.catch(() => undefined); // the caller hears of it; the next send is not held back
    return spooled;
  };
  const numbered = (drafts: readonly Draft[]): SpoolEntry[] => {
    const heads = new Map<string, { nextSeq: number; end: Instant | undefined }>();
    return drafts.flatMap(({ stream, topic, end, encode }) => {
      const head = heads.get(stream) ?? spool.head(stream);
      if (head.end !== undefined && end <= head.end) return []; // told before a restart
      heads.set(stream, { nextSeq: head.nextSeq + 1, end });
      return [{ stream, seq: head.nextSeq, topic, payload: encode(head.nextSeq), end }];
    });
  };

  return {
    open: async () => {
      await uplink.open(name, onReceipt);
      opened = true;
      post(spool.pending());
      void resendWhilePending();
    },
    send: (drafts) =>
      spoolAndPost(drafts).then(async (receipts) => {
        await Promise.all(receipts);
      }),
    spool: async (drafts) => {
      await spoolAndPost(drafts);
    },
    flush: async () => {
      await spooling;
      const pending = spool.pending().length;
      if (pending === 0) return;
      if (!opened) throw new LineFault(name, `not open, ${pending} messages stay in the spool`);
      await new Promise<void>((resolve, reject) => {
        idle.push({ resolve, reject, rounds: 0 });
        void resendWhilePending();
      });
    },
    close: async () => {
      opened = false;
      await uplink.close();
      await spooling;
      for (const { reject } of idle) reject(new LineFault(name, `closed, ${spool.pending().length} messages stay in the spool`));
      idle = [];
      await spool.close();
    },
  };
}
