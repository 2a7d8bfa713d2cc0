/**
 * Behaviour of the line between senders and oracle, for every implementation of `TelemetrySource` and `TelemetryUplink`.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMemorySpool } from '../../energy-oracle/store/spool.ts';
import { createSender, type Draft } from '../../energy-oracle/telemetry/sender.ts';
import type { RawMessage, Receipt, TelemetrySource, TelemetryUplink } from '../../energy-oracle/telemetry/telemetry-source.ts';

export interface LineHarness {
  start(): Promise<void>;
  stop(): Promise<void>;
  source(): TelemetrySource;
  uplink(): TelemetryUplink;
  /** Stops the broker, keeps it away for a moment, starts it at the same address; `undefined` when there is none. */
  readonly restart: ((awayMs: number) => Promise<void>) | undefined;
}

export const pause = (durationMs: number) => new Promise<void>((resolve) => setTimeout(resolve, durationMs));
export async function until(holds: () => boolean, waitMsMax = 5_000): Promise<void> {
  for (const start = Date.now(); !holds(); await pause(2)) if (Date.now() - start > waitMsMax) throw new Error('waited in vain');
}

const topicOf = (site: string) => `energy/v1/acme/${site}/pv_power`;
const text = (message: RawMessage | undefined) => message && new TextDecoder().decode(message.payload);
const receiptFor = (site: string, seq: number): Receipt => ({
  sender: `acme/${site}`,
  committed: [{ stream: 'pv_power', seq }],
  refused: [],
});
/** A draft whose payload is its number, so that the far end can answer it. */
const draft = (site: string, end: number): Draft => ({
  stream: 'pv_power',
  topic: topicOf(site),
  end,
  encode: (seq) => new TextEncoder().encode(String(seq)),
});

export function telemetryLineBehaviour(name: string, harness: LineHarness): void {
  describe(`the line over ${name}`, () => {
    beforeAll(() => harness.start(), 20_000);
    afterAll(() => harness.stop());

    test('delivers a message byte for byte, with its topic and an instant', async () => {
      const source = harness.source();
      const got: RawMessage[] = [];
      await source.open((message) => got.push(message));
      const uplink = harness.uplink();
      await uplink.open('acme/bytes', () => {});
      const payload = Uint8Array.from({ length: 256 }, (_, i) => i);
      await uplink.send(topicOf('bytes'), payload);
      await until(() => got.length > 0);
      expect(got).toEqual([{ topic: topicOf('bytes'), payload, receivedAt: expect.any(Number) }]);
      await uplink.close();
      await source.close();
    });

    test('brings a receipt to its sender and to nobody else, and not back to the source', async () => {
      const source = harness.source();
      const got: RawMessage[] = [];
      await source.open((message) => got.push(message));
      const [one, two] = [harness.uplink(), harness.uplink()];
      const received: [Receipt[], Receipt[]] = [[], []];
      await one.open('acme/one', (receipt) => received[0].push(receipt));
      await two.open('acme/two', (receipt) => received[1].push(receipt));
      const receipt: Receipt = {
        sender: 'acme/one',
        committed: [{ stream: 'pv_power', seq: 7 }],
        refused: [{ stream: 'pv_power', seq: 8, reason: 'too-late' }],
      };
      await source.acknowledge(receipt);
      await source.acknowledge(receiptFor('two', 1));
      await until(() => received[0].length > 0 && received[1].length > 0);
      const untimed = received.map((told) => told.map(({ at, ...receipt }) => receipt));
      expect(untimed).toEqual([[receipt], [receiptFor('two', 1)]]);
      await pause(20);
      expect(got).toEqual([]);
      for (const end of [one, two, source]) await end.close();
    });

    test('delivers a repeated message again: to know it is not the line’s business', async () => {
      const source = harness.source();
      const got: RawMessage[] = [];
      await source.open((message) => got.push(message));
      const uplink = harness.uplink();
      await uplink.open('acme/again', () => {});
      for (let i = 0; i < 3; i++) await uplink.send(topicOf('again'), new TextEncoder().encode('same'));
      await until(() => got.length === 3);
      expect(got.map(text)).toEqual(['same', 'same', 'same']);
      await uplink.close();
      await source.close();
    });

    test('carries a thousand messages from ten senders, all with receipts', async () => {
      const source = harness.source();
      await source.open(({ topic, payload }) => {
        const site = topic.split('/')[3] ?? '';
        void source.acknowledge(receiptFor(site, Number(new TextDecoder().decode(payload)))).catch(() => undefined);
      });
      const senders = Array.from({ length: 10 }, (_, i) =>
        createSender({ name: `acme/s${i}`, spool: createMemorySpool(), uplink: harness.uplink(), retryMs: 500, wait: pause }),
      );
      await Promise.all(senders.map((sender) => sender.open()));
      await Promise.all(senders.map((sender, i) => sender.send(Array.from({ length: 100 }, (_, end) => draft(`s${i}`, end)))));
      await Promise.all(senders.map((sender) => sender.flush()));
      for (const end of [...senders, source]) await end.close();
    }, 20_000);

    // memory has no broker that could go away
    if (harness.restart)
      test('loses nothing that was spooled when the broker goes away and comes back', async () => {
        const stored = new Set<number>();
        const source = harness.source();
        await source.open(({ payload }) => {
          const seq = Number(new TextDecoder().decode(payload));
          stored.add(seq);
          void source.acknowledge(receiptFor('storm', seq)).catch(() => undefined);
        });
        const spool = createMemorySpool();
        const sender = createSender({ name: 'acme/storm', spool, uplink: harness.uplink(), retryMs: 300, wait: pause });
        await sender.open();
        const acknowledged = new Set<number>();
        let end = 0;
        const told: Promise<void>[] = [];
        const tell = async (count: number) => {
          for (let i = 0; i < count; i++, await pause(2)) {
            const seq = end++;
            told.push(sender.send([draft('storm', seq)]).then(() => void acknowledged.add(seq)));
          }
        };
        await tell(50);
        const [restart] = [harness.restart as NonNullable<LineHarness['restart']>];
        await Promise.all([restart(300), tell(150)]);
        await tell(50);
        await sender.flush();
        await Promise.all(told);
        expect(spool.pending()).toEqual([]);
        expect([...acknowledged].filter((seq) => !stored.has(seq))).toEqual([]);
        expect(stored.size).toBe(250);
        await sender.close();
        await source.close();
      }, 30_000);
  });
}
