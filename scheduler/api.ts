/**
 * Scheduler's HTTP: jobs in, jobs and their books out. A job is stored before it is acknowledged.
 *
 * `POST /v1/jobs` takes the job file as JSON or YAML; a repeated `Idempotency-Key` is the same job. What is wrong with
 * a file comes back as 422 with each field's path, what was found and what is allowed. `POST /v1/quotes` takes the same
 * and stores nothing.
 */
import { createHash } from 'node:crypto';
import express, { type Request, type Response, Router } from 'express';
import { type CST, Parser, parse } from 'yaml';
import { HOUR, toIso } from '../units/time.ts';
import type { Scheduler } from './engine.ts';
import { isOver, type Job, jobStates } from './job.ts';
import { micros } from './ledger/account.ts';
import type { LedgerEntry } from './ledger/entry.ts';
import type { LedgerStore } from './ledger/ledger-store.ts';
import { explanationWire, placementWire, planWire, pricesWire, quoteWire } from './plan-wire.ts';
import type { JobStore } from './queue/job-store.ts';
import type { Domain, Settlement } from './settlement/chain.ts';
import { leafFile } from './settlement/leaf.ts';
import type { SettlementStore } from './settlement/settlement-store.ts';
import { quoteHeader } from './signed-quote.ts';
import type { JobEventWire, JobWire, ReceiptWire, RefusalWire, SettlementWire } from './wire.ts';

const jobListMax = 1_000;
const bodyBytesMax = '128kb';
/** Levels of a job file; the deepest one it knows is the fourth. */
const nestingMax = 32;
const ownerPattern = /^[\w.@ -]{1,64}$/;
const keyPattern = /^[\x20-\x7e]{1,256}$/;
const idPattern = /^[\w.-]{1,128}$/;
/** Longer job files come as JSON, which is what `sunward jobs launch` sends. */
const yamlCharactersMax = 16_384;

export interface SchedulerApiPorts {
  readonly scheduler: Scheduler;
  readonly jobs: JobStore;
  readonly ledger: LedgerStore;
  readonly settlements: SettlementStore;
  /** Where the leaves are good. */
  readonly domain: Domain;
  /** The owner of a submission that names none. */
  readonly defaultOwner: string;
  /** The owner a request is bound to: sees, submits and cancels only that owner's jobs. `undefined`, and without it everybody, may act for anyone. */
  readonly onlyOwner?: (request: Request) => string | undefined;
}

