/**
 * The OpenAPI document: true to the 3.1 schema, and every answer of every served route true to the document, both judged
 * by express-openapi-validator.
 */
import { middleware } from 'express-openapi-validator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { routeRows } from '../../cli/door/route-table.ts';
import type { OpenApiDocument } from '../../cli/openapi.ts';
import { wholeDocument } from '../../cli/served-http.ts';
import { oracleContract } from '../../energy-oracle/contract.ts';
import { asked } from '../energy-oracle/served/asked.ts';
import { type ServedWorld, startServedWorld } from '../energy-oracle/served/served-world.ts';
import { startDoor } from '../fixtures/door.ts';

type ValidatorSpec = Parameters<typeof middleware>[0]['apiSpec'];
const pattern = (path: string) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
/** The validator changes what it is given. */
const judge = (document: OpenApiDocument) =>
  middleware({
    apiSpec: structuredClone(document) as ValidatorSpec,
    validateRequests: false,
    validateResponses: true,
    validateSecurity: false,
  });

let world: ServedWorld;
let document: OpenApiDocument;
/** Routes that gave a good answer to some request here. */
const answered = new Set<string>();

beforeAll(async () => {
  world = await startServedWorld({
    before: (served) => {
      document = wholeDocument(served);
      return judge(document);
    },
    after: (app) =>
      // what the validator finds wrong with an answer comes as an error
      app.use(
        (
          fault: Error & { errors?: unknown },
          _request: unknown,
          response: { status(code: number): { json(body: unknown): void } },
          _next: unknown,
        ) => response.status(599).json({ fault: fault.message, errors: fault.errors }),
      ),
  });
});
afterAll(() => world?.close());

describe('the OpenAPI document', () => {
  test.each(asked)('tells what $url answers', async ({ at, url, body, status = 200 }) => {
    const response = await fetch(
      `${world.url}${url}`,
      body === undefined ? {} : { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) },
    );
    const told = await response.text();
    expect({ status: response.status, told: response.status === status ? '' : told.slice(0, 2_000) }).toEqual({ status, told: '' });
    answered.add(at);
  });

  test('was asked for every route that is served', () => {
    const served = world.served.apis.flatMap((api) => api.routes.map(({ path }) => `${api.mount}${path}`));
    expect(served.filter((path) => !answered.has(path))).toEqual([]);
    expect(Object.keys(document.paths ?? {})).toEqual(expect.arrayContaining(served));
  });

  test.each([
    { api: 'Electricity Maps', url: '/electricity-maps/v3/carbon-intensity/latest?zone=XX', status: 404 },
    { api: 'WattTime', url: '/watttime/v3/forecast?region=DE&horizon_hours=99', status: 400 },
    { api: 'Carbon Aware SDK', url: '/carbon-aware/emissions/bylocation', status: 400 },
    { api: 'UK Carbon Intensity', url: '/uk-carbon-intensity/intensity/yesterday', status: 400 },
    { api: 'evcc', url: '/evcc/tariff/wind?site=berlin', status: 400 },
  ])('tells how $api refuses', async ({ url, status }) => expect((await fetch(`${world.url}${url}`)).status).toBe(status));

  test('finds an answer that is not true to it', async () => {
    const lying = await startServedWorld({
      before: (served) => {
        const told = structuredClone(wholeDocument(served));
        const schema = told.paths?.['/evcc/tariff/{tariff}']?.get?.responses?.['200']?.content?.['application/json']?.schema;
        Object.assign(schema ?? {}, { required: ['tariffs'] });
        return judge(told);
      },
      after: (app) =>
        app.use((_fault: unknown, _request: unknown, response: { status(code: number): { end(): void } }, _next: unknown) =>
          response.status(599).end(),
        ),
    });
    const { status } = await fetch(`${lying.url}/evcc/tariff/co2?site=berlin`);
    await lying.close();
    expect(status).toBe(599);
  });

  test('is refused by the 3.1 schema when it is broken', async () => {
    const broken = { ...document, info: { title: 'no version' } } as unknown as OpenApiDocument;
    const world = startServedWorld({ before: () => judge(broken) });
    await expect(
      world.then((one) => fetch(`${one.url}/evcc/tariff/co2?site=berlin`).then(({ status }) => one.close().then(() => status))),
    ).resolves.not.toBe(200);
  });

  test('covers every route that the server has a row for, and asks for a key where the row does', () => {
    const told = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
      Object.entries(item as Record<string, { readonly 'x-role'?: string }>).map(([method, operation]) => [
        `${method.toUpperCase()} ${path}`,
        operation['x-role'] === 'public',
      ]),
    );
    const pages = ['/', '/index.html', '/assets/:file'];
    for (const { method, path, roles } of routeRows.filter((row) => !pages.includes(row.path)))
      expect(told).toContainEqual([`${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`, roles === 'public']);
  });
});

describe('what the oracle’s own routes answer', () => {
  test.each([
    { at: '/v1/sites/rhine/verdicts' },
    { at: '/v1/series/latest' },
    { at: '/v1/series/rhine/pv_power?start=2026-06-20T00:00Z&end=2026-06-22T00:00Z' },
    { at: '/v1/series/rhine/pv_power?start=2026-06-20T00:00Z&end=2026-06-22T00:00Z&step=raw' },
    { at: '/v1/signals/GB/carbon_intensity' },
    { at: '/v1/feeds' },
    { at: '/v1/sites/rhine/pv-forecast' },
    { at: '/v1/sites/rhine/keys' },
    { at: '/v1/sites' },
    { at: '/v1/oracle' },
    { at: '/v1/quarantine' },
  ])('is what the document tells: $at', async ({ at }) => {
    const door = await startDoor({ open: true });
    const response = await fetch(`${door.url}${at}`);
    const body: unknown = await response.json();
    await door.close();
    expect(response.status).toBe(200);
    const row = oracleContract.routes.find(({ method, path }) => method === 'get' && pattern(path).test(at.split('?')[0] ?? ''));
    const { 200: told } = (row?.answers ?? {}) as Readonly<Record<number, z.ZodType>>;
    expect(told?.safeParse(body)).toMatchObject({ success: true });
  });
});
