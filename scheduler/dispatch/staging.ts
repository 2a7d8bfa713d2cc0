/**
 * Staging: moving a job's data to where it will run, in time and not before it must be.
 *
 * Owns when a move begins and when the data are there. A move is decided once per job and site; its time passes while the
 * job waits, without holding accelerators, and what is there stays. Who carries the bytes is no business of this page.
 */
import type { Site } from '../../energy-oracle/site.ts';
import { type Instant, SLOT } from '../../units/time.ts';
import { type Job, stagedAtOf } from '../job.ts';
import { type Network, type Places, transferOf } from '../network.ts';
import type { Placement } from '../plan.ts';

/**
 * When the data of a placed job will be at its site, if their move has to begin now; `undefined` when there is nothing to
 * move, they are there or under way, or a cycle later is early enough.
 *
 * Plans are made at least once a slot: a move that can wait for a slot waits, so that a better plan costs none.
 */
export function stagedBy(
  job: Job,
  { start }: Pick<Placement, 'start'>,
  site: Site,
  { places, network }: { readonly places: Places; readonly network: Network },
  now: Instant,
): Instant | undefined {
  if (stagedAtOf(job, site) !== undefined) return undefined;
  const transfer = transferOf(job.spec, job.homeSite, site, places, network);
  if (!transfer || transfer.durationMs === 0 || start - transfer.durationMs >= now + SLOT) return undefined;
  return now + transfer.durationMs;
}
