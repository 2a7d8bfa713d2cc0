/**
 * What-if file: changes to a zone as a scenario writes them, read into plain values, or refused by path, found and allowed.
 *
 * Owns the grammar (`docs/grid-what-ifs.md`): a list of one-key maps, units in the values, instants with an offset. What
 * a change does, and whether a zone can have it, is `what-if.ts`.
 */
import { z } from 'zod';
import { type FieldRefusal, issue, quantity, refusalsOf } from '../../scheduler/queue/field.ts';
import { type Interval, parseInstant } from '../../units/time.ts';
import { sources } from './emission-factors.ts';
import type { WhatIf } from './what-if.ts';

const number = (min: number, max: number) => {
  const allowed = `a number, ${min} to ${max}`;
  return z.number(allowed).min(min, allowed).max(max, allowed);
};
const instantAllowed = 'RFC 3339 with an offset, e.g. 2023-06-13T16:00Z';
const instant = z.string(instantAllowed).transform((text, context) => {
  const found = parseInstant(text);
  if (found !== undefined) return found;
  context.addIssue({ code: 'custom', message: instantAllowed, input: text });
  return z.NEVER;
});
const power = quantity('kW, MW or GW', { kW: 0.001, MW: 1, GW: 1_000 });
const energy = quantity('kWh, MWh or GWh', { kWh: 0.001, MWh: 1, GWh: 1_000 });
/** Currency per MWh. */
const price = number(-100_000, 100_000);
const share = number(0, 1);
const sourceNames = `one of ${sources.join(', ')}`;

const always = { from: instant.optional(), until: instant.optional() };
const bounded = { from: instant, until: instant };

const kinds = ['scale', 'battery', 'price_shock', 'heat_wave', 'outage', 'demand_response'];
const oneOfKinds = `one of ${kinds.join(', ')}, with its fields below it`;

const change = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('scale'),
      scale: z.strictObject({ source: z.enum(['solar', 'wind'], 'solar or wind'), by: number(0, 100), ...always }),
    }),
    z.strictObject({
      kind: z.literal('battery'),
      battery: z.strictObject({ power, energy, round_trip: number(0.1, 1).default(0.85), ...always }),
    }),
    z.strictObject({
      kind: z.literal('price_shock'),
      price_shock: z.strictObject({ by: number(0, 1_000).default(1), add: price.default(0), ...always }),
    }),
    z.strictObject({
      kind: z.literal('heat_wave'),
      heat_wave: z.strictObject({ demand_share: number(0, 10), solar_derate: share.default(0), ...bounded }),
    }),
    z.strictObject({
      kind: z.literal('outage'),
      outage: z.strictObject({
        source: z.enum(sources, sourceNames).optional(),
        power: power.optional(),
        add_price: price.optional(),
        add_carbon: number(-2_000, 2_000).optional(),
        ...always,
      }),
    }),
    z.strictObject({
      kind: z.literal('demand_response'),
      demand_response: z.strictObject({ max_draw_share: share.optional(), add_price: price.optional(), ...bounded }),
    }),
  ],
  oneOfKinds,
);

/** `{scale: {…}}` as `{kind: 'scale', scale: {…}}`, so that refusals keep the path the reader wrote. */
function keyed(item: unknown, context: z.core.$RefinementCtx<unknown>): unknown {
  const keys = typeof item === 'object' && item !== null && !Array.isArray(item) ? Object.keys(item) : [];
  const [kind = ''] = keys;
  return keys.length === 1 && kinds.includes(kind) ? { kind, ...(item as object) } : issue(context, item, oneOfKinds);
}

/** The list of changes in a scenario's YAML or JSON; its output is what `applyWhatIfs` takes. */
export const whatIfSchema = z
  .array(
    z.preprocess(
      keyed,
      change.transform((item, context) =>
        whatIfOf(item, (path, input, message) => void context.addIssue({ code: 'custom', path, input, message })),
      ),
    ),
    'a list of changes',
  )
  .max(100, 'at most 100 changes');

