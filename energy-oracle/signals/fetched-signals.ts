/**
 * Fetched signals: asks the sources of every zone and signal, combines what they say, and stores what is new.
 *
 * The shell around panels. A source that is away, unreadable or implausible is told of and holds nobody up; its answer, if
 * there is one, goes to quarantine whole. A forecast of what is measured is never stored as what was: only a day-ahead price
 * may lie ahead. What a zone's own feed has signed stands before what was fetched.
 */
import type { Clock } from '../../units/clock.ts';
import { type DurationMs, HOUR, type Instant, type Interval, toIso } from '../../units/time.ts';
import type { Curve, Signal } from '../grid/grid-feed.ts';
import { marketDay } from '../grid/price.ts';
import type { Quarantined, SeriesStore } from '../store/series-store.ts';
import { implausibleCurve } from '../telemetry/plausibility.ts';
import { type CombinedStep, quorumOf } from './combine.ts';
import { createPanel, type Panel, type PanelRule } from './panel.ts';
import { newCurve, withEvidence } from './signal-curve.ts';
import {
  type SignalAnswer,
  SignalFault,
  type SignalQuestion,
  type SignalSource,
  type SignalStep,
  type SignalTopic,
  signalsOf,
  type UnreadableAnswer,
} from './signal-source.ts';
import { counts } from './source-state.ts';
import type { FeedWire } from './wire.ts';

/** What is asked of whom for one zone. */
export interface SignalPlan {
  readonly zone: string;
  readonly topic: SignalTopic;
  /** IANA name of the zone's market days. */
  readonly timeZone: string;
  /** What the values must be in: `EUR/MWh`, `gCO2eq/kWh`, `MW`. */
  readonly unit: string;
  readonly rule: PanelRule;
  readonly sources: readonly SignalSource[];
}

export interface SignalFetcherPorts {
  readonly clock: Clock;
  readonly plans: readonly SignalPlan[];
  readonly store: Pick<SeriesStore, 'commit' | 'curves'>;
  readonly tell: (kind: 'reading' | 'quarantine', text: string) => void;
}

export interface SignalFetcher {
  /** One round, or the rest of the one under way: asks everybody, stores what is new. Faults of sources are told; those of the store are the caller's. */
  fetch(): Promise<void>;
  /** How every feed stands now. */
  feeds(): readonly FeedWire[];
  /** The limit beyond which a signal's newest issue is stale, ms; `undefined` for one that nobody is asked for. */
  staleMsOf(zone: string, signal: Signal): DurationMs | undefined;
}

/** How far back what is measured is asked for: values come late and are corrected, and a day is what every plan may read. */
const behindMs: DurationMs = 24 * HOUR;

interface Desk {
  readonly plan: SignalPlan;
  readonly panels: ReadonlyMap<Signal, Panel>;
  /** The newest answer of each source: what it said stands until it is stale. */
  readonly answers: Map<string, SignalAnswer>;
  readonly newest: Map<Signal, { readonly asOf: Instant; readonly steps: readonly CombinedStep[] }>;
}

