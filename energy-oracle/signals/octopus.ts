/**
 * Octopus Energy: the pages of its `standard-unit-rates` as import prices.
 *
 * Owns the unit (pence a kWh, ten times GBP/MWh), with or without VAT as asked, rates without an end (`valid_to` null: they
 * hold on), rates that differ by how one pays, and the newest-first order. A retail rate stands where a market's price would:
 * it is what a site of that tariff pays for a MWh.
 */
import { z } from 'zod';
import { type Instant, parseInstant } from '../../units/time.ts';
import { parseJson } from '../telemetry/reading.ts';
import { type DecodedSignals, unreadable } from './signal-source.ts';

const stamp = z.string().transform((text, context): Instant => {
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  context.addIssue({ code: 'custom', message: `a stamp with its offset, found ${text.slice(0, 40)}` });
  return z.NEVER;
});
const page = z.object({
  next: z.string().max(2_000).nullable(),
  results: z
    .array(
      z.object({
        value_exc_vat: z.number(),
        value_inc_vat: z.number(),
        valid_from: stamp,
        valid_to: stamp.nullable(),
        payment_method: z.string().nullish(),
      }),
    )
    .max(2_000),
});

export interface OctopusAsked {
  readonly vat: 'inc' | 'exc';
  /** Of rates that differ by how one pays; a rate that names none is everybody's. */
  readonly payment: string;
  /** A rate without an end is told up to here. */
  readonly until: Instant;
}
/** GBP/MWh of a penny a kWh. */
const perPenny = 10;

/** A page's rates, and the address of the next page as the answer gives it. */
export function decodeOctopus(
  bytes: Uint8Array,
  { vat, payment, until }: OctopusAsked,
): DecodedSignals & { readonly next?: string | null } {
  const message = parseJson(bytes);
  if (!message) return unreadable('not-json', 'the answer is not UTF-8 JSON');
  const parsed = page.safeParse(message.json);
  if (!parsed.success) return unreadable('schema', z.prettifyError(parsed.error));
  const steps = parsed.data.results.flatMap(({ value_exc_vat, value_inc_vat, valid_from: start, valid_to, payment_method }) => {
    const end = valid_to ?? until;
    if (end <= start || (payment_method && payment_method !== payment)) return [];
    return [{ start, end, value: (vat === 'inc' ? value_inc_vat : value_exc_vat) * perPenny }];
  });
  return {
    kind: 'signals',
    issuedAt: undefined,
    series: [
      { signal: 'day_ahead_price', unit: 'GBP/MWh', unitFound: `p/kWh ${vat}. VAT`, steps: steps.sort((a, b) => a.start - b.start) },
    ],
    next: parsed.data.next,
  };
}
