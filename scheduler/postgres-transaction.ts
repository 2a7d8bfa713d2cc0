/**
 * Transaction: one unit of work on one PostgreSQL connection, all of it or nothing.
 *
 * Owns begin, commit, rollback and the return of the connection; leaves isolation to row locks (READ COMMITTED: a
 * statement after `for update` sees what the previous holder committed). A connection that broke is thrown away.
 */
import type { Pool, PoolClient } from 'pg';

/** A connection that is lost says so twice: the query under way rejects, and an event without a listener would end the process. */
const heardByQuery = () => undefined;

/** What `work` resolved with, after its commit is durable; rolled back and rethrown when it throws. */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  client.on('error', heardByQuery);
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((cause: Error) => {
      broken = cause;
    });
    throw error;
  } finally {
    if (!broken) client.off('error', heardByQuery);
    client.release(broken);
  }
}
