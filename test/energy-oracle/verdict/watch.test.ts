/** Verdicts as the oracle makes them: from rollups and a daily look to facts, and to what is kept. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createOracle } from '../../../energy-oracle/oracle.ts';
import type { Site } from '../../../energy-oracle/site.ts';
import { createMemorySeriesStore } from '../../../energy-oracle/store/memory-series-store.ts';
import { rollUp } from '../../../energy-oracle/store/rollup.ts';
import type { Rollup } from '../../../energy-oracle/store/series-store.ts';
import { clearSlotWh } from '../../../energy-oracle/sun/ceiling.ts';
import type { Reading, Stream } from '../../../energy-oracle/telemetry/reading.ts';
import { createMemoryLine } from '../../../energy-oracle/telemetry/telemetry-source.ts';
import { evidenceOver } from '../../../energy-oracle/verdict/evidence.ts';
import { judgeSlot } from '../../../energy-oracle/verdict/verdict.ts';
import { createMemoryVerdictStore, type VerdictStore } from '../../../energy-oracle/verdict/verdict-store.ts';
import type { AcceptedLevel } from '../../../energy-oracle/verdict/watch.ts';
import { manualClock } from '../../../units/clock.ts';
import { DAY, HOUR, type Instant, MINUTE, SLOT } from '../../../units/time.ts';
import { keyOf, noon, readingOf, signed } from '../telemetry/messages.ts';
import { roof } from './slots.ts';

const first = Date.UTC(2026, 4, 1);
const days = 36;
const street: readonly Site[] = Array.from({ length: 5 }, (_, i) => ({
  ...roof,
  id: `house-${i}`,
  provider: `owner-${i}`,
  latitude: 52 + i * 0.01,
}));
const cloud = (slot: Instant) => 0.7 + 0.2 * Math.sin(slot / DAY) + 0.05 * Math.sin(slot / HOUR);
/** Honest slots of a house, but for what it scales from a day on. */
const rowsOf = (site: Site, scale: (slot: Instant) => number): Rollup[] =>
  Array.from({ length: days * 96 }, (_, i) => first + i * SLOT).flatMap((slot) => {
    const row = { site: site.id, slot, coveredMs: SLOT, signedMs: SLOT, availableAt: slot + SLOT };
    return [
      { ...row, stream: 'pv_power' as const, energyWh: 0.75 * cloud(slot) * clearSlotWh(site, slot) * scale(slot) },
      { ...row, stream: 'load_power' as const, energyWh: 50 + (Math.floor(slot / SLOT) % 7) },
    ];
  });
const honestRows = street.map((site) => rowsOf(site, () => 1));

async function lived(scale: (slot: Instant) => number, verdicts: VerdictStore, acceptedLevels: readonly AcceptedLevel[] = [], from = 0) {
  const clock = manualClock(first);
  const store = createMemorySeriesStore();
  for (const [i, site] of street.entries()) await store.putRollups(i === 0 ? rowsOf(site, scale) : (honestRows[i] ?? []));
  const told: string[] = [];
  const oracle = await createOracle({
    clock,
    sites: street,
    feedKeys: {},
    store,
    verdicts,
    acceptedLevels,
    telemetry: createMemoryLine({ clock }).source,
    grid: createMemoryLine({ clock }).source,
    forecaster: { model: 'none', forecast: async () => [] },
    wait: async () => {},
    tell: (kind, text) => told.push(`${kind}: ${text}`),
    config: { rates: { accounting: 'EUR', perUnit: {} }, horizonMs: DAY, historyMs: DAY },
  });
  await oracle.open();
  for (let day = from; day <= days; day++) {
    clock.set(first + day * DAY + 12 * HOUR);
    await oracle.closeSlots({ start: clock.now() - SLOT, end: clock.now() });
  }
  const factAt = async (slot: Instant) => (await oracle.view.facts('house-0', { start: slot, end: slot + SLOT }, clock.now()))[0];
  return { oracle, told, clock, factAt };
}
const change = first + 24 * DAY;
const inflated = (slot: Instant) => (slot >= change ? 1.3 : 1);
const noonAfter = change + 5 * DAY + 11 * HOUR;

const verdicts = createMemoryVerdictStore();
const honest = await lived(() => 1, createMemoryVerdictStore());
const lying = await lived(inflated, verdicts);

