/** The rules a message meets on its way in, each by its name, through ingest over the memory store. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMemorySeriesStore } from '../../../energy-oracle/store/memory-series-store.ts';
import type { SeriesStore } from '../../../energy-oracle/store/series-store.ts';
import { everStored } from '../../../energy-oracle/store/series-store.ts';
import { createIngest, type IngestEvent } from '../../../energy-oracle/telemetry/ingest.ts';
import type { RawMessage, Receipt } from '../../../energy-oracle/telemetry/telemetry-source.ts';
import { createVerifier } from '../../../energy-oracle/telemetry/verify.ts';
import { HOUR, MINUTE } from '../../../units/time.ts';
import { batchMessage, curveMessage, curveOf, feedKey, keyOf, messageOf, noon, readingOf, signed, siteOf } from './messages.ts';

const whole = { start: 0, end: 4e12 };

async function make(store: SeriesStore = createMemorySeriesStore()) {
  const receipts: Receipt[] = [];
  const events: IngestEvent[] = [];
  let deliver: (message: RawMessage) => void = () => {};
  const verifier = createVerifier({
    sites: [siteOf(0), siteOf(1)],
    feedKeys: { 'DE-LU': feedKey.publicKey },
    heads: await store.heads(),
    banned: await store.bannedSlots(),
  });
  const ingest = createIngest({
    source: {
      open: async (onMessage) => {
        deliver = onMessage;
      },
      acknowledge: async (receipt) => void receipts.push(receipt),
      close: async () => {},
    },
    store,
    verifier,
    wait: async () => {},
    onEvent: (event) => events.push(event),
  });
  await ingest.open();
  return {
    store,
    verifier,
    receipts,
    events,
    tell: async (...messages: RawMessage[]) => {
      for (const message of messages) deliver(message);
      await ingest.settled();
    },
    values: async (site = 'site-0') => (await store.readings(site, 'pv_power', whole, everStored)).map(({ value }) => value),
    reasons: async () => (await store.counts()).quarantined,
    restart: () => make(store),
  };
}
const late = (message: RawMessage, receivedAt: number): RawMessage => ({ ...message, receivedAt });

describe('equivocation', () => {
  const truth = messageOf(0, 1);
  const lie = messageOf(0, 1, { value: 99_000 });
  const elsewhere = messageOf(0, 2, { metered: readingOf(0, 1).metered, value: 98_000 });

  test('bans the slot and keeps every word as evidence, in whatever order they come, and whenever the oracle restarts', async () => {
    const told = [messageOf(0, 0), truth, lie, elsewhere, messageOf(0, 3)];
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(told, { minLength: told.length }), fc.nat(told.length), async (order, restartAt) => {
        let oracle = await make();
        for (const [i, message] of order.entries()) {
          if (i === restartAt) oracle = await oracle.restart();
          await oracle.tell(late(message, noon + 10 * MINUTE));
        }
        oracle = await oracle.restart();
        expect(oracle.verifier.bannedSlots()).toEqual([{ site: 'site-0', slot: noon }]);
        const stored = await oracle.store.readings('site-0', 'pv_power', whole, everStored);
        const evidence = await oracle.store.quarantine(10);
        expect(stored.filter(({ seq }) => seq === 1 || seq === 2)).toHaveLength(1);
        expect(stored.length + evidence.length).toBe(told.length);
        expect(evidence.some(({ reason, lasting }) => reason === 'equivocation' && lasting)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('contradiction within one commit', () => {
  test('is found however much the sender told in between', async () => {
    const { tell, reasons, store, receipts } = await make();
    const evens = (batch: number) =>
      Array.from({ length: 700 }, (_, i) => 2 * (700 * batch + i)).map((n) => readingOf(0, n / 2, { seq: n }));
    const told = Array.from({ length: 8 }, (_, seq) => batchMessage(0, seq, { readings: evens(seq) }));
    const lies = [readingOf(0, 0, { seq: 1, value: 9 }), readingOf(0, 1, { value: 9, seq: 2 })].map((lie) => signed(lie, keyOf(0)));
    await tell(...[...told, ...lies].map((message) => late(message, noon + 100 * HOUR)));
    const early = await store.readings('site-0', 'pv_power', { start: noon, end: noon + 2 * MINUTE }, everStored);
    expect(early.map(({ seq, value }) => [seq, value])).toEqual([
      [0, 50_000],
      [2, 50_001],
    ]);
    expect(await reasons()).toEqual({ equivocation: 2 });
    expect(receipts.flatMap(({ refused }) => refused)).toEqual([1, 2].map((seq) => ({ stream: 'pv_power', seq, reason: 'equivocation' })));
  }, 15_000);
});

describe('replay', () => {
  test('of all of history stores nothing twice and gets the same receipts, before a restart and after', async () => {
    const first = await make();
    const history = [
      ...Array.from({ length: 40 }, (_, seq) => messageOf(0, seq)),
      ...Array.from({ length: 10 }, (_, seq) => batchMessage(1, seq, { size: 7 })),
    ];
    await first.tell(...history);
    const second = await first.restart();
    for (const oracle of [first, second]) {
      oracle.receipts.length = 0;
      await oracle.tell(...history.toReversed());
      expect(await oracle.values('site-0')).toHaveLength(40);
      expect(await oracle.values('site-1')).toHaveLength(70);
      expect(await oracle.reasons()).toEqual({});
      expect(oracle.receipts.flatMap(({ committed }) => committed)).toHaveLength(50);
      expect(oracle.receipts.flatMap(({ refused }) => refused)).toEqual([]);
    }
  });
});

describe('sequence', () => {
  test('takes numbers in any order, reports each gap once it is passed, and loses none', async () => {
    const { tell, values, events, reasons } = await make();
    for (const seq of [0, 4, 2, 9, 1, 3, 8, 5, 7, 6]) await tell(late(messageOf(0, seq), noon + HOUR));
    expect(await values()).toEqual(Array.from({ length: 10 }, (_, i) => 50_000 + i));
    expect(events.flatMap((event) => (event.kind === 'gap' ? [[event.from, event.to]] : []))).toEqual([
      [1, 4],
      [5, 9],
    ]);
    expect(await reasons()).toEqual({});
  });
});

describe('window', () => {
  const skews = Array.from({ length: 145 }, (_, i) => -36 + i / 2).filter((hours) => hours !== 0);
  /** What a meter says whose clock is off by so much, after a day of truth: the next quarter hour of it. */
  const skewed = (hours: number) =>
    Array.from({ length: 15 }, (_, i) => {
      const start = noon + 24 * HOUR + i * MINUTE + hours * HOUR;
      return late(messageOf(0, 1_440 + i, { metered: { start, end: start + MINUTE }, value: 90_000 }), noon + 24 * HOUR + (i + 1) * MINUTE);
    });

  test('lets no meter move its readings by up to 36 hours, ahead or back', async () => {
    const oracle = await make();
    const day = Array.from({ length: 24 }, (_, seq) => batchMessage(0, seq, { size: 60 }));
    await oracle.tell(...day);
    expect(await oracle.values()).toHaveLength(1_440);
    const { store } = oracle;
    for (const hours of skews) {
      const { tell, values } = await make(store);
      await tell(...skewed(hours));
      expect([hours, (await values()).length]).toEqual([hours, 1_440]);
    }
    expect(Object.keys(await oracle.reasons()).toSorted()).toEqual(['equivocation', 'future', 'overlap']);
    const { tell, values } = await make(store);
    await tell(...skewed(0));
    expect(await values()).toHaveLength(1_455);
  }, 60_000);

  test.each([
    { name: 'two minutes ahead of us is near enough', aheadMs: 2 * MINUTE, accepted: true },
    { name: 'a second further is the future', aheadMs: 2 * MINUTE + 1_000, accepted: false },
    { name: 'a week without network is forgiven', aheadMs: -7 * 24 * HOUR, accepted: true },
    { name: 'so is the day that it takes to come back', aheadMs: -8 * 24 * HOUR, accepted: true },
    { name: 'nothing older', aheadMs: -8 * 24 * HOUR - 1_000, accepted: false },
  ])('$name', async ({ aheadMs, accepted }) => {
    for (const message of [messageOf(0, 0), batchMessage(0, 0, { readings: [readingOf(0, 0)] })]) {
      const { tell, values } = await make();
      await tell(late(message, noon + MINUTE - aheadMs));
      expect(await values()).toHaveLength(accepted ? 1 : 0);
    }
  });

  test('refuses what comes before its time as often as it does, and takes it when its time has come', async () => {
    const { tell, values, reasons, receipts } = await make();
    for (const message of [messageOf(0, 60), curveMessage(curveOf(60))])
      for (const receivedAt of [noon, noon + 1_000, noon + 2 * HOUR]) await tell(late(message, receivedAt));
    expect(await values()).toEqual([50_060]);
    expect(await reasons()).toEqual({ future: 4 });
    const told = receipts.map(({ committed, refused }) => [committed.length, refused.map(({ reason }) => reason)]);
    const answers = [
      [0, ['future']],
      [0, ['future']],
      [1, []],
    ];
    expect(told).toEqual([...answers, ...answers]);
  });
});

