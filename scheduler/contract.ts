/**
 * Contract: the scheduler's HTTP routes in schemas, for the OpenAPI document. `api.ts` answers them.
 *
 * Every schema is checked by the compiler against the wire type it stands for. The job file has its own page; here it is
 * any object, because a refusal names its fields better than a schema would.
 */
import { z } from 'zod';
import { jobStates } from './job.ts';
import type {
  AlternativeWire,
  ExplanationWire,
  JobEventWire,
  JobWire,
  PlacementWire,
  PlanCostsWire,
  PlanWire,
  PricesWire,
  QuoteWire,
  ReceiptWire,
  RefusalWire,
  SettlementWire,
  SignedQuoteWire,
} from './wire.ts';

const stamp = z.iso.datetime();
const text = z.string();
const number = z.number();
const maybe = z.number().nullable();

const placement: z.ZodType<PlacementWire> = z.object({
  site: text,
  model: text,
  accelerators: z.int(),
  start: stamp,
  end: stamp,
  energyKwh: number,
  surplusKwh: number,
  energyCost: number,
  computeCost: number,
  price: number,
  carbonG: number,
  runNowEnergyCost: maybe,
  runNowCarbonG: maybe,
  outlook: text.nullable(),
  reason: text,
});

const job: z.ZodType<JobWire> = z.object({
  id: text,
  name: text,
  owner: text,
  state: z.enum(jobStates),
  reason: text,
  submittedAt: stamp,
  deadline: stamp,
  optimize: text,
  maxDurationMs: number,
  progressMs: number,
  homeSite: text,
  placement: placement.nullable(),
  startedAt: stamp.nullable(),
  endedAt: stamp.nullable(),
});

const event: z.ZodType<JobEventWire> = z.object({
  at: stamp,
  from: z.enum(jobStates).nullable(),
  to: z.enum(jobStates),
  reason: text,
});

const alternativeShape = {
  zone: text,
  site: text,
  model: text,
  accelerators: z.int(),
  start: stamp,
  end: stamp,
  segments: z.array(z.object({ start: stamp, end: stamp, accelerators: z.int() })),
  energyKwh: number,
  pricePerKwh: maybe,
  cost: maybe,
  costParts: z.object({ energy: number, computing: number, ask: number, scarcity: number, transfer: number, restarts: number }).nullable(),
  insuredCost: maybe,
  carbonGPerKwh: maybe,
  carbonG: maybe,
  surplusPercent: maybe,
  versusNow: z.object({ cost: number, carbonG: number }).nullable(),
  runNow: z.boolean(),
  chosen: z.boolean(),
};
const alternative = z.object(alternativeShape) satisfies z.ZodType<AlternativeWire>;
const dearer = z.object({ ...alternativeShape, dearer: number }).nullable();

const signed: z.ZodType<SignedQuoteWire> = z.object({
  id: text,
  file: text,
  owner: text,
  job: text,
  promise: z.enum(['firm', 'best-effort']),
  site: text,
  model: text,
  accelerators: z.int(),
  start: stamp,
  end: stamp,
  currency: text,
  costMicros: text,
  insuredCostMicros: text,
  carbonG: number,
  issuedAt: stamp,
  expiresAt: stamp,
  publicKey: text,
  signature: text,
});

const quote: z.ZodType<QuoteWire> = z.object({
  at: stamp,
  currency: text,
  homeSite: text,
  reason: text,
  detail: text,
  alternatives: z.array(alternative),
  signed: signed.nullable(),
});

const costs: z.ZodType<PlanCostsWire> = z.object({
  believed: number,
  expected: number,
  p90: number,
  leftOut: number,
  lowerBound: number,
  gap: number,
});

const explanation: z.ZodType<ExplanationWire> = z.object({
  job: text,
  state: z.enum(jobStates),
  kind: z.enum(['planned', 'waiting', 'stored']),
  currency: text,
  reason: text,
  needed: text.nullable(),
  surplusPercent: maybe,
  placement: placement.nullable(),
  chosen: alternative.nullable(),
  elsewhere: dearer,
  otherTime: dearer,
  binding: z.array(text),
  slots: z.array(
    z.object({
      slot: stamp,
      accelerators: number,
      pricePerAcceleratorHour: number,
      surplusPricePerMwh: maybe,
      importPricePerMwh: maybe,
      carbonGPerKwh: maybe,
    }),
  ),
  plan: z.object({ at: stamp, costs }).nullable(),
});

