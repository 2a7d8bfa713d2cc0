/** Generation mix: read from a record, with its gaps and slips. */
import { describe, expect, test } from 'vitest';
import { demandMw, generationMw, importGenerationMix, recordWithin, sourcesOf } from '../../../simulator/grid/generation-mix.ts';
import { hourAt, hours } from './zones.ts';

const record = [
  't_utc,ci_direct,ci_lifecycle,coal,nat_gas,unknown,other,solar,gfs_wspd,net_import',
  '2022-06-06T00:00Z,400,450,100,200,1,2,0,3.1,-50',
  '2022-06-06T01:00Z,410,,100,210,1,2,0,3.1,-40',
  '2022-06-06T03:00Z,420,470,-3,220,1,2,50,3.1,30',
].join('\n');

describe('a generation mix', () => {
  const { mix, carbon } = importGenerationMix(record);
  test('has a source for every column that names one, and none for weather or carbon', () =>
    expect(sourcesOf(mix)).toEqual(['coal', 'gas', 'solar', 'other']));
  test('adds up what is other and what is unknown', () => expect([...(mix.bySource.other ?? [])]).toEqual([3, 3, Number.NaN, 3]));
  test('generates nothing where a meter says less', () => expect(mix.bySource.coal?.[3]).toBe(0));
  test('is a gap in an hour without a row, and so is its total', () => {
    expect([...generationMw(mix)]).toEqual([303, 313, Number.NaN, 273]);
    expect([...demandMw(mix)]).toEqual([253, 273, Number.NaN, 303]);
  });
  test('comes with the carbon of the asked factors, as the record tells it', () => {
    expect([...carbon]).toEqual([450, Number.NaN, Number.NaN, 470]);
    expect([...importGenerationMix(record, { basis: 'direct' }).carbon]).toEqual([400, 410, Number.NaN, 420]);
  });
  test('begins an hour earlier where stamps end their hour', () =>
    expect([mix.start, importGenerationMix(record, { isStampedAtEnd: true }).mix.start]).toEqual([hourAt(0), hourAt(-1)]));
  test('takes a slip of the pen for a gap', () => {
    const rows = Array.from({ length: 40 }, (_, h) => `2022-06-06T${String(h % 24).padStart(2, '0')}:00Z,${h === 7 ? 9_000 : 100}`);
    expect(importGenerationMix(['t_utc,coal', ...rows.slice(0, 24)].join('\n')).mix.bySource.coal?.[7]).toBeNaN();
  });
  test('is cut to whole hours of an interval', () => {
    const part = recordWithin({ mix, carbon }, { start: hourAt(0.5), end: hourAt(9) });
    expect([part.mix.start, part.mix.count, ...(part.mix.netImportMw ?? []), part.carbon[2]]).toEqual([
      hourAt(1),
      3,
      -40,
      Number.NaN,
      30,
      470,
    ]);
    expect(recordWithin({ mix, carbon }, hours(20, 30)).mix.count).toBe(0);
  });
  test('is refused where no column is a source', () =>
    expect(() => importGenerationMix('t_utc,ci_direct\n2022-06-06T00:00Z,1')).toThrow(
      /a column such as coal, nat_gas or wind; found ci_direct/,
    ));
});
