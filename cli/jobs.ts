/**
 * Jobs: the job owner's commands, over the HTTP API. Tables for people, `--json` for programs.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { parse } from 'yaml';
import type { ExplanationWire, JobWire, PlanWire, QuoteWire, ReceiptWire, RefusalWire } from '../scheduler/wire.ts';
import { explanationText, planText, quoteText } from './quote-text.ts';
import { table } from './table.ts';

interface Reach {
  readonly api: string;
  readonly json: boolean;
}

/** The API did not do what was asked. */
export class ApiFault extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, { cause });
    this.name = 'ApiFault';
  }
}

/** The job file cannot be read from the disk. */
class JobFileFault extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, { cause });
    this.name = 'JobFileFault';
  }
}

/** `sunward jobs launch|list|show|explain|cancel`. */
export function jobsCommand(): Command {
  const jobs = new Command('jobs').description('submit jobs and see what became of them');
  const reach = (command: Command) =>
    command
      .option('--api <url>', 'where the scheduler answers', process.env['SUNWARD_API'] ?? 'http://127.0.0.1:7070')
      .option('--json', 'print JSON', false);
  reach(jobs.command('launch').argument('<file>', 'job file, YAML or JSON').description('submit a job; it is stored when this returns'))
    .option('--owner <name>', 'who pays (default: the owner of SUNWARD_API_KEY, else $USER)', usualOwner())
    .option('--key <text>', 'submitting the same key again is the same job')
    .option('--preview', 'tell where, when and for how much, and submit nothing', false)
    .option('--quote <file>', 'submit at the price of a quote: what `--preview --json` printed')
    .action(launch);
  reach(jobs.command('list').description('jobs, open ones first')).action(list);
  reach(jobs.command('show').argument('<id>').description('one job: where, when, why, and its receipts')).action(show);
  reach(
    jobs.command('explain').argument('<id>').description('one job: why there, why then, and what the next best would have cost'),
  ).action(explain);
  reach(jobs.command('cancel').argument('<id>').description('cancel a job; a running one is stopped')).action(cancel);
  return jobs;
}

/** A key knows its owner. */
const usualOwner = () => (process.env['SUNWARD_API_KEY'] ? undefined : (process.env['USER'] ?? 'you'));

interface LaunchOptions extends Reach {
  readonly owner?: string;
  readonly key?: string;
  readonly preview: boolean;
  readonly quote?: string;
}

async function launch(file: string, { api, json, owner, key, preview, quote }: LaunchOptions): Promise<void> {
  if (preview && quote !== undefined) throw new RangeError('--preview asks for a quote and --quote uses one; give one of them');
  const headers = {
    'Content-Type': 'application/json',
    ...(owner === undefined ? {} : { 'X-Sunward-Owner': owner }),
    ...(key ? { 'Idempotency-Key': key } : {}),
    ...(quote === undefined ? {} : { 'X-Sunward-Quote': signedIn(quote) }),
  };
  const refuse = (fields: RefusalWire['fields']) => {
    if (json) print({ error: 'refused', fields });
    else
      process.stderr.write(
        `${file} was refused:\n${fields.map(({ path, found, allowed }) => `  ${path}: found ${found}; allowed: ${allowed}`).join('\n')}\n`,
      );
    process.exitCode = 2;
  };
  const read = jobIn(file);
  if (read.kind === 'refused') return refuse([{ path: '(file)', found: read.found, allowed: 'a job file in YAML or JSON' }]);
  const text = JSON.stringify(read.job);
  const response = await ask(api, preview ? '/v1/quotes' : '/v1/jobs', { method: 'POST', headers, body: text });
  if (response.status === 413) return refuse([{ path: '(file)', found: `${Buffer.byteLength(text)} bytes`, allowed: 'at most 128 kB' }]);
  if (response.status === 422) return refuse(((await response.json()) as RefusalWire).fields);
  const answer = await body(response);
  if (json) return print(answer);
  if (preview) return void process.stdout.write(`${quoteText(answer as QuoteWire)}\n`);
  const job = answer as JobWire;
  process.stdout.write(`${job.id} ${job.state.toLowerCase()}, due ${job.deadline}\nfollow it with: sunward jobs show ${job.id}\n`);
}

/** The signed part of a quote that was kept in a file, on one line. @throws JobFileFault when there is none */
function signedIn(file: string): string {
  try {
    const { signed } = JSON.parse(textOf(file)) as Partial<QuoteWire>;
    if (signed) return JSON.stringify(signed);
  } catch (fault) {
    if (fault instanceof JobFileFault) throw fault;
  }
  throw new JobFileFault(`${file} holds no signed quote; make one with \`sunward jobs launch FILE --preview --json > ${file}\``);
}

type Submission = { readonly kind: 'file'; readonly job: unknown } | { readonly kind: 'refused'; readonly found: string };

