/**
 * Retention at the command line: `sunward oracle retention`, and the same work by cron in `serve`.
 *
 * Raw readings older than whole months go; what would go is shown with `--dry-run`. Where readings are also copied to
 * InfluxDB, a month that is not there yet waits.
 */
import { Command } from 'commander';
import pg from 'pg';
import { createInfluxOutbox } from '../energy-oracle/store/influx-outbox.ts';
import { applyRetention, planRetention, type RawMonth, type RetentionPlan, rawFloor } from '../energy-oracle/store/postgres-retention.ts';
import { wallClock } from '../units/clock.ts';
import { type Instant, toIso } from '../units/time.ts';
import { startPostgres } from './embedded/postgres.ts';
import { table } from './table.ts';

/** Months of raw readings that are kept unless told; beyond every dispute, and a year can be compared with the one before. */
export const keepMonths = 13;

interface RetentionOptions {
  readonly keepMonths: number;
  readonly data: string;
  readonly dryRun: boolean;
  readonly json: boolean;
}

export const retentionCommand = (): Command =>
  new Command('retention')
    .description('drop raw readings of whole months that are old; sums, outlooks and proofs stay')
    .option('--keep-months <months>', 'months of raw readings to keep before this one, at least 1', Number, keepMonths)
    .option('--data <folder>', 'of a stopped `serve`; DATABASE_URL, if set, names the database instead', '.sunward-live')
    .option('--dry-run', 'say what would go and change nothing', false)
    .option('--json', 'the plan as JSON', false)
    .action(async (options: RetentionOptions, command: Command) => {
      if (!Number.isInteger(options.keepMonths) || options.keepMonths < 1)
        command.error(`error: --keep-months: found ${options.keepMonths}; allowed: whole months, at least 1`);
      const plan = await withDatabase(options.data, (pool) => retain(pool, wallClock.now(), options.keepMonths, options.dryRun));
      process.stdout.write(
        options.json ? `${JSON.stringify(planJson(plan, options.dryRun), null, 2)}\n` : `${planText(plan, options.dryRun)}\n`,
      );
    });

export interface Retained extends RetentionPlan {
  /** Readings of dropped months that are kept as evidence. */
  readonly evidence: number;
}

/** What goes by the calendar of `now`, gone unless `dryRun`. @throws RangeError for less than one month */
export async function retain(pool: pg.Pool, now: Instant, months: number, dryRun = false): Promise<Retained> {
  const { rows } = await pool.query<{ told: boolean }>(`select to_regclass('influx_outbox') is not null as told`);
  const waiting = rows[0]?.told ? (await createInfluxOutbox(pool).backlog()).span?.start : undefined;
  const plan = await planRetention(pool, rawFloor(now, months), waiting);
  return { ...plan, evidence: dryRun ? 0 : await applyRetention(pool, plan) };
}

async function withDatabase<T>(data: string, work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const given = process.env['DATABASE_URL'];
  const embedded = given ? undefined : await startPostgres({ folder: `${data}/postgres` });
  const pool = new pg.Pool({ connectionString: given ?? embedded?.url, max: 2 });
  pool.on('error', () => undefined); // a query in flight rejects by itself
  try {
    return await work(pool);
  } finally {
    await pool.end();
    await embedded?.stop();
  }
}

const monthOf = ({ start }: RawMonth): string => toIso(start).slice(0, 7);

const planJson = ({ before, drop, keep, waiting, evidence }: Retained, dryRun: boolean) => {
  const months = (of: readonly RawMonth[]) => of.map((month) => ({ month: monthOf(month), readings: month.readings, bytes: month.bytes }));
  return { before: toIso(before), dryRun, drop: months(drop), waiting: months(waiting), keep: months(keep), evidenceKept: evidence };
};

function planText({ before, drop, keep, waiting, evidence }: Retained, dryRun: boolean): string {
  const line = (fate: string) => (month: RawMonth) => [monthOf(month), fate, String(month.readings), (month.bytes / 1e6).toFixed(1)];
  const rows = [...drop.map(line(dryRun ? 'would go' : 'gone')), ...waiting.map(line('waits for InfluxDB')), ...keep.map(line('stays'))];
  const said = `Raw readings before ${toIso(before)}${dryRun ? '; nothing was changed' : `; ${evidence} kept as evidence`}.`;
  return rows.length === 0 ? `${said} There are none.` : `${said}\n\n${table(['MONTH', 'WHAT', '>READINGS (ABOUT)', '>MB'], rows)}`;
}
