/**
 * Verdict store: what was made of every slot and when, and what is held against every site, as a port.
 *
 * Verdicts are added and never rewritten: a later one stands beside the earlier, so that anybody can ask what was known
 * when something was booked. What is held against a site is written whole; it can be made anew from the rollups.
 */
import type { Instant, Interval } from '../../units/time.ts';
import type { SlotVerdict } from '../outlook.ts';
import type { NeighbourState } from './neighbours.ts';
import type { HeldFinding } from './verdict.ts';

export interface KeptVerdict {
  readonly site: string;
  readonly slot: Instant;
  readonly judgedAt: Instant;
  readonly verdict: SlotVerdict;
}

/** What is held against a site after a day's look; plain JSON. */
export interface SiteWatch {
  /** The last UTC day that was looked at. */
  readonly day: Instant;
  readonly findings: readonly HeldFinding[];
  readonly neighbours: NeighbourState;
}

export interface VerdictStore {
  /** Adds verdicts; one that says the same as the newest of its slot, or has its instant, changes nothing. Durable when it resolves. */
  put(verdicts: readonly KeptVerdict[]): Promise<void>;
  /** Of every slot in the interval the newest verdict judged at or before `asOf`, by slot. */
  verdicts(site: string, interval: Interval, asOf: Instant): Promise<readonly KeptVerdict[]>;
  /** Takes the place of what was held against these sites. */
  putWatches(watches: Readonly<Record<string, SiteWatch>>): Promise<void>;
  watches(): Promise<Readonly<Record<string, SiteWatch>>>;
}

/** The reference: the same promises, without the disk. */
export function createMemoryVerdictStore(): VerdictStore {
  const bySite = new Map<string, Map<Instant, KeptVerdict[]>>();
  const watches = new Map<string, string>();
  return {
    put: async (verdicts) => {
      for (const kept of verdicts) {
        const slots = bySite.get(kept.site) ?? new Map<Instant, KeptVerdict[]>();
        bySite.set(kept.site, slots);
        const known = slots.get(kept.slot) ?? [];
        const last = known.at(-1);
        if (last && (last.judgedAt >= kept.judgedAt || verdictText(last.verdict) === verdictText(kept.verdict))) continue;
        slots.set(kept.slot, [...known, kept]);
      }
    },
    verdicts: async (site, { start, end }, asOf) =>
      [...(bySite.get(site) ?? [])]
        .filter(([slot]) => slot >= start && slot < end)
        .flatMap(([, known]) => known.findLast(({ judgedAt }) => judgedAt <= asOf) ?? [])
        .sort((a, b) => a.slot - b.slot),
    putWatches: async (held) => {
      for (const [site, watch] of Object.entries(held)) watches.set(site, JSON.stringify(watch));
    },
    watches: async () =>
      Object.fromEntries([...watches].sort(([a], [b]) => (a < b ? -1 : 1)).map(([site, text]) => [site, JSON.parse(text)])),
  };
}

/** A verdict as the one JSON text that it is compared and kept by. */
export const verdictText = (verdict: SlotVerdict): string => JSON.stringify(verdict);
