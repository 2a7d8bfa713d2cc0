/**
 * Takes pictures of the page: wide and narrow, light and dark, and one of a job's details.
 *
 * Run by hand: `npx tsx test/make/screenshot.ts [url] [folder]`. Without an address it serves the stub, whose numbers are
 * invented, so such pictures are for looking at the page only.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createApiStub } from '../fixtures/api-stub.ts';
import { openPage } from '../fixtures/browser.ts';

const SETTLE_MS = 1_500;
const sizes = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };

async function takePictures(url: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, faults, close } = await openPage(url, { viewport, colorScheme });
      await page.getByTestId('job-row').first().waitFor();
      await page.waitForTimeout(SETTLE_MS);
      await page.screenshot({ path: join(folder, `${size}-${colorScheme}.png`), fullPage: true });
      await page.getByTestId('job-row').first().getByRole('button').click();
      await page
        .getByTestId('receipts')
        .waitFor({ timeout: 3_000 })
        .catch(() => undefined);
      await page.screenshot({ path: join(folder, `${size}-${colorScheme}-job.png`) });
      await close();
      process.stdout.write(`${size}-${colorScheme}${faults.length > 0 ? `: ${faults.join('; ')}` : ''}\n`);
    }
  }
}

const [url, folder = '.sunward/pictures'] = process.argv.slice(2);
if (url) await takePictures(url, folder);
else {
  const stub = await createApiStub();
  try {
    await takePictures(stub.url, folder);
  } finally {
    await stub.close();
  }
}
