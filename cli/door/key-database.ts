/**
 * Key database: the store of API keys for a command that runs beside a server, or before one.
 *
 * `DATABASE_URL` names it; else it is the embedded PostgreSQL of the data folder, running or started for as long as needed.
 */
import { join } from 'node:path';
import pg from 'pg';
import { runningPostgres, startPostgres } from '../embedded/postgres.ts';
import type { KeyStore } from './key-store.ts';
import { createPostgresKeyStore, keySchema } from './postgres-key-store.ts';

/** Works on the store and lets go of it. */
export async function withKeys<T>(
  data: string,
  env: Readonly<Record<string, string | undefined>>,
  work: (keys: KeyStore) => Promise<T>,
): Promise<T> {
  const folder = join(data, 'postgres');
  const known = env['DATABASE_URL'] ?? (await runningPostgres(folder));
  const started = known === undefined ? await startPostgres({ folder }) : undefined;
  const client = new pg.Client({ connectionString: known ?? started?.url });
  client.on('error', () => undefined); // a query tells for itself
  try {
    await client.connect();
    await client.query(keySchema);
    return await work(createPostgresKeyStore(client));
  } finally {
    await client.end().catch(() => undefined);
    await started?.stop();
  }
}
