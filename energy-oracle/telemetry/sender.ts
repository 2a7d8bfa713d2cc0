/**
 * Sender: the meter's or feed's side of the line, that gives up nothing before a receipt.
 *
 * Owns numbering, spooling and sending again; keys and meaning of the messages are the caller's. Every entry is durable
 * in the spool before it is sent, and leaves it only on a receipt, committed or refused. What a restarted sender tells
 * again of an interval it has already told is skipped: one interval, one message.
 */
import type { DurationMs, Instant } from '../../units/time.ts';
import { type Spool, type SpoolEntry, type SpoolMark, spoolKey } from '../store/spool.ts';
import { batchStream } from './batch.ts';
import { createSendWindow, noLimits, type WindowLimits } from './send-window.ts';
import { LineFault, type Receipt, type TelemetryUplink } from './telemetry-source.ts';

/** A message that waits for its number. */
export interface Draft {
  readonly stream: string;
  readonly topic: string;
  /** End of what it tells of (`issuedAt` of a curve); must advance within a stream. */
  readonly end: Instant;
  /** What else it tells of under numbers of their own: a batch's members, each to advance its stream too. */
  readonly members?: readonly { readonly stream: string; readonly end: Instant }[];
  /** The signed bytes under this number, and its members under theirs. */
  encode(seq: number, memberSeqs: readonly number[]): Uint8Array;
}

