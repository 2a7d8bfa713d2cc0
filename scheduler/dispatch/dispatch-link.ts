/**
 * Dispatch link: how leases reach agents and reports come back, as a port with its in-memory reference.
 *
 * Delivery may repeat, reorder and fail; fences, sequence numbers and receipts make that harmless. `offer` resolves
 * when the agent has *taken* the lease (it is in the agent's journal) and rejects when no answer came in time.
 */
import type { Lease, Report, ReportReceipt } from './lease.ts';

/** The scheduler's end. */
export interface DispatchLink {
  open(onReport: (report: Report) => Promise<ReportReceipt | undefined>): Promise<void>;
  /** @throws DispatchFault when the site's agent did not take the lease within the limit. */
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
