import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SeriesStore } from '../../../energy-oracle/store/series-store.ts';
import { createMemorySpool } from '../../../energy-oracle/store/spool.ts';
import { batchMax, createIngest, type IngestEvent, queueMax } from '../../../energy-oracle/telemetry/ingest.ts';
import { encodeReading } from '../../../energy-oracle/telemetry/reading.ts';
import { createSender } from '../../../energy-oracle/telemetry/sender.ts';
import { createMemoryLine, type RawMessage, type Receipt } from '../../../energy-oracle/telemetry/telemetry-source.ts';
import { createVerifier } from '../../../energy-oracle/telemetry/verify.ts';
import { manualClock } from '../../../units/clock.ts';
import { createIngestStore, curveMessage, curveOf, feedKey, keyOf, messageOf, noon, readingOf, signed, siteOf } from './messages.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function make(store = createIngestStore()) {
  const receipts: Receipt[] = [];
  const events: IngestEvent[] = [];
  const waits: number[] = [];
  let deliver: (message: RawMessage) => void = () => {};
  const verifier = createVerifier({
    sites: [siteOf(0), siteOf(1)],
    feedKeys: { 'DE-LU': feedKey.publicKey },
    heads: await store.heads(),
  });
  const ingest = createIngest({
    source: {
      open: async (onMessage) => {
        deliver = onMessage;
      },
      acknowledge: async (receipt) => {
        receipts.push(receipt);
      },
      close: async () => {},
    },
    store: store as unknown as SeriesStore,
    verifier,
    wait: async (ms) => {
      waits.push(ms);
      await turn();
    },
    onEvent: (event) => events.push(event),
  });
  await ingest.open();
  return { ingest, store, receipts, events, waits, deliver: (message: RawMessage) => deliver(message) };
}