/** @throws RangeError when two sources of a signal have one name, or one cannot tell it */
export function createSignalFetcher({ clock, plans, store, tell }: SignalFetcherPorts): SignalFetcher {
  const desks = plans.map(deskOf);
  const toldOf = new Map<string, string>();
  /** Tells what changed of a matter, once. */
  const tellOnce = (matter: 'answer' | 'standing', of: string, text: string) => {
    if (toldOf.get(`${matter} ${of}`) === text) return;
    toldOf.set(`${matter} ${of}`, text);
    tell('reading', `${of}: ${text}`);
  };

  async function takeRound(desk: Desk): Promise<void> {
    const { plan, panels } = desk;
    const now = clock.now();
    const interval = intervalOf(plan, now);
    const question: SignalQuestion = { zone: plan.zone, topic: plan.topic, interval };
    const asked = await Promise.all(plan.sources.map((source) => askOne(source, question)));
    const quarantined: Quarantined[] = [];
    for (const [i, said] of asked.entries()) {
      const { name } = plan.sources[i] as SignalSource;
      const judged = said instanceof SignalFault ? said : judge(said, plan);
      const why = judged instanceof SignalFault ? judged.message : whyNot(judged);
      tellOnce('answer', `${plan.zone} ${plan.topic} ${name}`, why?.replace(/ \(attempt \d+\)$/, '') ?? 'answers');
      if (why !== undefined) for (const panel of panels.values()) panel.missed(name, why);
      if (judged instanceof SignalFault) continue;
      if (judged.kind === 'unreadable')
        quarantined.push(...judged.evidence.map((evidence) => ({ evidence, reason: judged.reason, detail: `${name}: ${judged.detail}` })));
      else if (why === undefined) hearAll(desk, judged, now);
    }
    const curves: Curve[] = [];
    const answers = [...desk.answers.values()];
    for (const [signal, panel] of panels) {
      if (!desk.newest.has(signal) && answers.every(({ series }) => series.every((each) => each.signal !== signal))) continue;
      const steps = panel.round(interval, now);
      desk.newest.set(signal, { asOf: now, steps });
      const stored = await store.curves(plan.zone, signal, interval, now);
      const { unit, rule } = plan;
      const parts = { zone: plan.zone, signal, unit, stepMs: rule.stepMs, quorum: quorumOf(rule.tolerated), now };
      const curve = newCurve({ ...parts, steps, answers, leftOut: leftOutOf(panel, now), stored });
      if (curve) curves.push(curve);
    }
    tellStandings(desk, now, tellOnce);
    if (curves.length === 0 && quarantined.length === 0) return;
    for (const { evidence, reason, detail } of quarantined) tell('quarantine', `${evidence.topic}: ${reason}: ${detail}`);
    await store.commit({ readings: [], weather: [], curves: withEvidence(curves, answers), quarantined });
  }

  let round: Promise<void> | undefined;
  const takeAll = async () => {
    for (const desk of desks) await takeRound(desk);
  };
  return {
    fetch: () => {
      round ??= takeAll().finally(() => {
        round = undefined;
      });
      return round;
    },
    feeds: () => desks.flatMap((desk) => feedsOf(desk, clock.now())),
    staleMsOf: (zone, signal) => desks.find(({ plan, panels }) => plan.zone === zone && panels.has(signal))?.plan.rule.staleMs,
  };
}

function deskOf(plan: SignalPlan): Desk {
  const names = plan.sources.map(({ name }) => name);
  if (new Set(names).size < names.length)
    throw new RangeError(`${plan.zone}: two sources of ${plan.topic} have one name: ${names.join(', ')}`);
  const other = plan.sources.find(({ topics }) => !topics.includes(plan.topic));
  if (other) throw new RangeError(`${plan.zone}: ${other.name} tells ${other.topics.join(', ')}, not ${plan.topic}`);
  return {
    plan,
    panels: new Map(signalsOf(plan.topic).map((signal) => [signal, createPanel(names, plan.rule)])),
    answers: new Map(),
    newest: new Map(),
  };
}

/** Today and tomorrow of the market for a price; for what is measured the last day, up to the last whole step. */
function intervalOf({ topic, timeZone, rule }: SignalPlan, now: Instant): Interval {
  if (topic === 'day_ahead_price') {
    const today = marketDay(timeZone, now);
    return { start: today.start, end: marketDay(timeZone, today.end).end };
  }
  const end = Math.floor(now / rule.stepMs) * rule.stepMs;
  return { start: end - behindMs, end };
}

async function askOne(source: SignalSource, question: SignalQuestion): Promise<SignalAnswer | UnreadableAnswer | SignalFault> {
  try {
    return await source.ask(question);
  } catch (fault) {
    if (fault instanceof SignalFault) return fault;
    throw fault;
  }
}

