/** The key stores: memory and PostgreSQL keep every promise of the suite. */
import { describe } from 'vitest';
import { createMemoryKeyStore } from '../../energy-oracle/telemetry/keys/key-store.ts';
import { createPostgresKeyStore, keySchema } from '../../energy-oracle/telemetry/keys/postgres-key-store.ts';
import { freshStores, postgresServers } from '../fixtures/postgres.ts';
import { keyStoreSuite } from './key-store.suite.ts';

describe('the key store in memory', () => keyStoreSuite(async () => createMemoryKeyStore()));

describe.each(postgresServers)('the key store on $name', ({ start }) => {
  keyStoreSuite(freshStores(start, keySchema, createPostgresKeyStore).open);
});