describe('ingest', () => {
  test('commits readings and curves together, then answers each sender once', async () => {
    const { ingest, store, receipts, deliver } = await make();
    for (let seq = 0; seq < 3; seq++) for (const site of [0, 1]) deliver(messageOf(site, seq));
    deliver(curveMessage(curveOf(0)));
    await ingest.settled();
    expect(store.batches).toHaveLength(1);
    expect(store.batches[0]?.readings).toHaveLength(6);
    expect(store.batches[0]?.curves.map(({ value }) => value.seq)).toEqual([0]);
    const committed = [0, 1, 2].map((seq) => ({ stream: 'pv_power', seq }));
    expect(receipts).toEqual([
      { sender: 'provider-0/site-0', committed, refused: [] },
      { sender: 'provider-1/site-1', committed, refused: [] },
      { sender: 'DE-LU', committed: [{ stream: 'day_ahead_price', seq: 0 }], refused: [] },
    ]);
  });

  test('gives no receipt before the store has it, and tries until it has', async () => {
    const { ingest, store, receipts, events, waits, deliver } = await make();
    store.failNext(9);
    const commit = store.commit;
    store.commit = async (batch) => {
      expect(receipts).toEqual([]);
      await commit(batch);
    };
    deliver(messageOf(0, 0));
    await ingest.settled();
    expect(store.stored()).toHaveLength(1);
    expect(receipts).toHaveLength(1);
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
    expect(events.filter(({ kind }) => kind === 'store-fault')).toHaveLength(9);
  });

  test('serves senders in turn: an honest reading does not wait behind a flood, under an enrolled name or none', async () => {
    const { ingest, store, deliver } = await make();
    const flood = messageOf(0, 0).payload.subarray(0, 50);
    for (let i = 0; i < 3_000; i++)
      deliver({ topic: i % 2 ? messageOf(0, 0).topic : `energy/v1/nobody/${i}/pv_power`, payload: flood, receivedAt: noon });
    deliver(messageOf(1, 0));
    await ingest.settled();
    expect(store.batches).toHaveLength(4);
    expect(store.batches[0]?.readings.map(({ value }) => value.site)).toEqual(['site-1']);
  });

  test('stores a repeat nowhere and acknowledges it again', async () => {
    const { ingest, store, receipts, deliver } = await make();
    deliver(messageOf(0, 0));
    await ingest.settled();
    deliver(messageOf(0, 0));
    await ingest.settled();
    expect(store.batches).toHaveLength(1);
    expect(receipts).toHaveLength(2);
    expect(receipts[1]).toEqual(receipts[0]);
    expect(ingest.stats()).toMatchObject({ received: 2, accepted: 1, repeats: 1, quarantined: 0, commits: 1, queued: 0 });
  });

  test('keeps what it refuses, whole, and answers only what the sender signed', async () => {
    const { ingest, store, receipts, deliver } = await make();
    const forgedOne = signed(readingOf(0, 0, { value: 1 }), keyOf(1));
    const garbage = { ...messageOf(0, 0), payload: new Uint8Array([1, 2, 3]) };
    const tooMuch = messageOf(0, 1, { value: 1e9 });
    for (const message of [forgedOne, garbage, tooMuch]) deliver(message);
    await ingest.settled();
    expect(store.batches[0]?.quarantined.map(({ reason, evidence }) => [reason, evidence])).toEqual([
      ['bad-signature', forgedOne],
      ['not-json', garbage],
      ['out-of-range', tooMuch],
    ]);
    const refused = [{ stream: 'pv_power', seq: 1, reason: 'out-of-range' }];
    expect(receipts).toEqual([{ sender: 'provider-0/site-0', committed: [], refused }]);
  });

  test('knows after a restart, by the store, what is a repeat and what came too late to be stored', async () => {
    const first = await make();
    for (const seq of [0, 1, 2, 5]) first.deliver(messageOf(0, seq));
    await first.ingest.settled();
    const second = await make(first.store);
    for (const seq of [1, 3, 4, 3, 5, 6]) second.deliver(messageOf(0, seq));
    second.deliver(messageOf(0, 2, { value: 1 }));
    await second.ingest.settled();
    expect(second.store.stored().map(({ seq }) => seq)).toEqual([0, 1, 2, 5, 3, 4, 6]);
    expect(second.receipts[0]?.committed.map(({ seq }) => seq)).toEqual([1, 3, 4, 3, 5, 6]);
    expect(second.receipts[0]?.refused).toEqual([{ stream: 'pv_power', seq: 2, reason: 'equivocation' }]);
  });

  test('commits what arrives meanwhile as the next batch, and splits long receipts', async () => {
    const { ingest, store, receipts, deliver } = await make();
    deliver(messageOf(0, 0));
    await turn();
    for (let seq = 1; seq <= batchMax + 10; seq++) deliver(messageOf(0, seq));
    await ingest.settled();
    expect(store.batches.map(({ readings }) => readings.length)).toEqual([1, batchMax, 10]);
    expect(receipts.map(({ committed }) => committed.length)).toEqual([1, 400, 400, 200, 10]);
  }, 15_000);

  test('turns away, unacknowledged, what a full queue cannot hold', async () => {
    const { ingest, events, deliver } = await make();
    const garbage = { topic: 'energy/v1/x', payload: new Uint8Array(1), receivedAt: noon };
    for (let i = 0; i < queueMax + 3; i++) deliver(garbage);
    await ingest.settled();
    expect(ingest.stats()).toMatchObject({ received: queueMax + 3, quarantined: queueMax, turnedAway: 3 });
    expect(events.filter(({ kind }) => kind === 'turned-away')).toHaveLength(3);
  });

  test('finishes the batch in hand when it closes, and does not hang on a store that is away', async () => {
    const { ingest, store, receipts, deliver } = await make();
    store.failNext(1e9);
    deliver(messageOf(0, 0));
    await turn();
    await ingest.close();
    expect(receipts).toEqual([]);
    expect(store.stored()).toEqual([]);
  });

  test.each([
    { name: 'one repeat of it', next: [0], failures: 1e9 },
    { name: 'a reading beside it, as the store comes back', next: [0, 1], failures: 1 },
  ])('closing, stores and acknowledges nothing after a commit that gave up: $name', async ({ next, failures }) => {
    const { ingest, store, receipts, waits, deliver } = await make();
    store.failNext(1e9);
    for (let i = 0; i < batchMax; i++) deliver(messageOf(0, 0));
    for (const seq of next) deliver(messageOf(0, seq)); // judged while the commit before is tried
    while (waits.length < 3) await turn();
    const closing = ingest.close();
    store.failNext(failures);
    await closing;
    expect(store.stored()).toEqual([]);
    expect(receipts).toEqual([]);
  });

  test('with senders: every reading is stored once, whatever the line and the store lose and repeat', async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat(99)), async (dice) => {
        const roll = () => dice.next().value as number;
        const line = createMemoryLine({ clock: manualClock(noon + 3_600_000) });
        const store = createIngestStore();
        const commit = store.commit;
        store.commit = async (batch) => {
          if (roll() < 20) throw new Error('away');
          await commit(batch);
        };
        const verifier = createVerifier({ sites: [siteOf(0)], feedKeys: {}, heads: [] });
        const ingest = createIngest({ source: line.source, store: store as unknown as SeriesStore, verifier, wait: turn });
        await ingest.open();
        const uplink = line.uplink();
        const sender = createSender({
          name: 'provider-0/site-0',
          spool: createMemorySpool(),
          uplink: {
            open: (name, onReceipt) => uplink.open(name, (receipt) => roll() >= 30 && onReceipt(receipt)),
            send: async (topic, payload) => {
              if (roll() < 30) return; // lost on the way
              await uplink.send(topic, payload);
              if (roll() < 30) await uplink.send(topic, payload);
            },
            close: () => uplink.close(),
          },
          retryMs: 1,
          wait: turn,
        });
        await sender.open();
        const drafts = Array.from({ length: 12 }, (_, i) => {
          const reading = readingOf(0, i);
          return {
            stream: reading.stream,
            topic: messageOf(0, i).topic,
            end: reading.metered.end,
            encode: (seq: number) => encodeReading({ ...reading, seq }, keyOf(0)),
          };
        });
        await Promise.all(drafts.map((draft) => sender.send([draft])));
        await ingest.settled();
        expect(
          store
            .stored()
            .map(({ seq }) => seq)
            .sort((a, b) => a - b),
        ).toEqual(drafts.map((_, i) => i));
        expect(store.batches.flatMap(({ quarantined }) => quarantined)).toEqual([]);
      }),
      { numRuns: 25 },
    );
  }, 20_000);
});
