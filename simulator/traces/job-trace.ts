/**
 * Job trace: when work arrived at a cluster, how long it ran and how many accelerators it held.
 *
 * Owns the record that an importer yields and the cuts that an experiment makes of it. Times count from the start of
 * the trace, so a trace can be laid over any week. Always sorted by arrival.
 */
import type { DurationMs } from '../../units/time.ts';

export interface TracedJob {
  /** Arrival since the start of the trace. */
  readonly at: DurationMs;
  /** Run time once started, > 0. */
  readonly lengthMs: DurationMs;
  /** Accelerators held from start to end, whole, ≥ 1. */
  readonly accelerators: number;
}

export type JobTrace = readonly TracedJob[];

/** Limits of a cut; what is left out does not limit. */
export interface JobTraceCut {
  /** Arrivals in `[from, until)` since the start of the trace. */
  readonly from?: DurationMs;
  readonly until?: DurationMs;
  readonly lengthMsMin?: DurationMs;
  readonly lengthMsMax?: DurationMs;
  readonly acceleratorsMax?: number;
}

/** The jobs of a trace within limits, arrivals counted from the start of the cut. */
export function cutJobs(trace: JobTrace, cut: JobTraceCut): JobTrace {
  const { from = 0, until = Number.POSITIVE_INFINITY, lengthMsMin = 0, lengthMsMax = Number.POSITIVE_INFINITY } = cut;
  const fits = ({ at, lengthMs, accelerators }: TracedJob) =>
    at >= from && at < until && lengthMs >= lengthMsMin && lengthMs <= lengthMsMax && accelerators <= (cut.acceleratorsMax ?? accelerators);
  return trace.filter(fits).map((job) => ({ ...job, at: job.at - from }));
}
