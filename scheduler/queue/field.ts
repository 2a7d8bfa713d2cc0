/**
 * Field: how a value of a file that people write is read, and how a bad one is refused.
 *
 * Owns durations and quantities with their units as text, and the form of a refusal: the field's path, what was found,
 * what is allowed. Job files and scenarios speak alike by it.
 */
import { z } from 'zod';
import { type DurationMs, parseDuration } from '../../units/time.ts';

export interface FieldRefusal {
  /** Path of the field, e.g. `policy.deadline`; `(file)` for the whole. */
  readonly path: string;
  readonly found: string;
  readonly allowed: string;
}

/** A duration such as `90m`, `6h` or `PT6H` within limits, as ms. */
export const duration = (allowed: string, { min, max }: { readonly min: DurationMs; readonly max: DurationMs }) =>
  z.string().transform((text, context) => {
    const ms = parseDuration(text);
    return ms === undefined || ms < min || ms > max ? issue(context, text, allowed) : ms;
  });
/** A number above 0 with one of the units, as that many of the unit whose factor is 1. */
export const quantity = (unit: string, scale: Readonly<Record<string, number>>) =>
  z.string(`a number above 0 with ${unit}`).transform((text, context) => {
    const [, value, found] = /^(\d{1,12}(?:\.\d{1,12})?)\s*([A-Za-z]+)$/.exec(text) ?? [];
    const factor = found !== undefined && Object.hasOwn(scale, found) ? scale[found] : undefined;
    return value === undefined || factor === undefined || Number(value) === 0
      ? issue(context, text, `a number above 0 with ${unit}`)
      : Number(value) * factor;
  });

/** Refuses a value in words. */
export function issue(context: z.core.$RefinementCtx<unknown>, found: unknown, allowed: string): never {
  context.addIssue({ code: 'custom', message: allowed, input: found });
  return z.NEVER;
}

/** What is said of a value that was found; long ones are cut. */
export const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80));

/** What is wrong with a file, field by field. @param fields  where an unknown field is told what fields there are */
export const refusalsOf = ({ issues }: z.ZodError, fields: string): FieldRefusal[] => issues.flatMap((found) => fieldOf(found, fields));

/** What one issue of a schema comes to. @param fields  as for `refusalsOf` */
export function fieldOf(found: z.core.$ZodIssue, fields: string): FieldRefusal[] {
  const path = found.path.map(String).join('.') || '(file)';
  if (found.code === 'unrecognized_keys')
    return found.keys.map((key) => ({
      path: [...found.path.map(String), key].join('.'),
      found: 'an unknown field',
      allowed: fields,
    }));
  return [{ path, found: shown(found.input), allowed: found.message.replace(/^Invalid input: /, '') }];
}