/** An answer in another unit, or with a value that nothing of its kind can have, is not believed at all. */
function judge(said: SignalAnswer | UnreadableAnswer, { unit, zone }: SignalPlan): SignalAnswer | UnreadableAnswer {
  if (said.kind === 'unreadable') return said;
  const { source, evidence } = said;
  const refuse = (reason: UnreadableAnswer['reason'], detail: string): UnreadableAnswer => ({
    kind: 'unreadable',
    source,
    reason,
    detail,
    evidence,
  });
  for (const { signal, unit: found, steps } of said.series) {
    if (found !== unit) return refuse('schema', `${signal} of ${zone} is in ${unit}, found ${found}`);
    const values = steps.map(({ value }) => value).filter(Number.isFinite);
    const why = implausibleCurve({ zone, signal, unit, values, issuedAt: 0, start: 0, stepMs: 1, seq: 0, signature: '' });
    if (why) return refuse('out-of-range', why);
  }
  return said;
}

/** Why an answer is none; `undefined` when it is one. */
function whyNot(said: SignalAnswer | UnreadableAnswer): string | undefined {
  if (said.kind === 'unreadable') return `${said.reason}: ${said.detail}`;
  return said.series.every(({ steps }) => steps.length === 0) ? 'it has nothing of this' : undefined;
}

function hearAll({ plan, panels, answers }: Desk, answer: SignalAnswer, now: Instant): void {
  answers.set(answer.source, answer);
  const isOver = (step: SignalStep) => plan.topic === 'day_ahead_price' || (!step.forecast && step.end <= now);
  for (const [signal, panel] of panels) {
    const series = answer.series.find((each) => each.signal === signal);
    panel.hear(answer.source, (series?.steps ?? []).filter(isOver), answer.issuedAt ?? answer.fetchedAt, now);
  }
}

const leftOutOf = (panel: Panel, now: Instant) =>
  panel
    .report(now)
    .filter(({ standing }) => !counts(standing))
    .map(({ source, standing, why }) => ({ source, reason: why === undefined ? standing : `${standing}: ${why}` }));

function tellStandings({ plan, panels }: Desk, now: Instant, tellOnce: (matter: 'standing', of: string, text: string) => void): void {
  for (const [signal, panel] of panels)
    for (const { source, standing, leftOutUntil, why } of panel.report(now))
      if (standing === 'left-out')
        tellOnce('standing', `${plan.zone} ${signal} ${source}`, `left out until ${toIso(leftOutUntil ?? now)}: ${why}`);
      else if (standing === 'stale') tellOnce('standing', `${plan.zone} ${signal} ${source}`, 'stale: it does not count any more');
}

function feedsOf({ plan, panels, newest }: Desk, now: Instant): FeedWire[] {
  return [...panels].flatMap(([signal, panel]): FeedWire[] => {
    const round = newest.get(signal);
    if (!round && plan.topic === 'generation') return []; // a fuel that nobody tells of
    const isDue = ({ start }: CombinedStep) => start + plan.rule.stepMs <= now || plan.topic === 'day_ahead_price';
    const last = round?.steps.findLast(({ value }) => value !== undefined);
    const due = round?.steps.findLast(isDue);
    return [
      {
        zone: plan.zone,
        signal,
        unit: plan.unit,
        tolerated: plan.rule.tolerated,
        quorum: quorumOf(plan.rule.tolerated),
        last: last
          ? {
              start: toIso(last.start),
              value: last.value as number,
              low: last.low as number,
              high: last.high as number,
              sources: last.sources,
              quality: last.quality,
            }
          : null,
        gap: due?.reason ?? null,
        asOf: round ? toIso(round.asOf) : null,
        sources: panel.report(now).map(({ source, standing, ageMs, leftOutUntil, why, last: own }) => {
          const beside = own && round?.steps.findLast(({ start, value }) => value !== undefined && start >= own.start && start < own.end);
          return {
            source,
            standing,
            ageMs: ageMs ?? null,
            leftOutUntil: leftOutUntil === undefined ? null : toIso(leftOutUntil),
            why: why ?? null,
            last: own
              ? {
                  start: toIso(own.start),
                  value: own.value,
                  deviation: beside?.value === undefined ? null : own.value - beside.value,
                  estimated: own.estimated ?? false,
                }
              : null,
          };
        }),
      },
    ];
  });
}
