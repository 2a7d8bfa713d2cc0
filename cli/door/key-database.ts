/**
 * Key database: the store of API keys for a command that runs beside a server, or before one.
 *
 * `DATABASE_URL` names it; else it is the embedded PostgreSQL of the data folder, running or started for as long as needed.
 */
import { join } from 'node:path';
import pg from 'pg';
import { runningPostgres, startPostgres } from '../embedded/postgres.ts';
import type { ApiKeyStore } from './api-key-store.ts';
import { apiKeySchema, createPostgresApiKeyStore } from './postgres-api-key-store.ts';

/** Works on the store and lets go of it. */
export async function withKeys<T>(
  data: string,
  env: Readonly<Record<string, string | undefined>>,
  work: (keys: ApiKeyStore) => Promise<T>,
): Promise<T> {
  const folder = join(data, 'postgres');
  const known = env['DATABASE_URL'] ?? (await runningPostgres(folder));
  const started = known === undefined ? await startPostgres({ folder }) : undefined;
  const client = new pg.Client({ connectionString: known ?? started?.url });
  client.on('error', () => undefined); // a query tells for itself
  try {
    await client.connect();
    await client.query(apiKeySchema);
    return await work(createPostgresApiKeyStore(client));
  } finally {
    await client.end().catch(() => undefined);
    await started?.stop();
  }
}
