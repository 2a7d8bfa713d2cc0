/**
 * Step group: which steps of a forecast are judged together: those of one part of the solar day and one lead day.
 *
 * Cheap on purpose, it is asked for every step of every forecast: mean solar time, no equation of time. Scores that are
 * published go by the true sun (`hourBandOf`); groups only have to be alike inside.
 */
import { DAY, type DurationMs, HOUR, type Instant } from '../../../units/time.ts';

/** Mean solar hours at which night, morning, midday and evening begin; night goes on past midnight. */
const partStarts = [20, 4, 10, 14] as const;
export const dayParts = partStarts.length;
/** Later lead days are judged with the last of these. */
export const leadDaysMax = 7;
export const stepGroups = dayParts * leadDaysMax;

/** Part of the solar day that contains the middle of a step: 0 night, 1 morning, 2 midday, 3 evening. Longitude in degrees, positive east. */
export function dayPartOf(start: Instant, stepMs: DurationMs, longitude: number): number {
  const hour = (((start + stepMs / 2) / HOUR + longitude / 15) % 24) + 24;
  const wrapped = hour >= 24 ? hour - 24 : hour;
  if (wrapped < partStarts[1] || wrapped >= partStarts[0]) return 0;
  if (wrapped < partStarts[2]) return 1;
  return wrapped < partStarts[3] ? 2 : 3;
}

/** Index of the lead day, 0 for the first 24 h after the issue, capped at the last that is told apart. */
export const leadIndexOf = (issuedAt: Instant, start: Instant): number =>
  Math.max(0, Math.min(leadDaysMax - 1, Math.floor((start - issuedAt) / DAY)));

/** Index of a group, below `stepGroups`. */
export const stepGroupOf = (dayPart: number, leadIndex: number): number => leadIndex * dayParts + dayPart;
