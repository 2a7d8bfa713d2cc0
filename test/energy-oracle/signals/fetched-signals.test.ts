/** A round of asking: what is stored of it and how, what is kept as evidence, and who holds nobody up. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { describe, expect, test } from 'vitest';
import type { Curve, Signal } from '../../../energy-oracle/grid/grid-feed.ts';
import { signalsApi } from '../../../energy-oracle/signals/api.ts';
import { createSignalFetcher, type SignalPlan } from '../../../energy-oracle/signals/fetched-signals.ts';
import { createMemorySource, SignalFault, type SignalSource, type SignalStep } from '../../../energy-oracle/signals/signal-source.ts';
import type { SignalWire } from '../../../energy-oracle/signals/wire.ts';
import { createMemorySeriesStore } from '../../../energy-oracle/store/memory-series-store.ts';
import type { IngestBatch } from '../../../energy-oracle/store/series-store.ts';
import { manualClock } from '../../../units/clock.ts';
import { DAY, HOUR, type Interval, toIso } from '../../../units/time.ts';

const noon = Date.UTC(2026, 5, 21, 12);
const whole = { start: 0, end: Date.UTC(2100, 0, 1) };
const hourly = (valueIn: (start: number) => number | undefined, { start, end }: Interval): SignalStep[] => {
  const steps: SignalStep[] = [];
  for (let at = Math.ceil(start / HOUR) * HOUR; at < end; at += HOUR) {
    const value = valueIn(at);
    if (value !== undefined) steps.push({ start: at, end: at + HOUR, value });
  }
  return steps;
};

/** What the sources say: by name, the value of an hour; may be changed as the test goes on. */
type Words = Record<string, (start: number) => number | undefined | SignalFault>;

function make(words: Words, change: Partial<SignalPlan> = {}, unit = 'gCO2eq/kWh', signal: Signal = 'carbon_intensity') {
  const clock = manualClock(noon);
  const store = createMemorySeriesStore();
  const commits: IngestBatch[] = [];
  const told: string[] = [];
  const topic = change.topic ?? 'carbon_intensity';
  const sources = Object.keys(words).map(
    (name): SignalSource =>
      createMemorySource(name, [topic], ({ interval }) => {
        const first = words[name]?.(noon);
        if (first instanceof SignalFault) throw first;
        const steps = hourly((start) => words[name]?.(start) as number | undefined, interval);
        return { series: [{ signal, unit, unitFound: `${unit} of ${name}`, steps }], issuedAt: clock.now(), fetchedAt: clock.now() };
      }),
  );
  const plan: SignalPlan = {
    zone: 'DE-LU',
    topic,
    timeZone: 'Europe/Berlin',
    unit,
    rule: {
      stepMs: HOUR,
      tolerated: 1,
      deviation: { absolute: 20, relative: 0 },
      belowQuorum: 'gap',
      heartbeatMs: HOUR,
      staleMs: 3 * HOUR,
      leaveOutMs: 6 * HOUR,
    },
    sources,
    ...change,
  };
  const fetcher = createSignalFetcher({
    clock,
    plans: [plan],
    store: {
      ...store,
      commit: async (batch) => {
        commits.push(batch);
        await store.commit(batch);
      },
    },
    tell: (kind, text) => void told.push(`${kind} ${text}`),
  });
  const curves = () => store.curves('DE-LU', signal, whole, clock.now());
  return { clock, store, fetcher, commits, told, curves, words };
}
const away = new SignalFault({ source: 'd', address: 'http://d/', attempts: 3, status: 503, what: 'HTTP 503' });

