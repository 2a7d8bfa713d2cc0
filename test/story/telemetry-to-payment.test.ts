/**
 * The river from a signed reading to a payment, in memory: each number is the one before it, seen from the next place.
 *
 * What the plants made, what the engines drew and what the accounts were paid are computed beside the books, never from
 * them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { balances } from '../../scheduler/ledger/account.ts';
import type { LedgerEntry } from '../../scheduler/ledger/entry.ts';
import { verifyChain } from '../../scheduler/ledger/verify.ts';
import { DAY, HOUR, overlap, SLOT, slotsTouching } from '../../units/time.ts';
import { createMemoryWorld, entriesOf, type MemoryWorld, overlapsOf, plantSurplusWh, storyStart } from '../fixtures/world.ts';

/** Jobs arrive for a day; after another day and some hours every one is over, booked, settled and paid. */
const end = storyStart + 2 * DAY + 7 * HOUR;
/** About 3 s on an idle machine; a busy one charges more for the same work. */
const cpuMsMax = 15_000;
/** What the demo pays: compute by the kWh, a twentieth of it to the protocol, and a reward that stays below that. */
const computeMicrosPerWh = 300n;
const takeOf = (meteredWh: number) => (BigInt(meteredWh) * computeMicrosPerWh * 50n) / 1_000n;
const rewardOf = (meteredWh: number, certifiedWh: number) => {
  const [backed, bound] = [BigInt(certifiedWh) * 10n, (takeOf(meteredWh) * 900n) / 1_000n];
  return backed < bound ? backed : bound;
};

const sumBy = <T>(items: readonly T[], keyOf: (item: T) => string, amountOf: (item: T) => number): Map<string, number> => {
  const sums = new Map<string, number>();
  for (const item of items) sums.set(keyOf(item), (sums.get(keyOf(item)) ?? 0) + amountOf(item));
  return sums;
};
const total = (amounts: Iterable<number>) => [...amounts].reduce((sum, amount) => sum + amount, 0);

