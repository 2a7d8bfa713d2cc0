/** The job owner's commands against a scheduler in memory: quotes before, prices held at, and explanations after submission. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { jobsCommand } from '../../cli/jobs.ts';
import { quoteKeyIn } from '../../cli/quote-key.ts';
import { schedulerApi } from '../../scheduler/api.ts';
import { createScheduler } from '../../scheduler/engine.ts';
import { createMemoryLedgerStore } from '../../scheduler/ledger/memory-ledger-store.ts';
import { createMemoryJobStore } from '../../scheduler/queue/memory-job-store.ts';
import { createMemoryChain } from '../../scheduler/settlement/memory-chain.ts';
import { createMemorySettlementStore } from '../../scheduler/settlement/memory-settlement-store.ts';
import { isQuoteOf } from '../../scheduler/signed-quote.ts';
import { reward, tariff } from '../../scheduler/terms.ts';
import type { ExplanationWire, JobWire, PlanWire, PricesWire, QuoteWire, RefusalWire } from '../../scheduler/wire.ts';
import { manualClock } from '../../units/clock.ts';
import { DAY, HOUR, SLOT } from '../../units/time.ts';
import { noon, outlookOf, siteOf, slotOutlook } from '../scheduler/nouns.ts';

const folder = mkdtempSync(join(tmpdir(), 'sunward-jobs-'));
const key = quoteKeyIn(folder);
const clock = manualClock(noon);
const jobs = createMemoryJobStore();
const chain = createMemoryChain();
const sites = [siteOf('rhine'), siteOf('thames', { zone: 'GB' })];
let nextId = 0;
const scheduler = createScheduler({
  clock,
  fleet: sites,
  oracle: {
    outlook: async (site) => outlookOf(site, (slot) => slotOutlook(slot < 24 ? 0 : 4, site === 'rhine' ? 100 : 120, 400)),
    facts: async () => [],
  },
  jobs,
  ledger: createMemoryLedgerStore(),
  link: { open: async () => {}, offer: async () => {}, stop: async () => {}, close: async () => {} },
  settlements: createMemorySettlementStore(),
  chain,
  newId: () => `job-${++nextId}`,
  quoteKey: key,
  tell: () => {},
  config: { currency: 'EUR', leaseMs: HOUR, bookingDelayMs: HOUR, periodMs: DAY, epoch: noon, tariff, reward },
});
const app = express().use(
  schedulerApi({
    scheduler,
    jobs,
    ledger: createMemoryLedgerStore(),
    settlements: createMemorySettlementStore(),
    domain: chain.domain,
    defaultOwner: 'ada',
  }),
);
const server = app.listen(0);
const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

let n = 0;
const fileOf = (policy: object, rest: object = {}): string => {
  const path = join(folder, `job-${++n}.json`);
  writeFileSync(path, JSON.stringify({ name: 'train', max_duration: '1h', resources: { accelerators: 'A100:4' }, policy, ...rest }));
  return path;
};
/** What the command wrote, and its exit code. */
async function sunward(...args: readonly string[]): Promise<{ readonly out: string; readonly err: string; readonly code: unknown }> {
  const said = { out: '', err: '' };
  const hear = (stream: 'out' | 'err') => (text: string | Uint8Array) => {
    said[stream] += text;
    return true;
  };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation(hear('out'));
  const err = vi.spyOn(process.stderr, 'write').mockImplementation(hear('err'));
  const before = process.exitCode;
  try {
    await jobsCommand().parseAsync([...args, '--api', api], { from: 'user' });
    return { ...said, code: process.exitCode };
  } finally {
    out.mockRestore();
    err.mockRestore();
    process.exitCode = before;
  }
}
const json = async <T>(...args: readonly string[]): Promise<T> => JSON.parse((await sunward(...args, '--json')).out) as T;

const firm = fileOf({ promise: 'firm', optimize: 'carbon' });
beforeAll(async () => {
  for (const { id } of sites) await jobs.apply({ heard: { site: id, seq: 0, at: noon } }, noon);
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});
afterEach(() => clock.set(noon));

