/**
 * evcc rates in schemas: `{"rates":[{start,end,value}]}`, prices and grams per kWh, sun in watts.
 */
import { z } from 'zod';
import { nameField } from '../asked.ts';

export const tariffParams = z.object({ tariff: z.enum(['grid', 'feedin', 'co2', 'solar']) });
export const siteQuery = z.object({ site: nameField });
const stamp = z.iso.datetime();
export const rates = z.object({ rates: z.array(z.object({ start: stamp, end: stamp, value: z.number() })).max(4_000) });
export const refusal = z.object({ error: z.string() });
