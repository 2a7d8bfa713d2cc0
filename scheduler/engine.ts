/**
 * Engine: the scheduler's shell. Gathers a snapshot, lets `cycle` decide, applies the plan; books and settles.
 *
 * The only place of this floor with await and order of effects. It cannot tell a virtual clock from the wall's nor an
 * in-memory port from a real one. Its operations run one after another, whoever calls them.
 */
import { createHash } from 'node:crypto';
import type { OracleView, Outlook } from '../energy-oracle/outlook.ts';
import type { SigningKey, Site } from '../energy-oracle/site.ts';
import type { Clock } from '../units/clock.ts';
import { type DurationMs, type Instant, toIso } from '../units/time.ts';
import { type Cycled, cycle, type Snapshot } from './cycle.ts';
import type { DispatchLink } from './dispatch/dispatch-link.ts';
import { createDispatcher } from './dispatch/dispatcher.ts';
import { stagedBy } from './dispatch/staging.ts';
import { type Explanation, explanationOf } from './explanation.ts';
import { fittingModels, regionAdmits } from './fleet.ts';
import { isOver, type Job, type JobSpec } from './job.ts';
import { micros } from './ledger/account.ts';
import { bookDue } from './ledger/bookkeeper.ts';
import type { Tariff } from './ledger/charge.ts';
import type { LedgerEntry } from './ledger/entry.ts';
import type { LedgerStore } from './ledger/ledger-store.ts';
import { distanceNetwork, type Network, placesOf } from './network.ts';
import type { ClearingRule } from './placement/clearing-rule.ts';
import type { FeasibleTerms } from './placement/feasible.ts';
import type { Placement, Plan } from './plan.ts';
import { admit } from './queue/admission.ts';
import type { FieldRefusal } from './queue/field.ts';
import type { JobStore } from './queue/job-store.ts';
import { type Quote, quoteOf } from './quote.ts';
import { type Chain, ChainFault } from './settlement/chain.ts';
import type { RewardRule } from './settlement/entitlement.ts';
import { createSettler, type Settler } from './settlement/settle.ts';
import type { SettlementStore } from './settlement/settlement-store.ts';
import { readQuote, signQuote } from './signed-quote.ts';
import type { SignedQuoteWire } from './wire.ts';

export interface SchedulerConfig {
  /** Accounting currency. */
  readonly currency: string;
  readonly leaseMs: DurationMs;
  /** How long after its lease a run may still be alive at an agent that heard nothing: its beat and its grace; 0 unless told. */
  readonly stopMsMax?: DurationMs;
  /** How long after a slot's end its readings and signals may still arrive before it is booked. */
  readonly bookingDelayMs: DurationMs;
  readonly periodMs: DurationMs;
  /** Start of period 1. */
  readonly epoch: Instant;
  readonly tariff: Tariff;
  readonly reward: RewardRule;
  /** Who decides on a cycle's market; prices unless told. */
  readonly clearing?: ClearingRule | undefined;
}

export interface SchedulerPorts {
  readonly clock: Clock;
  readonly fleet: readonly Site[];
  readonly oracle: OracleView;
  readonly jobs: JobStore;
  readonly ledger: LedgerStore;
  readonly link: DispatchLink;
  readonly settlements: SettlementStore;
  readonly chain: Chain;
  readonly newId: () => string;
  /** Between the sites; distances unless told. */
  readonly network?: Network;
  /** Vouches for quotes; without it quotes are told and not held. */
  readonly quoteKey?: SigningKey;
  readonly tell: (kind: 'job' | 'plan' | 'run' | 'ledger' | 'settlement' | 'claim', text: string) => void;
  readonly config: SchedulerConfig;
}

export type Submission =
  | { readonly kind: 'accepted'; readonly job: Job; readonly again: boolean }
  | { readonly kind: 'refused'; readonly fields: readonly FieldRefusal[] };

/** A quote, and its price under the scheduler's key where there is one of either; or what is wrong with the file. */
export type Quotation =
  | { readonly kind: 'quoted'; readonly quote: Quote; readonly signed: SignedQuoteWire | undefined }
  | { readonly kind: 'refused'; readonly fields: readonly FieldRefusal[] };

