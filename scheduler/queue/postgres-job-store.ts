/**
 * The job store on PostgreSQL ≥ 15: one row per job, run and metered slot; many schedulers may share it.
 *
 * `apply` locks its jobs in id order, judges them, and writes each kind with one statement, so its cost in round
 * trips does not grow with the cycle. Documents are `json`, kept as sent (free text of agents may hold what `jsonb`
 * refuses); columns repeat only what is searched. Leaves the pool and the running of `jobSchema` to its owner.
 */
import type { Pool, PoolClient } from 'pg';
import { type Instant, SLOT } from '../../units/time.ts';
import { isRunOver, type Run } from '../dispatch/lease.ts';
import { type Job, type JobSpec, type JobState, jobStates } from '../job.ts';
import { inTransaction } from '../postgres-transaction.ts';
import { type Applied, type Changes, checkChanges, eventOf, type JobEvent, type JobStore, type RunSlot, submission } from './job-store.ts';

/** Idempotent. Keys collate "C" so that order is the same on every server. */
export const jobSchema = `
  create table if not exists jobs (
    id text collate "C" primary key, state text not null, version int not null, submitted_at bigint not null,
    document json not null);
  create index if not exists jobs_by_state on jobs (state, submitted_at, id);
  create index if not exists jobs_by_submission on jobs (submitted_at, id);
  create table if not exists job_events (
    job text collate "C" not null, version int not null, document json not null, primary key (job, version));
  create table if not exists runs (
    id text collate "C" primary key, job text collate "C" not null, site text not null, fence int not null,
    state text not null, over boolean not null, document json not null);
  create index if not exists runs_active on runs (id) where not over;
  create index if not exists runs_by_job on runs (job, fence);
  create table if not exists run_slots (
    run text collate "C" not null, slot bigint not null, job text not null, site text collate "C" not null,
    energy_wh bigint not null check (energy_wh >= 0), reported_at bigint not null, booked boolean not null default false,
    primary key (run, slot));
  create index if not exists run_slots_by_slot on run_slots (slot, site, run);
  create index if not exists run_slots_unbooked on run_slots (slot, site, run) where not booked;
  create table if not exists heard (site text primary key, seq bigint not null, at bigint not null);
`;

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** JSON knows no bigint: the one in a job, its budget, travels as decimal text. Older documents lack what specs learnt later. */
type LaterFields = 'speeds' | 'promise'; // and fields that may be undefined, which JSON leaves out in any case
type SpecDocument = Omit<JobSpec, 'maxPrice' | LaterFields> & Partial<Pick<JobSpec, LaterFields>> & { readonly maxPrice?: string };
type JobDocument = Omit<Job, 'spec'> & { readonly spec: SpecDocument };
const toDocument = (job: Job): string => JSON.stringify({ ...job, spec: { ...job.spec, maxPrice: job.spec.maxPrice?.toString() } });
function fromDocument(document: JobDocument): Job {
  const { maxPrice, speeds = {}, promise = 'best-effort', ...rest } = document.spec;
  return { ...document, spec: { ...rest, speeds, promise, maxPrice: maxPrice === undefined ? undefined : BigInt(maxPrice) } };
}

interface SlotRow {
  readonly run: string;
  readonly slot: string;
  readonly job: string;
  readonly site: string;
  readonly energy_wh: string;
  readonly reported_at: string;
}
const fromSlotRow = (row: SlotRow): RunSlot => ({
  run: row.run,
  job: row.job,
  site: row.site,
  slot: Number(row.slot),
  energyWh: Number(row.energy_wh),
  reportedAt: Number(row.reported_at),
});

/** The stored jobs of `next`, locked until the transaction ends; in id order, so that two appliers never wait in a ring. */
async function lockJobs(client: PoolClient, next: readonly Job[]): Promise<ReadonlyMap<string, Job>> {
  const { rows } = await client.query<{ document: JobDocument }>('select document from jobs where id = any($1) order by id for update', [
    next.map(({ id }) => id),
  ]);
  return new Map(rows.map(({ document }) => [document.id, fromDocument(document)]));
}

async function writeJobs(client: PoolClient, next: readonly Job[], events: readonly JobEvent[]): Promise<void> {
  await client.query(
    `update jobs set state = n.state, version = n.version, document = n.document
     from unnest($1::text[], $2::text[], $3::int[], $4::json[]) as n (id, state, version, document) where jobs.id = n.id`,
    [next.map(({ id }) => id), next.map(({ state }) => state), next.map(({ version }) => version), next.map(toDocument)],
  );
  if (events.length === 0) return;
  await client.query('insert into job_events (job, version, document) select * from unnest($1::text[], $2::int[], $3::json[])', [
    events.map(({ job }) => job),
    events.map(({ version }) => version),
    events.map((event) => JSON.stringify(event)),
  ]);
}

async function writeRuns(client: PoolClient, given: readonly Run[]): Promise<void> {
  const runs = given.toSorted((a, b) => byText(a.id, b.id));
  await client.query(
    `insert into runs (id, job, site, fence, state, over, document)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::boolean[], $7::json[])
     on conflict (id) do update set job = excluded.job, site = excluded.site, fence = excluded.fence, state = excluded.state,
       over = excluded.over, document = excluded.document`,
    [
      runs.map(({ id }) => id),
      runs.map(({ job }) => job),
      runs.map(({ site }) => site),
      runs.map(({ fence }) => fence),
      runs.map(({ state }) => state),
      runs.map(({ state }) => isRunOver(state)),
      runs.map((run) => JSON.stringify(run)),
    ],
  );
}