describe('a round of asking', () => {
  test('stores the median of the sources as an unsigned curve with who said it, up to the last hour that is over', async () => {
    const { fetcher, curves, told } = make({ a: () => 300, b: () => 302, c: () => 310, d: () => 900 });
    await fetcher.fetch();
    await fetcher.fetch();
    expect(told.filter((text) => text.includes(' d: '))).toEqual([
      'reading DE-LU carbon_intensity d: answers',
      expect.stringMatching(/d: left out until 2026-06-21T18:00:00Z: off its peers/),
    ]);
    const [curve, ...others] = await curves();
    expect(others).toEqual([]);
    expect(curve).toMatchObject({ signature: '', unit: 'gCO2eq/kWh', issuedAt: noon, start: noon - 24 * HOUR, stepMs: HOUR, seq: noon });
    expect(curve?.values).toEqual(new Array(24).fill(302));
    expect(curve?.provenance).toMatchObject({
      asOf: noon,
      quorum: 3,
      sources: [
        { source: 'a', unitFound: 'gCO2eq/kWh of a', issuedAt: noon, fetchedAt: noon, estimated: 0 },
        { source: 'b' },
        { source: 'c' },
      ],
      leftOut: [{ source: 'd', reason: expect.stringMatching(/^left-out: off its peers by up to 594 in 100 %/) }],
    });
    expect(curve?.provenance?.low[0]).toBe(300);
    expect(curve?.provenance?.high[23]).toBe(310);
    expect(curve?.provenance?.counted[0]).toEqual([0, 1, 2]);
  });

  test('keeps every raw answer that counted as evidence', async () => {
    const { fetcher, commits } = make({ a: () => 300, b: () => 302, c: () => 310 });
    await fetcher.fetch();
    const payload = JSON.parse(new TextDecoder().decode(commits[0]?.curves[0]?.evidence.payload));
    expect(payload.answers.map(({ source, address }: Record<string, string>) => [source, address])).toEqual([
      ['a', 'memory/a'],
      ['b', 'memory/b'],
      ['c', 'memory/c'],
    ]);
    expect(JSON.parse(Buffer.from(payload.answers[0].bodyBase64, 'base64').toString())[0].steps[0].value).toBe(300);
  });

  test('stores what is new only: nothing when nothing changed, the corrected hours when some did', async () => {
    const { fetcher, clock, curves, words } = make({ a: () => 300, b: () => 302, c: () => 310 });
    await fetcher.fetch();
    clock.set(noon + 60_000);
    await fetcher.fetch();
    expect(await curves()).toHaveLength(1);
    words['b'] = (start) => (start === noon - 2 * HOUR ? 305 : 302);
    clock.set(noon + HOUR);
    await fetcher.fetch();
    const newest = (await curves()).at(-1);
    expect([newest?.start, newest?.values]).toEqual([noon - 2 * HOUR, [305, 302, 302]]);
  });

  test('leaves what the zone’s own feed signed to it', async () => {
    const { fetcher, store, curves } = make({ a: () => 300, b: () => 302, c: () => 310 });
    const body = {
      zone: 'DE-LU',
      signal: 'carbon_intensity' as const,
      issuedAt: noon - DAY,
      start: noon - 36 * HOUR,
      stepMs: HOUR,
      seq: 1,
    };
    const signed: Curve = { ...body, values: new Array(34).fill(111), unit: 'gCO2eq/kWh', signature: 'signed' };
    const evidence = { topic: 'grid', payload: new Uint8Array(), receivedAt: noon };
    await store.commit({ readings: [], weather: [], quarantined: [], curves: [{ value: signed, evidence }] });
    await fetcher.fetch();
    const newest = (await curves()).at(-1);
    expect([newest?.start, newest?.values]).toEqual([noon - 2 * HOUR, [302, 302]]);
  });

  test('goes on with what a source said before while it is away, until that is stale', async () => {
    const { fetcher, clock, curves, words, told } = make({ a: () => 300, b: () => 302, c: () => 310 });
    await fetcher.fetch();
    words['c'] = () => away;
    clock.set(noon + 2 * HOUR);
    await fetcher.fetch();
    await fetcher.fetch();
    expect(await curves()).toHaveLength(1); // the new hours have two sources of three
    expect(fetcher.feeds()[0]).toMatchObject({
      gap: '2 of 3 sources that are needed tell of it',
      last: { start: toIso(noon - HOUR), value: 302 },
      sources: [{ standing: 'fresh' }, { standing: 'fresh' }, { standing: 'late', why: expect.stringContaining('HTTP 503') }],
    });
    clock.set(noon + 4 * HOUR);
    await fetcher.fetch();
    expect(fetcher.feeds()[0]?.sources[2]?.standing).toBe('stale');
    expect(told.filter((text) => text.includes('HTTP 503'))).toHaveLength(1); // told once
  });

  test.each([
    { what: 'in another unit', unit: 'lb/MWh', value: 300, reason: 'schema' },
    { what: 'that nothing can emit', unit: 'gCO2eq/kWh', value: 90_000, reason: 'out-of-range' },
  ])('puts an answer $what into quarantine whole, and does not count it', async ({ unit, value, reason }) => {
    const steps = [{ start: noon - HOUR, end: noon, value }];
    const series = [{ signal: 'carbon_intensity' as const, unit, unitFound: unit, steps }];
    const source = createMemorySource('a', ['carbon_intensity'], () => ({ series, fetchedAt: noon }));
    const { fetcher, store, curves } = make({}, { sources: [source], rule: rule0 });
    await fetcher.fetch();
    const [one] = await store.quarantine(9);
    expect(one).toMatchObject({ reason, evidence: { topic: 'memory/a' }, detail: expect.stringMatching(/^a: /) });
    expect(await curves()).toEqual([]);
  });

  test('takes no forecast of what is measured for what was', async () => {
    const source = createMemorySource('a', ['carbon_intensity'], () => ({
      series: [
        {
          signal: 'carbon_intensity',
          unit: 'gCO2eq/kWh',
          unitFound: 'x',
          steps: [
            { start: noon - 2 * HOUR, end: noon - HOUR, value: 200, forecast: true },
            { start: noon - HOUR, end: noon, value: 210 },
          ],
        },
      ],
      fetchedAt: noon,
    }));
    const { fetcher, curves } = make({}, { sources: [source], rule: rule0 });
    await fetcher.fetch();
    expect((await curves()).map(({ start, values }) => [start, values])).toEqual([[noon - HOUR, [210]]]);
  });

  test('of prices reaches from the first hour of today to the last of tomorrow, on the market’s own days', async () => {
    const { fetcher, curves, clock } = make({ a: () => 42 }, { topic: 'day_ahead_price', rule: rule0 }, 'EUR/MWh', 'day_ahead_price');
    clock.set(Date.UTC(2026, 2, 28, 15)); // tomorrow has 23 hours
    await fetcher.fetch();
    const [curve] = await curves();
    expect([toIso(curve?.start ?? 0), curve?.values.length]).toEqual(['2026-03-27T23:00:00Z', 47]);
  });
});