export interface Scheduler {
  open(): Promise<void>;
  /**
   * Durable when it resolves `accepted`. `id` makes a repeated submission the same job.
   *
   * @param quote  a signed quote as JSON: the job gets the id it names, and a firm one without a budget its insured cost as the most it may cost
   */
  submit(file: unknown, owner: string, id?: string, quote?: string): Promise<Submission>;
  /** What the job of a file would cost, where and when, on the newest plan. Stores nothing. */
  quote(file: unknown, owner: string, id?: string): Promise<Quotation>;
  /** Why a job is where it is; `undefined` for a stranger. */
  explain(id: string): Promise<Explanation | undefined>;
  cancel(id: string, reason: string): Promise<Job | undefined>;
  /** Plans, leases what is due and records why the rest waits. */
  cycle(): Promise<Cycled>;
  book(): Promise<readonly LedgerEntry[]>;
  readonly settler: Settler;
  /** Accounting currency. */
  readonly currency: string;
  /** The newest plan; `undefined` before the first cycle. */
  plan(): Cycled | undefined;
  close(): Promise<void>;
}

/** Every effect of the scheduler goes through here. */
export function createScheduler(ports: SchedulerPorts): Scheduler {
  const { clock, fleet, oracle, jobs, ledger, link, newId, tell, config } = ports;
  const sites = new Map(fleet.map((site) => [site.id, site]));
  const dispatcher = createDispatcher({ clock, jobs, link, sites, leaseMs: config.leaseMs, stopMsMax: config.stopMsMax, tell });
  const settler = createSettler({ ...ports, sites: fleet });
  const inTurn = serial();
  const network = ports.network ?? distanceNetwork();
  const places = placesOf(fleet);
  const computePricePerKwh = Number(config.tariff.computeMicrosPerKwh) / 1e6;
  let latest: Cycled | undefined;

  const termsAt = (now: Instant): FeasibleTerms => ({
    now,
    network,
    places,
    computePricePerKwh,
  });

  /** An agent that was silent for a whole lease would let the next one run out too. */
  const awake = (heardAt: Instant | undefined, now: Instant) =>
    heardAt !== undefined && now - heardAt <= config.leaseMs ? heardAt : undefined;

  /** What a job was charged so far, accounting currency. */
  async function chargedFor(id: string): Promise<number> {
    const entries = await ledger.entriesOf(id);
    return entries.reduce((sum, { owner, postings }) => sum - Number(micros(postings, `owner:${owner}`)), 0) / 1e6;
  }

  async function snapshot(now: Instant): Promise<Snapshot> {
    const [heard, waiting, active] = await Promise.all([jobs.heard(), jobs.list(['QUEUED', 'AWAITING', 'PAUSED']), jobs.activeRuns()]);
    const outlooks = await Promise.all(fleet.map(({ id }) => oracle.outlook(id, now)));
    const running = await Promise.all(active.map(async (run) => ({ run, job: await jobs.get(run.job) })));
    const ranBefore = waiting.filter(({ fence, spec }) => fence > 0 && spec.maxPrice !== undefined);
    const spent = await Promise.all(ranBefore.map(async ({ id }) => [id, await chargedFor(id)] as const));
    return {
      fleet: fleet.map((site) => ({ site, heardAt: awake(heard.get(site.id)?.at, now) })),
      outlooks: new Map(outlooks.filter((outlook): outlook is Outlook => outlook !== undefined).map((outlook) => [outlook.site, outlook])),
      waiting,
      computePricePerKwh,
      running: running.filter((pair): pair is Snapshot['running'][number] => pair.job !== undefined),
      network,
      spent: new Map(spent),
      standing: latest?.standing,
      clearing: config.clearing,
    };
  }

  async function apply(plan: Plan, waiting: ReadonlyMap<string, Job>): Promise<void> {
    const changed: Job[] = [];
    const note = (id: string, state: Job['state'], reason: string, placement?: Placement) => {
      const job = waiting.get(id);
      if (!job) return;
      const staged = placement && stagedFor(job, placement, plan.at);
      if (!staged && job.state === state && job.reason === reason && samePlace(job.placement, placement)) return;
      changed.push({
        ...job,
        ...(staged ? { staged } : {}),
        state,
        reason,
        placement,
        version: job.version + 1,
        endedAt: isOver(state) ? plan.at : undefined,
        closedAt: isOver(state) ? plan.at : undefined,
      });
    };
    const due = plan.placements.filter(({ start }) => start <= plan.at);
    const waits = (id: string) => (waiting.get(id)?.state === 'PAUSED' ? 'PAUSED' : 'AWAITING');
    for (const placement of plan.placements)
      if (placement.start > plan.at) note(placement.job, waits(placement.job), whyWait(placement), placement);
    for (const { job, reason, detail } of plan.deferrals)
      note(job, waits(job), `not yet: ${reason}${detail === undefined ? '' : `: ${detail}`}`);
    for (const { job, reason, detail } of plan.refusals) note(job, 'EXPIRED', `refused: ${reason}: ${detail}`);
    if (changed.length > 0) await jobs.apply({ jobs: changed }, plan.at);
    for (const job of changed.filter(({ state }) => state === 'EXPIRED')) tell('job', `${job.spec.name} (${job.id}) ${job.reason}`);
    await Promise.all(
      due.map(async (placement) => {
        const job = waiting.get(placement.job);
        if (job) await dispatcher.dispatch(job, placement);
      }),
    );
  }

  /** Where a job's data are and will be, if they have to set out for its placement now; else `undefined`. */
  function stagedFor(job: Job, placement: Placement, now: Instant): Job['staged'] {
    const site = sites.get(placement.site);
    const there = site && stagedBy(job, placement, site, { places, network }, now);
    if (there === undefined) return undefined;
    tell('job', `${job.spec.name} (${job.id}): its ${job.spec.data?.gigabytes} GB set out for ${placement.site}, there at ${toIso(there)}`);
    return { ...job.staged, [placement.site]: there };
  }

  /** Runs that are better off later or elsewhere are told to stop; at their checkpoint the job waits again. */
  async function stopMoved({ moves }: Plan, running: Snapshot['running']): Promise<void> {
    for (const { run: id, job, reason } of moves) {
      const moved = running.find(({ run }) => run.id === id);
      if (!moved) continue;
      tell('run', `${moved.job.spec.name} (${job}) ${reason}`);
      await dispatcher.recall(moved.run);
    }
  }

  return {
    settler,
    currency: config.currency,
    plan: () => latest,
    open: async () => {
      await link.open((report) => inTurn(() => dispatcher.take(report)));
      try {
        await settler.open();
      } catch (fault) {
        if (!(fault instanceof ChainFault)) throw fault;
        tell('settlement', fault.message); // the journal goes on; the next settlement brings the chain up to it
      }
    },
    submit: async (file, owner, given, quoted) => {
      const submittedAt = clock.now();
      const admission = admit(file, { owner, submittedAt, currency: config.currency });
      if (admission.kind === 'refused') return admission;
      const publicKey = ports.quoteKey?.publicKey;
      const read = quoted === undefined ? undefined : readQuote(quoted, { publicKey, owner, file, job: given, now: submittedAt });
      if (read?.kind === 'refused') return { kind: 'refused', fields: [read.field] };
      const spec = read ? withPriceHeld(admission.spec, read.quote) : admission.spec;
      const id = read?.quote.job ?? given ?? newId();
      const job = queued(id, spec, submittedAt, homeOf(id, spec, fleet));
      const again = (await jobs.add(job)) === 'known';
      if (!again) tell('job', `${job.spec.name} (${id}) queued by ${owner}, due ${toIso(job.spec.deadline)}`);
      return { kind: 'accepted', job: (await jobs.get(id)) ?? job, again };
    },
    quote: async (file, owner, id = newId()) => {
      const now = clock.now();
      const admission = admit(file, { owner, submittedAt: now, currency: config.currency });
      if (admission.kind === 'refused') return admission;
      const { spec } = admission;
      const quote = quoteOf(latest?.standing, queued(id, spec, now, homeOf(id, spec, fleet)), termsAt(now), fleet);
      const matter = quote.chosen && {
        id: `quote-${id}-${now}`,
        file,
        spec,
        job: id,
        run: quote.chosen,
        currency: config.currency,
        issuedAt: now,
      };
      return { kind: 'quoted', quote, signed: matter && ports.quoteKey && signQuote(matter, ports.quoteKey) };
    },
    explain: async (id) => {
      const job = await jobs.get(id);
      return job && explanationOf(latest, job, termsAt(latest?.at ?? clock.now()), fleet);
    },
    cancel: (id, reason) =>
      inTurn(async () => {
        const job = await jobs.get(id);
        if (!job || isOver(job.state)) return job;
        const now = clock.now();
        const active = (await jobs.activeRuns()).filter((run) => run.job === id);
        const ended = active.map((run) => ({ ...run, state: 'lost' as const, endedAt: now, reason: 'the job was cancelled' }));
        const cancelled: Job = { ...job, state: 'CANCELLED', reason, endedAt: now, closedAt: now, version: job.version + 1 };
        const applied = await jobs.apply({ jobs: [cancelled], runs: ended }, now);
        for (const run of active) await dispatcher.recall(run);
        return applied.kind === 'applied' ? cancelled : jobs.get(id);
      }),
    cycle: () =>
      inTurn(async () => {
        await dispatcher.sweep();
        const now = clock.now();
        const seen = await snapshot(now);
        latest = cycle(seen, now);
        await apply(latest, new Map(seen.waiting.map((job) => [job.id, job])));
        await stopMoved(latest, seen.running);
        return latest;
      }),
    book: () =>
      inTurn(async () => {
        const entries = await bookDue({ clock, jobs, ledger, oracle, sites, tariff: config.tariff, delayMs: config.bookingDelayMs });
        const certifiedWh = entries.reduce((sum, { actual }) => sum + actual.surplusWh, 0);
        if (entries.length > 0)
          tell('ledger', `${entries.length} entries booked, ${(certifiedWh / 1_000).toFixed(1)} kWh of them certified surplus`);
        return entries;
      }),
    close: () => link.close(),
  };
}