describe('the watch over a street of houses', () => {
  test('certifies honest suns in full, and holds nothing against anybody', async () => {
    const { told, factAt } = honest;
    expect(told.filter((text) => text.startsWith('quarantine'))).toEqual([]);
    expect((await factAt(noonAfter))?.verdict).toMatchObject({ kind: 'certified' });
    expect((await factAt(noonAfter))?.verdict).not.toHaveProperty('limit');
  });

  test('certifies of an inflated sun what the others support, from the day of the change on, and tells the operator', async () => {
    const { told, factAt } = lying;
    expect(told.filter((text) => text.startsWith('quarantine'))).toEqual([
      expect.stringMatching(/house-0: the sun of this site has grown by (2\d|3[0-2]) % against the sites around it/),
    ]);
    const [was, is] = [await honest.factAt(noonAfter), await factAt(noonAfter)];
    expect(is?.verdict).toMatchObject({ kind: 'certified', limit: { reason: 'neighbours' } });
    expect(Math.abs((is?.surplusWh ?? 0) / (was?.surplusWh ?? 1) - 1)).toBeLessThan(0.05);
    expect((await factAt(change - DAY + 11 * HOUR))?.verdict).not.toHaveProperty('limit');
  });

  test('remembers after a restart what it held, without looking at the old days again', async () => {
    const { factAt } = await lived(inflated, verdicts, [], days);
    expect((await factAt(noonAfter))?.verdict).toMatchObject({ limit: { reason: 'neighbours' } });
  });

  test('lets go when the operator accepts the level, from then on', async () => {
    const { factAt } = await lived(inflated, verdicts, [{ site: 'house-0', from: change }], days);
    expect((await factAt(noonAfter))?.verdict).not.toHaveProperty('limit');
  });

  test('keeps every verdict as it was made, to be asked for as of then', async () => {
    const { oracle, clock } = lying;
    const at = first + 10 * DAY + 12 * HOUR;
    const slot = { start: at - SLOT, end: at };
    expect(await oracle.verdicts('house-0', slot, at - 1)).toEqual([]);
    expect(await oracle.verdicts('house-0', slot, clock.now())).toMatchObject([{ judgedAt: at, verdict: { kind: 'certified' } }]);
  });
});

describe('the order in which readings arrive', () => {
  const minutes = Array.from({ length: 30 }, (_, i) => i);
  const readings = (['pv_power', 'load_power', 'grid_power'] as const).flatMap((stream) =>
    minutes.map((seq): Reading => {
      const value = stream === 'grid_power' ? -4_000 : stream === 'pv_power' ? 5_000 : 1_000;
      const told = readingOf(1, seq, { stream, value: value + (stream === 'load_power' ? 0 : stream === 'pv_power' ? seq : -seq) });
      return { ...told, signature: 'signed' };
    }),
  );
  const whole = { start: noon, end: noon + 2 * SLOT };
  const site: Site = { ...roof, id: 'site-1', provider: readings[0]?.provider ?? '' };

  async function verdictsAfter(order: readonly Reading[]) {
    const store = createMemorySeriesStore();
    const evidence = { ...signed(readingOf(1, 0), keyOf(1)), receivedAt: noon };
    for (const value of order) await store.commit({ readings: [{ value, evidence }], curves: [], weather: [], quarantined: [] });
    for (const stream of ['pv_power', 'load_power', 'grid_power'] as readonly Stream[]) {
      const stored = await store.readings(site.id, stream, whole, Number.MAX_SAFE_INTEGER);
      await store.putRollups(rollUp({ site: site.id, stream, readings: stored }, [noon, noon + SLOT], whole.end));
    }
    const told = await evidenceOver({ store, site, whole, asOf: whole.end + 5 * MINUTE, bannedSlots: new Set() });
    return told.map((one) => judgeSlot(site, one, { findings: [], alarms: [] }, whole.end));
  }

  test('changes no verdict', async () => {
    const inOrder = await verdictsAfter(readings);
    expect(inOrder.map(({ kind }) => kind)).toEqual(['certified', 'certified']);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(readings, { minLength: readings.length }), async (order) => {
        expect(await verdictsAfter(order)).toEqual(inOrder);
      }),
      { numRuns: 30 },
    );
  });
});
