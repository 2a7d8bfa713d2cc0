/**
 * Jobs: the job owner's commands, over the HTTP API. Tables for people, `--json` for programs.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { parse } from 'yaml';
import type { JobWire, ReceiptWire, RefusalWire } from '../scheduler/wire.ts';
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

/** `sunward jobs launch|list|show|cancel`. */
export function jobsCommand(): Command {
  const jobs = new Command('jobs').description('submit jobs and see what became of them');
  const reach = (command: Command) =>
    command
      .option('--api <url>', 'where the scheduler answers', process.env['SUNWARD_API'] ?? 'http://127.0.0.1:7070')
      .option('--json', 'print JSON', false);
  reach(jobs.command('launch').argument('<file>', 'job file, YAML or JSON').description('submit a job; it is stored when this returns'))
    .option('--owner <name>', 'who pays', process.env['USER'] ?? 'you')
    .option('--key <text>', 'submitting the same key again is the same job')
    .action(launch);
  reach(jobs.command('list').description('jobs, open ones first')).action(list);
  reach(jobs.command('show').argument('<id>').description('one job: where, when, why, and its receipts')).action(show);
  reach(jobs.command('cancel').argument('<id>').description('cancel a job; a running one is stopped')).action(cancel);
  return jobs;
}

async function launch(file: string, { api, json, owner, key }: Reach & { readonly owner: string; readonly key?: string }): Promise<void> {
  const headers = { 'Content-Type': 'application/json', 'X-Sunward-Owner': owner, ...(key ? { 'Idempotency-Key': key } : {}) };
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
  const response = await ask(api, '/v1/jobs', { method: 'POST', headers, body: text });
  if (response.status === 413) return refuse([{ path: '(file)', found: `${Buffer.byteLength(text)} bytes`, allowed: 'at most 128 kB' }]);
  if (response.status === 422) return refuse(((await response.json()) as RefusalWire).fields);
  const job = (await body(response)) as JobWire;
  if (json) print(job);
  else process.stdout.write(`${job.id} ${job.state.toLowerCase()}, due ${job.deadline}\nfollow it with: sunward jobs show ${job.id}\n`);
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
  process.stdout.write(`${table(['JOB', 'STATE', 'SITE', 'START', 'DEADLINE', 'REASON'], rows)}\n`);
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
        ? `${placement.energyKwh.toFixed(2)} kWh (${placement.surplusKwh.toFixed(2)} surplus), ${placement.energyCost.toFixed(3)} money, ${placement.carbonG.toFixed(0)} gCO2eq`
        : '–',
    ],
    [
      'run now',
      placement && placement.runNowCarbonG !== null
        ? `${placement.runNowEnergyCost?.toFixed(3)} money, ${placement.runNowCarbonG.toFixed(0)} gCO2eq at ${job.homeSite}`
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
    receipt.hash.slice(0, 12),
  ]);
  process.stdout.write(`${table(['SLOT', 'SITE', '>METERED Wh', '>SURPLUS Wh', '>GRID Wh', '>gCO2eq', '>ENERGY COST', 'HASH'], rows)}\n`);
}

async function cancel(id: string, { api, json }: Reach): Promise<void> {
  const job = (await body(await ask(api, `/v1/jobs/${encodeURIComponent(id)}`, { method: 'DELETE' }))) as JobWire;
  if (json) print(job);
  else process.stdout.write(`${job.id} ${job.state.toLowerCase()}\n`);
}

export const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);

/** @throws ApiFault when nothing answers */
export async function ask(api: string, path: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(new URL(path, api), init);
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