describe('jobs launch --preview', () => {
  test('tells the earliest window before there is a plan, and holds no price', async () => {
    const { out } = await sunward('launch', firm, '--preview');
    expect(out).toMatch(/^REGION +START +GPUS +kWh +PRICE\/kWh +COST +gCO2\/kWh +CO2 +SURPLUS% +vs-NOW +CHOSEN$/m);
    expect(out).toMatch(/^(DE-LU rhine|GB thames) +2026-06-21T12:00:00Z +4 × A100 +1\.60 +– +– +– +– +– +– +yes$/m);
    expect(out).toMatch(
      /there was no cycle yet: the earliest window, without a price; money in EUR\nno price is held\nnothing was submitted/,
    );
    expect(await json<QuoteWire>('launch', firm, '--preview')).toMatchObject({ reason: 'no-plan-yet', signed: null });
    expect(await (await fetch(`${api}/v1/prices`)).json()).toBeNull();
    expect((await sunward('list')).out).toMatch(/\nno plan yet\n$/);
  });

  test('tells the best runs, the one now, and until when the price stands; and submits nothing', async () => {
    await scheduler.cycle();
    const { out, code } = await sunward('launch', firm, '--preview');
    expect(out).toMatch(
      /^(DE-LU rhine|GB thames) +2026-06-21T18:00:00Z +4 × A100 +1\.60 +0\.\d{3} +0\.\d{3} +0 +0\.00 kg +100 +-0\.\d{3}, -0\.64 kg +yes$/m,
    );
    expect(out).toMatch(/^(DE-LU rhine|GB thames) +2026-06-21T12:00:00Z .* \+0\.000, \+0\.00 kg +run now$/m);
    expect(out).toMatch(
      /of the chosen run: energy 0\.\d{3}, computing 0\.480\nstands until 2026-06-21T12:15:00Z; a firm job launched with it costs at most 0\.\d{3} EUR\nnothing/,
    );
    expect([code, await jobs.list()]).toEqual([undefined, []]);
  });

  test('prints with --json what the API answers, under the key of the data folder', async () => {
    const quote = await json<QuoteWire>('launch', firm, '--preview');
    expect(quote.signed && isQuoteOf(key.publicKey, quote.signed)).toBe(true);
    expect(quoteKeyIn(folder).publicKey).toBe(key.publicKey); // kept
    expect(statSync(join(folder, 'quote.key')).mode & 0o777).toBe(0o600);
    const [chosen] = quote.alternatives.filter((run) => run.chosen);
    expect(chosen?.cost).toBeCloseTo(
      Object.values(chosen?.costParts ?? {}).reduce((sum, part) => sum + part, 0),
      12,
    );
    expect(chosen?.pricePerKwh).toBeCloseTo((chosen?.cost ?? 0) / 1.6, 12);
  });

  test('refuses what launching refuses, and says what no site can do', async () => {
    const { err, code } = await sunward('launch', fileOf({ promise: 'perhaps' }), '--preview');
    expect([err, code]).toEqual([expect.stringMatching(/policy\.promise: found "perhaps"; allowed: firm or best-effort/), 2]);
    const none = await sunward('launch', fileOf({}, { resources: { accelerators: 'TPU:1' } }), '--preview');
    expect(none.out).toMatch(/^no run can be quoted: no-site-fits: needs 1 × TPU .*; there are rhine: A100:8/);
  });
});

describe('a job launched with its quote', () => {
  const kept = async (file: string, ...args: string[]) => {
    const path = join(folder, `quote-${++n}.json`);
    const quote = await json<QuoteWire>('launch', file, '--preview', ...args);
    writeFileSync(path, JSON.stringify(quote));
    return { path, quote };
  };
  const specOf = async (id: string) => (await jobs.get(id))?.spec;

  test('is the one job the quote names, and costs at most what was insured', async () => {
    const { path, quote } = await kept(firm);
    const job = await json<JobWire>('launch', firm, '--quote', path);
    expect(job).toMatchObject({ id: quote.signed?.job, homeSite: quote.homeSite });
    expect((await specOf(job.id))?.maxPrice).toBe(BigInt(quote.signed?.insuredCostMicros ?? 0));
    expect((await json<JobWire>('launch', firm, '--quote', path)).id).toBe(job.id);
    expect((await jobs.list()).map(({ id }) => id)).toEqual([job.id]);
  });
  test('keeps its own budget, and a best-effort one has none', async () => {
    for (const [policy, most] of [
      [{ promise: 'firm', max_price: '9 EUR' }, 9_000_000n],
      [{ promise: 'best-effort' }, undefined],
    ] as const) {
      const file = fileOf(policy);
      const { path } = await kept(file);
      const { id } = await json<JobWire>('launch', file, '--quote', path);
      expect((await specOf(id))?.maxPrice).toBe(most);
    }
  });
  test('is refused when the quote has expired, was altered or is for another key', async () => {
    const { path, quote } = await kept(firm, '--key', 'a');
    const count = (await jobs.list()).length;
    expect((await sunward('launch', firm, '--quote', path, '--key', 'b')).err).toMatch(/X-Sunward-Quote: found a quote for job-/);
    writeFileSync(path.replace('quote-', 'altered-'), JSON.stringify({ ...quote, signed: { ...quote.signed, insuredCostMicros: '1' } }));
    const altered = await sunward('launch', firm, '--quote', path.replace('quote-', 'altered-'), '--json');
    expect((JSON.parse(altered.out) as RefusalWire).fields).toMatchObject([
      { path: 'X-Sunward-Quote', found: expect.stringMatching(/altered/) },
    ]);
    clock.set(noon + SLOT);
    const { err, code } = await sunward('launch', firm, '--quote', path, '--key', 'a');
    expect([err, code]).toEqual([expect.stringMatching(/expired at 2026-06-21T12:15:00Z; allowed: one that still stands/), 2]);
    expect((await jobs.list()).length).toBe(count);
  });
  test('needs a file that holds one', async () => {
    await expect(sunward('launch', firm, '--quote', firm)).rejects.toThrow(/holds no signed quote; make one with/);
    await expect(sunward('launch', firm, '--quote', firm, '--preview')).rejects.toThrow(/give one of them/);
  });
});

