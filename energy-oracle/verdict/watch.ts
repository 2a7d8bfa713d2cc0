/**
 * Watch: what is held against the sites of a fleet from day to day.
 *
 * Owns one look a day: the forecaster's detectors over the meters of each site, and each site's sun beside its
 * neighbours'. The result is a small value a site, kept whole; without it the last weeks are looked at again. Answers at
 * once from memory, for every slot of every question needs it.
 */
import { DAY, type DurationMs, HOUR, type Instant, SLOT } from '../../units/time.ts';
import { findingsAfter } from '../forecast/trust/suspicion.ts';
import { powerSeries } from '../history.ts';
import type { Site } from '../site.ts';
import type { SeriesStore } from '../store/series-store.ts';
import { dayIndex, solarDayStart } from './clear-sky-index.ts';
import { acceptLevel, afterDay, type NeighbourState, newNeighbourState, withinReach } from './neighbours.ts';
import type { Held, HeldFinding } from './verdict.ts';
import type { SiteWatch, VerdictStore } from './verdict-store.ts';

/** Everywhere on Earth a UTC day's solar day is over so long after its start, and most of what comes late has come. */
const lookAfterMs: DurationMs = 38 * HOUR;
/** Days that are looked at again when nothing was kept, and how many of them the slower detectors see. */
const catchUpDays = 60;
const catchUpFindingsDays = 3;
/** A finding that is still seen after so long is confirmed. */
const confirmMs: DurationMs = 2 * DAY;
/** What the detectors compare a day with. */
const symptomDays = 30;

/** A site's level that an operator has looked at and believes from an instant on. */
export interface AcceptedLevel {
  readonly site: string;
  readonly from: Instant;
}

export interface WatchPorts {
  readonly sites: readonly Site[];
  readonly store: SeriesStore;
  readonly kept: VerdictStore | undefined;
  readonly accepted: readonly AcceptedLevel[];
  /** Told of what is newly held against a site. */
  readonly tell: (text: string) => void;
}

export interface Watch {
  open(): Promise<void>;
  /** Looks at every day that is over by `now` and was not looked at. */
  look(now: Instant): Promise<void>;
  heldOf(site: string): Held;
}

export function createWatch({ sites, store, kept, accepted, tell }: WatchPorts): Watch {
  const watches = new Map<string, SiteWatch>();
  const watched = sites.filter(({ pv }) => pv.length > 0);
  const compared = watched.filter((site) => withinReach(site, watched));
  let isOpen = false;

  const accept = (site: string, state: NeighbourState) =>
    accepted.filter((level) => level.site === site).reduce((before, { from }) => acceptLevel(before, from), state);

  async function open(): Promise<void> {
    for (const [site, watch] of Object.entries((await kept?.watches()) ?? {}))
      watches.set(site, { ...watch, neighbours: accept(site, watch.neighbours) });
    isOpen = true;
  }

  /** What the sky over each compared site gave of a day. */
  async function indicesOf(day: Instant, asOf: Instant): Promise<Map<string, number>> {
    const indices = new Map<string, number>();
    for (const site of compared) {
      const start = solarDayStart(day, site.longitude);
      const index = dayIndex(site, day, await store.rollups(site.id, 'pv_power', { start, end: start + DAY }, asOf));
      if (index !== undefined) indices.set(site.id, index);
    }
    return indices;
  }

  async function findingsOf(site: Site, before: readonly HeldFinding[], asOf: Instant): Promise<readonly HeldFinding[]> {
    const past = { start: asOf - symptomDays * DAY, end: asOf };
    const [pv, load] = await Promise.all([
      store.rollups(site.id, 'pv_power', past, asOf),
      store.rollups(site.id, 'load_power', past, asOf),
    ]);
    if (pv.length === 0) return before;
    const none = { start: past.start, stepMs: SLOT, values: [] };
    const history = { pvKw: powerSeries(pv, past), loadKw: powerSeries(load, past), importPrice: none, carbonIntensity: none };
    return findingsAfter(before, site, { ...history, marginalIntensity: undefined }, asOf)
      .map((finding): HeldFinding => ({ foundAt: asOf, ...finding }))
      .map((finding) => (finding.seenAt >= finding.foundAt + confirmMs ? { confirmedAt: asOf, ...finding } : finding));
  }

  async function lookAt(day: Instant, hasFindings: boolean): Promise<void> {
    const lookedAt = day + lookAfterMs;
    const states = Object.fromEntries(compared.map(({ id }) => [id, watches.get(id)?.neighbours ?? accept(id, newNeighbourState())]));
    const indices = await indicesOf(day, lookedAt);
    const after = indices.size === 0 ? states : afterDay(states, { day, lookedAt, places: compared, indices });
    for (const site of watched) {
      const before = watches.get(site.id);
      const neighbours = after[site.id] ?? before?.neighbours ?? newNeighbourState();
      const findings = hasFindings ? await findingsOf(site, before?.findings ?? [], lookedAt) : (before?.findings ?? []);
      watches.set(site.id, { day, neighbours, findings });
      const alarm = neighbours.alarms.at(-1);
      if (alarm?.raisedAt === lookedAt)
        tell(`${site.id}: the sun of this site has grown by ${((alarm.factor - 1) * 100).toFixed(0)} % against the sites around it`);
      for (const finding of findings) if (finding.foundAt === lookedAt) tell(`${site.id}: ${finding.stream}: ${finding.detail}`);
    }
  }

  return {
    open,
    look: async (now) => {
      if (!isOpen) await open();
      const newest = Math.floor((now - lookAfterMs) / DAY) * DAY;
      const last = Math.max(...watched.map(({ id }) => watches.get(id)?.day ?? Number.NEGATIVE_INFINITY));
      const first = Math.max(last + DAY, newest - (catchUpDays - 1) * DAY);
      if (watched.length === 0 || first > newest) return;
      for (let day = first; day <= newest; day += DAY) await lookAt(day, day > newest - catchUpFindingsDays * DAY);
      await kept?.putWatches(Object.fromEntries(watches));
    },
    heldOf: (site) => {
      const watch = watches.get(site);
      return { findings: watch?.findings ?? [], alarms: watch?.neighbours.alarms ?? [] };
    },
  };
}
