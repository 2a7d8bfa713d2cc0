import { describe, expect, test } from 'vitest';
import { createMemorySeriesStore } from '../../../energy-oracle/store/memory-series-store.ts';
import type { SeriesStore } from '../../../energy-oracle/store/series-store.ts';
import { everStored } from '../../../energy-oracle/store/series-store.ts';
import { batchTopic } from '../../../energy-oracle/telemetry/batch.ts';
import { createIngest } from '../../../energy-oracle/telemetry/ingest.ts';
import type { RawMessage, Receipt } from '../../../energy-oracle/telemetry/telemetry-source.ts';
import { createVerifier } from '../../../energy-oracle/telemetry/verify.ts';
import { MINUTE, SLOT } from '../../../units/time.ts';
import { batchMessage, keyOf, messageOf, noon, readingOf, siteOf } from './messages.ts';

const whole = { start: 0, end: 4e12 };

/** Ingest over the memory store; `restart` makes another on what was stored. */
async function make(store: SeriesStore = createMemorySeriesStore()) {
  const receipts: Receipt[] = [];
  let deliver: (message: RawMessage) => void = () => {};
  const verifier = createVerifier({
    sites: [siteOf(0), siteOf(1)],
    feedKeys: {},
    heads: await store.heads(),
    banned: await store.bannedSlots(),
  });
  const source = {
    open: async (onMessage: typeof deliver) => {
      deliver = onMessage;
    },
    acknowledge: async (receipt: Receipt) => void receipts.push(receipt),
    close: async () => {},
  };
  const ingest = createIngest({ source, store, verifier, wait: async () => {} });
  await ingest.open();
  return {
    store,
    verifier,
    /** Delivers, waits, and gives the receipts that came of it. */
    tell: async (...messages: RawMessage[]) => {
      receipts.length = 0;
      for (const message of messages) deliver(message);
      await ingest.settled();
      return receipts.map(({ committed, refused }) => ({ committed, refused }));
    },
    stats: () => ingest.stats(),
    reasons: async () => (await store.counts()).quarantined,
    numbers: async (site = 'site-0') => (await store.readings(site, 'pv_power', whole, everStored)).map(({ seq }) => seq),
    restart: () => make(store),
  };
}
const committed = (seq: number) => [{ committed: [{ stream: 'batch', seq }], refused: [] }];

