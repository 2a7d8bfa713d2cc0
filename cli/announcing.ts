/**
 * Announcing: every so often what the oracle knows of its sites goes to Home Assistant and evcc, through the broker.
 */
import { createMqttAnnouncer } from '../energy-oracle/announce/mqtt-announcer.ts';
import { announcement, averageW, type SiteNow, slotW } from '../energy-oracle/announce/site-announcement.ts';
import type { OracleView } from '../energy-oracle/outlook.ts';
import type { Site } from '../energy-oracle/site.ts';
import type { SeriesStore } from '../energy-oracle/store/series-store.ts';
import type { Clock } from '../units/clock.ts';
import { type DurationMs, HOUR, type Interval, SLOT, slotOf } from '../units/time.ts';
import type { BrokerLine } from './mqtt-line.ts';

export interface AnnouncingOptions {
  readonly line: BrokerLine;
  /** Home Assistant's discovery prefix; `homeassistant` unless `HOME_ASSISTANT_PREFIX` says another. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly sites: readonly Site[];
  readonly view: OracleView;
  readonly store: Pick<SeriesStore, 'rollups'>;
  readonly currency: string;
  /** Wall time between two looks. */
  readonly everyMs: DurationMs;
  readonly tell: (text: string) => void;
}

/** Older slots are not "now" any more; signals that are published by the hour come late. */
const recentMs: DurationMs = 3 * HOUR;

/** Announces at once and then again and again, until the returned function has been called. */
export function startAnnouncing({ line, env, clock, sites, view, store, currency, everyMs, tell }: AnnouncingOptions): () => Promise<void> {
  const prefix = env['HOME_ASSISTANT_PREFIX'] || 'homeassistant';
  const told = new Set<string>();
  const tellOnce = (text: string) => {
    if (!told.has(text) && told.size < 20) tell(text);
    told.add(text);
  };
  const announcer = createMqttAnnouncer({ line, prefix, onFault: ({ message }) => tellOnce(`announcing: ${message}`) });
  const announceAll = async () => {
    for (const site of sites) {
      const at = clock.now();
      const [now, outlook] = await Promise.all([siteNow(site, view, store, clock), view.outlook(site.id, at)]);
      announcer.announce(announcement({ site, now, outlook, at }, { prefix, currency }));
    }
  };
  let running: Promise<void> | undefined;
  const look = () => {
    running ??= announceAll()
      .catch((fault: unknown) => tellOnce(`announcing: ${fault instanceof Error ? fault.message : String(fault)}`))
      .finally(() => {
        running = undefined;
      });
  };
  look();
  const timer = setInterval(look, everyMs);
  return async () => {
    clearInterval(timer);
    await running;
    await announcer.close();
  };
}

/** The newest slot of the last hours that is known of each. */
async function siteNow({ id }: Site, view: OracleView, store: Pick<SeriesStore, 'rollups'>, clock: Clock): Promise<SiteNow> {
  const end = slotOf(clock.now());
  const recent: Interval = { start: end - recentMs, end };
  const [facts, pv, load] = await Promise.all([
    view.facts(id, recent, clock.now()),
    store.rollups(id, 'pv_power', recent, clock.now()),
    store.rollups(id, 'load_power', recent, clock.now()),
  ]);
  const whole = (rollups: typeof pv) => rollups.findLast(({ coveredMs }) => coveredMs === SLOT);
  const [pvSlot, loadSlot] = [whole(pv), whole(load)];
  const surplusWh = facts.findLast((each) => each.surplusWh !== undefined)?.surplusWh;
  const price = facts.findLast(({ importPrice }) => importPrice !== undefined)?.importPrice;
  return {
    pvW: pvSlot && averageW(pvSlot),
    loadW: loadSlot && averageW(loadSlot),
    surplusW: surplusWh === undefined ? undefined : slotW(surplusWh),
    pricePerKwh: price === undefined ? undefined : price / 1_000,
    carbonIntensity: facts.findLast(({ carbonIntensity }) => carbonIntensity !== undefined)?.carbonIntensity,
  };
}
