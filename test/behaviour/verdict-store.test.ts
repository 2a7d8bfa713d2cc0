/** The verdict stores: memory and PostgreSQL keep every promise of the suite. */
import { describe } from 'vitest';
import { createPostgresVerdictStore, verdictSchema } from '../../energy-oracle/verdict/postgres-verdict-store.ts';
import { createMemoryVerdictStore } from '../../energy-oracle/verdict/verdict-store.ts';
import { freshStores, postgresServers } from '../fixtures/postgres.ts';
import { verdictStoreSuite } from './verdict-store.suite.ts';

describe('the verdict store in memory', () => verdictStoreSuite(async () => createMemoryVerdictStore()));

describe.each(postgresServers)('the verdict store on $name', ({ start }) => {
  verdictStoreSuite(freshStores(start, verdictSchema, createPostgresVerdictStore).open);
});
