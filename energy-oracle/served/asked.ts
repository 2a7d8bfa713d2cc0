/**
 * Asked: fields that several of the imitated APIs take, read as leniently as the originals do.
 *
 * Owns how an instant may be written in a query: with a space for the `T`, with a `+` that became a space on its way,
 * without an offset (UTC then), as a day. What is answered is always ISO 8601 with `Z`.
 */
import { z } from 'zod';
import { type Instant, parseInstant } from '../../units/time.ts';

/** An instant as clients write it; `undefined` for what is none. */
export function lenientInstant(text: string): Instant | undefined {
  const spaced = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))?(?:(Z)|[+ ](\d\d):?(\d\d)|-(\d\d):?(\d\d))?$/i.exec(
    text.trim(),
  );
  if (!spaced) return undefined;
  const [, day, time = '00:00', , eastHours, eastMinutes, westHours, westMinutes] = spaced;
  const offset = eastHours !== undefined ? `+${eastHours}:${eastMinutes}` : westHours !== undefined ? `-${westHours}:${westMinutes}` : 'Z';
  return parseInstant(`${day}T${time}${offset}`);
}

/** An instant in a query, a path or a body. */
export const instantField = z
  .string()
  .max(40)
  .transform((text, context) => {
    const instant = lenientInstant(text);
    if (instant !== undefined) return instant;
    context.addIssue({ code: 'custom', message: `found ${JSON.stringify(text)}; allowed: ISO 8601 such as 2026-06-21T12:00Z` });
    return z.NEVER;
  });

export const latitudeField = z.coerce.number().min(-90).max(90);
export const longitudeField = z.coerce.number().min(-180).max(180);

/** Names of zones, sites, regions and providers. */
export const nameField = z.string().min(1).max(64);
