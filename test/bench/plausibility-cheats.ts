/**
 * Cheats: one of nine real houses scales its sun from a random day on, and its neighbours look at it every day.
 *
 * Owns the runs behind the detection curve: days to detect, false alarms, and what is certified wrongly as the books
 * would have taken it, each slot judged an hour after its end with what was known then.
 */
import type { Site } from '../../energy-oracle/site.ts';
import type { Rollup } from '../../energy-oracle/store/series-store.ts';
import { dayIndex, solarDayStart } from '../../energy-oracle/verdict/clear-sky-index.ts';
import { evidenceOf } from '../../energy-oracle/verdict/evidence.ts';
import { afterDay, type NeighbourAlarm, type NeighbourState } from '../../energy-oracle/verdict/neighbours.ts';
import { judgeSlot } from '../../energy-oracle/verdict/verdict.ts';
import { DAY, HOUR, type Instant, SLOT } from '../../units/time.ts';
import { type House, slotsOf } from './plausibility-houses.ts';

/** As the watch of an oracle looks. */
const lookAfterMs = 38 * HOUR;

export interface Street {
  readonly sites: readonly Site[];
  readonly first: Instant;
  readonly days: number;
  /** Clear-sky index by house and day. */
  readonly indices: readonly (readonly (number | undefined)[])[];
  readonly pv: readonly (readonly Rollup[])[];
  readonly load: readonly (readonly Rollup[])[];
}

export function streetOf(houses: readonly House[]): Street {
  const pv = houses.map((house) => slotsOf(house, 'pv_power'));
  const start = houses[0]?.start ?? 0;
  const first = Math.ceil(start / DAY) * DAY;
  const days = Math.floor((pv[0]?.length ?? 0) / 96) - 2;
  const indices = houses.map(({ site }, i) =>
    Array.from({ length: days }, (_, day) => {
      const from = (solarDayStart(first + day * DAY, site.longitude) - start) / SLOT;
      return dayIndex(site, first + day * DAY, (pv[i] ?? []).slice(Math.max(0, from), from + 96));
    }),
  );
  return { sites: houses.map(({ site }) => site), first, days, indices, pv, load: houses.map((house) => slotsOf(house, 'load_power')) };
}

export interface Cheat {
  readonly house: number;
  readonly fromDay: number;
  /** What is told over what was made, by days since the cheat began. */
  readonly factorAt: (days: number) => number;
}

/** Alarms after the whole record, by site; `among` names the houses that take part. */
export function alarmsOf({ sites, first, days, indices }: Street, cheat?: Cheat, among = sites.map((_, i) => i)) {
  let states: Record<string, NeighbourState> = {};
  const places = among.map((i) => sites[i] as Site);
  for (let day = 0; day < days; day++) {
    const told = new Map<string, number>();
    for (const i of among) {
      const index = indices[i]?.[day];
      const factor = cheat && i === cheat.house && day >= cheat.fromDay ? cheat.factorAt(day - cheat.fromDay) : 1;
      if (index !== undefined) told.set((sites[i] as Site).id, index * factor);
    }
    states = afterDay(states, { day: first + day * DAY, lookedAt: first + day * DAY + lookAfterMs, places, indices: told });
  }
  return Object.fromEntries(Object.entries(states).map(([id, { alarms }]) => [id, alarms]));
}

/** The alarm that names a cheat, and so many days after its first; `undefined` when none does. */
export function detection({ first }: Street, { fromDay }: Cheat, alarms: readonly NeighbourAlarm[]) {
  const begun = first + fromDay * DAY;
  const alarm = alarms.find(({ raisedAt }) => raisedAt > begun);
  return alarm && { alarm, days: (alarm.raisedAt - begun) / DAY };
}

/** Certified energy of so many days from a cheat's first day on: as it was told, and as it would have been honest, Wh. */
export function certifiedOver(street: Street, { house, fromDay, factorAt }: Cheat, alarms: readonly NeighbourAlarm[], days: number) {
  const site = street.sites[house] as Site;
  const begun = solarDayStart(street.first + fromDay * DAY, site.longitude);
  const whole = { start: begun, end: begun + days * DAY };
  const within = (rows: readonly Rollup[]) => rows.filter(({ slot }) => slot >= whole.start - SLOT && slot < whole.end);
  const [pv, load] = [within(street.pv[house] ?? []), within(street.load[house] ?? [])];
  const sum = (scale: (slot: Instant) => number, held: readonly NeighbourAlarm[]) => {
    const told = pv.map((row) => ({ ...row, energyWh: row.energyWh * scale(row.slot) }));
    let wh = 0;
    for (const evidence of evidenceOf(site, whole, { pv_power: told, load_power: load }, [], new Set())) {
      const verdict = judgeSlot(site, evidence, { findings: [], alarms: held }, evidence.slot + SLOT + HOUR);
      if (verdict.kind === 'certified') wh += verdict.certifiedWh;
    }
    return wh;
  };
  const told = sum((slot) => (slot < begun ? 1 : factorAt(Math.floor((slot - begun) / DAY))), alarms);
  return { toldWh: told, honestWh: sum(() => 1, []) };
}
