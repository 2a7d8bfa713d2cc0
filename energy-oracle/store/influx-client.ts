/**
 * InfluxDB 1.x over HTTP, through npm `influx`: written, asked, and known to be away.
 *
 * Never hangs: every answer has a deadline, also one that breaks off, of which the package's own promises never hear. After
 * a fault the server counts as away, and nobody but `reach` asks it until it answers again; the pool is made anew then,
 * because the package's goes on refusing for a while after an outage. A write is stored only when the server says 204.
 */
import { escape as quote } from 'influx';
import { type IPoolRequestOptions, Pool } from 'influx/lib/src/pool.js';
import { type DurationMs, SECOND } from '../../units/time.ts';

export interface InfluxTarget {
  /** `http://127.0.0.1:8086`. */
  readonly url: string;
  readonly database: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** Retention policies: readings and charts in the default one, sums in one of long shards. */
export const rollupsPolicy = 'rollups';

/** The server did not answer, or not as it should. */
export class InfluxFault extends Error {
  /** True when the same again would be refused again: the points, not the server, are at fault. */
  readonly isRefusal: boolean;
  constructor(what: string, isRefusal: boolean, cause?: unknown) {
    super(what, { cause });
    this.name = 'InfluxFault';
    this.isRefusal = isRefusal;
  }
}

/** A row of an answer; `time` is in ms. */
export type InfluxRow = Readonly<Record<string, string | number | null>>;

export interface InfluxClient {
  /** Line protocol with timestamps in ns. @throws InfluxFault unless the server said 204 */
  write(lines: string, policy?: string): Promise<void>;
  /** One statement. @throws InfluxFault */
  query(statement: string): Promise<readonly InfluxRow[]>;
  /** Asks whether it is there, and lays the database where it is not. @throws InfluxFault */
  reach(): Promise<void>;
  /** Why it does not answer; `undefined` while it does. */
  away(): string | undefined;
}

const requestMsMax: DurationMs = 5_000;
/** Answers that are about the points: malformed, or another type than the field has. */
const refusals = /^A (400|422) /;

export function createInfluxClient({ url, database, username, password }: InfluxTarget): InfluxClient {
  const auth = username === undefined ? {} : { auth: `${username}:${password ?? ''}` };
  const open = () => {
    const pool = new Pool({ maxRetries: 0, requestTimeout: requestMsMax });
    pool.addHost(url);
    return pool;
  };
  let pool = open();
  let away: string | undefined;
  const asked = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause);
      const fault = cause instanceof InfluxFault ? cause : new InfluxFault(`InfluxDB at ${url}: ${what}`, refusals.test(what), cause);
      if (!fault.isRefusal) {
        away = fault.message;
        pool = open();
      }
      throw fault;
    }
  };
  const present = <T>(work: () => Promise<T>): Promise<T> => {
    if (away !== undefined) return Promise.reject(new InfluxFault(away, false));
    return asked(work);
  };
  const statement = async (method: 'GET' | 'POST', text: string): Promise<readonly InfluxRow[]> => {
    const answer = await send(pool, { method, path: '/query', query: { db: database, epoch: 'ms', q: text }, ...auth });
    return rowsOf(JSON.parse(answer.text) as Answer, url);
  };
  return {
    write: (lines, policy) =>
      present(async () => {
        const query = { db: database, precision: 'ns', ...(policy === undefined ? {} : { rp: policy }) };
        const { status } = await send(pool, { method: 'POST', path: '/write', query, body: lines, ...auth });
        if (status !== 204) throw new InfluxFault(`InfluxDB at ${url} answered a write with ${status}, not 204`, false);
      }),
    query: (text) => present(() => statement('GET', text)),
    reach: () =>
      asked(async () => {
        const name = quote.quoted(database);
        await statement('POST', `create database ${name}`);
        await statement('POST', `create retention policy ${rollupsPolicy} on ${name} duration inf replication 1 shard duration 52w`);
        away = undefined;
      }),
    away: () => away,
  };
}

/** Rejects on every way in which an answer may not come whole. */
function send(pool: Pool, request: IPoolRequestOptions): Promise<{ readonly status: number | undefined; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error(`no answer in ${requestMsMax} ms`)), requestMsMax + SECOND);
    const fail = (fault: Error) => {
      clearTimeout(deadline);
      reject(fault);
    };
    pool.stream(request, (fault, response) => {
      if (fault) return fail(fault);
      let text = '';
      response.on('data', (part: string) => {
        text += part;
      });
      response.once('error', fail);
      response.once('close', () => fail(new Error('the answer broke off')));
      response.once('end', () => {
        clearTimeout(deadline);
        resolve({ status: response.statusCode, text });
      });
    });
  });
}

interface Answer {
  readonly results: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly columns: readonly string[];
      readonly tags?: Readonly<Record<string, string>>;
      readonly values: readonly (readonly (string | number | null)[])[];
    }[];
  }[];
}

function rowsOf({ results }: Answer, url: string): readonly InfluxRow[] {
  const error = results.find((result) => result.error)?.error;
  if (error) throw new InfluxFault(`InfluxDB at ${url}: ${error}`, false);
  return results.flatMap(({ series = [] }) =>
    series.flatMap(({ columns, tags, values }) =>
      values.map((value) => ({ ...tags, ...Object.fromEntries(columns.map((column, i) => [column, value[i] ?? null])) })),
    ),
  );
}