const plan = z.object({
  at: stamp,
  currency: text,
  placements: z.array(z.intersection(placement, z.object({ job: text }))),
  deferrals: z.array(z.object({ job: text, reason: text, detail: text.optional() })),
  refusals: z.array(z.object({ job: text, reason: text, detail: text })),
  moves: z.array(z.object({ run: text, job: text, reason: text })),
  costs,
}) satisfies z.ZodType<Omit<PlanWire, 'deferrals'>>;

const prices: z.ZodType<PricesWire> = z.object({
  at: stamp,
  currency: text,
  start: stamp,
  stepMs: z.int(),
  sites: z.array(
    z.object({
      site: text,
      zone: text,
      surplusPricePerMwh: z.array(maybe),
      models: z.array(z.object({ model: text, askPerAcceleratorHour: number, pricePerAcceleratorHour: z.array(maybe) })),
    }),
  ),
});

const receipt: z.ZodType<ReceiptWire> = z.object({
  sequence: z.int(),
  hash: text,
  run: text,
  site: text,
  slot: stamp,
  meteredWh: number,
  surplusWh: number,
  gridWh: number,
  locationG: number,
  marginalG: maybe,
  matchedG: number,
  energyCost: number,
  price: number,
  parts: z
    .object({
      energy: number,
      computing: number,
      accelerators: number,
      surplus: number,
      take: number,
      acceleratorHours: number,
      pricePerAcceleratorHour: number,
      contestedPercent: number,
    })
    .nullable(),
  counterfactualSite: text,
  counterfactualLocationG: number,
  counterfactualEnergyCost: number,
  certification: text,
});

const settlement: z.ZodType<SettlementWire> = z.object({
  period: z.int(),
  start: stamp,
  end: stamp,
  root: text,
  leavesHash: text,
  cumulativeTotal: text,
  cumulativeRewards: text,
  cumulativeCertifiedWh: text,
  settledAt: stamp,
});

const refused: z.ZodType<RefusalWire> = z.object({
  error: z.literal('refused'),
  fields: z.array(z.object({ path: text, found: text, allowed: text })),
});
const refusal = z.object({ error: text, detail: text });
const jobFile = z.looseObject({});
const id = z.object({ id: text });

const get = { method: 'get', role: 'read-only' } as const;

export const schedulerContract = {
  name: 'Scheduler',
  mount: '',
  refusalSchema: refusal,
  routes: [
    {
      method: 'post',
      role: 'owner',
      path: '/v1/jobs',
      summary: 'Submit a job file; it is stored before this answers',
      body: jobFile,
      answers: { 200: job, 201: job, 422: refused },
    },
    {
      method: 'post',
      role: 'owner',
      path: '/v1/quotes',
      summary: 'What a job file would cost, and where; nothing is stored',
      body: jobFile,
      answers: { 200: quote, 422: refused },
    },
    {
      ...get,
      path: '/v1/jobs',
      summary: 'Jobs, those not yet over first',
      query: z.object({ state: text.optional(), limit: z.coerce.number().int().min(1).max(1_000).optional() }),
      answers: { 200: z.array(job).max(1_000) },
    },
    { ...get, path: '/v1/jobs/{id}', summary: 'One job', params: id, answers: { 200: job } },
    { method: 'delete', role: 'owner', path: '/v1/jobs/{id}', summary: 'Cancel a job', params: id, answers: { 200: job } },
    { ...get, path: '/v1/jobs/{id}/events', summary: 'What happened to a job', params: id, answers: { 200: z.array(event) } },
    { ...get, path: '/v1/jobs/{id}/receipts', summary: 'Ledger entries of a job', params: id, answers: { 200: z.array(receipt) } },
    { ...get, path: '/v1/jobs/{id}/explain', summary: 'Why there, why then', params: id, answers: { 200: explanation } },
    { ...get, path: '/v1/plan', summary: 'The newest plan', answers: { 200: plan.nullable() } },
    { ...get, path: '/v1/prices', summary: 'Prices that cleared, for the next 24 hours', answers: { 200: prices.nullable() } },
    { ...get, role: 'public', path: '/v1/settlements', summary: 'Settled periods', answers: { 200: z.array(settlement) } },
    {
      ...get,
      role: 'public',
      path: '/v1/settlements/{period}/leaves',
      summary: 'The leaf file of a root',
      params: z.object({ period: text }),
      answers: { 200: z.looseObject({}) },
    },
  ],
};
