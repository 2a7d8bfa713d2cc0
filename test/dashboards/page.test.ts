/**
 * The page in a real browser, against the stub: it shows the numbers it is given, says what it lacks, and asks nobody else.
 *
 * Builds nothing: `npm run page` first. The same page against a running river is another test.
 */
import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ApiStub, createApiStub } from '../fixtures/api-stub.ts';
import { chromiumMissing, hasChromium, type OpenPage, openPage } from '../fixtures/browser.ts';

const PATIENCE_MS = 60_000;
const mustRun = process.env['CI'] === 'true';
if (!hasChromium() && !mustRun) console.warn(`the page is not tested: ${chromiumMissing}`);

describe.skipIf(!hasChromium() && !mustRun)('the page', { timeout: PATIENCE_MS }, () => {
  let stub: ApiStub;
  let open: OpenPage | undefined;
  const text = (testId: string) => open?.page.getByTestId(testId).first().textContent();

  beforeAll(async () => {
    if (!hasChromium()) throw new Error(chromiumMissing);
    if (!existsSync('dashboards/dist/index.html')) throw new Error('dashboards/dist is missing: npm run page');
    stub = await createApiStub();
  });
  afterEach(async () => {
    await open?.close();
    open = undefined;
    stub.answerWith(200);
  });
  afterAll(() => stub?.close());

  test('shows the numbers it was given, and each part of the river', async () => {
    open = await openPage(stub.url);
    const { page } = open;
    await page.getByTestId('job-row').first().waitFor();
    await page.getByTestId('event-row').first().waitFor();
    await page.getByTestId('outlook-sentence').waitFor();
    expect(await text('virtual-now')).toBe('09:45 Fri, 18 Jun 2021 UTC');
    expect(await text('speed')).toBe('600× time');
    expect(await text('connection')).toBe('live');
    expect(await text('carbon-saved')).toBe('64 %');
    expect(await text('carbon-saved-actual')).toBe('9.18 kg CO₂e');
    expect(await text('cost-saved')).toBe('40 %');
    expect(await text('surplus-share')).toBe('72 %');
    expect(await text('claimed-total')).toBe('48.3');
    expect(await text('readings-quarantined')).toBe('8');
    expect(await page.getByTestId('site-row').count()).toBe(6);
    expect(await page.getByTestId('map-site').count()).toBe(6);
    expect(await page.getByTestId('part-row').count()).toBe(5);
    expect(await text('jobs-running')).toContain('3');
  });

  test('shows a dash, never a zero, for a site without a verified slot', async () => {
    open = await openPage(stub.url);
    const unknown = open.page.locator('[data-testid=site-row][data-site=adelaide]');
    const none = open.page.locator('[data-testid=site-row][data-site=austin]');
    expect(await unknown.getByTestId('site-surplus').textContent()).toBe('–');
    expect(await none.getByTestId('site-surplus').textContent()).toBe('0');
  });

  test('changes the outlook with the site, by the keyboard on the map too', async () => {
    open = await openPage(stub.url);
    const { page } = open;
    await page.getByRole('heading', { name: 'Outlook for Almería' }).waitFor();
    await page.locator('[data-testid=map-site][data-site=leipzig]').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Outlook for Leipzig' }).waitFor();
    await page.getByTestId('outlook-sentence').waitFor();
    await page.getByText('The same as a table').click();
    expect(await page.getByRole('region', { name: 'Outlook by slot' }).getByRole('row').count()).toBe(1 + 144);
  });

  test('says when a site has no outlook yet, and does not call it a fault', async () => {
    open = await openPage(stub.url);
    const { page } = open;
    await page.locator('[data-testid=site-row][data-site=adelaide]').getByRole('button').click();
    await page.getByText('No outlook was issued yet.').waitFor();
    expect(await page.getByTestId('stale').count()).toBe(0);
  });

  test('opens the receipts of a job, and Escape gives the page back', async () => {
    open = await openPage(stub.url);
    const { page } = open;
    await page.getByRole('button', { name: /train-bert-base mira/ }).click();
    await page.getByTestId('receipts').waitFor();
    expect(await page.getByTestId('receipt-row').count()).toBe(6); // 08:15 to 09:45
    expect(await page.getByTestId('receipts').locator('tfoot').textContent()).toContain('5.13 kWh'); // 842 + 860 + 859 + 858 + 857 + 856 Wh
    await page.keyboard.press('Escape');
    await page.getByTestId('job-details').waitFor({ state: 'detached' });
  });

  test('puts a new event first, and holds still while paused', async () => {
    open = await openPage(stub.url);
    const { page } = open;
    await page.getByTestId('event-row').first().waitFor();
    stub.emit({ id: 900_000, at: '2021-06-18T12:00:00Z', kind: 'system', text: 'the newest of all' });
    await expect.poll(() => text('event-row'), { timeout: 5_000 }).toContain('the newest of all');
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    stub.emit({ id: 900_001, at: '2021-06-18T12:01:00Z', kind: 'system', text: 'newer still' });
    await page.getByRole('button', { name: /Resume \(\d+ new\)/ }).waitFor();
    expect(await text('event-row')).toContain('the newest of all');
  });

  test('keeps the last known numbers and says so when the river cannot be reached', async () => {
    open = await openPage(stub.url);
    await open.page.getByTestId('job-row').first().waitFor();
    await expect.poll(() => text('carbon-saved')).toBe('64 %');
    stub.answerWith(503);
    await open.page.getByTestId('stale').waitFor();
    expect(await text('stale')).toContain('503');
    expect(await text('carbon-saved')).toBe('64 %');
    stub.answerWith(200);
    await open.page.getByTestId('stale').waitFor({ state: 'detached' });
  });

  test('invents nothing for a river that has only begun', async () => {
    const young = await createApiStub({ empty: true });
    try {
      open = await openPage(young.url);
      await open.page.getByText('No site is enrolled yet.').waitFor();
      await open.page.getByText(/No job was submitted yet/).waitFor();
      expect(await text('carbon-saved')).toBe('–');
      expect(await text('surplus-share')).toBe('–');
      expect(await text('deadlines-met')).toBe('–');
      expect(await text('claimed-total')).toBe('0');
    } finally {
      await young.close();
    }
  });

  test.each([360, 390, 820, 1440])('fits a window of %i px, asks no other host and logs no error', async (width) => {
    open = await openPage(stub.url, { viewport: { width, height: 800 } });
    const { page, requested, faults } = open;
    await page.getByTestId('job-row').first().waitFor();
    await page.getByTestId('outlook-sentence').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(requested.filter((url) => !url.startsWith(stub.url) && !url.startsWith('data:'))).toEqual([]);
    expect(requested.length).toBeGreaterThan(5);
    expect(faults).toEqual([]);
  });
});
