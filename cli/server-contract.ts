/**
 * Contract of the server itself: health, metrics, what runs where, and the document that this stands in. `http-server.ts`
 * answers them.
 */
import { z } from 'zod';
import type { ClaimsWire, StatusWire, SummaryWire } from '../scheduler/wire.ts';

const text = z.string();
const count = z.int();
const number = z.number();

const alive = z.object({ ok: z.literal(true) });
const ready = z.object({ ready: z.boolean(), missing: z.array(text) });
const status: z.ZodType<StatusWire> = z.object({
  now: z.iso.datetime(),
  speed: number,
  currency: text,
  parts: z.array(z.object({ part: text, engine: text, durable: z.boolean(), address: text })),
});
const summary: z.ZodType<SummaryWire> = z.object({
  from: text,
  to: text,
  seed: number,
  jobs: z.object({
    submitted: count,
    succeeded: count,
    failed: count,
    refused: count,
    waiting: count,
    byState: z.record(text, count),
  }),
  energyWh: z.object({ surplus: number, grid: number }),
  carbonG: z.object({ actual: number, counterfactual: number }),
  cost: z.object({ actual: number, counterfactual: number, currency: text }),
  surplusWh: z.object({ used: number, left: number }),
  deadlines: z.object({ met: count, missed: count }),
  readings: z.object({ accepted: count, quarantined: z.record(text, count) }),
  settlement: z.object({ periods: count, promised: number, claimed: number }),
  ledger: z.object({ entries: count, balanced: z.boolean() }),
});
const claims: z.ZodType<ClaimsWire> = z.object({
  contract: text,
  token: text,
  decimals: count,
  periods: count,
  promised: text,
  claimed: text,
  providers: z.array(z.object({ provider: text, account: text, promised: text, claimed: text })),
});

const get = { method: 'get', role: 'read-only' } as const;
const open = { method: 'get', role: 'public' } as const;

export const serverContract = {
  name: 'Server',
  mount: '',
  refusalSchema: z.object({ error: text, detail: text }),
  routes: [
    { ...open, path: '/livez', summary: 'It runs', answers: { 200: alive } },
    { ...open, path: '/healthz', summary: 'It runs', answers: { 200: alive } },
    { ...open, path: '/readyz', summary: 'Whether everything answers, and what does not', answers: { 200: ready, 503: ready } },
    { ...get, path: '/metrics', summary: 'What Prometheus is told', answers: { 200: 'text' as const } },
    { ...open, path: '/openapi.json', summary: 'This document', answers: { 200: z.looseObject({ openapi: text }) } },
    { ...get, path: '/v1/status', summary: 'Engines and where they are', answers: { 200: status } },
    { ...get, path: '/v1/summary', summary: 'Sums from the beginning on', answers: { 200: summary } },
    { ...get, path: '/v1/claims', summary: 'Rewards that were promised and claimed', answers: { 200: claims } },
    { ...get, path: '/v1/events', summary: 'What happens, as server-sent events', answers: { 200: 'text' as const } },
  ],
};