type Refuse = (path: string[], found: unknown, allowed: string) => void;

function intervalOf(
  kind: string,
  { from, until }: { from?: number | undefined; until?: number | undefined },
  refuse: Refuse,
): Interval | undefined {
  if (from === undefined && until === undefined) return undefined;
  if (from === undefined || until === undefined)
    refuse([kind, from === undefined ? 'from' : 'until'], undefined, 'from and until together, or neither');
  else if (until <= from) refuse([kind, 'until'], until, 'later than from');
  return { start: from ?? 0, end: until ?? 0 };
}

function whatIfOf(item: z.infer<typeof change>, refuse: Refuse): WhatIf {
  switch (item.kind) {
    case 'scale':
      return { kind: 'scale', source: item.scale.source, by: item.scale.by, interval: intervalOf('scale', item.scale, refuse) };
    case 'battery': {
      const { power: powerMw, energy: energyMwh, round_trip: roundTrip } = item.battery;
      return { kind: 'battery', powerMw, energyMwh, roundTrip, interval: intervalOf('battery', item.battery, refuse) };
    }
    case 'price_shock':
      return {
        kind: 'price-shock',
        by: item.price_shock.by,
        add: item.price_shock.add,
        interval: intervalOf('price_shock', item.price_shock, refuse),
      };
    case 'heat_wave': {
      const { demand_share: demandShare, solar_derate: solarDerate, from, until } = item.heat_wave;
      return {
        kind: 'heat-wave',
        demandShare,
        solarDerate,
        interval: intervalOf('heat_wave', item.heat_wave, refuse) ?? { start: from, end: until },
      };
    }
    case 'outage':
      return outageOf(item.outage, intervalOf('outage', item.outage, refuse), refuse);
    case 'demand_response': {
      const { max_draw_share: maxDrawShare, add_price: priceAdder, from, until } = item.demand_response;
      if (maxDrawShare === undefined && priceAdder === undefined)
        refuse(['demand_response'], undefined, 'max_draw_share, add_price or both');
      const interval = intervalOf('demand_response', item.demand_response, refuse) ?? { start: from, end: until };
      return {
        kind: 'demand-response',
        interval,
        ...(maxDrawShare === undefined ? {} : { maxDrawShare }),
        ...(priceAdder === undefined ? {} : { priceAdder }),
      };
    }
    default:
      return item satisfies never;
  }
}

function outageOf(
  { source, power: mw, add_price, add_carbon }: Extract<z.infer<typeof change>, { kind: 'outage' }>['outage'],
  interval: Interval | undefined,
  refuse: Refuse,
): WhatIf {
  const byMix = source !== undefined && mw !== undefined && add_price === undefined && add_carbon === undefined;
  const bySignal = source === undefined && mw === undefined && (add_price !== undefined || add_carbon !== undefined);
  if (!byMix && !bySignal)
    refuse(['outage'], { source, power: mw, add_price, add_carbon }, 'source and power, or else add_price, add_carbon or both');
  return source !== undefined && mw !== undefined
    ? { kind: 'outage', source, mw, interval }
    : { kind: 'signal-outage', priceAdder: add_price ?? 0, carbonAdder: add_carbon ?? 0, interval };
}

export type WhatIfFile =
  | { readonly kind: 'read'; readonly changes: readonly WhatIf[] }
  | { readonly kind: 'refused'; readonly fields: readonly FieldRefusal[] };

/** Reads a parsed what-if file (from YAML or JSON): a list of changes, or every field that is wrong. */
export function readWhatIfs(file: unknown): WhatIfFile {
  const parsed = whatIfSchema.safeParse(file, { reportInput: true });
  if (parsed.success) return { kind: 'read', changes: parsed.data };
  return { kind: 'refused', fields: refusalsOf(parsed.error, 'see docs/grid-what-ifs.md for the fields there are') };
}
