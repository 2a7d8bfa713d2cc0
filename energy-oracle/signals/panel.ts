/**
 * Panel: the sources of one signal of one zone, what each said last, and whether its word counts.
 *
 * Joins `source-state.ts` and `combine.ts` and remembers between rounds: who is stale, who was far off and until when. It
 * asks nobody and stores nothing. Only fresh and late sources enter a value; everybody else is named with the reason.
 */
import type { DurationMs, Instant, Interval } from '../../units/time.ts';
import { type CombinedStep, type CombineRule, combine, deviants } from './combine.ts';
import type { SignalStep } from './signal-source.ts';
import {
  agreed,
  counts,
  type FreshnessLimits,
  foundOff,
  heard,
  type SourceRecord,
  type SourceStanding,
  standingOf,
  unheardSource,
} from './source-state.ts';

/** Off in more than this share of the steps it tells of, a source is left out for a while; a rarer spike costs it those steps only. */
export const offShareMax = 0.1;

export interface PanelRule extends CombineRule, FreshnessLimits {}

export interface SourceReport {
  readonly source: string;
  readonly standing: SourceStanding;
  /** Age of what it said last, ms; `undefined` when it was never heard. */
  readonly ageMs: DurationMs | undefined;
  readonly leftOutUntil: Instant | undefined;
  /** Why it was left out last, or what kept it from answering since. */
  readonly why: string | undefined;
  /** Its newest value. */
  readonly last: SignalStep | undefined;
}

export interface Panel {
  /** What a source answered; `issuedAt` when it was issued, or fetched where the source does not say. */
  hear(source: string, steps: readonly SignalStep[], issuedAt: Instant, now: Instant): void;
  /** It did not answer: what it said before stands until it is stale. */
  missed(source: string, why: string): void;
  /** One value a step, from who counts at `now`; who was far off is left out from the next round on. */
  round(interval: Interval, now: Instant): readonly CombinedStep[];
  report(now: Instant): readonly SourceReport[];
}

export function createPanel(names: readonly string[], rule: PanelRule): Panel {
  const records = new Map<string, SourceRecord>(names.map((name) => [name, unheardSource]));
  const said = new Map<string, readonly SignalStep[]>();
  const faults = new Map<string, string>();
  const recordOf = (source: string): SourceRecord => {
    const record = records.get(source);
    if (!record) throw new RangeError(`no source ${source} is on this panel; there are ${names.join(', ')}`);
    return record;
  };
  return {
    hear(source, steps, issuedAt, now) {
      const record = recordOf(source);
      if (record.heardOf !== undefined && issuedAt < record.heardOf) return; // an older answer than the one there is
      records.set(source, heard(record, issuedAt, now));
      said.set(source, steps);
      faults.delete(source);
    },
    missed(source, why) {
      recordOf(source);
      faults.set(source, why);
    },
    round(interval, now) {
      const counting = names.filter((name) => counts(standingOf(recordOf(name), now, rule)));
      const steps = combine(
        counting.map((source) => ({ source, steps: said.get(source) ?? [] })),
        interval,
        rule,
      );
      const off = new Map(deviants(steps, offShareMax).map((deviant) => [deviant.source, deviant]));
      const told = new Set(steps.flatMap(({ sources }) => sources));
      for (const source of counting) {
        const deviant = off.get(source);
        if (deviant) {
          const why = `off its peers by up to ${Number(deviant.by.toPrecision(3))} in ${Math.round(100 * deviant.share)} % of its steps`;
          records.set(source, foundOff(recordOf(source), why, now, rule));
        } else if (told.has(source)) records.set(source, agreed(recordOf(source)));
      }
      return steps;
    },
    report: (now) =>
      names.map((source) => {
        const record = recordOf(source);
        const standing = standingOf(record, now, rule);
        return {
          source,
          standing,
          ageMs: record.heardOf === undefined ? undefined : now - record.heardOf,
          leftOutUntil: standing === 'left-out' ? record.leftOutUntil : undefined,
          why: faults.get(source) ?? record.why,
          last: said.get(source)?.at(-1),
        };
      }),
  };
}
