/**
 * The gateway on clocks that are set, that drift and that lie, on a virtual hour; and with a spool that is full.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createGateway } from '../../../energy-oracle/gateway/gateway.ts';
import type { GatewayEvent } from '../../../energy-oracle/gateway/gateway-event.ts';
import { createMemorySpool, type Spool, SpoolFault } from '../../../energy-oracle/store/spool.ts';
import { decodeBatch } from '../../../energy-oracle/telemetry/batch.ts';
import type { Translator } from '../../../energy-oracle/telemetry/dialects/translator.ts';
import { decodeReading, type Reading } from '../../../energy-oracle/telemetry/reading.ts';
import { createSender } from '../../../energy-oracle/telemetry/sender.ts';
import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../../../units/time.ts';

import { keyOf } from '../telemetry/messages.ts';

const start: Instant = Date.UTC(2026, 5, 1, 12);
/** Every message is a number: watts of one device, known when it came. */
const translator: Translator = {
  filters: ['#'],
  hear: ({ payload, receivedAt }) => {
    const value = Number(new TextDecoder().decode(payload));
    const observations = (['pv_power', 'load_power'] as const).map((stream) => ({ device: 'fake/a', stream, value, at: receivedAt }));
    return { observations, refusals: [], replies: [], subscribe: [] };
  },
  due: () => [],
};

/** A gateway whose wall clock is `true time + offset`; its monotonic clock is true. */
function make({ spool = createMemorySpool(), batch = 1 }: { spool?: Spool; batch?: number } = {}) {
  let [trueMs, offsetMs] = [start, 0];
  const events: GatewayEvent[] = [];
  const wall = { now: () => Math.round(trueMs + offsetMs) };
  const uplink = { open: async () => {}, send: async () => {}, close: async () => {} };
  const gateway = createGateway({
    provider: 'acme',
    site: 'berlin',
    key: keyOf(0),
    plans: (['pv_power', 'load_power'] as const).map((stream) => ({ stream, devices: ['fake/a'], staleMs: 30 * SECOND })),
    intervalMs: MINUTE,
    batch,
    translator,
    say: () => {},
    listenTo: () => {},
    spool,
    sender: createSender({ name: 'acme/berlin', spool, uplink, retryMs: MINUTE, wait: () => new Promise(() => {}) }),
    wall,
    monotonicMs: () => trueMs - start,
    tell: (event) => events.push(event),
  });
  /** True time goes on in steps of a second; the wall's clock gains `driftMs` more each. */
  const live = async (lengthMs: number, driftMs = 0) => {
    for (const end = trueMs + lengthMs; trueMs < end; ) {
      trueMs += SECOND;
      offsetMs += driftMs;
      if (trueMs % (5 * SECOND) === 0) gateway.hear({ topic: 'any', payload: Buffer.from('100'), receivedAt: wall.now() });
      await gateway.tick();
    }
  };
  const told = async (): Promise<readonly Reading[]> =>
    (await spool.read(spool.pending())).flatMap(({ topic, payload }) => {
      const decoded = topic.endsWith('/batch') ? decodeBatch(topic, payload) : decodeReading(topic, payload);
      if (decoded.kind === 'undecodable') throw new RangeError(decoded.detail);
      return decoded.kind === 'reading' ? [decoded.reading] : decoded.batch.readings;
    });
  return {
    gateway,
    spool,
    events,
    live,
    told,
    wall,
    set: (jumpMs: number) => {
      offsetMs += jumpMs;
    },
    kinds: () => events.map(({ kind }) => kind).filter((kind) => kind.startsWith('clock')),
  };
}

/** @throws when two intervals of a stream overlap or run backwards, or numbers are not one after another */
function requireInOrder(readings: readonly Reading[]): void {
  for (const stream of ['pv_power', 'load_power'] as const) {
    const own = readings.filter((reading) => reading.stream === stream);
    expect(own.map(({ seq }) => seq)).toEqual(own.map((_, i) => i));
    for (const [i, { metered }] of own.entries()) expect(metered.start).toBeGreaterThanOrEqual(own[i - 1]?.metered.end ?? 0);
  }
}