async function writeRunSlots(client: PoolClient, given: readonly RunSlot[]): Promise<void> {
  const slots = given.toSorted((a, b) => byText(a.run, b.run) || a.slot - b.slot);
  await client.query(
    `insert into run_slots (run, slot, job, site, energy_wh, reported_at)
     select * from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
     on conflict (run, slot) do nothing`,
    [
      slots.map(({ run }) => run),
      slots.map(({ slot }) => slot),
      slots.map(({ job }) => job),
      slots.map(({ site }) => site),
      slots.map(({ energyWh }) => energyWh),
      slots.map(({ reportedAt }) => reportedAt),
    ],
  );
}

async function applyIn(client: PoolClient, changes: Changes, at: Instant): Promise<Applied> {
  const next = changes.jobs ?? [];
  if (next.length > 0) {
    const stored = await lockJobs(client, next);
    const stale = next.find(({ id, version }) => stored.get(id)?.version !== version - 1);
    if (stale) return { kind: 'stale', job: stale.id }; // nothing was written yet
    const events = next.flatMap((job) => eventOf(stored.get(job.id) ?? job, job, at) ?? []);
    await writeJobs(client, next, events);
  }
  if (changes.runs?.length) await writeRuns(client, changes.runs);
  if (changes.runSlots?.length) await writeRunSlots(client, changes.runSlots);
  if (changes.heard) {
    await client.query(
      `insert into heard (site, seq, at) values ($1, $2, $3)
       on conflict (site) do update set seq = excluded.seq, at = excluded.at where excluded.seq > heard.seq`,
      [changes.heard.site, changes.heard.seq, changes.heard.at],
    );
  }
  return { kind: 'applied' };
}

export function createPostgresJobStore(pool: Pool): JobStore {
  const runsWhere = async (condition: string, values: readonly unknown[]): Promise<readonly Run[]> => {
    const { rows } = await pool.query<{ document: Run }>(`select document from runs where ${condition}`, [...values]);
    return rows.map(({ document }) => document);
  };
  const slotsWhere = async (condition: string, values: readonly unknown[]): Promise<readonly RunSlot[]> => {
    const { rows } = await pool.query<SlotRow>(
      `select run, slot, job, site, energy_wh, reported_at from run_slots where ${condition} order by slot, site, run`,
      [...values],
    );
    return rows.map(fromSlotRow);
  };
  return {
    async add(job) {
      const { rowCount } = await pool.query(
        `with added as (
           insert into jobs (id, state, version, submitted_at, document) values ($1, $2, $3, $4, $5) on conflict (id) do nothing returning id)
         insert into job_events (job, version, document) select id, $3, $6 from added`,
        [job.id, job.state, job.version, job.submittedAt, toDocument(job), JSON.stringify(submission(job))],
      );
      return rowCount === 1 ? 'added' : 'known';
    },
    async get(id) {
      const { rows } = await pool.query<{ document: JobDocument }>('select document from jobs where id = $1', [id]);
      return rows[0] && fromDocument(rows[0].document);
    },
    async list(states, limit) {
      const { rows } = await pool.query<{ document: JobDocument }>(
        'select document from jobs where $1::text[] is null or state = any($1) order by submitted_at, id limit $2',
        [states, limit],
      );
      return rows.map(({ document }) => fromDocument(document));
    },
    async apply(changes, at) {
      checkChanges(changes);
      return inTransaction(pool, (client) => applyIn(client, changes, at));
    },
    async events(job) {
      const { rows } = await pool.query<{ document: JobEvent }>('select document from job_events where job = $1 order by version', [job]);
      return rows.map(({ document }) => document);
    },
    run: async (id) => (await runsWhere('id = $1', [id]))[0],
    activeRuns: () => runsWhere('not over order by id', []),
    runsOf: (job) => runsWhere('job = $1 order by fence, id', [job]),
    runSlots: ({ start, end }) => slotsWhere('slot >= $1 and slot < $2', [start, end]),
    unbookedRunSlots: (endedBy) => slotsWhere('not booked and slot <= $1', [endedBy - SLOT]),
    async markBooked(keys) {
      if (keys.length === 0) return;
      await pool.query(
        `update run_slots set booked = true from unnest($1::text[], $2::bigint[]) as k (run, slot)
         where run_slots.run = k.run and run_slots.slot = k.slot and not booked`,
        [keys.map(({ run }) => run), keys.map(({ slot }) => slot)],
      );
    },
    async heard() {
      const { rows } = await pool.query<{ site: string; seq: string; at: string }>('select site, seq, at from heard');
      return new Map(rows.map(({ site, seq, at }) => [site, { seq: Number(seq), at: Number(at) }]));
    },
    async countByState() {
      const { rows } = await pool.query<{ state: JobState; count: string }>('select state, count(*) from jobs group by state');
      const counts = new Map(rows.map(({ state, count }) => [state, Number(count)]));
      return Object.fromEntries(jobStates.map((state) => [state, counts.get(state) ?? 0])) as Record<JobState, number>;
    },
  };
}
