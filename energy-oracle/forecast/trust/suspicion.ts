/**
 * Suspicion: which meters of a site are not believed, since when and why, remembered from issue to issue.
 *
 * `symptoms.ts` compares the last 24 h with the weeks before, and would take a fault for usual once it fills them. Here
 * what is suspected is a gap in those weeks: a fault is seen for as long as it lasts, and is over when the last day looks
 * like the time before it. Nothing is repaired; whoever learns or forecasts gets gaps. The state is plain JSON.
 */
import { DAY, type DurationMs, type Instant } from '../../../units/time.ts';
import type { Site } from '../../site.ts';
import type { History } from '../forecaster.ts';
import { peakOfSite, type Suspicion } from '../records.ts';
import { denseOf, type Known, knownAt } from '../target.ts';
import { type SymptomKind, symptomsOf } from './symptoms.ts';

/** After so long without a day from before a fault nobody can tell that it ended: it is how the site speaks now. */
const heldMsMax: DurationMs = 28 * DAY;
/** So long the weeks before the last day still hold enough of the time before a fault to tell that it is over. */
const comparableMs = (kind: SymptomKind): DurationMs => (kind === 'clock-shift' ? 8 : 20) * DAY;
/** Ended ones that are remembered, so that nobody learns from that time; the oldest go first. */
const endedMax = 20;

export interface Finding {
  readonly stream: 'pv' | 'load';
  readonly kind: SymptomKind;
  readonly detail: string;
  readonly since: Instant;
  readonly seenAt: Instant;
  /** `undefined` while it holds. */
  readonly until?: Instant;
}

/** All that was found at a site, oldest first. */
export type Findings = readonly Finding[];

/** The findings after one more look at the history of a site. */
export function findingsAfter(before: Findings, site: Site, history: History, issuedAt: Instant): Findings {
  const known = believed(
    history,
    before.map(({ stream, since, until }) => ({ stream, start: since, end: until ?? issuedAt - DAY })),
  );
  let findings = before;
  for (const stream of ['pv', 'load'] as const) {
    if (stream === 'pv' && site.pv.length === 0) continue;
    for (const { kind, since, detail } of symptomsOf(knownOf(stream, site, known, issuedAt)))
      findings = seen(findings, { stream, kind, since, detail, seenAt: issuedAt });
    findings = findings.map((finding) => {
      const { kind, since, until, seenAt } = finding;
      if (finding.stream !== stream || until !== undefined || seenAt === issuedAt) return finding;
      const age = issuedAt - since;
      return age < comparableMs(kind) || age >= heldMsMax ? { ...finding, until: issuedAt } : finding;
    });
  }
  return findings.slice(-endedMax);
}

/** A sighting goes on with what holds, or is new. */
function seen(findings: Findings, sighting: Finding): Findings {
  const at = findings.findIndex(({ stream, kind, until }) => stream === sighting.stream && kind === sighting.kind && until === undefined);
  const last = findings[at];
  return last ? findings.with(at, { ...last, seenAt: sighting.seenAt }) : [...findings, sighting];
}

/** What holds now. */
export const held = (findings: Findings): Findings => findings.filter(({ until }) => until === undefined);

/** The times that nobody is to learn from. */
export const suspicionsOf = (findings: Findings, asOf: Instant): Suspicion[] =>
  findings.map(({ stream, since, until }) => ({ stream, start: since, end: until ?? asOf }));

/** A history without what is suspected. */
export function believed(history: History, suspicions: readonly Suspicion[]): History {
  const without = ({ start, stepMs, values }: History['pvKw'], wanted: Suspicion['stream']) => ({
    start,
    stepMs,
    values: values.map((value, i) => {
      const at = start + i * stepMs;
      return suspicions.some(({ stream, start, end }) => stream === wanted && at + stepMs > start && at < end) ? undefined : value;
    }),
  });
  return suspicions.length === 0 ? history : { ...history, pvKw: without(history.pvKw, 'pv'), loadKw: without(history.loadKw, 'load') };
}

function knownOf(stream: 'pv' | 'load', site: Site, history: History, issuedAt: Instant): Known {
  const { id, latitude, longitude, pv } = site;
  const isPv = stream === 'pv';
  const target = {
    id,
    kind: stream,
    latitude,
    longitude,
    pv: isPv ? pv : [],
    ceiling: isPv ? peakOfSite(site) : undefined,
    floor: 0,
  } as const;
  return knownAt({ target, history: denseOf(isPv ? history.pvKw : history.loadKw), signals: {}, companions: {} }, issuedAt);
}