/** The job that a file holds, unjudged: that is the scheduler's. @throws JobFileFault when it cannot be read */
function jobIn(file: string): Submission {
  const text = textOf(file);
  try {
    return { kind: 'file', job: parse(text) };
  } catch (fault) {
    const [why = 'nothing that can be read'] = String((fault as Error).message).split('\n');
    return { kind: 'refused', found: why.replace(/:$/, '') };
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (fault) {
    const { code, message } = fault as NodeJS.ErrnoException;
    throw new JobFileFault(code === 'ENOENT' ? `${file}: no such file; examples/ has some` : `${file}: ${message}`, fault);
  }
}

async function list({ api, json }: Reach): Promise<void> {
  const all = (await body(await ask(api, '/v1/jobs?limit=200'))) as JobWire[];
  if (json) return print(all);
  const rows = all.map(({ id, state, placement, deadline, reason }) => [
    id,
    state,
    placement?.site ?? '–',
    placement?.start ?? '–',
    deadline,
    reason.slice(0, 70),
  ]);
  const answer = await ask(api, '/v1/plan');
  const plan = answer.status === 403 ? null : ((await body(answer)) as PlanWire | null); // everybody's plan is not an owner's to see
  const summary = plan ? `plan of ${planText(plan.costs, plan.currency, plan.at)}` : 'no plan yet';
  process.stdout.write(`${table(['JOB', 'STATE', 'SITE', 'START', 'DEADLINE', 'REASON'], rows)}\n\n${summary}\n`);
}

async function show(id: string, { api, json }: Reach): Promise<void> {
  const job = (await body(await ask(api, `/v1/jobs/${encodeURIComponent(id)}`))) as JobWire;
  const receipts = (await body(await ask(api, `/v1/jobs/${encodeURIComponent(id)}/receipts`))) as ReceiptWire[];
  if (json) return print({ job, receipts });
  const { placement } = job;
  const facts = [
    ['state', `${job.state}: ${job.reason}`],
    ['submitted', job.submittedAt],
    ['deadline', job.deadline],
    ['where', placement ? `${placement.site}, ${placement.accelerators} × ${placement.model}` : '–'],
    ['when', placement ? `${placement.start} to ${placement.end}` : '–'],
    ['why', placement?.reason ?? '–'],
    [
      'believed',
      placement
        ? `${placement.energyKwh.toFixed(2)} kWh (${placement.surplusKwh.toFixed(2)} surplus), ${placement.energyCost.toFixed(3)} for energy, ${placement.price.toFixed(3)} in all, ${placement.carbonG.toFixed(0)} gCO2eq`
        : '–',
    ],
    [
      'run now',
      placement && placement.runNowCarbonG !== null
        ? `${placement.runNowEnergyCost?.toFixed(3)} for energy, ${placement.runNowCarbonG.toFixed(0)} gCO2eq at ${job.homeSite}`
        : '–',
    ],
  ];
  process.stdout.write(`${table([job.id, ''], facts)}\n\n`);
  const rows = receipts.map((receipt) => [
    receipt.slot,
    receipt.site,
    String(receipt.meteredWh),
    String(receipt.surplusWh),
    String(receipt.gridWh),
    receipt.locationG.toFixed(0),
    receipt.energyCost.toFixed(4),
    receipt.price.toFixed(4),
    receipt.hash.slice(0, 12),
  ]);
  process.stdout.write(
    `${table(['SLOT', 'SITE', '>METERED Wh', '>SURPLUS Wh', '>GRID Wh', '>gCO2eq', '>ENERGY COST', '>CHARGED', 'HASH'], rows)}\n`,
  );
}

async function explain(id: string, { api, json }: Reach): Promise<void> {
  const told = (await body(await ask(api, `/v1/jobs/${encodeURIComponent(id)}/explain`))) as ExplanationWire;
  if (json) print(told);
  else process.stdout.write(`${explanationText(told)}\n`);
}

async function cancel(id: string, { api, json }: Reach): Promise<void> {
  const job = (await body(await ask(api, `/v1/jobs/${encodeURIComponent(id)}`, { method: 'DELETE' }))) as JobWire;
  if (json) print(job);
  else process.stdout.write(`${job.id} ${job.state.toLowerCase()}\n`);
}

export const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);

/** Asks with the key in `SUNWARD_API_KEY`, if there is one. @throws ApiFault when nothing answers */
export async function ask(api: string, path: string, init: RequestInit = {}): Promise<Response> {
  try {
    const key = process.env['SUNWARD_API_KEY'];
    return await fetch(new URL(path, api), { ...init, headers: { ...init.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) } });
  } catch (cause) {
    throw new ApiFault(`nothing answers at ${api}; start it with \`npm start\`, or name another with --api`, cause);
  }
}

/** What was answered. @throws ApiFault with the API's own words when it was no */
export async function body(response: Response): Promise<unknown> {
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  const detail = typeof answer === 'object' && answer && 'detail' in answer ? String(answer.detail) : response.statusText;
  throw new ApiFault(`${response.status}: ${detail}`);
}
