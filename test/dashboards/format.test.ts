/**
 * The words for numbers on the page, as a reader sees them.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as format from '../../dashboards/format.ts';

describe('a figure on the page', () => {
  test.each([
    ['power under 100 kW with a decimal', format.formatKw(41.66), '41.7'],
    ['power above 100 kW whole', format.formatKw(286.4), '286'],
    ['a true minus sign', format.formatNumber(-3.4, 1), '−3.4'],
    ['no minus before a rounded zero', format.formatNumber(-0.04, 1), '0'],
    ['little energy in Wh', format.formatWh(851), '851 Wh'],
    ['energy in kWh', format.formatWh(61_420), '61.4 kWh'],
    ['much energy in MWh', format.formatWh(2_204_000), '2.2 MWh'],
    ['carbon in g', format.formatGrams(410), '410 g'],
    ['carbon in kg', format.formatGrams(9_184), '9.18 kg'],
    ['carbon in t', format.formatGrams(12_300_000), '12.3 t'],
    ['money with cents', format.formatMoney(6.014, 'EUR'), '€6.01'],
    ['fractions of a cent where they matter', format.formatMoney(0.0032, 'EUR'), '€0.0032'],
    ['money earned by drawing', format.formatMoney(-2.5, 'EUR'), '−€2.50'],
    ['money without a known currency', format.formatMoney(2.5, 'credits'), '2.5 credits'],
    ['a change to less', format.formatChange(0.62), '−62 %'],
    ['a change to more', format.formatChange(-0.08), '+8 %'],
    ['no change', format.formatChange(0.001), '±0 %'],
    ['nearly all is not all', format.formatShare(0.999), '>99 %'],
    ['nearly none is not none', format.formatShare(0.004), '<1 %'],
    ['tokens from base units', format.formatTokens('61420000000000000000', 18), '61.42'],
    ['tokens rounded down', format.formatTokens('1999999999999999999', 18), '1.9999'],
    ['tokens without decimals', format.formatTokens('12345', 0), '12,345'],
    ['an instant in UTC', format.formatMoment('2021-06-18T09:45:00Z'), '18 Jun 09:45'],
    ['a window within a day', format.formatWindow('2021-06-18T09:45:00Z', '2021-06-18T11:00:00Z'), '18 Jun 09:45–11:00'],
    ['a window over midnight', format.formatWindow('2021-06-18T23:15:00Z', '2021-06-19T07:15:00Z'), '18 Jun 23:15–19 Jun 07:15'],
    ['an open window', format.formatWindow('2021-06-18T23:15:00Z', null), '18 Jun 23:15–…'],
    ['midnight as 00', format.formatClock('2021-06-18T00:00:00Z'), '00:00'],
    ['a duration', format.formatDuration(8_100_000), '2 h 15 min'],
    ['a speed', format.formatSpeed(600), '600× time'],
    ['an address', format.shortened('0x5FbDB2315678afecb367f032d93F642f64180aa3'), '0x5FbD…0aa3'],
  ])('reads well: %s', (_, found, wanted) => expect(found).toBe(wanted));

  test('is a dash, never a zero, when it is not known', () => {
    const formats = [
      format.formatKw,
      format.formatNumber,
      format.formatWh,
      format.formatGrams,
      format.formatShare,
      format.formatChange,
      format.formatDuration,
      format.formatSpeed,
      (value: number | null | undefined) => format.formatMoney(value, 'EUR'),
    ];
    for (const one of formats) for (const unknown of [null, undefined, Number.NaN]) expect(one(unknown)).toBe(format.MISSING);
    for (const one of [format.formatMoment, format.formatDay, format.formatClock, format.formatSeconds])
      expect(one('soon')).toBe(format.MISSING);
    expect(format.formatTokens('1.5', 18)).toBe(format.MISSING);
    expect(format.formatWindow(null, null)).toBe(format.MISSING);
  });

  test('compares with nothing when there is nothing to compare with', () => {
    expect(format.savedShare(5, 0)).toBeUndefined();
    expect(format.savedShare(5, -3)).toBeUndefined();
    expect(format.savedShare(null, 3)).toBeUndefined();
    expect(format.savedShare(4, 3)).toBeCloseTo(-1 / 3);
  });

  test('never promises a token more than there is', () =>
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 24n }), (amount) => {
        const shown = format.formatTokens(`${amount}`, 18).replaceAll(',', '').split('.');
        const back = BigInt(shown[0] ?? '') * 10n ** 18n + BigInt((shown[1] ?? '').padEnd(18, '0'));
        expect(back <= amount && amount - back < 10n ** 14n).toBe(true);
      }),
    ));
});
