/** The chart of starts on a signal: what is drawn, and what is not. */
import { describe, expect, test } from 'vitest';
import { wide } from '../../../simulator/report/frame.ts';
import { startChart } from '../../../simulator/report/start-chart.ts';
import { HOUR } from '../../../units/time.ts';

const at = [0, 1, 2, 3].map((hour) => Date.UTC(2023, 5, 12) + hour * HOUR);
const given = { title: 'price', at, y: { label: 'EUR/MWh' }, low: [10, 20, undefined, 30], high: [50, 40, undefined, 60] };
const dots = (svg: string) =>
  [...svg.matchAll(/stroke-width="([\d.]+)"[^>]*><title>([^<]*)/g)].map(([, width, words]) => `${width}: ${words}`);

describe('a chart of starts', () => {
  test('draws larger dots for more jobs, and says how many', () => {
    const starts = [
      { place: 0, value: 50, jobs: 1 },
      { place: 1, value: 20, jobs: 3 },
      { place: 1, value: 40, jobs: 9 },
      { place: 3, value: 60, jobs: 10 },
    ];
    expect(dots(startChart({ ...given, starts }, wide))).toEqual([
      '3.5: 1 or 2 jobs start at once: 1 jobs, EUR/MWh 50.0 on average',
      '6: 3 to 9 at once: 12 jobs, EUR/MWh 35.0 on average',
      '9: 10 or more at once: 10 jobs, EUR/MWh 60.0 on average',
    ]);
  });

  test('breaks its band at a gap', () => expect(startChart({ ...given, starts: [] }, wide).match(/fill-opacity="0.3"/g)).toHaveLength(2));

  test('needs a low and a high for every place', () =>
    expect(() => startChart({ ...given, low: [1], starts: [] }, wide)).toThrow('price needs 4 lows and highs'));
});
