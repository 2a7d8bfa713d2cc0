/** The key stores: memory and PostgreSQL keep every promise of the suite. */
import { describe } from 'vitest';
import { createMemoryKeyStore } from '../../cli/door/key-store.ts';
import { createPostgresKeyStore, keySchema } from '../../cli/door/postgres-key-store.ts';
import { freshStores, postgresServers } from '../fixtures/postgres.ts';
import { keyStoreSuite } from './api-key-store.suite.ts';

describe('the API key store in memory', () => keyStoreSuite(async () => createMemoryKeyStore()));

describe.each(postgresServers)('the API key store on $name', ({ start }) => {
  keyStoreSuite(freshStores(start, keySchema, createPostgresKeyStore).open);
});