export interface SenderPorts {
  /** `<provider>/<site>` of a meter, `<zone>` of a feed. */
  readonly name: string;
  readonly spool: Spool;
  readonly uplink: TelemetryUplink;
  /** Without a receipt for so long an entry is sent again, for ever. */
  readonly retryMs: DurationMs;
  readonly wait: (durationMs: DurationMs) => Promise<void>;
  /** How many entries may be without a receipt at once; without limits everything is sent as it comes. */
  readonly window?: WindowLimits;
  /** Told once of every entry that the oracle refused for good, also of one that an earlier process had spooled. */
  readonly onRefused?: (refusal: { readonly stream: string; readonly seq: number; readonly reason: string }) => void;
  /** Told of every receipt, with what it made this sender forget. */
  readonly onReceipt?: (receipt: Receipt) => void;
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
/** Payloads that are read from the spool at once. */
const readMax = 100;

export function createSender(ports: SenderPorts): Sender {
  const { name, spool, uplink, retryMs, wait, onRefused, onReceipt: tellReceipt } = ports;
  const window = createSendWindow(ports.window ?? noLimits);
  const outbox = new Map<string, SpoolMark>(); // to be sent, oldest first
  const underWay = new Set<string>(); // given to the line, which has not said that the broker has it
  const unanswered = new Map<string, { readonly mark: SpoolMark; readonly round: number }>(); // sent, oldest first, no receipt yet
  const waiting = new Map<string, () => void>();
  let idle: { readonly resolve: () => void; readonly reject: (fault: LineFault) => void; rounds: number }[] = [];
  let spooling: Promise<unknown> = Promise.resolve();
  let opened = false;
  let retrying = false;
  let pumping = false;
  let round = 0;

  const room = () => Math.min(underWayMax - underWay.size, window.size() - unanswered.size);
  const transmit = (entry: SpoolEntry) => {
    const key = spoolKey(entry.stream, entry.seq);
    // when the line is away the entry is still in the spool, and comes up again in the next round
    const arrived = uplink.send(entry.topic, entry.payload).catch(() => undefined);
    void arrived.then(() => {
      underWay.delete(key);
      void pump();
    });
  };
  const leave = (key: string, mark: SpoolMark) => {
    underWay.add(key);
    unanswered.set(key, { mark, round });
  };
  const fetchAndTransmit = async (marks: readonly SpoolMark[]) => {
    const entries = await spool.read(marks).catch(() => []); // what cannot be read now is tried again in the next round
    const found = new Set(entries.map(({ stream, seq }) => spoolKey(stream, seq)));
    for (const { stream, seq } of marks) if (!found.has(spoolKey(stream, seq))) underWay.delete(spoolKey(stream, seq));
    for (const entry of entries) transmit(entry);
  };
  /** Sends what waits in the outbox, in order, as far as there is room. */
  const pump = async () => {
    if (pumping || outbox.size === 0) return;
    pumping = true;
    while (opened && outbox.size > 0 && room() > 0) {
      const marks: SpoolMark[] = [];
      for (const [key, mark] of outbox) {
        if (marks.length >= readMax || room() <= 0) break;
        outbox.delete(key);
        leave(key, mark);
        marks.push(mark);
      }
      await fetchAndTransmit(marks);
    }
    pumping = false;
  };
  const post = (entries: readonly SpoolEntry[]) => {
    for (const { stream, seq, end, ...message } of entries) {
      const [key, mark] = [spoolKey(stream, seq), { stream, seq, end }];
      if (!opened || pumping || outbox.size > 0 || room() <= 0) outbox.set(key, mark);
      else {
        leave(key, mark);
        transmit({ ...mark, ...message });
      }
    }
    void pump();
  };
  /** What was sent before this round, and is still without a receipt, goes out again, the oldest first, as far as the window lets it. */
  const sendAgain = async () => {
    const due = [...unanswered].filter(([key, sent]) => sent.round < round && !underWay.has(key)).map(([, { mark }]) => mark);
    if (due.length > 0) window.roundOver();
    const again = due.slice(0, window.size());
    for (let i = 0; i < again.length && opened; i += readMax) {
      const marks = again.slice(i, i + readMax).filter(({ stream, seq }) => unanswered.has(spoolKey(stream, seq)));
      for (const mark of marks) leave(spoolKey(mark.stream, mark.seq), mark);
      await fetchAndTransmit(marks);
    }
    await pump();
  };
  const resendWhilePending = async () => {
    if (retrying) return;
    retrying = true;
    while (opened && spool.size().entries > 0) {
      round += 1;
      await wait(retryMs);
      if (!opened) break;
      await sendAgain();
      settleIdle(1);
    }
    retrying = false;
  };
  const settleIdle = (rounds: number) => {
    const pending = spool.size().entries;
    const left: typeof idle = [];
    for (const waiter of idle) {
      waiter.rounds += rounds;
      if (pending === 0) waiter.resolve();
      else if (waiter.rounds > flushRoundsMax) waiter.reject(new LineFault(name, `no receipt for ${pending} spooled messages`));
      else left.push(waiter);
    }
    idle = left;
  };
  const forget = (stream: string, seq: number): boolean => {
    const key = spoolKey(stream, seq);
    const isNew = spool.forget(stream, seq);
    outbox.delete(key);
    unanswered.delete(key);
    waiting.get(key)?.();
    waiting.delete(key);
    return isNew;
  };
  const onReceipt = (receipt: Receipt) => {
    const committed = receipt.committed.filter(({ stream, seq }) => forget(stream, seq));
    // members of a batch are no entries of their own: they are told of when their batch is
    const isBatchNew = committed.some(({ stream }) => stream === batchStream);
    const refused = receipt.refused.filter(({ stream, seq }) => forget(stream, seq) || isBatchNew);
    for (const refusal of refused) onRefused?.(refusal);
    if (committed.length + refused.length > 0) window.answered(committed.length + refused.length);
    tellReceipt?.({ ...receipt, committed, refused });
    settleIdle(0);
    void pump();
  };
  /** Numbers the drafts, makes them durable and sends them; resolves with the receipts to come. */
  const spoolAndPost = (drafts: readonly Draft[], isAwaited: boolean): Promise<readonly Promise<void>[]> => {
    const spooled = spooling.then(async () => {
      const entries = numbered(drafts);
      await spool.append(entries);
      const receipts = isAwaited
        ? entries.map(({ stream, seq }) => new Promise<void>((resolve) => waiting.set(spoolKey(stream, seq), resolve)))
        : [];
      post(entries);
      void resendWhilePending();
      return receipts;
    });
    spooling = spooled.catch(() => undefined); // the caller hears of it; the next send is not held back
    return spooled;
  };
  const numbered = (drafts: readonly Draft[]): SpoolEntry[] => {
    const heads = new Map<string, { nextSeq: number; end: Instant | undefined }>();
    const headOf = (stream: string) => heads.get(stream) ?? spool.head(stream);
    return drafts.flatMap(({ stream, topic, end, members = [], encode }) => {
      const told = [{ stream, end }, ...members];
      if (told.some((each) => each.end <= (headOf(each.stream).end ?? Number.NEGATIVE_INFINITY))) return []; // told before a restart
      const [own, ...covers] = told.map((each): SpoolMark => {
        const seq = headOf(each.stream).nextSeq;
        heads.set(each.stream, { nextSeq: seq + 1, end: each.end });
        return { ...each, seq };
      });
      const { seq } = own as SpoolMark;
      const payload = encode(
        seq,
        covers.map((member) => member.seq),
      );
      return [{ stream, seq, topic, payload, end, ...(covers.length > 0 ? { covers } : {}) }];
    });
  };

  return {
    open: async () => {
      await uplink.open(name, onReceipt);
      opened = true;
      // of what was sent before the line was away nobody knows: all of it again, in order
      unanswered.clear();
      outbox.clear();
      for (const mark of spool.pending()) {
        const key = spoolKey(mark.stream, mark.seq);
        if (underWay.has(key)) unanswered.set(key, { mark, round });
        else outbox.set(key, mark);
      }
      void resendWhilePending();
      await pump();
    },
    send: (drafts) =>
      spoolAndPost(drafts, true).then(async (receipts) => {
        await Promise.all(receipts);
      }),
    spool: async (drafts) => {
      await spoolAndPost(drafts, false);
    },
    flush: async () => {
      await spooling;
      const pending = spool.size().entries;
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
      for (const { reject } of idle) reject(new LineFault(name, `closed, ${spool.size().entries} messages stay in the spool`));
      idle = [];
      await spool.close();
    },
  };
}
