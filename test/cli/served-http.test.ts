/**
 * The imitated APIs as an operator mounts them: the fleet file's word, `/openapi.json`, and the command that prints it.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import express from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { servedParts } from '../../cli/served-http.ts';
import { readFleet } from '../../cli/site-file.ts';
import { manualClock } from '../../units/clock.ts';
import { get, knownStore, now, sites } from '../energy-oracle/served/served-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'sunward-served-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fleetFile = (name: string, apis: string): string => {
  const file = join(folder, `${name}.yaml`);
  const site = `{id: roof, name: A roof, provider: ada, zone: DE-LU, latitude: 50, longitude: 8, accelerators: [], exportLimitKw: 5, feedInTariff: 60, meterKey: '${'0'.repeat(64)}', payoutAccount: '0x${'0'.repeat(40)}'}`;
  writeFileSync(file, `currency: EUR\nepoch: 2026-01-01T00:00:00Z\napis: ${apis}\nsites: [${site}]\n`);
  return file;
};
const moved = () =>
  fleetFile(
    'moved',
    '{mounts: {electricity-maps: /v3, watttime: ""}, ukZone: DE-LU, dataCentres: {own/cellar: {latitude: 50, longitude: 8}}}',
  );

describe('a fleet file', () => {
  test('says where the APIs are', () =>
    expect(readFleet(moved()).apis).toEqual({
      mounts: { 'electricity-maps': '/v3', watttime: '' },
      ukZone: 'DE-LU',
      dataCentres: { 'own/cellar': { latitude: 50, longitude: 8 } },
    }));
  test.each([
    { name: 'an API that is none', apis: '{mounts: {gridstatus: /x}}', says: /gridstatus/ },
    { name: 'a mount with a slash at its end', apis: '{mounts: {evcc: /evcc/}}', says: /without a slash/ },
    { name: 'a field that is none', apis: '{keys: [a]}', says: /keys/ },
  ])('is refused with $name', ({ name, apis, says }) => expect(() => readFleet(fleetFile(name.replaceAll(' ', '-'), apis))).toThrow(says));
});

describe('the server', () => {
  let url = '';
  const app = express();
  const server = createServer(app);
  beforeAll(async () => {
    const { routers } = servedParts({ clock: manualClock(now), sites, store: await knownStore(), config: readFleet(moved()).apis });
    for (const router of routers) app.use(router);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test('has the APIs where the fleet file says', async () => {
    expect((await get(`${url}/v3/carbon-intensity/latest?zone=DE`)).status).toBe(200);
    expect((await get(`${url}/v3/my-access`)).status).toBe(200);
    expect((await get(`${url}/electricity-maps/v3/carbon-intensity/latest?zone=DE`)).status).toBe(404);
  });

  test('tells at /openapi.json what it has, where it has it', async () => {
    const { body } = (await get(`${url}/openapi.json`)) as { body: { openapi: string; paths: Record<string, unknown> } };
    expect(body.openapi).toBe('3.1.0');
    expect(Object.keys(body.paths)).toEqual(expect.arrayContaining(['/v3/carbon-intensity/latest', '/v3/forecast', '/v1/jobs']));
    expect(Object.keys(body.paths)).not.toContain('/electricity-maps/v3/carbon-intensity/latest');
  });
});

test('the command prints the document that the server would serve, and a table for people', async () => {
  const run = async (...args: string[]) =>
    (await promisify(execFile)(process.execPath, ['--import', 'tsx', 'cli/main.ts', 'oracle', 'openapi', ...args], { maxBuffer: 1e8 }))
      .stdout;
  const [document, people] = await Promise.all([run('--fleet', moved(), '--json'), run()]);
  expect(Object.keys((JSON.parse(document) as { paths: object }).paths)).toContain('/v3/carbon-intensity/latest');
  expect(people).toMatch(/GET +\/evcc\/tariff\/\{tariff\} +read-only +evcc rates/);
}, 60_000);
