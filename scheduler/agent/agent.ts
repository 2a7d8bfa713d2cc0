/**
 * Agent: the provider's side of dispatch. Takes leases, runs them, meters them, and tells the scheduler once.
 *
 * Owns the site's journal; leaves running to the executor and delivery to the link. Always: a lease is journalled
 * before it is taken and taken before it starts; a fence never goes back; a run whose lease is over is stopped at the
 * next beat, whoever answers; a report is journalled before it is sent and repeated unchanged until its receipt, and
 * what it told of a (run, slot) is never told again. One report is under way at a time: while it has no receipt, news
 * gathers in the journal. The caller beats well within the length of a lease, and may beat while a beat is under way.
 */
import type { SigningKey } from '../../energy-oracle/site.ts';
import type { Clock } from '../../units/clock.ts';
import { type Instant, slotOf } from '../../units/time.ts';
import type { AgentLink } from '../dispatch/dispatch-link.ts';
import { isRunOver, type Lease, type Report, type ReportReceipt, type RunReport } from '../dispatch/lease.ts';
import { signReport } from '../dispatch/report.ts';
import { EXIT_CHECKPOINTED, type Executor, type WorkState } from './executor.ts';
import { type AgentJournal, emptyJournal, type Journal, type JournalRun } from './journal.ts';
import { type EnergyMeter, meterSlots, nameplateMeter } from './metering.ts';

/** Together they keep a report below `reportBytesMax`; what does not fit is in the next one. */
const RUNS_PER_REPORT_MAX = 64;
const SLOTS_PER_REPORT_MAX = 300;
const DETAIL_CHARACTERS_MAX = 200;

export interface AgentPorts {
  readonly site: string;
  /** The site's own key: what the scheduler checks reports against. */
  readonly key: SigningKey;
  readonly link: AgentLink;
  readonly executor: Executor;
  readonly journal: AgentJournal;
  readonly clock: Clock;
  /** What the runs drew; the nameplate meter unless told. */
  readonly meter?: EnergyMeter;
  readonly log?: (line: string) => void;
}

export interface Agent {
  /** Takes up the journal and connects. Runs that the executor does not know any more are reported as lost. */
  open(): Promise<void>;
  /** Stops what lost its lease, looks after the runs, reports. Rejects only when the journal cannot be written. */
  beat(): Promise<void>;
  /** Stops all runs, reports how far they came, disconnects. */
  close(): Promise<void>;
  /** Drops everything without goodbye, as a kill -9 would: nothing is saved or sent any more. */
  kill(): void;
}

/** The agent does not take a lease; travels to the scheduler as the reason of a DispatchFault. */
export class LeaseRefused extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'LeaseRefused';
  }
}