const rule0 = {
  stepMs: HOUR,
  tolerated: 0,
  deviation: { absolute: 20, relative: 0 },
  belowQuorum: 'gap' as const,
  heartbeatMs: HOUR,
  staleMs: 3 * HOUR,
  leaveOutMs: 6 * HOUR,
};

test('two sources of one name are refused', () => {
  const source = createMemorySource('a', ['carbon_intensity'], () => ({ series: [], fetchedAt: noon }));
  expect(() => make({}, { sources: [source, source], rule: rule0 })).toThrow('have one name');
  expect(() => make({}, { sources: [source], topic: 'grid_load', rule: rule0 })).toThrow('tells carbon_intensity, not grid_load');
});

describe('signals over HTTP', () => {
  test('are values with who said them, how they spread, when they were issued and whether that is stale', async () => {
    const { fetcher, store, clock } = make({ a: () => 300, b: () => 302, c: () => 310 });
    await fetcher.fetch();
    clock.set(noon + 4 * HOUR);
    const app = express().use(signalsApi({ clock, store, feeds: fetcher.feeds, staleMsOf: fetcher.staleMsOf }));
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
      return { status: response.status, json: (await response.json()) as SignalWire };
    };
    const span = `start=${toIso(noon - 2 * HOUR)}&end=${toIso(noon)}`;
    const { json } = await get(`/v1/signals/DE-LU/carbon_intensity?${span}`);
    expect(json.values).toEqual(
      [noon - 2 * HOUR, noon - HOUR].map((start) => ({
        start: toIso(start),
        end: toIso(start + HOUR),
        value: 302,
        low: 300,
        high: 310,
        sources: ['a', 'b', 'c'],
        quality: 'quorum',
        issuedAt: toIso(noon),
        ageMs: 4 * HOUR,
      })),
    );
    expect(json.staleness).toEqual({ ageMs: 4 * HOUR, limitMs: 3 * HOUR, stale: true });
    expect(json.provenance.map(({ source }) => source)).toEqual(['a', 'b', 'c']);
    const before = await get(`/v1/signals/DE-LU/carbon_intensity?${span}&asOf=${toIso(noon - 1)}`);
    expect(before.json.values).toEqual([]);
    expect((await get('/v1/feeds')).json).toHaveLength(1);
    const statuses = [
      'DE-LU/wishes',
      'DE-LU/grid_load?start=yesterday',
      `DE-LU/grid_load?start=${toIso(noon)}&end=${toIso(noon)}`,
      'de/grid_load',
    ];
    expect(await Promise.all(statuses.map(async (path) => (await get(`/v1/signals/${path}`)).status))).toEqual([404, 400, 400, 404]);
    server.close();
  });
});
