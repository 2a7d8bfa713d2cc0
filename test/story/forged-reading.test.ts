/**
 * A forger on the meters' line: everything it says lies in quarantine under its reason, and no account feels it.
 *
 * The same two days are lived three times: alone, with a stranger who knows every public message, and with a meter that
 * lies with its own key. What is certified and paid is compared between the lives.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createOracle } from '../../energy-oracle/oracle.ts';
import { type SigningKey, signingKey } from '../../energy-oracle/site.ts';
import { everStored } from '../../energy-oracle/store/series-store.ts';
import { decodeReading, encodeReading, type Reading, readingTopic } from '../../energy-oracle/telemetry/reading.ts';
import { createMemoryLine } from '../../energy-oracle/telemetry/telemetry-source.ts';
import { meteringMs } from '../../simulator/world.ts';
import { DAY, HOUR, type Instant, SLOT } from '../../units/time.ts';
import { createMemoryWorld, entriesOf, type MemoryWorld, plantSurplusWh, storyStart } from '../fixtures/world.ts';

const siteIds = ['eu-rhine', 'za-rand'];
const end = storyStart + DAY + 13 * HOUR;
const [victim, other] = ['eu-rhine', 'za-rand'] as const;

/** Signs anything with a signature that was made for something else. */
const reusing = ({ signature }: Reading): SigningKey => ({ publicKey: '', sign: () => signature });
const stranger = signingKey(new Uint8Array(32).fill(66));

const newest = async ({ series, clock }: MemoryWorld, site: string): Promise<Reading> => {
  const now = clock.now();
  const reading = (await series.readings(site, 'pv_power', { start: now - meteringMs, end: now }, everStored)).at(-1);
  if (!reading) throw new RangeError(`${site} has told nothing of the last five minutes`);
  return reading;
};
const following = (truth: Reading): Reading => ({
  ...truth,
  seq: truth.seq + 1,
  metered: { start: truth.metered.end, end: truth.metered.end + meteringMs },
});

/** What a stranger may try, by what it is called; each is said once an hour. */
const forgeries: Readonly<
  Record<string, { readonly reason: string; readonly make: (own: Reading, others: Reading) => readonly [Reading, SigningKey] }>
> = {
  'the next reading, before its meter, with another key': {
    reason: 'bad-signature',
    make: (own) => [{ ...following(own), value: 20_000 }, stranger],
  },
  'the newest reading with another value and its own signature': {
    reason: 'bad-signature',
    make: (own) => [{ ...own, value: own.value + 9_000 }, reusing(own)],
  },
  'the next reading with the newest one’s signature': {
    reason: 'bad-signature',
    make: (own) => [{ ...following(own), value: 20_000 }, reusing(own)],
  },
  'another site’s reading under this site’s name': {
    reason: 'bad-signature',
    make: (own, others) => [{ ...others, provider: own.provider, site: own.site }, reusing(others)],
  },
  'a reading of a site that nobody enrolled': {
    reason: 'unknown-site',
    make: (own) => [{ ...own, site: 'eu-mars' }, stranger],
  },
  'this site’s reading under another provider’s name': {
    reason: 'wrong-provider',
    make: (own, others) => [{ ...own, provider: others.provider }, reusing(own)],
  },
};

/** Says a reading on the line and waits until the oracle has dealt with it. */
async function say(world: MemoryWorld, reading: Reading, key: SigningKey): Promise<void> {
  const line = await world.intruder();
  await line.send(readingTopic(reading.provider, reading.site, reading.stream), encodeReading(reading, key));
  await Promise.resolve(); // delivered a microtask later
  await world.oracle.settled();
  await line.close();
}

interface Life {
  readonly world: MemoryWorld;
  readonly books: Awaited<ReturnType<typeof booksOf>>;
}

async function booksOf(world: MemoryWorld) {
  const entries = await entriesOf(world);
  const certifiedWh = (site: string, slot: Instant) =>
    entries.filter((entry) => entry.site === site && entry.slot === slot).reduce((sum, { actual }) => sum + actual.surplusWh, 0);
  const latest = (await world.settlements.latest())?.settlement;
  if (!latest) throw new RangeError('nothing was settled');
  return { entries, head: await world.ledger.head(), certifiedWh, latest, paid: (await world.chain.status()).paid };
}

async function live(meddle: (world: MemoryWorld) => Promise<void> = async () => {}): Promise<Life> {
  const world = await createMemoryWorld({ siteIds });
  for (let hour = storyStart + HOUR; hour <= end; hour += HOUR) {
    await world.run(hour);
    await meddle(world);
  }
  return { world, books: await booksOf(world) };
}