export function createAgent(ports: AgentPorts): Agent {
  const { site, key, link, executor, journal, clock, meter = nameplateMeter, log } = ports;
  let { seq, fences, unreceipted }: Journal = emptyJournal;
  const runs = new Map<string, JournalRun>();
  const starting = new Map<string, Promise<void>>();
  const stopping = new Map<string, Promise<void>>();
  let life: 'open' | 'closing' | 'dead' = 'open';

  let tail: Promise<unknown> = Promise.resolve();
  /** One change of the journal at a time. */
  const serially = <T>(change: () => Promise<T>): Promise<T> => {
    const result = tail.then(change);
    tail = result.catch(() => undefined); // the caller has the fault; the next change is not its victim
    return result;
  };
  /** False from a change that must not be acted on before it is saved until it is. */
  let durable = true;
  const save = async () => {
    durable = false;
    if (life !== 'dead') await journal.save({ seq, fences, runs: [...runs.values()], unreceipted });
    durable = true;
  };
  const change = (id: string, news: Partial<JournalRun>) => {
    const run = runs.get(id);
    if (run) runs.set(id, { ...run, ...news });
  };
  const active = () => [...runs.values()].filter(({ state }) => !isRunOver(state));

  /** Asks once; what becomes of it is seen at the next look. */
  const stop = (id: string, because: string): void => {
    const run = runs.get(id);
    if (!run || isRunOver(run.state) || stopping.has(id)) return;
    change(id, { stopAsked: true, detail: because });
    if (starting.has(id)) return; // begin() looks at stopAsked when the start has come through
    const stopped = executor.stop(id).catch((fault) => log?.(`${id}: stop failed: ${fault}`));
    stopping.set(
      id,
      stopped.finally(() => stopping.delete(id)),
    );
  };

  const begin = async ({ run: id, job, script, envs, remaining }: Lease, before: readonly string[]) => {
    for (const older of before) await stopping.get(older);
    if (life === 'dead') return;
    const run = runs.get(id);
    const now = clock.now();
    if (!run || run.stopAsked || run.lease.until <= now) return change(id, { state: 'checkpointed', detail: 'stopped before it started' });
    change(id, { startedAt: now, seenAt: now, meteredFrom: slotOf(now) });
    try {
      await executor.start({ run: id, job, script, envs, remaining });
    } catch (fault) {
      change(id, { state: 'failed', endedAt: now, detail: clip(`did not start: ${fault instanceof Error ? fault.message : fault}`) });
    }
  };

  const take = (lease: Lease) =>
    serially(async () => {
      const { run, job, fence, until } = lease;
      const now = clock.now();
      if (life !== 'open') throw new LeaseRefused('the agent is going away');
      if (lease.site !== site) throw new LeaseRefused(`the lease is for ${lease.site}, this is ${site}`);
      if (runs.has(run)) return; // a repeated delivery
      const highest = fences[job]?.fence ?? -1;
      if (fence <= highest) throw new LeaseRefused(`fence ${fence} of ${job} is stale, ${highest} was taken`);
      if (until <= now) throw new LeaseRefused(`the lease of ${run} was over before it came`);
      const older = active().filter((other) => other.lease.job === job);
      const was = fences;
      fences = { ...fences, [job]: { fence, until } };
      runs.set(run, fresh(lease, now));
      try {
        await save();
      } catch (fault) {
        fences = was;
        runs.delete(run);
        throw fault;
      }
      for (const other of older) stop(other.lease.run, `superseded by ${run}`);
      const begun = begin(
        lease,
        older.map((other) => other.lease.run),
      ).finally(() => {
        starting.delete(run);
        if (runs.get(run)?.stopAsked) stop(run, runs.get(run)?.detail ?? '');
      });
      starting.set(run, begun);
    });

  /** Leases that are over are stopped, states are seen. True when some run ended. */
  const look = (): boolean => {
    const now = clock.now();
    for (const { lease } of active()) if (lease.until <= now) stop(lease.run, 'the lease was not renewed in time');
    let ended = false;
    for (const run of active()) {
      if (starting.has(run.lease.run)) continue;
      const seen = observed(run, executor.state(run.lease.run), now);
      runs.set(run.lease.run, seen);
      ended ||= isRunOver(seen.state);
    }
    return ended;
  };

  /** The next report, journalled together with what it makes final; runs that are over leave with it. */
  const build = async () => {
    if (unreceipted || life === 'dead') return;
    const at = clock.now();
    let slotsLeft = SLOTS_PER_REPORT_MAX;
    const told: RunReport[] = [];
    for (const run of [...runs.values()].slice(0, RUNS_PER_REPORT_MAX)) {
      const { lease, progress, detail } = run;
      const { metered, meteredFrom, isAll } = meterSlots(run, at, meter, slotsLeft);
      slotsLeft -= metered.length;
      const isLast = isRunOver(run.state) && isAll;
      runs.delete(lease.run);
      if (!isLast) runs.set(lease.run, { ...run, meteredFrom }); // behind those that did not fit
      const end = isLast ? { state: run.state, endedAt: run.endedAt ?? at } : { state: 'running' as const };
      told.push({ run: lease.run, progress, metered, detail, ...end });
    }
    const jobs = new Set(active().map(({ lease }) => lease.job));
    fences = Object.fromEntries(Object.entries(fences).filter(([job, { until }]) => jobs.has(job) || until > at));
    seq = Math.max(seq + 1, at); // an agent that lost its journal goes on above what it ever told
    unreceipted = signReport({ site, seq, at, runs: told }, key);
    await save();
  };

  /**
   * What a receipt says. Not saved at once: a kill before the next beat's save repeats the report, which is harmless,
   * and forgets renewals, which stops a run too early rather than too late.
   */
  const apply = ({ renewals, stop: stops }: ReportReceipt) => {
    unreceipted = undefined;
    for (const { run: id, until } of renewals) {
      const lease = runs.get(id)?.lease;
      if (!lease || until <= lease.until) continue;
      change(id, { lease: { ...lease, until } });
      fences = { ...fences, [lease.job]: { fence: lease.fence, until } };
    }
    for (const id of stops) stop(id, 'stopped by the scheduler');
  };

  const send = async (report: Report) => {
    try {
      const receipt = await link.report(report);
      if (receipt.seq === report.seq && unreceipted?.seq === report.seq && life !== 'dead') apply(receipt);
    } catch (fault) {
      log?.(`report ${report.seq} is kept and repeated: ${fault instanceof Error ? fault.message : fault}`);
    }
  };
  let sending: Promise<void> | undefined;
  const flush = async () => {
    if (!unreceipted || !durable || life === 'dead') return;
    sending ??= send(unreceipted).finally(() => {
      sending = undefined;
    });
    await sending;
  };

  const beat = async () => {
    if (life === 'dead') return;
    await serially(async () => {
      const ended = look();
      if (!durable || (ended && unreceipted)) await save();
    });
    await flush();
    await serially(build);
    await flush();
  };

  return {
    async open() {
      const known = await journal.load();
      ({ seq, fences, unreceipted } = known);
      for (const run of known.runs) runs.set(run.lease.run, run);
      for (const { lease, stopAsked, detail } of active()) if (stopAsked) stop(lease.run, detail);
      await link.open(site, { onLease: take, onStop: async (run) => stop(run, 'stopped by the scheduler') });
    },
    beat,
    async close() {
      life = 'closing';
      await Promise.all(starting.values());
      for (const { lease } of active()) stop(lease.run, 'the agent is going away');
      await Promise.all(stopping.values());
      await beat();
      await link.close();
    },
    kill() {
      life = 'dead';
      void link.close().catch((fault) => log?.(`${site}: ${fault}`));
    },
  };
}