/** `/v1/jobs`, `/v1/jobs/:id`, `…/events`, `…/receipts`, `…/explain`, `/v1/quotes`, `/v1/plan`, `/v1/prices`, `/v1/settlements`, `/v1/settlements/:period/leaves`. */
export function schedulerApi({ scheduler, jobs, ledger, settlements, domain, defaultOwner, onlyOwner }: SchedulerApiPorts): Router {
  const api = Router();
  const isOthers = (request: Request, owner: string) => (onlyOwner?.(request) ?? owner) !== owner;
  /** The job, if there is one and the request may know of it: another owner's is not told from none. */
  const jobOf = async (request: Request<{ id: string }>) => {
    const { id } = request.params;
    const job = idPattern.test(id) ? await jobs.get(id) : undefined;
    return job && !isOthers(request as Request, job.spec.owner) ? job : undefined;
  };
  const unknownJob = (request: Request<{ id: string }>, response: Response) =>
    void response.status(404).json({ error: 'not-found', detail: `no job ${request.params.id}; GET /v1/jobs lists them` });
  const found = async (request: Request<{ id: string }>, response: Response, answer: (job: Job) => Promise<unknown>) => {
    const job = await jobOf(request);
    if (job) response.json(await answer(job));
    else unknownJob(request, response);
  };
  const jobFile = express.text({ type: () => true, limit: bodyBytesMax });
  const refuse = (response: Response, fields: RefusalWire['fields']) =>
    void response.status(422).json({ error: 'refused', fields } satisfies RefusalWire);
  const forbid = (response: Response, owner: string | undefined) =>
    void response.status(403).json({ error: 'forbidden', detail: `this key is for jobs of ${owner}; leave X-Sunward-Owner out` });
  api.post('/v1/jobs', jobFile, async (request, response) => {
    const asked = askedOf(request, onlyOwner?.(request) ?? defaultOwner);
    if (asked.kind === 'asked' && isOthers(request, asked.owner)) return forbid(response, onlyOwner?.(request));
    if (asked.kind === 'refused') return refuse(response, asked.fields);
    const submission = await scheduler.submit(asked.file, asked.owner, asked.id, request.get(quoteHeader));
    if (submission.kind === 'refused') return refuse(response, submission.fields);
    response
      .status(submission.again ? 200 : 201)
      .location(`/v1/jobs/${submission.job.id}`)
      .json(jobWire(submission.job));
  });
  api.post('/v1/quotes', jobFile, async (request, response) => {
    const asked = askedOf(request, onlyOwner?.(request) ?? defaultOwner);
    if (asked.kind === 'asked' && isOthers(request, asked.owner)) return forbid(response, onlyOwner?.(request));
    if (asked.kind === 'refused') return refuse(response, asked.fields);
    const answer = await scheduler.quote(asked.file, asked.owner, asked.id);
    if (answer.kind === 'refused') return refuse(response, answer.fields);
    response.json(quoteWire(answer, scheduler.currency));
  });
  api.get('/v1/jobs', async (request, response) => {
    const states = String(request.query['state'] ?? '')
      .toUpperCase()
      .split(',')
      .filter(Boolean);
    const unknown = states.find((state) => !jobStates.some((known) => known === state));
    if (unknown !== undefined) {
      response.status(400).json({ error: 'bad-query', detail: `state ${unknown} is none of ${jobStates.join(', ')}` });
      return;
    }
    const limit = Math.min(jobListMax, Math.max(1, Number(request.query['limit'] ?? 200) || 200));
    const all = await jobs.list(states.length > 0 ? jobStates.filter((state) => states.includes(state)) : undefined);
    const seen = all.filter(({ spec }) => !isOthers(request, spec.owner));
    const open = seen.filter(({ state }) => !isOver(state));
    const over = seen.filter(({ state }) => isOver(state)).sort((a, b) => (b.closedAt ?? 0) - (a.closedAt ?? 0));
    response.json([...open, ...over].slice(0, limit).map(jobWire));
  });
  api.get('/v1/jobs/:id', (request, response) => found(request, response, async (job) => jobWire(job)));
  api.delete('/v1/jobs/:id', async (request, response) => {
    const known = await jobOf(request);
    const job = known && (await scheduler.cancel(known.id, 'cancelled by its owner'));
    if (!job) response.status(404).json({ error: 'not-found', detail: `no job ${request.params.id}` });
    else response.json(jobWire(job));
  });
  api.get('/v1/jobs/:id/events', (request, response) =>
    found(request, response, async ({ id }) =>
      (await jobs.events(id)).map(({ at, from, to, reason }): JobEventWire => ({ at: toIso(at), from: from ?? null, to, reason })),
    ),
  );
  api.get('/v1/jobs/:id/receipts', (request, response) =>
    found(request, response, async ({ id }) => (await ledger.entriesOf(id)).map(receiptWire)),
  );
  api.get('/v1/jobs/:id/explain', async (request, response) => {
    const known = await jobOf(request);
    const explanation = known && (await scheduler.explain(known.id));
    if (explanation) response.json(explanationWire(explanation, scheduler.currency));
    else unknownJob(request, response);
  });
  api.get('/v1/plan', (_request, response) => {
    const plan = scheduler.plan();
    response.json(plan ? planWire(plan, scheduler.currency) : null);
  });
  api.get('/v1/prices', (_request, response) => {
    const plan = scheduler.plan();
    response.json(plan ? pricesWire(plan, scheduler.currency) : null);
  });
  api.get('/v1/settlements', async (_request, response) => {
    response.json((await settlements.list()).map(settlementWire));
  });
  // Law 8: the leaf file of every root is public; its keccak256 is the root's `leavesHash`.
  api.get('/v1/settlements/:period/leaves', async (request, response) => {
    const settlement = (await settlements.list()).find(({ period }) => String(period) === request.params.period);
    if (!settlement)
      response
        .status(404)
        .json({ error: 'not-found', detail: `no settled period ${request.params.period}; GET /v1/settlements lists them` });
    else response.type('application/json').send(leafFile(domain, settlement.entitlements));
  });
  return api;
}

const settlementWire = ({
  period,
  interval,
  root,
  leavesHash,
  cumulativeTotal,
  cumulativeRewards,
  cumulativeCertifiedWh,
  settledAt,
}: Settlement): SettlementWire => ({
  period,
  start: toIso(interval.start),
  end: toIso(interval.end),
  root,
  leavesHash,
  cumulativeTotal: String(cumulativeTotal),
  cumulativeRewards: String(cumulativeRewards),
  cumulativeCertifiedWh: String(cumulativeCertifiedWh),
  settledAt: toIso(settledAt),
});

type Asked =
  | { readonly kind: 'asked'; readonly file: unknown; readonly owner: string; readonly id: string | undefined }
  | { readonly kind: 'refused'; readonly fields: RefusalWire['fields'] };

