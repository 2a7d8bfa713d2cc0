/**
 * Instant argument: a point in time on the command line, a day or RFC 3339.
 */
import { InvalidArgumentError } from 'commander';
import { type Instant, parseInstant } from '../units/time.ts';

/** A day is its UTC midnight. @throws InvalidArgumentError for anything else */
export function instantArgument(text: string): Instant {
  const parsed = parseInstant(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00Z` : text);
  if (parsed === undefined) throw new InvalidArgumentError('expected a day such as 2026-06-21, or RFC 3339 with its offset');
  return parsed;
}