const clip = (detail: string): string => detail.replace(/\s+/g, ' ').replace(/\p{C}/gu, '').slice(0, DETAIL_CHARACTERS_MAX);

const fresh = (lease: Lease, now: Instant): JournalRun => ({
  lease,
  state: 'running',
  startedAt: undefined,
  endedAt: undefined,
  seenAt: undefined,
  meteredFrom: slotOf(now),
  progress: 0,
  stopAsked: false,
  detail: '',
});

/** A run as the executor has it now. Progress never goes back; an end is never later than now. */
function observed(run: JournalRun, seen: WorkState, now: Instant): JournalRun {
  switch (seen.kind) {
    case 'running':
      return { ...run, ...begun(run, seen), seenAt: now, progress: Math.max(run.progress, seen.progress) };
    case 'unknown': {
      const detail = clip(`${run.detail && `${run.detail}; `}the executor does not know it: the agent or the machine was restarted`);
      return { ...run, state: 'lost', endedAt: run.seenAt ?? run.startedAt, detail };
    }
    case 'exited': {
      const progress = Math.max(run.progress, seen.progress);
      const detail = clip([run.detail, seen.detail].filter((part) => part !== '').join('; '));
      const endedAt = Math.min(now, Math.max(seen.startedAt, seen.endedAt));
      return { ...run, ...begun(run, seen), state: outcome(run, seen.code, progress), endedAt, progress, detail };
    }
    default:
      return seen satisfies never;
  }
}

/** An agent that was killed just after a start has it from the executor. */
const begun = ({ startedAt, meteredFrom }: JournalRun, seen: { readonly startedAt: Instant }): Partial<JournalRun> =>
  startedAt === undefined ? { startedAt: seen.startedAt, meteredFrom: slotOf(seen.startedAt) } : { startedAt, meteredFrom };

function outcome({ stopAsked, lease }: JournalRun, code: number, progress: number): 'succeeded' | 'failed' | 'checkpointed' | 'lost' {
  if (code === 0) return !stopAsked || progress >= lease.remaining ? 'succeeded' : 'checkpointed';
  if (code === EXIT_CHECKPOINTED) return 'checkpointed';
  return stopAsked ? 'lost' : 'failed'; // stopped, and did not save within the grace
}