/** The job file of a request, whose it is, and the id that its key makes of it. */
function askedOf(request: Request, defaultOwner: string): Asked {
  const file = parsedFile(String(request.body ?? ''));
  if (file.kind === 'unreadable')
    return { kind: 'refused', fields: [{ path: '(file)', found: file.why, allowed: 'a job file in YAML or JSON' }] };
  const key = request.get('Idempotency-Key');
  const owner = request.get('X-Sunward-Owner') ?? defaultOwner;
  const misnamed = [
    { path: 'X-Sunward-Owner', found: owner, most: ownerPattern },
    { path: 'Idempotency-Key', found: key ?? 'none', most: keyPattern },
  ].filter(({ found, most }) => !most.test(found));
  const fields = misnamed.map(({ path, found, most }) => ({
    path,
    found: JSON.stringify(found.slice(0, 80)),
    allowed: `text that matches ${most.source}`,
  }));
  if (fields.length > 0) return { kind: 'refused', fields };
  const id = key === undefined ? undefined : `job-${createHash('sha256').update(`${owner}\n${key}`).digest('hex').slice(0, 16)}`;
  return { kind: 'asked', file: file.value, owner, id };
}

type ParsedFile = { readonly kind: 'file'; readonly value: unknown } | { readonly kind: 'unreadable'; readonly why: string };

/** A job file as JSON, or as YAML when it is short; a stranger's text must cost no more than reading it. */
function parsedFile(text: string): ParsedFile {
  const unreadable = (why: string): ParsedFile => ({ kind: 'unreadable', why });
  try {
    const value: unknown = JSON.parse(text);
    return isDeeperThan(nestingMax, value, Object.values) ? unreadable(`more than ${nestingMax} levels`) : { kind: 'file', value };
  } catch {
    if (text.length > yamlCharactersMax)
      return unreadable(`no JSON, and too long for YAML: ${text.length} characters, at most ${yamlCharactersMax}`);
  }
  try {
    // the composer recurses per level, and a stack that is almost full makes V8 end the process rather than throw
    for (const token of new Parser().parse(text))
      if (isDeeperThan(nestingMax, token, innerTokens)) return unreadable(`more than ${nestingMax} levels`);
    return { kind: 'file', value: parse(text, { maxAliasCount: 16 }) };
  } catch (error) {
    return unreadable(error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'not YAML');
  }
}

/** True when a value nests deeper than `levels`; keeps its own stack, however deep it is. */
function isDeeperThan<T>(levels: number, root: T, inside: (value: T & object) => readonly T[]): boolean {
  const open = [{ value: root, level: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, level } = next;
    if (level > levels) return true;
    if (typeof value === 'object' && value !== null) for (const inner of inside(value)) open.push({ value: inner, level: level + 1 });
  }
  return false;
}

/** What a YAML token holds. */
function innerTokens(token: CST.Token): CST.Token[] {
  const items = 'items' in token ? token.items : [];
  const pairs = items.flatMap(({ key, value }) => [key, value]);
  return [...pairs, token.type === 'document' ? token.value : undefined].filter((inner) => inner !== undefined && inner !== null);
}

export const jobWire = (job: Job): JobWire => ({
  id: job.id,
  name: job.spec.name,
  owner: job.spec.owner,
  state: job.state,
  reason: job.reason,
  submittedAt: toIso(job.submittedAt),
  deadline: toIso(job.spec.deadline),
  optimize: job.spec.optimize,
  maxDurationMs: job.spec.maxDuration,
  progressMs: job.progress,
  homeSite: job.homeSite,
  placement: job.placement ? placementWire(job.placement) : null,
  startedAt: job.startedAt === undefined ? null : toIso(job.startedAt),
  endedAt: job.endedAt === undefined ? null : toIso(job.endedAt),
});

const money = (amount: bigint): number => Number(amount) / 1e6;

const receiptWire = ({
  sequence,
  hash,
  run,
  owner,
  site,
  slot,
  meteredWh,
  actual,
  counterfactual,
  charge,
  certification,
  postings,
}: LedgerEntry): ReceiptWire => ({
  sequence,
  hash,
  run,
  site,
  slot: toIso(slot),
  meteredWh,
  surplusWh: actual.surplusWh,
  gridWh: actual.gridWh,
  locationG: actual.locationMg / 1_000,
  marginalG: actual.marginalMg === undefined ? null : actual.marginalMg / 1_000,
  matchedG: actual.matchedMg / 1_000,
  energyCost: money(actual.energyCost),
  price: money(-micros(postings, `owner:${owner}`)),
  parts: charge
    ? {
        energy: money(charge.energy),
        computing: money(charge.computing),
        accelerators: money(charge.accelerators),
        surplus: money(charge.surplus),
        take: money(charge.take),
        acceleratorHours: charge.acceleratorMs / HOUR,
        pricePerAcceleratorHour: charge.microsPerAcceleratorHour / 1e6,
        contestedPercent: charge.contestedPerMille / 10,
      }
    : null,
  counterfactualSite: counterfactual.site,
  counterfactualLocationG: counterfactual.locationMg / 1_000,
  counterfactualEnergyCost: money(counterfactual.energyCost),
  certification,
});
