/**
 * Our collection of requests, run by newman, Postman's own runner, on a live server.
 */
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import collection from '../../fixtures/newman/served-apis.json' with { type: 'json' };
import { startServedWorld } from './served-world.ts';

interface Run {
  readonly stats: Readonly<Record<'requests' | 'assertions', { readonly total: number; readonly failed: number }>>;
  readonly failures: readonly { readonly source: { readonly name: string }; readonly error: { readonly message: string } }[];
}
interface Newman {
  run(options: object, done: (fault: Error | null, summary: { readonly run: Run }) => void): void;
}
const require = createRequire(import.meta.url);
const newman = require('newman') as Newman; // it brings no types

const runOn = (base: string): Promise<Run> =>
  new Promise((resolve, reject) => {
    const envVar = [
      { key: 'base', value: base },
      { key: 'key', value: 'any' },
    ];
    newman.run({ collection, envVar }, (fault, { run }) => (fault ? reject(fault) : resolve(run)));
  });

test('newman finds every request of the collection answered as it must be', async () => {
  const world = await startServedWorld();
  const { stats, failures } = await runOn(world.url).finally(() => world.close());
  expect(failures.map(({ source, error }) => `${source.name}: ${error.message}`)).toEqual([]);
  expect(stats.requests).toMatchObject({ total: collection.item.length, failed: 0 });
  expect(stats.assertions.total).toBeGreaterThanOrEqual(20);
}, 60_000);
