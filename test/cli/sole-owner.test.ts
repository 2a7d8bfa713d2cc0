/** Sole owner: two schedulers on one database would certify one kWh twice. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimDatabase, OwnerFault } from '../../cli/sole-owner.ts';
import { startTestPostgres, type TestPostgres } from '../fixtures/postgres.ts';

describe('a database', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startTestPostgres();
  });
  afterAll(() => server.stop());

  test('has one owner; the next one may come when it is gone', async () => {
    const { url } = await server.database();
    const [first, second] = [url, url].map((connectionString) => new pg.Pool({ connectionString }));
    if (!first || !second) throw new Error('two pools were made');
    for (const pool of [first, second]) pool.on('error', () => undefined); // a released session may hear of the server's end
    const release = await claimDatabase(first);
    await expect(claimDatabase(second)).rejects.toThrow(OwnerFault);
    release();
    const again = await claimDatabase(second);
    again();
    await Promise.all([first.end(), second.end()]);
  });
});