describe('a forger on the line', () => {
  let honest: Life;
  beforeAll(async () => {
    honest = await live();
  });
  afterAll(() => honest.world.close());

  describe('without a meter’s key', () => {
    let attacked: Life;
    let said = 0;
    beforeAll(async () => {
      attacked = await live(async (world) => {
        const [own, others] = [await newest(world, victim), await newest(world, other)];
        for (const { make } of Object.values(forgeries)) await say(world, ...make(own, others));
        await say(world, own, reusing(own)); // an honest message told again is no forgery
        said++;
      });
    });
    afterAll(() => attacked.world.close());

    test('gets nothing accepted, and does not keep one honest reading out', async () => {
      const [then, now] = [await honest.world.series.counts(), await attacked.world.series.counts()];
      expect(now.readings).toBe(then.readings);
      for (const site of siteIds)
        for (const stream of ['pv_power', 'load_power'] as const) {
          const whole = { start: storyStart, end };
          expect(await attacked.world.series.readings(site, stream, whole, everStored)).toEqual(
            await honest.world.series.readings(site, stream, whole, everStored),
          );
        }
    });

    test('lies in quarantine whole, each lie with its reason', async () => {
      const expected: Record<string, number> = {};
      for (const { reason } of Object.values(forgeries)) expected[reason] = (expected[reason] ?? 0) + said;
      const { quarantined } = await attacked.world.series.counts();
      expect(quarantined).toEqual(expected);
      const kept = await attacked.world.series.quarantine(10_000);
      expect(kept).toHaveLength(said * Object.keys(forgeries).length);
      for (const { evidence, detail } of kept) {
        expect(decodeReading(evidence.topic, evidence.payload).kind).toBe('reading');
        expect(detail).not.toBe('');
      }
    });

    test('changes no entry of the ledger and no payment', () => {
      expect(attacked.books.head).toEqual(honest.books.head);
      expect(attacked.books.latest.root).toBe(honest.books.latest.root);
      expect(attacked.books.paid).toBe(honest.books.paid);
      expect(honest.books.paid).toBeGreaterThan(0n);
    });
  });

  describe('with the meter’s own key', () => {
    let lying: Life;
    /** Where honest jobs used certified surplus at noon: what a liar would inflate. */
    let target: { readonly site: string; readonly slot: Instant };
    const lieOf = (truth: Reading): Reading => ({ ...truth, value: truth.value + 2_000 });
    beforeAll(async () => {
      const richest = [...honest.books.entries].sort((a, b) => b.actual.surplusWh - a.actual.surplusWh)[0];
      if (!richest) throw new RangeError('the honest life certified nothing');
      target = { site: richest.site, slot: richest.slot };
      let told = false;
      lying = await live(async (world) => {
        if (told || world.clock.now() < target.slot + SLOT) return;
        told = true; // in the hour before the slot is booked
        const truth = (
          await world.series.readings(target.site, 'pv_power', { start: target.slot, end: target.slot + SLOT }, everStored)
        )[0];
        if (truth) await say(world, lieOf(truth), world.keyOf(target.site));
      });
    });
    afterAll(() => lying.world.close());

    test('has the slot banned: nothing of it is certified, to anyone', () => {
      expect(honest.books.certifiedWh(target.site, target.slot)).toBeGreaterThan(0);
      expect(lying.books.certifiedWh(target.site, target.slot)).toBe(0);
      const entries = lying.books.entries.filter(({ site, slot }) => site === target.site && slot === target.slot);
      expect(entries.map(({ certification }) => certification)).toEqual(entries.map(() => expect.stringContaining('nothing certified')));
    });

    test('leaves both values as evidence: the first in the series, the second in quarantine', async () => {
      const { series } = lying.world;
      expect((await series.counts()).quarantined).toEqual({ equivocation: 1 });
      const [kept] = await series.quarantine(1);
      const second = kept && decodeReading(kept.evidence.topic, kept.evidence.payload);
      if (second?.kind !== 'reading') throw new RangeError('the lie is not in quarantine');
      const [first] = await series.readings(target.site, 'pv_power', second.reading.metered, everStored);
      expect(second.reading).toMatchObject({ seq: first?.seq, value: (first?.value ?? 0) + 2_000 });
    });

    test('has the slot banned in the oracle’s next life too', async () => {
      const { series, clock, sites, scenario } = lying.world;
      const { source } = createMemoryLine({ clock });
      const reborn = await createOracle({
        clock,
        sites,
        feedKeys: {},
        store: series,
        telemetry: source,
        grid: source,
        forecaster: { model: 'none', forecast: async () => [] },
        wait: async () => {},
        tell: () => {},
        config: { rates: scenario.rates, horizonMs: DAY, historyMs: DAY },
      });
      const around = { start: target.slot - SLOT, end: target.slot + 2 * SLOT };
      const facts = await reborn.view.facts(target.site, around, clock.now());
      expect(facts.map(({ surplusWh }) => surplusWh !== undefined)).toEqual([true, false, true]);
    });

    test('every other slot stays within what its plant had', () => {
      for (const { site, slot } of lying.books.entries)
        expect(lying.books.certifiedWh(site, slot)).toBeLessThanOrEqual(plantSurplusWh(lying.world, site, slot) + 1e-6);
    });

    test('earns no more than the truth did', () => {
      const { cumulativeRewards, cumulativeCertifiedWh } = lying.books.latest;
      expect(cumulativeRewards).toBeLessThan(honest.books.latest.cumulativeRewards);
      expect(cumulativeCertifiedWh).toBeLessThan(honest.books.latest.cumulativeCertifiedWh);
      expect(lying.books.paid).toBeLessThanOrEqual(honest.books.paid);
    });
  });
});