/** The insured cost of a quote is the most that a firm job may cost which names no budget of its own. */
const withPriceHeld = (spec: JobSpec, { insuredCostMicros }: SignedQuoteWire): JobSpec =>
  spec.promise === 'firm' && spec.maxPrice === undefined ? { ...spec, maxPrice: BigInt(insuredCostMicros) } : spec;

const queued = (id: string, spec: JobSpec, submittedAt: Instant, homeSite: string): Job => ({
  id,
  spec,
  submittedAt,
  homeSite,
  state: 'QUEUED',
  reason: 'stored; waits for the next cycle',
  version: 1,
  placement: undefined,
  fence: 0,
  failures: 0,
  progress: 0,
  startedAt: undefined,
  endedAt: undefined,
  closedAt: undefined,
});

/**
 * The site a job would have had without us: drawn evenly, by the hash of its id, from the sites that could run it.
 *
 * Even and blind, so that the counterfactual is nobody's choice; fixed at admission, so that it cannot be improved later.
 */
function homeOf(id: string, spec: JobSpec, fleet: readonly Site[]): string {
  const able = fleet.filter((site) => regionAdmits(site, spec) && fittingModels(site, spec).length > 0);
  const choice = (able.length > 0 ? able : fleet).map((site) => site.id).sort();
  const home = choice[createHash('sha256').update(id).digest().readUInt32BE(0) % choice.length];
  if (home === undefined) throw new RangeError('a fleet has at least one site');
  return home;
}

const samePlace = (a: Placement | undefined, b: Placement | undefined): boolean =>
  a?.site === b?.site && a?.start === b?.start && a?.model === b?.model;

const whyWait = ({ start, reason }: Placement): string => `planned for ${toIso(start)}: ${reason}`;

/** Runs async operations one after another, in the order they were asked for; a failed one does not stop the next. */
function serial(): <T>(operation: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (operation) => {
    const result = last.then(operation, operation);
    last = result.catch(() => undefined);
    return result;
  };
}
