/**
 * A week without a line: eight streams a minute on the disk, then the line is back. Time is virtual, the disk is real.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createFileSpool } from '../../../energy-oracle/store/file-spool.ts';
import { createSender } from '../../../energy-oracle/telemetry/sender.ts';
import type { Receipt, TelemetryUplink } from '../../../energy-oracle/telemetry/telemetry-source.ts';
import { DAY, type Instant, MINUTE, SECOND } from '../../../units/time.ts';

const streams = Array.from({ length: 8 }, (_, i) => `stream_${i}`);
const week = (7 * DAY) / MINUTE;
const retryMs = 30 * SECOND;
const window = { min: 8, max: 500 };
const name = 'acme/berlin';
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What a signed reading weighs, bytes. */
const payload = new Uint8Array(240).fill(120);

/** An oracle behind a line that can be away; what arrives waits for `answer`. */
function createSlowOracle() {
  let onReceipt: (receipt: Receipt) => void = () => {};
  const arrived: { stream: string; seq: number }[] = [];
  const seen: { stream: string; seq: number }[] = [];
  const uplink: TelemetryUplink = {
    open: async (_, callback) => {
      onReceipt = callback;
    },
    send: async (topic) => {
      const [stream = '', seq = ''] = topic.split('#');
      arrived.push({ stream, seq: Number(seq) });
      seen.push({ stream, seq: Number(seq) });
    },
    close: async () => {},
  };
  return { uplink, arrived, seen, answer: () => onReceipt({ sender: name, committed: arrived.splice(0, 400), refused: [] }) };
}

describe('a week without a line', () => {
  let folder: string;
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('lies on the disk with bounded memory, and drains in order, slowly at first, faster than five times live', async () => {
    folder = await mkdtemp(join(tmpdir(), 'sunward-week-'));
    const spool = await createFileSpool({ folder, sender: name });
    const oracle = createSlowOracle();
    let now: Instant = 0;
    let wake: () => void = () => {};
    const wait = () => new Promise<void>((resolve) => (wake = resolve));
    const sender = createSender({ name, spool, uplink: oracle.uplink, retryMs, wait, window });
    // the numbers only matter to the topic here, and an hour is spooled at once: 168 syncs instead of 10,080
    const heapBefore = process.memoryUsage();
    for (let minute = 0; minute < week; minute += 60) {
      const hour = Array.from({ length: 60 }, (_, i) => (minute + i + 1) * MINUTE);
      const drafts = hour.flatMap((end) =>
        streams.map((stream) => ({ stream, topic: `${stream}#${end / MINUTE - 1}`, end, encode: () => payload })),
      );
      await sender.spool(drafts);
    }
    const heapAfter = process.memoryUsage();
    const grownBytes = heapAfter.heapUsed + heapAfter.arrayBuffers - heapBefore.heapUsed - heapBefore.arrayBuffers;
    expect(spool.size().entries).toBe(8 * week);
    expect(grownBytes).toBeLessThan(60_000_000); // 80,640 marks; the payloads with their lines are 35 MB more

    await sender.open();
    await turn();
    expect(oracle.arrived).toHaveLength(window.min); // a thousand such sites do not pour
    let live = week;
    let rounds = 0;
    const answerMs = 200; // from the send to the receipt
    for (; spool.size().entries > 0; rounds++) {
      now += answerMs;
      if (Math.floor(now / MINUTE) > live - week) {
        const end = ++live * MINUTE;
        await sender.spool(streams.map((stream) => ({ stream, topic: `${stream}#${live - 1}`, end, encode: () => payload })));
      }
      oracle.answer();
      for (let i = 0; i < 8; i++) await turn();
      await spool.read(spool.pending().slice(0, 1)); // behind the reads under way
      if (rounds > 10_000) throw new Error('it does not drain');
    }
    expect((8 * week) / (now / MINUTE)).toBeGreaterThan(5 * 8); // readings a minute against eight live ones
    for (const stream of streams) {
      const seqs = oracle.seen.filter((each) => each.stream === stream).map(({ seq }) => seq);
      expect(seqs).toEqual(Array.from({ length: live }, (_, i) => i));
    }
    wake();
    await sender.close();
  }, 120_000);

  test('asks an oracle that never answers ever more quietly', async () => {
    folder = await mkdtemp(join(tmpdir(), 'sunward-week-'));
    const spool = await createFileSpool({ folder, sender: name });
    const oracle = createSlowOracle();
    let wake: () => void = () => {};
    const sender = createSender({
      name,
      spool,
      uplink: oracle.uplink,
      retryMs,
      wait: () => new Promise<void>((resolve) => (wake = resolve)),
      window,
    });
    await sender.spool(
      Array.from({ length: 2_000 }, (_, i) => ({
        stream: 'pv_power',
        topic: `pv_power#${i}`,
        end: (i + 1) * MINUTE,
        encode: () => payload,
      })),
    );
    await sender.open();
    const round = async () => {
      const before = oracle.seen.length;
      wake();
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 2));
      return oracle.seen.length - before;
    };
    for (let i = 0; i < 10; i++) {
      oracle.answer();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(oracle.seen.length).toBeGreaterThan(200); // it went fast while it was answered
    const sent = [];
    for (let i = 0; i < 12; i++) sent.push(await round());
    expect(sent.at(-1)).toBe(window.min);
    expect(Math.max(...sent)).toBeLessThanOrEqual(window.max);
    const rest = wake;
    await Promise.all([sender.close(), Promise.resolve().then(rest)]);
  }, 60_000);
});