describe('from telemetry to payment, over two days', () => {
  let world: MemoryWorld;
  let entries: readonly LedgerEntry[];
  let tookMs = 0;
  beforeAll(async () => {
    const began = process.cpuUsage();
    world = await createMemoryWorld({ crowd: 3 });
    await world.run(end);
    const used = process.cpuUsage(began);
    tookMs = (used.user + used.system) / 1_000;
    entries = await entriesOf(world);
  });
  afterAll(() => world.close());

  test('takes seconds of a processor, most of them for signatures', () => expect(tookMs).toBeLessThan(cpuMsMax));

  test('every reading of every meter is accepted, and no other', async () => {
    const { readings, quarantined } = await world.series.counts();
    expect(readings).toBe((world.sites.length * 2 * (end - storyStart)) / (5 * 60_000));
    expect(quarantined).toEqual({});
  });

  test('every job that was submitted is over, and each that ran to its end ran the whole of it', async () => {
    const all = await world.jobs.list();
    expect(all.map(({ id }) => id).sort()).toEqual(world.scenario.arrivals.map(({ id }) => id).sort());
    expect(all.filter(({ state }) => state !== 'SUCCEEDED').map(({ state, reason }) => `${state} ${reason}`)).toEqual([]);
    expect(overlapsOf(world.ran(), end)).toEqual([]);
    const ranMs = sumBy(
      world.ran(),
      ({ job }) => job,
      ({ start, end: ended }) => (ended ?? end) - start,
    );
    for (const { id, spec } of all) expect(ranMs.get(id)).toBe(spec.maxDuration);
  });

  test('the ledger’s energy is what the engines drew, run by run, to the watt-hour that each slot is rounded down by', async () => {
    const booked = sumBy(
      entries,
      ({ run }) => run,
      ({ meteredWh }) => meteredWh,
    );
    expect([...booked.keys()].sort()).toEqual(
      world
        .ran()
        .map(({ run }) => run)
        .sort(),
    );
    for (const { run, start, end: ended } of world.ran()) {
      const { drawKw } = (await world.jobs.run(run)) ?? { drawKw: Number.NaN };
      const drawn = { start, end: ended ?? end };
      const slots = slotsTouching(drawn);
      const drawnWh = slots.map((slot) => (drawKw * 1_000 * overlap(drawn, { start: slot, end: slot + SLOT })) / HOUR);
      expect(booked.get(run)).toBe(total(drawnWh.map((wh) => Math.floor(wh + 1e-9))));
    }
  });

  test('accelerators are charged for the time they were held, at the prices their runs agreed to', async () => {
    let charged = 0;
    for (const { run: id, slot, charge } of entries) {
      const run = await world.jobs.run(id);
      const { microsPerAcceleratorHour = 0 } = run?.prices?.findLast(({ from }) => from <= slot) ?? run?.prices?.[0] ?? {};
      const heldMs = overlap({ start: run?.leasedAt ?? 0, end: run?.endedAt ?? end }, { start: slot, end: slot + SLOT });
      const micros = Math.floor(((run?.accelerators ?? 0) * heldMs * microsPerAcceleratorHour) / HOUR + 1e-6);
      expect(charge?.accelerators, `${id} at ${slot}`).toBe(BigInt(micros));
      charged += micros;
    }
    expect(charged).toBeGreaterThan(0); // somewhere accelerators were scarce: without that this would prove nothing
  });

  test('the ledger is one unbroken chain, and every entry and their sum balance', () => {
    expect(verifyChain(entries)).toMatchObject({ kind: 'intact', entries: entries.length });
    expect(entries.length).toBeGreaterThan(100);
    expect(balances(entries.flatMap(({ postings }) => postings))).toBe(true);
  });

  test('what is certified of a site and slot is no more than its plant had to spare', () => {
    const certified = sumBy(
      entries,
      ({ site, slot }) => `${site}@${slot}`,
      ({ actual }) => actual.surplusWh,
    );
    const shared = [...certified].filter(([key]) => entries.filter(({ site, slot }) => `${site}@${slot}` === key).length > 1);
    const usedUp = shared.filter(([key, wattHours]) => {
      const [site = '', slot = ''] = key.split('@');
      return wattHours > 0 && wattHours === Math.floor(plantSurplusWh(world, site, Number(slot)) + 1e-6);
    });
    expect(usedUp.length).toBeGreaterThan(0); // slots that several jobs fought for: without them this would prove nothing
    for (const [key, wattHours] of certified) {
      const [site = '', slot = ''] = key.split('@');
      expect(wattHours, key).toBeLessThanOrEqual(plantSurplusWh(world, site, Number(slot)) + 1e-6);
    }
  });

  test('a slot’s surplus is left uncertified only when nobody drew it', () => {
    for (const [key, gridWh] of sumBy(
      entries,
      ({ site, slot }) => `${site}@${slot}`,
      ({ actual }) => actual.gridWh,
    )) {
      if (gridWh === 0) continue;
      const [site = '', slot = ''] = key.split('@');
      const here = entries.filter((entry) => entry.site === site && entry.slot === Number(slot));
      const certified = total(here.map(({ actual }) => actual.surplusWh));
      expect(Math.floor(plantSurplusWh(world, site, Number(slot)) + 1e-6), key).toBeLessThanOrEqual(certified);
    }
  });

  test('what providers are paid is what they were promised, is what their escrow and their certified energy come to', async () => {
    const status = await world.chain.status();
    const newest = (await world.settlements.latest())?.settlement;
    const owed = new Map<string, bigint>();
    let rewards = 0n;
    for (const { provider, postings, meteredWh, actual } of entries) {
      const escrowed = postings.find(({ account }) => account === `escrow:${provider}`)?.amount ?? 0n;
      const reward = rewardOf(meteredWh, actual.surplusWh);
      rewards += reward;
      owed.set(provider, (owed.get(provider) ?? 0n) + escrowed + reward);
    }
    const paid = new Map<string, bigint>();
    for (const { provider, payoutAccount } of world.sites) paid.set(provider, await world.chain.paidTo(payoutAccount));
    expect([...paid].filter(([, amount]) => amount > 0n).sort()).toEqual([...owed].sort());
    const promised = [...owed.values()].reduce((sum, amount) => sum + amount, 0n);
    expect(status).toMatchObject({ period: 9, funded: promised, promised, paid: promised, balance: 0n });
    expect(newest).toMatchObject({ cumulativeTotal: promised, cumulativeRewards: rewards });
    expect(newest?.entitlements.reduce((sum, { cumulative }) => sum + cumulative, 0n)).toBe(promised);
    expect((await world.settlements.claims()).reduce((sum, { amount }) => sum + amount, 0n)).toBe(promised);
  });

  test('the summary says the same in its own words', async () => {
    const [asked, again] = await Promise.all([world.summary(), world.summary()]); // readers do not wait for each other
    expect(again).toEqual(asked);
    const { jobs, energyWh, surplusWh, settlement, ledger, readings } = asked;
    const surplus = total(entries.map(({ actual }) => actual.surplusWh));
    expect(energyWh).toEqual({ surplus, grid: total(entries.map(({ meteredWh }) => meteredWh)) - surplus });
    expect(surplusWh.used).toBe(surplus);
    const verified = total(
      world.sites.flatMap(({ id }) =>
        slotsTouching({ start: storyStart, end }).map((slot) => Math.floor(plantSurplusWh(world, id, slot) + 1e-6)),
      ),
    );
    expect(surplusWh.used + surplusWh.left).toBe(verified);
    expect(jobs).toMatchObject({ submitted: world.scenario.arrivals.length, succeeded: world.scenario.arrivals.length, waiting: 0 });
    expect(settlement.claimed).toBe(settlement.promised);
    expect(ledger).toEqual({ entries: entries.length, balanced: true });
    expect(readings.quarantined).toEqual({});
  });
});
