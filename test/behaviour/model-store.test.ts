/** The model stores: memory and PostgreSQL keep every promise of the suite. */
import { describe } from 'vitest';
import { createMemoryModelStore } from '../../energy-oracle/forecast/model-store.ts';
import { createPostgresModelStore, modelSchema } from '../../energy-oracle/forecast/postgres-model-store.ts';
import { freshStores, postgresServers } from '../fixtures/postgres.ts';
import { modelStoreSuite } from './model-store.suite.ts';

describe('the model store in memory', () => modelStoreSuite(async () => createMemoryModelStore()));

describe.each(postgresServers)('the model store on $name', ({ start }) => {
  modelStoreSuite(freshStores(start, modelSchema, createPostgresModelStore).open);
});
