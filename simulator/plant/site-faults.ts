/**
 * Site faults: all mishaps of one site, as wrappers of the ends it holds and answers to "is it up?".
 *
 * Owns which mishap touches which end: a power cut everything, a cut network every line, a telemetry fault the meter or
 * its line alone. Every answer is a function of time, so a world that is resumed in the middle of a fault goes on in it.
 */
import type { SigningKey, Site } from '../../energy-oracle/site.ts';
import type { Sender } from '../../energy-oracle/telemetry/sender.ts';
import type { TelemetryUplink } from '../../energy-oracle/telemetry/telemetry-source.ts';
import type { AgentLink } from '../../scheduler/dispatch/dispatch-link.ts';
import type { Clock } from '../../units/clock.ts';
import type { DurationMs, Instant, Interval } from '../../units/time.ts';
import type { Mishaps, TelemetryFault } from '../mishaps.ts';
import { type Injected, overheardUplink, patientSender, severableLink, severableUplink } from './line-faults.ts';
import type { Plant, Sensor } from './meter.ts';
import { outagesOf } from './outages.ts';
import { faultySensor } from './sensor-faults.ts';

export interface SiteFaults {
  /** Its id. */
  readonly site: string;
  /** True while the site has no power. */
  isDown(instant: Instant): boolean;
  /** True while some line of the site is away, for want of power or otherwise. */
  isCut(instant: Instant): boolean;
  /** The meter's or the weather desk's end of its line, and the sender behind it. */
  uplink(role: LineRole, uplink: TelemetryUplink): TelemetryUplink;
  sender(role: LineRole, sender: Sender): Sender;
  /** What tells of intervals, silent about those in which the site had no power. */
  silenced<End extends { tell(interval: Interval): Promise<void> }>(end: End): End;
  link(link: AgentLink): AgentLink;
  sensor(plant: Plant): Sensor | undefined;
  readonly injected: Injected;
}

export type LineRole = 'meter' | 'weather';

export function siteFaults({
  site,
  mishaps,
  clock,
  seed,
  start,
  stepMs,
  stranger,
}: {
  readonly site: Site;
  readonly mishaps: Mishaps;
  readonly clock: Clock;
  readonly seed: number;
  readonly start: Instant;
  /** Edges of outages fall on this grid. */
  readonly stepMs: DurationMs;
  /** The key of somebody who is not the meter. */
  readonly stranger: SigningKey;
}): SiteFaults {
  const outages = outagesOf(site.id, mishaps, { seed, start, stepMs });
  const telemetry = mishaps.telemetry.filter((fault) => fault.site === site.id);
  const injected: Injected = { held: 0, replayed: 0, forged: 0 };
  const active = (instant: Instant) => telemetry.filter((fault) => fault.start <= instant && instant < fault.end);
  const hasGap = (instant: Instant) => active(instant).some(({ fault }) => fault === 'gap');
  const isCutOff = (role: LineRole, instant: Instant) =>
    outages.isOut('grid', instant) || outages.isOut('network', instant) || (role === 'meter' && hasGap(instant));
  const isCutNow = (role: LineRole) => () => isCutOff(role, clock.now());
  /** Of the faults of a kind that are active now, the largest number. */
  const most = (of: (fault: TelemetryFault) => number) => () => Math.max(0, ...active(clock.now()).map(of));
  return {
    site: site.id,
    isDown: (instant) => outages.isOut('grid', instant),
    isCut: (instant) => isCutOff('meter', instant),
    uplink: (role, uplink) => {
      const isOverheard = role === 'meter' && telemetry.some(({ fault }) => fault === 'replay' || fault === 'forgery');
      if (!isOverheard) return severableUplink(uplink, isCutNow(role));
      const copies = most((fault) => (fault.fault === 'replay' ? fault.copies : 0));
      const factor = most((fault) => (fault.fault === 'forgery' ? fault.factor : 0));
      const overheard = overheardUplink(uplink, { copies, factor, key: stranger, seed }, injected);
      return severableUplink(overheard, isCutNow(role));
    },
    sender: (role, sender) => patientSender(sender, isCutNow(role), injected),
    silenced: (end) => ({
      ...end,
      tell: async (interval) => {
        if (!outages.meets('grid', interval)) await end.tell(interval);
      },
    }),
    link: (link) => severableLink(link, () => outages.isOut('network', clock.now())),
    sensor: (plant) => faultySensor(telemetry, plant),
    injected,
  };
}
