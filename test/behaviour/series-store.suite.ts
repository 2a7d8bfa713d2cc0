/**
 * What every series store does, whichever engine is under it. Run by `series-store.test.ts` against each.
 *
 * `open` gives a store on an empty place; `reopen` gives another store on the same place, as a restart would, or is
 * left out by a store that forgets.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Curve, curveTopic } from '../../energy-oracle/grid/grid-feed.ts';
import type { Outlook } from '../../energy-oracle/outlook.ts';
import {
  type Accepted,
  everStored,
  type IngestBatch,
  type Quarantined,
  quarantinedBytesMax,
  quarantinedMax,
  type Rollup,
  type SeriesStore,
} from '../../energy-oracle/store/series-store.ts';
import { type Reading, readingTopic } from '../../energy-oracle/telemetry/reading.ts';
import { type WeatherForecast, weatherTopic } from '../../energy-oracle/weather/weather-feed.ts';
import { HOUR, MINUTE, SLOT } from '../../units/time.ts';
import { seriesQuestionsSuite } from './series-questions.suite.ts';

export interface OpenedStore {
  readonly store: SeriesStore;
  readonly reopen?: () => SeriesStore;
}

const midnight = Date.UTC(2026, 5, 1);
const whole = { start: 0, end: Date.UTC(2100, 0, 1) };
const bytes = (text: string) => new TextEncoder().encode(text);

function reading(seq: number, change: Partial<Reading> = {}): Accepted<Reading> {
  const start = midnight + seq * 5 * MINUTE;
  const value: Reading = {
    provider: 'sunco',
    site: 'evora',
    stream: 'pv_power',
    metered: { start, end: start + 5 * MINUTE },
    value: 1_000.25 + seq,
    seq,
    quality: 'measured',
    signature: `signature ${seq}`,
    ...change,
  };
  const topic = readingTopic(value.provider, value.site, value.stream);
  return { value, evidence: { topic, payload: bytes(`{"seq":${seq}}`), receivedAt: value.metered.end + 900 } };
}

function curve(seq: number, change: Partial<Curve> = {}): Accepted<Curve> {
  const value: Curve = {
    zone: 'PT',
    signal: 'day_ahead_price',
    issuedAt: midnight - 11 * HOUR + seq * MINUTE,
    start: midnight,
    stepMs: HOUR,
    values: [41.5, undefined, -3.25, 0],
    unit: 'EUR/MWh',
    seq,
    signature: `curve signature ${seq}`,
    ...change,
  };
  return { value, evidence: { topic: curveTopic(value.zone, value.signal), payload: bytes(`{"seq":${seq}}`), receivedAt: value.issuedAt } };
}

function weather(seq: number, change: Partial<WeatherForecast> = {}, receivedAt?: number): Accepted<WeatherForecast> {
  const value: WeatherForecast = {
    provider: 'sunco',
    site: 'evora',
    variable: 'cloud_cover',
    issuedAt: midnight + seq * HOUR,
    start: midnight,
    stepMs: HOUR,
    values: [0.1, undefined, 1 / 3, 0],
    unit: '1',
    seq,
    signature: `weather signature ${seq}`,
    ...change,
  };
  const topic = weatherTopic(value.provider, value.site, value.variable);
  return { value, evidence: { topic, payload: bytes(`{"seq":${seq}}`), receivedAt: receivedAt ?? value.issuedAt } };
}

const garbage = (reason: string, text: string, receivedAt = midnight): Quarantined => ({
  evidence: { topic: 'energy/v1/sunco/evora/pv_power', payload: bytes(text), receivedAt },
  reason,
  detail: `because ${text}`,
});

const rollup = (slot: number, change: Partial<Rollup> = {}): Rollup => ({
  site: 'evora',
  stream: 'pv_power',
  slot: midnight + slot * SLOT,
  energyWh: 250.125 + slot,
  coveredMs: SLOT,
  signedMs: SLOT,
  availableAt: midnight + (slot + 1) * SLOT + MINUTE,
  ...change,
});

const outlook = (issuedAt: number, change: Partial<Outlook> = {}): Outlook => ({
  id: `evora@${new Date(issuedAt).toISOString()}`,
  site: 'evora',
  issuedAt,
  model: 'persistence 1',
  start: midnight,
  stepMs: SLOT,
  slots: [],
  ...change,
});

const batch = (part: Partial<IngestBatch>): IngestBatch => ({ readings: [], curves: [], weather: [], quarantined: [], ...part });
const readingsOf = (store: SeriesStore) => store.readings('evora', 'pv_power', whole, everStored);

export function seriesStoreSuite(open: () => Promise<OpenedStore>): void {
  seriesQuestionsSuite(open);

  describe('a quarantine', () => {
    const of = (sender: string | undefined, n: number, size = 20): Quarantined => ({
      ...garbage('bad-signature', `${n}`.padEnd(size, '.'), midnight + n),
      sender,
    });
    const kept = async (store: SeriesStore) => (await store.quarantine(10_000)).map(({ evidence }) => evidence.receivedAt - midnight);
    const many = (count: number, make: (n: number) => Quarantined) => Array.from({ length: count }, (_, n) => make(n));

    test('keeps the newest messages of a sender and reason, and counts all there ever were', async () => {
      const { store } = await open();
      await store.commit(batch({ quarantined: many(150, (n) => of('sunco/evora', n)) }));
      await store.commit(batch({ quarantined: many(150, (n) => of('sunco/evora', 150 + n)) }));
      expect(await kept(store)).toEqual(many(quarantinedMax, (n) => of('', n)).map((_, n) => 299 - n));
      expect((await store.counts()).quarantined).toEqual({ 'bad-signature': 300 });
    });

    test('lets nobody’s flood push out another sender’s, or another reason’s', async () => {
      const { store } = await open();
      await store.commit(batch({ quarantined: [of('sunco/beja', 1), { ...of(undefined, 2), reason: 'schema' }] }));
      await store.commit(batch({ quarantined: many(500, (n) => of(undefined, 10 + n)) }));
      expect(await kept(store)).toEqual(expect.arrayContaining([1, 2]));
      expect(await kept(store)).toHaveLength(quarantinedMax + 2);
    });

    test('is bounded in bytes too, and keeps one message however long it is', async () => {
      const { store } = await open();
      await store.commit(batch({ quarantined: many(9, (n) => of('sunco/evora', n, quarantinedBytesMax / 4)) }));
      expect(await kept(store)).toEqual([8, 7, 6, 5]);
      await store.commit(batch({ quarantined: [of('sunco/evora', 9, 2 * quarantinedBytesMax)] }));
      expect(await kept(store)).toEqual([9]);
    });

    test('never lets the evidence of a ban go', async () => {
      const { store } = await open();
      await store.commit(batch({ quarantined: many(300, (n) => ({ ...of('sunco/evora', n), reason: 'equivocation', lasting: true })) }));
      await store.commit(batch({ quarantined: many(300, (n) => ({ ...of('sunco/evora', 300 + n), reason: 'equivocation' })) }));
      expect(await kept(store)).toHaveLength(300 + quarantinedMax);
      expect((await kept(store)).toSorted((a, b) => a - b).slice(0, 300)).toEqual(many(300, (n) => of('', n)).map((_, n) => n));
    });
  });

  describe('a ban', () => {
    test('is kept once a slot, also for whoever opens the store next', async () => {
      const { store, reopen } = await open();
      const [first, second] = [midnight, midnight + SLOT].map((slot) => ({ site: 'evora', slot }));
      const banned = [second, { site: 'beja', slot: midnight }, first].flatMap((slot) => slot ?? []);
      await store.commit(batch({ quarantined: [garbage('equivocation', 'twice')], banned }));
      await store.commit(batch({ quarantined: [garbage('equivocation', 'thrice')], banned }));
      expect(await (reopen?.() ?? store).bannedSlots()).toEqual([{ site: 'beja', slot: midnight }, first, second]);
    });
  });

  describe('a reading', () => {
    test('comes back as it went in, by start then number, whatever the order of arrival', async () => {
      const { store } = await open();
      const late = reading(7, { metered: { start: midnight, end: midnight + 5 * MINUTE }, quality: 'estimated', value: -0.1 });
      await store.commit(batch({ readings: [reading(3), late, reading(0), reading(1)] }));
      expect(await readingsOf(store)).toEqual([reading(0), late, reading(1), reading(3)].map(({ value }) => value));
    });

    test('is found by any part of its interval, and by no instant beside it', async () => {
      const { store } = await open();
      await store.commit(batch({ readings: [reading(0), reading(1), reading(2)] }));
      const numbers = async (start: number, end: number) =>
        (await store.readings('evora', 'pv_power', { start, end }, everStored)).map(({ seq }) => seq);
      expect(await numbers(midnight + 5 * MINUTE, midnight + 10 * MINUTE)).toEqual([1]);
      expect(await numbers(midnight + 5 * MINUTE - 1, midnight + 10 * MINUTE + 1)).toEqual([0, 1, 2]);
      expect(await numbers(midnight + 6 * MINUTE, midnight + 6 * MINUTE)).toEqual([]);
      expect(await store.readings('faro', 'pv_power', whole, everStored)).toEqual([]);
      expect(await store.readings('evora', 'load_power', whole, everStored)).toEqual([]);
    });

    test('counts once however often it is sent, in one batch or in many', async () => {
      const { store } = await open();
      const twice = batch({ readings: [reading(0), reading(0), reading(1)] });
      await store.commit(twice);
      await store.commit(twice);
      await Promise.all([store.commit(batch({ readings: [reading(2)] })), store.commit(batch({ readings: [reading(2), reading(1)] }))]);
      expect((await readingsOf(store)).map(({ seq }) => seq)).toEqual([0, 1, 2]);
      expect((await store.counts()).readings).toBe(3);
    });

    test('that is unsigned has numbers of its own, and stands beside a signed one of its interval', async () => {
      const { store } = await open();
      const unsigned = reading(0, { signature: '', value: 7 });
      await store.commit(batch({ readings: [unsigned] }));
      await store.commit(batch({ readings: [reading(0), reading(0, { signature: '', value: 8 })] }));
      expect((await readingsOf(store)).map(({ value, signature }) => [value, signature]).sort()).toEqual([
        [1_000.25, 'signature 0'],
        [7, ''],
      ]);
      expect(await store.signatureOf('sunco/evora', 'pv_power', 0)).toBe('signature 0');
      expect(await store.signatureOf('sunco/evora', 'unsigned/pv_power', 0)).toBe('');
      expect(await store.signatureOf('sunco/evora', 'unsigned/pv_power', 1)).toBeUndefined();
      expect((await store.heads()).map(({ stream, seq }) => [stream, seq])).toEqual([
        ['pv_power', 0],
        ['unsigned/pv_power', 0],
      ]);
    });

    test('that came in a batch is found like any other, and so is the number of its batch', async () => {
      const { store } = await open();
      const evidence = { topic: 'energy/v1/sunco/evora/batch', payload: bytes('{"seq":4}'), receivedAt: midnight };
      const members = [0, 1].map((seq) => ({ ...reading(seq, { signature: `root.${seq}` }), evidence }));
      const mark = { value: { provider: 'sunco', site: 'evora', seq: 4, signature: 'root', end: midnight + 10 * MINUTE }, evidence };
      const together = batch({ readings: members, batches: [mark] });
      await store.commit(together);
      await store.commit(together);
      expect(await readingsOf(store)).toEqual(members.map(({ value }) => value));
      expect(await store.signatureOf('sunco/evora', 'pv_power', 1)).toBe('root.1');
      expect(await store.signatureOf('sunco/evora', 'batch', 4)).toBe('root');
      expect(await store.signatureOf('sunco/evora', 'batch', 3)).toBeUndefined();
      expect(await store.heads()).toEqual([
        { sender: 'sunco/evora', stream: 'batch', seq: 4, end: midnight + 10 * MINUTE, signature: 'root' },
        { sender: 'sunco/evora', stream: 'pv_power', seq: 1, end: midnight + 10 * MINUTE, signature: 'root.1' },
      ]);
      expect((await store.counts()).readings).toBe(2);
    });

    test('stands against a second one under its number, whatever interval that one claims', async () => {
      const { store } = await open();
      await store.commit(batch({ readings: [reading(0)] }));
      const nextMonth = { start: midnight + 31 * 24 * HOUR, end: midnight + 31 * 24 * HOUR + MINUTE };
      await store.commit(batch({ readings: [reading(0, { metered: nextMonth, value: 9, signature: 'another' })] }));
      expect(await readingsOf(store)).toEqual([reading(0).value]);
      expect(await store.signatureOf('sunco/evora', 'pv_power', 0)).toBe('signature 0');
      expect(await store.signatureOf('sunco/evora', 'pv_power', 1)).toBeUndefined();
      expect(await store.signatureOf('other/evora', 'pv_power', 0)).toBeUndefined();
    });

    test('may lie in any month', async () => {
      const { store } = await open();
      const at = [Date.UTC(2024, 1, 29, 23, 30), Date.UTC(2024, 2, 1) - MINUTE, Date.UTC(2024, 11, 31, 23, 59), Date.UTC(2027, 0, 1)];
      const readings = at.map((start, seq) => reading(seq, { metered: { start, end: start + HOUR } }));
      await store.commit(batch({ readings }));
      expect((await readingsOf(store)).map(({ metered }) => metered.start)).toEqual(at);
      const acrossMonths = { start: Date.UTC(2024, 2, 1), end: Date.UTC(2024, 2, 1) + 1 };
      expect((await store.readings('evora', 'pv_power', acrossMonths, everStored)).map(({ seq }) => seq)).toEqual([0, 1]);
    });

    test('of no length, or longer than any question looks back, is a bug of the caller', async () => {
      const { store } = await open();
      for (const length of [0, -1, HOUR + 1]) {
        const wrong = reading(1, { metered: { start: midnight, end: midnight + length } });
        await expect(store.commit(batch({ readings: [reading(0), wrong] }))).rejects.toThrow(RangeError);
      }
      expect(await readingsOf(store)).toEqual([]);
    });
  });

  describe('a curve', () => {
    test('comes back with its gaps, oldest issue first', async () => {
      const { store } = await open();
      await store.commit(batch({ curves: [curve(1), curve(0), curve(0)] }));
      await store.commit(batch({ curves: [curve(1, { values: [1], signature: 'another' })] }));
      expect(await store.curves('PT', 'day_ahead_price', whole, midnight)).toEqual([curve(0).value, curve(1).value]);
      expect(await store.signatureOf('PT', 'day_ahead_price', 1)).toBe('curve signature 1');
      expect((await store.counts()).curves).toBe(2);
    });

    test('is unknown before it was issued and outside its span', async () => {
      const { store } = await open();
      await store.commit(batch({ curves: [curve(0)] }));
      const ask = async (start: number, end: number, asOf: number) =>
        (await store.curves('PT', 'day_ahead_price', { start, end }, asOf)).length;
      const { issuedAt } = curve(0).value;
      expect(await ask(midnight, midnight + HOUR, issuedAt)).toBe(1);
      expect(await ask(midnight, midnight + HOUR, issuedAt - 1)).toBe(0);
      expect(await ask(midnight + 4 * HOUR, midnight + 5 * HOUR, issuedAt)).toBe(0);
      expect(await ask(midnight + 4 * HOUR - 1, midnight + 5 * HOUR, issuedAt)).toBe(1);
      expect(await store.curves('PT', 'carbon_intensity', whole, midnight)).toEqual([]);
      expect(await store.curves('ES', 'day_ahead_price', whole, midnight)).toEqual([]);
    });
  });

  describe('a weather forecast', () => {
    const all = (store: SeriesStore, asOf = Number.MAX_SAFE_INTEGER) => store.weather('evora', whole, asOf);

    test('comes back as it went in, gaps too, oldest issue first, of every variable and provider, once', async () => {
      const { store, reopen } = await open();
      const light = weather(0, { variable: 'shortwave_radiation', values: [812.3, 1e-7, 0, -0.5], unit: 'W/m2' });
      const service = weather(0, { provider: 'open-meteo', values: [undefined, undefined], signature: '' });
      await store.commit(batch({ weather: [weather(1), light, weather(0), service, weather(0), weather(0, { site: 'faro' })] }));
      await store.commit(batch({ weather: [weather(1, { values: [1], signature: 'another' })] }));
      const want = [service, weather(0), light, weather(1)].map(({ value }) => value);
      expect(await all(store)).toStrictEqual(want);
      if (reopen) expect(await all(reopen())).toStrictEqual(want);
      expect(await store.counts()).toEqual({ readings: 0, curves: 0, weather: 5, quarantined: {} });
    });

    test('is unknown before it was issued, before it was received, and outside its span', async () => {
      const { store } = await open();
      const late = weather(1, {}, midnight + 6 * HOUR); // issued at one, here at six
      await store.commit(batch({ weather: [weather(0), late] }));
      const issues = async (asOf: number) => (await all(store, asOf)).map(({ seq }) => seq);
      expect(await issues(midnight - 1)).toEqual([]);
      expect(await issues(midnight)).toEqual([0]);
      expect(await issues(midnight + 6 * HOUR - 1)).toEqual([0]);
      expect(await issues(midnight + 6 * HOUR)).toEqual([0, 1]);
      const within = async (start: number, end: number) => (await store.weather('evora', { start, end }, midnight)).length;
      expect(await within(midnight + 4 * HOUR - 1, midnight + 5 * HOUR)).toBe(1);
      expect(await within(midnight + 4 * HOUR, midnight + 5 * HOUR)).toBe(0);
      expect(await within(midnight - HOUR, midnight)).toBe(0);
      expect(await within(midnight + HOUR, midnight + HOUR)).toBe(0);
    });

    test('has a signature and a head under its own sender and variable', async () => {
      const { store } = await open();
      await store.commit(batch({ readings: [reading(2)], weather: [weather(3), weather(1)] }));
      expect(await store.signatureOf('sunco/evora', 'cloud_cover', 1)).toBe('weather signature 1');
      expect(await store.signatureOf('sunco/evora', 'cloud_cover', 2)).toBeUndefined();
      expect(await store.signatureOf('sunco/evora', 'pv_power', 3)).toBeUndefined();
      expect(await store.heads()).toEqual([
        { sender: 'sunco/evora', stream: 'cloud_cover', seq: 3, end: midnight + 3 * HOUR, signature: 'weather signature 3' },
        { sender: 'sunco/evora', stream: 'pv_power', seq: 2, end: reading(2).value.metered.end, signature: 'signature 2' },
      ]);
    });

    test('goes with its commit or not at all', async () => {
      const { store } = await open();
      const impossible = weather(1, { seq: 0.5 });
      await expect(store.commit(batch({ readings: [reading(0)], weather: [weather(0), impossible] }))).rejects.toThrow(RangeError);
      expect(await all(store)).toEqual([]);
      expect(await readingsOf(store)).toEqual([]);
    });
  });

  describe('a commit', () => {
    test('is all or nothing: one impossible part and none of it was', async () => {
      const { store } = await open();
      const impossible = { ...curve(5), value: { ...curve(5).value, seq: Number.NaN } };
      const whole = batch({ readings: [reading(0)], curves: [curve(4), impossible], quarantined: [garbage('not-json', 'x')] });
      await expect(store.commit(whole)).rejects.toThrow();
      expect(await store.counts()).toEqual({ readings: 0, curves: 0, weather: 0, quarantined: {} });
      expect(await store.heads()).toEqual([]);
      await store.commit({ ...whole, curves: [curve(4)] });
      expect(await store.counts()).toEqual({ readings: 1, curves: 1, weather: 0, quarantined: { 'not-json': 1 } });
    });

    test('of nothing is nothing', async () => {
      const { store } = await open();
      await store.commit(batch({}));
      expect(await store.counts()).toEqual({ readings: 0, curves: 0, weather: 0, quarantined: {} });
    });

    test('keeps its sums under any repetition and reordering', async () => {
      const { store } = await open();
      const part = fc.subarray([0, 1, 2, 3, 4, 5, 6, 7]);
      let provider = 'p';
      await fc.assert(
        fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 6 }), async (parts) => {
          provider += 'p'; // a world of its own for every run
          const before = (await store.counts()).readings;
          const readings = (numbers: readonly number[]) => numbers.map((seq) => reading(seq, { provider, site: provider }));
          await Promise.all(parts.map((numbers) => store.commit(batch({ readings: readings(numbers) }))));
          const sent = [...new Set(parts.flat())].sort((a, b) => a - b);
          expect((await store.readings(provider, 'pv_power', whole, everStored)).map(({ seq }) => seq)).toEqual(sent);
          expect((await store.counts()).readings).toBe(before + sent.length);
          const heads = (await store.heads()).filter(({ sender }) => sender === `${provider}/${provider}`);
          expect(heads.map(({ seq }) => seq)).toEqual(sent.slice(-1));
        }),
        { numRuns: 30 },
      );
    });
  });

  describe('a curve that nobody signed', () => {
    const provenance = {
      asOf: midnight,
      quorum: 1,
      sources: [{ source: 'awattar', unitFound: 'Eur/MWh', issuedAt: null, fetchedAt: midnight, estimated: 0 }],
      low: [41.5, null],
      high: [41.5, null],
      counted: [[0], []],
      quality: ['quorum' as const, 'gap' as const],
      leftOut: [{ source: 'entsoe', reason: 'it was not reached' }],
    };
    const fetched = curve(9_000, { signature: '', values: [41.5, undefined], provenance });

    test('keeps who said it, and raises no number that its zone’s feed would have to follow', async () => {
      const { store, reopen } = await open();
      await store.commit(batch({ curves: [curve(1), fetched] }));
      for (const one of [store, ...(reopen ? [reopen()] : [])]) {
        expect(await one.curves('PT', 'day_ahead_price', whole, Number.MAX_SAFE_INTEGER)).toEqual([curve(1).value, fetched.value]);
        expect((await one.heads()).map(({ seq }) => seq)).toEqual([1]);
      }
    });
  });

  describe('heads', () => {
    test('are the highest number of each sender and stream, meters and feeds, also after reopening', async () => {
      const { store, reopen } = await open();
      const load = reading(4, { stream: 'load_power' });
      await store.commit(batch({ readings: [reading(2), reading(1), load], curves: [curve(6)] }));
      await store.commit(batch({ readings: [reading(0)], curves: [curve(3)] }));
      const want = [
        { sender: 'PT', stream: 'day_ahead_price', seq: 6, end: curve(6).value.issuedAt, signature: 'curve signature 6' },
        { sender: 'sunco/evora', stream: 'load_power', seq: 4, end: load.value.metered.end, signature: 'signature 4' },
        { sender: 'sunco/evora', stream: 'pv_power', seq: 2, end: reading(2).value.metered.end, signature: 'signature 2' },
      ];
      expect(await store.heads()).toEqual(want);
      if (reopen) expect(await reopen().heads()).toEqual(want);
    });
  });

  describe('quarantine', () => {
    test('keeps every message whole with its reason, newest first, at most as many as asked', async () => {
      const { store } = await open();
      const first = garbage('not-json', 'a \0 byte');
      const odd = {
        ...garbage('topic', 'x', midnight + 1),
        evidence: { topic: 'odd\0/é/topic', payload: new Uint8Array([0, 255, 10]), receivedAt: 1 },
      };
      await store.commit(batch({ quarantined: [first, garbage('schema', 'b')] }));
      await store.commit(batch({ quarantined: [garbage('schema', 'c', midnight + 5), odd] }));
      const newest = await store.quarantine(10);
      expect(newest.map(({ evidence }) => evidence)).toEqual([
        garbage('schema', 'c', midnight + 5).evidence,
        garbage('schema', 'b').evidence,
        first.evidence,
        odd.evidence,
      ]);
      expect(newest[0]).toEqual(garbage('schema', 'c', midnight + 5));
      expect(await store.quarantine(1)).toHaveLength(1);
      expect((await store.counts()).quarantined).toEqual({ 'not-json': 1, schema: 2, topic: 1 });
    });

    test('takes a repeated batch once, and the same bytes received again as another message', async () => {
      const { store } = await open();
      await store.commit(batch({ quarantined: [garbage('schema', 'a')] }));
      await store.commit(batch({ quarantined: [garbage('schema', 'a')] }));
      await store.commit(batch({ quarantined: [garbage('schema', 'a', midnight + 1)] }));
      expect((await store.counts()).quarantined).toEqual({ schema: 2 });
    });
  });

  describe('a rollup', () => {
    test('is unknown before it was available, and in order of slots', async () => {
      const { store } = await open();
      await store.putRollups([rollup(2), rollup(0), rollup(1), rollup(0, { stream: 'load_power' })]);
      const ask = async (asOf: number, interval = whole) =>
        (await store.rollups('evora', 'pv_power', interval, asOf)).map(({ slot }) => (slot - midnight) / SLOT);
      expect(await ask(rollup(2).availableAt)).toEqual([0, 1, 2]);
      expect(await ask(rollup(2).availableAt - 1)).toEqual([0, 1]);
      expect(await ask(Number.MAX_SAFE_INTEGER, { start: midnight + SLOT, end: midnight + 2 * SLOT })).toEqual([1]);
      expect(await ask(Number.MAX_SAFE_INTEGER, { start: midnight + 2 * SLOT - 1, end: midnight + 2 * SLOT + 1 })).toEqual([1, 2]);
    });

    test('is replaced by a later one of its slot, in one call or two', async () => {
      const { store } = await open();
      const better = rollup(0, { energyWh: 1 / 3, coveredMs: SLOT - 1, signedMs: 7, availableAt: midnight + HOUR });
      await store.putRollups([rollup(0), rollup(0, { energyWh: 7 })]);
      await store.putRollups([better]);
      await store.putRollups([]);
      expect(await store.rollups('evora', 'pv_power', whole, midnight + HOUR)).toEqual([better]);
    });
  });

  describe('an outlook', () => {
    test('comes back exactly as it went in: quantiles, gaps, fractions', async () => {
      const { store, reopen } = await open();
      const amount = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map((value) => value + 0); // JSON has one zero
      const plain = { noNullPrototype: true }; // a store gives plain objects
      const quantiles = fc.option(fc.record({ p10: amount, p50: amount, p90: amount }, plain), { nil: undefined });
      const slot = fc.record(
        { surplusKw: quantiles, importPrice: quantiles, carbonIntensity: quantiles, marginalIntensity: quantiles },
        plain,
      );
      let issuedAt = midnight;
      await fc.assert(
        fc.asyncProperty(fc.array(slot, { maxLength: 20 }), async (slots) => {
          const issued = outlook(issuedAt++, { slots });
          await store.putOutlook(issued);
          expect(await store.outlook('evora', issued.issuedAt)).toStrictEqual(issued);
          if (reopen) expect(await reopen().outlook('evora', issued.issuedAt)).toStrictEqual(issued);
        }),
        { numRuns: 50 },
      );
    });

    test('is the newest issued by then, of that site; none was ever rewritten', async () => {
      const { store } = await open();
      const [first, second] = [outlook(midnight), outlook(midnight + HOUR)];
      await store.putOutlook(second);
      await store.putOutlook(first);
      await store.putOutlook({ ...first, model: 'hindsight' });
      await store.putOutlook(outlook(midnight + 10, { id: 'faro@x', site: 'faro' }));
      expect(await store.outlook('evora', midnight - 1)).toBeUndefined();
      expect(await store.outlook('evora', midnight + HOUR - 1)).toStrictEqual(first);
      expect(await store.outlook('evora', midnight + HOUR)).toStrictEqual(second);
    });

    test('keeps who answered, why, what was odd and what the yardsticks said', async () => {
      const { store } = await open();
      const beside = {
        sources: {
          surplus: { model: 'refused', reason: 'thin-history: 3 of 672' },
          'import-price': { model: 'pooled-import-price@2026-06-21#1' },
          'carbon-intensity': { model: 'persistence-1', reason: 'no model' },
        },
        notes: ['the pv meter is not believed'],
        baselines: { 'import-price': { start: midnight, stepMs: HOUR, cliper: [0.1 + 0.2, 1, 2], repeated: [1e-7] } },
      };
      const issued = outlook(midnight, beside);
      await store.putOutlook(issued);
      expect(await store.outlook('evora', midnight)).toStrictEqual(issued);
    });

    test('are listed oldest first by when they were issued, of one site', async () => {
      const { store } = await open();
      const issued = [3, 1, 2, 0].map((hour) => outlook(midnight + hour * HOUR));
      for (const each of [...issued, outlook(midnight + HOUR, { id: 'faro@y', site: 'faro' })]) await store.putOutlook(each);
      expect(await store.outlooks('evora', { start: midnight + HOUR, end: midnight + 3 * HOUR })).toStrictEqual([issued[1], issued[2]]);
      expect(await store.outlooks('evora', { start: midnight, end: midnight })).toEqual([]);
      expect(await store.outlooks('lagos', { start: midnight, end: midnight + 24 * HOUR })).toEqual([]);
    });
  });
}
