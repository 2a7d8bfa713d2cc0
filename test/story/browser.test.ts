/**
 * The page against the real river: what it shows comes from metered, booked and paid work, and it moves.
 *
 * Six sites, example jobs as processes, a fast clock. The page against fixed numbers is `test/dashboards/page.test.ts`.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumMissing, hasChromium, type OpenPage, openPage } from '../fixtures/browser.ts';
import { dataFolder, type LiveRiver, startRiver, untilGone } from '../fixtures/river.ts';

const patienceMs = 120_000;
const mustRun = process.env['CI'] === 'true';
if (!hasChromium() && !mustRun) console.warn(`the live page is not tested: ${chromiumMissing}`);

describe.skipIf(!hasChromium() && !mustRun)('the page of a live river', { timeout: patienceMs }, () => {
  const data = dataFolder();
  let river: LiveRiver;
  let open: OpenPage;
  const text = async (testId: string) => (await open.page.getByTestId(testId).first().textContent()) ?? '';
  const numberIn = async (testId: string) => Number((await text(testId)).replace(/[^\d.-]/g, ''));
  /** Waits until a number on the page is above `floor`; the number. */
  const above = async (testId: string, floor: number) => {
    for (;;) {
      const number = await numberIn(testId);
      if (number > floor) return number;
      await sleep(100); // the test's own limit ends it
    }
  };

  beforeAll(async () => {
    if (!hasChromium()) throw new Error(chromiumMissing);
    if (!existsSync('dashboards/dist/index.html')) throw new Error('dashboards/dist is missing: npm run page');
    river = await startRiver({ folder: data.path, speed: 3_000 });
    while (!(await fetch(`${river.url}/v1/sites/eu-rhine/outlook`)).ok) await sleep(100); // the first is issued after an hour of the river
    open = await openPage(river.url);
  }, patienceMs);
  afterAll(async () => {
    await open?.close();
    const family = river?.family() ?? [];
    await river?.interrupt();
    await untilGone(family, data.path, 10_000);
    data.remove();
  }, 30_000);

  test('names six sites and the parts it runs on', async () => {
    await open.page.getByTestId('site-row').nth(5).waitFor();
    await open.page.getByTestId('part-row').nth(3).waitFor();
    expect(await text('connection')).toBe('live');
    expect(await text('speed')).toContain('3,000');
  });

  test('shows a clock that goes on and readings that grow', async () => {
    const before = await text('virtual-now');
    const readings = await above('readings-accepted', 0);
    expect(await above('readings-accepted', readings)).toBeGreaterThan(readings);
    while ((await text('virtual-now')) === before) await sleep(100);
  });

  test('shows a job from its submission to its end, and tells of it in the events', async () => {
    const id = await river.submit({ name: 'seen-on-the-page', run: 'sleep 0.2', max_duration: '30m', policy: { deadline: '+20h' } });
    const row = open.page.locator(`[data-testid=job-row][data-job="${id}"]`);
    await row.waitFor();
    await open.page.locator(`[data-testid=job-row][data-job="${id}"][data-state=SUCCEEDED]`).waitFor({ timeout: patienceMs - 10_000 });
    expect(await above('jobs-succeeded', 0)).toBeGreaterThan(0);
  });

  test('shows energy, a ledger that sums to zero, and payments, as the API has them', async () => {
    await above('periods', 0);
    const paid = await above('claimed-total', 0);
    expect(await text('ledger-balance')).toContain('sums to zero');
    const { settlement, ledger, readings } = await river.summary();
    expect(ledger.balanced).toBe(true);
    expect(settlement.claimed).toBeGreaterThanOrEqual(paid);
    expect(readings.quarantined).toEqual({});
    expect(await text('readings-quarantined')).toBe('0');
  });

  test('has no fault of its own and asks nobody but the river', () => {
    expect(open.faults).toEqual([]);
    expect(open.requested.filter((address) => !address.startsWith(river.url) && !address.startsWith('data:'))).toEqual([]);
  });
});
