/**
 * Gateway: a site's meters, in whatever dialect, become readings that are numbered, signed and spooled.
 *
 * Joins translator, sampler, clock watch and sender; knows no broker and no disk. Intervals lie on the grid of UTC, never
 * overlap and never run backwards within a stream, whatever the clock does: what cannot be told so is a gap. The time of
 * everything is the gateway's own; devices' stamps are the translator's affair.
 */
import type { Clock } from '../../units/clock.ts';
import { DAY, type DurationMs, type Instant, type Interval, SECOND } from '../../units/time.ts';
import type { SigningKey } from '../site.ts';
import { type Spool, SpoolFault } from '../store/spool.ts';
import { batchStream, batchTopic, encodeBatch, type Unsigned } from '../telemetry/batch.ts';
import type { LocalMessage, Outgoing, Translator } from '../telemetry/dialects/translator.ts';
import { encodeReading, encodeUnsigned, readingTopic, type Stream, unsignedTopic } from '../telemetry/reading.ts';
import type { Draft, Sender } from '../telemetry/sender.ts';
import type { Receipt } from '../telemetry/telemetry-source.ts';
import { createClockWatch } from './clock-watch.ts';
import type { GatewayEvent, GatewayState } from './gateway-event.ts';
import { createSampler, type Sample, type StreamPlan } from './sampler.ts';

/** What came late over the local broker still counts. */
export const settleMs: DurationMs = 2 * SECOND;
/** A clock before this was never set: the program is younger. */
const clockFloor: Instant = Date.UTC(2026, 0, 1);
/** How often the translator is asked what is due. */
const dueEveryMs: DurationMs = 10 * SECOND;
/** `clock-ahead` is said again after so long. */
const aheadEveryMs: DurationMs = 600 * SECOND;
/** Different things said once of messages and devices; beyond it they are only counted. */
const saidOnceMax = 500;

export interface GatewayPorts {
  readonly provider: string;
  readonly site: string;
  /** Absent: nobody signs, and everything goes to `unsigned/v1`. */
  readonly key: SigningKey | undefined;
  readonly plans: readonly StreamPlan[];
  /** Divides a quarter hour. */
  readonly intervalMs: DurationMs;
  /** Readings of an interval go under one signature when this is above 1; at least as many as there are streams then. */
  readonly batch: number;
  readonly translator: Translator;
  /** To the local broker. */
  readonly say: (messages: readonly Outgoing[]) => void;
  readonly listenTo: (filters: readonly string[]) => void;
  readonly spool: Pick<Spool, 'head' | 'size'>;
  readonly sender: Pick<Sender, 'spool'>;
  readonly wall: Clock;
  /** Milliseconds that only grow. */
  readonly monotonicMs: () => number;
  readonly tell: (event: GatewayEvent) => void;
}

export interface Gateway {
  hear(message: LocalMessage): void;
  /** Looks at the clock and closes the intervals that are over; call it every second or so, one call at a time. */
  tick(): Promise<void>;
  received(receipt: Receipt): void;
  state(): GatewayState;
}

