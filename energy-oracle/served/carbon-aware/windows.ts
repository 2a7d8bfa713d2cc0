/**
 * Windows: rolling means over a forecast and the best of them, as the Carbon Aware SDK takes them.
 *
 * A window starts at each point of the forecast, within the asked bounds, and counts only where the forecast covers it
 * whole. The best windows are all that share the least mean.
 */
import type { Instant, Interval } from '../../../units/time.ts';

export interface WindowPoint extends Interval {
  readonly value: number;
}

/**
 * Means over windows of `windowMs` that start every step from `bounds.start` on and end within the bounds; without a
 * window the points themselves. Points are in order; a gap between two ends every window across it. O(points).
 */
export function rollingMeans(points: readonly WindowPoint[], bounds: Interval, windowMs: number | undefined): readonly WindowPoint[] {
  const within = points.filter(({ start, end }) => end > bounds.start && start < bounds.end);
  const first = within[0];
  if (windowMs === undefined || first === undefined) return within;
  const stepMs = first.end - first.start;
  const energy = integral(within);
  const means: WindowPoint[] = [];
  for (let start = Math.max(bounds.start, first.start); start + windowMs <= bounds.end; start += stepMs) {
    const end = start + windowMs;
    const [before, after] = [energy(start), energy(end)];
    if (before === undefined || after === undefined || after.gaps !== before.gaps) continue;
    means.push({ start, end, value: Math.round(((after.sum - before.sum) / windowMs) * 1e6) / 1e6 });
  }
  return means;
}

/** The integral of the points up to an instant, and how many gaps lie before it; `undefined` outside of all points. Asked in order twice over it is O(1) a step. */
function integral(points: readonly WindowPoint[]): (at: Instant) => { readonly sum: number; readonly gaps: number } | undefined {
  const sums: { readonly sum: number; readonly gaps: number }[] = [];
  let [sum, gaps] = [0, 0];
  for (const [i, { start }] of points.entries()) {
    const before = points[i - 1];
    if (before && before.end !== start) gaps += 1;
    sums.push({ sum, gaps });
    const { end, value } = points[i] as WindowPoint;
    sum += value * (end - start);
  }
  const indexAt = (at: Instant): number => {
    let [low, high] = [0, points.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((points[middle] as WindowPoint).end < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return (at) => {
    const i = indexAt(at);
    const [point, before] = [points[i], sums[i]];
    if (!point || !before || at < point.start) return undefined;
    return { sum: before.sum + point.value * (at - point.start), gaps: before.gaps };
  };
}

/** All windows of the least mean. */
export function optimal(windows: readonly WindowPoint[]): readonly WindowPoint[] {
  const least = windows.reduce((min, { value }) => Math.min(min, value), Number.POSITIVE_INFINITY);
  return windows.filter(({ value }) => value === least);
}

/** Mean of the known steps over an interval, weighted by how much of each lies in it; `undefined` where none does. */
export function meanKnown(
  steps: readonly WindowPoint[],
  { start, end }: Interval,
): { readonly value: number; readonly coverage: number } | undefined {
  let [sum, known] = [0, 0];
  for (const step of steps) {
    const part = Math.max(0, Math.min(end, step.end) - Math.max(start, step.start));
    sum += step.value * part;
    known += part;
  }
  return known > 0 ? { value: sum / known, coverage: known / (end - start) } : undefined;
}
