/**
 * What every verdict store promises, as tests: run it against each one. `open` gives an empty store.
 */
import { expect, test } from 'vitest';
import type { SlotVerdict } from '../../energy-oracle/outlook.ts';
import { newNeighbourState } from '../../energy-oracle/verdict/neighbours.ts';
import type { KeptVerdict, SiteWatch, VerdictStore } from '../../energy-oracle/verdict/verdict-store.ts';
import { HOUR, SLOT } from '../../units/time.ts';

const start = Date.UTC(2026, 5, 21);
const certified = (certifiedWh: number): SlotVerdict => ({
  kind: 'certified',
  certifiedWh,
  verifiedPvWh: 900,
  ceilingWh: 1_000,
  isThrottled: false,
});
const refused: SlotVerdict = {
  kind: 'refused',
  ceilingWh: 0,
  isThrottled: false,
  reasons: [{ reason: 'night', found: 0.1 + 0.2, allowed: 0.25, unit: 'Wh', detail: 'a line\nwith "quotes" and ° signs' }],
};
const kept = (slot: number, judgedAt: number, verdict: SlotVerdict, site = 'evora'): KeptVerdict => ({
  site,
  slot: start + slot * SLOT,
  judgedAt: start + judgedAt * HOUR,
  verdict,
});
const whole = { start, end: start + 24 * HOUR };
const at = (hours: number) => start + hours * HOUR;

export function verdictStoreSuite(open: () => Promise<VerdictStore>): void {
  test('gives verdicts back to the bit, by slot, of the site and interval that were asked for', async () => {
    const store = await open();
    const told = [kept(3, 1, refused), kept(1, 1, certified(5)), kept(96, 30, certified(1)), kept(1, 1, certified(7), 'faro')];
    await store.put(told);
    expect(await store.verdicts('evora', whole, at(99))).toEqual([told[1], told[0]]);
    expect(await store.verdicts('faro', whole, at(99))).toEqual([told[3]]);
    expect(await store.verdicts('nobody', whole, at(99))).toEqual([]);
  });

  test('keeps what was believed before: a question as of then is answered as then', async () => {
    const store = await open();
    await store.put([kept(1, 1, certified(5))]);
    await store.put([kept(1, 4, refused)]);
    expect(await store.verdicts('evora', whole, at(0.9))).toEqual([]);
    expect(await store.verdicts('evora', whole, at(1))).toEqual([kept(1, 1, certified(5))]);
    expect(await store.verdicts('evora', whole, at(3.9))).toEqual([kept(1, 1, certified(5))]);
    expect(await store.verdicts('evora', whole, at(4))).toEqual([kept(1, 4, refused)]);
  });

  test('adds nothing for the same verdict again, nor one from before the newest', async () => {
    const store = await open();
    await store.put([kept(1, 1, refused)]);
    await store.put([kept(1, 2, refused)]);
    await store.put([kept(1, 1, certified(9)), kept(1, 0, certified(9))]);
    expect(await store.verdicts('evora', whole, at(99))).toEqual([kept(1, 1, refused)]);
    expect(await store.verdicts('evora', whole, at(0.5))).toEqual([]);
    await store.put([kept(1, 3, certified(2))]);
    await store.put([kept(1, 4, refused)]); // again, after something else
    expect(await store.verdicts('evora', whole, at(99))).toEqual([kept(1, 4, refused)]);
  });

  test('takes more at once than one statement holds', async () => {
    const store = await open();
    const many = Array.from({ length: 4_500 }, (_, i) => kept(i, 2_000, certified(i)));
    await store.put(many);
    expect(await store.verdicts('evora', { start, end: start + 4_500 * SLOT }, at(2_000))).toEqual(many);
  });

  test('keeps what is held against a site whole, and of the other sites what was', async () => {
    const store = await open();
    const watch = (day: number): SiteWatch => ({ day, findings: [], neighbours: { ...newNeighbourState(), level: 1 / 3 } });
    await store.putWatches({ evora: watch(1), faro: watch(1) });
    await store.putWatches({ evora: watch(2) });
    expect(await store.watches()).toEqual({ evora: watch(2), faro: watch(1) });
  });
}
