/**
 * Dispatch link: how leases reach agents and reports come back, as a port with its in-memory reference.
 *
 * Delivery may repeat, reorder and fail; fences, sequence numbers and receipts make that harmless. `offer` resolves
 * when the agent has *taken* the lease (it is in the agent's journal) and rejects when no answer came in time.
 */
import type { Lease, Report, ReportReceipt } from './lease.ts';
import { readReport } from './report.ts';

/** The scheduler's end. */
export interface DispatchLink {
  open(onReport: (report: Report) => Promise<ReportReceipt | undefined>): Promise<void>;
  /** @throws DispatchFault when the site's agent refused the lease or did not take it within the limit. */
  offer(lease: Lease): Promise<void>;
  /** Tells an agent to stop a run (checkpoint first). Best effort: the lease's end is the guarantee. */
  stop(site: string, run: string): Promise<void>;
  close(): Promise<void>;
}

/** The agent's end. */
export interface AgentLink {
  open(site: string, handlers: AgentHandlers): Promise<void>;
  /** Sends a report; resolves with the scheduler's receipt, rejects when none came within the limit. */
  report(report: Report): Promise<ReportReceipt>;
  close(): Promise<void>;
}

export interface AgentHandlers {
  /** Resolves when the lease is durable in the agent's journal. */
  onLease(lease: Lease): Promise<void>;
  onStop(run: string): Promise<void>;
}

/** The line to a site did not answer. */
export class DispatchFault extends Error {
  readonly site: string;
  constructor(site: string, what: string, cause?: unknown) {
    super(`${site}: ${what}; the job stays queued and is offered again next cycle`, { cause });
    this.name = 'DispatchFault';
    this.site = site;
  }
}

export interface MemoryDispatch {
  readonly scheduler: DispatchLink;
  /** A fresh end for one agent; a newer end of the same site takes over from the older. */
  agent(): AgentLink;
}

/**
 * The reference: both ends in one process. Messages pass as JSON text, as they would on a wire.
 *
 * @param keyOf  public key of a site's meter; reports that it did not sign are told to `onRefused` and get no receipt
 */
export function createMemoryDispatch(keyOf: (site: string) => string | undefined, onRefused?: (reason: string) => void): MemoryDispatch {
  const agents = new Map<string, AgentHandlers>();
  let receive: Parameters<DispatchLink['open']>[0] | undefined;
  return {
    scheduler: {
      open: async (onReport) => {
        receive = onReport;
      },
      offer: async (lease) => {
        const handlers = agents.get(lease.site);
        if (!handlers) throw new DispatchFault(lease.site, 'no agent is connected');
        try {
          await handlers.onLease({ ...(JSON.parse(JSON.stringify(lease)) as Lease), script: lease.script });
        } catch (cause) {
          throw new DispatchFault(lease.site, `the agent refused ${lease.run}: ${cause instanceof Error ? cause.message : cause}`, cause);
        }
        if (agents.get(lease.site) !== handlers) throw new DispatchFault(lease.site, `the agent went away before it took ${lease.run}`);
      },
      stop: async (site, run) => agents.get(site)?.onStop(run),
      close: async () => {
        receive = undefined;
      },
    },
    agent: () => {
      let own: { site: string; handlers: AgentHandlers } | undefined;
      return {
        open: async (site, handlers) => {
          own = { site, handlers };
          agents.set(site, handlers);
        },
        report: async ({ ...report }) => {
          const read = readReport(JSON.stringify(report), keyOf);
          if (read.kind === 'refused') onRefused?.(`${read.reason}: ${read.detail}`);
          const receipt = read.kind === 'report' && own ? await receive?.(read.report) : undefined;
          if (!receipt) throw new DispatchFault(report.site, `no receipt for report ${report.seq}`);
          return receipt;
        },
        close: async () => {
          if (own && agents.get(own.site) === own.handlers) agents.delete(own.site);
          own = undefined;
        },
      };
    },
  };
}
