/** `sunward oracle verdicts SITE` and the API under it: what was certified, what was not and why, and what is refused. */
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { oracleCommand } from '../../cli/oracle.ts';
import type { SlotFacts, SlotVerdict } from '../../energy-oracle/outlook.ts';
import { verdictApi } from '../../energy-oracle/verdict/api.ts';
import { createMemoryVerdictStore } from '../../energy-oracle/verdict/verdict-store.ts';
import type { VerdictWire } from '../../energy-oracle/wire.ts';
import { manualClock } from '../../units/clock.ts';
import { HOUR, type Instant, type Interval, SLOT, slotsTouching, toIso } from '../../units/time.ts';
import { noon, siteOf } from '../energy-oracle/telemetry/messages.ts';

const site = siteOf(1);
const night: SlotVerdict = {
  kind: 'refused',
  ceilingWh: 0,
  isThrottled: false,
  reasons: [{ reason: 'night', found: 400, allowed: 3, unit: 'Wh', detail: '400 Wh of PV at night' }],
};
const day = (certifiedWh: number): SlotVerdict => ({
  kind: 'certified',
  certifiedWh,
  verifiedPvWh: 900,
  ceilingWh: 2_000,
  isThrottled: true,
});
/** The last slot but one is a lie, the others of the last hour certify, before it nothing was to be had. */
const verdictOf = (slot: Instant): SlotVerdict => (slot === noon - 2 * SLOT ? night : day(slot >= noon - HOUR ? 700 : 0));
const facts = async (id: string, interval: Interval): Promise<readonly SlotFacts[]> =>
  slotsTouching(interval).map((slot) => ({
    site: id,
    slot,
    surplusWh: undefined,
    verdict: verdictOf(slot),
    curtailedWh: undefined,
    importPrice: undefined,
    carbonIntensity: undefined,
    marginalIntensity: undefined,
  }));
const store = createMemoryVerdictStore();
await store.put([{ site: site.id, slot: noon - HOUR, judgedAt: noon - SLOT, verdict: day(699) }]);
const server = express()
  .use(verdictApi({ clock: manualClock(noon + 1), sites: [site], facts, kept: store.verdicts }))
  .listen(0);
const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
afterAll(() => void server.close());
afterEach(() => vi.restoreAllMocks());

async function told(...args: readonly string[]): Promise<string> {
  const out: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
  await oracleCommand(() => new AbortController().signal).parseAsync(['verdicts', ...args, '--api', api], { from: 'user' });
  return out.join('');
}
const get = async (query: string): Promise<readonly [number, unknown]> => {
  const response = await fetch(`${api}/v1/sites/${site.id}/verdicts${query}`);
  return [response.status, await response.json()];
};

describe('sunward oracle verdicts', () => {
  test('shows the slots that say something as a table, with counts by reason', async () =>
    expect(await told(site.id)).toBe(`SLOT (UTC)        VERDICT               CERTIFIED Wh  CEILING Wh  WHY
────────────────  ────────────────────  ────────────  ──────────  ────────────────────────────
2026-06-21T11:00  certified, throttled           700        2000
2026-06-21T11:15  certified, throttled           700        2000
2026-06-21T11:30  refused                          –           0  night: 400 Wh of PV at night
2026-06-21T11:45  certified, throttled           700        2000

site-1: 96 slots, 2100 Wh certified
           SLOTS
─────────  ─────
refused        1
certified     95
  night        1
`));

  test('prints the same as JSON', async () => {
    const verdicts = JSON.parse(await told(site.id, '--json')) as VerdictWire[];
    expect(verdicts).toHaveLength(96);
    expect(verdicts.at(-2)).toEqual({
      slot: toIso(noon - 2 * SLOT),
      verdict: 'refused',
      judgedAt: null,
      certifiedWh: null,
      ceilingWh: 0,
      throttled: false,
      reasons: [{ reason: 'night', found: 400, allowed: 3, unit: 'Wh', detail: '400 Wh of PV at night' }],
    });
  });

  test('lists every slot when asked to', async () => expect((await told(site.id, '--all')).match(/^2026-06-2.*$/gm)).toHaveLength(96));

  test('shows what was kept by an instant, and says when nothing was', async () => {
    const kept = JSON.parse(await told(site.id, '--as-of', toIso(noon), '--json')) as VerdictWire[];
    expect(kept).toMatchObject([{ slot: toIso(noon - HOUR), certifiedWh: 699, judgedAt: toIso(noon - SLOT) }]);
    expect(await told(site.id, '--as-of', toIso(noon - HOUR))).toBe('site-1: nothing was judged in that time.\n');
  });

  test('says what went wrong for a site that nobody knows', async () => await expect(told('mars')).rejects.toThrow('no site mars'));
});

describe('GET /v1/sites/:id/verdicts', () => {
  test('answers for the interval that was asked for, up to now', async () => {
    const [status, answer] = await get(`?start=${toIso(noon - 2 * HOUR)}&end=${toIso(noon + HOUR)}`);
    const verdicts = answer as VerdictWire[];
    expect([status, verdicts.length, verdicts[0]?.slot]).toEqual([200, 8, toIso(noon - 2 * HOUR)]);
  });

  test.each([
    { name: 'an instant that is none', query: '?start=yesterday', detail: /start: found yesterday; allowed: RFC 3339/ },
    { name: 'an end before its start', query: `?start=${toIso(noon)}&end=${toIso(noon - HOUR)}`, detail: /must lie before end/ },
    { name: 'more than a month', query: '?start=2026-01-01T00:00Z', detail: /at most 31/ },
  ])('refuses $name', async ({ query, detail }) => {
    const [status, answer] = await get(query);
    expect(status).toBe(400);
    expect(answer).toMatchObject({ detail: expect.stringMatching(detail) });
  });

  test('tells nothing of a load', async () => expect(JSON.stringify((await get(''))[1])).not.toMatch(/load/i));
});