describe('malformed', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const edits: Readonly<Record<string, (text: string) => Uint8Array>> = {
    'deep lists': () => bytes('['.repeat(60_000)),
    'deep objects': () => bytes('{"a":'.repeat(12_000)),
    'closed deep lists': () => bytes(`${'['.repeat(1_500)}${']'.repeat(1_500)}`),
    'the word NaN': (text) => bytes(text.replace(/5000\d|80\.5/, 'NaN')),
    'the word Infinity': (text) => bytes(text.replace(/5000\d|80\.5/, 'Infinity')),
    '1e999': (text) => bytes(text.replace(/5000\d|80\.5/, '1e999')),
    '-1e999': (text) => bytes(text.replace(/5000\d|80\.5/, '-1e999')),
    'a huge digit string': (text) => bytes(text.replace(/5000\d|80\.5/, '9'.repeat(3_000))),
    'a key __proto__': (text) => bytes(text.replace('{', '{"__proto__":{"seq":0},')),
    'a key constructor': (text) => bytes(text.replace('{', '{"constructor":{"prototype":{}},')),
    'a double key': (text) => bytes(text.replace('"seq":0', '"seq":0,"seq":0')),
    'a double key that differs': (text) => bytes(text.replace('"seq":0', '"seq":1,"seq":0')),
    'half a UTF-8 letter': (text) => Uint8Array.of(...bytes(text).slice(0, -2), 0xc3),
    'a byte that is no UTF-8': (text) => Uint8Array.of(0xff, 0xfe, ...bytes(text)),
    'an overlong slash': (text) => Uint8Array.of(...bytes(text).slice(0, -1), 0xc0, 0xaf),
    'a surrogate in UTF-8': (text) => Uint8Array.of(...bytes(text).slice(0, 10), 0xed, 0xa0, 0x80, ...bytes(text).slice(10)),
    'an escaped lone surrogate': (text) => bytes(text.replace('"sig":"', '"sig":"\\ud800')),
    'an escaped NUL': (text) => bytes(text.replace('"sig":"', '"sig":"\\u0000')),
    'a NUL behind': (text) => bytes(`${text}\0`),
    nothing: () => bytes(''),
    'a bare word': () => bytes('true'),
    'two messages': (text) => bytes(`${text}${text}`),
  };
  const kinds = { reading: messageOf(0, 0), batch: batchMessage(0, 0), curve: curveMessage(curveOf(0)) };
  const cases = Object.entries(kinds).flatMap(([kind, message]) =>
    Object.entries(edits).map(([name, edit]) => ({ kind, name, message, edit })),
  );

  test.each(cases)('$kind with $name is in quarantine whole, gets no receipt, and harms nobody', async ({ message, edit }) => {
    const { tell, receipts, store } = await make();
    const payload = edit(new TextDecoder().decode(message.payload));
    expect(payload).not.toEqual(message.payload);
    await tell({ ...message, payload });
    expect(receipts).toEqual([]);
    const kept = await store.quarantine(10);
    expect(kept).toMatchObject([{ evidence: { payload } }]);
    expect(['not-json', 'schema', 'not-canonical', 'oversized', 'bad-signature']).toContain(kept[0]?.reason);
    await tell(message);
    expect(receipts).toHaveLength(1);
    expect(({} as Record<string, unknown>)['seq']).toBeUndefined();
  });
});
