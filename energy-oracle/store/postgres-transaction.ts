/**
 * Transaction: work on one session of a pool that stands whole or not at all.
 */
import type pg from 'pg';

/** A connection that is lost says so twice: the query under way rejects, and an event without a listener would end the process. */
const heardByQuery = () => undefined;

/** Rejects with the fault of the work or of the commit; a session that cannot even roll back is thrown away. */
export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  client.on('error', heardByQuery);
  const release = () => client.off('error', heardByQuery).release();
  try {
    await client.query('begin');
    const done = await work(client);
    await client.query('commit');
    release();
    return done;
  } catch (fault) {
    await client.query('rollback').then(
      () => release(),
      () => client.release(true), // a broken connection rolls back by itself
    );
    throw fault;
  }
}
