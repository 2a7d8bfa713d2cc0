/**
 * Verdicts over HTTP: what is certified of each slot of a site, and why not. Reads only.
 *
 * Tells certified energy, the ceiling and the figures of what spoke against a slot; a household's load is in none of it
 * but where a check of it failed.
 */
import { type Request, Router } from 'express';
import type { Clock } from '../../units/clock.ts';
import { DAY, type DurationMs, type Instant, type Interval, parseInstant, SLOT, slotOf, toIso } from '../../units/time.ts';
import type { OracleView, SlotVerdict } from '../outlook.ts';
import type { Site } from '../site.ts';
import type { VerdictWire } from '../wire.ts';
import type { KeptVerdict } from './verdict-store.ts';

/** Longest stretch of one answer. */
const stretchMsMax: DurationMs = 31 * DAY;

export interface VerdictApiPorts {
  readonly clock: Clock;
  readonly sites: readonly Pick<Site, 'id' | 'provider'>[];
  readonly facts: OracleView['facts'];
  /** Verdicts as they were kept. */
  readonly kept: (site: string, interval: Interval, asOf: Instant) => Promise<readonly KeptVerdict[]>;
  /** Whether a request may see what was made of a provider's meters. Without it everybody sees all. */
  readonly seesMetersOf?: (request: Request, provider: string) => boolean;
}

/** `/v1/sites/:id/verdicts[?start=&end=&asOf=]`: of the last day, unless told; with `asOf` as they were kept by then. */
export function verdictApi({ clock, sites, facts, kept, seesMetersOf = () => true }: VerdictApiPorts): Router {
  const api = Router();
  api.get('/v1/sites/:id/verdicts', async (request, response) => {
    const { id } = request.params;
    const site = sites.find((known) => known.id === id);
    if (!site) {
      const detail = `no site ${id}; sites: ${sites.map((known) => known.id).join(', ')}`;
      response.status(404).json({ error: 'not-found', detail });
      return;
    }
    if (!seesMetersOf(request, site.provider)) {
      response.status(403).json({ error: 'forbidden', detail: `verdicts of ${id} are its provider’s, and not this key’s` });
      return;
    }
    const asked = askedOf(request.query, clock.now());
    if (typeof asked === 'string') {
      response.status(400).json({ error: 'bad-request', detail: asked });
      return;
    }
    const { interval, asOf } = asked;
    if (asOf !== undefined)
      response.json((await kept(id, interval, asOf)).map(({ slot, verdict, judgedAt }) => verdictWire(slot, verdict, judgedAt)));
    else
      response.json(
        (await facts(id, interval, clock.now())).flatMap(({ slot, verdict }) => (verdict ? [verdictWire(slot, verdict, undefined)] : [])),
      );
  });
  return api;
}

/** What was asked for, or why it cannot be answered. */
function askedOf(
  query: Readonly<Record<string, unknown>>,
  now: Instant,
): { readonly interval: Interval; readonly asOf: Instant | undefined } | string {
  const instants: Record<string, Instant | undefined> = {};
  for (const name of ['start', 'end', 'asOf']) {
    const text = query[name];
    if (text === undefined) continue;
    const instant = parseInstant(String(text));
    if (instant === undefined) return `${name}: found ${String(text)}; allowed: RFC 3339 with its offset, such as 2026-06-21T12:00Z`;
    instants[name] = instant;
  }
  const end = Math.min(slotOf((instants['end'] ?? now) + SLOT - 1), slotOf(now));
  const start = slotOf(instants['start'] ?? end - DAY);
  if (start >= end) return `start ${toIso(start)} must lie before end ${toIso(end)}, which is over by now (${toIso(now)})`;
  if (end - start > stretchMsMax) return `found ${(end - start) / DAY} days; allowed: at most ${stretchMsMax / DAY} in one answer`;
  return { interval: { start, end }, asOf: instants['asOf'] };
}

function verdictWire(slot: Instant, verdict: SlotVerdict, judgedAt: Instant | undefined): VerdictWire {
  const limits = verdict.kind === 'certified' ? (verdict.limit ? [verdict.limit] : []) : verdict.reasons;
  return {
    slot: toIso(slot),
    verdict: verdict.kind,
    judgedAt: judgedAt === undefined ? null : toIso(judgedAt),
    certifiedWh: verdict.kind === 'certified' ? verdict.certifiedWh : null,
    ceilingWh: verdict.ceilingWh,
    throttled: verdict.isThrottled,
    reasons: limits.map(({ reason, found, allowed, unit, detail }) => ({ reason, found, allowed, unit, detail })),
  };
}
