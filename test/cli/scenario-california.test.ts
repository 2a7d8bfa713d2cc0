/**
 * The scenario of docs/grid-what-ifs.md on the public records of California: it runs as it is written.
 *
 * The records lie in `../shared/data` (or `SUNWARD_DATA`); without them this is skipped, except in CI.
 */
import { existsSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planCells } from '../../cli/cells.ts';
import { runnerOf } from '../fixtures/cells.ts';

const data = process.env['SUNWARD_DATA'] ?? '../shared/data';
const isThere = existsSync(data);
if (!isThere && process.env['CI'] === 'true') test('the public records are there', () => expect.fail(`no ${data}; SUNWARD_DATA names it`));

const [, example = ''] = /## In a scenario[\s\S]*?```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/grid-what-ifs.md', 'utf8')) ?? [];

/** Runs of the example with lines of it written over, beside the records it names. */
async function runsOf(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'california-'));
  for (const file of ['price-2020-21/US-CAL-CISO_electricity_prices_2020.csv.gz', 'regions-2019-21/CISO.csv.gz'])
    symlinkSync(resolve(data, file), join(folder, file.replace(/.*\//, '')));
  const file = join(folder, 'california.yaml');
  writeFileSync(file, text);
  const { cells, ...plan } = planCells(file, { clairvoyant: false, sweep: false });
  const runner = runnerOf(plan);
  const runs = [];
  for (const cell of cells) runs.push(await runner.run(cell));
  return runs;
}
/** More than takers of prices pay and emit, %, and how far from settled, as the document tells it. */
const told: Readonly<Record<string, { readonly money: number; readonly carbon: number; readonly residualMw: number }>> = {
  'run-now': { money: 1.0, carbon: 0.3, residualMw: 0 },
  planner: { money: 1.6, carbon: 0.5, residualMw: 36 },
};
const meanPrice = ({ truth, slots }: Awaited<ReturnType<typeof runsOf>>[number]['study']) =>
  truth.price.subarray(truth.lead, truth.lead + slots).reduce((sum, price) => sum + price, 0) / slots;

describe.skipIf(!isThere)(`the example of docs/grid-what-ifs.md${isThere ? '' : ` (no ${data}; SUNWARD_DATA names it)`}`, () => {
  test('runs as it is written: dearer and dirtier than for those who take prices as given, and obeys the call', async () => {
    const [makers, takers] = [await runsOf(example), await runsOf(example.replace('price_maker: true', ''))];
    expect(makers.map(({ run }) => run.policy)).toEqual(['run-now', 'planner']);
    makers.forEach(({ run, study }, at) => {
      const taker = takers[at] as (typeof takers)[number];
      expect(run.metrics.unplaced).toBe(0);
      const { money, carbon, residualMw } = told[run.policy] as (typeof told)[string];
      expect(100 * (run.metrics.money / taker.run.metrics.money - 1), run.policy).toBeCloseTo(money, 1);
      expect(100 * (run.metrics.locationKg / taker.run.metrics.locationKg - 1), run.policy).toBeCloseTo(carbon, 1);
      expect((run.convergence?.residualKw ?? Number.NaN) / 1_000).toBeCloseTo(residualMw, -1);
      expect(meanPrice(study)).toBeGreaterThan(meanPrice(taker.study));
      expect(run.convergence?.iterations).toBeGreaterThan(1);
      expect(Math.max(...run.accounts.slots.held.subarray(25, 28))).toBeLessThanOrEqual(360_000);
    });
  }, 120_000);
});