describe('a batch in ingest', () => {
  test('is stored reading by reading, under one receipt, with one message as evidence of all', async () => {
    const { tell, store, numbers, stats } = await make();
    expect(await tell(batchMessage(0, 0), batchMessage(0, 1))).toEqual([
      { committed: [0, 1].map((seq) => ({ stream: 'batch', seq })), refused: [] },
    ]);
    expect(await numbers()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await store.signatureOf('provider-0/site-0', 'batch', 1)).toMatch(/^[A-Za-z0-9+/]{86}==$/);
    expect(stats()).toMatchObject({ received: 2, accepted: 6, quarantined: 0, repeats: 0 });
  });

  test('that comes again byte for byte is a repeat, also after a restart and long after', async () => {
    const first = await make();
    const answer = await first.tell(batchMessage(0, 0));
    expect(await first.tell(batchMessage(0, 0))).toEqual(answer);
    const second = await first.restart();
    expect(await second.tell(batchMessage(0, 0))).toEqual(answer);
    expect(await second.numbers()).toEqual([0, 1, 2]);
    expect(second.stats()).toMatchObject({ repeats: 1, accepted: 0, quarantined: 0 });
  });

  test('may come late, before its neighbours or after a restart', async () => {
    const first = await make();
    await first.tell(batchMessage(0, 2), batchMessage(0, 0));
    const second = await first.restart();
    expect(await second.tell(batchMessage(0, 1))).toEqual(committed(1));
    expect(await second.numbers()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await second.reasons()).toEqual({});
  });

  test('under the number of another is an equivocation: the slots of both are banned, also after a restart', async () => {
    const first = await make();
    await first.tell(batchMessage(0, 0));
    const later = Array.from({ length: 3 }, (_, i) => readingOf(0, 30 + i));
    const refused = { committed: [], refused: [{ stream: 'batch', seq: 0, reason: 'equivocation' }] };
    expect(await first.tell(batchMessage(0, 0, { readings: later }))).toEqual([refused]);
    expect(await first.reasons()).toEqual({ equivocation: 1 });
    const slots = [noon, noon + SLOT, noon + 2 * SLOT].map((slot) => ({ site: 'site-0', slot }));
    const second = await first.restart();
    const inOrder = () => second.verifier.bannedSlots().toSorted((a, b) => a.slot - b.slot);
    expect(inOrder()).toEqual([slots[0], slots[2]].map((slot) => slot ?? expect.anything()));
    expect(await second.tell(batchMessage(0, 0, { readings: later.map((reading) => ({ ...reading, value: 2 })) }))).toEqual([refused]);
    expect(await second.numbers()).toEqual([0, 1, 2]);
  });

  test('keeps what of it is true, and names what is not by number and reason', async () => {
    const { tell, numbers, reasons, store } = await make();
    await tell(messageOf(0, 1));
    const readings = [
      readingOf(0, 0),
      readingOf(0, 1),
      readingOf(0, 2, { value: 120_001 }),
      readingOf(0, 3, { value: 120_002 }),
      readingOf(0, 4, { metered: { start: noon + 90 * MINUTE, end: noon + 91 * MINUTE } }),
      readingOf(0, 5, { value: 7 }),
    ];
    const message = { ...batchMessage(0, 0, { readings }), receivedAt: noon + 30 * MINUTE };
    const refused = [
      { stream: 'pv_power', seq: 2, reason: 'out-of-range' },
      { stream: 'pv_power', seq: 3, reason: 'out-of-range' },
      { stream: 'pv_power', seq: 4, reason: 'future' },
    ];
    const answer = [{ committed: [{ stream: 'batch', seq: 0 }], refused }];
    expect(await tell(message)).toEqual(answer);
    expect(await tell(message)).toEqual(answer);
    expect(await numbers()).toEqual([0, 1, 5]);
    expect(await reasons()).toEqual({ 'out-of-range': 1, future: 1 });
    const [evidence] = await store.quarantine(1, 'out-of-range');
    expect(evidence).toMatchObject({ evidence: message, detail: expect.stringMatching(/120001.*2 readings of the batch/) });
  });

  test('that says something else of an interval bans its slot, and keeps the rest', async () => {
    const { tell, numbers, restart } = await make();
    await tell(batchMessage(0, 0));
    const readings = [readingOf(0, 2, { value: 1 }), readingOf(0, 3)];
    expect(await tell(batchMessage(0, 1, { readings }))).toEqual([
      { committed: [{ stream: 'batch', seq: 1 }], refused: [{ stream: 'pv_power', seq: 2, reason: 'equivocation' }] },
    ]);
    expect(await numbers()).toEqual([0, 1, 2, 3]);
    expect((await restart()).verifier.bannedSlots()).toEqual([{ site: 'site-0', slot: noon }]);
  });

  test('that repeats readings word for word, alone or in another batch, tells nothing new and bans nothing', async () => {
    const first = await make();
    await first.tell(batchMessage(0, 0), messageOf(0, 1));
    const second = await first.restart();
    const again = batchMessage(0, 1, { readings: [readingOf(0, 1), readingOf(0, 2), readingOf(0, 3)] });
    expect(await second.tell(messageOf(0, 0), again)).toEqual([
      {
        committed: [
          { stream: 'pv_power', seq: 0 },
          { stream: 'batch', seq: 1 },
        ],
        refused: [],
      },
    ]);
    expect(await second.numbers()).toEqual([0, 1, 2, 3]);
    expect(await second.reasons()).toEqual({});
    expect(second.verifier.bannedSlots()).toEqual([]);
  });

  test.each([
    { name: 'signed by a stranger', message: batchMessage(0, 0, { key: keyOf(1) }), reason: 'bad-signature' },
    {
      name: 'of another site under this topic',
      message: { ...batchMessage(1, 0), topic: batchTopic('provider-0', 'site-0') },
      reason: 'bad-signature',
    },
    { name: 'of no enrolled site', message: batchMessage(7, 0), reason: 'unknown-site' },
    {
      name: 'with one reading left out',
      message: { ...batchMessage(0, 0), payload: cut(batchMessage(0, 0).payload) },
      reason: 'bad-signature',
    },
  ])('$name is in quarantine whole, and its sender gets no receipt', async ({ message, reason }) => {
    const { tell, reasons, numbers, verifier } = await make();
    expect(await tell(message)).toEqual([]);
    expect(await reasons()).toEqual({ [reason]: 1 });
    expect([await numbers(), verifier.bannedSlots()]).toEqual([[], []]);
  });

  test('bans no more than could be true when it is told, however far its readings reach', async () => {
    const { tell, verifier } = await make();
    const wide = [readingOf(0, 0, { metered: { start: 0, end: MINUTE } }), readingOf(0, 1, { value: 9 })];
    await tell(batchMessage(0, 0), batchMessage(0, 0, { readings: wide }));
    expect(verifier.bannedSlots().length).toBeLessThan(8 * 96 + 2);
  });
});

function cut(payload: Uint8Array): Uint8Array {
  return new TextEncoder().encode(new TextDecoder().decode(payload).replace(/,\d+\]/, ']'));
}
