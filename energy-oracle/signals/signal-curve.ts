/**
 * Signal curve: combined steps as a curve of the zone, with its provenance and its evidence.
 *
 * Pure. Writes only what is new: a value that the store has is not stored again, and what the zone's own feed has signed is
 * left to it. Evidence is one text that holds every raw answer a curve was made of; an answer that serves several curves of
 * one commit stands whole in the first and by its SHA-256 in the others.
 */
import { createHash } from 'node:crypto';
import { meanOver, spanOf } from '../../units/series.ts';
import type { Instant } from '../../units/time.ts';
import { type Curve, curveTopic, type Signal } from '../grid/grid-feed.ts';
import type { ProvenanceSource, SignalProvenance } from '../grid/signal-provenance.ts';
import type { Accepted } from '../store/series-store.ts';
import type { RawMessage } from '../telemetry/telemetry-source.ts';
import type { CombinedStep } from './combine.ts';
import type { SignalAnswer } from './signal-source.ts';

export interface CurveParts {
  readonly zone: string;
  readonly signal: Signal;
  readonly unit: string;
  readonly stepMs: number;
  readonly quorum: number;
  readonly now: Instant;
  readonly steps: readonly CombinedStep[];
  /** The newest answer of each source. */
  readonly answers: readonly SignalAnswer[];
  readonly leftOut: SignalProvenance['leftOut'];
  /** Curves that the store has of these steps, oldest issue first. */
  readonly stored: readonly Curve[];
}

/** Differences below this share of a value are noise of the arithmetic. */
const sameShare = 1e-9;

/** The curve of what is new among the steps, from the first new one to the last; `undefined` when nothing is. */
export function newCurve(parts: CurveParts): Curve | undefined {
  const { zone, signal, unit, stepMs, now, steps, stored } = parts;
  const span = (step: CombinedStep) => ({ start: step.start, end: step.start + stepMs });
  const told = (curve: Curve, step: CombinedStep) =>
    spanOf(curve).end > step.start && curve.start < step.start + stepMs ? meanOver(curve, span(step)) : undefined;
  const isSigned = (step: CombinedStep) => stored.some((curve) => curve.signature !== '' && told(curve, step) !== undefined);
  const given = steps.map((step) => (step.value === undefined || isSigned(step) ? undefined : step));
  const isNew = given.map((step) => {
    if (step?.value === undefined) return false;
    const newest = stored.findLast((curve) => told(curve, step) !== undefined);
    const known = newest && told(newest, step);
    return known === undefined || newest?.unit !== unit || Math.abs(known - step.value) > sameShare * Math.max(1, Math.abs(step.value));
  });
  const [first, last] = [isNew.indexOf(true), isNew.lastIndexOf(true)];
  if (first < 0) return undefined;
  const kept = given.slice(first, last + 1);
  return {
    zone,
    signal,
    issuedAt: now,
    start: (steps[first] as CombinedStep).start,
    stepMs,
    values: kept.map((step) => step?.value),
    unit,
    seq: now,
    signature: '',
    provenance: provenanceOf(parts, kept),
  };
}

function provenanceOf(
  { signal, now, quorum, answers, leftOut }: CurveParts,
  kept: readonly (CombinedStep | undefined)[],
): SignalProvenance {
  const counting = new Set(kept.flatMap((step) => step?.sources ?? []));
  const starts = new Set(kept.flatMap((step) => (step ? [step.start] : [])));
  const sources = answers.flatMap(({ source, series, issuedAt, fetchedAt }): ProvenanceSource[] => {
    const own = series.find((each) => each.signal === signal);
    if (!own || !counting.has(source)) return [];
    const estimated = own.steps.filter(({ start, estimated: isEstimated }) => isEstimated && starts.has(start)).length;
    return [{ source, unitFound: own.unitFound, issuedAt: issuedAt ?? null, fetchedAt, estimated }];
  });
  const places = new Map(sources.map(({ source }, i) => [source, i]));
  return {
    asOf: now,
    quorum,
    sources,
    low: kept.map((step) => step?.low ?? null),
    high: kept.map((step) => step?.high ?? null),
    counted: kept.map((step) => (step?.sources ?? []).flatMap((source) => places.get(source) ?? [])),
    quality: kept.map((step) => step?.quality ?? 'gap'),
    leftOut,
  };
}

/** Curves of one commit with the answers they were made of as their evidence. */
export function withEvidence(curves: readonly Curve[], answers: readonly SignalAnswer[]): Accepted<Curve>[] {
  const keptWith = new Map<string, string>();
  return curves.map((value) => {
    const used = answers.filter(({ source }) => value.provenance?.sources.some((each) => each.source === source));
    const bundle = used.flatMap(({ source, evidence }) =>
      evidence.map((raw) => entryOf(source, raw, `${value.signal}#${value.seq}`, keptWith)),
    );
    const payload = new TextEncoder().encode(JSON.stringify({ answers: bundle }));
    return { value, evidence: { topic: curveTopic(value.zone, value.signal), payload, receivedAt: value.issuedAt } };
  });
}

function entryOf(
  source: string,
  { topic: address, payload, receivedAt }: RawMessage,
  place: string,
  keptWith: Map<string, string>,
): object {
  const sha256 = createHash('sha256').update(payload).digest('hex');
  const elsewhere = keptWith.get(sha256);
  if (elsewhere === undefined) keptWith.set(sha256, place);
  const body = elsewhere === undefined ? { bodyBase64: Buffer.from(payload).toString('base64') } : { bodyWith: elsewhere };
  return { source, address, receivedAt, sha256, ...body };
}
