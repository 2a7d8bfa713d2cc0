/**
 * Scorekeeper: the shell that judges every issued outlook once the day it spoke of is over, and keeps the pages.
 *
 * Owns when an outlook is due: a lead day is judged a while after its end, when its signals have come. Each page is
 * written whole with how far it went, so a kill between two writes repeats a judgement and never counts it twice.
 */
import { DAY, type DurationMs, HOUR, type Instant } from '../../../units/time.ts';
import type { OracleView } from '../../outlook.ts';
import type { Site } from '../../site.ts';
import type { SeriesStore } from '../../store/series-store.ts';
import type { ModelStore } from '../model-store.ts';
import { emptyPage, judgedPage, leadDays, monthSpan, type ScorePage } from './outlook-score.ts';
import { utcMonthOf } from './score.ts';

/** Carbon intensities and readings may come so long after their slot. */
const delayMs: DurationMs = 2 * HOUR;
/** Months that were never judged are taken up so far back; older ones by `rescore`. */
const catchUpMs: DurationMs = 35 * DAY;
/** Outlooks of so long are read at once. */
const batchMs: DurationMs = DAY;

export interface ScorekeeperPorts {
  readonly sites: readonly Site[];
  readonly store: Pick<SeriesStore, 'outlook' | 'outlooks'>;
  readonly facts: OracleView['facts'];
  readonly pages: Pick<ModelStore, 'scores' | 'putScores'>;
}

export interface Scorekeeper {
  /** Judges whatever is due at the instant. */
  scoreDue(now: Instant): Promise<void>;
  /** Judges a month of a site anew from its outlooks and from what is known now: after late readings. */
  rescore(site: string, month: string, now: Instant): Promise<ScorePage>;
}

export function createScorekeeper({ sites, store, facts, pages }: ScorekeeperPorts): Scorekeeper {
  async function judged(page: ScorePage, site: Site, now: Instant): Promise<ScorePage> {
    const { end } = monthSpan(page.month);
    let result = page;
    for (let leadDay = 0; leadDay < leadDays; leadDay++) {
      const due = Math.min(end, Math.floor((now - delayMs - (leadDay + 1) * DAY) / HOUR) * HOUR);
      const begin = page.scoredUntil[leadDay] as Instant;
      if (begin >= due) continue;
      if (((await store.outlook(site.id, due - 1))?.issuedAt ?? 0) < begin) {
        result = judgedPage(result, site, { leadDay, outlooks: [], facts: [], until: due }); // nobody spoke: nothing is read day by day
        continue;
      }
      for (let from = begin; from < due; from = Math.min(due, from + batchMs)) {
        const until = Math.min(due, from + batchMs);
        const outlooks = await store.outlooks(site.id, { start: from, end: until });
        const span = { start: from + leadDay * DAY - HOUR, end: until + (leadDay + 1) * DAY };
        const known = outlooks.length > 0 ? await facts(site.id, span, now) : [];
        result = judgedPage(result, site, { leadDay, outlooks, facts: known, until });
      }
    }
    return result;
  }
  return {
    scoreDue: async (now) => {
      const months = [...new Set([utcMonthOf(now - catchUpMs), utcMonthOf(now - leadDays * DAY), utcMonthOf(now)])];
      for (const site of sites) {
        const known = new Map((await pages.scores(site.id)).map((page) => [page.month, page]));
        for (const month of months) {
          const before = known.get(month) ?? emptyPage(site.id, month);
          const after = await judged(before, site, now);
          if (after !== before) await pages.putScores(after);
        }
      }
    },
    rescore: async (id, month, now) => {
      const site = sites.find((site) => site.id === id);
      if (!site) throw new RangeError(`unknown site ${id}; sites: ${sites.map((site) => site.id).join(', ')}`);
      const page = await judged(emptyPage(id, month), site, now);
      await pages.putScores(page);
      return page;
    },
  };
}
