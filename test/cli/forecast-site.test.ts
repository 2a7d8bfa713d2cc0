/** `sunward forecast SITE` and the API under it: what is believed, what was, what came of it, and what is refused. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import express from 'express';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { fanChart, fanOf } from '../../cli/fan.ts';
import { fanPlot } from '../../cli/fan-plot.ts';
import { addSiteForecast } from '../../cli/forecast-site.ts';
import { oracleApi } from '../../energy-oracle/api.ts';
import { emptyPage, judgedPage } from '../../energy-oracle/forecast/score/outlook-score.ts';
import type { Outlook, OutlookSlot, SlotFacts } from '../../energy-oracle/outlook.ts';
import { createMemorySeriesStore } from '../../energy-oracle/store/memory-series-store.ts';
import type { ForecastScoreWire, OutlookWire } from '../../energy-oracle/wire.ts';
import { manualClock } from '../../units/clock.ts';
import { DAY, HOUR, type Instant, type Interval, SLOT, slotsTouching, toIso } from '../../units/time.ts';
import { siteOf } from '../energy-oracle/telemetry/messages.ts';

const site = siteOf(1);
const midnight = Date.UTC(2026, 5, 21);
const now = midnight + 12 * HOUR;
const bell = (at: Instant) => Math.max(0, 40 * Math.sin((((at % DAY) / HOUR - 4) / 16) * Math.PI));

function outlookOf(issuedAt: Instant): Outlook {
  const slots = Array.from({ length: (4 * DAY) / SLOT }, (_, i): OutlookSlot => {
    const middle = bell(issuedAt + i * SLOT);
    return {
      surplusKw: { p10: 0.5 * middle, p50: middle, p90: 1.25 * middle },
      importPrice: { p10: -5, p50: 40, p90: 90 },
      carbonIntensity: i < 300 ? { p10: 200, p50: 300, p90: 350 } : undefined,
      marginalIntensity: undefined,
    };
  });
  const model = 'pooled-net@2026-06-20#abcd0123';
  const cold = { model: 'persistence-1', reason: 'no model has been trained yet' };
  const sources = { surplus: { model }, 'import-price': cold, 'carbon-intensity': cold };
  const notes = ['the load meter is not believed: stuck at 3 for 20 h'];
  const baseline = { start: issuedAt, stepMs: SLOT, cliper: slots.flatMap(() => [1, 2, 3]), repeated: slots.map(() => 2) };
  const id = `${site.id}@${toIso(issuedAt)}`;
  return { id, site: site.id, issuedAt, model, start: issuedAt, stepMs: SLOT, slots, sources, notes, baselines: { surplus: baseline } };
}
const factsOf = async (_site: string, interval: Interval): Promise<readonly SlotFacts[]> =>
  slotsTouching(interval).map((slot) => ({
    site: site.id,
    slot,
    surplusWh: Math.floor(0.9 * bell(slot) * 250),
    curtailedWh: undefined,
    importPrice: 42,
    carbonIntensity: undefined,
    marginalIntensity: undefined,
  }));

const store = createMemorySeriesStore();
for (const issuedAt of [now - 5 * DAY, now - DAY, now]) await store.putOutlook(outlookOf(issuedAt));
const page = judgedPage(emptyPage(site.id, '2026-06'), site, {
  leadDay: 0,
  outlooks: [outlookOf(now - 5 * DAY)],
  facts: await factsOf(site.id, { start: now - 5 * DAY, end: now - 4 * DAY }),
  until: now - 4 * DAY,
});
const view = { outlook: store.outlook, facts: factsOf };
const scores = async (asked?: string) => [page].filter(({ site }) => asked === undefined || site === asked);
const app = express()
  .get('/v1/status', (_request, response) => void response.json({ now: toIso(now) }))
  .use(oracleApi({ clock: manualClock(now), sites: [site, siteOf(2)], view, store, currency: 'EUR', scores }));
const server = app.listen(0);
const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const folder = mkdtempSync(join(tmpdir(), 'sunward-fan-'));
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});
afterEach(() => vi.restoreAllMocks());

const get = async (path: string) => {
  const response = await fetch(`${api}${path}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
async function run(...argv: string[]): Promise<string> {
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  const command = new Command('forecast').exitOverride();
  addSiteForecast(command);
  await command.parseAsync([...argv, '--api', api], { from: 'user' });
  vi.restoreAllMocks();
  return text;
}

describe('the outlook over HTTP', () => {
  test('says who answered for what, why nobody better did, and what was odd', async () => {
    const { body } = await get(`/v1/sites/${site.id}/outlook`);
    expect(body).toMatchObject({
      issuedAt: toIso(now),
      sources: {
        surplus: { model: 'pooled-net@2026-06-20#abcd0123', reason: null },
        'import-price': { model: 'persistence-1', reason: 'no model has been trained yet' },
      },
      notes: ['the load meter is not believed: stuck at 3 for 20 h'],
    });
    expect(body).not.toHaveProperty('happened');
  });

  test('is as it was issued by an instant, with what happened until now', async () => {
    const { body } = await get(`/v1/sites/${site.id}/outlook?asOf=${toIso(now - HOUR)}`);
    const { issuedAt, happened } = body as unknown as OutlookWire;
    expect(issuedAt).toBe(toIso(now - DAY));
    expect(happened).toHaveLength(DAY / SLOT);
    expect(happened?.[0]).toEqual({
      surplusKw: Math.floor(0.9 * bell(now - DAY) * 250) / 250,
      importPricePerMwh: 42,
      carbonIntensityGPerKwh: null,
    });
  });

  test.each([
    {
      name: 'an unknown site, with the sites there are',
      path: '/v1/sites/nowhere/outlook',
      status: 404,
      detail: 'no site nowhere; sites: site-1, site-2',
    },
    {
      name: 'a stamp without offset',
      path: '/v1/sites/site-1/outlook?asOf=2026-06-21T12:00',
      status: 400,
      detail: 'asOf: found 2026-06-21T12:00;',
    },
    {
      name: 'an instant before the first issue',
      path: '/v1/sites/site-1/outlook?asOf=2020-01-01T00:00Z',
      status: 404,
      detail: 'no outlook of site-1 was issued by 2020',
    },
    {
      name: 'scores of an unknown site',
      path: '/v1/forecast/score?site=nowhere',
      status: 404,
      detail: 'no site nowhere; sites: site-1, site-2',
    },
  ])('refuses $name', async ({ path, status, detail }) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(answer.body['detail']).toContain(detail);
  });

  test('comes with scores by lead day, of one site when asked', async () => {
    const all = (await get('/v1/forecast/score')).body as unknown as ForecastScoreWire[];
    const surplus = all.find(({ signal }) => signal === 'surplus');
    expect(surplus).toMatchObject({ site: 'site-1', model: 'pooled-net' });
    expect(surplus?.leadDays[0]?.issued.cov80).toBeGreaterThan(0.95);
    expect((await get('/v1/forecast/score?site=site-2')).body).toEqual([]);
  });
});

describe('the command', () => {
  test('prints who answered, notes, a fan and a row an hour', async () => {
    const text = await run(site.id, '--hours', '6');
    expect(text).toContain('site-1, issued at 2026-06-21T12:00:00Z');
    expect(text).toContain('import-price: persistence-1 (no model has been trained yet)');
    expect(text).toContain('note: the load meter is not believed');
    expect(text.match(/^2026-06-21T\d\d:00 .*$/gm)).toHaveLength(6);
    const [p10, p50, p90] = ['p10', 'p50', 'p90'].map((key) => fanOf(wire, 'surplus', 4).steps[0]?.[key as 'p10']);
    expect(text).toMatch(new RegExp(`^2026-06-21T12:00 +${p10?.toFixed(1)} +${p50?.toFixed(1)} +${p90?.toFixed(1)} `, 'm'));
    expect(text).not.toContain('HAPPENED');
  });

  test('shows what happened over what was believed', async () => {
    const text = await run(site.id, '--as-of', '2026-06-20T12:00Z');
    expect(text).toContain('HAPPENED');
    expect(text).toContain('● happened');
  });

  test('prints scores beside CLIPER and SN24, and plots the newest outlook that is over', async () => {
    const file = join(folder, 'fan.svg');
    const text = await run(site.id, '--score', '--plot', file);
    expect(text).toContain('issued at 2026-06-16T12:00:00Z');
    expect(text).toContain('site-1, surplus by pooled-net');
    expect(text).toMatch(/^day 1 +\d+ +[\d.]+ +[\d.]+ +[\d.]+ /m);
    expect(text).toMatch(/SN24/);
    const svg = readFileSync(file, 'utf8');
    for (const words of ['surplus, kW', 'import price, EUR/MWh', 'carbon intensity, gCO2eq/kWh', 'happened']) expect(svg).toContain(words);
  });

  test('prints JSON for programs', async () => {
    expect(JSON.parse(await run(site.id, '--json'))).toMatchObject({ site: 'site-1', issuedAt: toIso(now) });
    expect(JSON.parse(await run(site.id, '--score', '--json'))).toMatchObject({
      scores: [{ signal: 'import-price' }, { signal: 'surplus' }],
    });
  });

  test('says which sites there are', async () => {
    await expect(run('nowhere')).rejects.toThrow('404: no site nowhere; sites: site-1, site-2');
  });
});

const wire = (await (await fetch(`${api}/v1/sites/${site.id}/outlook?asOf=${toIso(now - DAY)}`)).json()) as OutlookWire;

describe('the fan of characters', () => {
  test('has a column an hour, its middle within its band, and what happened on top', () => {
    const lines = fanChart(fanOf(wire, 'surplus', 4)).split('\n');
    const cells = lines.filter((line) => line.includes('│')).map((line) => line.split('│')[1] as string);
    expect(Math.max(...cells.map((row) => row.length))).toBe(96);
    expect(cells.join('')).toMatch(/░.*─/s);
    const columnsWithTruth = new Set(cells.flatMap((row) => [...row].flatMap((cell, i) => (cell === '●' ? [i] : []))));
    expect(columnsWithTruth.size).toBe(24);
    expect(lines.at(-1)).toMatch(/06-21 +06-22 +06-23 +06-24/);
  });

  test('says so when nothing was said', () => {
    const silent = { ...wire, slots: wire.slots.map((slot) => ({ ...slot, surplusKw: null })), happened: [] };
    expect(fanChart(fanOf(silent, 'surplus'))).toBe('surplus: nothing was said of it');
  });
});

describe('the fan on paper', () => {
  test('breaks where nothing was said, escapes its title, and is the same for the same outlook', () => {
    const fans = [fanOf(wire, 'carbon-intensity')];
    const svg = fanPlot('a <b> & "c"', fans);
    expect(svg).toContain('a &#60;b&#62; &#38; &#34;c&#34;');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(svg.match(/<polygon/g)).toHaveLength(1);
    const [first] = svg.match(/<polygon points="[^"]+"/g) as string[];
    expect((first as string).split(' ').length - 1).toBe(2 * 300);
    expect(fanPlot('a <b> & "c"', fans)).toBe(svg);
  });

  test('draws a fan that stands still, and one of nothing', () => {
    const still = { ...wire, slots: wire.slots.map((slot) => ({ ...slot, importPricePerMwh: { p10: 0, p50: 0, p90: 0 } })), happened: [] };
    const none = { ...wire, slots: [], happened: [] };
    for (const outlook of [still, none]) expect(fanPlot('x', [fanOf(outlook, 'import-price')])).not.toMatch(/NaN|undefined|Infinity/);
  });
});
