/**
 * Signal source: where the oracle may ask for a zone's prices, carbon intensity, generation and load, as a port.
 *
 * Owns what an answer is: values over steps, in our unit, with who said them, in which unit they were found, when they were
 * issued and fetched, and whether they were estimated or only forecast; the raw answers go along as evidence. What several
 * sources make together is `combine.ts`'s. Failing is a fault of the outside world, never a reason to stop.
 */
import type { Instant, Interval } from '../../units/time.ts';
import { type Signal, signals } from '../grid/grid-feed.ts';
import type { RawMessage } from '../telemetry/telemetry-source.ts';

/** What can be asked for: one signal, or generation of every fuel at once. */
export const signalTopics = ['day_ahead_price', 'carbon_intensity', 'carbon_intensity_marginal', 'grid_load', 'generation'] as const;
export type SignalTopic = (typeof signalTopics)[number];
export const topicOf = (signal: Signal): SignalTopic => (signal.startsWith('generation_') ? 'generation' : (signal as SignalTopic));
/** The signals that an answer to a topic may tell of. */
export const signalsOf = (topic: SignalTopic): readonly Signal[] => signals.filter((signal) => topicOf(signal) === topic);

/** One value, the average over its step. */
export interface SignalStep extends Interval {
  readonly value: number;
  /** The source made it up from a model of its own, because it was not measured (yet). */
  readonly estimated?: boolean;
  /** Said of time that was not over when it was issued; a day-ahead price is none, it is settled. */
  readonly forecast?: boolean;
}

export interface SignalSeries {
  readonly signal: Signal;
  /** Ours: `EUR/MWh` and the like, `gCO2eq/kWh`, `MW`. */
  readonly unit: string;
  /** As the source said it, or as its documentation does where the answer does not: `lbs_co2_per_mwh`, `Eur/MWh`. */
  readonly unitFound: string;
  /** In order, not overlapping; a gap is simply not there. */
  readonly steps: readonly SignalStep[];
}

export interface SignalQuestion {
  readonly zone: string;
  readonly topic: SignalTopic;
  readonly interval: Interval;
}

export interface SignalAnswer {
  readonly kind: 'answer';
  readonly source: string;
  /** When the source says that it made this known; `undefined` when it does not say. */
  readonly issuedAt: Instant | undefined;
  /** When the newest part of it was had from the source, or confirmed by it. */
  readonly fetchedAt: Instant;
  readonly series: readonly SignalSeries[];
  readonly evidence: readonly RawMessage[];
}

/** The source answered with what cannot be read, or not believed; the answer is kept. */
export interface UnreadableAnswer {
  readonly kind: 'unreadable';
  readonly source: string;
  readonly reason: 'oversized' | 'not-json' | 'not-xml' | 'schema' | 'out-of-range';
  readonly detail: string;
  readonly evidence: readonly RawMessage[];
}

export interface SignalSource {
  /** Names it among the sources of a zone: `entsoe`, `energy-charts`. */
  readonly name: string;
  /** What it can be asked for. */
  readonly topics: readonly SignalTopic[];
  /** @throws SignalFault */
  ask(question: SignalQuestion): Promise<SignalAnswer | UnreadableAnswer>;
}

/** The source did not answer, or refused to. */
export class SignalFault extends Error {
  readonly source: string;
  /** Address without secrets. */
  readonly address: string;
  readonly attempts: number;
  /** HTTP status of the last attempt; `undefined` when there was no answer. */
  readonly status: number | undefined;
  /** The source wants to be left alone until then. */
  readonly notBefore: Instant | undefined;
  constructor(
    fault: {
      source: string;
      address: string;
      attempts: number;
      status?: number | undefined;
      notBefore?: Instant | undefined;
      what: string;
    },
    cause?: unknown,
  ) {
    super(`${fault.source}: ${fault.address}: ${fault.what} (attempt ${fault.attempts})`, cause === undefined ? undefined : { cause });
    this.name = 'SignalFault';
    this.source = fault.source;
    this.address = fault.address;
    this.attempts = fault.attempts;
    this.status = fault.status;
    this.notBefore = fault.notBefore;
  }
}

/** What a decoder makes of an answer's bytes. */
export type DecodedSignals =
  | { readonly kind: 'signals'; readonly series: readonly SignalSeries[]; readonly issuedAt: Instant | undefined }
  | { readonly kind: 'unreadable'; readonly reason: UnreadableAnswer['reason']; readonly detail: string };

export const unreadable = (reason: UnreadableAnswer['reason'], detail: string): DecodedSignals => ({ kind: 'unreadable', reason, detail });

/** The steps of a list that meet the interval, in order, each once; of two for one start the first given stands. */
export function stepsWithin(steps: readonly SignalStep[], { start, end }: Interval): SignalStep[] {
  const first = new Map<Instant, SignalStep>();
  for (const step of steps) if (step.end > start && step.start < end && !first.has(step.start)) first.set(step.start, step);
  return [...first.values()].sort((a, b) => a.start - b.start);
}

/** Several decoded pages or documents of one question as one answer; the first unreadable one makes the whole unreadable. */
export function answerOf(
  source: string,
  { topic, interval }: SignalQuestion,
  decoded: readonly DecodedSignals[],
  evidence: readonly RawMessage[],
): SignalAnswer | UnreadableAnswer {
  const bySignal = new Map<Signal, SignalSeries>();
  let issuedAt: Instant | undefined;
  for (const page of decoded) {
    if (page.kind === 'unreadable') return { ...page, source, evidence };
    if (page.issuedAt !== undefined) issuedAt = Math.max(issuedAt ?? page.issuedAt, page.issuedAt);
    for (const series of page.series.filter(({ signal }) => topicOf(signal) === topic)) {
      const before = bySignal.get(series.signal);
      if (before && before.unit !== series.unit)
        return {
          kind: 'unreadable',
          source,
          reason: 'schema',
          detail: `${series.signal} in ${before.unit} and in ${series.unit}`,
          evidence,
        };
      bySignal.set(series.signal, { ...series, steps: stepsWithin([...(before?.steps ?? []), ...series.steps], interval) });
    }
  }
  const fetchedAt = Math.max(...evidence.map(({ receivedAt }) => receivedAt));
  return { kind: 'answer', source, issuedAt, fetchedAt, series: [...bySignal.values()], evidence };
}

/** The reference: tells what it was told to tell, or throws what it was told to throw. */
export function createMemorySource(
  name: string,
  topics: readonly SignalTopic[],
  answer: (question: SignalQuestion) => {
    readonly series: readonly SignalSeries[];
    readonly issuedAt?: Instant;
    readonly fetchedAt: Instant;
  },
): SignalSource {
  return {
    name,
    topics,
    ask: async (question) => {
      if (!topics.includes(question.topic))
        throw new SignalFault({ source: name, address: 'memory', attempts: 1, what: `tells ${topics.join(', ')}, not ${question.topic}` });
      const { series, issuedAt, fetchedAt } = answer(question);
      const payload = new TextEncoder().encode(JSON.stringify(series));
      const told: DecodedSignals = { kind: 'signals', series, issuedAt };
      return answerOf(name, question, [told], [{ topic: `memory/${name}`, payload, receivedAt: fetchedAt }]);
    },
  };
}