describe('a gateway', () => {
  test.each([1, 60])('tells every whole minute once, its number the next of its stream (batch %i)', async (batch) => {
    const site = make({ batch });
    await site.live(10 * MINUTE + 5 * SECOND);
    const readings = await site.told();
    requireInOrder(readings);
    expect(readings.filter(({ stream }) => stream === 'pv_power').map(({ metered }) => metered.start)).toEqual(
      Array.from({ length: 9 }, (_, i) => start + (i + 1) * MINUTE), // the first began before anything was heard
    );
    expect(site.kinds()).toEqual([]);
  });

  test.each([
    { name: 'an hour forward', jumpMs: HOUR, says: ['clock-jumped'], goesOnAfter: 0 },
    { name: 'a day forward', jumpMs: DAY, says: ['clock-jumped'], goesOnAfter: 0 },
    { name: 'an hour back', jumpMs: -HOUR, says: ['clock-jumped', 'clock-behind', 'clock-right'], goesOnAfter: HOUR },
    { name: 'a day back', jumpMs: -DAY, says: ['clock-jumped', 'clock-behind', 'clock-right'], goesOnAfter: DAY },
    {
      name: 'a minute and a half back',
      jumpMs: -90 * SECOND,
      says: ['clock-jumped', 'clock-behind', 'clock-right'],
      goesOnAfter: 90 * SECOND,
    },
    { name: 'half a second back', jumpMs: -500, says: [], goesOnAfter: 0 },
  ])('whose clock is set $name overlaps nothing, and says so', async ({ jumpMs, says, goesOnAfter }) => {
    const site = make();
    await site.live(10 * MINUTE + 30 * SECOND);
    const before = (await site.told()).length;
    site.set(jumpMs);
    await site.live(Math.max(0, goesOnAfter - 5 * MINUTE));
    if (goesOnAfter > 5 * MINUTE) expect(await site.told()).toHaveLength(before);
    await site.live(10 * MINUTE);
    const readings = await site.told();
    requireInOrder(readings);
    expect(readings.length).toBeGreaterThan(before);
    expect(readings.at(-1)?.metered.end).toBeLessThanOrEqual(site.wall.now());
    expect(site.kinds()).toEqual(says);
    for (const event of site.events) if (event.kind === 'clock-jumped') expect(event.jumpMs).toBe(jumpMs);
  });

  test('keeps its intervals whole under every drift that is no jump, and under jumps in any order', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            lengthMs: fc.integer({ min: 1, max: 6 }).map((n) => n * 50 * SECOND),
            driftMs: fc.integer({ min: -20, max: 20 }),
            jumpMs: fc.constantFrom(0, 0, -90_000, 90_000, -400, HOUR, -HOUR, -DAY),
          }),
          { maxLength: 8 },
        ),
        async (drawn) => {
          const site = make();
          for (const { lengthMs, driftMs, jumpMs } of drawn) {
            await site.live(lengthMs, driftMs);
            site.set(jumpMs);
          }
          await site.live(5 * MINUTE);
          requireInOrder(await site.told());
        },
      ),
      { numRuns: 30 },
    ));

  test('started again with its clock set back waits until it has passed what was told', async () => {
    const first = make();
    await first.live(10 * MINUTE);
    const second = make({ spool: first.spool });
    second.set(-HOUR);
    const before = (await second.told()).length;
    await second.live(30 * MINUTE);
    expect(await second.told()).toHaveLength(before);
    expect(second.events[0]).toMatchObject({ kind: 'clock-behind', until: start + 9 * MINUTE });
    expect(second.gateway.state().clock).toBe('behind');
    await second.live(50 * MINUTE);
    requireInOrder(await second.told());
    expect(second.gateway.state().clock).toBe('right');
  });

  test('tells nothing with a clock that was never set', async () => {
    const site = make();
    site.set(-start);
    await site.live(5 * MINUTE);
    expect(await site.told()).toEqual([]);
    expect(site.kinds()).toEqual(['clock-unset']);
    site.set(start);
    await site.live(5 * MINUTE);
    expect((await site.told()).length).toBeGreaterThan(0);
  });

  test('says by how much its clock is ahead when the oracle refuses the future, once in ten minutes', async () => {
    const site = make();
    site.set(3 * MINUTE);
    await site.live(2 * MINUTE);
    const refused = [{ stream: 'pv_power', seq: 0, reason: 'future' }];
    for (let i = 0; i < 3; i++) site.gateway.received({ sender: 'acme/berlin', committed: [], refused, at: site.wall.now() - 3 * MINUTE });
    expect(site.events.filter(({ kind }) => kind === 'clock-ahead')).toEqual([{ kind: 'clock-ahead', aheadMs: 3 * MINUTE }]);
    expect(site.gateway.state()).toMatchObject({ clock: 'ahead', refusals: { future: 3 }, aheadMs: 3 * MINUTE });
  });

  test('drops the newest while its spool is full, counts it, says so once, and goes on by itself', async () => {
    const memory = createMemorySpool();
    let full = false;
    const append: Spool['append'] = async (entries) => {
      if (full) throw new SpoolFault('memory', 'full', 'the disk is full');
      await memory.append(entries);
    };
    const site = make({ spool: { ...memory, append } });
    await site.live(5 * MINUTE);
    full = true;
    await site.live(10 * MINUTE);
    full = false;
    await site.live(5 * MINUTE + 10 * SECOND);
    requireInOrder(await site.told());
    const ofSpool = site.events.filter(({ kind }) => kind.startsWith('spool'));
    expect(ofSpool).toMatchObject([
      { kind: 'spool-refuses', reason: 'full' },
      { kind: 'spool-takes', droppedReadings: 20, lost: { start: start + 4 * MINUTE, end: start + 14 * MINUTE } },
    ]);
    expect(site.gateway.state()).toMatchObject({ droppedReadings: 20, spoolFault: undefined });
  });
});