export function createGateway(ports: GatewayPorts): Gateway {
  const { plans, intervalMs, translator, say, listenTo, spool, sender, tell } = ports;
  const watch = createClockWatch(ports);
  const sampler = createSampler(plans);
  const used = new Set(plans.flatMap(({ stream, devices }) => devices.map((device) => `${stream} ${device}`)));
  const saidOnce = new Set<string>();
  const gaps = new Set<Stream>();
  const refusals = new Map<string, number>();
  const count = { told: 0, dropped: 0, committed: 0, notUnderstood: 0 };
  let next: Instant | undefined; // start of the interval under way
  let refusing: { readonly why: string; readonly reason: string; readonly dropped: number; readonly lost: Interval } | undefined;
  let clock: GatewayState['clock'] = 'right';
  let lastReceiptAt: Instant | undefined;
  let aheadMs: DurationMs | undefined;
  let saidAheadAt = Number.NEGATIVE_INFINITY;
  let dueAt = Number.NEGATIVE_INFINITY;

  const once = (key: string, event: GatewayEvent) => {
    if (saidOnce.has(key) || saidOnce.size >= saidOnceMax) return;
    saidOnce.add(key);
    tell(event);
  };
  const gridStart = (instant: Instant) => Math.floor(instant / intervalMs) * intervalMs;
  const toldEnd = (stream: Stream) => spool.head(stream).end ?? Number.NEGATIVE_INFINITY;

  const noteGaps = (samples: readonly Sample[], metered: Interval) => {
    for (const { stream, value, missing } of samples)
      if (value === undefined && !gaps.has(stream)) {
        gaps.add(stream);
        tell({ kind: 'gap', stream, metered, missing });
      } else if (value !== undefined && gaps.delete(stream)) tell({ kind: 'gap-over', stream, metered });
  };
  /** Says when the clock stands before what was told; true when it does not. */
  const isClockUsable = (now: Instant, metered: Interval): boolean => {
    const until = Math.max(...plans.map(({ stream }) => toldEnd(stream)));
    const isBehind = plans.every(({ stream }) => metered.start < toldEnd(stream));
    const state = now < clockFloor ? 'unset' : isBehind ? 'behind' : 'right';
    if (state === 'unset' && clock !== 'unset') tell({ kind: 'clock-unset', now });
    if (state === 'behind' && clock !== 'behind') tell({ kind: 'clock-behind', until, behindMs: until - now });
    if (state === 'right' && (clock === 'unset' || clock === 'behind')) tell({ kind: 'clock-right', now });
    if (state !== 'right' || clock !== 'ahead') clock = state;
    return state === 'right';
  };
  const drop = (fault: SpoolFault, readings: number, { start, end }: Interval) => {
    count.dropped += readings;
    const [why, reason] = [fault.message, fault.reason === 'full' ? ('full' as const) : ('failed' as const)];
    if (refusing?.reason !== reason) tell({ kind: 'spool-refuses', why, reason });
    refusing = { why, reason, dropped: (refusing?.dropped ?? 0) + readings, lost: { start: refusing?.lost.start ?? start, end } };
  };
  const closeInterval = async (now: Instant, metered: Interval) => {
    const samples = sampler.close(metered);
    if (!isClockUsable(now, metered)) return;
    noteGaps(samples, metered);
    const known = samples.filter(
      (sample): sample is Sample & { value: number } => sample.value !== undefined && metered.start >= toldEnd(sample.stream),
    );
    if (known.length === 0) return;
    try {
      await sender.spool(draftsOf(ports, metered, known));
    } catch (fault) {
      if (!(fault instanceof SpoolFault) || (fault.reason !== 'full' && fault.reason !== 'failed')) throw fault;
      drop(fault, known.length, metered);
      return;
    }
    if (refusing) tell({ kind: 'spool-takes', droppedReadings: refusing.dropped, lost: refusing.lost });
    refusing = undefined;
    count.told += known.length;
    const values = Object.fromEntries(known.map(({ stream, value }) => [stream, value]));
    tell({ kind: 'told', metered, values, pending: spool.size().entries });
  };

  return {
    hear: (message) => {
      const heard = translator.hear(message);
      if (heard.replies.length > 0) say(heard.replies);
      if (heard.subscribe.length > 0) listenTo(heard.subscribe);
      for (const observation of heard.observations) {
        const { device, stream } = observation;
        if (used.has(`${stream} ${device}`))
          sampler.observe({ ...observation, at: Math.min(observation.at, message.receivedAt) }); // nothing is known of the future
        else once(`device ${stream} ${device}`, { kind: 'not-used', device, stream });
      }
      count.notUnderstood += heard.refusals.length;
      for (const why of heard.refusals) once(`refusal ${why}`, { kind: 'not-understood', why });
    },
    tick: async () => {
      const { now, jumpMs } = watch.look();
      const steady = ports.monotonicMs();
      if (steady - dueAt >= dueEveryMs) {
        dueAt = steady;
        const due = translator.due(now);
        if (due.length > 0) say(due);
      }
      if (jumpMs !== 0) {
        sampler.shift(jumpMs);
        if (clock === 'ahead') clock = 'right';
        tell({ kind: 'clock-jumped', jumpMs });
      }
      // after a jump, a first start or a day asleep the interval under way is the first one
      if (next === undefined || jumpMs !== 0 || now - next > DAY) next = gridStart(now);
      for (; next + intervalMs + settleMs <= now; next += intervalMs) await closeInterval(now, { start: next, end: next + intervalMs });
    },
    received: ({ committed, refused, at }) => {
      const now = ports.wall.now();
      lastReceiptAt = now;
      count.committed += committed.length;
      if (at !== undefined) aheadMs = now - at;
      for (const { stream, seq, reason } of refused) {
        refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
        once(`refused ${reason}`, { kind: 'refused', stream, seq, reason });
      }
      if (!refused.some(({ reason }) => reason === 'future')) {
        if (committed.length > 0 && clock === 'ahead') clock = 'right';
        return;
      }
      clock = 'ahead';
      const steady = ports.monotonicMs();
      if (steady - saidAheadAt < aheadEveryMs) return;
      saidAheadAt = steady;
      tell({ kind: 'clock-ahead', aheadMs: at === undefined ? undefined : now - at });
    },
    state: () => ({
      toldReadings: count.told,
      droppedReadings: count.dropped,
      spoolFault: refusing?.why,
      committed: count.committed,
      refusals: Object.fromEntries(refusals),
      notUnderstood: count.notUnderstood,
      gaps: [...gaps],
      lastReceiptAt,
      clock,
      aheadMs,
    }),
  };
}

/** The messages of one interval: one for each reading, or one batch of them all. */
function draftsOf(
  { provider, site, key, batch }: GatewayPorts,
  metered: Interval,
  known: readonly { readonly stream: Stream; readonly value: number }[],
): Draft[] {
  const reading = (stream: Stream, value: number, seq: number): Unsigned => ({
    provider,
    site,
    stream,
    metered,
    value,
    seq,
    quality: 'measured',
  });
  const { end } = metered;
  if (!key)
    return known.map(({ stream, value }) => ({
      stream,
      topic: unsignedTopic(provider, site, stream),
      end,
      encode: (seq) => encodeUnsigned(reading(stream, value, seq)),
    }));
  if (batch <= 1)
    return known.map(({ stream, value }) => ({
      stream,
      topic: readingTopic(provider, site, stream),
      end,
      encode: (seq) => encodeReading(reading(stream, value, seq), key),
    }));
  return [
    {
      stream: batchStream,
      topic: batchTopic(provider, site),
      end,
      members: known.map(({ stream }) => ({ stream, end })),
      encode: (seq, memberSeqs) => {
        const readings = known.map(({ stream, value }, i) => reading(stream, value, memberSeqs[i] as number));
        return encodeBatch({ provider, site, seq, readings }, key);
      },
    },
  ];
}