describe('jobs explain', () => {
  test('says why there and then, what the next best would have cost, and what binds', async () => {
    await scheduler.cycle();
    const planned = (await jobs.list(['AWAITING'])).find(({ placement }) => placement?.site === 'rhine');
    const id = planned?.id ?? '';
    const { out } = await sunward('explain', id);
    expect(out).toMatch(/^why +DE-LU in 6\.0 h: 100 % surplus expected$/m);
    expect(out).toMatch(/^elsewhere +thames from 2026-06-\S+Z: [+-]\d+\.\d{3} EUR$/m);
    expect(out).toMatch(/^other time +rhine from 2026-06-\S+Z: [+-]\d+\.\d{3} EUR$/m);
    expect(out).toMatch(/^plan +2026-06-21T12:00:00Z: cost \d+\.\d{3} EUR, no plan below \d+\.\d{3}, gap \d+\.\d\d %$/m);
    expect(out).toMatch(/^SLOT +GPUS +GPU\/h +SURPLUS\/MWh +GRID\/MWh +gCO2\/kWh$/m);
    const told = await json<ExplanationWire>('explain', id);
    expect(told).toMatchObject({ job: id, kind: 'planned', surplusPercent: 100, placement: { site: 'rhine' }, chosen: { chosen: true } });
  });
  test('of a stranger says which jobs there are', async () =>
    expect(sunward('explain', 'nobody')).rejects.toThrow('404: no job nobody; GET /v1/jobs lists them'));
});

describe('the plan', () => {
  test('is told with its costs, bound and moves; the list ends with them', async () => {
    const plan = (await (await fetch(`${api}/v1/plan`)).json()) as PlanWire;
    expect(plan).toMatchObject({
      moves: [],
      currency: 'EUR',
      costs: { gap: expect.any(Number), p90: expect.any(Number), expected: expect.any(Number) },
    });
    expect(plan.costs.lowerBound).toBeLessThanOrEqual(plan.costs.believed + 1e-9);
    expect((await sunward('list')).out).toMatch(/\nplan of 2026-06-21T12:00:00Z: cost \S+ EUR, no plan below \S+, gap \S+ %\n$/);
  });
  test('is told with the prices that cleared, a day of slots, null where there is nothing to price', async () => {
    const prices = (await (await fetch(`${api}/v1/prices`)).json()) as PricesWire;
    expect(prices).toMatchObject({ start: '2026-06-21T12:00:00Z', stepMs: SLOT });
    expect(prices.sites.map(({ site, models }) => [site, models.map(({ model }) => model)])).toEqual([
      ['rhine', ['A100']],
      ['thames', ['A100']],
    ]);
    for (const { surplusPricePerMwh, models } of prices.sites) {
      expect(surplusPricePerMwh.map((price) => price === null)).toEqual(Array.from({ length: 96 }, (_, slot) => slot < 24));
      for (const { pricePerAcceleratorHour } of models)
        expect(Math.min(...pricePerAcceleratorHour.map((price) => price ?? -1))).toBeGreaterThanOrEqual(0);
    }
  });
});
