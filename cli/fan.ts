/**
 * Fan: one signal of an outlook as numbers to draw, and as a small picture of characters.
 *
 * Owns what is shown of P10, P50, P90 and of what happened; the picture on paper is `fan-plot.ts`. A gap is `undefined`
 * and leaves its column empty.
 */
import type { OutlookWire, SignalWire } from '../energy-oracle/wire.ts';
import { type Instant, toIso } from '../units/time.ts';

export interface FanStep {
  readonly at: Instant;
  readonly p10: number | undefined;
  readonly p50: number | undefined;
  readonly p90: number | undefined;
  readonly happened: number | undefined;
}

export interface Fan {
  readonly title: string;
  readonly unit: string;
  readonly stepMs: number;
  readonly steps: readonly FanStep[];
}

const fields = {
  surplus: { key: 'surplusKw', title: 'surplus', unit: () => 'kW' },
  'import-price': { key: 'importPricePerMwh', title: 'import price', unit: (currency: string) => `${currency}/MWh` },
  'carbon-intensity': { key: 'carbonIntensityGPerKwh', title: 'carbon intensity', unit: () => 'gCO2eq/kWh' },
} as const;

export const fanSignals = Object.keys(fields) as readonly SignalWire[];

/** A signal of an outlook on steps of `slotsPerStep` slots: means of their quantiles, and of what happened when all is known. */
export function fanOf(outlook: OutlookWire, signal: SignalWire, slotsPerStep = 1): Fan {
  const { key, title, unit } = fields[signal];
  const { start, stepMs, slots, happened = [], currency } = outlook;
  const begin = Date.parse(start);
  const steps = Array.from({ length: Math.ceil(slots.length / slotsPerStep) }, (_, i): FanStep => {
    const own = slots.slice(i * slotsPerStep, (i + 1) * slotsPerStep);
    const part = (level: 'p10' | 'p50' | 'p90') => mean(own.map((slot) => slot[key]?.[level]));
    return {
      at: begin + i * slotsPerStep * stepMs,
      p10: part('p10'),
      p50: part('p50'),
      p90: part('p90'),
      happened: mean(own.map((_, k) => happened[i * slotsPerStep + k]?.[key])),
    };
  });
  return { title, unit: unit(currency), stepMs: slotsPerStep * stepMs, steps };
}

function mean(values: readonly (number | null | undefined)[]): number | undefined {
  let sum = 0;
  for (const value of values) {
    if (value === undefined || value === null) return undefined;
    sum += value;
  }
  return values.length > 0 ? sum / values.length : undefined;
}

/** Least and most of all that is drawn; a unit apart when they are one; `undefined` when nothing is. */
export function spanOfFan({ steps }: Fan): { readonly low: number; readonly high: number } | undefined {
  const values = steps.flatMap(({ p10, p50, p90, happened }) => [p10, p50, p90, happened]).filter((value) => value !== undefined);
  if (values.length === 0) return undefined;
  const low = Math.min(0, ...values);
  const high = Math.max(...values);
  return high > low ? { low, high } : { low, high: low + 1 };
}

const rows = 9;
const columnsMax = 96;

/** The fan as lines of characters: ░ from P10 to P90, ─ the P50, ● what happened; one column a step. */
export function fanChart(fan: Fan): string {
  const span = spanOfFan(fan);
  if (!span) return `${fan.title}: nothing was said of it`;
  const steps = fan.steps.slice(0, columnsMax);
  const rowOf = (value: number) => Math.min(rows - 1, Math.max(0, Math.floor(((value - span.low) / (span.high - span.low)) * rows)));
  const label = (row: number) => shown(span.low + ((row + 0.5) / rows) * (span.high - span.low));
  const width = Math.max(...Array.from({ length: rows }, (_, row) => label(row).length));
  const lines = Array.from({ length: rows }, (_, k) => {
    const row = rows - 1 - k;
    const cells = steps.map(({ p10, p50, p90, happened }) => {
      if (happened !== undefined && rowOf(happened) === row) return '●';
      if (p50 !== undefined && rowOf(p50) === row) return '─';
      return p10 !== undefined && p90 !== undefined && rowOf(p10) <= row && row <= rowOf(p90) ? '░' : ' ';
    });
    return `${label(row).padStart(width)} │${cells.join('')}`.trimEnd();
  });
  const legend = `░ P10 to P90  ─ P50${steps.some(({ happened }) => happened !== undefined) ? '  ● happened' : ''}`;
  return [`${fan.title}, ${fan.unit}   ${legend}`, ...lines, ...timeAxis(fan, steps, width)].join('\n');
}

/** A tick at every midnight, with its day. */
function timeAxis({ stepMs }: Fan, steps: readonly FanStep[], width: number): string[] {
  const ticks = steps.map(({ at }) => (at % 86_400_000 < stepMs ? '┬' : '─'));
  const days = [...' '.repeat(steps.length + 6)];
  for (const [i, { at }] of steps.entries()) if (ticks[i] === '┬') days.splice(i, 5, ...toIso(at).slice(5, 10));
  return [`${' '.repeat(width)} └${ticks.join('')}`, `${' '.repeat(width + 2)}${days.join('')}`.trimEnd()];
}

/** Three significant digits, at most one decimal place. */
const shown = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1));
