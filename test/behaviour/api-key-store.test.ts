/** The key stores: memory and PostgreSQL keep every promise of the suite. */
import { describe } from 'vitest';
import { createMemoryApiKeyStore } from '../../cli/door/api-key-store.ts';
import { apiKeySchema, createPostgresApiKeyStore } from '../../cli/door/postgres-api-key-store.ts';
import { freshStores, postgresServers } from '../fixtures/postgres.ts';
import { apiKeyStoreSuite } from './api-key-store.suite.ts';

describe('the API key store in memory', () => apiKeyStoreSuite(async () => createMemoryApiKeyStore()));

describe.each(postgresServers)('the API key store on $name', ({ start }) => {
  apiKeyStoreSuite(freshStores(start, apiKeySchema, createPostgresApiKeyStore).open);
});
