/** Which slots teach a forecaster nothing: those in which the inverter was held back. */
import { describe, expect, test } from 'vitest';
import { isThrottled } from '../../../energy-oracle/grid/curtailment.ts';
import { siteOf } from '../telemetry/messages.ts';

const site = siteOf(1); // 100 kW of panels, 60 kW may be exported
const slot = { pvKw: 40, loadKw: 5, clearSkyKw: 80, importPrice: 70 };

describe('a meter was throttled', () => {
  test.each([
    { name: 'when net power stood at the export limit', changes: { pvKw: 65 }, want: true },
    { name: 'when it stood just below it', changes: { pvKw: 64 }, want: true },
    { name: 'not when it went beyond: nothing held it', changes: { pvKw: 75 }, want: false },
    { name: 'not below the limit', changes: { pvKw: 50 }, want: false },
    { name: 'when importing paid and it made no more than the load', changes: { importPrice: -5, pvKw: 5.5 }, want: true },
    { name: 'when importing paid and it was off by day', changes: { importPrice: -5, pvKw: 0 }, want: true },
    { name: 'not when importing paid and it exported all the same', changes: { importPrice: -5 }, want: false },
    { name: 'not in the dark, where there is nothing to hold back', changes: { importPrice: -5, pvKw: 0, clearSkyKw: 1 }, want: false },
    { name: 'not when the price is not known', changes: { importPrice: undefined, pvKw: 5 }, want: false },
  ])('$name', ({ changes, want }) => expect(isThrottled(site, { ...slot, ...changes })).toBe(want));
});
